"""Small looks into a session: the screen of a desktop, what Jupyter says of itself. What answers is hostile."""

from __future__ import annotations

import io
import socket
import struct
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, cast

import pytest
from PIL import Image

from pandaas.sessions import kernels
from pandaas.sessions.pictures import _NotRfb, picture_of
from pandaas.sessions.reach import Doorway

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
DOOR = cast("Doorway", None)


def hello(width: int, height: int, *, name: int = 4) -> bytes:
    form = bytes(16)
    return (
        b"RFB 003.008\n" + b"\x01\x01" + bytes(4) + struct.pack(">HH", width, height) + form + struct.pack(">I", name)
    )


def rectangle(width: int, height: int, pixel: bytes, *, encoding: int = 0) -> bytes:
    return struct.pack(">BxHHHHHi", 0, 1, 0, 0, width, height, encoding) + pixel * (width * height)


def answered(said: bytes) -> bytes:
    """The picture of a screen that says this, whatever it is asked."""
    here, there = socket.socketpair()

    def speak() -> None:
        try:
            there.sendall(said)
            there.shutdown(socket.SHUT_WR)
        except OSError:
            return

    thread = threading.Thread(target=speak, daemon=True)
    thread.start()
    with here:
        try:
            return picture_of(here)
        finally:
            there.close()
            thread.join(5)


def test_a_screen_is_one_small_picture_with_its_colours() -> None:
    blue_of_bgrx = b"\xff\x00\x00\x00"
    said = hello(1280, 800) + b"name" + b"\x02" + rectangle(1280, 800, blue_of_bgrx)
    picture = Image.open(io.BytesIO(answered(said)))
    assert picture.size == (427, 267)
    red, green, blue = cast("tuple[int, int, int]", picture.getpixel((200, 100)))
    assert red < 10
    assert green < 10
    assert blue > 240


@pytest.mark.parametrize(
    "said",
    [
        b"HTTP/1.1 200 OK\r\n\r\n",
        b"RFB 003.008\n\x01\x02",
        hello(60000, 60000) + b"name",
        hello(0, 10) + b"name",
        hello(10, 10, name=2**31),
        hello(10, 10) + b"name" + rectangle(11, 10, bytes(4)),
        hello(10, 10) + b"name" + rectangle(10, 10, bytes(4), encoding=7),
        hello(10, 10) + b"name" + b"\x03\x00\x00\x00\xff\xff\xff\xff",
        hello(10, 10) + b"name" + b"\x09",
        hello(10, 10) + b"na",
    ],
)
def test_what_is_no_screen_of_ours_gives_no_picture(said: bytes) -> None:
    with pytest.raises((_NotRfb, OSError)):
        answered(said)


def answers(monkeypatch: pytest.MonkeyPatch, value: Any) -> None:
    told: Callable[..., Any] = lambda _door, _path: value  # noqa: E731
    monkeypatch.setattr(kernels, "ask", told)


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ([{"execution_state": "busy", "last_activity": "2026-06-01T08:00:00Z"}], NOW),
        (
            [{"execution_state": "idle", "last_activity": "2026-06-01T08:00:00.5Z"}],
            datetime(2026, 6, 1, 8, 0, 0, 500_000, tzinfo=UTC),
        ),
        ([{"execution_state": "idle", "last_activity": "2036-01-01T00:00:00Z"}], NOW),
        ([{"execution_state": "idle", "last_activity": "yesterday"}, 7, None], None),
        ({"message": "no"}, None),
        (None, None),
    ],
)
def test_when_kernels_last_computed(monkeypatch: pytest.MonkeyPatch, said: Any, expected: datetime | None) -> None:
    answers(monkeypatch, said)
    assert kernels.last_computed(DOOR, NOW) == expected


def test_open_notebooks_are_listed_the_latest_first_with_clean_names(monkeypatch: pytest.MonkeyPatch) -> None:
    said = [
        {"path": "old.ipynb", "kernel": {"execution_state": "idle", "last_activity": "2026-06-01T08:00:00Z"}},
        {"path": "new\n\x1b[31m" + "x" * 999, "kernel": {"execution_state": "busy", "last_activity": "2026-06-01T09:00:00Z"}},
        {"path": 7, "kernel": "none"},
        {"path": "odd", "kernel": {"execution_state": ["?"]}},
    ]  # fmt: skip
    answers(monkeypatch, said)
    found = kernels.open_notebooks(DOOR)
    assert [one.state for one in found] == ["busy", "idle", "other"]
    assert found[0].name.startswith("new[31mx")
    assert len(found[0].name) <= 200
