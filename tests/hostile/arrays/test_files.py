"""Damaged and malicious files: each fails by itself, with a reason, and the next request is answered."""

from __future__ import annotations

import contextlib
import gzip
import lzma
import os
import struct
import time
import zlib
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest
import tifffile

from pandaas.arrays import ArrayService, ScanResult
from pandaas.model import ANONYMOUS, PandaasError, TooLarge, UnreadableFile

from .conftest import Read, World, start_service

pytestmark = pytest.mark.integration


@pytest.fixture
def scan(world: World, service: ArrayService) -> Callable[[str], ScanResult]:
    return lambda name: next(iter(service.scan([world.mine / name], roots=[world.folder])))


def _good(world: World, name: str = "good.h5") -> Path:
    path = world.mine / name
    with h5py.File(path, "w") as file:
        file.create_dataset("data", data=np.arange(40_000).reshape(200, 200), chunks=(50, 50), compression="gzip")
    return path


def test_a_file_cut_off_at_any_place(world: World, scan: Callable[[str], ScanResult]) -> None:
    whole = _good(world).read_bytes()
    for length in (0, 1, 8, 100, 512, 1000, len(whole) // 2, len(whole) - 1):
        (world.mine / "cut.h5").write_bytes(whole[:length])
        result = scan("cut.h5")
        assert result.error is not None or result.datasets
        assert result.error is None or result.error.detail


def test_a_file_with_random_damage(world: World, service: ArrayService, scan: Callable[[str], ScanResult]) -> None:
    whole = bytearray(_good(world).read_bytes())
    rng = np.random.default_rng(3)
    for number in range(30):
        damaged = bytearray(whole)
        for position in rng.integers(8, len(whole), 40):
            damaged[position] = rng.integers(0, 256)
        (world.mine / f"damaged{number}.h5").write_bytes(damaged)
        result = scan(f"damaged{number}.h5")
        assert isinstance(result.error, UnreadableFile) or result.datasets
        with contextlib.suppress(PandaasError):
            service.read(ANONYMOUS, f"damaged{number}.h5", "/data")
    np.testing.assert_array_equal(service.read(ANONYMOUS, "good.h5", "/data", "0"), np.arange(200))


@pytest.mark.parametrize(
    "name",
    [
        "a.h5",
        "a.nxs",
        "a.cbf",
        "a.cbf.bz2",
        "a.cbf.gz",
        "a.edf",
        "a.tif",
        "a.dat",
        "a.xye",
        "a.xdi",
        "a.spe",
        "a.mca",
        "a.xml",
        "a.expt",
        "a",
    ],
)
@pytest.mark.parametrize(
    "content",
    [b"", b"\0", b"hello", b"\xff" * 5000, b"{" * 5000, b"#" * 5000, b"1 2\n", b"<a/>", os.urandom(3000)],
    ids=["empty", "nul", "word", "ones", "braces", "hashes", "one line", "xml", "random"],
)
def test_what_the_name_promises_is_not_there(
    world: World, scan: Callable[[str], ScanResult], name: str, content: bytes
) -> None:
    (world.mine / name).write_bytes(content)
    result = scan(name)
    assert result.error is not None
    assert not result.datasets
    assert str(world.folder) not in result.error.detail


def test_a_good_file_with_a_wrong_name_is_read_by_its_contents(world: World, scan: Callable[[str], ScanResult]) -> None:
    _good(world).rename(world.mine / "image.tif")
    assert scan("image.tif").datasets[0].format == "hdf5"
    tifffile.imwrite(world.mine / "curve.h5", np.zeros((30, 30), "u2"))
    assert scan("curve.h5").datasets[0].format == "tiff"


def test_a_selection_too_large_is_refused_before_reading(world: World, service: ArrayService, read: Read) -> None:
    with h5py.File(world.mine / "huge.h5", "w") as file:
        file.create_dataset("huge", (2**40, 2**20), "f8", chunks=(1024, 1024), compression="gzip")
        file.create_dataset("wide", (2**20,), "f8", chunks=(2**20,), compression="gzip", fillvalue=1.0)
    started = time.monotonic()
    with pytest.raises(TooLarge):
        read("huge.h5", "/huge")
    with pytest.raises(TooLarge):
        service.stats(ANONYMOUS, "huge.h5", "/huge", "::1000")
    assert service.read(ANONYMOUS, "huge.h5", "/huge", "0,0") == 0
    assert time.monotonic() - started < 5


def test_a_chunk_that_unpacks_to_more_than_it_should(world: World, read: Read) -> None:
    """A deflate stream of 4 GB in a chunk that says it holds 800 bytes."""
    with h5py.File(world.mine / "bomb.h5", "w") as file:
        bomb = file.create_dataset("bomb", (100,), "f8", chunks=(100,), compression="gzip")
        packer = zlib.compressobj(9)
        first = packer.compress(bytes(64 << 20)) + packer.flush(zlib.Z_FULL_FLUSH)
        again = packer.compress(bytes(64 << 20)) + packer.flush(zlib.Z_FULL_FLUSH)
        bomb.id.write_direct_chunk((0,), first + again * 60)
    with pytest.raises(PandaasError):
        read("bomb.h5", "/bomb")


def test_one_chunk_of_many_gigabytes(world: World, service: ArrayService) -> None:
    with h5py.File(world.mine / "chunk.h5", "w") as file:
        file.create_dataset("chunk", (2**16, 2**13), "f8", chunks=(2**15, 2**13 - 1), compression="gzip")
    with pytest.raises(TooLarge, match="chunks"):
        service.read(ANONYMOUS, "chunk.h5", "/chunk", "0,0")


def test_groups_nested_ten_thousand_deep(
    world: World, service: ArrayService, scan: Callable[[str], ScanResult]
) -> None:
    with h5py.File(world.mine / "deep.h5", "w", libver="latest") as file:
        here = file["/"].id
        for _ in range(10_000):
            here = h5py.h5g.create(here, b"g")
        file["value"] = np.arange(3)
    assert scan("deep.h5").datasets[0].arrays[0].path == "/value"
    assert service.tree(ANONYMOUS, "deep.h5", "/g" * 9_999, 1).child_count == 1
    assert service.tree(ANONYMOUS, "deep.h5", "/", 16).children is not None
    with contextlib.suppress(PandaasError):
        service.paths(ANONYMOUS, "deep.h5")
    assert service.read(ANONYMOUS, "deep.h5", "/value", "2") == 2


def test_a_group_with_very_many_children(
    world: World, service: ArrayService, scan: Callable[[str], ScanResult]
) -> None:
    with h5py.File(world.mine / "wide.h5", "w", libver="latest") as file:
        file["a"] = np.arange(5)
        for index in range(60_000):
            file[f"g/{index}"] = h5py.SoftLink("/a")
    with pytest.raises(TooLarge):
        service.tree(ANONYMOUS, "wide.h5", "/g")
    assert scan("wide.h5").datasets


def test_a_huge_attribute_is_not_sent(world: World, service: ArrayService) -> None:
    with h5py.File(world.mine / "attribute.h5", "w", libver="latest") as file:
        file.attrs["huge"] = np.zeros(30_000_000, "u1")
        file.attrs["NX_class"] = np.zeros(30_000_000, "u1")
        file.attrs["small"] = 1
    found = service.attributes(ANONYMOUS, "attribute.h5")
    assert found["small"] == 1
    assert "30000000" in found["huge"]
    assert service.tree(ANONYMOUS, "attribute.h5").nx_class is None


def test_names_and_text_that_are_not_unicode(
    world: World, service: ArrayService, scan: Callable[[str], ScanResult]
) -> None:
    with h5py.File(world.mine / "bytes.h5", "w") as file:
        h5py.h5g.create(file.id, b"\xff\xfe")
        file["data"] = np.arange(4)
        file.attrs.create("text", np.array([b"\xff\xfe"], "S2"))
        kind = h5py.h5t.C_S1.copy()
        kind.set_size(2)
        file["title"] = np.array(b"\xff\xfe", "S2")
    assert service.tree(ANONYMOUS, "bytes.h5", "/", 1).child_count == 3
    assert service.attributes(ANONYMOUS, "bytes.h5")["text"]
    assert scan("bytes.h5").datasets


def test_an_archive_that_unpacks_to_gigabytes(world: World, scan: Callable[[str], ScanResult]) -> None:
    head = b"###CBF: VERSION 1.5\nX-Binary-Size-Fastest-Dimension: 100\nX-Binary-Size-Second-Dimension: 100\n"
    (world.mine / "bomb.cbf.gz").write_bytes(gzip.compress(head) + gzip.compress(bytes(64 << 20), 1) * 10)
    (world.mine / "bomb.h5.xz").write_bytes(lzma.compress(bytes(64 << 20), preset=0) * 10)
    (world.mine / "bomb.edf.gz").write_bytes(gzip.compress(b" " * (64 << 20), 1) * 10)
    assert scan("bomb.h5.xz").error is not None
    assert scan("bomb.edf.gz").error is not None
    result = scan("bomb.cbf.gz")
    assert result.error is None or result.error.detail


@pytest.mark.parametrize("sizes", [(10**8, 10**8), (0, 5), (999_999_999, 1_000)])
def test_a_cbf_header_that_claims_too_many_pixels(
    world: World, scan: Callable[[str], ScanResult], sizes: tuple[int, int]
) -> None:
    header = f"###CBF: VERSION 1.5\r\nX-Binary-Size-Fastest-Dimension: {sizes[0]}\r\nX-Binary-Size-Second-Dimension: {sizes[1]}\r\n"
    (world.mine / "a.cbf").write_text(header)
    assert scan("a.cbf").error is not None


def test_an_edf_header_that_claims_too_many_pixels(world: World, scan: Callable[[str], ScanResult]) -> None:
    for size in (10**9, 40_000):
        header = "{\nHeaderID = EH:000001:000000:000000 ;\nByteOrder = LowByteFirst ;\nDataType = SignedInteger ;\n"
        header += f"Dim_1 = {size} ;\nDim_2 = {size} ;\nSize = {size * size * 4} ;\n"
        (world.mine / "a.edf").write_bytes(header.ljust(1022).encode() + b"}\n" + bytes(64))
        assert scan("a.edf").error is not None


def _tiff(width: int, height: int, *, loop: bool = False) -> bytes:
    tags = [
        (256, 4, 1, width),
        (257, 4, 1, height),
        (258, 3, 1, 32),
        (259, 3, 1, 1),
        (262, 3, 1, 1),
        (273, 4, 1, 8),
        (278, 4, 1, height),
        (279, 4, 1, 16),
    ]
    entries = b"".join(struct.pack("<HHII", *tag) for tag in tags)
    directory = struct.pack("<H", len(tags)) + entries + struct.pack("<I", 24 if loop else 0)
    return b"II*\0" + struct.pack("<I", 24) + bytes(16) + directory


def test_tiff_bombs(world: World, service: ArrayService, scan: Callable[[str], ScanResult]) -> None:
    (world.mine / "large.tif").write_bytes(_tiff(2**20, 2**20))
    (world.mine / "loop.tif").write_bytes(_tiff(4, 4, loop=True))
    assert scan("large.tif").error is not None
    result = scan("loop.tif")
    assert result.error is not None or result.datasets
    tifffile.imwrite(world.mine / "cut.tif", np.arange(10_000, dtype="u4").reshape(100, 100))
    whole = (world.mine / "cut.tif").read_bytes()
    (world.mine / "cut.tif").write_bytes(whole[: len(whole) // 2])
    scan("cut.tif")
    with contextlib.suppress(PandaasError):
        service.read(ANONYMOUS, "cut.tif", "/entry/data/data")


@pytest.mark.parametrize(
    "text",
    [
        '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><SASroot><SASentry><Title>&x;</Title></SASentry></SASroot>',
        '<!DOCTYPE a [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]><SASroot><SASentry>&b;</SASentry></SASroot>',
        '<!DOCTYPE a SYSTEM "http://127.0.0.1:9/x.dtd"><SASroot><SASentry/></SASroot>',
        "<SASroot><SASentry>",
        "<SASroot>" + "<a>" * 20_000 + "</a>" * 20_000 + "</SASroot>",
        "<SASroot><SASentry><SASdata><Idata><Q>x</Q><I>1</I></Idata></SASdata></SASentry></SASroot>",
    ],
    ids=["external entity", "entities of entities", "outside definition", "cut off", "deep", "no number"],
)
def test_xml_that_wants_more_than_to_be_read(world: World, scan: Callable[[str], ScanResult], text: str) -> None:
    (world.mine / "a.xml").write_text(text)
    result = scan("a.xml")
    assert result.error is not None
    assert "root:" not in str(result)


def test_pipes_and_devices_are_not_opened(world: World, scan: Callable[[str], ScanResult]) -> None:
    os.mkfifo(world.mine / "pipe.h5")
    (world.mine / "null.h5").symlink_to("/dev/null")
    (world.mine / "zero.dat").symlink_to("/dev/zero")
    started = time.monotonic()
    for name in ("pipe.h5", "null.h5", "zero.dat"):
        assert scan(name).error is not None
    assert time.monotonic() - started < 10


def test_an_external_link_to_a_pipe(world: World, read: Read) -> None:
    os.mkfifo(world.mine / "pipe.h5")
    world.readable.add(world.mine / "pipe.h5")
    with h5py.File(world.mine / "a.h5", "w") as file:
        file["link"] = h5py.ExternalLink("pipe.h5", "/x")
    started = time.monotonic()
    with pytest.raises(PandaasError):
        read("a.h5", "/link")
    assert time.monotonic() - started < 10


def test_permission_denied_is_said(world: World, root: Path) -> None:
    _good(world)
    (world.mine / "good.h5").chmod(0)
    service = start_service(root, "auto")
    service.resolver = world
    try:
        if os.geteuid() == 0 and "bubblewrap" not in service.level:
            pytest.skip("root may read everything, unless bubblewrap takes that away")
        with pytest.raises(UnreadableFile, match="may not be read"):
            service.read(ANONYMOUS, "good.h5", "/data")
    finally:
        service.close()


def test_zarr_that_names_a_codec_that_runs_code(world: World, service: ArrayService, read: Read) -> None:
    store = world.mine / "a.zarr"
    store.mkdir()
    (store / ".zarray").write_text(
        '{"zarr_format": 2, "shape": [4], "chunks": [4], "dtype": "|O", "compressor": null, "order": "C",'
        ' "fill_value": null, "filters": [{"id": "pickle"}]}'
    )
    (store / "0").write_bytes(b"cos\nsystem\n(S'touch /tmp/pandaas-owned'\ntR.")
    with pytest.raises(PandaasError):
        read("a.zarr", "/data")
    assert not Path("/tmp/pandaas-owned").exists()


def test_zarr_with_metadata_that_make_no_sense(world: World, scan: Callable[[str], ScanResult]) -> None:
    for number, text in enumerate(["{", "[]", '{"zarr_format": 9}', '{"zarr_format": 3, "node_type": "array"}', ""]):
        store = world.mine / f"{number}.zarr"
        store.mkdir()
        (store / "zarr.json").write_text(text)
        assert scan(store.name).error is not None


def test_text_with_a_line_without_end(world: World, scan: Callable[[str], ScanResult]) -> None:
    (world.mine / "long.dat").write_text("1 " * 3_000_000)
    (world.mine / "huge numbers.dat").write_text("1e999 2\n3 4\nnan inf\n" * 5)
    assert scan("long.dat").error is not None
    assert scan("huge numbers.dat").datasets


def test_two_files_of_one_name_in_sequence(world: World, service: ArrayService) -> None:
    """A file replaced by another is read anew, also when the reader still has the old one open."""
    for value in (1, 2):
        with h5py.File(world.mine / f"next{value}.h5", "w") as file:
            file["data"] = np.full(5, value)
        (world.mine / f"next{value}.h5").replace(world.mine / "a.h5")
        assert service.read(ANONYMOUS, "a.h5", "/data", "0") == value
