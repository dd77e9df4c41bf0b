"""Letting others in: members whom the session's person chooses, staff who ask her.

Staff watch first; they work along only when she hands over, and leave when the time that she gave is over. Every step is
an event, which the audit keeps; whom it concerns is told at once.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from pandaas.db import Database, append, leave_notice
from pandaas.db.tables import Person, SessionKey, SessionMember, WorkSession
from pandaas.identity import Identity, principal_of
from pandaas.model import Conflict, InvalidInput, NotAllowed, NotFound, Principal, PrincipalKind
from pandaas.sessions.engines import need_here
from pandaas.sessions.rights import Inside, Who
from pandaas.sessions.states import tell
from pandaas.sessions.views import SessionView

Look = Callable[[Principal, str], SessionView]
_MOST_MEMBERS = 50
_ASK_AGAIN = timedelta(minutes=2)


@dataclass(frozen=True)
class MemberView:
    """Somebody whom a session lets in, or who waits for that. `works`: she gets in now; her own rights allow it."""

    row: SessionMember
    session_id: str
    title: str
    user: str
    name: str
    affiliation: str | None
    works: bool

    @property
    def waits(self) -> bool:
        return self.row.added is None


class Members:
    def __init__(
        self,
        database: Database,
        *,
        identity: Identity,
        inside: Inside,
        look: Look,
        settled: Callable[[], None],
        staff_minutes: int,
    ) -> None:
        self._database = database
        self._identity = identity
        self._inside = inside
        self._look = look
        self._settled = settled
        self._staff_minutes = staff_minutes

    # --- members --------------------------------------------------------------------------------------------------

    def share(
        self, principal: Principal, session_id: str, user: str, may: str, *, until: datetime | None = None
    ) -> None:
        """Let a person of the platform in, to watch (`view`) or to work along (`full`), or change what she may.

        `Conflict` when she may not herself read every dataset of the session (analyse it, to work along).
        """
        row = self.owned(principal, session_id)
        need_here(row)
        if until is not None and until <= self._database.clock():
            raise InvalidInput("This would have ended already.", field="until")
        person = self._identity.person_named(user)
        if person.id == row.person_id:
            raise InvalidInput("This session is yours.", field="user")
        with self._database.session() as session:
            self.need_right(session, row, person, may)
            member = session.get(SessionMember, (row.id, person.id))
            if member is not None and member.role == "staff" and not self._is_over(member):
                self._hand_over(session, row, member, may)
            else:
                self._let_in(session, principal, row, person, may=may, until=until)
        self._settled()

    def unshare(self, principal: Principal, session_id: str, user: str) -> None:
        """Take it back: she is out within seconds. A member, or staff, may also leave by herself."""
        row = self._look(principal, session_id).row
        person = self._identity.person_named(user)
        if principal.person_id not in {row.person_id, person.id}:
            raise NotAllowed("Only the session's person may do this.")
        with self._database.session() as session:
            member = session.get(SessionMember, (row.id, person.id))
            if member is None:
                raise NotFound(f"{person.name} is not in this session.", field="user")
            kind = "session.staff_left" if member.role == "staff" else "session.unshared"
            session.delete(member)
            _take_keys(session, row.id, person.id)
            self._note(session, row, kind, person.id, actor_id=principal.person_id)
        self._settled()

    def members(self, principal: Principal, session_id: str) -> list[MemberView]:
        """Whom the session lets in and who waits; for its person and operators."""
        view = self._look(principal, session_id)
        if not view.may_manage:
            raise NotAllowed("Only the session's person sees with whom it is shared.")
        with self._database.read() as session:
            return self._views(session, SessionMember.session_id == view.row.id)

    # --- staff ----------------------------------------------------------------------------------------------------

    def ask(self, principal: Principal, session_id: str, reason: str) -> None:
        """Staff ask the session's person to let them watch; she is told at once."""
        view = self._look(principal, session_id)
        person_id = _in_browser(principal)
        reason = " ".join(reason.split())
        if not 0 < len(reason) <= 500:
            raise InvalidInput("Say why, in up to 500 characters.", field="reason")
        need_here(view.row)
        if not view.may_help:
            raise NotAllowed("Only staff who may see all of its data ask to join a session.")
        if view.may is not None:
            raise Conflict("You are in this session already.")
        if not view.is_alive:
            raise Conflict(f"The session is {view.row.state}.", remedy="Its person has to start it again.")
        row, now = view.row, self._database.clock()
        with self._database.session() as session:
            member = session.get(SessionMember, (row.id, person_id))
            if member is not None and member.asked is not None and now - member.asked < _ASK_AGAIN:
                raise Conflict("You asked a moment ago.", remedy="Wait for the answer.")
            if member is None:
                self._need_place(session, row.id)
                member = SessionMember(session_id=row.id, person_id=person_id)
                session.add(member)
            member.role, member.may, member.reason = "staff", "view", reason
            member.asked, member.added, member.expires = now, None, None
            self._note(session, row, "session.asked", person_id, actor_id=person_id)
            text = f"{principal.name}, of the staff, asks to look into your session “{row.title[:150]}”: {reason}"
            leave_notice(
                session, row.person_id, text, level="warning", link=f"/sessions/{row.id}", clock=self._database.clock
            )

    def answer(self, principal: Principal, session_id: str, user: str, *, allow: bool, minutes: int) -> None:
        """The session's person lets staff watch for some minutes, or doesn't. Only she can, in her browser."""
        _in_browser(principal)
        row = self.owned(principal, session_id)
        if not 1 <= minutes <= self._staff_minutes:
            raise InvalidInput(f"Staff stay for 1 to {self._staff_minutes} minutes.", field="minutes")
        person = self._identity.person_named(user)
        with self._database.session() as session:
            member = session.get(SessionMember, (row.id, person.id))
            if member is None or member.role != "staff" or member.added is not None:
                raise NotFound(f"{person.name} does not wait for an answer.", field="user")
            if allow:
                self.need_right(session, row, person, "view")
                member.added = self._database.clock()
                member.expires = member.added + timedelta(minutes=minutes)
                member.may = "view"
            else:
                member.reason = None  # the row stays, so that she isn't asked again at once
                member.added = member.expires = self._database.clock()
            kind = "session.admitted" if allow else "session.refused"
            more = {"minutes": minutes} if allow else {}
            self._note(session, row, kind, person.id, actor_id=principal.person_id, **more)
            said = f"lets you watch for {minutes} minutes" if allow else "does not let you in"
            text = f"{principal.name} {said}: session “{row.title[:200]}”."
            leave_notice(session, person.id, text, link=f"/sessions/{row.id}", clock=self._database.clock)
        self._settled()

    def watched(self, principal: Principal) -> list[MemberView]:
        """Staff who wait for this person's answer, and staff who are let into sessions of hers now."""
        if principal.person_id is None:
            return []
        mine = select(WorkSession.id).where(
            WorkSession.person_id == principal.person_id, WorkSession.state.in_(("requested", "starting", "ready"))
        )
        with self._database.read() as session:
            found = self._views(session, SessionMember.session_id.in_(mine), SessionMember.role == "staff")
            return [one for one in found if one.waits or one.works]

    def staff_in(self, session_id: str) -> list[MemberView]:
        """The same for one session."""
        clauses = (SessionMember.session_id == session_id, SessionMember.role == "staff")
        with self._database.read() as session:
            return [one for one in self._views(session, *clauses) if one.waits or one.works]

    # --- for the neighbours in this room --------------------------------------------------------------------------

    def owned(self, principal: Principal, session_id: str) -> WorkSession:
        """The session, if it is this person's own."""
        view = self._look(principal, session_id)
        if not view.is_owner:
            raise NotAllowed("Only the session's person may do this.", remedy=f"Ask {view.person}.")
        if not view.is_alive and view.row.state != "hibernated":
            raise Conflict(f"A session that is {view.row.state} can't be shared.")
        return view.row

    def need_right(self, session: Session, row: WorkSession, person: Person, may: str) -> None:
        """`Conflict` when this person may not herself see what the session shows."""
        if person.disabled:
            raise NotFound(f"There is no active person '{person.user}'.", field="user")
        seen = principal_of(session, person, self._database.clock())
        if self._inside.hidden_from(session, seen, row, may):
            verb = "analyse" if may == "full" else "read"
            raise Conflict(
                f"{person.name} may not {verb} all of the data of this session.",
                remedy="Share the datasets first, or ask their principal investigator.",
                field="user",
            )

    def join(self, session: Session, row: WorkSession, person: Person, may: str) -> None:
        """Make her a member who came by an invitation, in the caller's transaction; never less than she is."""
        self.need_right(session, row, person, may)
        member = session.get(SessionMember, (row.id, person.id))
        if member is None:
            self._need_place(session, row.id)
            member = SessionMember(session_id=row.id, person_id=person.id, may=may)
            session.add(member)
        elif member.role == "member" and self._inside.holds(member) and member.may == "full":
            return
        member.role, member.may, member.expires = "member", may, None
        member.added = self._database.clock()
        self._note(session, row, "session.joined", person.id, actor_id=person.id, may=may)

    def _let_in(
        self,
        session: Session,
        principal: Principal,
        row: WorkSession,
        person: Person,
        *,
        may: str,
        until: datetime | None,
    ) -> None:
        member = session.get(SessionMember, (row.id, person.id))
        if member is None:
            self._need_place(session, row.id)
            member = SessionMember(session_id=row.id, person_id=person.id)
            session.add(member)
        member.role, member.may, member.expires = "member", may, until
        member.added = self._database.clock()
        self._note(session, row, "session.shared", person.id, actor_id=principal.person_id, may=may)
        words = "to work along" if may == "full" else "to watch"
        text = f"{principal.name} lets you into the session “{row.title[:200]}”, {words}."
        leave_notice(session, person.id, text, link=f"/sessions/{row.id}", clock=self._database.clock)

    def _is_over(self, member: SessionMember) -> bool:
        return member.added is not None and not self._inside.holds(member)

    def _hand_over(self, session: Session, row: WorkSession, member: SessionMember, may: str) -> None:
        if not self._inside.holds(member):
            raise Conflict("This member of the staff has not been let in.", remedy="Answer the request first.")
        member.may = may
        self._note(session, row, "session.control", member.person_id, actor_id=row.person_id, may=may)

    def _need_place(self, session: Session, session_id: str) -> None:
        there = session.scalars(select(SessionMember.person_id).where(SessionMember.session_id == session_id)).all()
        if len(there) >= _MOST_MEMBERS:
            raise Conflict(f"A session has {_MOST_MEMBERS} members at most.", remedy="Take somebody out first.")

    def _note(
        self, session: Session, row: WorkSession, kind: str, person_id: int, *, actor_id: int | None, **more: Any
    ) -> None:
        """For the audit and the person whom it concerns; and for the session's person, so that her page is right."""
        payload = {"session": row.id, **more}
        append(
            session, kind, row.id, actor_id=actor_id, person_id=person_id, payload=payload, clock=self._database.clock
        )
        tell(session, row, self._database.clock, "session.changed", shared=True)

    def _views(self, session: Session, *clauses: Any) -> list[MemberView]:
        query = (
            select(SessionMember, Person, WorkSession)
            .join(Person, Person.id == SessionMember.person_id)
            .join(WorkSession, WorkSession.id == SessionMember.session_id)
            .where(*clauses)
            .order_by(SessionMember.added, Person.name)
        )
        found = []
        for member, person, row in session.execute(query):
            if member.added is not None and not self._inside.holds(member):
                continue  # it is over
            works = self._inside.right(session, row, Who(person.id)) is not None
            found.append(MemberView(member, row.id, row.title, person.user, person.name, person.affiliation, works))
        return found


def _take_keys(session: Session, session_id: str, person_id: int) -> None:
    session.execute(delete(SessionKey).where(SessionKey.session_id == session_id, SessionKey.person_id == person_id))


def _in_browser(principal: Principal) -> int:
    if principal.kind is not PrincipalKind.PERSON or principal.person_id is None:
        raise NotAllowed("This is done in the browser, not with a token.", remedy="Sign in there.")
    return principal.person_id
