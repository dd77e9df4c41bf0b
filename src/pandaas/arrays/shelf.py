"""How arrays are stored, kept on disk: after a restart, and in every server process, no file is looked through again."""

from __future__ import annotations

import contextlib
import hashlib
import json
import mmap
import os
import tempfile
from dataclasses import astuple
from pathlib import Path
from typing import Any, BinaryIO

from pandaas.arrays.values import FileIdentity

_VERSION = 3
_LIMIT = 512 << 20
_LARGEST = 80 << 20
_WORTH_MAPPING = 1 << 20
_PRUNE_EVERY = 64


class Shelf:
    """Thread- and process-safe. What can't be read or written is simply not kept; whoever takes something checks it."""

    def __init__(self, folder: Path, limit: int = _LIMIT) -> None:
        self._folder = folder
        self._limit = limit
        self._written = 0

    def take(self, own: FileIdentity, path: str) -> tuple[dict[str, Any], bytes | memoryview] | None:
        """What was put for the array at `path` of a file in this very state: JSON and bytes.

        Many bytes are mapped, so that all server processes have them in memory once.
        """
        try:
            with self._place(own, path).open("rb") as stream:
                head = json.loads(stream.readline(_LARGEST))
                raw = _rest(stream)
        except (OSError, ValueError):
            return None
        if not isinstance(head, dict) or head.get("key") != _key(own, path) or head.get("size") != len(raw):
            return None
        return head["value"], raw

    def put(self, own: FileIdentity, path: str, value: dict[str, Any], raw: bytes) -> None:
        if len(raw) > _LARGEST:
            return
        head = json.dumps({"key": _key(own, path), "size": len(raw), "value": value})
        place = self._place(own, path)
        with contextlib.suppress(OSError):
            place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            descriptor, name = tempfile.mkstemp(dir=place.parent)
            try:
                with os.fdopen(descriptor, "wb") as stream:
                    stream.write(head.encode() + b"\n" + raw)
                Path(name).replace(place)
            except OSError:
                Path(name).unlink(missing_ok=True)
                return
            self._written += 1
            if self._written % _PRUNE_EVERY == 1:
                self._prune()

    def _place(self, own: FileIdentity, path: str) -> Path:
        name = hashlib.sha256("\0".join(_key(own, path)).encode("utf-8", "surrogateescape")).hexdigest()
        return self._folder / name[:2] / name[2:34]

    def _prune(self) -> None:
        """Take away the oldest until what is left fits."""
        found = sorted(
            ((entry.stat().st_mtime, entry.stat().st_size, entry) for entry in self._folder.glob("??/*")), reverse=True
        )
        kept = 0
        for _, size, entry in found:
            kept += size
            if kept > self._limit:
                entry.unlink(missing_ok=True)


def _rest(stream: BinaryIO) -> bytes | memoryview:
    begin, size = stream.tell(), os.fstat(stream.fileno()).st_size
    if size - begin < _WORTH_MAPPING:
        return stream.read(_WORTH_MAPPING)
    return memoryview(mmap.mmap(stream.fileno(), size, access=mmap.ACCESS_READ))[begin:]


def _key(own: FileIdentity, path: str) -> list[str]:
    return [str(_VERSION), *map(str, astuple(own)), path]
