"""What operators do with everybody's sessions: say something in them, stop one, take a computer out of service and back.

An order stands in the database with the moment that it is for. The keeper tells each person and carries it out, so that it
holds over restarts; what is ordered hibernates sessions and deletes nothing. Everything is in the audit.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import psutil
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from pandaas.access import Access
from pandaas.config import SessionSettings
from pandaas.db import Database, append
from pandaas.db.tables import Person, SessionAnnouncement, SessionDrain, WorkSession
from pandaas.model import Action, Conflict, InvalidInput, NotFound, Principal, SessionState, check_pid
from pandaas.sessions.life import tell_person
from pandaas.sessions.orders import drained, this_node
from pandaas.sessions.states import change, tell

LONGEST = 500
_MOST_UNREAD = 20  # of one session
_LONGEST_GRACE = 7 * 24 * 60.0
_ALIVE = (SessionState.REQUESTED, SessionState.STARTING, SessionState.READY)


@dataclass(frozen=True)
class Drain:
    """A computer is taken out of service: what runs there hibernates at `until`. `person` ordered it."""

    reason: str
    person: str
    since: datetime
    until: datetime


@dataclass(frozen=True)
class Node:
    """A computer with sessions. Figures of the machine are known of the one that answers (`here`)."""

    name: str
    here: bool
    running: int
    promised_mb: int
    used_mb: float
    drain: Drain | None
    cores: int | None = None
    load: float | None = None
    memory_mb: int | None = None
    memory_free_mb: int | None = None


class Operation:
    """For operators; everybody else gets `NotAllowed`. `settled` wakes the keeper."""

    def __init__(
        self, database: Database, limits: SessionSettings, access: Access, settled: Callable[[], None]
    ) -> None:
        self._database = database
        self._limits = limits
        self._access = access
        self._settled = settled

    # --- computers ------------------------------------------------------------------------------------------------

    def nodes(self, principal: Principal) -> list[Node]:
        """This computer and all others that have sessions or are drained, by name."""
        self._need_operator(principal)
        with self._database.read() as session:
            return self._nodes(session)

    def drain(self, principal: Principal, node: str, reason: str, minutes: float | None) -> None:
        """Start nothing there any more; what runs hibernates after some minutes. Again: another reason or time."""
        self._need_operator(principal)
        reason, grace = _checked(reason, "reason"), self._grace(minutes)
        now = self._database.clock()
        with self._database.session() as session:
            self._known(session, node)
            row = session.get(SessionDrain, node) or SessionDrain(node=node, since=now)
            row.person_id, row.reason, row.until = principal.person_id, reason, now + grace
            session.add(row)
            self._log(session, "session.node_drained", node, principal, minutes=grace.total_seconds() / 60)
        self._settled()

    def undrain(self, principal: Principal, node: str) -> None:
        """Sessions start there again, those that still run go on. Harmless where it was not drained."""
        self._need_operator(principal)
        with self._database.session() as session:
            row = session.get(SessionDrain, node)
            if row is not None:
                session.delete(row)
                self._log(session, "session.node_opened", node, principal)
        self._settled()

    # --- sessions -------------------------------------------------------------------------------------------------

    def stop(self, principal: Principal, session_id: str, reason: str, minutes: float | None) -> None:
        """Let one hibernate after some minutes; its person is told why, at once. Again: another reason or time."""
        self._need_operator(principal)
        reason, grace = _checked(reason, "reason"), self._grace(minutes)
        row, until = self._alive(session_id), self._database.clock() + grace
        with self._database.session() as session:
            change(session, row, self._database.clock, stop_at=until, stop_reason=reason)
            tell(
                session, row, self._database.clock, "session.stop_ordered",
                actor_id=principal.person_id, minutes=grace.total_seconds() / 60,
            )  # fmt: skip
        self._settled()

    def let_go_on(self, principal: Principal, session_id: str) -> None:
        """Take the order to stop it back. Harmless where there is none."""
        self._need_operator(principal)
        row = self._alive(session_id)
        if row.stop_at is None:
            return
        with self._database.session() as session:
            change(session, row, self._database.clock, stop_at=None, stop_reason=None)
            tell(session, row, self._database.clock, "session.stop_withdrawn", actor_id=principal.person_id)
        self._settled()

    def say(self, principal: Principal, session_id: str, text: str) -> None:
        """Show a text in one session, until its person has read it; she gets a notice too."""
        self._need_operator(principal)
        self._say(principal, [self._alive(session_id)], _checked(text, "text"))

    def say_to_all(self, principal: Principal, node: str, text: str) -> int:
        """The same in all sessions on a computer; how many."""
        self._need_operator(principal)
        text = _checked(text, "text")
        with self._database.read() as session:
            self._known(session, node)
            query = select(WorkSession).where(WorkSession.state.in_(_ALIVE), WorkSession.node == node)
            rows = list(session.scalars(query))
        self._say(principal, rows, text)
        return len(rows)

    # --- inside ---------------------------------------------------------------------------------------------------

    def _need_operator(self, principal: Principal) -> None:
        self._access.require(principal, Action.OPERATE, what="everybody's sessions")

    def _grace(self, minutes: float | None) -> timedelta:
        given = self._limits.stop_minutes if minutes is None else minutes
        if not 0 <= given <= _LONGEST_GRACE:
            raise InvalidInput("A time of grace has up to a week.", remedy="Give 0 to 10080 minutes.", field="minutes")
        return timedelta(minutes=given)

    def _alive(self, session_id: str) -> WorkSession:
        with self._database.read() as session:
            row = session.get(WorkSession, check_pid(session_id))
        if row is None:
            raise NotFound(f"There is no session '{session_id[:64]}'.", remedy="Look at the list of sessions.")
        if not SessionState(row.state).is_alive:
            raise Conflict(f"This session is {row.state}; nothing of it runs.")
        return row

    def _say(self, principal: Principal, rows: Sequence[WorkSession], text: str) -> None:
        now = self._database.clock()
        with self._database.session() as session:
            for row in rows:
                _make_room(session, row.id)
                session.add(
                    SessionAnnouncement(
                        session_id=row.id, person_id=principal.person_id, text=text, created=now, read=None
                    )
                )
                told = f"The operators about your session “{row.title[:100]}”: {text}"
                tell_person(session, row, told, clock=self._database.clock, mail=False)
                tell(session, row, self._database.clock, "session.announced", actor_id=principal.person_id)

    def _nodes(self, session: Session) -> list[Node]:
        alive = select(WorkSession).where(WorkSession.state.in_(_ALIVE), WorkSession.node.is_not(None))
        rows = list(session.scalars(alive))
        known = drained(session, self._database.clock())
        drains = known.on
        people = {one.person_id for one in drains.values() if one.person_id is not None}
        names = dict(session.execute(select(Person.id, Person.name).where(Person.id.in_(people))).all())
        here = this_node()
        found = []
        for name in sorted(
            {here, known.starts_at, *drains, *(row.node for row in rows if row.node)},
            key=lambda one: (one != here, one),
        ):
            there = [row for row in rows if row.node == name]
            drain = drains.get(name)
            found.append(
                Node(
                    name=name,
                    here=name == here,
                    running=len(there),
                    promised_mb=sum(row.memory_mb for row in there),
                    used_mb=round(sum(row.memory_used_mb or 0 for row in there), 1),
                    drain=Drain(drain.reason, names.get(drain.person_id or 0, ""), drain.since, drain.until)
                    if drain
                    else None,
                    **(_figures() if name == here else {}),
                )
            )
        return found

    def _known(self, session: Session, node: str) -> None:
        if node not in {one.name for one in self._nodes(session)}:
            raise NotFound(
                f"There is no computer '{node[:64]}' with sessions.", remedy="`pandaas session nodes` lists them."
            )

    def _log(self, session: Session, kind: str, node: str, principal: Principal, **payload: float) -> None:
        append(
            session, kind, node[:64], actor_id=principal.person_id, payload=dict(payload), clock=self._database.clock
        )


class Announcements:
    """What operators said in a session and its person has not read yet."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def unread(self, session: Session, ids: Sequence[str]) -> dict[str, list[SessionAnnouncement]]:
        """Of these sessions, oldest first."""
        query = select(SessionAnnouncement).where(
            SessionAnnouncement.session_id.in_(ids), SessionAnnouncement.read.is_(None)
        )
        found: dict[str, list[SessionAnnouncement]] = {}
        for one in session.scalars(query.order_by(SessionAnnouncement.id)):
            found.setdefault(one.session_id, []).append(one)
        return found

    def have_read(self, row: WorkSession) -> None:
        """All of them."""
        mine = (SessionAnnouncement.session_id == row.id, SessionAnnouncement.read.is_(None))
        with self._database.session() as session:
            session.execute(update(SessionAnnouncement).where(*mine).values(read=self._database.clock()))
            tell(session, row, self._database.clock, "session.changed")


def _make_room(session: Session, session_id: str) -> None:
    """What was said long before and never read gives way."""
    waiting = select(SessionAnnouncement).where(
        SessionAnnouncement.session_id == session_id, SessionAnnouncement.read.is_(None)
    )
    oldest = list(session.scalars(waiting.order_by(SessionAnnouncement.id.desc()).offset(_MOST_UNREAD - 1)))
    for one in oldest:
        session.delete(one)


def _checked(text: str, field: str) -> str:
    kept = "".join(one for one in " ".join(text.split()) if one.isprintable())
    if not kept:
        raise InvalidInput("Say why: its person reads it." if field == "reason" else "There is no text.", field=field)
    if len(kept) > LONGEST:
        raise InvalidInput(f"It has {len(kept)} characters, {LONGEST} at most.", remedy="Shorten it.", field=field)
    return kept


def _figures() -> dict[str, Any]:
    memory = psutil.virtual_memory()
    return {
        "cores": os.cpu_count() or 1,
        "load": round(os.getloadavg()[0], 2),
        "memory_mb": int(memory.total / 1024**2),
        "memory_free_mb": int(memory.available / 1024**2),
    }
