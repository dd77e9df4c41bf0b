"""Few elements of many Bitshuffle blocks: what is picked is what was stored, and damaged bytes are an error, never a crash."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.codecs.test_bitshuffle import COMPRESSORS, stored_chunk

from pandaas.codecs import (
    BlockCompressor,
    BrokenChunk,
    Picks,
    StoredBlocks,
    decompress_blocks,
    encode_chunk,
    find_blocks,
    find_picks,
    pick,
    put_together,
    room_before,
)


def picked(
    stored: bytes, values: np.ndarray, inside: tuple[int | slice, ...], compressor: BlockCompressor
) -> np.ndarray:
    """The selected elements of a chunk by way of its planes."""
    blocks = find_blocks(stored, values.nbytes, values.itemsize)
    picks = find_picks(inside, values.shape, blocks)
    assert picks is not None
    base, end = blocks.span(int(picks.blocks[0]), int(picks.blocks[-1]) + 1)
    memory = with_room(stored[base:end], picks)
    planes = np.empty(picks.nbytes + picks.rest * values.itemsize, np.uint8)
    planes[picks.nbytes :] = memory[memory.nbytes - picks.rest * values.itemsize :]
    assert decompress_blocks(StoredBlocks(memory, base, blocks), picks, planes[: picks.nbytes], compressor)
    return pick(planes, picks, values.dtype, np.empty(picks.scratch, np.uint8))


def with_room(stored: bytes | memoryview, picks: Picks) -> np.ndarray:
    return np.frombuffer(bytearray(room_before(len(picks.blocks))) + stored, np.uint8).copy()


@given(
    rows=st.integers(30, 60),
    columns=st.integers(70, 150),
    dtype=st.sampled_from(["u1", "<u2", ">i4", "<f8"]),
    compressor=st.sampled_from(COMPRESSORS),
    data=st.data(),
)
def test_any_few_elements_are_what_was_stored(
    rows: int, columns: int, dtype: str, compressor: BlockCompressor, data: st.DataObject
) -> None:
    values = np.random.default_rng(rows * columns).integers(0, 99, (rows, columns)).astype(dtype)
    stored = stored_chunk(values, compressor, 64)
    low = data.draw(st.integers(0, columns - 2))
    column = data.draw(st.sampled_from([low, columns - 1]) | st.just(slice(low, low + 2, 1)))
    inside = (slice(0, rows, 1), column)
    np.testing.assert_array_equal(picked(stored, values, inside, compressor), values[inside].reshape(-1))


@given(
    count=st.integers(200, 700), dtype=st.sampled_from(["u1", "<u2", "<f8"]), compressor=st.sampled_from(COMPRESSORS)
)
def test_all_blocks_put_together_are_the_chunk(count: int, dtype: str, compressor: BlockCompressor) -> None:
    values = np.random.default_rng(count).integers(0, 99, count).astype(dtype)
    stored = stored_chunk(values, compressor, 8)
    blocks = find_blocks(stored, values.nbytes, values.itemsize)
    picks = find_picks((slice(0, 3, 1),), values.shape, blocks, every_block=True)
    assert picks is not None
    planes = np.empty(values.nbytes, np.uint8)
    planes[picks.nbytes :] = np.frombuffer(stored, np.uint8)[int(blocks.starts[-1]) :]
    assert decompress_blocks(
        StoredBlocks(with_room(stored, picks), 0, blocks), picks, planes[: picks.nbytes], compressor
    )
    into = np.empty_like(values)
    put_together(planes, blocks, into)
    np.testing.assert_array_equal(into, values)


def test_a_block_as_long_as_what_it_holds_is_decoded_otherwise() -> None:
    """LZ4 of 64 such bytes takes 66; one byte that is repeated at the end makes it shorter, until it takes 64."""
    random = np.random.default_rng(0)
    for _ in range(2000):
        values = random.integers(0, 256, 64 * 32).astype("u1")
        values[random.integers(0, 64 * 32)] = 0
        values.reshape(32, 64)[:, : random.integers(1, 40)] = 7
        stored = stored_chunk(values, "lz4", 64)
        blocks = find_blocks(stored, values.nbytes, 1)
        picks = find_picks((slice(0, 2048, 64),), values.shape, blocks)
        assert picks is not None
        if (np.diff(blocks.starts.astype(int)) - 4 == 64).any():
            break
    else:
        pytest.fail("no such block was made")
    memory = with_room(stored, picks)
    before = memory.copy()
    assert not decompress_blocks(StoredBlocks(memory, 0, blocks), picks, np.empty(picks.nbytes, np.uint8), "lz4")
    np.testing.assert_array_equal(memory, before)


def test_hardly_fewer_elements_than_there_are_and_few_blocks_are_left_to_the_decoder() -> None:
    blocks = find_blocks(encode_chunk(np.zeros(1 << 20, "u1"), "lz4"), 1 << 20, 1)
    assert find_picks((slice(0, 1 << 20, 2),), (1 << 20,), blocks) is None
    assert find_picks((slice(0, 1 << 20, 9),), (1 << 20,), blocks) is None  # nearly every group of eight
    assert find_picks((5,), (1 << 20,), blocks) is None


@pytest.mark.parametrize("width", [64, 32])
def test_places_to_remember_are_few(width: int) -> None:
    """A strip of an image that is selected by itself, and one whose groups of eight pixels are."""
    blocks = find_blocks(encode_chunk(np.zeros((2000, 1000), "<u4"), "lz4"), 8_000_000, 4)
    assert find_picks((slice(0, 2000, 1), slice(4, 4 + width, 1)), (2000, 1000), blocks) is None
    found = find_picks((slice(0, 2000, 1), 4), (2000, 1000), blocks)
    assert found is not None
    assert found.places.size == 2000 * 8 * 4


def test_lengths_that_changed_since_the_blocks_were_found_reach_no_decoder(monkeypatch: pytest.MonkeyPatch) -> None:
    values = np.arange(2048, dtype="<u4")
    stored = stored_chunk(values, "lz4", 32)
    blocks = find_blocks(stored, values.nbytes, 4)
    picks = find_picks((slice(0, 2048, 64),), values.shape, blocks)
    assert picks is not None
    memory = with_room(stored, picks)
    memory[room_before(len(picks.blocks)) + int(blocks.starts[picks.blocks[3]])] ^= 1
    monkeypatch.setattr("pandaas.codecs.planes.blosc_library", lambda: pytest.fail("the decoder was asked"))
    with pytest.raises(BrokenChunk, match="other lengths"):
        decompress_blocks(StoredBlocks(memory, 0, blocks), picks, np.empty(picks.nbytes, np.uint8), "lz4")
