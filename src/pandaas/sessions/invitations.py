"""Invitations: a link that lets a colleague into a session, until it expires or is taken back.

Its secret stands in the fragment of an address and is posted; it is kept as a hash. Who has an account becomes a member,
if her own rights allow it. Who has none watches as a guest, where the facility's policy and the data allow that; she is out
when the invitation ends.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from pandaas.config import SessionSettings
from pandaas.db import Database, append
from pandaas.db.tables import Person, SessionGuest, SessionInvitation, WorkSession
from pandaas.identity import digest, new_secret
from pandaas.model import Conflict, InvalidInput, NotAllowed, NotFound, Principal, PrincipalKind, SessionState
from pandaas.sessions.engines import need_here
from pandaas.sessions.keys import Keys
from pandaas.sessions.members import Members
from pandaas.sessions.rights import Entry, Inside, Who
from pandaas.sessions.states import tell

MOST_USES = 20
_MOST_OPEN = 20  # of one session
_GUEST_HOURS = 12


@dataclass(frozen=True)
class InvitationView:
    """An invitation as the session's person sees it, and the guests who came by it."""

    row: SessionInvitation
    works: bool
    guests: tuple[SessionGuest, ...]


@dataclass(frozen=True)
class Invited:
    """What an invitation says to whoever holds it. `as_guest`: she may come in without an account."""

    session_id: str
    title: str
    kind: str
    person: str
    may: str
    expires: datetime
    as_guest: bool
    runs: bool


class Invitations:
    def __init__(
        self, database: Database, limits: SessionSettings, *, inside: Inside, keys: Keys, members: Members
    ) -> None:
        self._database = database
        self._limits = limits
        self._inside = inside
        self._keys = keys
        self._members = members

    # --- for the session's person ---------------------------------------------------------------------------------

    def invite(
        self,
        principal: Principal,
        session_id: str,
        label: str,
        *,
        may: str = "view",
        guests: bool = False,
        hours: float = 24,
        most: int = 1,
    ) -> tuple[SessionInvitation, str]:
        """A new invitation and its secret, which is told now and never again.

        `NotAllowed` for guests where the facility or the data don't let them in.
        """
        row = self._members.owned(principal, session_id)
        need_here(row)
        label = " ".join(label.split())
        if not 0 < len(label) <= 200:
            raise InvalidInput("Say for whom it is, in up to 200 characters.", field="label")
        if not 0 < hours <= self._limits.invitation_days * 24:
            raise InvalidInput(f"Invitations work for up to {self._limits.invitation_days:g} days.", field="hours")
        if not 1 <= most <= MOST_USES:
            raise InvalidInput(f"An invitation is for 1 to {MOST_USES} people.", field="most")
        if guests and may != "view":
            raise InvalidInput("Who has no account only watches.", field="may")
        secret, now = new_secret(), self._database.clock()
        with self._database.session() as session:
            if guests and not self._inside.guests_allowed(session, row):
                raise NotAllowed(
                    "People without an account may not be shown this session: its data are not open, or this facility "
                    "does not have guests.",
                    remedy="Invite somebody with an account.",
                    field="guests",
                )
            working = [one for one in self._of(session, row.id) if self._works(one)]
            if len(working) >= _MOST_OPEN:
                raise Conflict(f"This session has {_MOST_OPEN} invitations that work.", remedy="Take some back.")
            made = SessionInvitation(
                session_id=row.id, label=label, secret_hash=digest(secret), may=may, guests=guests, most=most, uses=0,
                created=now, expires=now + timedelta(hours=hours),
            )  # fmt: skip
            session.add(made)
            session.flush()
            self._note(session, row, "session.invited", principal.person_id, invitation=made.id, may=may, guests=guests)
        return made, secret

    def revoke(self, principal: Principal, session_id: str, invitation_id: int) -> None:
        """Take it back: nobody comes in by it any more, and guests who did are out. Members stay until they are taken out."""
        row = self._members.owned(principal, session_id)
        with self._database.session() as session:
            found = session.get(SessionInvitation, invitation_id)
            if found is None or found.session_id != row.id:
                raise NotFound(f"This session has no invitation {invitation_id}.")
            found.revoked = found.revoked or self._database.clock()
            self._note(session, row, "session.invitation_revoked", principal.person_id, invitation=found.id)
        self._keys.forget()

    def invitations(self, principal: Principal, session_id: str) -> list[InvitationView]:
        """Those that work, and those by which guests are in."""
        row = self._members.owned(principal, session_id)
        now = self._database.clock()
        with self._database.read() as session:
            found = []
            for one in self._of(session, row.id):
                came = session.scalars(
                    select(SessionGuest).where(SessionGuest.invitation_id == one.id, SessionGuest.expires > now)
                )
                guests = tuple(came) if one.revoked is None else ()
                if self._works(one) or guests:
                    found.append(InvitationView(one, self._works(one), guests))
            return found

    def guests_possible(self, principal: Principal, session_id: str) -> bool:
        """May this session be shown to people without an account?"""
        row = self._members.owned(principal, session_id)
        with self._database.read() as session:
            return self._inside.guests_allowed(session, row)

    # --- for whoever holds it -------------------------------------------------------------------------------------

    def look(self, secret: str) -> Invited:
        """What this invitation is for; `NotFound` when it doesn't work."""
        with self._database.read() as session:
            invitation, row = self._open(session, secret, change=False)
            return Invited(
                session_id=row.id,
                title=row.title,
                kind=row.kind,
                person=session.get_one(Person, row.person_id).name,
                may=invitation.may,
                expires=invitation.expires,
                as_guest=invitation.guests and self._inside.guests_allowed(session, row),
                runs=row.state == SessionState.READY,
            )

    def accept(self, principal: Principal, secret: str) -> str:
        """Become a member by it; the session's id. `Conflict` when she may not see the data herself."""
        if principal.kind is not PrincipalKind.PERSON or principal.person_id is None:
            raise NotAllowed("An invitation is accepted in the browser.", remedy="Sign in there.")
        with self._database.session() as session:
            invitation, row = self._open(session, secret)
            if row.person_id == principal.person_id:
                return row.id
            person = session.get_one(Person, principal.person_id)
            if self._inside.right(session, row, Who(person.id)) is None or invitation.may == "full":
                self._members.join(session, row, person, invitation.may)
                invitation.uses += 1
        self._keys.forget()
        return row.id

    def visit(self, secret: str, name: str) -> str:
        """Come in without an account, under a name of one's own; the secret of the cookie."""
        name = " ".join(name.split())
        if not 0 < len(name) <= 100 or not name.isprintable():
            raise InvalidInput("Say who you are, in up to 100 characters.", field="name")
        text, now = new_secret(), self._database.clock()
        with self._database.session() as session:
            invitation, row = self._open(session, secret)
            if not (invitation.guests and self._inside.guests_allowed(session, row)):
                raise NotAllowed("This invitation is for people with an account.", remedy="Sign in.")
            session.execute(delete(SessionGuest).where(SessionGuest.expires <= now - timedelta(days=1)))
            guest = SessionGuest(
                session_id=row.id, invitation_id=invitation.id, name=name, secret_hash=digest(text), created=now,
                expires=min(invitation.expires, now + timedelta(hours=_GUEST_HOURS)),
            )  # fmt: skip
            session.add(guest)
            invitation.uses += 1
            self._note(session, row, "session.visited", None, invitation=invitation.id)
        return text

    # --- guests ---------------------------------------------------------------------------------------------------

    def guest(self, secret: str) -> tuple[WorkSession, Entry, str] | None:
        """Whose cookie this is: her session, what she may in it, and the name of its person; None when it has ended."""
        with self._database.read() as session:
            guest = session.scalars(select(SessionGuest).where(SessionGuest.secret_hash == digest(secret))).first()
            row = session.get(WorkSession, guest.session_id) if guest is not None else None
            if guest is None or row is None:
                return None
            entry = self._inside.right(session, row, Who(guest_id=guest.id))
            return (row, entry, session.get_one(Person, row.person_id).name) if entry is not None else None

    def leave(self, secret: str) -> None:
        """The guest of this cookie goes; an unknown one is no error."""
        with self._database.session() as session:
            session.execute(delete(SessionGuest).where(SessionGuest.secret_hash == digest(secret)))
        self._keys.forget()

    # --- inside ---------------------------------------------------------------------------------------------------

    def _open(self, session: Session, secret: str, *, change: bool = True) -> tuple[SessionInvitation, WorkSession]:
        query = select(SessionInvitation).where(SessionInvitation.secret_hash == digest(secret))
        found = session.scalars(query.with_for_update() if change else query).first()
        row = session.get(WorkSession, found.session_id) if found is not None else None
        if found is None or row is None or not self._works(found) or not _lasts(row):
            raise NotFound(
                "This invitation doesn't work: it has expired, was used or taken back, or was not copied whole.",
                remedy="Ask whoever gave it to you for another one.",
            )
        return found, row

    def _works(self, one: SessionInvitation) -> bool:
        return one.revoked is None and one.expires > self._database.clock() and one.uses < one.most

    def _of(self, session: Session, session_id: str) -> list[SessionInvitation]:
        query = select(SessionInvitation).where(SessionInvitation.session_id == session_id)
        return list(session.scalars(query.order_by(SessionInvitation.id.desc()).limit(200)))

    def _note(
        self, session: Session, row: WorkSession, kind: str, actor_id: int | None, **more: str | int | bool
    ) -> None:
        payload = {"session": row.id, **more}
        append(
            session, kind, row.id, actor_id=actor_id, person_id=row.person_id, payload=payload,
            clock=self._database.clock,
        )  # fmt: skip
        tell(session, row, self._database.clock, "session.changed", shared=True)


def _lasts(row: WorkSession) -> bool:
    state = SessionState(row.state)
    return state.is_alive or state is SessionState.HIBERNATED
