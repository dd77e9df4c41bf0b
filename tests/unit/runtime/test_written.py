"""Counting what work has written, whatever it does to its folder."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pandaas.runtime import written
from pandaas.runtime.written import written_bytes

_MUCH = 10**12


def test_files_and_folders_below_are_counted(tmp_path: Path) -> None:
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "a" / "b" / "data").write_bytes(b"x" * 1_000_000)
    assert 1_000_000 <= written_bytes([str(tmp_path)], _MUCH) < 1_100_000


def test_empty_files_cost_something_and_holes_nothing(tmp_path: Path) -> None:
    for number in range(10):
        (tmp_path / str(number)).touch()
    os.truncate(tmp_path / "0", 1 << 30)
    assert 40_000 < written_bytes([str(tmp_path)], _MUCH) < 100_000


def test_hard_links_count_once_and_symbolic_ones_are_not_followed(tmp_path: Path) -> None:
    inside, outside = tmp_path / "output", tmp_path / "elsewhere"
    inside.mkdir()
    outside.mkdir()
    (outside / "big").write_bytes(b"x" * 5_000_000)
    (inside / "data").write_bytes(b"x" * 1_000_000)
    (inside / "again").hardlink_to(inside / "data")
    (inside / "way-out").symlink_to(outside)
    (inside / "round").symlink_to(inside)
    assert written_bytes([str(inside)], _MUCH) < 1_200_000


def test_a_folder_that_can_not_be_opened_is_more_than_enough(tmp_path: Path) -> None:
    assert written_bytes([str(tmp_path / "gone")], _MUCH) > _MUCH


def test_entries_that_can_not_be_looked_at_are_more_than_enough(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "data").touch()

    def closed(*_: object) -> int:
        raise PermissionError  # what `stat` does in a folder without x, unless one is root

    monkeypatch.setattr(written, "_entry", closed)
    assert written_bytes([str(tmp_path)], _MUCH) > _MUCH


def test_counting_ends_when_it_is_enough(tmp_path: Path) -> None:
    for number in range(100):
        (tmp_path / str(number)).touch()
    assert 20_000 < written_bytes([str(tmp_path)], 20_000) < 30_000


def test_folders_nested_beyond_reason_are_more_than_enough(tmp_path: Path) -> None:
    place = os.open(tmp_path, os.O_RDONLY)
    for _level in range(150):
        os.mkdir("deep", dir_fd=place)
        below = os.open("deep", os.O_RDONLY, dir_fd=place)
        os.close(place)
        place = below
    os.close(place)
    assert written_bytes([str(tmp_path)], _MUCH) > _MUCH
