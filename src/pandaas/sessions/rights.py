"""What somebody may do inside a session, now: the one place that is asked with every ticket, request and open websocket.

The session's person has full rights. Others have what she gave them, for as long as it holds and they may themselves read
every dataset of the session (analyse it, where they work along). Who came without an account only watches.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from pandaas.access import Access
from pandaas.config import SessionSettings
from pandaas.db import Database
from pandaas.db.tables import Dataset, Person, SessionGuest, SessionInvitation, SessionMember, WorkSession
from pandaas.identity import Identity, principal_of
from pandaas.model import Action, NotAllowed, NotSignedIn, Principal, PrincipalKind, Scope, SessionState

_NEEDED = {"view": Action.READ, "full": Action.ANALYSE}


@dataclass(frozen=True)
class Who:
    """A person, or a guest: who came by an invitation and has no account."""

    person_id: int | None = None
    guest_id: int | None = None

    def __str__(self) -> str:
        return f"p{self.person_id}" if self.person_id is not None else f"g{self.guest_id}"


@dataclass(frozen=True)
class Entry:
    """Somebody who may come in: with `view` or `full` rights, as `owner`, `member`, `staff` or `guest`."""

    session_id: str
    who: Who
    may: str
    role: str
    name: str


class Inside:
    def __init__(self, database: Database, limits: SessionSettings, *, identity: Identity, access: Access) -> None:
        self._database = database
        self._limits = limits
        self._identity = identity
        self._access = access

    def of(self, session_id: str, who: Who) -> Entry | None:
        """Whom the session lets in; nobody while it doesn't run."""
        return self._of(session_id, who, {SessionState.READY})

    def before(self, session_id: str, who: Who) -> Entry | None:
        """The same, and its person already while it starts: she waits for it at its own address."""
        entry = self._of(session_id, who, {SessionState.REQUESTED, SessionState.STARTING, SessionState.READY})
        return entry if entry is None or entry.role == "owner" else self.of(session_id, who)

    def _of(self, session_id: str, who: Who, states: set[SessionState]) -> Entry | None:
        with self._database.read() as session:
            row = session.get(WorkSession, session_id)
            if row is None or row.state not in states or row.wish is not None:
                return None
            return self.right(session, row, who)

    def right(self, session: Session, row: WorkSession, who: Who) -> Entry | None:
        """The same, whether or not it runs."""
        if who.guest_id is not None:
            return self._guest(session, row, who)
        person = session.get(Person, who.person_id) if who.person_id is not None else None
        if person is None or self._identity.is_shut_out(person):
            return None
        if row.person_id == person.id:
            return Entry(row.id, who, "full", "owner", person.name)
        member = session.get(SessionMember, (row.id, person.id))
        if member is None or not self.holds(member):
            return None
        seen = principal_of(session, person, self._database.clock())
        if self.hidden_from(session, seen, row, member.may):
            return None
        return Entry(row.id, who, member.may, member.role, person.name)

    def holds(self, member: SessionMember) -> bool:
        """Was she let in, and is it not over?"""
        return member.added is not None and (member.expires is None or member.expires > self._database.clock())

    def hidden_from(self, session: Session, principal: Principal, row: WorkSession, may: str) -> list[str]:
        """Those of the session's datasets that keep her out."""
        return self._access.hidden_from(session, principal, [one.dataset_pid for one in row.datasets], _NEEDED[may])

    def may_help(self, session: Session, principal: Principal, row: WorkSession) -> bool:
        """Is she staff who may ask to join: an operator, or of an instrument of these data, who may read all of them?"""
        if row.person_id == principal.person_id or not principal.signed_in:
            return False
        if self._access.may(principal, Action.OPERATE):
            return True
        pids = [one.dataset_pid for one in row.datasets]
        measured = select(Dataset.instrument_id).where(Dataset.pid.in_(pids))
        if not principal.instruments.intersection(session.scalars(measured)):
            return False
        return not self.hidden_from(session, principal, row, "view")

    def guests_allowed(self, session: Session, row: WorkSession) -> bool:
        """May this session be shown to people without an account?"""
        person = session.get(Person, row.person_id)
        if person is None or self._identity.is_shut_out(person):
            return False
        owner = principal_of(session, person, self._database.clock())
        pids = [one.dataset_pid for one in row.datasets]
        return self._access.may_show_guests(session, owner, pids, self._limits.guests)

    def _guest(self, session: Session, row: WorkSession, who: Who) -> Entry | None:
        guest = session.get(SessionGuest, who.guest_id)
        if guest is None or guest.session_id != row.id or guest.expires <= self._database.clock():
            return None
        invitation = session.get(SessionInvitation, guest.invitation_id)
        if invitation is None or invitation.revoked is not None or not self.guests_allowed(session, row):
            return None
        return Entry(row.id, who, "view", "guest", guest.name)


def need_person(principal: Principal) -> int:
    """Who starts and manages sessions; `NotSignedIn` and `NotAllowed` for others."""
    if principal.person_id is None or not principal.signed_in:
        raise NotSignedIn("A session needs a person.", remedy="Sign in.")
    if principal.kind is PrincipalKind.TOKEN and Scope.RUN not in principal.scopes:
        raise NotAllowed("This token may not run sessions.", remedy="Use a token with the scope 'run'.")
    return principal.person_id
