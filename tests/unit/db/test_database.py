"""Sessions, failures, leases, times."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from sqlalchemy import event, select, text

from pandaas.db import Database, append, hold, holders, release, understood
from pandaas.db.tables import Event, Lease
from pandaas.model import Busy, DiskFull, InvalidInput, Unavailable
from pandaas.testing.clock import ManualClock


def fill(database: Database) -> None:
    with database.session() as session:
        for _ in range(200):
            append(session, "test.fill", "x", payload={"text": "x" * 10_000})


def test_a_full_database_is_said_to_be_full_and_stays_usable(sqlite_database: Database) -> None:
    with sqlite_database.engine.connect() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
    sqlite_database.engine.dispose()

    @event.listens_for(sqlite_database.engine, "connect")
    def _limit(connection: object, _record: object) -> None:
        connection.execute(f"PRAGMA max_page_count={pages + 20}")  # type: ignore[attr-defined]

    with pytest.raises(DiskFull):
        fill(sqlite_database)
    with sqlite_database.read() as session:
        assert session.scalars(select(Event)).all() == []
    with sqlite_database.session() as session:
        append(session, "test.small", "x")


def test_a_full_disk_is_said_to_be_full() -> None:
    with pytest.raises(DiskFull), understood():
        raise OSError(28, "No space left on device")
    with pytest.raises(PermissionError), understood():
        raise PermissionError(13, "no")


def test_who_does_not_want_to_wait_is_told_at_once(sqlite_database: Database) -> None:
    with sqlite_database.session() as session:
        session.execute(text("SELECT 1"))

        def impatient() -> None:
            with sqlite_database.session(patient=False) as other:
                other.execute(text("SELECT 1"))

        with pytest.raises(Busy):
            impatient()
    impatient()


def test_readers_see_one_moment_and_hold_up_no_writer(sqlite_database: Database) -> None:
    with sqlite_database.read() as reading:
        assert reading.scalars(select(Event)).all() == []
        with sqlite_database.session() as session:
            append(session, "test.word", "x")
        assert reading.scalars(select(Event)).all() == []


def test_writers_wait_for_each_other(sqlite_database: Database) -> None:
    def write() -> None:
        for _ in range(20):
            with sqlite_database.session() as session:
                count = session.scalar(select(Event.id).order_by(Event.id.desc()).limit(1)) or 0
                append(session, "test.count", str(count + 1))

    threads = [threading.Thread(target=write) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with sqlite_database.read() as session:
        assert list(session.scalars(select(Event.subject).order_by(Event.id))) == [str(n) for n in range(1, 81)]


def test_a_missing_folder_is_unavailable(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path}/missing/pandaas.sqlite")
    with pytest.raises(Unavailable), database.read() as session:
        session.execute(text("SELECT 1"))


def test_sqlite_on_a_network_file_system_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pandaas.db.engine._file_system_of", lambda _path: "nfs4")
    with pytest.raises(InvalidInput, match="network file system"):
        Database(f"sqlite:///{tmp_path}/pandaas.sqlite")


def test_times_keep_their_moment_and_come_back_as_utc(sqlite_database: Database) -> None:
    moment = datetime(2026, 6, 1, 14, 0, 0, 1, tzinfo=timezone(timedelta(hours=2)))
    with sqlite_database.session() as session:
        session.add(Lease(name="x", holder="x", expires=moment))
    with sqlite_database.read() as session:
        found = session.get_one(Lease, "x").expires
    assert found == moment
    assert found.tzinfo is UTC


def test_a_lease_is_held_by_one_renewed_by_it_and_taken_over_when_it_expires(sqlite_database: Database) -> None:
    sqlite_database.clock = clock = ManualClock()
    assert hold(sqlite_database, "jobs", "a", seconds=30)
    clock.advance(seconds=20)
    assert not hold(sqlite_database, "jobs", "b")
    assert hold(sqlite_database, "jobs", "a", seconds=30)
    clock.advance(seconds=29)
    assert not hold(sqlite_database, "jobs", "b")
    assert set(holders(sqlite_database)) == {"jobs"}
    clock.advance(seconds=1)
    assert holders(sqlite_database) == {}
    assert hold(sqlite_database, "jobs", "b")
    release(sqlite_database, "jobs", "a")
    assert not hold(sqlite_database, "jobs", "a")
    release(sqlite_database, "jobs", "b")
    assert hold(sqlite_database, "jobs", "a")
