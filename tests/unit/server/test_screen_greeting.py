"""How a screen is told who comes: with full rights without a password, with the password for viewing otherwise."""

from __future__ import annotations

import asyncio
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import pytest

import pandaas.sessions
from pandaas.server.sessions import greeting
from pandaas.server.sessions.greeting import NoGreeting, greet, response
from pandaas.sessions import VIEW_PASSWORD

CHALLENGE = bytes(range(16))
OFFERED = b"RFB 003.008\n\x02\x01\x02"
FIXED_KEY = bytes((23, 82, 107, 6, 35, 78, 88, 7))  # with which password files are written


class Writer:
    """What was written to the screen."""

    def __init__(self) -> None:
        self.said = b""

    def write(self, data: bytes) -> None:
        self.said += data


def meet(said: bytes, *, view_only: bool, piece: int = 1000) -> bytes:
    """What the screen gets, which itself says this, in pieces, and then closes."""

    async def run() -> bytes:
        reader, writer = asyncio.StreamReader(), Writer()

        async def speak() -> None:
            for start in range(0, len(said), piece):
                reader.feed_data(said[start : start + piece])
                await asyncio.sleep(0)
            reader.feed_eof()

        speaking = asyncio.create_task(speak())
        await greet(reader, writer, view_only=view_only)  # type: ignore[arg-type]
        await speaking
        return writer.said

    return asyncio.run(run())


@pytest.mark.parametrize("piece", [1, 3, 1000])
def test_who_works_along_needs_no_password(piece: int) -> None:
    assert meet(OFFERED + bytes(4), view_only=False, piece=piece) == b"RFB 003.008\n\x01"


@pytest.mark.parametrize("piece", [1, 3, 1000])
def test_who_watches_is_announced_with_the_password_for_viewing(piece: int) -> None:
    said = meet(OFFERED + CHALLENGE + bytes(4), view_only=True, piece=piece)
    assert said == b"RFB 003.008\n\x02" + response(CHALLENGE, VIEW_PASSWORD)


@pytest.mark.parametrize(
    "said",
    [
        b"",
        b"HTTP/1.1 400 Bad\n",
        b"RFB 003.008\n\x01\x01",  # started before there was a right to watch only
        b"RFB 003.008\n\x00\x00\x00\x00\x03bad",  # refuses at once
        b"RFB 003.008\n\xff\x01",  # says 255 types and closes
        OFFERED + CHALLENGE[:7],
        OFFERED + CHALLENGE + b"\x00\x00\x00\x01",  # another password
    ],
)
def test_nobody_watches_where_the_screen_does_not_know_that_right(said: bytes) -> None:
    with pytest.raises(NoGreeting):
        meet(said, view_only=True)


def test_a_screen_that_says_nothing_is_waited_for_a_while_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(greeting, "_ANSWER_S", 0.01)

    async def run() -> None:
        await greet(asyncio.StreamReader(), Writer(), view_only=True)  # type: ignore[arg-type]

    with pytest.raises(NoGreeting):
        asyncio.run(run())


def test_the_screen_is_started_with_the_password_that_is_said() -> None:
    file = Path(pandaas.sessions.__file__).parent / "inside" / "desktop.py"
    spec = spec_from_file_location("desktop", file)
    assert spec is not None
    assert spec.loader is not None
    desktop = module_from_spec(spec)
    spec.loader.exec_module(desktop)
    assert desktop._PASSWORDS[8:] == response(VIEW_PASSWORD.ljust(8, b"\0"), FIXED_KEY)
