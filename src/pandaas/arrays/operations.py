"""What a worker does with a file: the verbs of the protocol between service and worker, as functions."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from pandaas.arrays import chunk_files, structure
from pandaas.arrays.direct import StoredChunk
from pandaas.arrays.entries import scan_contents
from pandaas.arrays.geometry import geometry_of, mask_of
from pandaas.arrays.h5types import numpy_type
from pandaas.arrays.layout import MAX_INDEX, MAX_SENT_INDEX, NotPlain, layout_to_json
from pandaas.arrays.links import Navigator
from pandaas.arrays.masks import packed
from pandaas.arrays.own_layout import confirmed
from pandaas.arrays.plain import plain, walk
from pandaas.arrays.reader import Contents
from pandaas.arrays.slicing import as_stored, plan, read
from pandaas.arrays.thumbnail import thumbnail
from pandaas.arrays.values import scanned_to_json
from pandaas.arrays.virtual_map import virtual_layout
from pandaas.arrays.virtual_zarr.keys import parse_key
from pandaas.arrays.virtual_zarr.store import value_of
from pandaas.arrays.wire import INLINE_BYTES, SharedBuffer
from pandaas.codecs import describe_dtype, jsonable, plain_dtype
from pandaas.model import ArrayKind, InvalidInput, UnreadableFile

Raw = bytes | SharedBuffer
Answer = tuple[Any, Raw]


@dataclass(frozen=True)
class Request:
    """One verb on one opened file; `arguments` as the service sent them. `check`, called now and then, may end it."""

    navigator: Navigator
    arguments: dict[str, Any]
    check: Callable[[], None] = lambda: None

    def text(self, name: str, default: str | None = None) -> str:
        value = self.arguments.get(name, default)
        if not isinstance(value, str):
            raise InvalidInput(f"'{name}' is missing.", field=name)
        return value

    def number(self, name: str) -> int:
        return int(self.arguments[name])


def _scan(request: Request) -> Answer:
    return [scanned_to_json(dataset) for dataset in scan_contents(request.navigator.contents)], b""


def _tree(request: Request) -> Answer:
    default = request.arguments.get("default")
    return structure.tree(request.navigator, request.text("path"), request.number("depth"), default), b""


def _attributes(request: Request) -> Answer:
    place = request.navigator.find(request.text("path"))
    return structure.attributes(place, request.arguments.get("names")), b""


def _meta(request: Request) -> Answer:
    resolve: Any = request.text("resolve", "only_valid")
    return structure.h5grove_meta(request.navigator, request.text("path"), resolve), b""


def _paths(request: Request) -> Answer:
    resolve: Any = request.text("resolve", "only_valid")
    return structure.paths(request.navigator, request.text("path"), resolve), b""


def _read(request: Request) -> Answer:
    """Values: numbers and fixed-size records as bytes, everything else as JSON; a stored chunk where that will do."""
    planned = plan(request.navigator, request.text("path"), request.arguments.get("selection"), request.number("limit"))
    if request.arguments.get("stored"):
        chunk = as_stored(request.navigator, planned)
        if chunk is not None and chunk.form in request.arguments["stored"]:
            return _described_chunk(chunk), _raw(chunk.data, [])
    buffer: list[SharedBuffer] = []

    def allocate(shape: tuple[int, ...], dtype: np.dtype[Any]) -> NDArray[Any]:
        nbytes = math.prod(shape) * dtype.itemsize
        if nbytes <= INLINE_BYTES:
            return np.empty(shape, dtype)
        buffer.append(SharedBuffer(nbytes))
        return np.frombuffer(buffer[-1].memory, dtype, math.prod(shape)).reshape(shape)

    values = read(request.navigator, planned, allocate, request.check)
    if values is None:
        return {"form": "null", "dtype": describe_dtype(plain_dtype(planned.dtype))}, b""
    if values.dtype.hasobject:
        return {"form": "json", "shape": list(values.shape), "values": jsonable(values)}, b""
    described = {"form": "bytes", "shape": list(values.shape), "dtype": describe_dtype(plain_dtype(values.dtype))}
    return described, _raw(values, buffer)


def _described_chunk(chunk: StoredChunk) -> dict[str, Any]:
    dtype = describe_dtype(plain_dtype(chunk.dtype))
    return {"form": "stored", "stored": chunk.form, "shape": list(chunk.shape), "dtype": dtype}


def _raw(values: NDArray[Any], buffer: list[SharedBuffer]) -> Raw:
    """The bytes of `values` in C order, in shared memory where they are many."""
    if buffer and np.shares_memory(values, np.frombuffer(buffer[-1].memory, np.uint8)):
        return buffer[-1]
    if values.nbytes <= INLINE_BYTES:
        return values.tobytes()
    shared = SharedBuffer(values.nbytes)
    np.frombuffer(shared.memory, values.dtype, values.size).reshape(values.shape)[...] = values
    return shared


def _mask(request: Request) -> Answer:
    """The whole pixel mask of an image (stack), a bit per pixel; None where there is none."""
    described, bits = packed(mask_of(request.navigator, request.text("path")))
    return described, _raw(bits, [])


def _geometry(request: Request) -> Answer:
    found = geometry_of(request.navigator, request.text("path"))
    return (asdict(found) if found is not None else None), b""


def _thumbnail(request: Request) -> Answer:
    plot = request.arguments.get("plot") or {}
    image = thumbnail(
        request.navigator,
        str(plot.get("signal", "")),
        [axis for axis in plot.get("axes", []) if axis is None or isinstance(axis, str)],
        ArrayKind(request.arguments.get("kind") or "other"),
        x_scale=plot.get("x_scale"),
        y_scale=plot.get("y_scale"),
    )
    return {"made": image is not None}, image or b""


def _zarr(request: Request) -> Answer:
    """What stands under a key of the virtual Zarr store."""
    key = parse_key(request.text("key"))
    found = value_of(request.navigator, key, request.number("limit")) if key is not None else None
    return {"found": found is not None}, _raw(np.frombuffer(found or b"", np.uint8), [])


def _layout(request: Request) -> Answer:
    """How an array is stored, its index of chunks beside it; None where only libhdf5 or its reader can read it.

    Where making the index takes long, only that is told (`later`), and `index` is to be asked for.
    """
    return _described(request, MAX_SENT_INDEX)


def _index(request: Request) -> Answer:
    """The same for an array of very many chunks, about 2 s for a million."""
    return _described(request, MAX_INDEX)


def _described(request: Request, most: int) -> Answer:
    place = request.navigator.find(request.text("path"))
    if not isinstance(place.object, h5py.Dataset):
        return None, b""
    request.navigator.allow_storage(place)
    if request.navigator.contents.lazy_for(place.object) is not None:
        return _own_layout(request.navigator.contents, place.object)
    if place.object.is_virtual:
        whole = virtual_layout(request.navigator, place)
        return (whole[0], _raw(np.frombuffer(whole[1], np.uint8), [])) if whole is not None else (None, b"")
    found = plain(place.object)
    if found is None:
        return None, b""
    described = {"layout": layout_to_json(found.layout), "file": place.real}
    if found.layout.chunk is None:
        return described, b""
    if (count := math.prod(found.layout.grid)) > most:
        return ({"later": True} if count <= MAX_INDEX else None), b""
    try:
        return described, _raw(walk(found).cells, [])
    except NotPlain:
        return None, b""


def _own_layout(contents: Contents, dataset: h5py.Dataset) -> Answer:
    """The same for an array whose values a reader decodes."""
    read, whereabouts = contents.lazy_for(dataset), contents.own_layout_for(dataset)
    found = whereabouts() if whereabouts is not None else None
    if read is None or found is None or not confirmed(contents.path, found, read):
        return None, b""
    described = {"layout": layout_to_json(found.layout), "file": str(contents.path)}
    if found.files is not None:
        described["chunk_files"] = chunk_files.to_json(found.files)
    return described, _raw(found.index.cells, []) if found.index is not None else b""


def _shape(request: Request) -> Answer:
    """Shape, type and chunk of an array."""
    place = request.navigator.find(request.text("path"))
    if not isinstance(place.object, h5py.Dataset):
        raise InvalidInput("This is no array.", field="path")
    dtype = numpy_type(place.object.id.get_type())
    if dtype is None:
        raise UnreadableFile("The values of this array have a type that can't be shown.")
    request.navigator.allow_storage(place)
    chunk = place.object.chunks
    found = {"shape": list(place.object.shape or ()), "dtype": describe_dtype(plain_dtype(dtype))}
    return found | {"chunk": list(chunk) if chunk else None}, b""


OPERATIONS: dict[str, Callable[[Request], Answer]] = {
    "scan": _scan,
    "tree": _tree,
    "attributes": _attributes,
    "meta": _meta,
    "paths": _paths,
    "read": _read,
    "mask": _mask,
    "geometry": _geometry,
    "thumbnail": _thumbnail,
    "zarr": _zarr,
    "shape": _shape,
    "layout": _layout,
    "index": _index,
}


def request_path(arguments: dict[str, Any]) -> Path:
    """The real path of the file to open."""
    path = Path(str(arguments["file"]))
    if not path.is_absolute():
        raise InvalidInput("The file has no absolute path.")
    return path
