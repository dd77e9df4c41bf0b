"""Event streams: who sees what, resuming, ending."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from pandaas.db import Base, Database, Position, append
from pandaas.model import Principal, PrincipalKind
from pandaas.server import stream
from pandaas.server.stream import EventHub, StreamEvent

ALICE = Principal(PrincipalKind.PERSON, person_id=1, name="alice")


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    found = Database(f"sqlite:///{tmp_path / 'events.sqlite'}")
    Base.metadata.create_all(found.engine)
    yield found
    found.dispose()


@pytest.fixture
def hub(database: Database) -> Iterator[EventHub]:
    found = EventHub(database)
    found.start()
    yield found
    found.close()


def publish(database: Database, subject: str, kind: str = "job.state", proposal_id: int | None = None) -> None:
    with database.session() as session:
        append(session, kind, subject, proposal_id=proposal_id, payload={"n": 1})


async def take(events: AsyncIterator[bytes], count: int) -> list[dict[str, str]]:
    """The next `count` events, comments and retry hints left out."""
    found: list[dict[str, str]] = []
    async for chunk in events:
        fields = dict(line.split(": ", 1) for line in chunk.decode().strip().split("\n") if not line.startswith(":"))
        if "event" in fields:
            found.append(fields)
        if len(found) == count:
            break
    return found


def everyone(_principal: Principal, _event: StreamEvent) -> bool:
    return True


async def read_live(hub: EventHub, database: Database, subjects: list[str]) -> list[dict[str, str]]:
    events = hub.subscribe(lambda: ALICE, everyone, None)
    assert await anext(events) == b"retry: 2000\n\n"
    for subject in subjects:
        await asyncio.to_thread(publish, database, subject)
    return await asyncio.wait_for(take(events, len(subjects)), 10)


def test_events_arrive_in_order(hub: EventHub, database: Database) -> None:
    found = asyncio.run(read_live(hub, database, ["a", "b", "c"]))
    assert [json.loads(event["data"])["subject"] for event in found] == ["a", "b", "c"]
    assert found[0]["event"] == "job.state"


def test_a_stream_resumes_behind_the_last_event_seen(hub: EventHub, database: Database) -> None:
    for subject in ("a", "b", "c"):
        publish(database, subject)
    events = hub.subscribe(lambda: ALICE, everyone, Position(0, 1))
    found = asyncio.run(_first(events, 2))
    assert [json.loads(event["data"])["subject"] for event in found] == ["b", "c"]


async def _first(events: AsyncIterator[bytes], count: int) -> list[dict[str, str]]:
    return await asyncio.wait_for(take(events, count), 10)


def test_what_the_reader_may_not_see_is_left_out(hub: EventHub, database: Database) -> None:
    publish(database, "hidden", proposal_id=7)
    publish(database, "shown", proposal_id=8)
    events = hub.subscribe(lambda: ALICE, lambda _who, event: event.proposal_id == 8, Position())
    found = asyncio.run(_first(events, 1))
    assert json.loads(found[0]["data"])["subject"] == "shown"


def test_inner_events_never_leave(hub: EventHub, database: Database) -> None:
    publish(database, "hash", kind="person.password_set")
    publish(database, "shown")
    found = asyncio.run(_first(hub.subscribe(lambda: ALICE, everyone, Position()), 1))
    assert json.loads(found[0]["data"])["subject"] == "shown"


def test_a_revoked_reader_is_told_and_let_go(hub: EventHub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "RECHECK_S", 0.05)
    answers = iter([ALICE])
    events = hub.subscribe(lambda: next(answers, None), everyone, None)
    found = asyncio.run(_first(events, 1))
    assert found[0]["event"] == "session.expired"


def test_a_slow_reader_is_told_to_reload(hub: EventHub, database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "_QUEUE", 3)

    async def stall() -> list[dict[str, str]]:
        events = hub.subscribe(lambda: ALICE, everyone, None)
        await anext(events)
        for number in range(10):
            await asyncio.to_thread(publish, database, str(number))
        await asyncio.sleep(1.5)
        return await take(events, 1)

    assert asyncio.run(asyncio.wait_for(stall(), 15))[0]["event"] == "resync"
