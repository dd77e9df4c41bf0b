"""Who is at a session through which server process, and where they point: what each process tells the others.

A process writes only of its own connections, one row for each person and session, and looks at the rows of the others.
A row that was not renewed within `LEASE_S` counts no longer: its process has died.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import ColumnElement, delete, select, update

from pandaas.db import Database
from pandaas.db.tables import SessionPresence, WorkSession
from pandaas.sessions.rights import Entry

LEASE_S = 30.0
_AGAIN = timedelta(minutes=5)  # who was inside so lately is on the same visit
Place = tuple[int, int]
Key = tuple[str, str]


@dataclass(frozen=True)
class Present:
    """Somebody at a session. `inside`: she has its program open; `at`: where she points, in pixels of its screen."""

    session_id: str
    who: str
    name: str
    may: str
    role: str
    inside: bool
    at: Place | None = None

    @property
    def key(self) -> Key:
        return self.session_id, self.who


class Presence:
    def __init__(self, database: Database) -> None:
        self._database = database

    def tell(self, process: str, here: Iterable[Present], gone: Collection[Key] = ()) -> None:
        """Write what has changed of those who are here, and who isn't any more."""
        now = self._database.clock()
        with self._database.session() as session:
            for one in here:
                row = session.get(SessionPresence, (process, *one.key))
                if row is None:
                    if session.get(WorkSession, one.session_id) is None:
                        continue
                    row = SessionPresence(process=process, session_id=one.session_id, who=one.who)
                    session.add(row)
                elif row.inside and not one.inside:
                    row.left = now
                row.name, row.may, row.role, row.inside, row.here = one.name, one.may, one.role, one.inside, True
                row.x, row.y = one.at or (None, None)
                row.seen = now
            for key in gone:
                row = session.get(SessionPresence, (process, *key))
                if row is not None:
                    row.left = now if row.inside else row.left
                    row.here = row.inside = False
                    row.x = row.y = None
                    row.seen = now

    def renew(self, process: str) -> None:
        """Those whom this process told are still here. What nobody needs any more is forgotten."""
        now = self._database.clock()
        mine = (SessionPresence.process == process, SessionPresence.here)
        with self._database.session() as session:
            session.execute(update(SessionPresence).where(*mine).values(seen=now))
            session.execute(delete(SessionPresence).where(SessionPresence.seen < now - _AGAIN))

    def elsewhere(self, process: str, sessions: Collection[str]) -> list[Present]:
        """Who is at these sessions through other processes."""
        query = select(SessionPresence).where(
            SessionPresence.session_id.in_(sessions), SessionPresence.process != process, *self._now_here()
        )
        with self._database.read() as session:
            rows = list(session.scalars(query.order_by(SessionPresence.process, SessionPresence.who)))
        return [
            Present(
                row.session_id, row.who, row.name, row.may, row.role, row.inside,
                (row.x, row.y) if row.x is not None and row.y is not None else None,
            )
            for row in rows
        ]  # fmt: skip

    def lately_inside(self, entry: Entry) -> bool:
        """Is she inside, or was she within the last minutes, through any process?"""
        hers = (SessionPresence.session_id == entry.session_id, SessionPresence.who == str(entry.who))
        with self._database.read() as session:
            rows = list(session.scalars(select(SessionPresence).where(*hers)))
        since = self._database.clock() - _AGAIN
        return any((row.left is not None and row.left > since) or (row.inside and row.seen > since) for row in rows)

    def leave(self, process: str) -> None:
        """The process ends: nobody is here through it any more."""
        now = self._database.clock()
        mine = (SessionPresence.process == process, SessionPresence.here)
        with self._database.session() as session:
            session.execute(update(SessionPresence).where(*mine, SessionPresence.inside).values(left=now))
            session.execute(
                update(SessionPresence).where(*mine).values(here=False, inside=False, x=None, y=None, seen=now)
            )

    def _now_here(self) -> tuple[ColumnElement[bool], ...]:
        lease = timedelta(seconds=LEASE_S)
        return SessionPresence.here.is_(True), SessionPresence.seen > self._database.clock() - lease
