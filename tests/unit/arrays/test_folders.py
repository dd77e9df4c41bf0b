"""The state of a folder is found by walking it, not more often than that is worth."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pandaas.arrays import folders


@pytest.fixture
def walks(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The folders that were walked, by a clock that goes as `step` says."""
    done: list[Path] = []
    walk = folders._walk

    def counting(folder: Path) -> folders.State:
        done.append(folder)
        return walk(folder)

    monkeypatch.setattr(folders, "_walk", counting)
    monkeypatch.setattr(folders, "_walked", {})
    return done


class Clock:
    def __init__(self, step: float) -> None:
        self.now, self.step = 0.0, step

    def monotonic(self) -> float:
        self.now += self.step
        return self.now


def test_every_change_of_a_small_folder_is_seen(tmp_path: Path, walks: list[Path]) -> None:
    (tmp_path / "c").mkdir()
    chunk = tmp_path / "c" / "0"
    seen = set()
    for number in range(1, 6):
        chunk.write_bytes(bytes(number))
        seen.add(folders.folder_state(tmp_path))
    assert len(seen) == 5


def test_a_long_walk_is_believed_for_a_moment(
    tmp_path: Path, walks: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clock(0.05)
    monkeypatch.setattr(folders, "time", clock)
    (tmp_path / "0").write_bytes(b"1")
    first = folders.folder_state(tmp_path)
    assert folders.folder_state(tmp_path) == first
    assert len(walks) == 1
    clock.now += 1.1
    folders.folder_state(tmp_path)
    assert len(walks) == 2


def test_a_folder_with_another_name_in_it_is_walked_anew(
    tmp_path: Path, walks: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(folders, "time", Clock(0.01))
    first = folders.folder_state(tmp_path)
    (tmp_path / "zarr.json").write_text("{}")
    os.utime(tmp_path, ns=(1, 1))
    assert folders.folder_state(tmp_path) != first
