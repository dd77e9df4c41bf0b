"""The event log on SQLite: order, positions, waking up."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pandaas.db import Database, EventTail, Position, append
from pandaas.testing.clock import ManualClock


def write(database: Database, *subjects: str) -> None:
    with database.session() as session:
        for subject in subjects:
            append(session, "test.word", subject)


def test_an_event_is_written_with_the_callers_transaction_or_not_at_all(sqlite_database: Database) -> None:
    def failing() -> None:
        with sqlite_database.session() as session:
            append(session, "test.word", "never")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        failing()
    write(sqlite_database, "once")
    assert [row.subject for row in EventTail(sqlite_database, Position()).batch()] == ["once"]


def test_an_event_carries_what_it_is_about_and_the_injected_time(sqlite_database: Database) -> None:
    clock = ManualClock()
    with sqlite_database.session() as session:
        append(session, "test.word", "a", proposal_id=3, person_id=4, payload={"n": 1}, clock=clock)
    [row] = EventTail(sqlite_database, Position()).batch()
    assert (row.kind, row.proposal_id, row.person_id, row.payload, row.time) == ("test.word", 3, 4, {"n": 1}, clock())


def test_a_tail_begins_at_the_end_and_goes_on_where_it_stopped(sqlite_database: Database) -> None:
    write(sqlite_database, "before")
    tail = EventTail(sqlite_database)
    write(sqlite_database, "a", "b", "c")
    assert [row.subject for row in tail.batch(2)] == ["a", "b"]
    resumed = EventTail(sqlite_database, Position.parse(str(tail.position)))
    assert [row.subject for row in resumed.batch()] == ["c"]
    assert resumed.batch() == []


def test_a_position_of_a_replaced_database_resumes_at_the_end(sqlite_database: Database) -> None:
    write(sqlite_database, "a")
    tail = EventTail(sqlite_database, Position(10**18, 10**18))
    write(sqlite_database, "b")
    assert [row.subject for row in tail.batch()] == ["b"]


@given(st.builds(Position, st.integers(0, 10**18), st.integers(0, 10**18)))
def test_a_position_survives_the_browser(position: Position) -> None:
    assert Position.parse(str(position)) == position


@pytest.mark.parametrize("text", [None, "", "-", "1", "1-", "a-b", "1-2-3", "²-1", "-1-1", "1" * 20 + "-1", "1-1\n"])
def test_a_foreign_position_is_none(text: str | None) -> None:
    assert Position.parse(text) is None


@given(text=st.text(max_size=40))
def test_no_text_breaks_the_parser(text: str) -> None:
    found = Position.parse(text)
    assert found is None or str(found).count("-") == 1


def test_following_wakes_up_for_another_connection_at_once(sqlite_database: Database, tmp_path: Path) -> None:
    stop, seen, woken = threading.Event(), [], []
    tail = EventTail(sqlite_database)

    def follow() -> None:
        for row in tail.follow(stop):
            seen.append(row.subject)
            woken.append(time.monotonic())

    thread = threading.Thread(target=follow)
    thread.start()
    other = Database(sqlite_database.url.render_as_string(hide_password=False))
    written = []
    for word in "abc":
        time.sleep(0.15)
        written.append(time.monotonic())
        write(other, word)
    deadline = time.monotonic() + 5
    while len(seen) < 3 and time.monotonic() < deadline:
        time.sleep(0.01)
    stop.set()
    thread.join(5)
    other.dispose()
    assert seen == ["a", "b", "c"]
    assert not thread.is_alive()
    assert max(at - wrote for at, wrote in zip(woken, written, strict=True)) < 1.0
