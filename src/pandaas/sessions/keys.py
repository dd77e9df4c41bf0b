"""Keys to a session: a ticket, used once within a minute, is exchanged for a cookie that opens this session only.

Tickets and cookies travel in bodies and cookies, never in addresses; they are kept as hashes. What a key opens is asked
with every use, of `rights`. Answers are remembered for a moment.
"""

from __future__ import annotations

import time
from datetime import timedelta
from threading import Lock

from sqlalchemy import delete, select

from pandaas.db import Database
from pandaas.db.tables import SessionKey
from pandaas.identity import digest, new_secret
from pandaas.model import NotAllowed
from pandaas.sessions.rights import Entry, Inside, Who

TICKET_S = 60
_COOKIE_HOURS = 24
_REMEMBER_S = 2.0
_MOST_REMEMBERED = 4096


class Keys:
    def __init__(self, database: Database, inside: Inside) -> None:
        self._database = database
        self._inside = inside
        self._lock = Lock()
        self._remembered: dict[tuple[str, str], tuple[float, Entry | None]] = {}

    def ticket(self, session_id: str, who: Who) -> str:
        """A new ticket; its text is told once."""
        return self._make(session_id, who, "ticket", timedelta(seconds=TICKET_S))

    def exchange(self, session_id: str, ticket: str) -> str:
        """A cookie's secret for this ticket, which is used up; `NotAllowed` when it doesn't open this session."""
        now = self._database.clock()
        with self._database.session() as session:
            query = select(SessionKey).where(SessionKey.secret_hash == digest(ticket), SessionKey.kind == "ticket")
            found = session.scalars(query).first()
            good = found is not None and found.session_id == session_id and found.expires > now
            if found is not None:
                session.delete(found)
            who = Who(found.person_id, found.guest_id) if found is not None else Who()
        if not good or self._inside.before(session_id, who) is None:
            raise NotAllowed("This way into the session has been used or is too old.", remedy="Open it from its page.")
        return self._make(session_id, who, "cookie", timedelta(hours=_COOKIE_HOURS))

    def entry(self, session_id: str, secret: str) -> Entry | None:
        """Whom this cookie lets into this session, now; its person also while it starts, when nothing answers yet."""
        name, now = (session_id, secret), time.monotonic()
        with self._lock:
            known = self._remembered.get(name)
            if known is not None and now - known[0] < _REMEMBER_S:
                return known[1]
        found = self._look(session_id, secret)
        with self._lock:
            if len(self._remembered) >= _MOST_REMEMBERED:
                self._remembered.clear()
            self._remembered[name] = (now, found)
        return found

    def forget(self) -> None:
        """Ask anew from now on: something has changed."""
        with self._lock:
            self._remembered.clear()

    def tidy(self) -> None:
        with self._database.session() as session:
            session.execute(delete(SessionKey).where(SessionKey.expires <= self._database.clock()))

    def _look(self, session_id: str, secret: str) -> Entry | None:
        query = select(SessionKey).where(
            SessionKey.secret_hash == digest(secret),
            SessionKey.kind == "cookie",
            SessionKey.session_id == session_id,
            SessionKey.expires > self._database.clock(),
        )
        with self._database.read() as session:
            key = session.scalars(query).first()
        return self._inside.before(session_id, Who(key.person_id, key.guest_id)) if key is not None else None

    def _make(self, session_id: str, who: Who, kind: str, life: timedelta) -> str:
        secret, now = new_secret(), self._database.clock()
        with self._database.session() as session:
            session.add(
                SessionKey(
                    session_id=session_id,
                    person_id=who.person_id,
                    guest_id=who.guest_id,
                    kind=kind,
                    secret_hash=digest(secret),
                    created=now,
                    expires=now + life,
                )
            )
        return secret
