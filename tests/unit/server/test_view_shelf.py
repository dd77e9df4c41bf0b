"""What `pandaas view` serves: names below the given paths, and nothing else under any name."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pandaas.model import InvalidInput, NotAllowed, NotFound
from pandaas.server.view.listing import listing
from pandaas.server.view.shelf import Shelf


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    inside = tmp_path / "data"
    (inside / "run" / ".cache").mkdir(parents=True)
    (inside / "run" / "a.h5").write_bytes(b"a")
    (inside / "run" / ".cache" / "b.h5").write_bytes(b"b")
    (inside / ".hidden.h5").write_bytes(b"h")
    (tmp_path / "data-secret").mkdir()
    (tmp_path / "data-secret" / "s.h5").write_bytes(b"s")
    (inside / "out").symlink_to(tmp_path / "data-secret")
    (inside / "out.h5").symlink_to(tmp_path / "data-secret" / "s.h5")
    (inside / "alias.h5").symlink_to(inside / "run" / "a.h5")
    (inside / "peep.h5").symlink_to(inside / ".hidden.h5")
    (inside / "loop").symlink_to(inside / "loop")
    return inside


@pytest.mark.parametrize("address", ["run/a.h5", "/run/a.h5", "run//a.h5", "alias.h5"])
def test_files_below_the_folder_are_served(folder: Path, address: str) -> None:
    place = Shelf([folder]).place(address)
    assert place.real == folder / "run" / "a.h5"
    assert not place.is_folder


@pytest.mark.parametrize(
    "address",
    [
        "nothing.h5",
        "../data-secret/s.h5",
        "run/../../data-secret/s.h5",
        "run/../run/a.h5",
        "..",
        "./run/a.h5",
        "/etc/passwd",
        "out/s.h5",
        "out.h5",
        "peep.h5",
        ".hidden.h5",
        "run/.cache/b.h5",
        "loop",
        "run/a.h5/more",
        "run\0/a.h5",
        "run/a.h5\0",
        "a" * 5000,
        "\\x2e\\x2e/data-secret/s.h5",
        "%2e%2e/data-secret/s.h5",
        "run\\..\\..\\data-secret\\s.h5",
        "\ud800",
    ],
)
def test_nothing_else_is(folder: Path, address: str) -> None:
    with pytest.raises(NotFound):
        Shelf([folder]).place(address)


def test_a_file_given_alone_is_all_there_is(folder: Path) -> None:
    shelf = Shelf([folder / "run" / "a.h5"])
    assert shelf.place("a.h5").real == folder / "run" / "a.h5"
    assert [entry.name for entry in listing(shelf, "").entries] == ["a.h5"]
    for address in ("run/a.h5", "a.h5/..", "../run/a.h5", "b.h5"):
        with pytest.raises(NotFound):
            shelf.place(address)
    assert not shelf.holds(folder / "run")


def test_several_paths_go_by_their_names(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "more" / "run").mkdir(parents=True)
    (tmp_path / "more" / "run" / "c.h5").write_bytes(b"c")
    shelf = Shelf([folder / "run", tmp_path / "more" / "run", folder / "run" / "a.h5", folder / "run"])
    assert [root.name for root in shelf.roots] == ["run", "run (2)", "a.h5"]
    assert shelf.place("run (2)/c.h5").real == tmp_path / "more" / "run" / "c.h5"
    assert shelf.place("").is_folder
    with pytest.raises(NotFound):
        shelf.place("c.h5")
    with pytest.raises(NotFound):
        shelf.place("a.h5/c.h5")


@pytest.mark.parametrize("name", ["no UTF-8 \udcff.h5", "new\nline.h5", "per%2Fcent?#.h5", "\\x41.h5", "\u202ecod.h5"])
def test_every_name_that_a_file_can_have_is_listed_and_opens(folder: Path, name: str) -> None:
    (folder / name).write_bytes(b"x")
    shelf = Shelf([folder])
    [entry] = [
        entry
        for entry in listing(shelf, "").entries
        if entry.name.endswith(".h5") and entry.size == 1 and entry.name != "alias.h5" and entry.problem is None
    ]
    entry.name.encode()  # as JSON needs it
    assert shelf.place(entry.address).real == folder / name


def test_names_with_numbers_stand_in_their_order_after_the_folders(tmp_path: Path) -> None:
    for name in ("scan_10.h5", "scan_9.h5", "Scan_1.h5"):
        (tmp_path / name).write_bytes(b"x")
    (tmp_path / "zoo").mkdir()
    names = [entry.name for entry in listing(Shelf([tmp_path]), "").entries]
    assert names == ["zoo", "Scan_1.h5", "scan_9.h5", "scan_10.h5"]


def test_a_large_folder_comes_in_parts(tmp_path: Path) -> None:
    for number in range(25):
        (tmp_path / f"scan_{number}.cbf").write_bytes(b"x")
    shelf = Shelf([tmp_path])
    part = listing(shelf, "", offset=20, limit=10)
    assert [entry.name for entry in part.entries] == [f"scan_{number}.cbf" for number in range(20, 25)]
    assert part.total == 25
    assert [entry.name for entry in listing(shelf, "", words="SCAN 13").entries] == ["scan_13.cbf"]


def test_newest_first(tmp_path: Path) -> None:
    for age, name in enumerate(("new.h5", "older.h5", "ancient.h5")):
        (tmp_path / name).write_bytes(b"x")
        os.utime(tmp_path / name, (1e9 - age, 1e9 - age))
    assert [e.name for e in listing(Shelf([tmp_path]), "", order="newest").entries] == [
        "new.h5",
        "older.h5",
        "ancient.h5",
    ]


def test_a_file_that_comes_later_is_found(tmp_path: Path) -> None:
    shelf = Shelf([tmp_path])
    assert listing(shelf, "").total == 0
    (tmp_path / "late.h5").write_bytes(b"x")
    assert [entry.name for entry in listing(shelf, "").entries] == ["late.h5"]


def test_what_is_hidden_or_can_not_be_opened_is_said(folder: Path) -> None:
    os.mkfifo(folder / "pipe")
    found = listing(Shelf([folder]), "")
    assert found.hidden == 1
    problems = {entry.name: entry.problem for entry in found.entries if entry.problem}
    assert set(problems) == {"out", "out.h5", "peep.h5", "loop", "pipe"}
    assert problems["out.h5"] == "leads out of what is viewed"
    assert problems["pipe"] == "is no file or folder"


def test_what_may_not_be_read_is_said(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As root, whom these tests may run as, reads everything, the system's refusals are played."""
    shelf = Shelf([folder])
    monkeypatch.setattr(os, "access", lambda path, _mode: Path(path).name != "run")
    assert {entry.name: entry.problem for entry in listing(shelf, "").entries}["run"] == "may not be read by you"

    def refuse(_path: Path) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "scandir", refuse)
    with pytest.raises(NotAllowed, match="'run' may not be read by you"):
        listing(shelf, "run")


def test_a_zarr_store_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "stack.zarr").mkdir()
    (tmp_path / "stack.zarr" / ".zgroup").write_text('{"zarr_format": 2}')
    [entry] = listing(Shelf([tmp_path]), "").entries
    assert entry.kind == "file"
    with pytest.raises(InvalidInput):
        listing(Shelf([tmp_path]), "stack.zarr")


@pytest.mark.parametrize("missing", ["nowhere", "nowhere/file.h5"])
def test_a_path_that_does_not_exist_is_named(tmp_path: Path, missing: str) -> None:
    with pytest.raises(InvalidInput, match="nowhere"):
        Shelf([tmp_path / missing])


def test_a_pipe_is_no_path_to_view(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(InvalidInput, match="neither a file nor a folder"):
        Shelf([tmp_path / "pipe"])
