"""Zarr stores (format 2 and 3) in a folder, through the zarr library. Nothing outside the folder is read.

Where the chunks are coded in ways that are known here (`zarr_codecs`) the service reads them itself.
"""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import h5py
import numpy as np
from numpy.typing import NDArray

from pandaas.arrays.reader import Contents, LazyArray
from pandaas.arrays.readers import describe
from pandaas.arrays.readers.zarr_codecs import where_stored
from pandaas.codecs import Selection
from pandaas.model import UnreadableFile

if TYPE_CHECKING:
    import zarr

_MARKS = ("zarr.json", ".zgroup", ".zarray")
_MAX_CHUNK = 1 << 30
_MAX_NODES = 20_000
_MAX_ATTRIBUTE = 60_000
_ERRORS = (OSError, ValueError, RuntimeError, KeyError, IndexError, AttributeError, TypeError, NotImplementedError)


class ZarrReader:
    name = "zarr"
    formats = frozenset({"zarr"})

    def claims(self, path: Path, head: bytes) -> int:
        if head or not path.is_dir():
            return 0
        return 100 if any((path / mark).is_file() for mark in _MARKS) else 0

    def open(self, path: Path) -> Contents:
        import zarr

        from pandaas.arrays.readers.zarr_store import ContainedStore

        file = describe.memory_file()
        contents = Contents(path, "zarr", file)
        try:
            node = zarr.open(store=ContainedStore(path.resolve(), read_only=True), mode="r")
            if isinstance(node, zarr.Array):
                _put_array(contents, file, "data", node)
            else:
                _put_group(contents, file, node, [0])
        except _ERRORS as error:
            contents.close()
            raise UnreadableFile(
                f"{path.name} can't be read as Zarr: {error}.", remedy="Copy the whole folder again."
            ) from error
        return contents


def _put_group(contents: Contents, here: h5py.Group, node: zarr.Group, count: list[int]) -> None:
    import zarr

    _attributes(here, node)
    for name, member in sorted(node.members()):
        count[0] += 1
        if count[0] > _MAX_NODES:
            contents.unread += (f"Only the first {_MAX_NODES} nodes were looked at.",)
            return
        if isinstance(member, zarr.Group):
            _put_group(contents, here.require_group(describe.safe_name(name)), member, count)
        else:
            _put_array(contents, here, name, member)


def _put_array(contents: Contents, here: h5py.Group, name: str, node: Any) -> None:
    dtype = np.dtype(node.dtype)
    if dtype.hasobject or dtype.kind not in "iufcbSV":
        contents.unread += (f"{here.name.rstrip('/')}/{name}: values of type {dtype} are not shown.",)
        return
    if math.prod(node.chunks) * dtype.itemsize > _MAX_CHUNK:
        contents.unread += (f"{here.name.rstrip('/')}/{name}: stored in chunks too large to decode.",)
        return
    shape = tuple(int(n) for n in node.shape)
    where = where_stored(contents.path, node)
    if where is not None:
        dtype = where.layout.dtype
    made = describe.declared(
        here, name, shape, dtype, lazy=contents.lazy, read=_part_of(contents.path, node), chunks=tuple(node.chunks)
    )
    if where is not None:
        contents.own_layouts[made.name] = lambda: where
    _attributes(made, node)


def _part_of(path: Path, node: Any) -> LazyArray:
    def read(selection: Selection) -> NDArray[Any]:
        forward, turn = selection.ascending()
        try:
            values = np.asarray(node[forward] if forward else node[...])
        except (*_ERRORS, MemoryError) as error:
            raise UnreadableFile(f"Values of {path.name} can't be decoded: {error}.") from error
        return values[turn] if turn else values

    return read


def _attributes(target: h5py.Group | h5py.Dataset, node: Any) -> None:
    for name, value in dict(node.attrs).items():
        plain = _plain(value)
        if plain is not None:
            target.attrs[str(name)[:200]] = plain


def _plain(value: Any) -> Any:
    """A value as HDF5 stores it in an attribute: numbers, texts, lists of one of them; the rest as JSON."""
    if isinstance(value, (bool, int, float)):
        return value if not isinstance(value, int) or -(2**63) <= value < 2**63 else str(value)
    if isinstance(value, str):
        return value.replace("\0", "")[:_MAX_ATTRIBUTE]
    if isinstance(value, list) and value and len(value) <= 1000:
        if all(isinstance(item, (int, float)) for item in value):
            return np.asarray(value, dtype=np.float64)
        if all(isinstance(item, str) for item in value):
            return [item.replace("\0", "") for item in value]
    if value is None:
        return None
    return json.dumps(value)[:_MAX_ATTRIBUTE]
