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
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pandaas.arrays.blockwise import (
    BLOCK,
    WORTH_A_THREAD,
    Shuffled,
    blocks_of,
    fetch,
    possible_size,
    read_part,
    read_shuffled,
    read_stored,
    read_together,
)
from pandaas.arrays.crew import Check, Work, nothing, scratch, side_by_side, threads, workspace
from pandaas.arrays.kept import Kept
from pandaas.arrays.layout import MAX_OFFSET, Layout, NotPlain, Source, Stored
from pandaas.codecs import (
    BrokenChunk,
    ChunkPart,
    StoredForm,
    UnknownChunk,
    decode_filters,
    touched,
    touched_blocks,
)

_DECODED_BYTES = 64 << 20  # of chunks of which parts were wanted
_AT_REST_NS = 2_000_000_000
_LARGEST_KEPT = 4 << 20  # bytes of one of them
_TOGETHER = 8 << 20  # decoded bytes of the chunks that are read together
_NEAR = 16 << 10  # pieces of a file that are nearer than this are read together with what lies between
_SPAN = 4 << 20
_WORTH_HANDING_OVER = 64 << 10  # of one chunk: for less, threads wait for each other longer than they decode
_decoded: Kept[NDArray[Any] | Shuffled] = Kept(_DECODED_BYTES)


@dataclass(frozen=True)
class StoredChunk:
    """A chunk as it lies in the file: `data` decodes (`codecs.decode_stored`) to `shape` of `dtype`."""

    data: NDArray[np.uint8]
    form: StoredForm
    shape: tuple[int, ...]
    dtype: np.dtype[Any]


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
    many = total > 1 and each >= _WORTH_HANDING_OVER and total * each > 2 * WORTH_A_THREAD
    if _is_worth_keeping(layout, total, each, into.nbytes):
        most = min(_TOGETHER, total * layout.nbytes // (2 * threads())) // layout.nbytes
        work = _batches(_not_kept(source, parts, into), most if layout.compressor is not None else 1)
        _do_all(partial(_read_and_keep_all, source, into=into), work, check, many=many)
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
    return int(touched_blocks(inside, layout.chunk, BLOCK // layout.dtype.itemsize).sum()) * BLOCK


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
    data = memory(possible_size(layout, stored))
    try:
        fetch(source, stored, 0, data)
        if layout.compressor is not None:
            blocks_of(source, stored, data)
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


@dataclass(frozen=True)
class _Found:
    """A part of a selection, where its chunk lies, and what is kept of it if that needs work."""

    part: ChunkPart
    stored: Stored
    shuffled: Shuffled | None


def _not_kept(source: Source, parts: Iterator[ChunkPart], into: NDArray[Any]) -> Iterator[_Found]:
    """The parts that are some work; what is kept of the others is put into the result."""
    for part in parts:
        stored = source.finder.find(part.start) if source.finder else Stored(None, 0, 0)
        kept = _decoded.get(_decoded_key(source.layout, stored))
        if kept is None or isinstance(kept, Shuffled):
            yield _Found(part, stored, kept)
        else:
            _put(part, kept, into)


def _batches(work: Iterator[_Found], most: int) -> Iterator[list[_Found]]:
    """The same work, chunks of which nothing is kept and the same part is wanted together."""
    batch: list[_Found] = []
    for one in work:
        alone = one.shuffled is not None or one.stored.offset is None or one.stored.mask != 0
        if batch and (alone or len(batch) >= most or one.part.inside != batch[0].part.inside):
            yield batch
            batch = []
        if alone:
            yield [one]
        else:
            batch.append(one)
    if batch:
        yield batch


def _read_and_keep_all(source: Source, batch: list[_Found], into: NDArray[Any]) -> None:
    done = read_together(source, [found.stored for found in batch], batch[0].part) if len(batch) > 1 else None
    if done is None:
        for found in batch:
            _read_and_keep(source, found, into)
        return
    for found, planes, values in zip(batch, done.planes, done.values, strict=True):
        places: tuple[Any, ...] = (*found.part.outside, ...)
        target = into[places]
        target[...] = values.reshape(target.shape)
        kept = Shuffled(planes, done.blocks)
        _decoded.put(_decoded_key(source.layout, found.stored), kept, done.planes.nbytes, memory=done.planes)


def _read_and_keep(source: Source, found: _Found, into: NDArray[Any]) -> None:
    """One chunk's part of the result; the chunk is kept for who asks for another part.

    At first decompressed only, if that is enough for this part: nobody knows whether another one will be asked for.
    """
    layout, part, stored = source.layout, found.part, found.stored
    if stored.offset is None:
        _read_part(source, part, into)
        return
    if found.shuffled is None and layout.compressor is not None:
        places: tuple[Any, ...] = (*part.outside, ...)
        shuffled = read_shuffled(source, stored, part, into[places])
        if shuffled is not None:
            _decoded.put(_decoded_key(layout, stored), shuffled, layout.nbytes)
            return
    values = found.shuffled.values(layout) if found.shuffled is not None else _whole_chunk(source, found)
    _decoded.put(_decoded_key(layout, stored), values, values.nbytes)
    _put(part, values, into)


def _whole_chunk(source: Source, found: _Found) -> NDArray[Any]:
    chunk = source.layout.chunk or ()
    values = np.empty(chunk, source.layout.dtype)
    whole = ChunkPart(found.part.start, tuple(slice(0, size, 1) for size in chunk), ())
    read_chunk(source, found.stored, whole, values)
    return values


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
        read_part(source, stored, part, target, several=several)
    elif not layout.filters:
        _read_piece(_Piece(source.descriptor, stored.offset or 0, chunk), part.inside, target, nothing)
    else:
        _decode_filtered(source, stored, part, target)


# --- other filters, and none ----------------------------------------------------------------------------------------


def _decode_filtered(source: Source, stored: Stored, part: ChunkPart, target: NDArray[Any]) -> None:
    layout, chunk = source.layout, source.layout.chunk or ()
    every = (1 << len(layout.filters)) - 1
    if stored.size == layout.nbytes and stored.mask & every != every and layout.is_edge(part.start):
        raise NotPlain  # chunks at the edge can be stored unfiltered without saying so
    read = read_stored(source, stored, 0, possible_size(layout, stored))
    bytes_ = read if isinstance(read, bytes) else read.data
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
