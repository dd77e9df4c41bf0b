"""The second name of a session's socket, by which nginx reaches it."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from pandaas.model import Unavailable
from pandaas.sessions.reach import Doorway


@pytest.fixture
def listening(tmp_path: Path) -> Iterator[Path]:
    (tmp_path / "doors").mkdir()
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "own.sock"))
        server.listen()
        yield tmp_path / "own.sock"


def show(file: Path) -> Path:
    shown = file.parent / "doors" / "s-1"
    door = Doorway.open(file, None)
    try:
        door.show(shown)
    finally:
        door.close()
    return shown


def test_the_second_name_is_the_same_socket_and_open_to_the_group(listening: Path) -> None:
    shown = show(listening)
    assert shown.lstat().st_ino == listening.lstat().st_ino
    assert shown.lstat().st_mode & 0o777 == 0o660
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(str(shown))


def test_what_takes_the_place_of_the_socket_later_is_not_shown(listening: Path) -> None:
    shown = show(listening)
    was = shown.lstat().st_ino
    listening.unlink()
    listening.symlink_to("/run/docker.sock")
    assert shown.lstat().st_ino == was
    with pytest.raises(Unavailable):
        show(listening)


def test_a_new_socket_replaces_the_old_one(listening: Path) -> None:
    show(listening)
    listening.unlink()
    with socket.socket(socket.AF_UNIX) as again:
        again.bind(str(listening))
        assert show(listening).lstat().st_ino == listening.lstat().st_ino
    assert os.listdir(listening.parent / "doors") == ["s-1"]


def test_a_folder_that_is_not_there_is_said(listening: Path) -> None:
    (listening.parent / "doors").rmdir()
    with pytest.raises(Unavailable, match="shown to nginx"):
        show(listening)
