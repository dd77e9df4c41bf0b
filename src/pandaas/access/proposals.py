"""Proposals and their teams."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from pandaas.access.releases import Releases
from pandaas.access.rights import not_found, of_proposal
from pandaas.access.rule import Protected
from pandaas.access.views import MemberView, ProposalView
from pandaas.db.tables import Dataset, Instrument, Person, Proposal, ProposalMember
from pandaas.model import (
    ANONYMOUS,
    Action,
    Conflict,
    InvalidInput,
    NotFound,
    Principal,
    ProposalType,
    TeamRole,
)

_NAME = re.compile(r"[A-Za-z0-9._-]{1,64}")
_PERSONAL = "personal-"


class Proposals(Releases):
    """Every change writes an event; a member who is removed has no access from the next request on."""

    def create_proposal(
        self,
        principal: Principal,
        name: str,
        title: str,
        *,
        type: ProposalType | str = ProposalType.PUBLIC_ACCESS,  # noqa: A002 - the field's term
        summary: str | None = None,
        instrument: str | None = None,
        start_time: datetime | None = None,
        end_time: datetime | None = None,
        release_time: datetime | None = None,
    ) -> Proposal:
        """Operators make proposals. `Conflict` when the name is taken; proprietary ones have no release time.

        Without a `release_time` of its own it is released as the policy says.
        """
        self.require(principal, Action.OPERATE, what="proposals")
        kind = _check(name, title, type)
        proposal = Proposal(
            name=name,
            title=title.strip(),
            summary=summary,
            type=kind,
            facility=self._facility,
            start_time=start_time,
            end_time=end_time,
            release_time=release_time,
            release_set=release_time is not None,
            announced=False,
            created=self._now(),
        )
        _check_times(proposal)
        try:
            with self._database.session() as session:
                proposal.instrument_id = _instrument_id(session, instrument)
                session.add(proposal)
                session.flush()
                self.compute_release(session, proposal)
                self._log(session, "proposal.created", name, principal, proposal_id=proposal.id, type=kind)
        except IntegrityError as error:
            raise Conflict(
                f"There is a proposal '{name}' already.", remedy="Choose another name.", field="name"
            ) from error
        return proposal

    def personal_space(self, person_id: int) -> Proposal:
        """The person's own space, made on first use: type personal, named `personal-<user>`."""
        with self._database.read() as session:
            person = session.get(Person, person_id)
            if person is None:
                raise NotFound(f"There is no person {person_id}.")
            own = select(Proposal).where(Proposal.name == _PERSONAL + person.user)
            found = session.scalars(own).first()
        if found is not None:
            return found
        try:
            with self._database.session() as session:
                space = Proposal(
                    name=_PERSONAL + person.user,
                    title=f"Own space of {person.name}",
                    type=ProposalType.PERSONAL,
                    facility=self._facility,
                    created=self._now(),
                )
                session.add(space)
                session.flush()
                role = TeamRole.PRINCIPAL_INVESTIGATOR
                session.add(ProposalMember(proposal_id=space.id, person_id=person_id, role=role))
                self._log(session, "proposal.created", space.name, ANONYMOUS, proposal_id=space.id, person_id=person_id)
            return space
        except IntegrityError:  # made by another request at the same moment
            with self._database.read() as session:
                return session.scalars(own).one()

    def proposal(self, principal: Principal, name: str) -> ProposalView:
        """One proposal, or `NotFound` when there is none that this principal may discover."""
        with self._database.read() as session:
            return self._views(session, principal, [self._named(session, principal, name, Action.DISCOVER)])[0]

    def proposals(self, principal: Principal, mine: bool = False) -> list[ProposalView]:
        """The proposals this principal may discover, newest first; with `mine` only those she belongs to."""
        query = select(Proposal).where(self.visible(principal, Proposal, Action.DISCOVER))
        if mine:
            query = query.where(Proposal.id.in_(principal.teams))
        with self._database.read() as session:
            return self._views(session, principal, list(session.scalars(query.order_by(Proposal.id.desc()))))

    def protected_proposal(self, proposal: Proposal) -> Protected:
        """What the rule looks at of a proposal: ask `WRITE` before putting data into it."""
        return of_proposal(proposal)

    def dataset_counts(self, principal: Principal, proposal_ids: Iterable[int]) -> dict[int, int]:
        """Latest versions that this principal may read in each of these proposals (0 where there are none)."""
        counts = dict.fromkeys(proposal_ids, 0)
        query = (
            select(Dataset.proposal_id, func.count())
            .where(Dataset.proposal_id.in_(counts), Dataset.is_latest, self.visible(principal))
            .group_by(Dataset.proposal_id)
        )
        with self._database.read() as session:
            counts.update(dict(session.execute(query).all()))
        return counts

    def set_member(self, principal: Principal, name: str, person_id: int, role: TeamRole | str) -> ProposalView:
        """Put a person into the team or change her role there; needs `MANAGE`."""
        with self._database.session() as session:
            proposal = self._changeable_team(session, principal, name)
            person = session.get(Person, person_id)
            if person is None:
                raise NotFound(f"There is no person {person_id}.", field="user")
            new = _team_role(role)
            member = session.get(ProposalMember, (proposal.id, person_id))
            if member is None:
                session.add(ProposalMember(proposal_id=proposal.id, person_id=person_id, role=new))
            else:
                if new is not TeamRole.PRINCIPAL_INVESTIGATOR:
                    self._keep_one_leader(session, principal, member)
                member.role = new
            session.flush()
            self._log_team(session, "proposal.member_set", proposal, principal, person, role=new)
            return self._views(session, principal, [proposal])[0]

    def remove_member(self, principal: Principal, name: str, person_id: int) -> None:
        """Take a person out of the team; needs `MANAGE`, or be the person herself."""
        with self._database.session() as session:
            if person_id == principal.person_id:
                proposal = self._named(session, principal, name, Action.DISCOVER)
            else:
                proposal = self._changeable_team(session, principal, name)
            member = session.get(ProposalMember, (proposal.id, person_id))
            if member is None or proposal.type == ProposalType.PERSONAL:
                raise NotFound(f"This person is not in the team of '{proposal.name}'.", field="user")
            self._keep_one_leader(session, principal, member)
            session.delete(member)
            self._log_team(session, "proposal.member_removed", proposal, principal, session.get_one(Person, person_id))

    def _named(self, session: Session, principal: Principal, name: str, action: Action) -> Proposal:
        what = f"proposal '{name[:64]}'"
        found = session.scalars(select(Proposal).where(Proposal.name == name)).first()
        if found is None:
            raise not_found(what)
        self.require(principal, action, of_proposal(found), what=what)
        return found

    def _changeable_team(self, session: Session, principal: Principal, name: str) -> Proposal:
        proposal = self._named(session, principal, name, Action.MANAGE)
        if proposal.type == ProposalType.PERSONAL:
            raise InvalidInput(
                "A person's own space has no team.", remedy="Share single datasets instead.", field="name"
            )
        return proposal

    def _keep_one_leader(self, session: Session, principal: Principal, member: ProposalMember) -> None:
        leader = TeamRole.PRINCIPAL_INVESTIGATOR
        if member.role != leader or self.may(principal, Action.OPERATE):
            return
        others = select(func.count()).where(
            ProposalMember.proposal_id == member.proposal_id,
            ProposalMember.role == leader,
            ProposalMember.person_id != member.person_id,
        )
        if not session.scalar(others):
            raise Conflict("A proposal needs a principal investigator.", remedy="Name another one first.", field="role")

    def _log_team(
        self, session: Session, kind: str, proposal: Proposal, principal: Principal, person: Person, **payload: Any
    ) -> None:
        self._log(
            session,
            kind,
            proposal.name,
            principal,
            proposal_id=proposal.id,
            person_id=person.id,
            user=person.user,
            **payload,
        )
        self._log(session, "proposal.changed", proposal.name, principal, proposal_id=proposal.id)

    def _views(self, session: Session, principal: Principal, proposals: list[Proposal]) -> list[ProposalView]:
        instruments = dict(session.execute(select(Instrument.id, Instrument.name)).all()) if proposals else {}
        policies = self._policies(session) if proposals else {}
        rights = {one.id: of_proposal(one) for one in proposals}
        writable = {one for one, right in rights.items() if self.may(principal, Action.WRITE, right)}
        shown = [one for one in rights if one in principal.teams or one in writable]
        members: dict[int, list[MemberView]] = {}
        query = (
            select(ProposalMember, Person)
            .join(Person, Person.id == ProposalMember.person_id)
            .where(ProposalMember.proposal_id.in_(shown))
            .order_by(Person.name, Person.id)
        )
        for member, person in session.execute(query) if shown else ():
            members.setdefault(member.proposal_id, []).append(MemberView(person, TeamRole(member.role)))
        return [
            ProposalView(
                proposal=one,
                instrument=instruments.get(one.instrument_id) if one.instrument_id else None,
                my_role=principal.teams.get(one.id),
                may_write=one.id in writable,
                may_manage=self.may(principal, Action.MANAGE, rights[one.id]),
                is_open=self.may(ANONYMOUS, Action.READ, rights[one.id]),
                may_read=self.may(principal, Action.READ, rights[one.id]),
                may_decide=self.may_decide(principal, one),
                policy=policies[ProposalType(one.type)],
                members=tuple(members.get(one.id, ())),
            )
            for one in proposals
        ]


def _instrument_id(session: Session, name: str | None) -> int | None:
    if name is None:
        return None
    found = session.scalar(select(Instrument.id).where(Instrument.name == name))
    if found is None:
        raise NotFound(f"There is no instrument '{name[:64]}'.", field="instrument")
    return found


def _team_role(role: TeamRole | str) -> TeamRole:
    try:
        return TeamRole(role)
    except ValueError as error:
        raise InvalidInput(
            f"'{role}' is no role in a team.", remedy=f"Use one of {', '.join(TeamRole)}.", field="role"
        ) from error


def _check(name: str, title: str, type_: ProposalType | str) -> ProposalType:
    if not _NAME.fullmatch(name) or name in {".", ".."}:
        raise InvalidInput(
            f"'{name[:80]}' can't name a proposal.",
            remedy="Use up to 64 letters, digits, '.', '_' and '-'.",
            field="name",
        )
    if name.lower().startswith(_PERSONAL):
        raise InvalidInput(f"Names with '{_PERSONAL}' are kept for people's own spaces.", field="name")
    if not 0 < len(title.strip()) <= 500:
        raise InvalidInput("A title has 1 to 500 characters.", field="title")
    try:
        kind = ProposalType(type_)
    except ValueError as error:
        known = ", ".join(sorted(set(ProposalType) - {ProposalType.PERSONAL}))
        raise InvalidInput(f"'{type_}' is no type of proposal.", remedy=f"Use one of {known}.", field="type") from error
    if kind is ProposalType.PERSONAL:
        raise InvalidInput("A person's own space is made by the platform.", field="type")
    return kind


def _check_times(proposal: Proposal) -> None:
    if proposal.type == ProposalType.PROPRIETARY and proposal.release_time is not None:
        raise InvalidInput("Proprietary proposals are never released.", field="release_time")
    if proposal.start_time and proposal.end_time and proposal.end_time < proposal.start_time:
        raise InvalidInput("The proposal ends before it starts.", field="end_time")
