"""Several Bitshuffle chunks at once: the rows are what was stored, and what isn't usual is left to others."""

from __future__ import annotations

from collections.abc import Callable
from itertools import accumulate

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.codecs.test_bitshuffle import COMPRESSORS, stored_chunk

from pandaas.codecs import (
    BlockCompressor,
    StoredChunks,
    find_chains,
    find_picks,
    pick_from_each,
    put_together,
    room_before,
)

BLOCKS = 32
ROOM = room_before(BLOCKS)


def in_memory(chunks: list[bytes]) -> tuple[np.ndarray, list[tuple[int, int]]]:
    """The chunks behind room, and where each lies."""
    ends = list(accumulate(map(len, chunks), initial=ROOM))
    return np.frombuffer(bytearray(ROOM) + b"".join(chunks), np.uint8).copy(), list(
        zip(ends, map(len, chunks), strict=False)
    )


def cubes(count: int, dtype: str, *, rows: int = 64) -> list[np.ndarray]:
    random = np.random.default_rng(count)
    return [random.integers(0, 99, (rows, 32)).astype(dtype) for _ in range(count)]


@given(
    count=st.integers(1, 5),
    dtype=st.sampled_from(["u1", "<u2", ">i4", "<f8"]),
    compressor=st.sampled_from(COMPRESSORS),
    inside=st.sampled_from([(slice(0, 64, 1), 5), (3, slice(0, 32, 1)), (slice(1, 60, 7), slice(0, 32, 9)), (63, 31)]),
)
def test_few_elements_of_each_chunk_and_later_all_of_it_are_what_was_stored(
    count: int, dtype: str, compressor: BlockCompressor, inside: tuple[int | slice, ...]
) -> None:
    values = cubes(count, dtype)
    memory, places = in_memory([stored_chunk(one, compressor, 64) for one in values])
    chains = find_chains(memory, places, values[0].nbytes, values[0].itemsize)
    assert chains is not None
    picks = find_picks(inside, values[0].shape, chains.blocks, every_block=True)
    assert picks is not None
    planes = np.empty((count, values[0].nbytes), np.uint8)
    work = np.empty(3 * count * picks.places.size, np.uint8)
    picked = pick_from_each(StoredChunks(memory, chains, compressor), picks, planes, values[0].dtype, work)
    assert picked is not None
    for one, found, chunk in zip(values, picked, planes, strict=True):
        np.testing.assert_array_equal(found, one[inside].reshape(-1))
        into = np.empty_like(one)
        put_together(chunk, chains.blocks, into)
        np.testing.assert_array_equal(into, one)


def other_block(chunk: bytes) -> bytes:
    return chunk[:8] + (128).to_bytes(4, "big") + chunk[12:]


def other_size(chunk: bytes) -> bytes:
    return (1024).to_bytes(8, "big") + chunk[8:]


def long_last_block(chunk: bytes) -> bytes:
    """Every block says that it is longer, which ends behind the chunk."""
    return chunk[:12] + (1 << 20).to_bytes(4, "big") + chunk[16:]


@pytest.mark.parametrize(
    "changed", [other_block, other_size, long_last_block, lambda chunk: chunk[:-1], lambda _: b"short"]
)
def test_chunks_that_are_not_alike_or_not_whole_are_read_one_by_one(changed: Callable[[bytes], bytes]) -> None:
    chunks = [stored_chunk(one, "lz4", 64) for one in cubes(3, "u1")]
    chunks[1] = changed(chunks[1])
    assert find_chains(*in_memory(chunks), 2048, 1) is None


def test_chunks_whose_last_block_is_shorter_are_read_one_by_one() -> None:
    chunks = [stored_chunk(one, "lz4", 64) for one in cubes(2, "u1", rows=63)]
    assert find_chains(*in_memory(chunks), 63 * 32, 1) is None


def test_places_beyond_the_memory_are_refused() -> None:
    memory, places = in_memory([stored_chunk(one, "lz4", 64) for one in cubes(2, "u1")])
    assert find_chains(memory, [places[0], (places[1][0], places[1][1] + 1)], 2048, 1) is None


def test_a_block_that_could_not_be_compressed_leaves_all_to_the_decoder() -> None:
    """c-blosc takes a block that is as long as what it holds for one that isn't compressed."""
    chunk = stored_chunk(cubes(1, "u1")[0], "lz4", 64)
    memory, places = in_memory([chunk])
    chains = find_chains(memory, places, 2048, 1)
    assert chains is not None
    chains.lengths[0, 7] = 64
    before = memory.copy()
    picks = find_picks((0, 0), (64, 32), chains.blocks, every_block=True)
    assert picks is not None
    planes, work = np.empty((1, 2048), np.uint8), np.empty(3 * picks.places.size, np.uint8)
    assert pick_from_each(StoredChunks(memory, chains, "lz4"), picks, planes, np.dtype("u1"), work) is None
    np.testing.assert_array_equal(memory, before)
