"""More time than the rules give, asked of staff: operators, and those of the instrument who may help in the session."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from pandaas.access import Access
from pandaas.config import SessionSettings
from pandaas.db import Database, leave_notice
from pandaas.db.tables import Person, SessionExtension, WorkSession
from pandaas.model import Conflict, InvalidInput, NotAllowed, NotFound, Principal, Role, SessionState
from pandaas.sessions.engines import need_extensible
from pandaas.sessions.life import tell_person
from pandaas.sessions.rights import Inside
from pandaas.sessions.states import change, tell
from pandaas.sessions.views import SessionView

_LONGEST = 500


@dataclass(frozen=True)
class TimeRequest:
    """A request for more time; `row.granted` is None while it waits."""

    row: SessionExtension
    title: str
    person: str
    expires: datetime | None


class MoreTime:
    """`look` gives a session as a principal may see it, `settled` wakes the keeper."""

    def __init__(
        self,
        database: Database,
        limits: SessionSettings,
        *,
        access: Access,
        inside: Inside,
        look: Callable[[Principal, str], SessionView],
        settled: Callable[[], None],
    ) -> None:
        self._database = database
        self._limits = limits
        self._access = access
        self._inside = inside
        self._look = look
        self._settled = settled

    def ask(self, principal: Principal, session_id: str, hours: float, reason: str) -> TimeRequest:
        """Ask staff for so many hours beyond the end that the session may have. One request waits at a time."""
        view = self._look(principal, session_id)
        row, reason = view.row, " ".join(reason.split())
        if not view.is_owner:
            raise NotAllowed("Only the session's person asks for more time.", remedy=f"Ask {view.person}.")
        if row.state != SessionState.READY or row.expires is None or row.ready is None or view.latest_end is None:
            raise Conflict(f"A session that is {row.state} needs no more time.")
        need_extensible(row)
        if not 0 < len(reason) <= _LONGEST:
            raise InvalidInput(f"Say why, in {_LONGEST} characters at most.", field="reason")
        if row.expires + timedelta(hours=hours) <= view.latest_end:
            raise Conflict("You may extend it by that yourself.", remedy="Press Extend.")
        most = row.ready + timedelta(hours=self._limits.by_request_hours)
        if row.expires + timedelta(hours=hours) > most:
            raise InvalidInput(
                f"With all extensions a session runs for {self._limits.by_request_hours:g} hours at most.",
                remedy="Ask for less; hibernated and resumed it gets its whole time again.",
                field="hours",
            )
        with self._database.session() as session:
            if session.scalars(_waiting().where(SessionExtension.session_id == row.id)).first() is not None:
                raise Conflict("You have asked already; staff have not answered yet.", remedy="Wait for the answer.")
            asked = SessionExtension(
                session_id=row.id, attempt=row.attempt, hours=hours, reason=reason, asked=self._database.clock()
            )
            session.add(asked)
            session.flush()
            tell(session, row, self._database.clock, "session.time_asked", actor_id=principal.person_id, hours=hours)
            self._tell_staff(session, view, hours, reason)
        return TimeRequest(asked, row.title, view.person, row.expires)

    def of_session(self, session: Session, row: WorkSession) -> SessionExtension | None:
        """The latest request of this start of the session."""
        query = select(SessionExtension).where(
            SessionExtension.session_id == row.id, SessionExtension.attempt == row.attempt
        )
        return session.scalars(query.order_by(SessionExtension.id.desc()).limit(1)).first()

    def waiting(self, principal: Principal) -> list[TimeRequest]:
        """Those that this principal may answer, the oldest first."""
        found = []
        with self._database.read() as session:
            for asked in session.scalars(_waiting().order_by(SessionExtension.id)):
                row = session.get_one(WorkSession, asked.session_id)
                if self._inside.may_help(session, principal, row):
                    name = session.get_one(Person, row.person_id).name
                    found.append(TimeRequest(asked, row.title, name, row.expires))
        return found

    def decide(self, principal: Principal, request_id: int, *, grant: bool, answer: str = "") -> TimeRequest:
        """Give the time, or don't; the session's person is told, with `answer`."""
        answer = " ".join(answer.split())
        if len(answer) > _LONGEST:
            raise InvalidInput(f"An answer has {_LONGEST} characters at most.", field="answer")
        now = self._database.clock()
        with self._database.session() as session:
            asked = session.get(SessionExtension, request_id)
            row = session.get(WorkSession, asked.session_id) if asked is not None else None
            if asked is None or row is None or not self._inside.may_help(session, principal, row):
                raise NotFound("There is no such request, or it is not yours to answer.")
            over = row.state != SessionState.READY or row.attempt != asked.attempt or row.expires is None
            if asked.granted is not None or over or row.expires is None:
                raise Conflict("This request was answered already, or its session has ended.")
            asked.decided, asked.decided_by, asked.granted, asked.answer = now, principal.person_id, grant, answer
            values: dict[str, Any] = {}
            if grant:
                until = max(row.expires, now) + timedelta(hours=asked.hours)
                values = {"expires": until, "latest": until, "warned": None, "last_active": now}
            change(session, row, self._database.clock, **values or {"phase": row.phase})
            kind = "session.time_given" if grant else "session.time_refused"
            tell(session, row, self._database.clock, kind, actor_id=principal.person_id, hours=asked.hours)
            words = f"gets {asked.hours:g} hours more" if grant else "does not get more time"
            said = f" {answer}" if answer else ""
            tell_person(
                session, row, f"Your session “{row.title[:120]}” {words}.{said}", clock=self._database.clock,
                level="info" if grant else "warning",
            )  # fmt: skip
            found = TimeRequest(asked, row.title, session.get_one(Person, row.person_id).name, row.expires)
        self._settled()
        return found

    def _tell_staff(self, session: Session, view: SessionView, hours: float, reason: str) -> None:
        helpers = self._access.helpers_for(session, [one.dataset_pid for one in view.row.datasets])
        operators = session.scalars(select(Person).where(Person.role == Role.OPERATOR, Person.disabled.is_(False)))
        staff = {one.id for one in (*self._access.help_staff(session, helpers), *operators)}
        text = f"{view.person} asks for {hours:g} hours more for “{view.row.title[:100]}”: {reason}"
        for person_id in sorted(staff - {view.row.person_id}):
            leave_notice(
                session, person_id, text, link="/sessions", mail=f"{view.person} asks for more time",
                clock=self._database.clock,
            )  # fmt: skip


def _waiting() -> Any:
    """Requests without an answer, of sessions that still run."""
    return (
        select(SessionExtension)
        .join(WorkSession, WorkSession.id == SessionExtension.session_id)
        .where(
            SessionExtension.granted.is_(None),
            SessionExtension.attempt == WorkSession.attempt,
            WorkSession.state == SessionState.READY,
        )
    )
