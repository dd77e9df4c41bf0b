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
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pandaas.arrays.crew import Check, Work, nothing, scratch, side_by_side, space, threads, workspace
from pandaas.arrays.kept import Kept
from pandaas.arrays.layout import MAX_OFFSET, Finder, Layout, NotPlain, Stored
from pandaas.codecs import (
    Blocks,
    BrokenChunk,
    ChunkPart,
    StoredForm,
    UnknownChunk,
    decode_blocks,
    decode_filters,
    find_blocks,
    runs,
    touched,
    touched_blocks,
)

_TABLE_BYTES = 64 << 20
_DECODED_BYTES = 64 << 20  # of chunks of which parts were wanted
_AT_REST_NS = 2_000_000_000
_LARGEST_KEPT = 4 << 20  # bytes of one of them
_BLOCK = 8192  # as Bitshuffle cuts chunks unless told otherwise
_MANY_RUNS = 32
_SMALL_PART = 32 << 10  # bytes that are as quickly had in new memory
_NEAR = 16 << 10  # pieces of a file that are nearer than this are read together with what lies between
_SPAN = 4 << 20
_WORTH_A_THREAD = 1 << 20  # decoded bytes
_WORTH_HANDING_OVER = 64 << 10  # of one chunk: for less, threads wait for each other longer than they decode
_tables: Kept[Blocks] = Kept(_TABLE_BYTES)
_decoded: Kept[NDArray[Any]] = Kept(_DECODED_BYTES)
_memory = threading.local()


@dataclass(frozen=True)
class StoredChunk:
    """A chunk as it lies in the file: `data` decodes (`codecs.decode_stored`) to `shape` of `dtype`."""

    data: NDArray[np.uint8]
    form: StoredForm
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


def _bytes(count: int) -> NDArray[np.uint8]:
    return np.empty(count, np.uint8)


def read_values(source: Source, items: Sequence[int | slice], into: NDArray[Any], check: Check = nothing) -> None:
    """Fill `into` with the selected values of an array.

    `items` holds per axis an index or a slice with a positive step; `into` has the shape of the result and the array's
    type. Missing chunks give the fill value. `check` is called between chunks and may raise. Raises `BrokenChunk` for a
    damaged chunk, `NotPlain` where libhdf5 must read after all (`into` then holds anything), `OSError`.
    """
    with workspace():
        _read_values(source, items, into, check)


def _read_values(source: Source, items: Sequence[int | slice], into: NDArray[Any], check: Check) -> None:
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
    each = _decoded_bytes(layout, items) if total > 1 or layout.nbytes <= _LARGEST_KEPT else 0
    many = total > 1 and each >= _WORTH_HANDING_OVER and total * each > 2 * _WORTH_A_THREAD
    if _is_worth_keeping(layout, total, each, into.nbytes):
        _do_all(partial(_read_and_keep, source, into=into), _not_kept(source, parts, into), check, many=many)
    else:
        _do_all(partial(_read_part, source, into=into, several=total == 1), parts, check, many=many)


def _do_all(do: Callable[[Work], None], work: Iterator[Work], check: Check, *, many: bool) -> None:
    if many:
        side_by_side(do, work, check)
        return
    for one in work:
        check()
        do(one)


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


def stored_chunk(
    source: Source, items: Sequence[int | slice], memory: Callable[[int], NDArray[np.uint8]] = _bytes
) -> StoredChunk | None:
    """The one stored chunk that is exactly the selection; None where there is none.

    `memory` gives as many bytes as asked for. Raises `BrokenChunk` for a Bitshuffle chunk whose chain of blocks is damaged; others
    are as good as who decodes them finds them.
    """
    layout = source.layout
    if layout.form is None or layout.chunk is None or source.finder is None or layout.count(items) != 1:
        return None
    part = next(touched(items, layout.shape, layout.chunk))
    stored = source.finder.find(part.start)
    if stored.offset is None or stored.mask or not part.takes_all(layout.chunk):
        return None
    data = memory(_possible_size(layout, stored))
    try:
        _fetch(source, stored, 0, data)
        if layout.compressor is not None:
            _blocks_of(source, stored, data)
    except (NotPlain, OSError):
        return None
    shape = tuple(size for size, item in zip(layout.chunk, part.inside, strict=True) if isinstance(item, slice))
    return StoredChunk(data, layout.form, shape, layout.dtype)


def _is_worth_keeping(layout: Layout, total: int, each: int, nbytes: int) -> bool:
    """Whether chunks have to be decoded as a whole for small parts of them, and all of them can be kept for the next slice."""
    fits = layout.nbytes <= _LARGEST_KEPT and total * layout.nbytes <= _DECODED_BYTES
    if time.time_ns() - layout.identity[3] < _AT_REST_NS:
        return False  # what is written in the same tick of the clock doesn't change a file's identity
    return fits and 0 < 2 * nbytes <= total * layout.nbytes and 4 * each >= 3 * layout.nbytes


def _not_kept(source: Source, parts: Iterator[ChunkPart], into: NDArray[Any]) -> Iterator[tuple[ChunkPart, Stored]]:
    """The parts whose chunks have to be read, and where these lie; what is kept of the others is put into the result."""
    for part in parts:
        stored = source.finder.find(part.start) if source.finder else Stored(None, 0, 0)
        values = _decoded.get(_decoded_key(source.layout, stored))
        if values is None:
            yield part, stored
        else:
            _put(part, values, into)


def _read_and_keep(source: Source, found: tuple[ChunkPart, Stored], into: NDArray[Any]) -> None:
    """One chunk's part of the result; the decoded chunk is kept for who asks for another part."""
    layout, chunk = source.layout, source.layout.chunk or ()
    part, stored = found
    if stored.offset is None:
        _read_part(source, part, into)
        return
    values = np.empty(chunk, layout.dtype)
    read_chunk(source, stored, ChunkPart(part.start, tuple(slice(0, size, 1) for size in chunk), ()), values)
    _decoded.put(_decoded_key(layout, stored), values, values.nbytes)
    _put(part, values, into)


def _put(part: ChunkPart, chunk: NDArray[Any], into: NDArray[Any]) -> None:
    places: tuple[Any, ...] = (*part.outside, ...)
    into[places] = chunk[part.inside]


def _decoded_key(layout: Layout, stored: Stored) -> tuple[Any, ...]:
    """As with the tables of blocks, arrays of a hostile file that share a chunk don't share what it decodes to."""
    return layout.coding, stored.offset, stored.size, stored.mask


def _read_part(source: Source, part: ChunkPart, into: NDArray[Any], *, several: bool = False) -> None:
    """One chunk's part of the result; `several` threads may work on it."""
    stored = source.finder.find(part.start) if source.finder else Stored(None, 0, 0)
    places: tuple[Any, ...] = (*part.outside, ...)
    target = into[places]  # a view also where nothing but one element is left
    if stored.offset is None:
        target[...] = source.layout.fill_value
    else:
        read_chunk(source, stored, part, target, several=several)


def read_chunk(source: Source, stored: Stored, part: ChunkPart, target: NDArray[Any], *, several: bool = False) -> None:
    """What `part` takes of the chunk that lies at `stored`, into `target`; in a `workspace`."""
    layout, chunk = source.layout, source.layout.chunk or ()
    if layout.compressor is not None:
        if stored.mask:
            raise NotPlain
        whole = part.takes_all(chunk) and target.flags.c_contiguous
        values = target.reshape(-1) if whole else scratch(layout.nbytes, layout.dtype)
        _decode_needed(source, stored, None if whole else part.inside, values, several=several)
        if not whole:
            target[...] = values.reshape(chunk)[part.inside]
    elif not layout.filters:
        _read_piece(_Piece(source.descriptor, stored.offset or 0, chunk), part.inside, target, nothing)
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
    bytes_: NDArray[np.uint8] | bytes | None = None
    base = 0
    if blocks is None or inside is None:
        bytes_, blocks = _whole(source, stored)
    needed = [(0, len(blocks))] if inside is None else _runs(inside, layout, blocks)
    if bytes_ is None and len(needed) > _MANY_RUNS:  # one read of what lies between costs less than many
        base, end = blocks.span(needed[0][0], needed[-1][1])
        bytes_ = _read_stored(source, stored, base, end)

    def decode(run: tuple[int, int]) -> None:
        begin, end = blocks.span(*run)
        piece = bytes_[begin - base : end - base] if bytes_ is not None else _read_stored(source, stored, begin, end)
        low, high = blocks.part(*run)
        decode_blocks(piece, blocks, run, values[low:high], compressor)

    if several and bytes_ is not None and layout.nbytes > 2 * _WORTH_A_THREAD and len(needed) == 1:
        side_by_side(decode, _shares(*needed[0]), nothing)
    else:
        for run in needed:
            decode(run)


def _shares(first: int, last: int) -> Iterator[tuple[int, int]]:
    """A run of blocks cut into as many as there are threads."""
    size = max(1, -(-(last - first) // threads()))
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


def _whole(source: Source, stored: Stored) -> tuple[NDArray[np.uint8] | bytes, Blocks]:
    """A stored chunk and where its blocks lie."""
    bytes_ = _read_stored(source, stored, 0, _possible_size(source.layout, stored))
    return bytes_, _blocks_of(source, stored, bytes_)


def _possible_size(layout: Layout, stored: Stored) -> int:
    if stored.size > 2 * layout.nbytes + 4096:
        raise BrokenChunk("the chunk is larger than it could be")
    return stored.size


def _blocks_of(source: Source, stored: Stored, bytes_: NDArray[np.uint8] | bytes) -> Blocks:
    """Where the blocks of a whole stored chunk lie, which is remembered."""
    layout = source.layout
    key = _table_key(layout, stored)
    blocks = _tables.get(key)
    if blocks is None:
        if stored.size == layout.nbytes and bytes(bytes_[:8]) != layout.nbytes.to_bytes(8, "big"):
            raise NotPlain  # chunks at the edge can be stored unfiltered without saying so
        blocks = find_blocks(_seen(bytes_), layout.nbytes, layout.dtype.itemsize)
        _tables.put(key, blocks, blocks.starts.nbytes)
    return blocks


def _table_key(layout: Layout, stored: Stored) -> tuple[Any, ...]:
    """Two arrays of a hostile file can share a chunk, but not its table of blocks."""
    return layout.identity, stored.offset, stored.size, layout.nbytes, layout.dtype.itemsize


def _read_stored(source: Source, stored: Stored, begin: int, end: int) -> NDArray[np.uint8] | bytes:
    """A part of a stored chunk; where it is large, in memory that the next call in this thread uses again."""
    if end - begin > _SMALL_PART:
        found = space().stored(end - begin)
        _fetch(source, stored, begin, found)
        return found
    if (stored.offset or 0) + end > MAX_OFFSET:
        raise BrokenChunk("the chunk lies beyond every file")
    part = os.pread(source.descriptor, end - begin, (stored.offset or 0) + begin)
    if len(part) != end - begin:
        raise BrokenChunk("the file ends within a chunk")
    return part


def _seen(bytes_: NDArray[np.uint8] | bytes) -> bytes | memoryview:
    return bytes_ if isinstance(bytes_, bytes) else bytes_.data


def _fetch(source: Source, stored: Stored, begin: int, into: NDArray[np.uint8]) -> None:
    if (stored.offset or 0) + begin + into.nbytes > MAX_OFFSET:
        raise BrokenChunk("the chunk lies beyond every file")
    if os.preadv(source.descriptor, [into.data], (stored.offset or 0) + begin) != into.nbytes:
        raise BrokenChunk("the file ends within a chunk")


# --- other filters, and none ----------------------------------------------------------------------------------------


def _decode_filtered(source: Source, stored: Stored, part: ChunkPart, target: NDArray[Any]) -> None:
    layout, chunk = source.layout, source.layout.chunk or ()
    every = (1 << len(layout.filters)) - 1
    if stored.size == layout.nbytes and stored.mask & every != every and layout.is_edge(part.start):
        raise NotPlain  # chunks at the edge can be stored unfiltered without saying so
    bytes_ = _seen(_read_stored(source, stored, 0, _possible_size(layout, stored)))
    room = scratch(2 * layout.nbytes, np.dtype(np.uint8))
    whole = part.takes_all(chunk) and target.flags.c_contiguous
    values = target if whole else room[layout.nbytes :].view(layout.dtype)
    try:
        decode_filters(bytes_, layout.filters, stored.mask, values, room[: layout.nbytes])
    except UnknownChunk as error:
        raise NotPlain from error
    if not whole:
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
        block = scratch(count * stride, into.dtype)
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
