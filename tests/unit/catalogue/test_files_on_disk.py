"""Walking, writers, watching, and files that go missing, come back, move or change."""

from __future__ import annotations

import fcntl
import os
import shutil
import threading
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from pandaas.access import FACILITY
from pandaas.catalogue import FileCheck, IngestReport, SearchQuery
from pandaas.catalogue.checks import FileChecks
from pandaas.catalogue.ingest import is_being_written, sha256_of, walk
from pandaas.catalogue.ingest.walk import FoundFile, RefusedFile
from pandaas.catalogue.watch import Watch
from pandaas.model import InvalidInput
from pandaas.testing.facility import Facility


def found(paths: list[Path], allowed: list[Path] | None = None, given: list[Path] | None = None) -> set[str]:
    return {one.path.name for one in walk(paths, allowed or [], given) if isinstance(one, FoundFile)}


def refused(paths: list[Path], allowed: list[Path] | None = None, given: list[Path] | None = None) -> list[str]:
    return [one.reason for one in walk(paths, allowed or [], given) if isinstance(one, RefusedFile)]


def test_links_are_followed_only_to_where_data_may_lie(tmp_path: Path) -> None:
    inside, outside, other = (tmp_path / name for name in ("inside", "outside", "other"))
    for folder in (inside, outside, other):
        folder.mkdir()
        (folder / f"{folder.name}.dat").write_text("x")
    (inside / "a").symlink_to(outside)
    (inside / "b").symlink_to(other)
    (inside / "c").symlink_to(outside / "outside.dat")
    assert found([inside], [other]) == {"inside.dat", "other.dat"}
    assert refused([inside], [other]) == ["This link leads out of the storage roots."] * 2
    (one,) = [one for one in walk([inside], [other]) if isinstance(one, FoundFile) and not one.given]
    assert one.path == other / "other.dat"


def test_a_watched_path_that_became_a_link_is_not_taken_for_a_given_one(tmp_path: Path) -> None:
    inside, outside = tmp_path / "inside", tmp_path / "outside"
    inside.mkdir()
    outside.write_text("x")
    (inside / "new").symlink_to(outside)
    assert found([inside / "new"], given=[inside]) == set()
    assert len(refused([inside / "new"], given=[inside])) == 1


def test_loops_devices_and_half_files_are_passed_over(tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to(tmp_path)
    (tmp_path / "self").symlink_to(tmp_path / "self")
    (tmp_path / "nowhere").symlink_to(tmp_path / "gone")
    os.mkfifo(tmp_path / "pipe")
    for name in ("good.nxs", "half.nxs.part", ".hidden", "copy.tmp", "edit~"):
        (tmp_path / name).write_text("x")
    assert found([tmp_path]) == {"good.nxs"}
    assert len(refused([tmp_path])) == 2


def test_a_name_that_is_no_text_is_refused(tmp_path: Path) -> None:
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff.nxs")).write_text("x")
    assert refused([tmp_path]) == ["Its name is not valid UTF-8 text."]


def test_folders_that_never_end_are_refused(tmp_path: Path) -> None:
    deep = tmp_path
    for _ in range(70):
        deep = deep / "d"
        deep.mkdir()
    assert "deep" in refused([tmp_path])[0]


def test_a_zarr_store_is_one_file(tmp_path: Path) -> None:
    store = tmp_path / "image.zarr"
    (store / "0").mkdir(parents=True)
    (store / ".zarray").write_text("{}")
    (store / "0" / "0").write_bytes(b"1234")
    (one,) = walk([tmp_path], [])
    assert isinstance(one, FoundFile)
    assert (one.path, one.size) == (store, 6)
    before = sha256_of(store)
    (store / "0" / "0").write_bytes(b"1235")
    assert sha256_of(store) != before


def test_a_path_that_does_not_exist_is_said(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="no file or folder"):
        list(walk([tmp_path / "gone"], []))


def test_hdf5_that_is_open_for_writing_is_noticed(tmp_path: Path) -> None:
    head = bytearray(b"\x89HDF\r\n\x1a\n" + bytes([3, 8, 8, 0b101]) + bytes(40))
    file = tmp_path / "a.h5"
    file.write_bytes(head)
    assert is_being_written(file)
    assert not is_being_written(file, now=time.time() + 7200)
    head[11] = 0
    file.write_bytes(head)
    assert not is_being_written(file)
    with file.open("rb") as writer:
        fcntl.flock(writer, fcntl.LOCK_EX)
        assert is_being_written(file)
    assert not is_being_written(tmp_path / "gone")


# --- missing, back, moved, changed ----------------------------------------------------------------------------------


def test_a_missing_file_is_noticed_and_shown_until_it_is_back(facility: Facility) -> None:
    pid = facility.register("PUB-1/a.nxs")
    path = facility.root / "PUB-1/a.nxs"
    aside = facility.root.parent / "aside"
    path.rename(aside)
    assert facility.catalogue.check_files().missing == ["a.nxs"]
    record = facility.catalogue.dataset(FACILITY, pid)
    assert record.missing_since == facility.clock()
    assert (record.files[0].missing, record.card.missing) == (True, True)
    aside.rename(path)
    assert facility.catalogue.check_files().returned == ["a.nxs"]
    assert facility.catalogue.dataset(FACILITY, pid).missing_since is None
    texts = [line.text for line in facility.catalogue.history(FACILITY, pid)]
    assert texts[:2] == ["Its files are back on disk.", "Its files are missing on disk."]


def test_a_moved_file_is_found_by_its_checksum(facility: Facility) -> None:
    pid = facility.register("PUB-1/a.nxs")
    facility.write("PUB-1/b.nxs", title="z")
    (facility.root / "PUB-1/a.nxs").rename(facility.root / "PUB-1/renamed.nxs")
    check = facility.catalogue.check_files()
    assert (check.moved, check.missing) == (["a.nxs"], [])
    assert facility.catalogue.files(FACILITY, pid).master.name == "renamed.nxs"
    assert [one.outcome for one in facility.ingest().datasets if one.pid == pid] == ["unchanged"]


def test_a_moved_file_is_found_by_its_new_name_and_keeps_its_versions(facility: Facility) -> None:
    old = facility.register("PUB-1/a.nxs")
    new = facility.ingest(facility.write("PUB-1/a.nxs", sample="more")).datasets[0].pid
    (facility.root / "PUB-1/a.nxs").rename(facility.root / "PUB-1/renamed.nxs")
    facility.catalogue.check_files()
    assert [card.pid for card in facility.catalogue.search(FACILITY, SearchQuery("file:renamed")).results] == [new]
    other = facility.register("PUB-1/a.nxs", title="another measurement")
    assert [one.pid for one in facility.catalogue.dataset(FACILITY, new).versions] == [old, new]
    assert [one.pid for one in facility.catalogue.dataset(FACILITY, other).versions] == [other]


def test_a_file_moved_to_another_proposals_folder_is_missing_here(facility: Facility) -> None:
    pid = facility.register("PUB-1/a.nxs")
    target = facility.root / "SEC-2/a.nxs"
    target.parent.mkdir()
    (facility.root / "PUB-1/a.nxs").rename(target)
    assert facility.catalogue.check_files().missing == ["a.nxs"]
    assert facility.catalogue.dataset(FACILITY, pid).missing_since is not None


def test_a_copy_in_another_proposals_folder_hides_nothing(facility: Facility) -> None:
    pid = facility.register("SEC-2/a.nxs")
    path = facility.root / "SEC-2/a.nxs"
    (facility.root / "PUB-1").mkdir()
    shutil.copy(path, facility.root / "PUB-1/copy.nxs")  # found first
    path.rename(facility.root / "SEC-2/renamed.nxs")
    assert facility.catalogue.check_files().moved == ["a.nxs"]
    assert facility.catalogue.files(FACILITY, pid).master.name == "renamed.nxs"


def test_two_missing_files_alike_are_not_found_in_one_place(facility: Facility) -> None:
    facility.register("PUB-1/a.nxs")
    shutil.copy(facility.root / "PUB-1/a.nxs", facility.root / "PUB-1/b.nxs")
    facility.ingest()
    (facility.root / "PUB-1/a.nxs").unlink()
    (facility.root / "PUB-1/b.nxs").rename(facility.root / "PUB-1/renamed.nxs")
    check = facility.catalogue.check_files()
    assert (len(check.moved), len(check.missing)) == (1, 1)


def test_all_files_of_a_folder_that_went_away_are_missed(facility: Facility) -> None:
    for name in ("x/a.nxs", "x/y/b.nxs", "x1/c.nxs"):
        facility.register(f"PUB-1/{name}")
    (facility.root / "PUB-1").rename(facility.root.parent / "aside")
    check = FileChecks(facility.database, facility.settings, facility.access).run([facility.root / "PUB-1/x"])
    assert sorted(check.missing) == ["a.nxs", "b.nxs"]


def test_a_changed_file_is_told(facility: Facility) -> None:
    facility.register("PUB-1/a.nxs")
    facility.write("PUB-1/a.nxs", sample="more")
    assert facility.catalogue.check_files().changed == ["a.nxs"]


def test_a_link_in_a_files_place_counts_as_missing(facility: Facility) -> None:
    facility.register("PUB-1/a.nxs")
    path = facility.root / "PUB-1/a.nxs"
    path.unlink()
    path.symlink_to(facility.write("SEC-2/b.nxs"))
    assert facility.catalogue.check_files().missing == ["a.nxs"]


# --- watching -------------------------------------------------------------------------------------------------------


def _nothing() -> IngestReport:
    return IngestReport([], [], [], [], 0, 0, 0.0)


def _all_there(_: Sequence[Path]) -> FileCheck:
    return FileCheck(0, [], [], [], [])


def test_a_file_is_taken_once_it_rests(tmp_path: Path) -> None:
    watch = Watch([tmp_path], settle_s=5, ingest=lambda _: _nothing(), check=_all_there)
    file = tmp_path / "a.nxs"
    file.write_text("1")
    watch.note([file], now=0)
    assert watch.settled(now=4) == []
    file.write_text("12")
    assert watch.settled(now=6) == []
    assert watch.settled(now=10.9) == []
    assert watch.settled(now=11) == [file]
    assert watch.settled(now=20) == []


def test_a_file_with_a_writer_is_waited_for(tmp_path: Path) -> None:
    watch = Watch([tmp_path], settle_s=5, ingest=lambda _: _nothing(), check=_all_there)
    file = tmp_path / "a.nxs"
    file.write_text("1")
    watch.note([file], now=0)
    with file.open("rb") as writer:
        fcntl.flock(writer, fcntl.LOCK_EX)
        assert watch.settled(now=10) == []
    assert watch.settled(now=11) == [file]


def test_a_file_that_went_away_is_forgotten(tmp_path: Path) -> None:
    watch = Watch([tmp_path], settle_s=5, ingest=lambda _: _nothing(), check=_all_there)
    watch.note([tmp_path / "gone"], now=0)
    assert watch.settled(now=10) == []


def test_what_appears_while_watching_is_ingested_and_what_goes_is_missed(facility: Facility) -> None:
    facility.write("PUB-1/before.nxs")
    stop, seen = threading.Event(), []

    def report(one: IngestReport | FileCheck) -> None:
        if isinstance(one, FileCheck):
            seen.extend(f"{name} is gone" for name in one.missing)
        else:
            seen.extend(dataset.title for dataset in one.datasets if dataset.outcome == "new")

    watcher = threading.Thread(
        target=facility.catalogue.watch, args=(FACILITY, [facility.root], stop), kwargs={"report": report}
    )
    watcher.start()
    try:
        _wait(lambda: seen == ["before"])
        time.sleep(0.5)
        facility.write("PUB-1/after.nxs")
        _wait(lambda: seen == ["before", "after"])
        (facility.root / "PUB-1/before.nxs").unlink()
        _wait(lambda: facility.catalogue.latest(FACILITY, limit=2)[-1].pid != "" and _missing(facility) == ["before"])
        _wait(lambda: seen[-1] == "before.nxs is gone")
    finally:
        stop.set()
        watcher.join(10)
    assert not watcher.is_alive()


def test_what_went_away_while_nobody_watched_is_noticed_at_the_start(facility: Facility) -> None:
    facility.register("PUB-1/a.nxs")
    facility.register("SEC-2/b.nxs")
    for name in ("PUB-1/a.nxs", "SEC-2/b.nxs"):
        (facility.root / name).unlink()
    stop, seen = threading.Event(), []

    def report(one: IngestReport | FileCheck) -> None:
        seen.append(one)
        stop.set()

    facility.catalogue.watch(FACILITY, [facility.root / "PUB-1"], stop, report=report)
    assert isinstance(seen[0], FileCheck)
    assert seen[0].missing == ["a.nxs"]


def _missing(facility: Facility) -> list[str]:
    return [card.title for card in facility.catalogue.search(FACILITY, SearchQuery("state:missing")).results]


def _wait(condition: object) -> None:
    deadline = time.monotonic() + 20
    while not condition():  # type: ignore[operator]
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)
