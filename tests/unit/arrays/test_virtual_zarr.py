"""zarr-python, opened on the virtual store, gives bit for bit what h5py gives."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import h5py
import hdf5plugin
import numpy as np
import pytest
import zarr
from hypothesis import given, settings
from hypothesis import strategies as st
from zarr.abc.store import ByteRequest
from zarr.core.buffer import Buffer, BufferPrototype, default_buffer_prototype
from zarr.storage import MemoryStore

from pandaas.arrays import Contents
from pandaas.arrays.links import Navigator, Permission
from pandaas.arrays.virtual_zarr import grid
from pandaas.arrays.virtual_zarr.keys import Key, parse_key
from pandaas.arrays.virtual_zarr.store import value_of
from pandaas.model import UnreadableFile

LIMIT = 1 << 28
FILTERS: dict[str, dict[str, Any]] = {
    "none": {},
    "gzip": {"compression": "gzip"},
    "shuffle gzip": {"compression": "gzip", "shuffle": True},
    "shuffle": {"shuffle": True},
    "fletcher": {"compression": "gzip", "fletcher32": True},
    "lzf": {"compression": "lzf"},
    "bitshuffle lz4": dict(hdf5plugin.Bitshuffle(cname="lz4")),
    "bitshuffle zstd": dict(hdf5plugin.Bitshuffle(cname="zstd")),
    "bitshuffle": dict(hdf5plugin.Bitshuffle(cname="none")),
    "lz4": dict(hdf5plugin.LZ4()),
    "shuffle lz4": {"shuffle": True, **hdf5plugin.LZ4()},
    "zstd": dict(hdf5plugin.Zstd()),
    "shuffle zstd": {"shuffle": True, **hdf5plugin.Zstd()},
    "blosc": dict(hdf5plugin.Blosc(cname="lz4", shuffle=hdf5plugin.Blosc.BITSHUFFLE)),
    "blosc zlib": dict(hdf5plugin.Blosc(cname="zlib", shuffle=hdf5plugin.Blosc.SHUFFLE)),
    "blosc2": dict(hdf5plugin.Blosc2()),
}
TYPES = [
    "|i1",
    "|u1",
    "<i2",
    ">u2",
    "<u4",
    ">i4",
    "<i8",
    "<u8",
    "<f2",
    "<f4",
    ">f4",
    "<f8",
    ">f8",
    "|b1",
    "<c8",
    "<c16",
]
AS_STORED = {
    "bitshuffle lz4",
    "bitshuffle zstd",
    "gzip",
    "shuffle gzip",
    "lz4",
    "shuffle lz4",
    "zstd",
    "shuffle zstd",
} | {
    "blosc",
    "blosc zlib",
    "none",
}


class Virtual(MemoryStore):
    """The store as zarr-python asks for it, without a network."""

    def __init__(self, navigator: Navigator) -> None:
        super().__init__(read_only=True)
        self.navigator = navigator
        self.sizes: dict[str, int] = {}

    async def get(
        self, key: str, prototype: BufferPrototype | None = None, byte_range: ByteRequest | None = None
    ) -> Buffer | None:
        parsed = parse_key(key)
        found = value_of(self.navigator, parsed, LIMIT) if parsed is not None else None
        if found is None:
            return None
        self.sizes[key] = len(found)
        return (prototype or default_buffer_prototype()).buffer.from_bytes(found)


@contextmanager
def store_of(fill: Callable[[h5py.File], Any]) -> Iterator[tuple[Virtual, h5py.File]]:
    file = h5py.File("scan.h5", "w", driver="core", backing_store=False)
    fill(file)
    contents = Contents(Path("/data/scan.h5"), "hdf5", file)
    try:
        yield Virtual(Navigator(contents, Permission())), file
    finally:
        contents.close()


def values_of(dtype: str, shape: tuple[int, ...], seed: int) -> np.ndarray[Any, Any]:
    """Few different values, odd ones among them."""
    rng = np.random.default_rng(seed)
    kind = np.dtype(dtype)
    if kind.kind == "b":
        return np.asarray(rng.integers(0, 2, shape), bool)
    if kind.kind in "iu":
        info = np.iinfo(kind)
        some = np.array([info.min, info.max, 0, 1, 7], kind)
    else:
        some = np.array([np.nan, np.inf, -np.inf, -0.0, 0.1], kind)
    return np.asarray(some[rng.integers(0, len(some), shape)])


def same(mine: Any, theirs: Any) -> bool:
    left, right = np.asarray(mine), np.asarray(theirs)
    return left.shape == right.shape and left.astype(right.dtype).tobytes() == right.tobytes()


@settings(max_examples=80, deadline=None)
@given(st.data())
def test_any_layout_type_and_filter_gives_what_h5py_gives(data: st.DataObject) -> None:
    shape = tuple(data.draw(st.lists(st.integers(0, 40), min_size=0, max_size=4)))
    dtype = data.draw(st.sampled_from(TYPES))
    chunked = bool(shape) and 0 not in shape and data.draw(st.booleans())
    options: dict[str, Any] = {}
    if chunked:
        options["chunks"] = tuple(data.draw(st.integers(1, length)) for length in shape)
        options.update(FILTERS[data.draw(st.sampled_from(sorted(FILTERS)))])
        if data.draw(st.booleans()):
            options["maxshape"] = (None, *shape[1:])
    seed = data.draw(st.integers(0, 99))
    written = data.draw(st.integers(0, max(0, shape[0] if shape else 0)))
    fill = values_of(dtype, (), seed)

    def put(file: h5py.File) -> None:
        dataset = file.create_dataset("entry/x", shape, dtype, fillvalue=fill if chunked else None, **options)
        values = values_of(dtype, shape, seed)
        if not chunked:
            dataset[...] = values
        elif written:
            dataset[:written] = values[:written]

    with pytest.MonkeyPatch.context() as patch, store_of(put) as (store, file):
        if data.draw(st.booleans()):
            patch.setattr(grid, "SMALLEST", 1)  # chunks of any size count as usable
        array = zarr.open_array(store, path="entry/x", mode="r")
        assert array.shape == shape
        assert array.dtype.newbyteorder("=") == np.dtype(dtype).newbyteorder("=")
        assert same(array[...], file["entry/x"][...])
        group = zarr.open_group(store, mode="r")
        assert same(group["entry/x"][...], file["entry/x"][...])


@pytest.mark.parametrize("filters", sorted(AS_STORED))
def test_stored_chunks_travel_as_they_are(filters: str) -> None:
    values = np.random.default_rng(1).poisson(0.3, (6, 250, 170)).astype("<u4")

    def put(file: h5py.File) -> None:
        file.create_dataset("x", data=values, chunks=(1, 250, 170), **FILTERS[filters])

    with store_of(put) as (store, file):
        array = zarr.open_array(store, path="x", mode="r")
        assert array.chunks == (1, 250, 170)
        assert same(array[3], values[3])
        stored = file["x"].id.get_chunk_info_by_coord((3, 0, 0)).size
        assert store.sizes["x/c/3/0/0"] <= stored + 300 + 8192  # Bitshuffle: the last block is kept as it is


def test_an_unwritten_chunk_is_absent_and_means_the_fill_value() -> None:
    def put(file: h5py.File) -> None:
        dataset = file.create_dataset(
            "x", (4, 200, 200), "<f4", chunks=(1, 200, 200), compression="gzip", fillvalue=np.nan
        )
        dataset[2] = 1

    with store_of(put) as (store, _):
        array = zarr.open_array(store, path="x", mode="r")
        assert np.isnan(array[1]).all()
        assert (array[2] == 1).all()
        assert set(store.sizes) & {"x/c/1/0/0", "x/c/2/0/0"} == {"x/c/2/0/0"}


def test_an_unusual_nan_keeps_its_bits() -> None:
    strange = np.array([0x7FC00123], "<u4").view("<f4")[0]

    def put(file: h5py.File) -> None:
        file.create_dataset("x", (8, 8192), "<f4", chunks=(8, 8192), fillvalue=strange)

    with store_of(put) as (store, _):
        array = zarr.open_array(store, path="x", mode="r")
        assert np.asarray(array[0, 0]).view("<u4") == 0x7FC00123


def test_chunks_whose_filters_were_left_out() -> None:
    values = np.random.default_rng(3).integers(0, 2**32, (2, 270, 270), np.uint32)

    def put(file: h5py.File) -> None:
        dataset = file.create_dataset("x", values.shape, "<u4", chunks=(1, 270, 270), shuffle=True, compression="gzip")
        dataset[0] = values[0]
        dataset.id.write_direct_chunk((1, 0, 0), values[1].tobytes(), filter_mask=3)

    with store_of(put) as (store, file):
        assert same(zarr.open_array(store, path="x", mode="r")[...], file["x"][...])
        assert same(file["x"][1], values[1])


def test_the_grid_of_what_is_in_one_piece_has_whole_frames_of_about_a_megabyte() -> None:
    def put(file: h5py.File) -> None:
        file.create_dataset("small_frames", (200, 128, 128), "<u2")
        file.create_dataset("frames", (20, 1024, 1024), "<u2")
        file.create_dataset("image", (4000, 3000), "<u2")
        file.create_dataset("tiny_chunks", (100_000,), "<f8", chunks=(1,), maxshape=(None,))
        file.create_dataset("one_chunk", (9000, 9000), "<u2", chunks=(9000, 9000), compression="gzip")

    with store_of(put) as (store, _):
        group = zarr.open_group(store, mode="r")
        assert {name: array.chunks for name, array in group.arrays()} == {
            "small_frames": (32, 128, 128),
            "frames": (1, 1024, 1024),
            "image": (174, 3000),
            "tiny_chunks": (131072,),
            "one_chunk": (58, 9000),
        }


def test_the_grid_does_not_change_while_an_array_grows() -> None:
    grids = []
    for length in (3, 4000):

        def put(file: h5py.File, length: int = length) -> None:
            file.create_dataset("x", (length, 8), "<f8", chunks=(1, 8), maxshape=(None, 8))

        with store_of(put) as (store, _):
            grids.append(zarr.open_array(store, path="x", mode="r").chunks)
    assert grids[0] == grids[1]


def test_text_comes_as_text_and_the_rest_is_left_out_with_the_reason() -> None:
    def put(file: h5py.File) -> None:
        file["e/title"] = "Größe"
        file["e/names"] = np.array([b"a", b"bc"], "S4")
        file["e/records"] = np.zeros(2, [("x", "<f4"), ("n", "<i8")])
        file["e/empty"] = h5py.Empty("f4")
        file["e/wide"] = np.linspace(0, 1, 4, dtype=np.longdouble)
        file["e/odd?name"] = 1
        file["e/type"] = np.dtype("<f4")
        file["e/again"] = file["e"]
        file["e/lost"] = h5py.SoftLink("/nowhere")
        file["e"].attrs["note"] = [1.5, np.nan]

    with store_of(put) as (store, _):
        group = zarr.open_group(store, path="e", mode="r")
        assert sorted(group) == ["names", "title"]
        assert group["title"][()] == "Größe"
        assert group["names"][...].tolist() == ["a", "bc"]
        assert sorted(group.attrs["not_in_zarr"]) == [
            "again", "empty", "lost", "odd?name", "records", "type", "wide"
        ]  # fmt: skip
        assert group.attrs["note"] == [1.5, None]
        assert all(isinstance(reason, str) for reason in group.attrs["not_in_zarr"].values())
        for path in ("/e/records", "/e/lost", "/e/odd?name", "/e/nothing"):
            assert value_of(store.navigator, Key("metadata", path), LIMIT) is None
            with pytest.raises(UnreadableFile):  # absent, it would mean the fill value
                value_of(store.navigator, Key("chunk", path, (0,)), LIMIT)


def test_axes_of_nxdata_name_the_dimensions() -> None:
    def put(file: h5py.File) -> None:
        group = file.create_group("e/data")
        group.attrs.update(NX_class="NXdata", signal="counts", axes=["y", "tof"])
        group["counts"] = np.zeros((3, 4))
        group["counts_errors"] = np.zeros((3, 4))
        group["y"] = np.arange(3.0)
        group["tof"] = np.arange(5.0)
        group["other"] = np.zeros((3, 4))

    with store_of(put) as (store, _):
        found = {
            name: array.metadata.dimension_names
            for name, array in zarr.open_group(store, path="e/data", mode="r").arrays()
        }
        assert found == {
            "counts": ("y", "tof_bin"),
            "counts_errors": ("y", "tof_bin"),
            "y": ("y",),
            "tof": ("tof",),
            "other": ("other_0", "other_1"),
        }
        assert zarr.open_array(store, path="e/data/counts", mode="r").metadata.dimension_names == ("y", "tof_bin")


def test_axes_and_errors_as_nxcansas_names_them() -> None:
    def put(file: h5py.File) -> None:
        group = file.create_group("sas")
        group.attrs.update(NX_class="NXdata", canSAS_class="SASdata", signal="I", I_axes="Q")
        for name in ("I", "Idev", "Q", "shadow"):
            group[name] = np.arange(5.0)
        group["I"].attrs["uncertainties"] = "Idev"

    with store_of(put) as (store, _):
        found = {
            name: array.metadata.dimension_names
            for name, array in zarr.open_group(store, path="sas", mode="r").arrays()
        }
        assert found == {"I": ("Q",), "Idev": ("Q",), "Q": ("Q",), "shadow": ("shadow_0",)}


def test_an_image_has_levels_of_means_without_sentinels() -> None:
    image = np.arange(1100 * 1300, dtype="<u4").reshape(1100, 1300) % 1000
    image[:2, :2] = [[2**32 - 1, 2**32 - 1], [4, 6]]
    image[2:4, :2] = 2**32 - 1

    def put(file: h5py.File) -> None:
        file.create_dataset("e/x", data=np.stack([image, image]), chunks=(1, 1100, 1300), **FILTERS["bitshuffle lz4"])

    with store_of(put) as (store, _):
        assert zarr.open_array(store, path="e/x", mode="r").attrs["ome_zarr"] == "x.ome.zarr"
        group = zarr.open_group(store, path="e/x.ome.zarr", mode="r")
        scales = group.attrs["ome"]["multiscales"][0]["datasets"]
        assert [level["path"] for level in scales] == ["0", "1", "2"]
        assert [group[name].shape for name in "012"] == [(2, 1100, 1300), (2, 550, 650), (2, 275, 325)]
        assert {group[name].dtype for name in "012"} == {np.dtype("<u4")}
        window = group.attrs["ome"]["omero"]["channels"][0]["window"]
        assert (window["min"], window["max"]) == (0, 999)
        assert window["start"] < window["end"] <= 999
        assert same(group["0"][1], image)
        level = group["1"][1]
        assert (level[0, 0], level[1, 0]) == (5, 2**32 - 1)
        assert same(level[5, 7], np.rint(image[10:12, 14:16].mean()).astype("<u4"))


def test_a_damaged_chunk_is_said_to_be_damaged() -> None:
    def put(file: h5py.File) -> None:
        dataset = file.create_dataset("x", (1, 200, 200), "<u4", chunks=(1, 200, 200), **FILTERS["bitshuffle lz4"])
        dataset.id.write_direct_chunk((0, 0, 0), b"\0" * 500)

    with store_of(put) as (store, _), pytest.raises(UnreadableFile, match="decoded"):
        value_of(store.navigator, Key("chunk", "/x", (0, 0, 0)), LIMIT)


@pytest.mark.parametrize(
    "key",
    [
        *("", "/zarr.json", "a//zarr.json", "../zarr.json", "a/../zarr.json", "c/-1", "c/1.5", "x/c/01"),
        *("x/c/" + "9" * 40, ".zgroup", "x", "x/c/0/", "x\0/zarr.json", "x/zarr.json/"),
        *("a/" * 3000 + "zarr.json", "c" + "/0" * 40),
    ],
)
def test_what_is_no_key(key: str) -> None:
    assert parse_key(key) is None


def test_keys_of_arrays_that_are_called_c() -> None:
    assert parse_key("c/c/0/c/1/2") == Key("chunk", "/c/c/0", (1, 2))
    assert parse_key("a b/c") == Key("chunk", "/a b", ())
    assert parse_key("zarr.json") == Key("metadata", "/")


@settings(max_examples=300, deadline=None)
@given(st.text(st.sampled_from("ec/0129x.zarrjson-"), max_size=30))
def test_any_key_is_answered_or_absent(key: str) -> None:
    def put(file: h5py.File) -> None:
        file["e/c/0"] = np.arange(3)
        file["x"] = 1.0

    with store_of(put) as (store, _):
        parsed = parse_key(key)
        try:
            found = value_of(store.navigator, parsed, LIMIT) if parsed is not None else None
        except UnreadableFile:
            found = None
        if found is not None and key.endswith("zarr.json"):
            assert json.loads(found)["zarr_format"] == 3
