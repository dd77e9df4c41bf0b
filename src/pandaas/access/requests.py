"""Asking for access: to a dataset that one can't read, by its identifier, or to a whole proposal.

A request is kept and answered for in the same words whether or not there is such a thing: asking must not find out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from pandaas.access.proposals import Proposals
from pandaas.access.rights import not_found, of_proposal
from pandaas.access.shares import Shares
from pandaas.db import leave_notice
from pandaas.db.tables import AccessRequest, Dataset, Person, Proposal, ProposalMember
from pandaas.model import (
    Action,
    Busy,
    Conflict,
    InvalidInput,
    NotSignedIn,
    Principal,
    PrincipalKind,
    TeamRole,
    check_pid,
)

_MOST_PENDING = 50
_LONGEST = 2_000


@dataclass(frozen=True)
class AccessRequestView:
    """`title` is None where the reader may not discover what was asked for."""

    row: AccessRequest
    title: str | None
    by: str
    affiliation: str | None
    answered_by: str | None
    may_answer: bool


class Requests(Proposals, Shares):
    """The owner answers: who manages the proposal. Both sides are told, in the page and by mail."""

    def ask_access(
        self, principal: Principal, *, pid: str | None = None, proposal: str | None = None, reason: str
    ) -> AccessRequest:
        """Ask to read a dataset (`pid`) or all data of a proposal. `Conflict` where one may read it already."""
        if principal.person_id is None or principal.kind is PrincipalKind.VIEW:
            raise NotSignedIn("To ask for access you need to sign in.", remedy="Sign in, so that the team knows you.")
        if (pid is None) == (proposal is None):
            raise InvalidInput("Ask for a dataset or for a proposal.", field="dataset")
        reason = _text(reason)
        if pid is not None:
            check_pid(pid)
        with self._database.session() as session:
            waiting = select(AccessRequest).where(
                AccessRequest.person_id == principal.person_id, AccessRequest.state == "pending"
            )
            pending = list(session.scalars(waiting))
            if any((row.dataset_pid, row.proposal) == (pid, proposal) for row in pending):
                raise Conflict("You have asked for this already.", remedy="Wait for the answer.")
            if len(pending) >= _MOST_PENDING:
                raise Busy(f"You have {_MOST_PENDING} requests that wait.", remedy="Take some back.")
            self._refuse_if_readable(session, principal, pid, proposal)
            row = AccessRequest(
                person_id=principal.person_id, dataset_pid=pid, proposal=proposal, reason=reason, state="pending",
                asked=self._now(),
            )  # fmt: skip
            session.add(row)
            session.flush()
            what = pid or proposal or ""
            self._log(session, "access.requested", what[:64], principal, request=row.id)
            return row

    def tell_owners(self) -> int:
        """Tell the principal investigators of requests that are new. For the leader of this work: whoever asks waits
        for nothing that depends on whether there is such a thing."""
        told = 0
        with self._database.session() as session:
            new = select(AccessRequest).where(AccessRequest.told.is_(False)).order_by(AccessRequest.id).limit(200)
            for row in session.scalars(new).all():
                row.told = True
                place = self._place_of(session, row)
                if place is None or row.state != "pending":
                    continue
                asker = session.get_one(Person, row.person_id)
                what = row.dataset_pid or place.name
                for person in self._owners(session, place):
                    text = f"{asker.name} asks for access to {what}: {row.reason}"
                    subject = f"{asker.name} asks for access to {what}"
                    leave_notice(session, person, text, link="/requests", mail=subject, clock=self._database.clock)
                    told += 1
        return told

    def answer_access(
        self, principal: Principal, request_id: int, *, grant: bool, answer: str = "", until: datetime | None = None
    ) -> AccessRequest:
        """Grant, which shares the dataset or makes the person a reader of the proposal, or refuse with a reason."""
        with self._database.session() as session:
            row = session.get(AccessRequest, request_id)
            place = self._place_of(session, row) if row is not None else None
            if row is None or place is None or not self.may(principal, Action.MANAGE, of_proposal(place)):
                raise not_found(f"request {request_id}")
            if row.state != "pending":
                raise Conflict(f"This request was {row.state.replace('_', ' ')} already.")
            if not grant and not answer.strip():
                raise InvalidInput("A refusal needs a reason.", field="answer")
            if grant and until is not None and (row.dataset_pid is None or until <= self._now()):
                raise InvalidInput("Access to one dataset can end at a date to come.", field="until")
            row.state, row.answer = "granted" if grant else "refused", answer.strip()[:_LONGEST] or None
            row.answered_by, row.answered, row.until = principal.person_id, self._now(), until
            if grant and row.dataset_pid is not None:
                self.share_in(session, principal, [row.dataset_pid], row.person_id, until)
            elif grant:
                self._make_reader(session, principal, place, row.person_id)
            what = row.dataset_pid or place.name
            link = f"/datasets/{row.dataset_pid}" if row.dataset_pid else f"/proposals/{place.name}"
            text = f"Your request for access to {what} was {row.state}." + (f" {row.answer}" if row.answer else "")
            leave_notice(
                session, row.person_id, text, level="success" if grant else "warning", link=link if grant else "/requests",
                mail=f"Access to {what}: {row.state}", clock=self._database.clock,
            )  # fmt: skip
            self._log(
                session, "access.answered", what[:64], principal, proposal_id=place.id, person_id=row.person_id,
                request=row.id, state=row.state,
            )  # fmt: skip
            return row

    def take_back_access_request(self, principal: Principal, request_id: int) -> None:
        with self._database.session() as session:
            row = session.get(AccessRequest, request_id)
            if row is None or row.person_id != principal.person_id:
                raise not_found(f"request {request_id}")
            if row.state != "pending":
                raise Conflict(f"This request was {row.state.replace('_', ' ')} already.")
            row.state, row.answered = "taken_back", self._now()
            self._log(session, "access.taken_back", row.dataset_pid or row.proposal or "", principal, request=row.id)

    def access_requests(
        self, principal: Principal, *, pending: bool = False, pid: str | None = None
    ) -> list[AccessRequestView]:
        """What this person asked for, and what she may answer; newest first."""
        if principal.person_id is None:
            return []
        managed = select(Proposal).where(self.visible(principal, Proposal, Action.MANAGE))
        ids, names = managed.with_only_columns(Proposal.id), managed.with_only_columns(Proposal.name)
        pids = select(Dataset.pid).where(Dataset.proposal_id.in_(ids))
        query = select(AccessRequest, Person).join(Person, Person.id == AccessRequest.person_id)
        query = query.where(
            or_(
                AccessRequest.person_id == principal.person_id,
                AccessRequest.dataset_pid.in_(pids),
                AccessRequest.proposal.in_(names),
            )
        )
        if pending:
            query = query.where(AccessRequest.state == "pending")
        if pid is not None:
            query = query.where(AccessRequest.dataset_pid == pid)
        with self._database.read() as session:
            rows = session.execute(query.order_by(AccessRequest.id.desc()).limit(500)).all()
            return [self._request_view(session, principal, row, person) for row, person in rows]

    def _request_view(
        self, session: Session, principal: Principal, row: AccessRequest, person: Person
    ) -> AccessRequestView:
        place = self._place_of(session, row)
        may_answer = place is not None and self.may(principal, Action.MANAGE, of_proposal(place))
        answered_by = session.get(Person, row.answered_by) if row.answered_by is not None else None
        return AccessRequestView(
            row=row,
            title=self._title_of(session, principal, row, place),
            by=person.name,
            affiliation=person.affiliation,
            answered_by=answered_by.name if answered_by else None,
            may_answer=may_answer and row.state == "pending",
        )

    def _title_of(
        self, session: Session, principal: Principal, row: AccessRequest, place: Proposal | None
    ) -> str | None:
        if row.dataset_pid is not None:
            seen = self.visible(principal, Dataset, Action.DISCOVER)
            return session.scalar(select(Dataset.title).where(Dataset.pid == row.dataset_pid, seen))
        seen = self.visible(principal, Proposal, Action.DISCOVER)
        return session.scalar(select(Proposal.title).where(Proposal.id == place.id, seen)) if place else None

    def _refuse_if_readable(
        self, session: Session, principal: Principal, pid: str | None, proposal: str | None
    ) -> None:
        if pid is not None:
            there = self.find(session, pid)
            readable = there is not None and self.may(principal, Action.READ, there[1])
        else:
            found = session.scalars(select(Proposal).where(Proposal.name == proposal)).first()
            readable = found is not None and self.may(principal, Action.READ, of_proposal(found))
        if readable:
            where = f"/datasets/{pid}" if pid else f"/proposals/{proposal}"
            raise Conflict("You may read this already.", remedy=f"Open {where}.")

    def _place_of(self, session: Session, row: AccessRequest) -> Proposal | None:
        query = select(Proposal)
        if row.dataset_pid is not None:
            query = query.join(Dataset, Dataset.proposal_id == Proposal.id).where(Dataset.pid == row.dataset_pid)
        else:
            query = query.where(Proposal.name == row.proposal)
        return session.scalars(query).first()

    def _owners(self, session: Session, proposal: Proposal) -> Sequence[int]:
        """The principal investigators of a proposal, who answer."""
        return session.scalars(
            select(ProposalMember.person_id)
            .join(Person, Person.id == ProposalMember.person_id)
            .where(
                ProposalMember.proposal_id == proposal.id,
                ProposalMember.role == TeamRole.PRINCIPAL_INVESTIGATOR,
                Person.disabled.is_(False),
            )
        ).all()

    def _make_reader(self, session: Session, principal: Principal, proposal: Proposal, person_id: int) -> None:
        person = session.get_one(Person, person_id)
        if session.get(ProposalMember, (proposal.id, person_id)) is None:
            session.add(ProposalMember(proposal_id=proposal.id, person_id=person_id, role=TeamRole.READER))
            session.flush()
            self._log_team(session, "proposal.member_set", proposal, principal, person, role=TeamRole.READER)

    def waiting(self, principal: Principal) -> int:
        """How many requests for access wait for this person's answer."""
        return sum(one.may_answer for one in self.access_requests(principal, pending=True))


def _text(reason: str) -> str:
    reason = reason.strip()
    if not reason:
        raise InvalidInput("Say why you need the data, in a sentence.", field="reason")
    if len(reason) > _LONGEST:
        raise InvalidInput(f"This is longer than {_LONGEST:,} characters.", field="reason")
    return reason
