"""8,000 damaged chunks per decoder, a million with PANDAAS_TEST_FULL=1: an error or values, never a byte outside their buffers.

A stray access ends the whole test process.
"""

from __future__ import annotations

import numpy as np
import pytest
from tests.unit.codecs.test_bitshuffle import COMPRESSORS, stored_chunk
from tests.unit.codecs.test_chains import ROOM, cubes, in_memory
from tests.unit.codecs.test_filters import WAYS, chunk

from pandaas.codecs import (
    BlockCompressor,
    BrokenChunk,
    StoredBlocks,
    StoredChunks,
    UnknownChunk,
    decode_blocks,
    decode_filters,
    decompress_blocks,
    find_blocks,
    find_chains,
    find_picks,
    pick_from_each,
    room_before,
)
from pandaas.codecs.filters import LZ4
from pandaas.testing.guarded import FUZZ_INPUTS, Guarded


@pytest.mark.parametrize("compressor", COMPRESSORS)
@pytest.mark.timeout(0)
def test_damaged_blocks_never_leave_their_buffers(compressor: BlockCompressor) -> None:
    random = np.random.default_rng(7)
    values = random.integers(0, 50, 203).astype("u2")
    original = np.frombuffer(stored_chunk(values, compressor, 64), np.uint8)
    source, target = Guarded(original.size + 64), Guarded(values.nbytes)
    into = np.frombuffer(target.last(values.nbytes), values.dtype)
    decoded = 0
    for _ in range(FUZZ_INPUTS):
        length = original.size + int(random.integers(-40, 40)) if random.random() < 0.2 else original.size
        stored = source.last(length)
        mutated = np.frombuffer(stored, np.uint8)
        mutated[: original.size] = original[:length]
        places = random.integers(12, length, random.integers(1, 4))
        mutated[places] = random.integers(0, 256, places.size)
        try:
            blocks = find_blocks(stored, values.nbytes, values.itemsize)
            begin, end = blocks.span(0, len(blocks))
            decode_blocks(stored[begin:end], blocks, (0, len(blocks)), into, compressor)
        except BrokenChunk:
            continue
        decoded += 1
    assert decoded > FUZZ_INPUTS // 100  # most mutations inside a block still decode to something


@pytest.mark.parametrize("compressor", COMPRESSORS)
@pytest.mark.timeout(0)
def test_damaged_planes_never_leave_their_buffers(compressor: BlockCompressor) -> None:
    random = np.random.default_rng(13)
    values = random.integers(0, 50, 1603).astype("u2")
    original = np.frombuffer(stored_chunk(values, compressor, 64), np.uint8)
    first = find_blocks(original.data, values.nbytes, 2)
    picks = find_picks((slice(3, 1603, 64),), values.shape, first)
    assert picks is not None
    assert len(picks.blocks) < len(first) + 1
    room = room_before(len(picks.blocks))
    source, target = Guarded(room + original.size + 64), Guarded(picks.nbytes)
    into = np.frombuffer(target.last(picks.nbytes), np.uint8)
    decoded = 0
    for _ in range(FUZZ_INPUTS):
        length = original.size + int(random.integers(-40, 40)) if random.random() < 0.2 else original.size
        memory = np.frombuffer(source.last(room + length), np.uint8)
        mutated = memory[room:]
        mutated[: original.size] = original[:length]
        places = random.integers(12, length, random.integers(1, 4))
        mutated[places] = random.integers(0, 256, places.size)
        try:
            blocks = find_blocks(mutated.data, values.nbytes, values.itemsize)
            done = decompress_blocks(StoredBlocks(memory, 0, blocks), picks, into, compressor)
        except BrokenChunk:
            continue
        decoded += done
    assert decoded > FUZZ_INPUTS // 100  # most mutations inside a block still decompress to something


@pytest.mark.parametrize("compressor", COMPRESSORS)
@pytest.mark.timeout(0)
def test_several_damaged_chunks_never_leave_their_buffers(compressor: BlockCompressor) -> None:
    random = np.random.default_rng(17)
    original, places = in_memory([stored_chunk(one, compressor, 64) for one in cubes(3, "u1")])
    first = find_chains(original, places, 2048, 1)
    assert first is not None
    picks = find_picks((slice(0, 64, 1), 5), (64, 32), first.blocks, every_block=True)
    assert picks is not None
    source, target = Guarded(original.size), Guarded(3 * 2048)
    memory = np.frombuffer(source.last(original.size), np.uint8)
    planes = np.frombuffer(target.last(3 * 2048), np.uint8).reshape(3, 2048)
    work = np.empty(3 * 3 * picks.places.size, np.uint8)
    decoded = 0
    for _ in range(FUZZ_INPUTS):
        memory[:] = original
        at = random.integers(ROOM + 12, original.size, random.integers(1, 4))
        memory[at] = random.integers(0, 256, at.size)
        chains = find_chains(memory, places, 2048, 1)
        if chains is None:
            continue
        try:
            done = pick_from_each(StoredChunks(memory, chains, compressor), picks, planes, np.dtype("u1"), work)
        except BrokenChunk:
            continue
        decoded += done is not None
    assert decoded > FUZZ_INPUTS // 100


FUZZED = [
    "zarr lz4",
    "zarr gzip",
    "zarr blosc",
    "lz4",
    "lz4 in blocks",
    "zstd",
    "lzf",
    *(way for way in WAYS if way.startswith("blosc")),
]


@pytest.mark.parametrize("way", FUZZED)
@pytest.mark.timeout(0)
def test_damaged_chunks_of_any_filter_never_leave_their_buffers(way: str) -> None:
    random = np.random.default_rng(11)
    few = 5 if "blosc" in way else 50
    values = random.integers(0, few, 40_001 if "many" in way else 203).astype("u2")
    original, pipeline = chunk(values, way)
    first = 16 if pipeline[0].code == LZ4 else 0
    source, target = Guarded(len(original) + 64), Guarded(values.nbytes)
    into = np.frombuffer(target.last(values.nbytes), values.dtype)
    scratch = np.empty(values.nbytes, np.uint8)
    decoded = 0
    for _ in range(FUZZ_INPUTS):
        length = len(original) + int(random.integers(-40, 40)) if random.random() < 0.2 else len(original)
        stored = source.last(length)
        mutated = np.frombuffer(stored, np.uint8)
        mutated[: len(original)] = np.frombuffer(original, np.uint8)[:length]
        end = length if random.random() < 0.5 else min(length, first + 80)  # heads and tables matter most
        places = random.integers(first, end, random.integers(1, 4))
        mutated[places] = random.integers(0, 256, places.size)
        try:
            decode_filters(stored, pipeline, 0, into, scratch)
        except (BrokenChunk, UnknownChunk):
            continue
        decoded += 1
    assert decoded > FUZZ_INPUTS // 1000
