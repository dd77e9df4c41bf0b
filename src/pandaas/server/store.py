"""What stands under the keys of a dataset's Zarr store, as answers."""

from __future__ import annotations

from fastapi import Request, Response

from pandaas.arrays import Key, parse_key
from pandaas.codecs import Encoded
from pandaas.model import NotFound, Principal
from pandaas.server.answers import cached, left, ranged
from pandaas.server.services import DataServices

_FINISHED = "private, max-age=3600, immutable"
_IN_PROGRESS = "private, no-cache"


def store_answer(platform: DataServices, asker: Principal, pid: str, key: str, request: Request) -> Response:
    """A `zarr.json` document or a chunk. `NotFound` of the field `key` where the store has nothing under it."""
    wanted = store_key(key)
    stored = platform.arrays.zarr(asker, pid, wanted, key)

    def make() -> Encoded:
        found = stored.read(left(request))
        if found is None:
            raise NotFound(f"This store has no '{key[:200]}'.", field="key")
        media_type = "application/json" if wanted.kind == "metadata" else "application/octet-stream"
        return Encoded(found, media_type)

    answer = cached(request, stored.etag, make)
    answer.headers["Cache-Control"] = _FINISHED if wanted.kind == "chunk" and stored.finished else _IN_PROGRESS
    return ranged(request, answer)


def store_key(text: str) -> Key:
    """A key, read. `NotFound` for what no store could have."""
    found = parse_key(text)
    if found is None:
        raise NotFound("Zarr stores have no such key.", field="key")
    return found
