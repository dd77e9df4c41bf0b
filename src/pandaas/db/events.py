"""The event log: written with every change, tailed by every process.

`append` adds a row to the caller's transaction. `EventTail` yields rows in an order in which none is skipped:

- SQLite: writers are one after the other, so ids are in commit order.
- PostgreSQL: ids commit out of order. Rows carry the number of their transaction and are read by (transaction, id), only
  below the oldest transaction still running (`pg_snapshot_xmin`): what is below is settled and no row can turn up there
  later. The price is that a long writing transaction anywhere on that server delays events, never loses them.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass
from threading import Event as Flag
from typing import Any, Protocol

import psycopg
from sqlalchemy import BigInteger, ColumnElement, and_, exists, literal_column, or_, select, text
from sqlalchemy.orm import Session

from pandaas.db.engine import Database
from pandaas.db.failures import understood
from pandaas.db.tables.events import Event
from pandaas.model import Clock, Unavailable, utc_now

CHANNEL = "pandaas_event"
_POSITION = re.compile(r"([0-9]{1,19})-([0-9]{1,19})")
_LOOK_S = (
    0.05  # how often SQLite is asked whether anything changed, and how soon a row that is not settled is tried again
)
_PATIENCE_S = 1.0  # how long PostgreSQL's notification is waited for before looking anyway


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
        found = _POSITION.fullmatch(value or "")
        return cls(int(found[1]), int(found[2])) if found else None


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
        session.execute(text(f"NOTIFY {CHANNEL}"))


class EventTail:
    """Follows the log from a position on; from the end when none is given.

    `batch()` returns what is new at once; `follow(stop)` yields for ever and sleeps between: SQLite tells cheaply whether
    another connection has written (`PRAGMA data_version`), PostgreSQL notifies. Both only wake; nothing depends on them.
    """

    def __init__(self, database: Database, start: Position | None = None) -> None:
        self.database = database
        end = self._end()
        # A position beyond the end is one of a database that has been replaced since by an older one.
        self.position = end if start is None else min(start, end)

    def batch(self, limit: int = 1000, *, without: Sequence[str] = ()) -> list[Event]:
        """What is new, in order; events of the kinds `without` are passed over."""
        query = select(Event).where(self._is_new()).order_by(Event.transaction, Event.id).limit(limit)
        if without:
            query = query.where(Event.kind.not_in(without))
        if not self.database.is_sqlite:
            query = query.where(Event.transaction < _oldest_running())
        with self.database.read() as session:
            rows = list(session.scalars(query))
        if rows:
            self.position = Position(rows[-1].transaction, rows[-1].id)
        return rows

    def unsettled(self, limit: int = 1000) -> list[Event]:
        """What is committed but still waits for an older transaction, so that `batch` will give it later. PostgreSQL
        only; the position stays."""
        if self.database.is_sqlite:
            return []
        query = select(Event).where(self._is_new()).order_by(Event.transaction, Event.id).limit(limit)
        with self.database.read() as session:
            return list(session.scalars(query))

    def follow(self, stop: Flag) -> Iterator[Event]:
        """Yield events until `stop` is set, at the latest one second after. A lost server is waited for."""
        while not stop.is_set():
            try:
                with ExitStack() as held:
                    bell = held.enter_context(closing(self._bell()))
                    while not stop.is_set():
                        bell.listen()
                        rows = self.batch()
                        yield from rows
                        if not rows:
                            bell.wait(stop, soon=self._has_unsettled())
            except Unavailable:
                stop.wait(_PATIENCE_S)

    def _bell(self) -> _Bell:
        with understood():
            return _SqliteBell(self.database) if self.database.is_sqlite else _PostgresBell(self.database)

    def _has_unsettled(self) -> bool:
        """PostgreSQL: is there a committed row that has to wait for an older transaction?"""
        if self.database.is_sqlite:
            return False
        with self.database.read() as session:
            return bool(session.scalar(select(exists().where(self._is_new()))))

    def _is_new(self) -> ColumnElement[bool]:
        return or_(
            Event.transaction > self.position.transaction,
            and_(Event.transaction == self.position.transaction, Event.id > self.position.id),
        )

    def _end(self) -> Position:
        query = select(Event.transaction, Event.id).order_by(Event.transaction.desc(), Event.id.desc()).limit(1)
        if not self.database.is_sqlite:
            query = query.where(Event.transaction < _oldest_running())
        with self.database.read() as session:
            last = session.execute(query).first()
        return Position(*last) if last else Position()


class _Bell(Protocol):
    """Tells when the log may have grown since `listen`; called before looking, so that nothing falls in between."""

    def listen(self) -> None: ...

    def wait(self, stop: Flag, *, soon: bool) -> None: ...

    def close(self) -> None: ...


class _SqliteBell:
    """`PRAGMA data_version` changes when another connection has written; hence a connection that never writes."""

    def __init__(self, database: Database) -> None:
        self._connection = sqlite3.connect(
            database.url.database or "", timeout=15, isolation_level=None, check_same_thread=False
        )
        self._version = self._look()

    def listen(self) -> None:
        self._version = self._look()

    def wait(self, stop: Flag, *, soon: bool) -> None:  # noqa: ARG002 - nothing is unsettled here
        while not stop.wait(_LOOK_S) and self._look() == self._version:
            pass

    def close(self) -> None:
        self._connection.close()

    def _look(self) -> int:
        version: int = self._connection.execute("PRAGMA data_version").fetchone()[0]
        return version


class _PostgresBell:
    """LISTEN on a connection of its own; what comes between `listen` and `wait` is kept by the server."""

    def __init__(self, database: Database) -> None:
        url = database.url.set(drivername="postgresql").render_as_string(hide_password=False)
        try:
            self._connection = psycopg.connect(url, autocommit=True)
            self._connection.execute(f"LISTEN {CHANNEL}")
        except psycopg.OperationalError as error:
            raise _lost() from error

    def listen(self) -> None:
        """Nothing to do: notifications queue up until `wait` takes them."""

    def wait(self, stop: Flag, *, soon: bool) -> None:
        if stop.wait(0):
            return
        try:
            for _notice in self._connection.notifies(timeout=_LOOK_S if soon else _PATIENCE_S, stop_after=1):
                return
        except psycopg.OperationalError as error:
            raise _lost() from error

    def close(self) -> None:
        self._connection.close()


def _lost() -> Unavailable:
    return Unavailable("The database can't be reached.", remedy="Ask the operator; `pandaas doctor` says more.")


def _oldest_running() -> ColumnElement[int]:
    """PostgreSQL: the oldest transaction that has not ended; everything below it is settled."""
    return literal_column("pg_snapshot_xmin(pg_current_snapshot())::text::bigint", BigInteger)
