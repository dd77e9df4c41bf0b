"""The event log with many processes: nothing is skipped, nothing comes twice, on SQLite and PostgreSQL."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from pandaas.db import Database, EventTail, append, hold

pytestmark = pytest.mark.integration

_WRITER = """
import sys, time, random
from pandaas.db import Database, append
url, name = sys.argv[1:]
database, chance = Database(url), random.Random(name)
for number in range(40):
    with database.session() as session:
        append(session, "test.word", f"{name}-{number}")
        session.flush()
        time.sleep(chance.random() * 0.01)
database.dispose()
"""


def test_a_tail_sees_every_row_of_several_processes_once(database: Database) -> None:
    stop, seen = threading.Event(), []
    tail = EventTail(database)
    thread = threading.Thread(target=lambda: seen.extend(row.subject for row in tail.follow(stop)))
    thread.start()
    url = database.url.render_as_string(hide_password=False)
    writers = [subprocess.Popen([sys.executable, "-c", _WRITER, url, f"w{number}"]) for number in range(3)]
    assert [writer.wait(60) for writer in writers] == [0, 0, 0]
    deadline = time.monotonic() + 10
    while len(seen) < 120 and time.monotonic() < deadline:
        time.sleep(0.02)
    time.sleep(0.2)
    stop.set()
    thread.join(5)
    assert sorted(seen) == sorted(f"w{writer}-{number}" for writer in range(3) for number in range(40))


@pytest.mark.postgres
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**32), ends=st.lists(st.booleans(), min_size=2, max_size=6))
def test_no_row_is_skipped_although_transactions_commit_out_of_order(
    postgres_database: Database, seed: int, ends: list[bool]
) -> None:
    """Transactions are opened one after the other, each writes, and they end in random order, by commit or rollback,
    while a tail looks between all steps."""
    tail, order, seen = EventTail(postgres_database), Random(seed), []
    sessions = [postgres_database._write() for _ in ends]
    for number, session in enumerate(sessions):
        append(session, "test.word", str(number))
        session.flush()
        seen += [row.subject for row in tail.batch()]
    for number in order.sample(range(len(ends)), len(ends)):
        if order.random() < 0.5:
            append(sessions[number], "test.word", f"{number} again")
        sessions[number].commit() if ends[number] else sessions[number].rollback()
        sessions[number].close()
        seen += [row.subject for row in tail.batch(1)]
    while rows := tail.batch(2):
        seen += [row.subject for row in rows]
    kept = [subject for subject in seen if " " not in subject]
    assert sorted(kept) == sorted(str(number) for number, committed in enumerate(ends) if committed)
    assert len(set(seen)) == len(seen)


@pytest.mark.postgres
def test_a_row_behind_a_running_transaction_comes_as_soon_as_that_ends(postgres_database: Database) -> None:
    stop, seen = threading.Event(), []
    tail = EventTail(postgres_database)
    slow = postgres_database._write()
    append(slow, "test.word", "slow")
    slow.flush()
    with postgres_database.session() as session:
        append(session, "test.word", "fast")
    assert tail.batch() == []
    thread = threading.Thread(target=lambda: seen.extend((row.subject, time.monotonic()) for row in tail.follow(stop)))
    thread.start()
    time.sleep(0.3)
    ended = time.monotonic()
    slow.rollback()
    slow.close()
    deadline = time.monotonic() + 5
    while not seen and time.monotonic() < deadline:
        time.sleep(0.01)
    stop.set()
    thread.join(5)
    assert [subject for subject, _at in seen] == ["fast"]
    assert seen[0][1] - ended < 0.5


@pytest.mark.postgres
def test_a_tail_outlives_a_lost_connection(postgres_database: Database) -> None:
    stop, seen = threading.Event(), []
    tail = EventTail(postgres_database)
    thread = threading.Thread(target=lambda: seen.extend(row.subject for row in tail.follow(stop)))
    thread.start()
    time.sleep(0.3)
    with postgres_database.session() as session:
        session.execute(
            text(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        )
    with postgres_database.session() as session:
        append(session, "test.word", "after")
    deadline = time.monotonic() + 10
    while not seen and time.monotonic() < deadline:
        time.sleep(0.02)
    stop.set()
    thread.join(5)
    assert seen == ["after"]


def test_one_of_many_holds_a_lease(database: Database) -> None:
    with ThreadPoolExecutor(8) as pool:
        for _ in range(5):
            won = list(pool.map(lambda name: hold(database, "jobs", f"h{name}"), range(8)))
            assert sum(won) == 1
