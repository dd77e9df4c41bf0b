"""The bytes behind a chunk's key."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import h5py
import numpy as np
from numpy.typing import NDArray

from pandaas.arrays.links import Navigator, Place
from pandaas.arrays.slicing import plan, read
from pandaas.arrays.virtual_zarr import grid
from pandaas.arrays.virtual_zarr.form import Form, Stored
from pandaas.codecs import (
    BrokenChunk,
    NotFramed,
    frame_of_bitshuffle,
    frame_of_lz4,
    frame_of_stream,
    frame_of_values,
    frame_size,
)
from pandaas.model import UnreadableFile

_ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"
_OVERHEAD = 1 << 16
_COUNT = struct.Struct("<I")


@dataclass(frozen=True)
class Source:
    """An array to read from: where it is, and how many decoded bytes at most may be read at once."""

    navigator: Navigator
    place: Place
    path: str
    limit: int

    def read(self, selection: str) -> NDArray[Any]:
        """The selected values; raises what `plan` and `read` raise."""
        values = read(self.navigator, plan(self.navigator, self.path, selection or None, self.limit))
        if values is None:
            raise self.damaged("it holds no value any more")
        return values

    def damaged(self, reason: str) -> UnreadableFile:
        return UnreadableFile(f"'{self.path[:200]}' can't be decoded: {reason}.", remedy="The file may be damaged.")


def chunk_bytes(source: Source, form: Form, indices: tuple[int, ...]) -> bytes | None:
    """The chunk as the codecs of `form` have it; None outside the array and where nothing was ever written.

    Raises `UnreadableFile` for a damaged chunk, and what `plan` and `Navigator.find` raise.
    """
    cells = grid.count(form.shape, form.chunk)
    if len(indices) != len(cells) or any(index >= cell for index, cell in zip(indices, cells, strict=True)):
        return None
    start = tuple(index * size for index, size in zip(indices, form.chunk, strict=True))
    if form.stored is None:
        return _encoded(_values(source, form, start), form)
    dataset = source.place.object
    info = dataset.id.get_chunk_info_by_coord(start)
    if info.byte_offset is None or not info.size:
        return None
    try:
        framed = None if info.filter_mask else _as_stored(dataset, form, form.stored, start, int(info.size))
    except BrokenChunk as error:
        raise source.damaged(str(error)) from error
    return framed if framed is not None else _reframed(_values(source, form, start), form)


def _as_stored(dataset: h5py.Dataset, form: Form, stored: Stored, start: tuple[int, ...], size: int) -> bytes | None:
    """The stored chunk in the frame that Zarr expects; None where it has to be decoded for that."""
    nbytes = form.chunk_nbytes
    if size > 2 * nbytes + _OVERHEAD:
        raise BrokenChunk("the chunk is larger than it could be")
    _, chunk = dataset.id.read_direct_chunk(start)
    if stored.frame == "plain":
        if len(chunk) != nbytes:
            raise BrokenChunk("the chunk has the wrong size")
        return bytes(chunk)
    if len(chunk) == nbytes:  # chunks at the edge can be stored unfiltered without saying so
        return None
    try:
        return _framed(chunk, stored, nbytes, form.dtype.itemsize)
    except NotFramed:
        return None


def _framed(chunk: bytes, stored: Stored, nbytes: int, itemsize: int) -> bytes | None:
    match stored.frame:
        case "bitshuffle":
            return frame_of_bitshuffle(chunk, nbytes, itemsize, "lz4" if stored.compressor == "lz4" else "zstd")
        case "lz4":
            return frame_of_lz4(chunk, nbytes, itemsize, shuffled=stored.shuffled)
        case "stream":
            stream: Literal["zlib", "zstd"] = "zlib" if stored.compressor == "zlib" else "zstd"
            return frame_of_stream(chunk, nbytes, itemsize, stream, shuffled=stored.shuffled)
        case "zstd":
            return bytes(chunk) if chunk[:4] == _ZSTD_MAGIC else None
        case _:
            return bytes(chunk) if frame_size(chunk) == nbytes else None


def _values(source: Source, form: Form, start: tuple[int, ...]) -> NDArray[Any]:
    """The values of a chunk's box, as far as the array reaches."""
    stops = (min(first + size, length) for first, size, length in zip(start, form.chunk, form.shape, strict=True))
    return source.read(",".join(f"{first}:{stop}" for first, stop in zip(start, stops, strict=True)))


def filled(values: NDArray[Any], chunk: Sequence[int], fill: Any, dtype: np.dtype[Any]) -> NDArray[Any]:
    """`values` in the upper corner of a box of the fill value."""
    if values.shape == tuple(chunk) and values.dtype == dtype:
        return np.ascontiguousarray(values)
    box = np.full(tuple(chunk), fill, dtype)
    box[tuple(slice(length) for length in values.shape)] = values
    return box


def _encoded(values: NDArray[Any], form: Form) -> bytes:
    if form.is_text:
        raw = _text(filled(values.astype(object), form.chunk, b"", np.dtype(object)))
    else:
        raw = filled(values, form.chunk, _fill(form), form.dtype).tobytes()
    return zstd(raw) if form.codecs[-1]["name"] == "zstd" else raw


def _reframed(values: NDArray[Any], form: Form) -> bytes:
    """Values in the form that the array's stored chunks have."""
    raw = filled(values, form.chunk, _fill(form), form.dtype).tobytes()
    last = form.codecs[-1]["name"]
    if last == "blosc":
        return frame_of_values(raw, form.dtype.itemsize)
    return zstd(raw) if last == "zstd" else raw


def _fill(form: Form) -> Any:
    """What pads a chunk beyond the array; readers cut it off."""
    return np.zeros((), form.dtype)


def _text(values: NDArray[Any]) -> bytes:
    """Zarr's vlen-utf8: the number of texts, then each with its length."""
    parts = [_COUNT.pack(values.size)]
    for value in values.reshape(-1):
        raw = bytes(value) if isinstance(value, bytes) else str(value).encode("utf-8", "replace")
        raw = raw.rstrip(b"\0").decode("utf-8", "replace").encode()
        parts += [_COUNT.pack(len(raw)), raw]
    return b"".join(parts)


def zstd(raw: bytes) -> bytes:
    """A Zstandard frame, made quickly."""
    from numcodecs.zstd import Zstd  # takes a while to import, and few arrays need it

    return bytes(Zstd(level=1).encode(raw))
