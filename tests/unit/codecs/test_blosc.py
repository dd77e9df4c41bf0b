"""Frames made of HDF5's chunks decode, in numcodecs' Blosc, to what HDF5 stored."""

from __future__ import annotations

import io
from typing import Any

import h5py
import hdf5plugin
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numcodecs import blosc

from pandaas.codecs import BrokenChunk
from pandaas.codecs.blosc import (
    NotFramed,
    frame_of_bitshuffle,
    frame_of_lz4,
    frame_of_stream,
    frame_of_values,
    frame_size,
)


def stored(values: np.ndarray[Any, Any], **filters: Any) -> bytes:
    with h5py.File(io.BytesIO(), "w") as file:
        dataset = file.create_dataset("x", data=values, chunks=values.shape, **filters)
        mask, chunk = dataset.id.read_direct_chunk((0,) * values.ndim)
        assert mask == 0
        return bytes(chunk)


def counts(dtype: str, size: int, seed: int = 0) -> np.ndarray[Any, Any]:
    return np.random.default_rng(seed).poisson(3, size).astype(dtype)


@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from(["u1", "<u2", ">u2", "<u4", "<f4", "<f8"]), st.integers(1, 6000), st.sampled_from(["lz4", "zstd"])
)
def test_bitshuffle_of_any_length(dtype: str, size: int, compressor: Any) -> None:
    values = counts(dtype, size)
    noise = np.frombuffer(np.random.default_rng(size).bytes(values.nbytes), dtype)  # can't be compressed
    for data in (values, noise):
        chunk = stored(data, **hdf5plugin.Bitshuffle(cname=compressor))
        try:
            frame = frame_of_bitshuffle(chunk, data.nbytes, data.itemsize, compressor)
        except NotFramed:
            continue
        assert blosc.decompress(frame) == data.tobytes()
        assert frame_size(frame) == data.nbytes


def test_an_eiger_frame() -> None:
    """2167 × 2070 pixels: a last block that is no multiple of eight."""
    values = counts("<u4", 2167 * 2070)
    chunk = stored(values, **hdf5plugin.Bitshuffle(cname="lz4"))
    frame = frame_of_bitshuffle(chunk, values.nbytes, 4, "lz4")
    assert blosc.decompress(frame) == values.tobytes()
    assert len(frame) < len(chunk) * 1.02


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(["u1", "<i2", "<f4", ">f8", "<c8"]), st.integers(1, 4000), st.booleans())
def test_deflate_lz4_and_zstandard_with_and_without_shuffle(dtype: str, size: int, shuffled: bool) -> None:
    values = counts(dtype, size)
    shuffle = {"shuffle": True} if shuffled else {}
    packed = stored(values, compression="gzip", **shuffle)
    if len(packed) != values.nbytes:
        frame = frame_of_stream(packed, values.nbytes, values.itemsize, "zlib", shuffled=shuffled)
        assert blosc.decompress(frame) == values.tobytes()
    packed = stored(values, **shuffle, **hdf5plugin.Zstd())
    if len(packed) != values.nbytes:
        frame = frame_of_stream(packed, values.nbytes, values.itemsize, "zstd", shuffled=shuffled)
        assert blosc.decompress(frame) == values.tobytes()
    frame = frame_of_lz4(
        stored(values, **shuffle, **hdf5plugin.LZ4()), values.nbytes, values.itemsize, shuffled=shuffled
    )
    assert blosc.decompress(frame) == values.tobytes()


def test_lz4_in_several_blocks() -> None:
    values = counts("<u2", 10_000)
    chunk = stored(values, **hdf5plugin.LZ4(nbytes=4096))
    assert blosc.decompress(frame_of_lz4(chunk, values.nbytes, 2, shuffled=False)) == values.tobytes()
    with pytest.raises(NotFramed):
        frame_of_lz4(chunk, values.nbytes, 2, shuffled=True)


def test_values_as_they_are() -> None:
    values = counts("<u2", 77)
    assert blosc.decompress(frame_of_values(values.tobytes(), 2)) == values.tobytes()


def test_a_stream_as_long_as_its_values_is_not_framed() -> None:
    with pytest.raises(NotFramed):
        frame_of_stream(bytes(64), 64, 1, "zlib", shuffled=False)


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=300), st.integers(1, 4096))
def test_garbage_is_refused_or_framed_but_never_more(junk: bytes, nbytes: int) -> None:
    for make in (
        lambda: frame_of_bitshuffle(junk, nbytes, 1, "lz4"),
        lambda: frame_of_lz4(junk, nbytes, 1, shuffled=False),
        lambda: frame_of_lz4(nbytes.to_bytes(8, "big") + b"\0\0\0\x10" + junk, nbytes, 1, shuffled=False),
        lambda: frame_of_stream(junk, nbytes, 1, "zlib", shuffled=False),
    ):
        try:
            frame = make()
        except (BrokenChunk, NotFramed):
            continue
        assert len(frame) <= 24 + 9 * len(junk) + nbytes
    assert frame_size(junk) in (None, int.from_bytes(junk[4:8], "little"))
