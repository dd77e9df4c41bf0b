"""What a job left below output/files is taken out of its reach: plain files only, so many at most."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pandaas.jobs.kept import kept_files, take_files


@pytest.fixture
def places(tmp_path: Path) -> tuple[Path, Path]:
    (tmp_path / "output" / "files").mkdir(parents=True)
    return tmp_path / "output", tmp_path / "kept"


def test_files_are_moved_and_named(places: tuple[Path, Path]) -> None:
    output, kept = places
    (output / "files" / "plot.png").write_bytes(b"p")
    (output / "files" / "deep").mkdir()
    (output / "files" / "deep" / "a table.csv").write_bytes(b"12")
    take_files(output, kept)
    assert [(file.name, file.size) for file in kept_files(kept)] == [("deep_a table.csv", 2), ("plot.png", 1)]
    assert not (output / "files" / "plot.png").exists()


def test_links_pipes_and_folders_behind_links_are_left(places: tuple[Path, Path], tmp_path: Path) -> None:
    output, kept = places
    secret = tmp_path / "secret"
    secret.mkdir()
    (secret / "key").write_text("secret")
    (output / "files" / "link").symlink_to(secret / "key")
    (output / "files" / "folder").symlink_to(secret)
    os.mkfifo(output / "files" / "pipe")
    take_files(output, kept)
    assert kept_files(kept) == []
    assert (secret / "key").read_text() == "secret"


def test_the_folder_itself_may_be_a_link_and_is_not_followed(places: tuple[Path, Path], tmp_path: Path) -> None:
    output, kept = places
    (output / "files").rmdir()
    (output / "files").symlink_to(tmp_path)
    assert take_files(output, kept) == []


def test_a_second_name_of_a_file_changes_nothing_later(places: tuple[Path, Path]) -> None:
    output, kept = places
    file = output / "files" / "table.csv"
    file.write_text("good")
    os.link(file, output / "other-name")
    take_files(output, kept)
    (output / "other-name").write_text("changed")
    assert (kept / "table.csv").read_text() == "good"


def test_names_are_made_harmless_and_unique(places: tuple[Path, Path]) -> None:
    output, kept = places
    for name in ("a\nb.txt", "a\tb.txt", "<script>.html", "ü.csv", "x" * 250):
        (output / "files" / name).write_text(name)
    take_files(output, kept)
    names = [file.name for file in kept_files(kept)]
    assert names == sorted(["a_b.txt", "a_b-2.txt", "_script_.html", "ü.csv", "x" * 150])


def test_at_most_two_hundred_are_kept(places: tuple[Path, Path]) -> None:
    output, kept = places
    for number in range(230):
        (output / "files" / f"{number:03}.txt").touch()
    take_files(output, kept)
    assert len(kept_files(kept)) == 200


def test_taking_again_after_a_crash_adds_what_is_left(places: tuple[Path, Path]) -> None:
    output, kept = places
    (output / "files" / "one").touch()
    take_files(output, kept)
    (output / "files" / "two").touch()
    take_files(output, kept)
    assert [file.name for file in kept_files(kept)] == ["one", "two"]
