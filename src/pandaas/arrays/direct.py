"""Values without libhdf5: found in the layout and the index of chunks, read with `pread`, decoded block by block.

libhdf5 decodes every chunk that a selection touches as a whole, one at a time; here only those blocks of a Bitshuffle
chunk are decoded in which something was selected, which makes a slice across a stack of detector images two orders of
magnitude cheaper, and large chunks are decoded by several threads. What turns out not to be the plain case is left to
libhdf5 (`NotPlain`). Damaged chunks are not (`BrokenChunk`): the filter there trusts their bytes and can crash the process.

All functions may be called from several threads. Nothing here trusts the numbers of a layout or an index: reading beyond
the end of a file is an error, and every buffer has the size that the layout's shapes and types give.
"""

from __future__ import annotations

import math
import os
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from pandaas.arrays.layout import MAX_OFFSET, Finder, Layout, NotPlain, Stored
from pandaas.codecs import (
    BlockCompressor,
    Blocks,
    BrokenChunk,
    ChunkPart,
    decode_blocks,
    decode_filters,
    find_blocks,
    runs,
    touched,
    touched_blocks,
)

_TABLE_BYTES = 64 << 20
_BLOCK = 8192  # as Bitshuffle cuts chunks unless told otherwise
_MANY_RUNS = 32
_KEPT_SCRATCH = 64 << 20
_NEAR = 16 << 10  # pieces of a file that are nearer than this are read together with what lies between
_SPAN = 4 << 20
_WORTH_A_THREAD = 1 << 20  # decoded bytes
Value = TypeVar("Value")
Check = Callable[[], None]
_memory = threading.local()


@dataclass(frozen=True)
class StoredChunk:
    """A chunk as it lies in the file: `data` decodes, with its head (`codecs.find_blocks`), to `shape` of `dtype`."""

    data: bytes
    compressor: BlockCompressor
    shape: tuple[int, ...]
    dtype: np.dtype[Any]


@dataclass(frozen=True)
class Source:
    """An array in an open file. `finder` tells where its chunks lie; None where it has none."""

    descriptor: int
    layout: Layout
    finder: Finder | None


@dataclass(frozen=True)
class _Piece:
    """Values that lie in one piece of a file, in C order."""

    descriptor: int
    offset: int
    shape: tuple[int, ...]


def _nothing() -> None:
    return


def read_values(source: Source, items: Sequence[int | slice], into: NDArray[Any], check: Check = _nothing) -> None:
    """Fill `into` with the selected values of an array.

    `items` holds per axis an index or a slice with a positive step; `into` has the shape of the result and the array's
    type. Missing chunks give the fill value. `check` is called between chunks and may raise. Raises `BrokenChunk` for a
    damaged chunk, `NotPlain` where libhdf5 must read after all (`into` then holds anything), `OSError`.
    """
    layout = source.layout
    if into.dtype != layout.dtype:
        raise NotPlain
    if layout.chunk is None or source.finder is None:
        if layout.offset is None:
            into[...] = layout.fill_value
        else:
            _read_piece(_Piece(source.descriptor, layout.offset, layout.shape), items, into, check)
        return
    parts = touched(items, layout.shape, layout.chunk)
    total = layout.count(items)
    if total > 1 and total * _decoded_bytes(layout, items) > 2 * _WORTH_A_THREAD:
        _side_by_side(lambda part: _read_part(source, part, into), parts, check)
        return
    for part in parts:
        check()
        _read_part(source, part, into, several=total == 1)


def cost(layout: Layout, items: Sequence[int | slice], nbytes: int) -> int:
    """About how many bytes are decoded or read for a selection that holds `nbytes`, before anything is read."""
    if layout.chunk is None or not nbytes:
        return nbytes
    return max(nbytes, layout.count(items) * _decoded_bytes(layout, items))


def _decoded_bytes(layout: Layout, items: Sequence[int | slice]) -> int:
    """About how many bytes of each chunk are decoded for a selection."""
    if layout.compressor is None or layout.chunk is None:
        return layout.nbytes if layout.filters else 0
    inside = next(touched(items, layout.shape, layout.chunk)).inside
    return int(touched_blocks(inside, layout.chunk, _BLOCK // layout.dtype.itemsize).sum()) * _BLOCK


def stored_chunk(source: Source, items: Sequence[int | slice]) -> StoredChunk | None:
    """The one stored chunk that is exactly the selection, its chain of blocks checked; None where there is none.

    Raises `BrokenChunk` for a damaged chunk.
    """
    layout = source.layout
    if layout.compressor is None or layout.chunk is None or source.finder is None or layout.count(items) != 1:
        return None
    part = next(touched(items, layout.shape, layout.chunk))
    stored = source.finder.find(part.start)
    if stored.offset is None or stored.mask or not part.takes_all(layout.chunk):
        return None
    try:
        data, _ = _whole(source, stored)
    except (NotPlain, OSError):
        return None
    shape = tuple(size for size, item in zip(layout.chunk, part.inside, strict=True) if isinstance(item, slice))
    return StoredChunk(data, layout.compressor, shape, layout.dtype)


def _read_part(source: Source, part: ChunkPart, into: NDArray[Any], *, several: bool = False) -> None:
    """One chunk's part of the result; `several` threads may work on it."""
    layout, chunk = source.layout, source.layout.chunk or ()
    stored = source.finder.find(part.start) if source.finder else Stored(None, 0, 0)
    places: tuple[Any, ...] = (*part.outside, ...)
    target = into[places]  # a view also where nothing but one element is left
    if stored.offset is None:
        target[...] = layout.fill_value
    elif layout.compressor is not None:
        if stored.mask:
            raise NotPlain
        whole = part.takes_all(chunk) and target.flags.c_contiguous
        values = target.reshape(-1) if whole else _scratch(layout.nbytes, layout.dtype)
        _decode_needed(source, stored, None if whole else part.inside, values, several=several)
        if not whole:
            target[...] = values.reshape(chunk)[part.inside]
    elif not layout.filters:
        _read_piece(_Piece(source.descriptor, stored.offset, chunk), part.inside, target, _nothing)
    else:
        _decode_filtered(source, stored, part, target)


# --- Bitshuffle, block by block -------------------------------------------------------------------------------------


def _decode_needed(
    source: Source, stored: Stored, inside: Sequence[int | slice] | None, values: NDArray[Any], *, several: bool
) -> None:
    """Decode into `values` (a whole chunk, flat) the blocks that hold something of `inside` (None: all)."""
    layout = source.layout
    compressor = layout.compressor
    assert compressor is not None  # noqa: S101 - asked before
    blocks = _tables.get(_table_key(layout, stored))
    bytes_: bytes | None = None
    base = 0
    if blocks is None or inside is None:
        bytes_, blocks = _whole(source, stored)
    needed = [(0, len(blocks))] if inside is None else _runs(inside, layout, blocks)
    if bytes_ is None and len(needed) > _MANY_RUNS:  # one read of what lies between costs less than many
        base, end = blocks.span(needed[0][0], needed[-1][1])
        bytes_ = _pread(source, stored, base, end)

    def decode(run: tuple[int, int]) -> None:
        begin, end = blocks.span(*run)
        piece = (
            memoryview(bytes_)[begin - base : end - base] if bytes_ is not None else _pread(source, stored, begin, end)
        )
        low, high = blocks.part(*run)
        decode_blocks(piece, blocks, run, values[low:high], compressor)

    if several and layout.nbytes > 2 * _WORTH_A_THREAD and len(needed) == 1:
        _side_by_side(decode, _shares(*needed[0]), _nothing)
    else:
        for run in needed:
            decode(run)


def _shares(first: int, last: int) -> Iterator[tuple[int, int]]:
    """A run of blocks cut into as many as there are threads."""
    size = max(1, -(-(last - first) // _threads()))
    return ((start, min(start + size, last)) for start in range(first, last, size))


def _runs(inside: Sequence[int | slice], layout: Layout, blocks: Blocks) -> list[tuple[int, int]]:
    """Ranges of blocks; elements kept as they are at the end of a chunk belong to the last block.

    The chunks of a stack mostly give the same part one after the other, so the last answer of this thread is kept.
    """
    question = (inside, layout.chunk, blocks.block, len(blocks))
    kept: tuple[Any, list[tuple[int, int]]] = getattr(_memory, "runs", (None, []))
    if kept[0] == question:
        return kept[1]
    wanted = touched_blocks(inside, layout.chunk or (), blocks.block)
    if wanted[len(blocks) :].any() and len(blocks):
        wanted[len(blocks) - 1] = True
    found = runs(wanted[: len(blocks)]) if len(blocks) else [(0, 0)]
    _memory.runs = (question, found)
    return found


def _whole(source: Source, stored: Stored) -> tuple[bytes, Blocks]:
    """A stored chunk and where its blocks lie, which is remembered."""
    layout = source.layout
    if stored.size > 2 * layout.nbytes + 4096:
        raise BrokenChunk("the chunk is larger than it could be")
    bytes_ = _pread(source, stored, 0, stored.size)
    key = _table_key(layout, stored)
    blocks = _tables.get(key)
    if blocks is None:
        if stored.size == layout.nbytes and not bytes_.startswith(layout.nbytes.to_bytes(8, "big")):
            raise NotPlain  # chunks at the edge can be stored unfiltered without saying so
        blocks = find_blocks(bytes_, layout.nbytes, layout.dtype.itemsize)
        _tables.put(key, blocks, blocks.starts.nbytes)
    return bytes_, blocks


def _table_key(layout: Layout, stored: Stored) -> tuple[Any, ...]:
    """Two arrays of a hostile file can share a chunk, but not its table of blocks."""
    return layout.identity, stored.offset, stored.size, layout.nbytes, layout.dtype.itemsize


def _pread(source: Source, stored: Stored, begin: int, end: int) -> bytes:
    if (stored.offset or 0) + end > MAX_OFFSET:
        raise BrokenChunk("the chunk lies beyond every file")
    found = os.pread(source.descriptor, end - begin, (stored.offset or 0) + begin)
    if len(found) != end - begin:
        raise BrokenChunk("the file ends within a chunk")
    return found


# --- other filters, and none ----------------------------------------------------------------------------------------


def _decode_filtered(source: Source, stored: Stored, part: ChunkPart, target: NDArray[Any]) -> None:
    layout, chunk = source.layout, source.layout.chunk or ()
    every = (1 << len(layout.filters)) - 1
    if stored.size == layout.nbytes and stored.mask & every != every and layout.is_edge(part.start):
        raise NotPlain  # chunks at the edge can be stored unfiltered without saying so
    if stored.size > 2 * layout.nbytes + 4096:
        raise BrokenChunk("the chunk is larger than it could be")
    bytes_ = _pread(source, stored, 0, stored.size)
    scratch = _scratch(2 * layout.nbytes, np.dtype(np.uint8))
    if part.takes_all(chunk) and target.flags.c_contiguous:
        decode_filters(bytes_, layout.filters, stored.mask, target, scratch[: layout.nbytes])
        return
    values = scratch[layout.nbytes :].view(layout.dtype)
    decode_filters(bytes_, layout.filters, stored.mask, values, scratch[: layout.nbytes])
    target[...] = values.reshape(chunk)[part.inside]


def _read_piece(piece: _Piece, items: Sequence[int | slice], into: NDArray[Any], check: Check) -> None:
    """Whole rows straight into `into`, values that are near each other together with what lies between."""
    shape, itemsize = piece.shape, into.dtype.itemsize
    if not shape:
        _read_into(piece.descriptor, piece.offset, into.reshape(1))
        return
    ranges = [
        range(i, i + 1) if isinstance(i, int) else range(*i.indices(n)) for i, n in zip(items, shape, strict=True)
    ]
    if not all(ranges):
        return
    strides = [itemsize * math.prod(shape[axis + 1 :]) for axis in range(len(shape))]
    split = min(_first_of_run(ranges, shape), _first_near(strides))
    view = into.reshape([len(picked) for picked in ranges])
    for place in np.ndindex(*(len(picked) for picked in ranges[:split])):
        check()
        start = piece.offset + sum(ranges[axis][at] * strides[axis] for axis, at in enumerate(place))
        _read_box(_Piece(piece.descriptor, start, shape[split:]), ranges[split:], strides[split], view[place])


def _first_of_run(ranges: Sequence[range], shape: Sequence[int]) -> int:
    """The axis from which on the selected values follow each other in the file."""
    axis = len(shape)
    while axis and ranges[axis - 1].step == 1 and (axis == len(shape) or len(ranges[axis]) == shape[axis]):
        axis -= 1
    return axis


def _first_near(strides: Sequence[int]) -> int:
    """The axis from which on neighbours are near each other in the file."""
    return next((axis for axis, stride in enumerate(strides) if stride < _NEAR), len(strides) - 1)


def _read_box(piece: _Piece, ranges: Sequence[range], stride: int, into: NDArray[Any]) -> None:
    """The axes that are read together, `_SPAN` bytes at once where something between is not wanted.

    `stride` is that of the first of them, in bytes.
    """
    first, inner = ranges[0], ranges[1:]
    if _first_of_run(ranges, piece.shape) == 0 and into.flags.c_contiguous:
        _read_into(piece.descriptor, piece.offset + first[0] * stride, into)
        return
    at_once = max(1, _SPAN // (stride * first.step))
    index = tuple(slice(picked[0], picked[-1] + 1, picked.step) for picked in inner)
    for done in range(0, len(first), at_once):
        rows = first[done : done + at_once]
        count = rows[-1] - rows[0] + 1
        block = _scratch(count * stride, into.dtype)
        _read_into(piece.descriptor, piece.offset + rows[0] * stride, block)
        into[done : done + len(rows)] = block.reshape(count, *piece.shape[1:])[(slice(None, None, first.step), *index)]


def _read_into(descriptor: int, offset: int, into: NDArray[Any]) -> None:
    """Fill contiguous memory from the file."""
    memory = memoryview(into.reshape(-1).view(np.uint8).data)
    if offset + len(memory) > MAX_OFFSET:
        raise BrokenChunk("the array lies beyond every file")
    done = 0
    while done < len(memory):
        count = os.preadv(descriptor, [memory[done:]], offset + done)
        if count <= 0:
            raise BrokenChunk("the file ends within the array")
        done += count


# --- threads and memory ---------------------------------------------------------------------------------------------


def _threads() -> int:
    return len(os.sched_getaffinity(0))


@lru_cache(maxsize=1)
def _decoders() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(_threads(), thread_name_prefix="decode")


Work = TypeVar("Work")


class _Crew(Generic[Work]):
    """A few threads that do pieces of work until there are none or one fails."""

    def __init__(self, do: Callable[[Work], None], work: Iterator[Work]) -> None:
        self._do = do
        self._work = work
        self._lock = threading.Lock()
        self._failed = False

    def labour(self, check: Check = _nothing) -> None:
        try:
            while not self._failed:
                with self._lock:
                    one = next(self._work, None)
                if one is None:
                    return
                check()
                self._do(one)
        except BaseException:
            self._failed = True
            raise


def _side_by_side(do: Callable[[Work], None], work: Iterator[Work], check: Check) -> None:
    """Do all of `work` with a few threads, this one among them; the first error ends it and is raised."""
    crew = _Crew(do, work)
    helpers = [_decoders().submit(crew.labour) for _ in range(_threads() - 1)]
    try:
        crew.labour(check)
    finally:
        running = [helper for helper in helpers if not helper.cancel()]
        errors = [helper.exception() for helper in running]
    for error in errors:
        if error is not None:
            raise error


class Kept(Generic[Value]):
    """The values used last, as many as fit."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._size = 0
        self._values: OrderedDict[Any, tuple[Value, int]] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: Any) -> Value | None:
        with self._lock:
            found = self._values.get(key)
            if found is None:
                return None
            self._values.move_to_end(key)
            return found[0]

    def put(self, key: Any, value: Value, nbytes: int) -> None:
        if nbytes > self._limit:
            return
        with self._lock:
            old = self._values.pop(key, None)
            self._size += nbytes - (old[1] if old else 0)
            self._values[key] = (value, nbytes)
            while self._size > self._limit:
                _, (_, freed) = self._values.popitem(last=False)
                self._size -= freed


def _scratch(nbytes: int, dtype: np.dtype[Any]) -> NDArray[Any]:
    """Memory of this thread that is used again, so that its pages are not fetched anew for each chunk."""
    if nbytes > _KEPT_SCRATCH:
        return np.empty(nbytes, np.uint8).view(dtype)
    kept: NDArray[np.uint8] | None = getattr(_memory, "scratch", None)
    if kept is None or nbytes > kept.nbytes:
        kept = _memory.scratch = np.empty(nbytes, np.uint8)
    return kept[:nbytes].view(dtype)


_tables: Kept[Blocks] = Kept(_TABLE_BYTES)
