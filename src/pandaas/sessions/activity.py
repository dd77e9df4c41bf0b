"""When somebody last did something in a session, as the proxy saw it: kept in memory, the keeper writes it down.

A process that does not lead hands over what it saw: it writes it beside the session, where the leading one reads it.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from threading import Lock

from sqlalchemy import or_, update

from pandaas.db import Database
from pandaas.db.tables import WorkSession
from pandaas.model import Clock, SessionState

_EVERY = timedelta(seconds=15)


class Activity:
    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = Lock()
        self._last: dict[str, datetime] = {}
        self._handed: dict[str, datetime] = {}

    def note(self, session_id: str) -> None:
        """Somebody typed, clicked or sent something now."""
        with self._lock:
            self._last[session_id] = self._clock()

    def of(self, session_id: str) -> datetime | None:
        with self._lock:
            return self._last.get(session_id)

    def hand_over(self, database: Database) -> None:
        """Write down what is new, of each session at most every 15 seconds."""
        with self._lock:
            new = {
                session_id: last
                for session_id, last in self._last.items()
                if last > self._handed.get(session_id, last - 2 * _EVERY) + _EVERY
            }
        if not new:
            return
        with database.session() as session:
            for session_id, last in new.items():
                older = or_(WorkSession.last_active.is_(None), WorkSession.last_active < last)
                here = (WorkSession.id == session_id, WorkSession.state == SessionState.READY, older)
                session.execute(update(WorkSession).where(*here).values(last_active=last))
        self._handed.update(new)
