"""The event log: written with every change, tailed by every process.

`append` adds a row to the caller's transaction. `EventTail` yields rows in commit order: on PostgreSQL a row counts only
when no older transaction is still running (`pg_snapshot_xmin`), so none is skipped although ids commit out of order.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from threading import Event as Flag
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, and_, literal_column, or_, select, text
from sqlalchemy.orm import Session

from pandaas.db.engine import Database
from pandaas.db.tables.events import Event
from pandaas.model import Clock, utc_now


@dataclass(frozen=True, order=True)
class Position:
    """A place in the log; everything at or before it has been seen. Its text form is the SSE event id."""

    transaction: int = 0
    id: int = 0

    def __str__(self) -> str:
        return f"{self.transaction}-{self.id}"

    @classmethod
    def parse(cls, value: str | None) -> Position | None:
        """The position a browser sends back as Last-Event-ID, or None when it is not one of ours."""
        parts = (value or "").split("-")
        if len(parts) == 2 and all(part.isdigit() and len(part) < 20 for part in parts):
            return cls(int(parts[0]), int(parts[1]))
        return None


def append(
    session: Session,
    kind: str,
    subject: str,
    *,
    actor_id: int | None = None,
    proposal_id: int | None = None,
    person_id: int | None = None,
    request_id: str | None = None,
    payload: dict[str, Any] | None = None,
    clock: Clock = utc_now,
) -> None:
    """Write one event in the caller's transaction. `kind` is `<thing>.<what happened>`."""
    postgres = session.get_bind().dialect.name == "postgresql"
    transaction = session.scalar(text("SELECT pg_current_xact_id()::text::bigint")) if postgres else 0
    session.add(
        Event(
            transaction=transaction,
            time=clock(),
            kind=kind,
            subject=subject,
            actor_id=actor_id,
            proposal_id=proposal_id,
            person_id=person_id,
            request_id=request_id,
            payload=payload or {},
        )
    )
    if postgres:
        session.execute(text("NOTIFY pandaas_event"))


class EventTail:
    """Follows the log from a position on.

    `batch()` returns what is new at once; `follow(stop)` waits for more: cheaply on SQLite (`PRAGMA data_version`), by a
    short poll on PostgreSQL.
    """

    def __init__(self, database: Database, start: Position | None = None, *, poll_s: float = 0.2) -> None:
        self.database = database
        self.position = start if start is not None else self._end()
        self._poll_s = poll_s

    def batch(self, limit: int = 1000) -> list[Event]:
        query = (
            select(Event)
            .where(
                or_(
                    Event.transaction > self.position.transaction,
                    and_(Event.transaction == self.position.transaction, Event.id > self.position.id),
                )
            )
            .order_by(Event.transaction, Event.id)
            .limit(limit)
        )
        if not self.database.is_sqlite:
            query = query.where(Event.transaction < _oldest_running())
        with self.database.read() as session:
            rows = list(session.scalars(query))
        if rows:
            self.position = Position(rows[-1].transaction, rows[-1].id)
        return rows

    def follow(self, stop: Flag) -> Iterator[Event]:
        """Yield events for ever, until `stop` is set."""
        while not stop.is_set():
            rows = self.batch()
            yield from rows
            if not rows:
                self._wait(stop)

    def _wait(self, stop: Flag) -> None:
        """Sleep until something may have changed (SQLite) or a poll interval has passed (PostgreSQL)."""
        if not self.database.is_sqlite:
            stop.wait(self._poll_s)
            return
        with self.database.engine.connect() as connection:
            raw = connection.connection.cursor()
            version = raw.execute("PRAGMA data_version").fetchone()
            deadline = time.monotonic() + 2.0  # own-connection writes don't change data_version: look anyway
            while not stop.wait(self._poll_s) and time.monotonic() < deadline:
                if raw.execute("PRAGMA data_version").fetchone() != version:
                    break
            raw.close()

    def _end(self) -> Position:
        query = select(Event.transaction, Event.id).order_by(Event.transaction.desc(), Event.id.desc()).limit(1)
        if not self.database.is_sqlite:
            query = query.where(Event.transaction < _oldest_running())
        with self.database.read() as session:
            last = session.execute(query).first()
        return Position(*last) if last else Position()


def _oldest_running() -> ColumnElement[int]:
    """PostgreSQL: the oldest transaction that has not ended; everything below it is settled."""
    return literal_column("pg_snapshot_xmin(pg_current_snapshot())::text::bigint", BigInteger)
