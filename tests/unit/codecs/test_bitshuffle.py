"""Blocks of Bitshuffle chunks: what is decoded is what was stored, and damaged bytes are an error, never a crash."""

from __future__ import annotations

from collections.abc import Callable

import h5py
import hdf5plugin
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from pandaas.codecs import BlockCompressor, BrokenChunk, decode_blocks, decode_chunk, encode_chunk, find_blocks

Compress = Callable[[np.ndarray, BlockCompressor, int], bytes]
COMPRESSORS: tuple[BlockCompressor, ...] = ("lz4", "zstd")


def stored_chunk(values: np.ndarray, compressor: BlockCompressor, block: int) -> bytes:
    """The bytes that hdf5plugin's filter writes for `values` as one chunk."""
    with h5py.File("chunk", "w", driver="core", backing_store=False) as file:
        options = hdf5plugin.Bitshuffle(nelems=block, cname=compressor)
        dataset = file.create_dataset("d", data=values, chunks=values.shape, **options)
        return bytes(dataset.id.read_direct_chunk((0,) * values.ndim)[1])


@given(
    count=st.integers(1, 500),
    dtype=st.sampled_from(["u1", "<u2", ">i4", "<f8"]),
    compressor=st.sampled_from(COMPRESSORS),
    data=st.data(),
)
def test_any_run_of_blocks_decodes_to_its_elements(
    count: int, dtype: str, compressor: BlockCompressor, data: st.DataObject
) -> None:
    values = np.random.default_rng(count).integers(0, 9, count).astype(dtype)
    stored = stored_chunk(values, compressor, 32)
    blocks = find_blocks(stored, values.nbytes, values.itemsize)
    first = data.draw(st.integers(0, len(blocks)))
    last = data.draw(st.integers(first, len(blocks)))
    begin, end = blocks.span(first, last)
    low, high = blocks.part(first, last)
    into = np.empty(high - low, dtype)
    decode_blocks(stored[begin:end], blocks, (first, last), into, compressor)
    np.testing.assert_array_equal(into, values[low:high])


@pytest.mark.parametrize("kept", [0, 5, 11, 12, 15, 40, -1])
def test_a_cut_chunk_is_broken(kept: int) -> None:
    values = np.arange(100, dtype="u4")
    stored = stored_chunk(values, "lz4", 32)
    with pytest.raises(BrokenChunk):
        find_blocks(stored[:kept], values.nbytes, 4)


@pytest.mark.parametrize(("nbytes", "itemsize"), [(404, 4), (401, 4), (400, 32)])
def test_a_head_that_says_otherwise_is_refused(nbytes: int, itemsize: int) -> None:
    stored = stored_chunk(np.arange(100, dtype="u4"), "lz4", 32)
    with pytest.raises(BrokenChunk):
        find_blocks(stored, nbytes, itemsize)


def test_a_chain_that_promises_gigabytes_is_refused() -> None:
    stored = bytearray(stored_chunk(np.arange(100, dtype="u4"), "lz4", 32))
    stored[12:16] = b"\xff\xff\xff\xff"
    with pytest.raises(BrokenChunk):
        find_blocks(bytes(stored), 400, 4)


@pytest.mark.parametrize("compressor", COMPRESSORS)
def test_blocks_are_not_decoded_into_smaller_elements(compressor: BlockCompressor) -> None:
    stored = stored_chunk(np.arange(64, dtype="<u8"), compressor, 32)
    blocks = find_blocks(stored, 512, 8)
    begin, end = blocks.span(0, 2)
    with pytest.raises(BrokenChunk):
        decode_blocks(stored[begin:end], blocks, (0, 2), np.empty(64, "u1"), compressor)


@pytest.mark.parametrize("compressor", COMPRESSORS)
@pytest.mark.parametrize("block", [0, 1])
def test_lengths_that_changed_since_the_blocks_were_found_reach_no_decoder(
    compressor: BlockCompressor, block: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    stored = stored_chunk(np.arange(64, dtype="<u8"), compressor, 32)
    blocks = find_blocks(stored, 512, 8)
    begin, end = blocks.span(0, 2)
    damaged = bytearray(stored[begin:end])
    at = int(blocks.starts[block]) - begin
    damaged[at : at + 4] = (1 << 20).to_bytes(4, "big")
    monkeypatch.setattr("pandaas.codecs.bitshuffle.bitshuffle_library", lambda: pytest.fail("the decoder was asked"))
    with pytest.raises(BrokenChunk):
        decode_blocks(bytes(damaged), blocks, (0, 2), np.empty(64, "<u8"), compressor)


@given(
    values=hnp.arrays(st.sampled_from(["u1", "<u2", "<f4", "<f8"]), hnp.array_shapes(max_dims=3, max_side=40)),
    compressor=st.sampled_from(COMPRESSORS),
)
def test_what_is_made_into_a_chunk_decodes_to_the_same(values: np.ndarray, compressor: BlockCompressor) -> None:
    stored = encode_chunk(values, compressor)
    assert decode_chunk(stored, values.shape, values.dtype, compressor).tobytes() == values.tobytes()
