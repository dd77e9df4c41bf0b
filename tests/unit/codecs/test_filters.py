"""Chunks through HDF5's filters give what libhdf5 gives, and damaged bytes are an error, never a crash."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import h5py
import hdf5plugin
import numcodecs
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pandaas.codecs import BrokenChunk, Filter, UnknownChunk, can_decode, decode_filters
from pandaas.codecs.filters import BLOSC, CHECKSUM, GZIP, GZIP_MEMBER, LZ4, SHUFFLE, SIZED_LZ4, ZSTD


def _blosc(name: str) -> dict[str, Any]:
    return dict(hdf5plugin.Blosc(name, 5, hdf5plugin.Blosc.SHUFFLE))


def _blosc2(name: str, shuffle: int = hdf5plugin.Blosc2.SHUFFLE) -> dict[str, Any]:
    return dict(hdf5plugin.Blosc2(name, 5, shuffle))


WAYS: dict[str, Callable[[], dict[str, Any]]] = {
    "none": dict,
    "shuffle": lambda: {"shuffle": True},
    "gzip": lambda: {"compression": "gzip"},
    "shuffle and gzip": lambda: {"compression": "gzip", "shuffle": True},
    "lz4": hdf5plugin.LZ4,
    "lz4 in blocks": lambda: dict(hdf5plugin.LZ4(nbytes=64)),
    "shuffle and lz4": lambda: {"shuffle": True, **hdf5plugin.LZ4()},
    "zstd": hdf5plugin.Zstd,
    "shuffle and zstd": lambda: {"shuffle": True, **hdf5plugin.Zstd()},
    "lzf": lambda: {"compression": "lzf"},
    "shuffle and lzf": lambda: {"compression": "lzf", "shuffle": True},
    **{f"blosc {name}": partial(_blosc, name) for name in ("blosclz", "lz4", "lz4hc", "zlib", "zstd")},
    "blosc bitshuffle": lambda: dict(hdf5plugin.Blosc("lz4", 5, hdf5plugin.Blosc.BITSHUFFLE)),
    "blosc many blocks": lambda: dict(hdf5plugin.Blosc("lz4", 1, hdf5plugin.Blosc.SHUFFLE)),
    "blosc without shuffle": lambda: dict(hdf5plugin.Blosc("zstd", 5, hdf5plugin.Blosc.NOSHUFFLE)),
    **{f"blosc2 {name}": partial(_blosc2, name) for name in ("blosclz", "lz4", "lz4hc", "zlib", "zstd")},
    "blosc2 bitshuffle": partial(_blosc2, "lz4", hdf5plugin.Blosc2.BITSHUFFLE),
    "blosc2 many blocks": lambda: dict(hdf5plugin.Blosc2("lz4", 1, hdf5plugin.Blosc2.SHUFFLE)),
    "blosc2 without shuffle": partial(_blosc2, "zstd", hdf5plugin.Blosc2.NOFILTER),
}


ZARR: dict[str, tuple[Callable[[np.ndarray], bytes], list[Filter]]] = {
    "zarr lz4": (lambda values: bytes(numcodecs.LZ4().encode(values)), [Filter(SIZED_LZ4)]),
    "zarr gzip": (lambda values: bytes(numcodecs.GZip().encode(values)), [Filter(GZIP_MEMBER)]),
    "zarr blosc": (lambda values: bytes(numcodecs.Blosc("lz4").encode(values)), [Filter(BLOSC)]),
    "zarr zstd and checksum": (
        lambda values: bytes(numcodecs.CRC32C(location="end").encode(numcodecs.Zstd().encode(values))),
        [Filter(ZSTD), Filter(CHECKSUM)],
    ),
}
EVERY = [*WAYS, *ZARR]


def chunk(values: np.ndarray, way: str) -> tuple[bytes, list[Filter]]:
    """What libhdf5 stores for `values` as one chunk, or Zarr, and the filters that it went through."""
    if way in ZARR:
        return ZARR[way][0](values), ZARR[way][1]
    with h5py.File("chunk", "w", driver="core", backing_store=False) as file:
        dataset = file.create_dataset("d", data=values, chunks=values.shape, **WAYS[way]())
        creation = dataset.id.get_create_plist()
        found = [creation.get_filter(number) for number in range(creation.get_nfilters())]
        mask, stored = dataset.id.read_direct_chunk((0,) * values.ndim)
    done = [step for number, step in enumerate(found) if not mask >> number & 1]
    return bytes(stored), [Filter(code, tuple(numbers)) for code, _, numbers, _ in done]


def decode(stored: bytes | memoryview, pipeline: list[Filter], like: np.ndarray, mask: int = 0) -> np.ndarray:
    into = np.empty_like(like)
    decode_filters(stored, pipeline, mask, into, np.empty(like.nbytes, np.uint8))
    return into


@pytest.mark.parametrize("way", EVERY)
@given(count=st.integers(1, 400), dtype=st.sampled_from(["u1", "<u2", ">i4", "<f4", ">f8"]))
def test_a_chunk_decodes_to_what_was_written(way: str, count: int, dtype: str) -> None:
    values = np.random.default_rng(count).integers(0, 9, count).astype(dtype)
    stored, pipeline = chunk(values, way)
    assert can_decode(pipeline, values.itemsize)
    np.testing.assert_array_equal(decode(stored, pipeline, values), values)


def test_filters_left_out_when_writing_are_left_out_when_reading() -> None:
    values = np.arange(64, dtype="<u4")
    pipeline = [Filter(SHUFFLE, (4,)), Filter(GZIP, (4,))]
    np.testing.assert_array_equal(decode(values.tobytes(), pipeline, values, mask=0b11), values)
    shuffled = values.view("u1").reshape(-1, 4).T.tobytes()
    np.testing.assert_array_equal(decode(shuffled, pipeline, values, mask=0b10), values)


@pytest.mark.parametrize(
    "pipeline",
    [
        [Filter(3)],
        [Filter(5, (1, 2))],
        [Filter(GZIP), Filter(GZIP)],
        [Filter(GZIP), Filter(SHUFFLE, (4,))],
        [Filter(SHUFFLE, (2,)), Filter(GZIP)],
        [Filter(32013)],
        [Filter(5, (8, 1, 10, 1, 4, 0, 12, 0))],
        [Filter(5, (8, 0, 10, 1, 4, 0, 12, 0)), Filter(GZIP)],
    ],
)
def test_other_pipelines_are_not_claimed(pipeline: list[Filter]) -> None:
    assert not can_decode(pipeline, 4)


@pytest.mark.parametrize("way", [way for way in EVERY if way != "none"])
@pytest.mark.parametrize("kept", [0, 1, 11, -1])
def test_a_cut_chunk_is_broken(way: str, kept: int) -> None:
    values = np.arange(100, dtype="<u4")
    stored, pipeline = chunk(values, way)
    with pytest.raises(BrokenChunk):
        decode(stored[:kept], pipeline, values)


@pytest.mark.parametrize("way", ["gzip", "lz4", "zstd"])
def test_a_chunk_that_decodes_to_more_than_it_should_is_broken(way: str) -> None:
    stored, pipeline = chunk(np.zeros(1_000_000, "u1"), way)
    assert len(stored) < 10_000
    with pytest.raises(BrokenChunk):
        decode(stored, pipeline, np.zeros(1000, "u1"))


def test_a_block_size_of_nothing_is_broken() -> None:
    stored = (400).to_bytes(8, "big") + bytes(4) + bytes(400)
    with pytest.raises(BrokenChunk):
        decode(stored, [Filter(LZ4)], np.zeros(100, "u4"))


@pytest.mark.parametrize(
    ("place", "value"),
    [
        (0, b"\x05"),
        (3, b"\0"),
        (4, b"\xff\xff\xff\x7f"),
        (8, b"\0\0\0\0"),
        (8, b"\x01\0\0\0"),
        (8, b"\xff\xff\xff\xff"),
        (12, b"\x10\0\0\0"),
        (16, b"\0\0\0\0"),
        (16, b"\xff\xff\xff\x7f"),
    ],
)
def test_a_blosc_frame_that_lies_of_its_blocks_is_broken(place: int, value: bytes) -> None:
    values = np.arange(40_000, dtype="<u2")
    stored, pipeline = chunk(values, "blosc many blocks")
    changed = stored[:place] + value + stored[place + len(value) :]
    with pytest.raises(BrokenChunk, match=r"head doesn't fit|no possible size|table of blocks|a block lies"):
        decode(changed, pipeline, values)


BOXES = st.lists(st.integers(1, 9), min_size=2, max_size=4).map(tuple) | st.sampled_from([(300, 700), (3, 257, 130)])


@pytest.mark.parametrize("name", ["blosclz", "zstd"])
@pytest.mark.parametrize("shuffle", [hdf5plugin.Blosc2.SHUFFLE, hdf5plugin.Blosc2.BITSHUFFLE])
@settings(max_examples=15)
@given(shape=BOXES, dtype=st.sampled_from(["u1", ">u2", "<f4", "<f8"]), most=st.sampled_from([1, 2, 250]))
def test_boxes_inside_a_blosc2_chunk_are_put_together(
    name: str, shuffle: int, shape: tuple[int, ...], dtype: str, most: int
) -> None:
    values = np.random.default_rng(len(shape)).integers(0, most, shape).astype(dtype)
    WAYS["boxes"] = partial(_blosc2, name, shuffle)
    stored, pipeline = chunk(values, "boxes")
    del WAYS["boxes"]
    np.testing.assert_array_equal(decode(stored, pipeline, values), values)


def test_a_blosc2_chunk_with_a_filter_not_known_here_is_no_damage() -> None:
    values = np.arange(5000, dtype="<i4")
    WAYS["delta"] = partial(_blosc2, "lz4", hdf5plugin.Blosc2.DELTA)
    stored, pipeline = chunk(values, "delta")
    del WAYS["delta"]
    with pytest.raises(UnknownChunk):
        decode(stored, pipeline, values)


@settings(max_examples=60)
@given(kind=st.sampled_from(["<u8", ">i8"]), bits=st.integers(1, 57), length=st.integers(0, 100))
def test_packed_bits_come_back(kind: str, bits: int, length: int) -> None:
    numbers = np.random.default_rng(bits).integers(0, 1 << bits, length)
    digits = "".join(f"{number:0{bits}b}" for number in numbers)
    packed = np.packbits(np.frombuffer(digits.encode(), np.uint8) - ord("0")).tobytes()
    signed = np.where(numbers >> (bits - 1) & 1, numbers - (1 << bits), numbers)
    into = np.empty(length, kind)
    decode_filters(packed, [Filter(5, (8, 0, length, 1, 8, 0, bits, 0))], 0, into, np.empty(0, np.uint8))
    np.testing.assert_array_equal(into, signed if kind == ">i8" else numbers)


@pytest.mark.parametrize("length", [0, 149, 152])
def test_packed_bits_of_another_length_are_broken(length: int) -> None:
    with pytest.raises(BrokenChunk):
        decode(bytes(length), [Filter(5, (8, 0, 100, 1, 2, 0, 12, 0))], np.empty(100, "<u2"))


def test_a_chunk_of_more_blocks_than_anybody_writes_is_broken() -> None:
    stored = (1 << 22).to_bytes(8, "big") + (1).to_bytes(4, "big") + bytes(1 << 22)
    with pytest.raises(BrokenChunk, match="head"):
        decode(stored, [Filter(LZ4)], np.zeros(1 << 22, "u1"))
