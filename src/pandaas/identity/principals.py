"""From a row in the tables to the principal that the access rule asks. The rooms below may keep it while nobody writes (`db.Memo`)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from pandaas.db.tables import InstrumentStaff, Person, ProposalMember, Share
from pandaas.model import Principal, PrincipalKind, Role, Scope, TeamRole

ALL_SCOPES = frozenset(Scope)


def scopes_of(role: Role) -> frozenset[Scope]:
    """What a person of this role may do herself, and so at most give to a token."""
    return ALL_SCOPES if role is Role.OPERATOR else ALL_SCOPES - {Scope.ADMIN}


def principal_of(
    session: Session,
    person: Person,
    now: datetime,
    *,
    kind: PrincipalKind = PrincipalKind.PERSON,
    scopes: Iterable[str] | None = None,
    acting_for: int | None = None,
) -> Principal:
    """The person with her teams, instruments and the datasets shared with her, as they are at this moment."""
    role = Role(person.role)
    teams = select(ProposalMember.proposal_id, ProposalMember.role).where(ProposalMember.person_id == person.id)
    staff = select(InstrumentStaff.instrument_id).where(InstrumentStaff.person_id == person.id)
    shares = select(Share.dataset_pid).where(
        Share.person_id == person.id, or_(Share.expires.is_(None), Share.expires > now)
    )
    own = scopes_of(role)
    return Principal(
        kind=kind,
        person_id=person.id,
        name=person.name,
        role=role,
        scopes=own if scopes is None else own & frozenset(Scope(scope) for scope in scopes),
        teams={proposal: TeamRole(team_role) for proposal, team_role in session.execute(teams)},
        instruments=frozenset(session.scalars(staff)),
        linked_datasets=frozenset(session.scalars(shares)),
        acting_for=acting_for,
    )
