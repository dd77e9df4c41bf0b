"""Values of Bitshuffle chunks without libhdf5: found in the chunk index, read with `pread`, decoded block by block.

libhdf5 decodes every chunk that a selection touches as a whole; here only the blocks of 8 KiB in which something was
selected are decoded, which makes a slice across a stack of detector images two orders of magnitude cheaper. Everything
that is not exactly the plain case (one filter, whole numbers or floats as NumPy has them, chunks stored filtered) is left
to libhdf5. Damaged chunks are not: the filter there trusts their bytes and can crash the process.
"""

from __future__ import annotations

import math
import os
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import h5py
import numpy as np
from h5py import h5d, h5fd, h5o, h5t
from numpy.typing import NDArray

from pandaas.codecs import (
    BlockCompressor,
    Blocks,
    BrokenChunk,
    blocks_available,
    count_touched,
    decode_blocks,
    find_blocks,
    runs,
    touched,
    touched_blocks,
)

BITSHUFFLE = 32008  # https://github.com/HDFGroup/hdf5_plugins/blob/master/docs/RegisteredFilterPlugins.md
_COMPRESSORS: dict[int, BlockCompressor] = {2: "lz4", 3: "zstd"}
_FEW_CHUNKS = 48  # looked up one by one; more are worth walking the whole index once
_MAX_INDEX = 4_000_000
_INDEX_BYTES = 128 << 20
_TABLE_BYTES = 64 << 20
_MANY_RUNS = 32
_KEPT_SCRATCH = 256 << 20

Identity = tuple[int, int, int, int]
Value = TypeVar("Value")


class NotPlain(Exception):
    """This is left to libhdf5."""


@dataclass(frozen=True)
class _Layout:
    """How a dataset is stored. `identity` is that of the open file: another version of it has another one."""

    descriptor: int
    identity: Identity
    address: int
    shape: tuple[int, ...]
    chunk: tuple[int, ...]
    dtype: np.dtype[Any]
    compressor: BlockCompressor

    @property
    def nbytes(self) -> int:
        """Size of a decoded chunk."""
        return math.prod(self.chunk) * self.dtype.itemsize

    @property
    def grid(self) -> tuple[int, ...]:
        return tuple(-(-length // size) for length, size in zip(self.shape, self.chunk, strict=True))


@dataclass(frozen=True)
class _Stored:
    """Where a chunk lies in the file; `offset` is None for one that was never written."""

    offset: int | None
    size: int
    mask: int


def read_blocks(dataset: h5py.Dataset, items: Sequence[int | slice], into: NDArray[Any]) -> bool:
    """Fill `into` with the selected values if `dataset` is stored plainly; False, with nothing promised, if not.

    `items` holds per axis an index or a slice with a positive step; `into` has the shape of the result and the dataset's
    type. Missing chunks give the fill value. Raises `BrokenChunk` for a damaged chunk.
    """
    layout = _layout(dataset)
    if layout is None or into.dtype != layout.dtype or not into.size:
        return False
    try:
        _read(dataset, layout, items, into)
    except (NotPlain, OSError):
        return False
    return True


@dataclass(frozen=True)
class StoredChunk:
    """A chunk as it lies in the file: `data` decodes, with its head (`codecs.find_blocks`), to `shape` of `dtype`."""

    data: bytes
    compressor: BlockCompressor
    shape: tuple[int, ...]
    dtype: np.dtype[Any]


def stored_chunk(dataset: h5py.Dataset, items: Sequence[int | slice]) -> StoredChunk | None:
    """The one stored chunk that is exactly the selection, its chain of blocks checked; None where there is none.

    Raises `BrokenChunk` for a damaged chunk.
    """
    layout = _layout(dataset)
    if layout is None or count_touched(items, layout.shape, layout.chunk) != 1:
        return None
    part = next(touched(items, layout.shape, layout.chunk))
    stored = _Lookup(dataset, layout, 1).find(part.start)
    if stored.offset is None or stored.mask or not part.takes_all(layout.chunk):
        return None
    try:
        data, _ = _whole(layout, stored)
    except (NotPlain, OSError):
        return None
    shape = tuple(size for size, item in zip(layout.chunk, part.inside, strict=True) if isinstance(item, slice))
    return StoredChunk(data, layout.compressor, shape, layout.dtype)


def _layout(dataset: h5py.Dataset) -> _Layout | None:
    creation = dataset.id.get_create_plist()
    if creation.get_layout() != h5d.CHUNKED or creation.get_nfilters() != 1 or not blocks_available():
        return None
    code, _, values, _ = creation.get_filter(0)
    kind, dtype = dataset.id.get_type(), dataset.dtype
    if code != BITSHUFFLE or len(values) < 5 or values[4] not in _COMPRESSORS or values[2] != dtype.itemsize:
        return None
    if dtype.kind not in "iuf" or kind != h5t.py_create(dtype):
        return None
    file = dataset.file.id
    if file.get_access_plist().get_driver() != h5fd.SEC2:
        return None
    descriptor = int(file.get_vfd_handle())
    found = os.fstat(descriptor)
    return _Layout(
        descriptor,
        (found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns),
        h5o.get_info(dataset.id).addr,
        tuple(int(n) for n in dataset.shape),
        tuple(int(n) for n in creation.get_chunk()),
        dtype,
        _COMPRESSORS[values[4]],
    )


def _read(dataset: h5py.Dataset, layout: _Layout, items: Sequence[int | slice], into: NDArray[Any]) -> None:
    index = _Lookup(dataset, layout, count_touched(items, layout.shape, layout.chunk))
    for part in touched(items, layout.shape, layout.chunk):
        stored = index.find(part.start)
        places: tuple[Any, ...] = (*part.outside, ...)
        target = into[places]  # a view also where nothing but one element is left
        if stored.offset is None:
            target[...] = dataset.fillvalue
            continue
        if stored.mask:
            raise NotPlain
        if part.takes_all(layout.chunk) and target.flags.c_contiguous:
            bytes_, blocks = _whole(layout, stored)
            begin, end = blocks.span(0, len(blocks))
            values = target.reshape(-1)
            decode_blocks(memoryview(bytes_)[begin:end], blocks, (0, len(blocks)), values, layout.compressor)
        else:
            target[...] = _some(layout, stored, part.inside)[part.inside]


def _some(layout: _Layout, stored: _Stored, inside: Sequence[int | slice]) -> NDArray[Any]:
    """A chunk in scratch memory of which only the blocks that hold something of `inside` are valid."""
    chunk = _scratch.array(layout.nbytes, layout.dtype)
    blocks = _tables.get((layout.identity, stored.offset))
    bytes_: bytes | None = None
    if blocks is None:
        bytes_, blocks = _whole(layout, stored)
    needed = _runs(inside, layout, blocks)
    base = 0
    if bytes_ is None and len(needed) > _MANY_RUNS:  # one read of what lies between costs less than many
        base, end = blocks.span(needed[0][0], needed[-1][1])
        bytes_ = _pread(layout, stored, base, end)
    for first, last in needed:
        begin, end = blocks.span(first, last)
        piece = (
            memoryview(bytes_)[begin - base : end - base] if bytes_ is not None else _pread(layout, stored, begin, end)
        )
        low, high = blocks.part(first, last)
        decode_blocks(piece, blocks, (first, last), chunk[low:high], layout.compressor)
    return chunk.reshape(layout.chunk)


def _runs(inside: Sequence[int | slice], layout: _Layout, blocks: Blocks) -> list[tuple[int, int]]:
    """Ranges of blocks; elements kept as they are at the end of a chunk belong to the last block."""
    wanted = touched_blocks(inside, layout.chunk, blocks.block)
    if not len(blocks):
        return [(0, 0)]
    if wanted[len(blocks) :].any():
        wanted[len(blocks) - 1] = True
    return runs(wanted[: len(blocks)])


def _whole(layout: _Layout, stored: _Stored) -> tuple[bytes, Blocks]:
    """A stored chunk and where its blocks lie, which is remembered."""
    if stored.size > 2 * layout.nbytes + 4096:
        raise BrokenChunk("the chunk is larger than it could be")
    bytes_ = _pread(layout, stored, 0, stored.size)
    key = (layout.identity, stored.offset)
    blocks = _tables.get(key)
    if blocks is None:
        if stored.size == layout.nbytes and not bytes_.startswith(layout.nbytes.to_bytes(8, "big")):
            raise NotPlain  # chunks at the edge can be stored unfiltered without saying so
        blocks = find_blocks(bytes_, layout.nbytes, layout.dtype.itemsize)
        _tables.put(key, blocks, blocks.starts.nbytes)
    return bytes_, blocks


def _pread(layout: _Layout, stored: _Stored, begin: int, end: int) -> bytes:
    assert stored.offset is not None  # noqa: S101 - chunks that were never written are filled before
    found = os.pread(layout.descriptor, end - begin, stored.offset + begin)
    if len(found) != end - begin:
        raise BrokenChunk("the file ends within a chunk")
    return found


class _Lookup:
    """Finds chunks: a few by asking libhdf5 for each, many from the whole index, which is walked once and kept."""

    def __init__(self, dataset: h5py.Dataset, layout: _Layout, wanted: int) -> None:
        self._dataset = dataset
        self._layout = layout
        self._key = (layout.identity, layout.address)
        self._index = _indexes.get(self._key)
        if self._index is None and wanted > _FEW_CHUNKS and math.prod(layout.grid) <= _MAX_INDEX:
            self._index = self._walk()

    def find(self, start: tuple[int, ...]) -> _Stored:
        if self._index is None:
            info = self._dataset.id.get_chunk_info_by_coord(start)
            offset = info.byte_offset if info.size else None
            return _Stored(offset, int(info.size or 0), int(info.filter_mask or 0))
        cell = tuple(first // size for first, size in zip(start, self._layout.chunk, strict=True))
        offset, size, mask = self._index[cell].tolist()
        return _Stored(offset if size else None, size, mask)

    def _walk(self) -> NDArray[Any]:
        index = np.zeros(self._layout.grid, np.dtype([("offset", "u8"), ("size", "u4"), ("mask", "u4")]))
        chunk = self._layout.chunk

        def note(info: Any) -> None:
            cell = tuple(first // size for first, size in zip(info.chunk_offset, chunk, strict=True))
            index[cell] = (info.byte_offset, info.size, info.filter_mask)

        try:
            self._dataset.id.chunk_iter(note)
        except (IndexError, OverflowError) as error:
            raise NotPlain from error
        _indexes.put(self._key, index, index.nbytes)
        return index


class _Kept(Generic[Value]):
    """The values used last, as many as fit."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._size = 0
        self._values: OrderedDict[Any, tuple[Value, int]] = OrderedDict()

    def get(self, key: Any) -> Value | None:
        found = self._values.get(key)
        if found is None:
            return None
        self._values.move_to_end(key)
        return found[0]

    def put(self, key: Any, value: Value, nbytes: int) -> None:
        if nbytes > self._limit:
            return
        self._values[key] = (value, nbytes)
        self._size += nbytes
        while self._size > self._limit:
            _, (_, freed) = self._values.popitem(last=False)
            self._size -= freed


class _Scratch:
    """Memory that is used again, so that its pages are not fetched anew for each chunk (one thread per process)."""

    def __init__(self) -> None:
        self._memory = np.empty(0, np.uint8)

    def array(self, nbytes: int, dtype: np.dtype[Any]) -> NDArray[Any]:
        if nbytes > _KEPT_SCRATCH:
            return np.empty(nbytes, np.uint8).view(dtype)
        if nbytes > self._memory.nbytes:
            self._memory = np.empty(nbytes, np.uint8)
        return self._memory[:nbytes].view(dtype)


_indexes: _Kept[NDArray[Any]] = _Kept(_INDEX_BYTES)
_tables: _Kept[Blocks] = _Kept(_TABLE_BYTES)
_scratch = _Scratch()
