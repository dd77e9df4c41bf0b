"""The h5grove API, so that an unmodified @h5web/app H5GroveProvider works against us; `file` is the pid.

Behaviour follows h5grove 4 (https://silx-kit.github.io/h5grove), including the answers' key order and the `message` of
errors. What differs: text that is not UTF-8 is replaced instead of failing, selections know all of NumPy's basic indexing,
and what may not be read is not found.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Coroutine
from typing import Annotated, Any

import numpy as np
from fastapi import APIRouter, Query, Request, Response
from fastapi.routing import APIRoute

from pandaas.arrays import Abandoned
from pandaas.codecs import Encoded, to_json
from pandaas.model import InvalidInput, PandaasError
from pandaas.server.answers import CLIENT_LEFT, cached, left
from pandaas.server.services import Asker, Data

_RESOLVE = {"true": "all", "all": "all", "false": "none", "none": "none", "only_valid": "only_valid"}


def told(error: PandaasError) -> Response:
    """An error as h5grove tells it, with the fields of a problem besides."""
    body = {
        "message": error.detail,
        "type": f"urn:pandaas:{error.kind}",
        "title": error.title,
        "status": error.status,
        "detail": error.detail,
        "remedy": error.remedy,
        "field": error.field,
    }
    return Response(json.dumps(body), error.status, media_type="application/json")


class _Route(APIRoute):
    """Errors as h5grove tells them."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handler = super().get_route_handler()

        async def answer(request: Request) -> Response:
            try:
                return await handler(request)
            except PandaasError as error:
                return told(error)

        return answer


router = APIRouter(prefix="/h5grove", tags=["h5grove"], route_class=_Route)


@router.head("/", include_in_schema=False, response_class=Response)
@router.get("/", response_class=Response)
def root() -> Response:
    """Whether the service is there."""
    return Response("ok", media_type="text/plain")


@router.get("/attr", include_in_schema=False, response_class=Response)
@router.get("/attr/", response_class=Response)
def attr(
    platform: Data,
    asker: Asker,
    file: str,
    path: str = "/",
    attr_keys: Annotated[list[str] | None, Query()] = None,
) -> Response:
    """Attributes of an object, all or those in `attr_keys`."""
    return _json(platform.arrays.as_json(asker, file, "attributes", path, names=attr_keys))


@router.get("/data", include_in_schema=False, response_class=Response)
@router.get("/data/", response_class=Response)
def data(
    request: Request,
    platform: Data,
    asker: Asker,
    file: str,
    path: str = "/",
    dtype: str = "origin",
    format: str = "json",
    flatten: bool = False,
    selection: str | None = None,
) -> Response:
    """The selected values of an array."""

    def make() -> Encoded:
        values = platform.arrays.read(asker, file, path, selection, cancelled=left(request))
        if flatten and values.ndim:
            values = np.ravel(values)
        return platform.arrays.encode(values, format, dtype, name="data")

    kind = f"h5grove/{format}/{dtype}/{flatten}"
    return cached(request, platform.arrays.etag(asker, file, path, selection, kind), make)


@router.get("/meta", include_in_schema=False, response_class=Response)
@router.get("/meta/", response_class=Response)
def meta(platform: Data, asker: Asker, file: str, path: str = "/", resolve_links: str = "only_valid") -> Response:
    """Kind, attributes, type and children of an object."""
    return _json(platform.arrays.as_json(asker, file, "meta", path, resolve=_resolve(resolve_links)))


@router.get("/stats", include_in_schema=False, response_class=Response)
@router.get("/stats/", response_class=Response)
def stats(
    request: Request, platform: Data, asker: Asker, file: str, path: str = "/", selection: str | None = None
) -> Response:
    """Smallest, largest and mean value and standard deviation of the finite values."""
    try:
        return _json(to_json(platform.arrays.h5grove_stats(asker, file, path, selection, cancelled=left(request))))
    except Abandoned:
        return Response(status_code=CLIENT_LEFT)


@router.get("/paths", include_in_schema=False, response_class=Response)
@router.get("/paths/", response_class=Response)
def paths(platform: Data, asker: Asker, file: str, path: str = "/", resolve_links: str = "only_valid") -> Response:
    """A group's path and those of everything in it."""
    return _json(platform.arrays.as_json(asker, file, "paths", path, resolve=_resolve(resolve_links)))


def _resolve(text: str) -> str:
    found = _RESOLVE.get(text.lower())
    if found is None:
        raise InvalidInput(
            f"'{text[:40]}' is no way to resolve links.", remedy="Use none, only_valid or all.", field="resolve_links"
        )
    return found


def _json(content: bytes) -> Response:
    return Response(content, media_type="application/json")
