"""From a row in the tables to the principal that the access rule asks. The rooms below may keep it while nobody writes (`db.Memo`)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import Select, or_, select
from sqlalchemy.orm import Session

from pandaas.db.tables import (
    GroupGrant,
    Instrument,
    InstrumentStaff,
    LinkedIdentity,
    Person,
    Proposal,
    ProposalMember,
    Share,
)
from pandaas.model import Principal, PrincipalKind, ProposalType, Role, Scope, TeamRole

ALL_SCOPES = frozenset(Scope)
_OF_OPERATORS = frozenset({Scope.ADMIN, Scope.SESSIONS})
_WEAKEST_FIRST = (TeamRole.READER, TeamRole.LOCAL_CONTACT, TeamRole.MEMBER, TeamRole.PRINCIPAL_INVESTIGATOR)


def scopes_of(role: Role) -> frozenset[Scope]:
    """What a person of this role may do herself, and so at most give to a token."""
    return ALL_SCOPES if role is Role.OPERATOR else ALL_SCOPES - _OF_OPERATORS


def role_of(session: Session, person: Person, now: datetime) -> Role:
    """What she is to the facility: by her account, or more by a group of one of her identities."""
    given = session.scalars(
        grants(now, "role").where(LinkedIdentity.person_id == person.id).with_only_columns(GroupGrant.role)
    )
    roles = {Role(person.role), *(Role(one) for one in given)}
    return max(roles, key=list(Role).index)


def stronger(one: TeamRole | None, other: TeamRole) -> TeamRole:
    """Of two roles in a team the one that may do more."""
    return other if one is None else max(one, other, key=_WEAKEST_FIRST.index)


def grants(now: datetime, kind: str) -> Select[GroupGrant]:
    """What groups give at this moment, over all persons; joined with the identities that have the groups."""
    return (
        select(GroupGrant)
        .select_from(GroupGrant)
        .join(LinkedIdentity, LinkedIdentity.id == GroupGrant.identity_id)
        .where(GroupGrant.kind == kind, LinkedIdentity.groups_end > now)
    )


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
    role = role_of(session, person, now)
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
        teams=_teams(session, person, now),
        instruments=_instruments(session, person, now),
        linked_datasets=frozenset(session.scalars(shares)),
        acting_for=acting_for,
    )


def _teams(session: Session, person: Person, now: datetime) -> dict[int, TeamRole]:
    own = select(ProposalMember.proposal_id, ProposalMember.role).where(ProposalMember.person_id == person.id)
    given = (
        grants(now, "team")
        .join(Proposal, Proposal.name == GroupGrant.target)
        .where(LinkedIdentity.person_id == person.id, Proposal.type != ProposalType.PERSONAL)
        .with_only_columns(Proposal.id, GroupGrant.role)
    )
    found: dict[int, TeamRole] = {}
    for proposal, role in (*session.execute(own), *session.execute(given)):
        found[proposal] = stronger(found.get(proposal), TeamRole(role))
    return found


def _instruments(session: Session, person: Person, now: datetime) -> frozenset[int]:
    own = select(InstrumentStaff.instrument_id).where(InstrumentStaff.person_id == person.id)
    given = (
        grants(now, "staff")
        .join(Instrument, Instrument.name == GroupGrant.target)
        .where(LinkedIdentity.person_id == person.id)
        .with_only_columns(Instrument.id)
    )
    return frozenset((*session.scalars(own), *session.scalars(given)))
