"""Exceptions from the data policy: set by the staff, or asked for by the principal investigator and decided by the staff."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import and_, func, or_, select, update
from sqlalchemy.orm import Session

from pandaas.access.policy import Policies, follow_inputs
from pandaas.access.rights import not_found, of_proposal
from pandaas.access.rule import EVERYONE_SEES
from pandaas.db import leave_notice
from pandaas.db.tables import Dataset, InstrumentStaff, Person, Proposal, ProposalMember, ReleaseRequest, ReleaseTold
from pandaas.model import (
    ANONYMOUS,
    Action,
    Conflict,
    InvalidInput,
    NotAllowed,
    NotFound,
    NotSignedIn,
    Principal,
    Role,
    TeamRole,
)

_LONGEST = 2_000
_LATEST_YEARS = 100
_DAY = timedelta(days=1)
_AT_ONCE = 20  # proposals whose teams are told in one transaction: others who write wait for it
_Due = tuple[int, str, datetime]


@dataclass(frozen=True)
class ReleaseRequestView:
    row: ReleaseRequest
    proposal: str
    title: str
    now: datetime | None  # the release time as it stands
    asked_by: str
    decided_by: str | None
    may_decide: bool


@dataclass(frozen=True)
class ReleaseSet:
    """Of a set: what was asked for now, what is open anyway, for what a request waits already."""

    asked: tuple[str, ...]
    open: tuple[str, ...]
    waiting: tuple[str, ...]


class Releases(Policies):
    """`Conflict` where something was decided already; what may not be discovered is `NotFound`."""

    def may_decide(self, principal: Principal, proposal: Proposal) -> bool:
        """Operators, and the staff of the proposal's instrument where the staff may see it at all."""
        if self.may(principal, Action.OPERATE):
            return True
        ours = proposal.instrument_id in principal.instruments and proposal.type in EVERYONE_SEES
        return ours and self.may(principal, Action.WRITE, of_proposal(proposal))

    def set_release(
        self, principal: Principal, name: str, release_time: datetime | None, *, reason: str | None = None
    ) -> Proposal:
        """Set when the data of a proposal become open, None for never, for all its datasets at once; for the staff."""
        with self._database.session() as session:
            proposal = self._decidable(session, principal, name)
            self._set(session, principal, proposal, release_time, reason)
            return proposal

    def clear_release(self, principal: Principal, name: str) -> Proposal:
        """Let the policy hold again for a proposal and for its datasets with exceptions of their own; for the staff."""
        with self._database.session() as session:
            proposal = self._decidable(session, principal, name)
            proposal.release_set = False
            mine = update(Dataset).where(Dataset.proposal_id == proposal.id).values(release_set=False)
            session.execute(mine.execution_options(synchronize_session=False))
            self.compute_release(session, proposal)
            self._told_of(session, principal, proposal, proposal.release_time, None)
            return proposal

    def set_dataset_release(
        self, principal: Principal, pid: str, release_time: datetime | None, *, reason: str | None = None
    ) -> None:
        """The same for one dataset: an exception that also outlives a change of its proposal's date; for the staff."""
        with self._database.session() as session:
            dataset, proposal = self._dataset(session, principal, pid)
            if not self.may_decide(principal, proposal):
                raise _not_staff()
            _check_releasable(proposal)
            self._set_dataset(session, principal, dataset, release_time, reason)

    def ask_release(
        self, principal: Principal, name: str, release_time: datetime, reason: str, *, pid: str | None = None
    ) -> ReleaseRequest:
        """Ask to shorten or extend the embargo of a proposal, or with `pid` of one of its datasets; needs `MANAGE`."""
        if principal.person_id is None:
            raise NotSignedIn("To ask for another release date you need to sign in.")
        with self._database.session() as session:
            proposal = self._proposal(session, principal, name, Action.MANAGE)
            dataset = self._dataset(session, principal, pid)[0] if pid is not None else None
            if dataset is not None and dataset.proposal_id != proposal.id:
                raise NotFound(f"'{pid}' is not in proposal '{name}'.", field="dataset")
            standing = dataset.release_time if dataset else proposal.release_time
            if standing is not None and standing <= self._now():
                raise Conflict("These data are open already.", remedy="An operator can withdraw single datasets.")
            if self._waits(session, proposal, pid):
                raise Conflict(
                    "A request for this waits already.", remedy="Take it back first, or wait for the answer."
                )
            row = self._asked(session, principal, proposal, pid, release_time=release_time, reason=reason)
            what = f"'{dataset.title}'" if dataset else f"proposal {proposal.name}"
            self._tell_staff(session, principal, proposal, what, release_time)
            return row

    def ask_release_set(
        self, principal: Principal, pids: Sequence[str], release_time: datetime, reason: str
    ) -> ReleaseSet:
        """Ask to open a set of datasets (a collection) on one day; needs `MANAGE` of all that are not open, or nothing is
        asked. The staff of each proposal decides on its own."""
        if principal.person_id is None:
            raise NotSignedIn("To ask for another release date you need to sign in.")
        asked, open_, waiting = [], [], []
        of: dict[int, list[str]] = {}
        with self._database.session() as session:
            for pid in dict.fromkeys(pids):
                dataset, proposal = self._dataset(session, principal, pid)
                if self.may(ANONYMOUS, Action.READ, self.protect(session, [dataset])[0]):
                    open_.append(pid)
                    continue
                self.require(principal, Action.MANAGE, self.protect(session, [dataset])[0], what=f"dataset '{pid}'")
                if self._waits(session, proposal, pid):
                    waiting.append(pid)
                    continue
                self._asked(session, principal, proposal, pid, release_time=release_time, reason=reason)
                asked.append(pid)
                of.setdefault(proposal.id, []).append(dataset.title)
            for proposal_id, titles in of.items():
                what = f"'{titles[0]}'" if len(titles) == 1 else f"{len(titles)} datasets"
                self._tell_staff(session, principal, session.get_one(Proposal, proposal_id), what, release_time)
        return ReleaseSet(tuple(asked), tuple(open_), tuple(waiting))

    def _waits(self, session: Session, proposal: Proposal, pid: str | None) -> bool:
        pending = select(ReleaseRequest.id).where(
            ReleaseRequest.proposal_id == proposal.id,
            ReleaseRequest.dataset_pid.is_(None) if pid is None else ReleaseRequest.dataset_pid == pid,
            ReleaseRequest.state == "pending",
        )
        return session.scalar(pending.limit(1)) is not None

    def _asked(
        self,
        session: Session,
        principal: Principal,
        proposal: Proposal,
        pid: str | None,
        *,
        release_time: datetime,
        reason: str,
    ) -> ReleaseRequest:
        _check_releasable(proposal)
        _check_time(release_time, self._now())
        row = ReleaseRequest(
            proposal_id=proposal.id, dataset_pid=pid, release_time=release_time, reason=_reason(reason),
            state="pending", asked_by=principal.person_id or 0, asked=self._now(),
        )  # fmt: skip
        session.add(row)
        session.flush()
        self._log_request(session, "release.requested", principal, row, proposal)
        return row

    def _tell_staff(
        self, session: Session, principal: Principal, proposal: Proposal, what: str, release_time: datetime
    ) -> None:
        for person in self._staff_of(session, proposal):
            text = f"{principal.name} asks to release {what} on {release_time:%d %B %Y}."
            leave_notice(
                session, person, text, link="/requests", mail=f"Request: release of {what}", clock=self._database.clock
            )  # fmt: skip

    def decide_release(
        self, principal: Principal, request_id: int, *, approve: bool, answer: str = ""
    ) -> ReleaseRequest:
        """Approve, which sets the date, or refuse with a reason; for the staff, but not for who asked."""
        with self._database.session() as session:
            row, proposal = self._pending(session, principal, request_id)
            if not self.may_decide(principal, proposal):
                raise _not_staff()
            if row.asked_by == principal.person_id and not self.may(principal, Action.OPERATE):
                raise NotAllowed("Somebody else decides on your request.", remedy="Ask an operator.")
            if not approve and not answer.strip():
                raise InvalidInput("A refusal needs a reason.", field="answer")
            row.state = "approved" if approve else "refused"
            row.decided_by, row.decided, row.answer = principal.person_id, self._now(), _reason(answer, needed=False)
            if approve and row.dataset_pid is None:
                self._set(session, principal, proposal, row.release_time, row.reason)
            elif approve:
                dataset, _ = self._dataset(session, principal, row.dataset_pid or "")
                self._set_dataset(session, principal, dataset, row.release_time, row.reason)
            what = f"of '{row.dataset_pid}'" if row.dataset_pid else f"of proposal {proposal.name}"
            text = f"Your request about the release {what} was {row.state}." + (f" {row.answer}" if row.answer else "")
            leave_notice(
                session, row.asked_by, text, level="success" if approve else "warning",
                link=f"/proposals/{proposal.name}", mail=f"Release {what}: {row.state}", clock=self._database.clock,
            )  # fmt: skip
            self._log_request(session, "release.decided", principal, row, proposal)
            return row

    def take_back_release_request(self, principal: Principal, request_id: int) -> None:
        """Whoever asked, or manages the proposal, takes a request back that nobody has decided on."""
        with self._database.session() as session:
            row, proposal = self._pending(session, principal, request_id)
            if row.asked_by != principal.person_id:
                self.require(principal, Action.MANAGE, of_proposal(proposal), what=f"proposal '{proposal.name}'")
            row.state, row.decided_by, row.decided = "taken_back", principal.person_id, self._now()
            self._log_request(session, "release.taken_back", principal, row, proposal)

    def release_requests(
        self, principal: Principal, *, proposal: str | None = None, pending: bool = False
    ) -> list[ReleaseRequestView]:
        """Requests that this person made, may decide on, or that are about a proposal she manages; newest first."""
        query = select(ReleaseRequest, Proposal).join(Proposal, Proposal.id == ReleaseRequest.proposal_id)
        query = query.where(
            or_(
                self.visible(principal, Proposal, Action.MANAGE),
                and_(
                    self.visible(principal, Proposal, Action.WRITE), Proposal.instrument_id.in_(principal.instruments)
                ),
            )
        )
        if proposal is not None:
            query = query.where(Proposal.name == proposal)
        if pending:
            query = query.where(ReleaseRequest.state == "pending")
        with self._database.read() as session:
            rows = session.execute(query.order_by(ReleaseRequest.id.desc()).limit(500)).all()
            names = _names(session, (one for row, _ in rows for one in (row.asked_by, row.decided_by)))
            pids = [row.dataset_pid for row, _ in rows if row.dataset_pid]
            of_datasets = dict(
                session.execute(select(Dataset.pid, Dataset.release_time).where(Dataset.pid.in_(pids))).all()
            )
            return [
                ReleaseRequestView(
                    row=row, proposal=found.name, title=found.title,
                    now=of_datasets.get(row.dataset_pid) if row.dataset_pid else found.release_time,
                    asked_by=names.get(row.asked_by, ""), decided_by=names.get(row.decided_by or 0),
                    may_decide=row.state == "pending" and self.may_decide(principal, found),
                )
                for row, found in rows
            ]  # fmt: skip

    def remind_of_releases(self) -> int:
        """Tell teams of releases to come, and of those that have come; each once. For the leader of this work.

        Returns how many were told. Nothing else happens at a release: it is part of the rule.
        """
        now = self._now()
        with self._database.read() as session:  # nobody who writes waits for the long part
            due = [*self._near(session, now), *_opened(session, now)]
            known = select(ReleaseTold.proposal_id, ReleaseTold.what, ReleaseTold.release_time)
            told = {tuple(row) for row in session.execute(known)}
        number = 0
        new = [one for one in due if one not in told]
        for start in range(0, len(new), _AT_ONCE):
            with self._database.session() as session:
                for proposal_id, what, moment in new[start : start + _AT_ONCE]:
                    number += self._tell(session, session.get_one(Proposal, proposal_id), what, moment, now)
        return number

    def _near(self, session: Session, now: datetime) -> Iterator[_Due]:
        """Proposals of which data are released soon enough to remind of it, and the first date of each."""
        policies = {str(kind): policy for kind, policy in self._policies(session).items() if policy.releases}
        longest = max((policy.remind_days for policy in policies.values()), default=0)
        query = (
            select(Dataset.proposal_id, Proposal.type, func.min(Dataset.release_time))
            .join(Proposal, Proposal.id == Dataset.proposal_id)
            .where(
                Dataset.release_time > now, Dataset.release_time <= now + longest * _DAY, Proposal.type.in_(policies)
            )
            .group_by(Dataset.proposal_id, Proposal.type)
        )
        for proposal_id, kind, first in session.execute(query):
            if first is not None and first - now <= policies[kind].remind_days * _DAY:
                yield proposal_id, "reminder", first

    def _tell(self, session: Session, proposal: Proposal, what: str, moment: datetime, now: datetime) -> bool:
        if session.get(ReleaseTold, (proposal.id, what, moment)) is not None:
            return False
        session.add(ReleaseTold(proposal_id=proposal.id, what=what, release_time=moment, told=now))
        if what == "reminder":
            text = (
                f"Data of {proposal.name} become open on {moment:%d %B %Y}: anyone will find, read and download them."
            )
            subject = f"{proposal.name}: data become open on {moment:%d %B %Y}"
        else:
            text = f"Data of {proposal.name} are open since {moment:%d %B %Y}."
            subject = text
        for person in _leaders(session, proposal.id):
            leave_notice(
                session, person, text, link=f"/proposals/{proposal.name}", mail=subject, clock=self._database.clock
            )
        kind = "proposal.release_near" if what == "reminder" else "proposal.released"
        system = Principal()
        self._log(session, kind, proposal.name, system, proposal_id=proposal.id, release_time=moment.isoformat())
        if what == "release":
            opened = moment.isoformat()
            self._log(session, "proposal.changed", proposal.name, system, proposal_id=proposal.id, opened=opened)
        return True

    def _set(
        self, session: Session, principal: Principal, proposal: Proposal, moment: datetime | None, reason: str | None
    ) -> None:
        _check_releasable(proposal)
        proposal.release_time, proposal.release_set = moment, True
        mine = and_(Dataset.proposal_id == proposal.id, Dataset.release_set.is_(False))
        session.execute(update(Dataset).where(mine).values(release_time=moment))
        session.flush()
        follow_inputs(session, session.scalars(select(Dataset.id).where(mine)).all())
        self._told_of(session, principal, proposal, moment, reason)

    def _set_dataset(
        self,
        session: Session,
        principal: Principal,
        dataset: Dataset,
        moment: datetime | None,
        reason: str | None,
    ) -> None:
        dataset.release_time, dataset.release_set = moment, True
        session.flush()
        pid, proposal_id = dataset.pid, dataset.proposal_id
        follow_inputs(session, [dataset.id])
        told = moment.isoformat() if moment else None
        self._log(session, "dataset.changed", pid, principal, proposal_id=proposal_id, release_time=told, reason=reason)

    def _told_of(
        self, session: Session, principal: Principal, proposal: Proposal, moment: datetime | None, reason: str | None
    ) -> None:
        told = moment.isoformat() if moment else None
        self._log(
            session, "proposal.changed", proposal.name, principal, proposal_id=proposal.id, release_time=told,
            reason=reason,
        )  # fmt: skip

    def _proposal(self, session: Session, principal: Principal, name: str, action: Action) -> Proposal:
        what = f"proposal '{name[:64]}'"
        found = session.scalars(select(Proposal).where(Proposal.name == name)).first()
        if found is None:
            raise not_found(what)
        self.require(principal, action, of_proposal(found), what=what)
        return found

    def _decidable(self, session: Session, principal: Principal, name: str) -> Proposal:
        proposal = self._proposal(session, principal, name, Action.DISCOVER)
        if not self.may_decide(principal, proposal):
            raise _not_staff()
        return proposal

    def _dataset(self, session: Session, principal: Principal, pid: str) -> tuple[Dataset, Proposal]:
        found = self.find(session, pid)
        if found is None:
            raise not_found(f"dataset '{pid[:64]}'")
        self.require(principal, Action.DISCOVER, found[1], what=f"dataset '{pid}'")
        return found[0], session.get_one(Proposal, found[0].proposal_id)

    def _pending(self, session: Session, principal: Principal, request_id: int) -> tuple[ReleaseRequest, Proposal]:
        row = session.get(ReleaseRequest, request_id)
        proposal = session.get_one(Proposal, row.proposal_id) if row is not None else None
        if row is None or proposal is None or not self.may(principal, Action.WRITE, of_proposal(proposal)):
            raise not_found(f"request {request_id}")
        if row.state != "pending":
            raise Conflict(f"This request was {row.state.replace('_', ' ')} already.")
        return row, proposal

    def _staff_of(self, session: Session, proposal: Proposal) -> list[int]:
        """Who is told of a request: the instrument's staff, else the operators."""
        staff = select(InstrumentStaff.person_id).where(InstrumentStaff.instrument_id == proposal.instrument_id)
        of_instrument = session.scalars(select(Person.id).where(Person.id.in_(staff), Person.disabled.is_(False))).all()
        if of_instrument:
            return list(of_instrument)
        operators = select(Person.id).where(Person.role == Role.OPERATOR, Person.disabled.is_(False))
        return list(session.scalars(operators))

    def _log_request(
        self, session: Session, kind: str, principal: Principal, row: ReleaseRequest, proposal: Proposal
    ) -> None:
        self._log(
            session, kind, row.dataset_pid or proposal.name, principal, proposal_id=proposal.id,
            request=row.id, release_time=row.release_time.isoformat(), state=row.state,
        )  # fmt: skip


def _leaders(session: Session, proposal_id: int) -> list[int]:
    """The principal investigators, else the whole team."""
    team = (
        select(ProposalMember.person_id, ProposalMember.role)
        .join(Person, Person.id == ProposalMember.person_id)
        .where(ProposalMember.proposal_id == proposal_id, Person.disabled.is_(False))
    )
    rows = session.execute(team).all()
    leaders = [person for person, role in rows if role == TeamRole.PRINCIPAL_INVESTIGATOR]
    return leaders or [person for person, _ in rows]


def _opened(session: Session, now: datetime) -> Iterator[_Due]:
    """Proposals of which data were released in the last days."""
    query = (
        select(Dataset.proposal_id, Dataset.release_time)
        .join(Proposal, Proposal.id == Dataset.proposal_id)
        .where(Dataset.release_time <= now, Dataset.release_time > now - 7 * _DAY, Proposal.type.in_(EVERYONE_SEES))
        .distinct()
    )
    for proposal_id, moment in session.execute(query):
        if moment is not None:
            yield proposal_id, "release", moment


def _names(session: Session, ids: Iterable[int | None]) -> dict[int, str]:
    wanted = {one for one in ids if one is not None}
    return dict(session.execute(select(Person.id, Person.name).where(Person.id.in_(wanted))).all())


def _check_releasable(proposal: Proposal) -> None:
    if proposal.type not in EVERYONE_SEES:
        raise InvalidInput(
            f"Data of a {proposal.type} proposal are never released.",
            remedy="Move them to another proposal first.",
            field="release_time",
        )


def _check_time(moment: datetime, now: datetime) -> None:
    if moment <= now:
        raise InvalidInput("This date has passed.", remedy="Ask for one to come.", field="release_time")
    if moment > now + timedelta(days=366 * _LATEST_YEARS):
        raise InvalidInput(f"An embargo lasts at most {_LATEST_YEARS} years.", field="release_time")


def _reason(text: str, *, needed: bool = True) -> str | None:
    text = text.strip()
    if needed and not text:
        raise InvalidInput("Say why, in a sentence.", field="reason")
    if len(text) > _LONGEST:
        raise InvalidInput(f"This is longer than {_LONGEST:,} characters.", field="reason")
    return text or None


def _not_staff() -> NotAllowed:
    return NotAllowed(
        "Release dates are set by the instrument's staff and by operators.",
        remedy="The principal investigator can ask for another date.",
    )
