"""Why can I (not) see this? The rule, read back in words; and who can, on any date.

The answers come from `RULE` itself: each line that lets somebody in is one sentence. Of what a person may not discover
she is told only what everybody is told.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from pandaas.access import rule
from pandaas.access.proposals import Proposals
from pandaas.access.rights import not_found
from pandaas.access.rule import EVERYONE_SEES, RULE, TEAM_TIE, Protected, Tie
from pandaas.access.shares import Shares
from pandaas.db.tables import (
    Dataset,
    Instrument,
    InstrumentStaff,
    Person,
    Proposal,
    ProposalMember,
    ReviewerLink,
    ReviewerLinkDataset,
    Share,
)
from pandaas.identity import principal_of
from pandaas.model import Action, DatasetState, NotAllowed, Principal, PrincipalKind, ProposalType, Role, TeamRole

_HIDDEN = (
    "There is no such dataset, or you have no right to it. Embargoed data are seen by their team, by the instrument's "
    "staff and by those they were shared with; open data by everyone."
)


@dataclass(frozen=True)
class Answer:
    """Whether a principal may, and why or why not, in sentences."""

    may: bool
    reasons: tuple[str, ...]
    at: datetime


@dataclass(frozen=True)
class _Case:
    """One question: may `who`, called `name`, read this dataset at `now`?"""

    who: Principal
    name: str
    dataset: Dataset
    proposal: Proposal
    protected: Protected
    now: datetime

    @property
    def she(self) -> str:
        """The name as the object of a sentence, or before a verb."""
        return "you" if self.name == "You" else self.name

    @property
    def is_(self) -> str:
        return "You are" if self.name == "You" else f"{self.name} is"

    def may_read(self, protected: Protected) -> bool:
        return rule.may(self.who, Action.READ, protected, self.now)

    def answer(self) -> Answer:
        allowed = self.may_read(self.protected)
        reasons = self._granting() if allowed else self._lacking()
        return Answer(allowed, tuple(reasons), self.now)

    def _granting(self) -> Iterator[str]:
        for grant in RULE:
            state, kind = self.protected.state, self.protected.proposal_type
            applies = Action.READ in grant.actions_in(state) and kind in grant.types
            if applies and rule.has_tie(self.who, grant.tie, self.protected, self.now):
                yield self._granted_by(grant.tie)
        if self.protected.ancestors:
            yield f"{self.name} may also read everything it was made from."

    def _granted_by(self, tie: Tie) -> str:
        match tie:
            case Tie.OPERATOR:
                return f"{self.is_} an operator of the platform."
            case Tie.OWNER:
                return f"{self.name} made it."
            case Tie.STAFF:
                return f"{self.is_} on the staff of its instrument."
            case Tie.SHARED if self.who.kind is PrincipalKind.LINK:
                return "It belongs to the reviewer's link that was opened in this browser."
            case Tie.SHARED:
                return f"It is shared with {self.she}."
            case Tie.RELEASED:
                return f"It is open since {self.dataset.release_time:%d %B %Y}: anyone may read it."
            case _:
                return f"{self.is_} {tie.value} of proposal {self.proposal.name}."

    def _lacking(self) -> Iterator[str]:
        if self.protected.state == DatasetState.WITHDRAWN:
            yield "It was withdrawn: only operators read it; its team still knows that it exists."
        elif self.who.kind is PrincipalKind.TOKEN and not rule.is_capable(self.who, Action.READ):
            yield "This token lacks the scope read."
        elif self.may_read(replace(self.protected, ancestors=())):
            count = sum(not self.may_read(one) for one in self.protected.ancestors)
            yield (
                f"It was made from {count} dataset{'s' if count != 1 else ''} that {self.she} may not read; "
                "a result is never more visible than what it was made from."
            )
        else:
            yield f"{self.is_} not in the team of {self.proposal.name}, and it is not shared with {self.she}."
            yield self._release()

    def _release(self) -> str:
        if self.protected.proposal_type not in EVERYONE_SEES:
            personal = self.protected.proposal_type == ProposalType.PERSONAL
            kind = "a person's own space" if personal else "proprietary"
            return f"The proposal is {kind}: its data are never released."
        if self.protected.release_time is None:
            return "No release date is set."
        return f"It becomes open on {self.protected.release_time:%d %B %Y, %H:%M} UTC."


@dataclass(frozen=True)
class Seer:
    """Some who may read a dataset, why, and until when where that ends by itself."""

    who: str
    why: str
    actions: tuple[str, ...]
    until: datetime | None = None


class Reasons(Proposals, Shares):
    """Everybody asks about herself; who manages the dataset, and the staff, also about others and about other dates."""

    def why(self, principal: Principal, pid: str) -> Answer:
        """Why this principal may, or may not, read a dataset now."""
        now = self._now()
        with self._database.read() as session:
            found = self.find(session, pid)
            if found is None or not rule.may(principal, Action.DISCOVER, found[1], now):
                return Answer(False, (_HIDDEN,), now)
            return _case(session, principal, "You", found, now).answer()

    def why_not(self, principal: Principal, pid: str, user: str, at: datetime | None = None) -> Answer:
        """The same about somebody else (a user name), now or with the rights of today on another date."""
        now = at or self._now()
        with self._database.read() as session:
            found = self._explained(session, principal, pid)
            person = session.scalars(select(Person).where(Person.user == user.strip().lower())).first()
            if person is None:
                raise not_found(f"person '{user[:64]}'", field="user")
            if person.disabled:
                return Answer(False, (f"The account of {person.name} is disabled.",), now)
            her = principal_of(session, person, now)
            return _case(session, her, person.name, found, now).answer()

    def who_sees(self, principal: Principal, pid: str, at: datetime | None = None) -> list[Seer]:
        """Everybody who may read a dataset now, or with the rights of today on another date."""
        now = at or self._now()
        with self._database.read() as session:
            dataset, protected = self._explained(session, principal, pid)
            return list(self._seers(session, dataset, protected, now))

    def _explained(self, session: Session, principal: Principal, pid: str) -> tuple[Dataset, Protected]:
        """The dataset, for those who may know who sees it: who manages or operates, and the instrument's staff."""
        found = self.find(session, pid)
        if found is None or not self.may(principal, Action.DISCOVER, found[1]):
            raise not_found(f"dataset '{pid[:64]}'")
        staff = found[0].instrument_id in principal.instruments and self.may(principal, Action.WRITE, found[1])
        if not (self.may(principal, Action.MANAGE, found[1]) or staff):
            raise NotAllowed(
                "Who may read a dataset is told to those who manage it and to the staff.",
                remedy="Ask its principal investigator.",
            )
        return found

    def _seers(self, session: Session, dataset: Dataset, protected: Protected, now: datetime) -> Iterator[Seer]:
        """Nobody is listed who may not read everything that it was made from."""
        if rule.is_open(protected, now):
            yield Seer("everyone", "it is released", _actions(Principal(), protected, now))
        yield Seer("operators", "they operate the platform", tuple(sorted(Action)))
        for person, why, until in self._people(session, dataset, now):
            her = principal_of(session, person, now)
            if person.role != Role.OPERATOR and rule.may(her, Action.READ, protected, now):
                yield Seer(person.name, why, _actions(her, protected, now), until)
        links = (
            select(ReviewerLink)
            .join(ReviewerLinkDataset, ReviewerLinkDataset.link_id == ReviewerLink.id)
            .where(
                ReviewerLinkDataset.dataset_pid == dataset.pid,
                ReviewerLink.revoked.is_(None),
                ReviewerLink.expires > now,
            )
        )
        for link in session.scalars(links.order_by(ReviewerLink.id)):
            pids = session.scalars(
                select(ReviewerLinkDataset.dataset_pid).where(ReviewerLinkDataset.link_id == link.id)
            )
            visitor = Principal(kind=PrincipalKind.LINK, linked_datasets=frozenset(pids))
            if rule.may(visitor, Action.READ, protected, now):
                actions = _actions(visitor, protected, now)
                yield Seer(f"whoever has the link “{link.label}”", "a reviewer's link", actions, link.expires)

    def _people(self, session: Session, dataset: Dataset, now: datetime) -> list[tuple[Person, str, datetime | None]]:
        """Persons with some tie, each once, with the first reason."""
        found: dict[int, tuple[Person, str, datetime | None]] = {}
        team = (
            select(Person, ProposalMember.role)
            .join(ProposalMember, ProposalMember.person_id == Person.id)
            .where(ProposalMember.proposal_id == dataset.proposal_id)
        )
        for person, role in session.execute(team.order_by(Person.name)):
            found[person.id] = (person, TEAM_TIE[TeamRole(role)].value, None)
        owner = session.get(Person, dataset.owner_id) if dataset.owner_id is not None else None
        if owner is not None:
            found.setdefault(owner.id, (owner, "owner", None))
        staff = (
            select(Person, Instrument.name)
            .join(InstrumentStaff, InstrumentStaff.person_id == Person.id)
            .join(Instrument, Instrument.id == InstrumentStaff.instrument_id)
            .where(InstrumentStaff.instrument_id == dataset.instrument_id)
        )
        for person, instrument in session.execute(staff.order_by(Person.name)):
            found.setdefault(person.id, (person, f"staff of {instrument}", None))
        shares = (
            select(Person, Share.expires)
            .join(Share, Share.person_id == Person.id)
            .where(Share.dataset_pid == dataset.pid, or_(Share.expires.is_(None), Share.expires > now))
        )
        for person, expires in session.execute(shares.order_by(Person.name)):
            found.setdefault(person.id, (person, "shared", expires))
        return [one for one in found.values() if not one[0].disabled]


def _case(session: Session, who: Principal, name: str, found: tuple[Dataset, Protected], now: datetime) -> _Case:
    proposal = session.get_one(Proposal, found[0].proposal_id)
    return _Case(who, name, found[0], proposal, found[1], now)


def _actions(principal: Principal, protected: Protected, now: datetime) -> tuple[str, ...]:
    return tuple(sorted(action for action in Action if rule.may(principal, action, protected, now)))
