"""The chat beside a session: short plain text among those who are in it, kept as long as the session."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from pandaas.db import Database
from pandaas.db.tables import SessionMessage
from pandaas.model import Busy, InvalidInput
from pandaas.sessions.rights import Entry, Who

LONGEST = 2000
_MOST_A_MINUTE = 20  # of one person
_KEPT = 1000  # of one session
_SHOWN = 200


@dataclass(frozen=True)
class Said:
    """`who` is the key of whoever said it, as in the list of who is here."""

    id: int
    who: str
    name: str
    text: str
    time: datetime


class Messages:
    def __init__(self, database: Database) -> None:
        self._database = database

    def say(self, entry: Entry, text: str) -> None:
        """`InvalidInput` for what is empty or too long, `Busy` for who says too much at once."""
        text = "".join(one for one in text.strip() if one.isprintable() or one == "\n")
        if not 0 < len(text) <= LONGEST:
            raise InvalidInput(f"Messages have 1 to {LONGEST:,} characters.", field="text")
        now = self._database.clock()
        with self._database.session() as session:
            if self._lately(session, entry, now) >= _MOST_A_MINUTE:
                raise Busy("You say very much at once.", remedy="Wait a minute.")
            session.add(
                SessionMessage(
                    session_id=entry.session_id, person_id=entry.who.person_id, guest_id=entry.who.guest_id,
                    name=entry.name, text=text, created=now,
                )
            )  # fmt: skip
            session.flush()
            kept = (
                select(SessionMessage.id)
                .where(SessionMessage.session_id == entry.session_id)
                .order_by(SessionMessage.id.desc())
                .offset(_KEPT)
                .limit(1)
            )
            oldest = session.scalar(kept)
            if oldest is not None:
                of_it = SessionMessage.session_id == entry.session_id
                session.execute(delete(SessionMessage).where(of_it, SessionMessage.id <= oldest))

    def said(self, session_id: str) -> list[Said]:
        """The last of it, oldest first."""
        query = select(SessionMessage).where(SessionMessage.session_id == session_id)
        with self._database.read() as session:
            rows = list(session.scalars(query.order_by(SessionMessage.id.desc()).limit(_SHOWN)))
        return [
            Said(row.id, str(Who(row.person_id, row.guest_id)), row.name, row.text, row.created) for row in rows[::-1]
        ]

    def last(self, session_id: str) -> int:
        """The number of the last message, 0 where there is none."""
        with self._database.read() as session:
            query = select(func.max(SessionMessage.id)).where(SessionMessage.session_id == session_id)
            return session.scalar(query) or 0

    @staticmethod
    def _lately(session: Session, entry: Entry, now: datetime) -> int:
        mine = (
            SessionMessage.person_id == entry.who.person_id
            if entry.who.person_id is not None
            else SessionMessage.guest_id == entry.who.guest_id
        )
        query = select(func.count()).where(
            SessionMessage.session_id == entry.session_id, mine, SessionMessage.created > now - timedelta(minutes=1)
        )
        return session.scalar(query) or 0
