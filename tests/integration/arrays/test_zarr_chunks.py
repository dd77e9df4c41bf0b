"""Zarr chunks without a reader process: the same bits as the library gives, whatever the files say."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numcodecs
import numpy as np
import pytest
import zarr
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from zarr.codecs import BloscCodec, BytesCodec, Crc32cCodec, GzipCodec, ShardingCodec, TransposeCodec, ZstdCodec

from pandaas.arrays import ArrayService
from pandaas.config import load_settings
from pandaas.model import ANONYMOUS, DatasetFiles, PandaasError, Principal, UnreadableFile

pytestmark = pytest.mark.integration
VALUES = np.random.default_rng(3).integers(0, 60, (5, 40, 50)).astype("u2")
SECOND: dict[str, dict[str, Any]] = {
    "none": {"compressors": None},
    **{
        codec.codec_id: {"compressors": codec}
        for codec in (numcodecs.Blosc("zstd"), numcodecs.Zstd(), numcodecs.GZip(), numcodecs.Zlib(), numcodecs.LZ4())
    },
    "columns first": {"order": "F"},
    "shuffle": {"filters": [numcodecs.Shuffle(2)], "compressors": numcodecs.Zlib()},
    "big-endian": {"dtype": ">u2", "chunk_key_encoding": {"name": "v2", "separator": "/"}},
}
THIRD: dict[str, dict[str, Any]] = {
    "none": {"compressors": None, "fill_value": 7},
    "blosc": {"compressors": BloscCodec(cname="lz4", shuffle="bitshuffle")},
    "gzip": {"compressors": GzipCodec()},
    "zstd and checksum": {"compressors": [ZstdCodec(), Crc32cCodec()]},
    "checksum alone": {"compressors": Crc32cCodec()},
    "turned": {"filters": TransposeCodec(order=(2, 0, 1))},
    "big-endian": {"serializer": BytesCodec(endian="big")},
    "dots": {"chunk_key_encoding": {"name": "default", "separator": "."}},
    "shards": {"chunks": (1, 10, 25), "shards": (2, 20, 50)},
    "shards that are not compressed": {"chunks": (1, 10, 25), "shards": (2, 20, 50), "compressors": None},
    "shards with the table first": {
        "serializer": ShardingCodec(
            chunk_shape=(1, 5, 25), index_codecs=[BytesCodec()], index_location="start", codecs=[BytesCodec()]
        ),
        "compressors": None,
    },
}
WAYS = [(2, name) for name in SECOND] + [(3, name) for name in THIRD]


class _Files:
    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def files(self, principal: Principal, pid: str) -> DatasetFiles:
        return DatasetFiles(pid, 1, self.folder / pid, "", "/", frozenset({self.folder / pid}))

    def may_read_path(self, principal: Principal, path: Path) -> bool:
        return False


def make(store: Path, version: Any, way: str, values: np.ndarray = VALUES) -> Any:
    """A store of one array `data`; what lies in its last plane was never written."""
    more = {"chunks": (2, 15, 25), "dtype": "u2"} | (SECOND if version == 2 else THIRD)[way]
    root = zarr.open_group(store, mode="w", zarr_format=version)
    array = root.create_array("scan/data", shape=values.shape, **more)
    array[:4] = values[:4]
    return array


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("zarr").resolve()


@pytest.fixture(scope="module")
def service(folder: Path) -> Iterator[ArrayService]:
    found = ArrayService(load_settings(home=folder / "home"), _Files(folder), folders=[folder])
    yield found
    found.close()


@pytest.fixture
def alone(service: ArrayService, monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """From when it is called no reader process may be asked."""

    def nobody(*_: Any, **__: Any) -> Any:
        raise AssertionError("a reader process was asked")

    return lambda: monkeypatch.setattr(service._pool, "ask", nobody)


@pytest.mark.parametrize(("version", "way"), WAYS)
def test_chunks_are_read_without_a_reader_process(
    service: ArrayService, folder: Path, alone: Callable[[], None], version: int, way: str
) -> None:
    name = f"{version}-{way}.zarr"
    expected = make(folder / name, version, way)[:]
    assert service.read(ANONYMOUS, name, "/scan/data", "0,0,0") == expected[0, 0, 0]
    alone()
    np.testing.assert_array_equal(service.read(ANONYMOUS, name, "/scan/data"), expected)
    np.testing.assert_array_equal(service.read(ANONYMOUS, name, "/scan/data", "3,::-7,9:44"), expected[3, ::-7, 9:44])


@pytest.mark.parametrize(("version", "way"), [(2, "columns first"), (3, "turned"), (3, "shards")])
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_selection_is_what_the_library_gives(
    service: ArrayService, folder: Path, version: int, way: str, data: st.DataObject
) -> None:
    name = f"any-{version}-{way}.zarr"
    if not (folder / name).exists():
        make(folder / name, version, way)
    items = [data.draw(st.one_of(st.slices(n), st.integers(0, n - 1))) for n in VALUES.shape]
    text = ",".join(
        str(item)
        if isinstance(item, int)
        else ":".join("" if n is None else str(n) for n in (item.start, item.stop, item.step))
        for item in items
    )
    whole = np.concatenate([VALUES[:4], np.zeros_like(VALUES[4:])])
    np.testing.assert_array_equal(service.read(ANONYMOUS, name, "/scan/data", text), whole[tuple(items)])


def test_an_object_array_is_never_asked_of_its_codec(service: ArrayService, folder: Path) -> None:
    store = folder / "object.zarr"
    make(store, 2, "none")
    described = json.loads((store / "scan/data/.zarray").read_text())
    described |= {"dtype": "|O", "filters": [{"id": "pickle"}]}
    (store / "scan/data/.zarray").write_text(json.dumps(described))
    with pytest.raises(PandaasError):
        service.read(ANONYMOUS, "object.zarr", "/scan/data")


def test_a_chunk_written_later_is_seen_and_changes_the_tag_of_what_it_belongs_to(
    service: ArrayService, folder: Path
) -> None:
    array = make(folder / "grows.zarr", 3, "none")

    def tag(selection: str) -> str:
        return service.etag(ANONYMOUS, "grows.zarr", "/scan/data", selection, "bin")

    assert (service.read(ANONYMOUS, "grows.zarr", "/scan/data", "4") == 7).all()
    first, last = tag("0"), tag("4")
    array[4] = VALUES[4]
    np.testing.assert_array_equal(service.read(ANONYMOUS, "grows.zarr", "/scan/data", "4"), VALUES[4])
    assert tag("0") == first
    assert tag("4") != last


def test_an_array_that_is_made_anew_is_seen(service: ArrayService, folder: Path) -> None:
    make(folder / "new.zarr", 3, "zstd and checksum")
    np.testing.assert_array_equal(service.read(ANONYMOUS, "new.zarr", "/scan/data", "1"), VALUES[1])
    make(folder / "new.zarr", 3, "shards", VALUES + 1)
    np.testing.assert_array_equal(service.read(ANONYMOUS, "new.zarr", "/scan/data", "1"), VALUES[1] + 1)


@pytest.mark.parametrize("link", ["scan/data/c/0/0/0", "scan/data/c/0", "scan/data/c"])
def test_no_link_leads_out_of_the_store(service: ArrayService, folder: Path, tmp_path: Path, link: str) -> None:
    name = f"link-{link.count('/')}.zarr"
    make(folder / name, 3, "none")
    service.read(ANONYMOUS, name, "/scan/data", "0,0,0")  # now it is known where the chunks lie
    make(tmp_path / "secret.zarr", 3, "none", VALUES + 1000)
    place = folder / name / link
    place.rename(tmp_path / "aside")
    place.symlink_to(tmp_path / "secret.zarr" / link)
    try:
        found = service.read(ANONYMOUS, name, "/scan/data", "0,:5,:5")
    except UnreadableFile:
        return
    assert (found == 7).all()  # nothing but the fill value


def test_a_pipe_in_the_place_of_a_chunk_keeps_nobody_waiting(service: ArrayService, folder: Path) -> None:
    make(folder / "pipe.zarr", 3, "none")
    service.read(ANONYMOUS, "pipe.zarr", "/scan/data", "0,0,0")
    (folder / "pipe.zarr/scan/data/c/0/0/0").unlink()
    os.mkfifo(folder / "pipe.zarr/scan/data/c/0/0/0")
    found = service.read(ANONYMOUS, "pipe.zarr", "/scan/data", "0,:5,:5")
    assert (found == 7).all()


DAMAGE: dict[str, Callable[[bytes], bytes]] = {
    "cut": lambda stored: stored[:-3],
    "empty": lambda _: b"",
    "a bit": lambda stored: stored[:30] + bytes([stored[30] ^ 4]) + stored[31:],
    "too much": lambda stored: stored + bytes(10_000),
}


@pytest.mark.parametrize("damage", DAMAGE)
@pytest.mark.parametrize(("version", "way"), [(2, "gzip"), (2, "none"), (3, "zstd and checksum")])
def test_a_damaged_chunk_is_an_error_that_says_so(
    service: ArrayService, folder: Path, version: int, way: str, damage: str
) -> None:
    name = f"{version}-{way}-{damage}.zarr"
    make(folder / name, version, way)
    service.read(ANONYMOUS, name, "/scan/data", "0,0,0")
    place = folder / name / "scan/data" / ("0.0.0" if version == 2 else "c/0/0/0")
    place.write_bytes(DAMAGE[damage](place.read_bytes()))
    if damage == "a bit" and way == "none":  # of a pixel itself
        found = service.read(ANONYMOUS, name, "/scan/data", "0:2,0:10,0:25")
        assert (found != VALUES[0:2, 0:10, 0:25]).sum() == 1
        return
    with pytest.raises(UnreadableFile, match="can't be decoded"):
        service.read(ANONYMOUS, name, "/scan/data", "0:2,0:10,0:25")


@pytest.mark.parametrize("damage", [b"\xf0" * 16, bytes(8) + b"\xff" * 7 + b"\0", b"\xff" * 8 + bytes(8)])
def test_the_table_of_a_shard_is_not_believed(service: ArrayService, folder: Path, damage: bytes) -> None:
    name = f"table-{damage.hex()}.zarr"
    way = "shards with the table first"  # without a checksum
    make(folder / name, 3, way)
    service.read(ANONYMOUS, name, "/scan/data", "0,0,0")
    place = folder / name / "scan/data/c/0/0/0"
    place.write_bytes(damage + place.read_bytes()[16:])
    with pytest.raises(UnreadableFile, match="can't be decoded"):
        service.read(ANONYMOUS, name, "/scan/data", "0,0:5,0:25")


def test_a_damaged_table_of_a_shard_is_an_error(service: ArrayService, folder: Path) -> None:
    make(folder / "checked.zarr", 3, "shards")
    service.read(ANONYMOUS, "checked.zarr", "/scan/data", "0,0,0")
    place = folder / "checked.zarr/scan/data/c/0/0/0"
    stored = bytearray(place.read_bytes())
    stored[-20] ^= 1
    place.write_bytes(stored)
    with pytest.raises(UnreadableFile, match="damaged"):
        service.read(ANONYMOUS, "checked.zarr", "/scan/data", "0,0:10,0:25")
