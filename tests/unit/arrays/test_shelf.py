"""What is known of files, on disk."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from pandaas.arrays.shelf import Shelf
from pandaas.arrays.values import FileIdentity

OWN = FileIdentity("/data/a.h5", 1, 2, 3, 4)


def test_what_was_put_is_taken(tmp_path: Path) -> None:
    Shelf(tmp_path).put(OWN, "/d", {"a": [1, None, "µ"]}, b"raw\nbytes")
    assert Shelf(tmp_path).take(OWN, "/d") == ({"a": [1, None, "µ"]}, b"raw\nbytes")


@pytest.mark.parametrize("other", [replace(OWN, mtime_ns=5), replace(OWN, path="/data/b.h5"), replace(OWN, size=9)])
def test_another_state_or_file_has_nothing(tmp_path: Path, other: FileIdentity) -> None:
    shelf = Shelf(tmp_path)
    shelf.put(OWN, "/d", {}, b"")
    assert shelf.take(other, "/d") is None
    assert shelf.take(OWN, "/e") is None


@pytest.mark.parametrize("content", [b"", b"{}\n", b"[]\n", b'{"key": 1}', b"\xff\xfe\n", b"not json\n"])
def test_damaged_entries_are_not_there(tmp_path: Path, content: bytes) -> None:
    shelf = Shelf(tmp_path)
    shelf.put(OWN, "/d", {}, b"1234")
    (entry,) = tmp_path.glob("??/*")
    entry.write_bytes(content)
    assert shelf.take(OWN, "/d") is None


def test_a_cut_entry_is_not_there(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path)
    shelf.put(OWN, "/d", {}, b"1234")
    (entry,) = tmp_path.glob("??/*")
    os.truncate(entry, entry.stat().st_size - 1)
    assert shelf.take(OWN, "/d") is None


def test_names_that_are_no_text_can_be_kept(tmp_path: Path) -> None:
    odd = replace(OWN, path=os.fsdecode(b"/data/\xff.h5"))
    shelf = Shelf(tmp_path)
    shelf.put(odd, "/d", {}, b"x")
    assert shelf.take(odd, "/d") == ({}, b"x")


def test_a_folder_that_can_not_be_made_is_no_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    shelf = Shelf(tmp_path / "file" / "below")
    shelf.put(OWN, "/d", {}, b"")
    assert shelf.take(OWN, "/d") is None


def test_the_oldest_go_when_it_is_full(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path, limit=3500)
    for number in range(65):  # looks after itself at every 64th
        shelf.put(OWN, f"/{number}", {}, bytes(1000))
        for entry in tmp_path.glob("??/*"):
            if entry.stat().st_mtime > 1e9:
                os.utime(entry, (number, number))
    assert shelf.take(OWN, "/0") is None
    assert shelf.take(OWN, "/64") is not None
    assert sum(entry.stat().st_size for entry in tmp_path.glob("??/*")) <= 3500
