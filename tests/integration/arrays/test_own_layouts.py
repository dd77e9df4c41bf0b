"""TIFF, EDF and CBF without a reader process: the same bits as the reader gives, whatever the file says."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
from fabio.cbfimage import CbfImage
from fabio.edfimage import EdfImage
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pandaas.arrays import ArrayService
from pandaas.arrays.own_layout import confirmed, in_chunks, in_one_piece, state
from pandaas.config import load_settings
from pandaas.model import ANONYMOUS, DatasetFiles, PandaasError, Principal, UnreadableFile

pytestmark = pytest.mark.integration
DATA = "/entry/instrument/detector/data"
STACK = np.random.default_rng(3).integers(0, 60_000, (4, 48, 64)).astype(np.uint16)
MINIMAL = {"photometric": "minisblack", "metadata": None}


class _Files:
    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def files(self, principal: Principal, pid: str) -> DatasetFiles:
        return DatasetFiles(pid, 1, self.folder / pid, "", "/", frozenset({self.folder / pid}))

    def may_read_path(self, principal: Principal, path: Path) -> bool:
        return False


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ArrayService]:
    folder = tmp_path_factory.mktemp("own").resolve()
    found = ArrayService(load_settings(home=folder / "home"), _Files(folder), folders=[folder])
    yield found
    found.close()


@pytest.fixture
def folder(service: ArrayService) -> Path:
    files: Any = service.resolver
    return Path(files.folder)


def nobody(*_: Any, **__: Any) -> Any:
    raise AssertionError("a reader process was asked")


def test_cbf_needs_no_reader_process_once_it_is_known(
    service: ArrayService, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pixels = np.random.default_rng(8).poisson(40, (70, 90)).astype("<i4")
    pixels[::7] = -2
    pixels[3, 5] = 1_000_000
    CbfImage(data=pixels).write(str(folder / "a.cbf"))
    np.testing.assert_array_equal(service.read(ANONYMOUS, "a.cbf", DATA, "0"), pixels[0])
    monkeypatch.setattr(service._pool, "ask", nobody)
    np.testing.assert_array_equal(service.read(ANONYMOUS, "a.cbf", DATA), pixels)
    np.testing.assert_array_equal(service.read(ANONYMOUS, "a.cbf", DATA, "2:9:3,10:40"), pixels[2:9:3, 10:40])


@pytest.mark.parametrize(
    "change", [(b"x-CBF_BYTE_OFFSET", b"x-CBF_CANONICAL__"), (b"X-Binary-Size: ", b"X-Binary-Size: 9")]
)
def test_a_cbf_that_lies_of_its_pixels_has_an_error_that_says_so(
    service: ArrayService, folder: Path, change: tuple[bytes, bytes]
) -> None:
    CbfImage(data=np.ones((20, 30), "<i4")).write(str(folder / "b.cbf"))
    (folder / "b.cbf").write_bytes((folder / "b.cbf").read_bytes().replace(*change)[:-300])
    with pytest.raises(UnreadableFile):
        service.read(ANONYMOUS, "b.cbf", DATA)


def by_reader(service: ArrayService, name: str, selection: str | None = None) -> Any:
    """The answer of the reader itself, in its process."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(service._fast, "read", lambda *_, **__: None)
        return service.read(ANONYMOUS, name, DATA, selection)


def without_reader(service: ArrayService, name: str, selection: str | None = None) -> Any:
    service.read(ANONYMOUS, name, DATA, ",".join("0" for _ in service.tree(ANONYMOUS, name, DATA).shape or ()))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(service._pool, "ask", nobody)
        return service.read(ANONYMOUS, name, DATA, selection)


def same(one: Any, other: Any) -> None:
    assert one.dtype == other.dtype
    assert one.shape == other.shape
    assert one.tobytes() == other.tobytes()


def edf(path: Path, values: np.ndarray, *, big: bool = False) -> None:
    """A series written by hand: fabio writes only the byte order of this machine."""
    names = {"<u2": "UnsignedShort", "<i4": "SignedInteger", "<f4": "FloatValue", "|u1": "UnsignedByte"}
    kind = names[values.dtype.str]
    with path.open("wb") as stream:
        for number, frame in enumerate(values):
            head = (
                f"{{\nHeaderID = EH:{number + 1:06d}:000000:000000 ;\nImage = {number + 1} ;\n"
                f"ByteOrder = {'High' if big else 'Low'}ByteFirst ;\nDataType = {kind} ;\n"
                f"Dim_1 = {frame.shape[1]} ;\nDim_2 = {frame.shape[0]} ;\nSize = {frame.nbytes} ;\n"
            )
            stream.write(head.encode().ljust(1022) + b"}\n")
            stream.write(frame.astype(frame.dtype.newbyteorder(">" if big else "<")).tobytes())


WRITERS: dict[str, Any] = {
    "one.tif": lambda path: tifffile.imwrite(path, STACK[0], **MINIMAL),
    "pages.tif": lambda path: tifffile.imwrite(path, STACK, **MINIMAL),
    "big.tif": lambda path: tifffile.imwrite(path, STACK, byteorder=">", **MINIMAL),
    "bigtiff.tif": lambda path: tifffile.imwrite(path, STACK, bigtiff=True, **MINIMAL),
    "floats.tif": lambda path: tifffile.imwrite(path, STACK.astype("<f4") / 7, **MINIMAL),
    "imagej.tif": lambda path: tifffile.imwrite(path, STACK, imagej=True),
    "strips.tif": lambda path: tifffile.imwrite(path, STACK, compression="zlib", rowsperstrip=16, **MINIMAL),
    "deflate.tif": lambda path: tifffile.imwrite(path, STACK, compression="zlib", rowsperstrip=48, **MINIMAL),
    "deflate-big.tif": lambda path: tifffile.imwrite(path, STACK, compression="zlib", byteorder=">", **MINIMAL),
    "tiles.tif": lambda path: tifffile.imwrite(path, STACK, tile=(32, 32), **MINIMAL),
    "tiles-deflate.tif": lambda path: tifffile.imwrite(path, STACK, tile=(32, 32), compression="zlib", **MINIMAL),
    "colours.tif": lambda path: tifffile.imwrite(
        path, STACK[0, :, :63].reshape(48, 21, 3).astype("u1"), photometric="rgb"
    ),
    "one.edf": lambda path: EdfImage(data=STACK[0]).write(str(path)),
    "series.edf": lambda path: edf(path, STACK),
    "big.edf": lambda path: edf(path, STACK, big=True),
    "big-one.edf": lambda path: edf(path, STACK[:1].astype("<f4"), big=True),
    "bytes.edf": lambda path: edf(path, STACK.astype("u1")),
}


@pytest.mark.parametrize("name", WRITERS)
def test_nobody_is_asked_once_it_is_known(service: ArrayService, folder: Path, name: str) -> None:
    WRITERS[name](folder / name)
    same(without_reader(service, name), by_reader(service, name))


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data(), name=st.sampled_from(sorted(WRITERS)))
def test_any_selection_is_what_the_reader_gives(
    service: ArrayService, folder: Path, data: st.DataObject, name: str
) -> None:
    if not (folder / name).exists():
        WRITERS[name](folder / name)
    shape = service.tree(ANONYMOUS, name, DATA).shape or ()
    parts = []
    for length in shape:
        if data.draw(st.booleans()):
            parts.append(str(data.draw(st.integers(-length, length - 1))))
        else:
            low, high = data.draw(st.integers(0, length)), data.draw(st.integers(0, length))
            parts.append(f"{low}:{high}:{data.draw(st.integers(1, 5))}")
    selection = ",".join(parts)
    same(without_reader(service, name, selection), by_reader(service, name, selection))


@pytest.mark.parametrize("options", [{"compression": "zlib", "rowsperstrip": 20}, {"rowsperstrip": 20}])
def test_a_shorter_last_strip_gives_the_same_values(
    service: ArrayService, folder: Path, options: dict[str, Any]
) -> None:
    tifffile.imwrite(folder / "short.tif", STACK, **options, **MINIMAL)
    np.testing.assert_array_equal(service.read(ANONYMOUS, "short.tif", DATA), STACK)


def test_files_that_were_replaced_are_read_anew(service: ArrayService, folder: Path) -> None:
    for name, write in (("new.tif", lambda p, v: tifffile.imwrite(p, v, **MINIMAL)), ("new.edf", edf)):
        write(folder / name, STACK)
        np.testing.assert_array_equal(service.read(ANONYMOUS, name, DATA, "2"), STACK[2])
        write(folder / f"next-{name}", STACK[::-1])
        (folder / f"next-{name}").replace(folder / name)
        np.testing.assert_array_equal(service.read(ANONYMOUS, name, DATA, "0"), STACK[3])


@pytest.mark.parametrize("name", ["pages.tif", "deflate.tif", "series.edf"])
def test_files_cut_off_while_they_are_read_give_errors_or_values(
    service: ArrayService, folder: Path, name: str
) -> None:
    target, whole = folder / f"cut-{name}", folder / f"whole-{name}"
    WRITERS[name](whole)
    content = whole.read_bytes()
    done = threading.Event()

    def disturb() -> None:
        while not done.is_set():
            for length in (len(content), len(content) // 2):
                target.write_bytes(content[:length])

    target.write_bytes(content)
    disturber = threading.Thread(target=disturb)
    disturber.start()
    try:
        for _ in range(30):
            try:
                values = service.read(ANONYMOUS, target.name, DATA, "0,0,:")
            except PandaasError:
                continue
            assert values.shape == (64,)
    finally:
        done.set()
        disturber.join()
    target.write_bytes(content)
    np.testing.assert_array_equal(service.read(ANONYMOUS, target.name, DATA, "3"), STACK[3])


@pytest.mark.parametrize("offset", [1 << 31, 0xFFFFFFF0, 0])
def test_pages_said_to_lie_beyond_the_file(service: ArrayService, folder: Path, offset: int) -> None:
    name = f"beyond-{offset}.tif"
    tifffile.imwrite(folder / name, STACK, **MINIMAL)
    with tifffile.TiffFile(folder / name) as image:
        place = image.pages[2].tags["StripOffsets"].valueoffset  # type: ignore[union-attr]
    with (folder / name).open("r+b") as stream:
        stream.seek(place)
        stream.write(offset.to_bytes(4, "little"))
    try:
        ours = service.read(ANONYMOUS, name, DATA, "2")
    except UnreadableFile:
        with pytest.raises(UnreadableFile):
            by_reader(service, name, "2")
    else:
        same(ours, by_reader(service, name, "2"))


@pytest.mark.parametrize("line", ["Dim_1 = 100000 ;", "Dim_1 = -64 ;", "Size = 10 ;", "EDF_BinaryFileName = other ;"])
def test_edf_headers_that_lie(service: ArrayService, folder: Path, line: str) -> None:
    name = f"lying-{line.split(maxsplit=1)[0]}.edf"
    edf(folder / name, STACK)
    content = (folder / name).read_bytes()
    key = line.split(" = ", maxsplit=1)[0]
    old = next((part for part in content[:1024].split(b"\n") if part.startswith(key.encode())), b"")
    new = content.replace(old, line.encode().ljust(len(old)), 1) if old else content.replace(b"{", b"{" + line.encode())
    (folder / name).write_bytes(new)
    try:
        expected = by_reader(service, name)
    except PandaasError:
        with pytest.raises(PandaasError):
            service.read(ANONYMOUS, name, DATA)
    else:
        same(service.read(ANONYMOUS, name, DATA), expected)


def test_an_array_that_reader_and_layout_see_differently_is_left_to_the_reader(tmp_path: Path) -> None:
    STACK.tofile(tmp_path / "raw")
    found = in_one_piece(state(tmp_path / "raw"), STACK.shape, STACK.dtype, 0)
    assert found is not None
    assert confirmed(tmp_path / "raw", found, lambda selection: STACK[selection.items])
    assert not confirmed(tmp_path / "raw", found, lambda selection: STACK[selection.items] + 1)
    assert not confirmed(tmp_path / "raw", found, lambda selection: STACK[selection.items].astype("i2"))
    with (tmp_path / "raw").open("ab") as stream:
        stream.write(b"more")
    assert not confirmed(tmp_path / "raw", found, lambda selection: STACK[selection.items])


@pytest.mark.parametrize("piece", [(-1, 8), (1 << 63, 8), (96, 8), (0, 0), (0, -8), (0, 1 << 40), (0, 7)])
def test_pieces_that_cannot_be_are_no_layout(piece: tuple[int, int]) -> None:
    file = (1, 2, 100, 3)
    assert in_chunks(file, (2, 4), np.dtype("<u2"), (1, 4), [(0, 8), (8, 8)]) is not None
    assert in_chunks(file, (2, 4), np.dtype("<u2"), (1, 4), [(0, 8), piece]) is None
    assert in_chunks(file, (2, 4), np.dtype("<u2"), (1, 4), [(0, 8)]) is None
    assert in_chunks(file, (2, 4), np.dtype("<u2"), (0, 4), []) is None


@pytest.mark.parametrize("offset", [-1, 85, 1 << 70])
def test_a_piece_beyond_the_file_is_no_layout(offset: int) -> None:
    assert in_one_piece((1, 2, 100, 3), (2, 4), np.dtype("<u2"), 84) is not None
    assert in_one_piece((1, 2, 100, 3), (2, 4), np.dtype("<u2"), offset) is None
