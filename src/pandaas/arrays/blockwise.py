"""Bitshuffle chunks, of which only those blocks are decoded in which something was selected.

Where a selection takes little of each block, its blocks are decompressed and no more than the selected elements put together
(`codecs.planes`). Tables of blocks are remembered, so that later only the touched ones are read.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate, pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pandaas.arrays.crew import nothing, scratch, side_by_side, space, threads
from pandaas.arrays.kept import Kept
from pandaas.arrays.layout import MAX_OFFSET, Layout, NotPlain, Source, Stored
from pandaas.codecs import (
    BlockCompressor,
    Blocks,
    BrokenChunk,
    Chains,
    ChunkPart,
    Picks,
    StoredBlocks,
    StoredChunks,
    can_pick,
    decode_blocks,
    decompress_blocks,
    find_blocks,
    find_chains,
    find_picks,
    pick,
    pick_from_each,
    put_together,
    room_before,
    runs,
    touched_blocks,
)

Bytes = NDArray[np.uint8]
BLOCK = 8192  # as Bitshuffle cuts chunks unless told otherwise
WORTH_A_THREAD = 1 << 20  # decoded bytes
_TABLE_BYTES = 64 << 20
_MANY_RUNS = 32
_LEAST_BLOCK = 64  # bytes: nobody writes smaller ones
_SMALL_PART = 32 << 10  # bytes that are as quickly had in new memory
_tables: Kept[Blocks] = Kept(_TABLE_BYTES)
_memory = threading.local()


@dataclass(frozen=True)
class Shuffled:
    """A chunk that is decompressed, its bits not yet put together: `planes` has as many bytes as the chunk."""

    planes: Bytes
    blocks: Blocks

    def values(self, layout: Layout) -> NDArray[Any]:
        """All elements, in new memory."""
        values = np.empty(layout.chunk or (), layout.dtype)
        put_together(self.planes, self.blocks, values)
        return values


@dataclass(frozen=True)
class _Chunk:
    """A stored chunk, the table of its blocks, and its bytes where they had to be read for that, behind some room."""

    source: Source
    stored: Stored
    blocks: Blocks
    memory: Bytes | None = None
    room: int = 0
    just_found: bool = False

    @property
    def compressor(self) -> BlockCompressor:
        found = self.source.layout.compressor
        assert found is not None  # noqa: S101 - asked before
        return found

    @property
    def bytes(self) -> Bytes | None:
        return self.memory[self.room :] if self.memory is not None else None


def read_part(source: Source, stored: Stored, part: ChunkPart, target: NDArray[Any], *, several: bool = False) -> None:
    """What `part` takes of the chunk that lies at `stored`, into `target`; in a `workspace`."""
    if stored.mask:
        raise NotPlain
    layout, chunk = source.layout, source.layout.chunk or ()
    if part.takes_all(chunk) and target.flags.c_contiguous:
        found = _open(source, stored, whole=True)
        _decode(found, [(0, len(found.blocks))], target.reshape(-1), several=several)
        return
    found = _open(source, stored)
    picks = _picks(part.inside, layout, found.blocks, every_block=False)
    if picks is not None:
        work = scratch(picks.scratch + picks.nbytes + picks.rest * layout.dtype.itemsize, np.dtype(np.uint8))
        planes = work[picks.scratch :]
        if _decompress(found, picks, planes):
            target[...] = pick(planes, picks, layout.dtype, work[: picks.scratch]).reshape(target.shape)
            return
        found = replace(found, memory=None)  # that memory may have been used for the attempt
    values = scratch(layout.nbytes, layout.dtype)
    _decode(found, _runs(part.inside, layout, found.blocks), values, several=several)
    target[...] = values.reshape(chunk)[part.inside]


def read_shuffled(source: Source, stored: Stored, part: ChunkPart, target: NDArray[Any]) -> Shuffled | None:
    """The same, and the decompressed chunk for who wants another part; None, with nothing read, where decoding is as quick."""
    if stored.mask:
        raise NotPlain
    layout = source.layout
    found = _open(source, stored)
    picks = _picks(part.inside, layout, found.blocks, every_block=True)
    planes = np.empty(layout.nbytes, np.uint8)
    if picks is None or not _decompress(found, picks, planes):
        return None
    work = scratch(picks.scratch, np.dtype(np.uint8))
    target[...] = pick(planes, picks, layout.dtype, work).reshape(target.shape)
    return Shuffled(planes, found.blocks)


@dataclass(frozen=True)
class Together:
    """Of several chunks: what was wanted (`values`) and all that they decompress to (`planes`), a row for each; one's blocks."""

    values: NDArray[Any]
    planes: Bytes
    blocks: Blocks


def read_together(source: Source, several: Sequence[Stored], part: ChunkPart) -> Together | None:
    """What `part` takes of each of several chunks; None, with nothing kept, where they are better read one by one."""
    layout = source.layout
    ends = list(accumulate((possible_size(layout, stored) for stored in several), initial=0))
    room = room_before(-(-layout.nbytes // _LEAST_BLOCK))
    memory = space().stored(room + ends[-1])
    places = [(room + begin, end - begin) for begin, end in pairwise(ends)]

    def chains_of(first: int, last: int) -> Chains | None:
        for stored, (begin, size) in zip(several[first:last], places[first:last], strict=True):
            fetch(source, stored, 0, memory[begin : begin + size])
        return find_chains(memory, places[:last], layout.nbytes, layout.dtype.itemsize)

    alone = chains_of(0, 1)  # nothing else is read where that is enough to know better
    picks = _picks(part.inside, layout, alone.blocks, every_block=True) if alone else None
    chains = chains_of(1, len(several)) if picks is not None else None
    if chains is None or picks is None or layout.compressor is None or room_before(len(chains.blocks)) > room:
        return None
    planes = np.empty((len(several), layout.nbytes), np.uint8)
    work = scratch(3 * len(several) * picks.places.size, np.dtype(np.uint8))
    values = pick_from_each(StoredChunks(memory, chains, layout.compressor), picks, planes, layout.dtype, work)
    return Together(values, planes, chains.blocks) if values is not None else None


def _open(source: Source, stored: Stored, *, whole: bool = False) -> _Chunk:
    """The table of a chunk's blocks; its bytes too where it isn't known, or where all are wanted."""
    blocks = _tables.get(_table_key(source.layout, stored))
    if blocks is not None and not whole:
        return _Chunk(source, stored, blocks)
    room = room_before(-(-source.layout.nbytes // BLOCK))
    memory = space().stored(room + possible_size(source.layout, stored))
    fetch(source, stored, 0, memory[room:])
    return _Chunk(source, stored, blocks_of(source, stored, memory[room:]), memory, room, just_found=blocks is None)


def _decompress(found: _Chunk, picks: Picks, planes: Bytes) -> bool:
    """The blocks of `picks` and the rest into `planes`; False where they have to be decoded otherwise."""
    blocks, room = found.blocks, room_before(len(picks.blocks))
    if found.memory is not None and found.room >= room:
        ready = StoredBlocks(found.memory[found.room - room :], 0, blocks, just_found=found.just_found)
    else:
        base, end = blocks.span(int(picks.blocks[0]), int(picks.blocks[-1]) + 1)
        ready = StoredBlocks(space().stored(room + end - base), base, blocks)
        fetch(found.source, found.stored, base, ready.memory[room:])
    if picks.rest:
        planes[picks.nbytes :] = ready.memory[picks.nbytes - planes.nbytes :]
    return decompress_blocks(ready, picks, planes[: picks.nbytes], found.compressor)


def _decode(found: _Chunk, needed: list[tuple[int, int]], values: NDArray[Any], *, several: bool) -> None:
    """Decode into `values` (a whole chunk, flat) these runs of blocks."""
    blocks, bytes_, base = found.blocks, found.bytes, 0
    if bytes_ is None and len(needed) > _MANY_RUNS:  # one read of what lies between costs less than many
        base, end = blocks.span(needed[0][0], needed[-1][1])
        bytes_ = space().stored(end - base)
        fetch(found.source, found.stored, base, bytes_)

    def decode(run: tuple[int, int]) -> None:
        begin, end = blocks.span(*run)
        if bytes_ is not None:
            piece: Bytes | bytes = bytes_[begin - base : end - base]
        else:
            piece = read_stored(found.source, found.stored, begin, end)
        low, high = blocks.part(*run)
        decode_blocks(piece, blocks, run, values[low:high], found.compressor)

    if several and bytes_ is not None and values.nbytes > 2 * WORTH_A_THREAD and len(needed) == 1:
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


def _picks(inside: Sequence[int | slice], layout: Layout, blocks: Blocks, *, every_block: bool) -> Picks | None:
    """Kept like the last answer of `_runs`."""
    if not can_pick():
        return None
    question = (inside, layout.chunk, blocks.block, blocks.itemsize, every_block)
    kept: tuple[Any, Picks | None] = getattr(_memory, "picks", (None, None))
    if kept[0] != question:
        kept = (question, find_picks(inside, layout.chunk or (), blocks, every_block=every_block))
        _memory.picks = kept
    return kept[1]


# --- stored bytes ----------------------------------------------------------------------------------------------------


def possible_size(layout: Layout, stored: Stored) -> int:
    if stored.size > 2 * layout.nbytes + 4096:
        raise BrokenChunk("the chunk is larger than it could be")
    return stored.size


def blocks_of(source: Source, stored: Stored, bytes_: Bytes) -> Blocks:
    """Where the blocks of a whole stored chunk lie, which is remembered."""
    layout = source.layout
    key = _table_key(layout, stored)
    blocks = _tables.get(key)
    if blocks is None:
        if stored.size == layout.nbytes and bytes(bytes_[:8]) != layout.nbytes.to_bytes(8, "big"):
            raise NotPlain  # chunks at the edge can be stored unfiltered without saying so
        blocks = find_blocks(bytes_.data, layout.nbytes, layout.dtype.itemsize)
        _tables.put(key, blocks, blocks.starts.nbytes)
    return blocks


def _table_key(layout: Layout, stored: Stored) -> tuple[Any, ...]:
    """Two arrays of a hostile file can share a chunk, but not its table of blocks."""
    return layout.identity, stored.offset, stored.size, layout.nbytes, layout.dtype.itemsize


def read_stored(source: Source, stored: Stored, begin: int, end: int) -> Bytes | bytes:
    """A part of a stored chunk; where it is large, in memory that the next call in this thread uses again."""
    if end - begin > _SMALL_PART:
        found = space().stored(end - begin)
        fetch(source, stored, begin, found)
        return found
    if (stored.offset or 0) + end > MAX_OFFSET:
        raise BrokenChunk("the chunk lies beyond every file")
    part = os.pread(source.descriptor, end - begin, (stored.offset or 0) + begin)
    if len(part) != end - begin:
        raise BrokenChunk("the file ends within a chunk")
    return part


def fetch(source: Source, stored: Stored, begin: int, into: Bytes) -> None:
    if (stored.offset or 0) + begin + into.nbytes > MAX_OFFSET:
        raise BrokenChunk("the chunk lies beyond every file")
    if os.preadv(source.descriptor, [into.data], (stored.offset or 0) + begin) != into.nbytes:
        raise BrokenChunk("the file ends within a chunk")
