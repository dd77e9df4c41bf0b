"""The service's own way to values: the same answers as a reader process gives, and nobody is trusted."""

from __future__ import annotations

import gc
import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import h5py
import hdf5plugin
import numpy as np
import pytest
from h5py import h5d, h5p, h5s, h5t

from pandaas.arrays import ArrayService, FileIdentity, StoredBytes
from pandaas.arrays.fast import Asked, FastReader
from pandaas.arrays.pool import LaneName, Reply
from pandaas.codecs import decode_chunk
from pandaas.config import load_settings
from pandaas.model import ANONYMOUS, DatasetFiles, NotFound, Principal, TooLarge, UnreadableFile

pytestmark = pytest.mark.integration
FRAMES = np.random.default_rng(5).poisson(0.2, (5, 120, 133)).astype("<u4")
WAYS: dict[str, dict[str, Any]] = {
    "contiguous": {},
    "chunks": {"chunks": (2, 50, 60)},
    "gzip": {"chunks": (2, 50, 60), "compression": "gzip", "shuffle": True},
    "bitshuffle": {"chunks": (1, 120, 133), **hdf5plugin.Bitshuffle()},
    "lzf": {"chunks": (2, 50, 60), "compression": "lzf"},
    "blosc": {"chunks": (2, 50, 60), **hdf5plugin.Blosc("zstd", 5, hdf5plugin.Blosc.BITSHUFFLE)},
    "blosc2": {"chunks": (2, 50, 60), **hdf5plugin.Blosc2("zstd")},
}


class _Files:
    """One folder; `open` are the files that anybody may read through links."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.open: set[Path] = set()

    def files(self, principal: Principal, pid: str) -> DatasetFiles:
        return DatasetFiles(pid, 1, self.folder / pid, "", "/", frozenset({self.folder / pid}))

    def may_read_path(self, principal: Principal, path: Path) -> bool:
        return path in self.open


@pytest.fixture
def files(tmp_path: Path) -> _Files:
    return _Files(tmp_path.resolve())


@pytest.fixture
def service(files: _Files) -> Iterator[ArrayService]:
    found = ArrayService(load_settings(home=files.folder / "home"), files, folders=[files.folder])
    yield found
    found.close()


def write(path: Path, values: np.ndarray = FRAMES, way: str = "bitshuffle") -> None:
    with h5py.File(path, "w") as file:
        file.create_dataset("d", data=values, **WAYS[way])


def nobody(*_: Any, **__: Any) -> Any:
    raise AssertionError("a reader process was asked")


@pytest.fixture(scope="module")
def every_way(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ArrayService]:
    """A service for one file `<way>.h5` per way of storing `FRAMES`."""
    files = _Files(tmp_path_factory.mktemp("ways").resolve())
    for way in WAYS:
        write(files.folder / f"{way}.h5", way=way)
    found = ArrayService(load_settings(home=files.folder / "home"), files, folders=[files.folder])
    yield found
    found.close()


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("selection", [None, "2", ":,7,:", "...,3", "::-1,5:9,::2", "1:1,:,:", "4,119,132"])
def test_values_are_those_of_the_file(every_way: ArrayService, way: str, selection: str | None) -> None:
    index = eval(f"np.s_[{selection}]") if selection else ...
    np.testing.assert_array_equal(every_way.read(ANONYMOUS, f"{way}.h5", "/d", selection), FRAMES[index])


@pytest.mark.parametrize("way", WAYS)
def test_plain_arrays_need_no_reader_process_once_they_are_known(
    files: _Files, service: ArrayService, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    write(files.folder / "a.h5", way=way)
    service.read(ANONYMOUS, "a.h5", "/d", "0,0,:")
    monkeypatch.setattr(service._pool, "ask", nobody)
    np.testing.assert_array_equal(service.read(ANONYMOUS, "a.h5", "/d", "3"), FRAMES[3])


def test_a_file_replaced_while_it_is_open_is_read_anew(files: _Files, service: ArrayService) -> None:
    write(files.folder / "a.h5")
    service.read(ANONYMOUS, "a.h5", "/d", "3")
    write(files.folder / "b.h5", FRAMES + 1)
    (files.folder / "b.h5").replace(files.folder / "a.h5")
    np.testing.assert_array_equal(service.read(ANONYMOUS, "a.h5", "/d", "3"), FRAMES[3] + 1)


def test_a_growing_file_shows_what_was_added(files: _Files, service: ArrayService) -> None:
    with h5py.File(files.folder / "a.h5", "w", libver="latest") as file:
        made = file.create_dataset("d", data=FRAMES[:2], maxshape=(None, 120, 133), **WAYS["bitshuffle"])
        file.swmr_mode = True
        assert service.read(ANONYMOUS, "a.h5", "/d").shape == (2, 120, 133)
        made.resize(3, axis=0)
        made[2] = FRAMES[2]
        made.flush()
        np.testing.assert_array_equal(service.read(ANONYMOUS, "a.h5", "/d", "2"), FRAMES[2])


def test_a_file_cut_short_is_an_error_and_later_answers_are_right(files: _Files, service: ArrayService) -> None:
    write(files.folder / "a.h5", way="contiguous")
    service.read(ANONYMOUS, "a.h5", "/d", "0")
    os.truncate(files.folder / "a.h5", 4000)
    with pytest.raises(UnreadableFile):
        service.read(ANONYMOUS, "a.h5", "/d", "4")
    write(files.folder / "a.h5", way="contiguous")
    np.testing.assert_array_equal(service.read(ANONYMOUS, "a.h5", "/d", "4"), FRAMES[4])


def test_linked_values_are_asked_for_again_at_every_reading(files: _Files, service: ArrayService) -> None:
    write(files.folder / "target.h5")
    with h5py.File(files.folder / "a.h5", "w") as file:
        file["link"] = h5py.ExternalLink("target.h5", "/d")
    files.open.add(files.folder / "target.h5")
    np.testing.assert_array_equal(service.read(ANONYMOUS, "a.h5", "/link", "1"), FRAMES[1])
    tag = service.etag(ANONYMOUS, "a.h5", "/link", "1", "bin")
    files.open.clear()
    with pytest.raises(NotFound):
        service.read(ANONYMOUS, "a.h5", "/link", "1")
    assert service.etag(ANONYMOUS, "a.h5", "/link", "1", "bin") != tag


def test_the_tag_changes_with_a_linked_file(files: _Files, service: ArrayService) -> None:
    write(files.folder / "target.h5")
    with h5py.File(files.folder / "a.h5", "w") as file:
        file["link"] = h5py.ExternalLink("target.h5", "/d")
    files.open.add(files.folder / "target.h5")
    tag = service.etag(ANONYMOUS, "a.h5", "/link", "1", "bin")
    assert service.etag(ANONYMOUS, "a.h5", "/link", "1", "bin") == tag
    write(files.folder / "target.h5", FRAMES + 1)
    assert service.etag(ANONYMOUS, "a.h5", "/link", "1", "bin") != tag


def test_the_tag_of_a_plain_array_is_the_same_in_every_process(files: _Files, service: ArrayService) -> None:
    write(files.folder / "a.h5")
    other = ArrayService(load_settings(home=files.folder / "home"), files, folders=[files.folder])
    tags = {one.etag(ANONYMOUS, "a.h5", "/d", "1", "bin") for one in (service, other)}
    other.close()
    assert len(tags) == 1


def test_too_large_is_refused_before_reading(files: _Files) -> None:
    write(files.folder / "a.h5", np.zeros((1001, 1000), "u1"), "contiguous")
    settings = load_settings(home=files.folder / "home", server={"max_response_mb": 1})
    small = ArrayService(settings, files, folders=[files.folder])
    with pytest.raises(TooLarge, match="at most"):
        small.read(ANONYMOUS, "a.h5", "/d")
    small.close()


def test_what_was_learned_outlives_the_process(
    files: _Files, service: ArrayService, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(files.folder / "a.h5")
    service.read(ANONYMOUS, "a.h5", "/d", "0,0,:")
    other = ArrayService(load_settings(home=files.folder / "home"), files, folders=[files.folder])
    monkeypatch.setattr(other._pool, "ask", nobody)
    np.testing.assert_array_equal(other.read(ANONYMOUS, "a.h5", "/d", "3"), FRAMES[3])
    other.close()


def test_the_index_of_a_million_chunks_is_made_while_the_array_is_read_already(
    files: _Files, service: ArrayService, monkeypatch: pytest.MonkeyPatch
) -> None:
    count = 1_000_000
    creation = h5p.create(h5p.DATASET_CREATE)
    creation.set_chunk((1, 8))
    creation.set_alloc_time(h5d.ALLOC_TIME_EARLY)  # quicker than writing as many
    with h5py.File(files.folder / "m.h5", "w") as file:
        space = h5s.create_simple((count, 8))
        dataset = h5py.Dataset(h5d.create(file.id, b"d", h5t.STD_U16LE, space, creation))
        dataset[count - 2] = range(8)
    asked = []
    ask = service._pool.ask

    def noting(lane: LaneName, body: dict[str, Any], *args: Any, **more: Any) -> Reply:
        asked.append((lane, body["operation"]))
        return ask(lane, body, *args, **more)

    monkeypatch.setattr(service._pool, "ask", noting)
    expected = np.stack([np.zeros(8), np.arange(8), np.zeros(8)])
    np.testing.assert_array_equal(service.read(ANONYMOUS, "m.h5", "/d", f"{count - 3}:"), expected)
    assert ("data", "read") in asked
    until = time.monotonic() + 60
    before = -1
    while len(asked) != before and time.monotonic() < until:  # as long as reader processes are needed
        before = len(asked)
        time.sleep(0.1)
        service.read(ANONYMOUS, "m.h5", "/d", f"{count - 3}:")
    assert ("scan", "index") in asked
    monkeypatch.setattr(service._pool, "ask", nobody)
    np.testing.assert_array_equal(service.read(ANONYMOUS, "m.h5", "/d", f"{count - 3}:"), expected)


def test_many_who_ask_at_once_have_one_reader_process_look(
    files: _Files, service: ArrayService, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(files.folder / "a.h5")
    asked: list[str] = []
    real = service._pool.ask

    def counted(lane: str, body: dict[str, Any], *rest: Any, **more: Any) -> Reply:
        asked.append(body["operation"])
        return real(lane, body, *rest, **more)

    monkeypatch.setattr(service._pool, "ask", counted)
    threads = [threading.Thread(target=service.read, args=(ANONYMOUS, "a.h5", "/d", f"{n % 5}")) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert asked == ["layout"]


# --- virtual datasets -----------------------------------------------------------------------------------------------


def virtual(folder: Path, *, sources: int = 3, way: str = "bitshuffle") -> np.ndarray:
    """A master `v.h5` of `sources` files and, below, the second module of two beside each other; its values."""
    layout = h5py.VirtualLayout((5 * sources, 120, 140), "<u4")
    for number in range(sources):
        write(folder / f"s{number}.h5", FRAMES + number, way)
        layout[5 * number : 5 * number + 5, :, 3:136] = h5py.VirtualSource(f"s{number}.h5", "d", FRAMES.shape)
    with h5py.File(folder / "v.h5", "w") as file:
        file.create_virtual_dataset("d", layout, fillvalue=77)
    with h5py.File(folder / "v.h5") as file:
        return file["d"][...]


@pytest.mark.parametrize("way", ["bitshuffle", "contiguous", "gzip"])
@pytest.mark.parametrize("selection", [None, "7", ":,7,:", "...,135", "::-4,5:9,::2", "3:3", "14,119,0", "4:6,1,100:"])
def test_virtual_datasets_need_no_reader_process_once_they_are_known(
    files: _Files, service: ArrayService, monkeypatch: pytest.MonkeyPatch, way: str, selection: str | None
) -> None:
    values = virtual(files.folder, way=way)
    files.open |= {files.folder / f"s{number}.h5" for number in range(3)}
    service.read(ANONYMOUS, "v.h5", "/d", "0,0,0")
    monkeypatch.setattr(service._pool, "ask", nobody)
    index = eval(f"np.s_[{selection}]") if selection else ...
    np.testing.assert_array_equal(service.read(ANONYMOUS, "v.h5", "/d", selection), values[index])


def test_frames_behind_a_virtual_dataset_come_as_they_are_stored(files: _Files, service: ArrayService) -> None:
    layout = h5py.VirtualLayout((10, *FRAMES.shape[1:]), "<u4")
    for number in range(2):
        write(files.folder / f"s{number}.h5", FRAMES + number)
        layout[5 * number : 5 * number + 5] = h5py.VirtualSource(f"s{number}.h5", "d", FRAMES.shape)
        files.open.add(files.folder / f"s{number}.h5")
    with h5py.File(files.folder / "v.h5", "w") as file:
        file.create_virtual_dataset("d", layout)
    found = service.read_or_stored(ANONYMOUS, "v.h5", "/d", "7", ["bitshuffle-lz4"])
    assert isinstance(found, StoredBytes)
    np.testing.assert_array_equal(decode_chunk(found.data, found.shape, found.dtype, "lz4"), FRAMES[2] + 1)
    assert isinstance(service.read_or_stored(ANONYMOUS, "v.h5", "/d", "4:6", ["bitshuffle-lz4"]), np.ndarray)


def test_every_source_of_a_virtual_dataset_is_asked_for_at_every_reading(files: _Files, service: ArrayService) -> None:
    values = virtual(files.folder)
    files.open |= {files.folder / f"s{number}.h5" for number in range(3)}
    np.testing.assert_array_equal(service.read(ANONYMOUS, "v.h5", "/d", "12"), values[12])
    files.open.discard(files.folder / "s1.h5")
    for selection in ("12", "6"):  # also where the one that may not be read isn't touched, as with libhdf5
        with pytest.raises(NotFound):
            service.read(ANONYMOUS, "v.h5", "/d", selection)


def test_a_source_that_is_missing_has_the_fill_value_until_it_appears(files: _Files, service: ArrayService) -> None:
    values = virtual(files.folder)
    files.open |= {files.folder / f"s{number}.h5" for number in range(3)}
    (files.folder / "s1.h5").rename(files.folder / "away.h5")
    assert (service.read(ANONYMOUS, "v.h5", "/d", "7") == 77).all()
    (files.folder / "away.h5").rename(files.folder / "s1.h5")
    np.testing.assert_array_equal(service.read(ANONYMOUS, "v.h5", "/d", "7"), values[7])
    write(files.folder / "s1.h5", FRAMES + 50)
    np.testing.assert_array_equal(service.read(ANONYMOUS, "v.h5", "/d", "7")[:, 3:136], FRAMES[2] + 50)


@pytest.mark.parametrize("kind", ["strided", "nested", "other type", "odd filter"])
def test_other_virtual_datasets_are_left_to_reader_processes(files: _Files, service: ArrayService, kind: str) -> None:
    write(files.folder / "s0.h5", way="blosc2" if kind == "odd filter" else "bitshuffle")
    layout = h5py.VirtualLayout((10, *FRAMES.shape[1:]), "<i8" if kind == "other type" else "<u4")
    name = "s0.h5"
    if kind == "nested":
        inner = h5py.VirtualLayout(FRAMES.shape, "<u4")
        inner[...] = h5py.VirtualSource("s0.h5", "d", FRAMES.shape)
        with h5py.File(files.folder / "n.h5", "w") as file:
            file.create_virtual_dataset("d", inner)
        name = "n.h5"
    place = np.s_[::2] if kind == "strided" else np.s_[:5]
    layout[place] = h5py.VirtualSource(name, "d", FRAMES.shape)
    with h5py.File(files.folder / "v.h5", "w") as file:
        file.create_virtual_dataset("d", layout)
    with h5py.File(files.folder / "v.h5") as file:
        values = file["d"][...]
    files.open |= {files.folder / "s0.h5", files.folder / "n.h5"}
    np.testing.assert_array_equal(service.read(ANONYMOUS, "v.h5", "/d"), values)


# --- structure ------------------------------------------------------------------------------------------------------


def test_structure_that_is_known_needs_no_reader_process(
    files: _Files, service: ArrayService, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(files.folder / "a.h5")
    first = service.tree(ANONYMOUS, "a.h5")
    monkeypatch.setattr(service._pool, "ask", nobody)
    assert service.tree(ANONYMOUS, "a.h5") == first


def test_structure_of_a_file_that_changed_is_asked_for_anew(files: _Files, service: ArrayService) -> None:
    write(files.folder / "a.h5")
    assert service.tree(ANONYMOUS, "a.h5", "/d").shape == (5, 120, 133)
    write(files.folder / "a.h5", FRAMES[:2])
    assert service.tree(ANONYMOUS, "a.h5", "/d").shape == (2, 120, 133)


def test_structure_behind_a_link_is_only_for_who_may_read_it(files: _Files, service: ArrayService) -> None:
    write(files.folder / "target.h5")
    with h5py.File(files.folder / "a.h5", "w") as file:
        file["link"] = h5py.ExternalLink("target.h5", "/d")
    files.open.add(files.folder / "target.h5")
    assert service.tree(ANONYMOUS, "a.h5", "/link").kind == "dataset"
    files.open.clear()
    with pytest.raises(NotFound):
        service.tree(ANONYMOUS, "a.h5", "/link")
    assert service.tree(ANONYMOUS, "a.h5").children[0].kind == "unresolved"  # type: ignore[index]
    files.open.add(files.folder / "target.h5")
    assert service.tree(ANONYMOUS, "a.h5").children[0].kind == "dataset"  # type: ignore[index]


def test_a_linked_file_that_appears_later_is_seen(files: _Files, service: ArrayService) -> None:
    with h5py.File(files.folder / "a.h5", "w") as file:
        file["link"] = h5py.ExternalLink("target.h5", "/d")
    files.open.add(files.folder / "target.h5")
    assert service.tree(ANONYMOUS, "a.h5").children[0].kind == "unresolved"  # type: ignore[index]
    write(files.folder / "target.h5")
    assert service.tree(ANONYMOUS, "a.h5").children[0].kind == "dataset"  # type: ignore[index]


# --- what a reader process says is not trusted ----------------------------------------------------------------------


def lying(path: Path, **changes: Any) -> Reply:
    """The description of a contiguous array of 1000 bytes at the start of `path`, and what is wrong with it."""
    found = FileIdentity.of(path)
    layout = {
        "identity": [found.device, found.inode, found.size, found.mtime_ns],
        "address": 0,
        "shape": [1000],
        "dtype": "|u1",
        "chunk": None,
        "offset": 0,
        "filters": [],
        "fill": "00",
    }
    return Reply({"layout": layout | changes, "file": str(path)}, b"", ())


def ask_with(reply: Reply, real: Path, allowed: set[Path] = set()) -> Asked:  # noqa: B006 - never changed
    return Asked(real, "/d", lambda _: reply, lambda file: file in allowed, 10.0)


def test_a_file_that_the_asker_may_not_read_is_not_opened(tmp_path: Path) -> None:
    own, secret = tmp_path / "own", tmp_path / "secret"
    own.write_bytes(bytes(2000))
    secret.write_bytes(b"secret" * 400)
    fast = FastReader(1 << 20)
    assert fast.read(ask_with(lying(secret), own), None, 1 << 20) is None
    assert fast.read(ask_with(lying(secret), own, {secret}), ":6", 1 << 20) is not None


@pytest.mark.parametrize(
    "changes",
    [
        {"shape": [-1]},
        {"offset": -8},
        {"offset": 1 << 63},
        {"dtype": "O"},
        {"dtype": "<c16"},
        {"fill": ""},
        {"chunk": [0]},
        {"chunk": [1, 1]},
        {"chunk": [1 << 40], "filters": [[1, [4]]]},
        {"filters": [[1, [4]]]},
        {"shape": "many"},
        {"identity": [1]},
    ],
)
def test_nonsense_is_left_to_a_reader_process(tmp_path: Path, changes: dict[str, Any]) -> None:
    own = tmp_path / "own"
    own.write_bytes(bytes(2000))
    assert FastReader(1 << 20).read(ask_with(lying(own, **changes), own), None, 1 << 20) is None


def test_an_offset_beyond_the_file_is_an_error(tmp_path: Path) -> None:
    own = tmp_path / "own"
    own.write_bytes(bytes(2000))
    with pytest.raises(UnreadableFile, match="ends within"):
        FastReader(1 << 20).read(ask_with(lying(own, offset=1500), own), None, 1 << 20)


def test_pipes_and_links_are_not_opened(tmp_path: Path) -> None:
    own, pipe, link = tmp_path / "own", tmp_path / "pipe", tmp_path / "link"
    own.write_bytes(bytes(2000))
    os.mkfifo(pipe)
    link.symlink_to(own)
    fast = FastReader(1 << 20)
    for target in (pipe, link):
        assert fast.read(ask_with(lying(target), own, {pipe, link}), None, 1 << 20) is None


# --- memory ---------------------------------------------------------------------------------------------------------


def test_many_large_answers_stay_within_the_limit(files: _Files) -> None:
    big = np.zeros((4, 1000, 1000), "<u4")
    write(files.folder / "a.h5", big, "contiguous")
    settings = load_settings(home=files.folder / "home", arrays={"buffer_mb": 16})
    service = ArrayService(settings, files, folders=[files.folder])
    most, wrong = [0], []

    def one() -> None:
        for _ in range(5):
            values = service.read(ANONYMOUS, "a.h5", "/d", "1")
            most[0] = max(most[0], service._fast.buffers.lent + service._fast.buffers.kept)
            if values.any():
                wrong.append(1)
            del values

    threads = [threading.Thread(target=one) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    gc.collect()
    assert not wrong
    assert most[0] <= 16 << 20
    assert service._fast.buffers.lent == 0
    service.close()


def test_no_tag_outlives_the_appearance_of_a_missing_file(files: _Files, service: ArrayService) -> None:
    with h5py.File(files.folder / "a.h5", "w") as file:
        layout = h5py.VirtualLayout(FRAMES.shape, FRAMES.dtype)
        layout[...] = h5py.VirtualSource("late.h5", "d", FRAMES.shape)
        file.create_virtual_dataset("v", layout)
    files.open.add(files.folder / "late.h5")
    tag = service.etag(ANONYMOUS, "a.h5", "/v", "1", "bin")
    assert not service.read(ANONYMOUS, "a.h5", "/v", "1").any()
    write(files.folder / "late.h5")
    assert service.etag(ANONYMOUS, "a.h5", "/v", "1", "bin") != tag
    np.testing.assert_array_equal(service.read(ANONYMOUS, "a.h5", "/v", "1"), FRAMES[1])


def test_a_virtual_source_that_appears_later_is_asked_for(files: _Files, service: ArrayService) -> None:
    with h5py.File(files.folder / "a.h5", "w") as file:
        layout = h5py.VirtualLayout(FRAMES.shape, FRAMES.dtype)
        layout[...] = h5py.VirtualSource("late.h5", "d", FRAMES.shape)
        file.create_virtual_dataset("v", layout)
    assert not service.read(ANONYMOUS, "a.h5", "/v", "1").any()
    write(files.folder / "late.h5")
    with pytest.raises(NotFound):
        service.read(ANONYMOUS, "a.h5", "/v", "1")
