"""Values read without libhdf5 are what libhdf5 gives."""

from __future__ import annotations

import itertools
import operator
import os
import zlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import h5py
import hdf5plugin
import numpy as np
import pytest
from h5py import h5d, h5p, h5s, h5t
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from pandaas.arrays import blockwise, crew, direct
from pandaas.arrays.layout import INDEX_DTYPE, Layout, Source, Stored, index_from_bytes
from pandaas.arrays.plain import plain, read_plain
from pandaas.codecs import BrokenChunk, parse_selection
from pandaas.codecs.filters import BITSHUFFLE, Filter

Make = Callable[..., h5py.Dataset]
TIMES = itertools.count(10**18)
DTYPES = ("u1", "<u2", ">u2", "<i4", ">i4", "<u4", "<i8", "<f4", ">f8", "<f8")


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """A dataset `d` in a file of its own, opened again for reading."""

    def one(
        values: np.ndarray, *, name: str = "f.h5", fill: Callable[[h5py.File], None] | None = None, **how: Any
    ) -> Any:
        options = {"chunks": tuple(max(1, n // 2) for n in values.shape), **hdf5plugin.Bitshuffle(nelems=16), **how}
        userblock = options.pop("userblock_size", 0)
        with h5py.File(tmp_path / name, "w", userblock_size=userblock) as file:
            file.create_dataset("d", data=values, **options)
            if fill:
                fill(file)
        at = next(TIMES)
        os.utime(tmp_path / name, ns=(at, at))  # at rest for long, and never in the same state twice
        return h5py.File(tmp_path / name, "r")["d"]

    return one


def read(dataset: h5py.Dataset, text: str | None) -> np.ndarray | None:
    """What the direct way gives, or None where it leaves the dataset to libhdf5."""
    selection = parse_selection(text, dataset.shape)
    items, _ = selection.ascending()
    into = np.empty(selection.shape, dataset.dtype)
    return into if read_plain(dataset, items, into) else None


WAYS: dict[str, dict[str, Any]] = {
    "in one piece": {"chunks": None},
    "in chunks": {},
    "gzip": {"compression": "gzip"},
    "shuffle and gzip": {"compression": "gzip", "shuffle": True},
    "lz4": dict(hdf5plugin.LZ4()),
    "lzf": {"compression": "lzf"},
    "blosc": dict(hdf5plugin.Blosc("lz4", 5, hdf5plugin.Blosc.SHUFFLE)),
    "blosc2": dict(hdf5plugin.Blosc2("zstd", 5, hdf5plugin.Blosc2.BITSHUFFLE)),
    "shuffle and zstd": {"shuffle": True, **hdf5plugin.Zstd()},
    "bitshuffle lz4, small blocks": dict(hdf5plugin.Bitshuffle(nelems=8, cname="lz4")),
    "bitshuffle lz4": dict(hdf5plugin.Bitshuffle(nelems=0, cname="lz4")),
    "bitshuffle zstd": dict(hdf5plugin.Bitshuffle(nelems=16, cname="zstd")),
}


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], deadline=None, max_examples=120
)  # eight selections each
@given(data=st.data())
def test_any_selection_of_any_layout_is_what_h5py_gives(make: Make, data: st.DataObject) -> None:
    shape = data.draw(hnp.array_shapes(min_dims=1, max_dims=4, min_side=1, max_side=12))
    values = np.random.default_rng(1).integers(0, 99, shape).astype(data.draw(st.sampled_from(DTYPES)))
    way = WAYS[data.draw(st.sampled_from(sorted(WAYS)))]
    plain = {"compression": None, "compression_opts": None, "shuffle": None}
    dataset = make(values, **(plain | {"chunks": tuple(data.draw(st.integers(1, length)) for length in shape)} | way))
    with dataset.file:
        for _ in range(8):
            items = tuple(
                data.draw(
                    st.integers(0, n - 1) | st.builds(slice, st.integers(0, n), st.integers(0, n), st.integers(1, 3))
                )
                for n in shape
            )
            expected = np.asarray(dataset[items])
            into = np.empty(expected.shape, dataset.dtype)
            done = read_plain(dataset, tuple(_bounded(i, n) for i, n in zip(items, shape, strict=True)), into)
            assert done == bool(expected.size) or _looks_unfiltered(dataset)
            if done:
                np.testing.assert_array_equal(into, expected)


NUMBERS = [("I16LE", 12, 0), ("U16BE", 12, 2), ("U8LE", 3, 0), ("I32BE", 17, 5), ("U64LE", 40, 0)]


@pytest.mark.parametrize(("kind", "bits", "first"), NUMBERS)
def test_numbers_of_odd_sizes_are_unpacked(tmp_path: Path, kind: str, bits: int, first: int) -> None:
    """As libhdf5 packs and unpacks them, a sign included."""
    stored = getattr(h5t, f"STD_{kind}").copy()
    stored.set_precision(bits)
    stored.set_offset(first)
    creation = h5p.create(h5p.DATASET_CREATE)
    creation.set_chunk((4, 5))
    creation.set_filter(5, 0, ())
    low = -(1 << bits - 1) if kind[0] == "I" else 0
    values = np.random.default_rng(5).integers(low, low + (1 << bits), (10, 11))
    with h5py.File(tmp_path / "n.h5", "w") as file:
        dataset = h5py.Dataset(h5d.create(file.id, b"d", stored, h5s.create_simple(values.shape), creation))
        dataset[...] = values.astype(dataset.dtype)
    with h5py.File(tmp_path / "n.h5") as file:
        found = read(file["d"], "1:9,::2")
        assert found is not None
        np.testing.assert_array_equal(found, values[1:9, ::2])
        np.testing.assert_array_equal(found, file["d"][1:9, ::2])


@pytest.mark.parametrize("way", ["gzip", "shuffle and zstd", "bitshuffle lz4"])
def test_the_next_slice_through_the_same_chunks_reads_nothing(
    make: Make, way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    values = np.random.default_rng(2).integers(0, 99, (20, 20, 20)).astype("<u2")
    filters = {"compression": None, "compression_opts": None} | WAYS[way]
    with make(values, chunks=(10, 10, 10), **filters).file as file:
        assert read(file["d"], ":,3,:") is not None

        def refused(*_: object) -> None:
            raise AssertionError("the file was read")

        monkeypatch.setattr(os, "pread", refused)
        monkeypatch.setattr(os, "preadv", refused)
        for text, expected in ((":,4,:", values[:, 4]), ("2,:9,::3", values[2, :9, ::3]), ("5,6,7", values[5, 6, 7])):
            np.testing.assert_array_equal(read(file["d"], text), expected)


@pytest.mark.parametrize("compressor", ["lz4", "zstd"])
@pytest.mark.parametrize("dtype", ["u1", "<u2", ">i4", "<f8"])
def test_little_of_many_blocks_is_what_h5py_gives(
    make: Make, dtype: str, compressor: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Blocks are only decompressed at first; at the second slice through a chunk all of it is put together and kept."""
    done = counted(monkeypatch, "pick"), counted(monkeypatch, "put_together")
    values = np.random.default_rng(5).integers(0, 9, (23, 15, 70)).astype(dtype)
    with make(values, chunks=(12, 8, 41), **hdf5plugin.Bitshuffle(nelems=128, cname=compressor)).file as file:
        dataset = file["d"]
        for text in (":,4,:", ":,:,7", ":,:,40", "11,7,:", ":,7,40", "3::7,::5,1:70:43", ":,3,:", ":,14,:", ":,:,69"):
            expected = np.asarray(dataset[parse_selection(text, values.shape).items])
            np.testing.assert_array_equal(read(dataset, text), expected)
    assert len(done[0]) == len(done[1]) == 8


@pytest.mark.parametrize("compressor", ["lz4", "zstd"])
@pytest.mark.parametrize("dtype", ["u1", ">i4"])
def test_a_slice_through_many_cubes_is_what_h5py_gives(
    make: Make, dtype: str, compressor: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Chunks of which the same part is wanted are read together, those at the edge and one never written too."""
    done = counted(monkeypatch, "pick_from_each")
    values = np.random.default_rng(5).integers(0, 9, (30, 40, 50)).astype(dtype)
    how = {"chunks": (8, 16, 16), **hdf5plugin.Bitshuffle(nelems=64, cname=compressor)}
    with make(values, **how).file as file:
        for text in (":,4,:", ":,:,7", "5,:,:", ":,17,:", ":,:,49", "::3,20,::5"):
            expected = np.asarray(file["d"][parse_selection(text, values.shape).items])
            np.testing.assert_array_equal(read(file["d"], text), expected)
    assert done


def test_a_damaged_chunk_among_others_is_an_error(make: Make, tmp_path: Path) -> None:
    values = np.random.default_rng(5).integers(0, 9, (32, 32, 32)).astype("u1")
    dataset = make(values, chunks=(8, 16, 16), **hdf5plugin.Bitshuffle(nelems=64))
    at = dataset.id.get_chunk_info(1).byte_offset
    dataset.file.close()
    with (tmp_path / "f.h5").open("r+b") as stream:
        stream.seek(at + 12)
        stream.write(b"\xff" * 64)
    with h5py.File(tmp_path / "f.h5", "r") as file, pytest.raises(BrokenChunk):
        read(file["d"], ":,4,:")


def test_a_column_across_a_stack_is_what_h5py_gives(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each chunk is one image; the last two pixels of each are stored as they are."""
    monkeypatch.setattr(direct, "_LARGEST_KEPT", 0)
    done = counted(monkeypatch, "pick")
    values = np.random.default_rng(6).integers(0, 9999, (4, 67, 62)).astype("<u4")
    with make(values, chunks=(1, 67, 62), **hdf5plugin.Bitshuffle(nelems=64)).file as file:
        for column in (0, 17, 59, 60, 61):
            for _ in range(2):  # the table of blocks is known then
                np.testing.assert_array_equal(read(file["d"], f":,:,{column}"), values[:, :, column])
        np.testing.assert_array_equal(read(file["d"], ":,30:67,60:62"), values[:, 30:, 60:])
    assert len(done) == 11 * 4


def counted(monkeypatch: pytest.MonkeyPatch, name: str) -> list[None]:
    """Grows by one each time this function is called for a chunk."""
    calls: list[None] = []
    function = getattr(blockwise, name)

    def counting(*arguments: Any) -> Any:
        calls.append(None)
        return function(*arguments)

    monkeypatch.setattr(blockwise, name, counting)
    return calls


def test_chunks_of_a_file_that_is_being_written_are_read_anew(make: Make) -> None:
    values = np.zeros((20, 20), "<u2")
    dataset = make(values, chunks=(10, 20), compression="gzip", compression_opts=None)
    path = Path(dataset.file.filename)
    dataset.file.close()
    os.utime(path)
    state = path.stat()
    for number in (1, 2):
        with h5py.File(path, "r+") as file:
            file["d"][...] = number
        os.utime(path, ns=(state.st_atime_ns, state.st_mtime_ns))  # as within one tick of the clock
        with h5py.File(path) as file:
            np.testing.assert_array_equal(read(file["d"], ":,3"), np.full(20, number))


def test_what_only_blosc2_can_decode_is_left_to_libhdf5(make: Make) -> None:
    dataset = make(np.arange(4000, dtype="<i4"), **hdf5plugin.Blosc2("lz4", 5, hdf5plugin.Blosc2.DELTA))
    assert read(dataset, None) is None


def _looks_unfiltered(dataset: h5py.Dataset) -> bool:
    """A filtered chunk over the edge that is as long as its values: only libhdf5 knows whether it was filtered."""
    if not dataset.chunks or not dataset.id.get_create_plist().get_nfilters():
        return False
    nbytes = int(np.prod(dataset.chunks)) * dataset.dtype.itemsize
    chunks = [dataset.id.get_chunk_info(number) for number in range(dataset.id.get_num_chunks())]
    return any(
        chunk.size == nbytes
        and any(map(operator.gt, map(operator.add, chunk.chunk_offset, dataset.chunks), dataset.shape))
        for chunk in chunks
    )


@pytest.mark.parametrize("near", [1, 64, 1 << 20])
@pytest.mark.parametrize("span", [8, 1 << 20])
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=40)
@given(data=st.data())
def test_pieces_are_read_right_however_they_are_cut(
    make: Make, monkeypatch: pytest.MonkeyPatch, near: int, span: int, data: st.DataObject
) -> None:
    monkeypatch.setattr(direct, "_NEAR", near)
    monkeypatch.setattr(direct, "_SPAN", span)
    shape = data.draw(hnp.array_shapes(min_dims=1, max_dims=4, min_side=1, max_side=9))
    values = np.arange(np.prod(shape), dtype="<u2").reshape(shape)
    items = tuple(
        data.draw(st.integers(0, n - 1) | st.builds(slice, st.integers(0, n), st.just(n), st.integers(1, 3)))
        for n in shape
    )
    dataset = make(values, chunks=None, compression=None, compression_opts=None)
    with dataset.file:
        into = np.empty(values[items].shape, values.dtype)
        if into.size:
            assert read_plain(dataset, tuple(_bounded(i, n) for i, n in zip(items, shape, strict=True)), into)
        np.testing.assert_array_equal(into, values[items])


def _bounded(item: int | slice, length: int) -> int | slice:
    return item if isinstance(item, int) else slice(*item.indices(length))


def test_a_chunk_that_was_never_written_holds_the_fill_value(make: Make) -> None:
    def sparse(file: h5py.File) -> None:
        dataset = file.create_dataset(
            "e", (40, 8), "i4", chunks=(4, 8), fillvalue=-7, **hdf5plugin.Bitshuffle(nelems=16)
        )
        dataset[8:12] = 3

    dataset = make(np.zeros(4), fill=sparse).file["e"]
    found = read(dataset, None)
    assert found is not None
    np.testing.assert_array_equal(found, dataset[...])
    assert found[0, 0] == -7


def test_many_chunks_are_found_in_the_whole_index(make: Make) -> None:
    values = np.arange(3 * 400, dtype="u4").reshape(400, 3)
    dataset = make(values, chunks=(1, 3))
    np.testing.assert_array_equal(read(dataset, ":,1"), values[:, 1])
    np.testing.assert_array_equal(read(dataset, "7,:"), values[7])


def test_an_unfiltered_chunk_among_filtered_ones_is_left_to_libhdf5(make: Make) -> None:
    values = np.arange(64, dtype="u4").reshape(8, 8)

    def skip_filter(file: h5py.File) -> None:
        file["d"].id.write_direct_chunk((0, 0), values[:4, :4].copy().tobytes(), filter_mask=1)

    dataset = make(values, chunks=(4, 4), fill=skip_filter)
    assert read(dataset, None) is None
    np.testing.assert_array_equal(dataset[...], values)
    np.testing.assert_array_equal(read(dataset, "4:,:"), values[4:])


def test_a_user_block_moves_nothing(make: Make) -> None:
    values = np.arange(640, dtype="u2").reshape(10, 64)
    np.testing.assert_array_equal(read(make(values, userblock_size=1024), "3,5:50:3"), values[3, 5:50:3])


@pytest.mark.parametrize("how", [{"fletcher32": True}, {"scaleoffset": 0}, dict(hdf5plugin.BZip2())])
def test_other_filters_are_left_to_libhdf5(make: Make, how: dict[str, Any]) -> None:
    plain = {"compression": None, "compression_opts": None, "chunks": (4, 4)}
    assert read(make(np.zeros((8, 8), "u4"), **(plain | how)), None) is None


def test_virtual_arrays_and_those_in_files_of_their_own_are_left_to_libhdf5(make: Make, tmp_path: Path) -> None:
    def others(file: h5py.File) -> None:
        file["c"] = np.arange(8)
        layout = h5py.VirtualLayout((8,), "i8")
        layout[:] = h5py.VirtualSource(file["c"])
        file.create_virtual_dataset("v", layout)
        file.create_dataset("x", (8,), "i8", external=[(str(tmp_path / "raw"), 0, 64)])

    file = make(np.zeros(8), fill=others).file
    assert read(file["v"], None) is None
    assert read(file["x"], None) is None


def test_an_array_in_one_piece_that_was_never_written_holds_the_fill_value(make: Make) -> None:
    dataset = make(np.zeros(4), fill=lambda file: file.create_dataset("e", (3, 5), "f4", fillvalue=-7)).file["e"]
    np.testing.assert_array_equal(read(dataset, "1:"), np.full((2, 5), -7, "f4"))


def test_edge_chunks_stored_unfiltered_are_left_to_libhdf5(tmp_path: Path) -> None:
    creation = h5p.create(h5p.DATASET_CREATE)
    creation.set_chunk((6,))
    creation.set_deflate(4)
    with h5py.File(tmp_path / "e.h5", "w", libver="latest") as file:
        h5d.create(file.id, b"d", h5t.STD_I64LE, h5s.create_simple((8,)), creation)
        file["d"].id.write_direct_chunk((0,), zlib.compress(np.arange(6, dtype="<i8").tobytes()))
        file["d"].id.write_direct_chunk((6,), np.arange(6, 12, dtype="<i8").tobytes())
        assert read(file["d"], None) is None
        np.testing.assert_array_equal(read(file["d"], ":6"), np.arange(6))


def test_a_file_cut_within_its_values_is_an_error(make: Make, tmp_path: Path) -> None:
    dataset = make(np.arange(10_000), chunks=None, compression=None, compression_opts=None)
    with dataset.file:
        os.truncate(tmp_path / "f.h5", 8000)
        with pytest.raises(BrokenChunk):
            read(dataset, None)


def test_large_chunks_are_decoded_by_several_threads(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (direct, blockwise):
        monkeypatch.setattr(module, "WORTH_A_THREAD", 1)
    monkeypatch.setattr(direct, "_WORTH_HANDING_OVER", 1)
    for module in (blockwise, crew):
        monkeypatch.setattr(module, "threads", lambda: 3)
    values = np.arange(4 * 64 * 64, dtype="<u4").reshape(4, 64, 64)
    dataset = make(values, chunks=(1, 64, 64))
    np.testing.assert_array_equal(read(dataset, None), values)
    np.testing.assert_array_equal(read(dataset, "2,:,:"), values[2])


def test_a_damaged_chunk_ends_the_work_of_all_threads(
    make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (direct, blockwise):
        monkeypatch.setattr(module, "WORTH_A_THREAD", 1)
    monkeypatch.setattr(direct, "_WORTH_HANDING_OVER", 1)
    values = np.random.default_rng(3).integers(0, 9999, (8, 64)).astype("u4")
    dataset = make(values, chunks=(1, 64))
    at = dataset.id.get_chunk_info(5).byte_offset
    dataset.file.close()
    with (tmp_path / "f.h5").open("r+b") as stream:
        stream.seek(at + 12)
        stream.write(b"\xff" * 64)
    with h5py.File(tmp_path / "f.h5", "r") as file, pytest.raises(BrokenChunk):
        read(file["d"], None)


def test_numbers_of_odd_width_are_left_to_libhdf5(tmp_path: Path) -> None:
    kind = h5t.STD_U16LE.copy()
    kind.set_precision(12)
    creation = h5p.create(h5p.DATASET_CREATE)
    creation.set_chunk((8,))
    creation.set_filter(BITSHUFFLE, 0, (0, 2))
    with h5py.File(tmp_path / "n.h5", "w") as file:
        h5d.create(file.id, b"d", kind, h5s.create_simple((8,)), creation)
        file["d"][...] = np.arange(8)
        assert read(file["d"], None) is None


@pytest.mark.parametrize("kept", [0, 40])
def test_a_damaged_chunk_is_an_error_and_no_crash(make: Make, tmp_path: Path, kept: int) -> None:
    values = np.random.default_rng(3).integers(0, 9999, (4, 64)).astype("u4")
    dataset = make(values, chunks=(4, 64))
    at = dataset.id.get_chunk_info(0).byte_offset
    dataset.file.close()
    with (tmp_path / "f.h5").open("r+b") as stream:
        stream.seek(at + 12 + kept)
        stream.write(b"\xff" * 64)
    with h5py.File(tmp_path / "f.h5", "r") as file, pytest.raises(BrokenChunk):
        read(file["d"], None)


def test_a_file_written_anew_is_read_anew(make: Make) -> None:
    first, second = np.full((4, 64), 1, "u4"), np.full((4, 64), 2, "u4")
    before = make(first)
    np.testing.assert_array_equal(read(before, "1,:"), first[1])
    before.file.close()
    np.testing.assert_array_equal(read(make(second), "1,:"), second[1])


def test_a_slice_across_a_stack_decodes_only_the_blocks_it_touches(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    values = np.arange(5 * 64 * 64, dtype="u4").reshape(5, 64, 64)
    dataset = make(values, chunks=(1, 64, 64), **hdf5plugin.Bitshuffle(nelems=64))
    decoded: list[int] = []
    whole = blockwise.decode_blocks

    def counting(stored: Any, blocks: Any, run: tuple[int, int], into: Any, compressor: Any) -> None:
        decoded.append(run[1] - run[0])
        whole(stored, blocks, run, into, compressor)

    monkeypatch.setattr(blockwise, "decode_blocks", counting)
    np.testing.assert_array_equal(read(dataset, ":,10,:"), values[:, 10])
    assert decoded == [1] * 5  # of 64 blocks each


def test_two_arrays_that_share_a_chunk_share_no_table_of_blocks(tmp_path: Path) -> None:
    """A hostile file can lay a chunk of small elements over one of large ones."""
    file = tmp_path / "f.h5"
    with h5py.File(file, "w") as made:
        options = hdf5plugin.Bitshuffle(nelems=32)
        made.create_dataset("d", data=np.arange(640, dtype="<u8"), chunks=(640,), **options)
    with h5py.File(file) as opened:
        found = plain(opened["d"])
        assert found is not None
        stored = found.source(1).finder.find((0,))
        large = Source(found.descriptor, found.layout, One(stored))
        values = np.empty(10, "<u8")
        direct.read_values(large, [slice(0, 10)], values)
        direct.read_values(large, [slice(0, 10)], values)
        layout = replace(
            found.layout, dtype=np.dtype("u1"), filters=(Filter(BITSHUFFLE, (0, 4, 1, 32, 2)),), fill=b"\0"
        )
        with pytest.raises(BrokenChunk, match="head"):
            direct.read_values(Source(found.descriptor, layout, One(stored)), [slice(0, 10)], np.empty(10, "u1"))


@dataclass(frozen=True)
class One:
    stored: Stored

    def find(self, start: tuple[int, ...]) -> Stored:
        return self.stored


def test_an_index_that_points_beyond_every_file_is_refused() -> None:
    layout = Layout((1, 1, 1, 1), 0, (4,), np.dtype("u1"), (4,), None, (), b"\0")
    cells = np.zeros(1, INDEX_DTYPE)
    cells[0] = (1 << 63, 4, 0)
    with pytest.raises(ValueError, match="beyond"):
        index_from_bytes(layout, cells.tobytes())


@pytest.mark.parametrize("chunk", [None, (4,)])
def test_values_beyond_every_file_are_an_error(tmp_path: Path, chunk: tuple[int, ...] | None) -> None:
    layout = Layout((1, 1, 1, 1), 0, (1 << 62,), np.dtype("<f8"), chunk, 0, (), bytes(8))
    file = tmp_path / "f"
    file.touch()
    with file.open("rb") as opened:
        source = Source(opened.fileno(), layout, One(Stored(1 << 63, 32, 0)))
        with pytest.raises(BrokenChunk, match="beyond"):
            direct.read_values(source, [slice((1 << 62) - 4, 1 << 62)], np.empty(4, "<f8"))


def test_a_compressed_chunk_beyond_every_file_is_an_error(tmp_path: Path) -> None:
    layout = Layout((1, 1, 1, 1), 0, (4,), np.dtype("<f8"), (4,), None, (Filter(1, (4,)),), bytes(8))
    file = tmp_path / "f"
    file.touch()
    with file.open("rb") as opened:
        source = Source(opened.fileno(), layout, One(Stored(1 << 63, 30, 0)))
        with pytest.raises(BrokenChunk, match="beyond"):
            direct.read_values(source, [slice(0, 4)], np.empty(4, "<f8"))
