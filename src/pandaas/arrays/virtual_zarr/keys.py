"""Keys of the store: `entry/data/zarr.json`, `entry/data/counts/c/0/1/2`, and the pyramids beside images, `….ome.zarr/1/c/0/0`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

METADATA = "zarr.json"
PYRAMID = ".ome.zarr"
_CHUNK = re.compile(r"(?:(?P<path>.+)/)?c(?P<indices>(?:/(?:0|[1-9][0-9]{0,14})){0,32})")
_IN_PYRAMID = re.compile(r"(?P<path>.+)\.ome\.zarr(?:/(?P<level>0|[1-9][0-9]?))?")
_LONGEST = 4096


@dataclass(frozen=True)
class Key:
    """What a key asks for: the description of a node, or a chunk of an array.

    `path` is the inner path of the node; `indices` are those of the chunk in the grid.
    """

    kind: Literal["metadata", "chunk"]
    path: str
    indices: tuple[int, ...] = ()

    @property
    def array_path(self) -> str:
        """The inner path of the object in the file that the answer is made of."""
        pyramid = self.in_pyramid()
        return pyramid[0] if pyramid else self.path

    def in_pyramid(self) -> tuple[str, int | None] | None:
        """The image that a pyramid's node belongs to, and the level (None: the pyramid itself); None for other nodes."""
        match = _IN_PYRAMID.fullmatch(self.path)
        if match is None:
            return None
        return match["path"], int(match["level"]) if match["level"] is not None else None


def parse_key(text: str) -> Key | None:
    """Read a key; None where no store could have it."""
    if len(text) > _LONGEST or "\0" in text or text.startswith("/"):
        return None
    if text == METADATA:
        return Key("metadata", "/")
    if text.endswith("/" + METADATA):
        return _key("metadata", text.removesuffix("/" + METADATA))
    match = _CHUNK.fullmatch(text)
    if match is None:
        return None
    return _key("chunk", match["path"] or "", tuple(int(part) for part in match["indices"].split("/")[1:]))


def is_nameable(name: str) -> bool:
    """Whether a name can be part of a key that travels in an address as it is."""
    if name in ("", ".", "..", METADATA) or name.startswith("__") or name.endswith(PYRAMID):
        return False
    return name.isprintable() and not any(sign in name for sign in '/?#%\\"<>')


def _key(kind: Literal["metadata", "chunk"], path: str, indices: tuple[int, ...] = ()) -> Key | None:
    if any(part in ("", ".", "..") for part in path.split("/")) and path:
        return None
    return Key(kind, "/" + path, indices)
