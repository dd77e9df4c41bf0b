"""Beside a session: who is here, pointers, the chat; and a desktop that two share, one of whom only watches."""

from __future__ import annotations

import asyncio
import base64
import json
import struct
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import websockets
from websockets.asyncio.client import ClientConnection
from websockets.typing import Origin

from pandaas.access import FACILITY
from pandaas.config import Settings
from pandaas.db.tables import SessionPresence
from pandaas.model import TeamRole
from pandaas.sessions import Present
from pandaas.sessions.presence import LEASE_S
from pandaas.sessions.programs import DESKTOP_NEEDS

from .conftest import Running

pytestmark = [pytest.mark.integration, pytest.mark.xdist_group("sessions")]
HTML = "<img src=x onerror=alert(1)> & <b>bold</b>"


@pytest.fixture(scope="module")
def bob(running: Running, alice: httpx.Client) -> Iterator[httpx.Client]:
    person = running.services.identity.person_named("bob").id
    running.services.access.set_member(FACILITY, "P-1", person, TeamRole.MEMBER)
    with running.person("bob") as client:
        yield client


@pytest.fixture
def watched(alice: httpx.Client, bob: httpx.Client, session_id: str) -> str:
    """The session, which bob may watch."""
    answer = alice.put(f"/api/v1/sessions/{session_id}/members/bob", json={"may": "view"})
    answer.raise_for_status()
    return session_id


def _open(
    running: Running, client: httpx.Client, path: str, *, origin: str | None = None, at: str | None = None
) -> websockets.connect:
    """`at` is the address of another server process."""
    url = at or running.url
    cookie = "; ".join(f"{name}={value}" for name, value in client.cookies.items())
    return websockets.connect(
        url.replace("http", "ws") + path,
        additional_headers={"Cookie": cookie},
        origin=Origin(origin or url),
        max_size=None,
    )


async def _next(connection: ClientConnection, kind: str) -> dict[str, Any]:
    async with asyncio.timeout(10):
        while True:
            told: dict[str, Any] = json.loads(await connection.recv())
            if told["type"] == kind:
                return told


def test_all_see_who_is_here_and_where_they_point(
    running: Running, alice: httpx.Client, bob: httpx.Client, watched: str
) -> None:
    path = f"/api/v1/sessions/{watched}/company"

    async def meet() -> None:
        async with _open(running, alice, path) as one, _open(running, bob, path) as two:
            while True:
                people = (await _next(one, "people"))["people"]
                if len(people) == 2:
                    break
            assert [(person["name"], person["may"], person["role"]) for person in people] == [
                ("Alice", "full", "owner"),
                ("Bob", "view", "member"),
            ]
            await two.send(json.dumps({"x": 10, "y": 20}))
            pointer = await _next(one, "pointer")
            assert pointer["at"] == [10, 20]
            assert pointer["who"] == people[1]["who"]
            await two.close()
            assert (await _next(one, "pointer"))["at"] is None
            alice.post(f"/api/v1/sessions/{watched}/messages", json={"text": "hello"}).raise_for_status()
            await _next(one, "chat")

    asyncio.run(meet())


def test_all_see_each_other_through_two_server_processes(
    running: Running, second: str, alice: httpx.Client, bob: httpx.Client, watched: str
) -> None:
    path = f"/api/v1/sessions/{watched}/company"

    async def meet() -> None:
        async with _open(running, alice, path) as one, _open(running, bob, path, at=second) as two:
            for page in (one, two):
                while len(people := (await _next(page, "people"))["people"]) < 2:
                    pass
                assert [person["name"] for person in people] == ["Alice", "Bob"]
            for number in range(30):
                await two.send(json.dumps({"x": 10 + number, "y": 20}))
            while (pointer := await _next(one, "pointer"))["at"] != [39, 20]:
                pass
            assert pointer["who"] == people[1]["who"]
            await two.close()
            assert [person["name"] for person in (await _next(one, "people"))["people"]] == ["Alice"]
            assert (await _next(one, "pointer"))["at"] is None

    asyncio.run(meet())


def test_who_was_with_a_process_that_died_is_here_no_longer(
    running: Running, alice: httpx.Client, watched: str
) -> None:
    """It could not say that it ends; nobody renews what it told."""
    presence, clock = running.services.sessions.presence, running.services.database.clock
    presence.tell("dead:1:x", [Present(watched, "p99", "Dora", "full", "member", inside=True)])
    assert "Dora" in {one.name for one in presence.elsewhere("other", {watched})}
    with running.services.database.session() as session:
        row = session.get_one(SessionPresence, ("dead:1:x", watched, "p99"))
        row.seen = clock() - timedelta(seconds=LEASE_S + 1)
    assert "Dora" not in {one.name for one in presence.elsewhere("other", {watched})}


@pytest.mark.parametrize(
    "sent", ["x" * 5000, '{"x": 1e9, "y": 1}', '{"x": "1", "y": 2}', "[]", "nonsense", '{"ping": true}', b"\x00\x01"]
)
def test_what_a_page_would_not_send_ends_the_connection(
    running: Running, bob: httpx.Client, watched: str, sent: str | bytes
) -> None:
    async def talk() -> None:
        async with _open(running, bob, f"/api/v1/sessions/{watched}/company") as connection:
            await connection.send(sent)
            async with asyncio.timeout(10):
                await connection.wait_closed()
            assert connection.close_code == 4400

    asyncio.run(talk())


def test_nobody_else_listens_and_no_page_of_another_site(
    running: Running, alice: httpx.Client, bob: httpx.Client, session_id: str
) -> None:
    alice.delete(f"/api/v1/sessions/{session_id}/members/bob")
    for client, origin in ((bob, None), (alice, "http://evil.example")):
        for part in ("company", "screen"):

            async def talk(client: httpx.Client = client, origin: str | None = origin, part: str = part) -> None:
                async with _open(running, client, f"/api/v1/sessions/{session_id}/{part}", origin=origin):
                    pass

            with pytest.raises(websockets.InvalidStatus):
                asyncio.run(talk())
    assert bob.get(f"/api/v1/sessions/{session_id}/messages").status_code == 404
    assert bob.post(f"/api/v1/sessions/{session_id}/messages", json={"text": "x"}).status_code == 404
    with running.person("otto") as otto:
        assert otto.get(f"/api/v1/sessions/{session_id}/messages").status_code == 403, "operators are not in it"


def test_the_chat_is_plain_text_of_a_sensible_size_and_pace(
    alice: httpx.Client, bob: httpx.Client, watched: str
) -> None:
    address = f"/api/v1/sessions/{watched}/messages"
    bob.post(address, json={"text": HTML + "\x00\x1b[31m"}).raise_for_status()
    last = alice.get(address).json()[-1]
    assert (last["text"], last["name"]) == (HTML + "[31m", "Bob"), "kept as text; pages show it as text"
    assert alice.get(address).headers["content-type"] == "application/json"
    assert bob.post(address, json={"text": "x" * 2001}).status_code == 422
    assert bob.post(address, json={"text": " \n "}).status_code == 422
    codes = [bob.post(address, json={"text": str(number)}).status_code for number in range(25)]
    assert codes.count(204) <= 19
    assert set(codes[-5:]) <= {429, 503}


@pytest.fixture(scope="module")
def desktop(running: Running, alice: httpx.Client) -> Iterator[str]:
    """A desktop of alice with a shell."""
    if any(not Path(file).exists() for file in DESKTOP_NEEDS):
        pytest.skip("desktops are not installed")
    found = running.start(alice, "shell", ())
    yield found
    alice.post(f"/api/v1/sessions/{found}/end")


def _let_in(alice: httpx.Client, desktop: str, may: str) -> None:
    alice.put(f"/api/v1/sessions/{desktop}/members/bob", json={"may": may}).raise_for_status()


def test_who_watches_a_desktop_types_nothing_until_she_is_given_control(
    running: Running, settings: Settings, alice: httpx.Client, bob: httpx.Client, desktop: str
) -> None:
    async def type_in(client: httpx.Client, words: str) -> None:
        async with _screen(running, client, desktop) as screen:
            await _type(screen, words)
            with suppress(TimeoutError):
                async with asyncio.timeout(1.0):
                    while True:
                        await screen.recv()

    asyncio.run(type_in(alice, "touch ready"))
    _wait_for(settings.home, "ready")
    _let_in(alice, desktop, "view")
    asyncio.run(type_in(bob, "touch forged"))
    assert not list(settings.home.rglob("forged"))
    _let_in(alice, desktop, "full")
    asyncio.run(type_in(bob, "touch allowed"))
    _wait_for(settings.home, "allowed")
    assert not list(settings.home.rglob("forged"))


def test_what_is_copied_on_a_desktop_is_not_told_to_who_only_watches(
    running: Running, alice: httpx.Client, bob: httpx.Client, desktop: str
) -> None:
    """The terminal takes the clipboard (OSC 52). Nobody asks for pictures here, so all that comes is clipboards."""
    _let_in(alice, desktop, "view")
    secret = b"a secret of hers"
    copy = rf"printf '\033]52;c;{base64.b64encode(secret).decode()}\007'"

    async def watch() -> bytes:
        async with _screen(running, bob, desktop) as watching, _screen(running, alice, desktop) as own:
            await _type(own, copy)
            async with asyncio.timeout(10):
                while secret not in bytes(await own.recv()):
                    pass
            seen = b""
            with suppress(TimeoutError):
                async with asyncio.timeout(0.5):
                    while True:
                        seen += bytes(await watching.recv())
            return seen

    assert secret not in asyncio.run(watch())


@asynccontextmanager
async def _screen(running: Running, client: httpx.Client, desktop: str) -> AsyncIterator[ClientConnection]:
    async with _open(running, client, f"/api/v1/sessions/{desktop}/screen") as screen:
        await _greet(screen)
        yield screen


async def _greet(screen: ClientConnection) -> None:
    """The beginning of RFB, as our page says it."""
    said = b""
    for size, answer in ((12, b"RFB 003.008\n"), (2, b"\x01"), (4, b"\x01")):
        while len(said) < size:
            piece = await screen.recv()
            said += piece if isinstance(piece, bytes) else piece.encode()
        said = said[size:]
        await screen.send(answer)


async def _type(screen: ClientConnection, words: str) -> None:
    for letter in f"{words}\n":
        symbol = 0xFF0D if letter == "\n" else ord(letter)
        for down in (1, 0):
            await screen.send(struct.pack(">BBxxI", 4, down, symbol))


def _wait_for(home: Path, name: str) -> None:
    end = time.monotonic() + 10
    while not list(home.rglob(name)):
        assert time.monotonic() < end, f"{name} was not made"
        time.sleep(0.1)
