"""The data policy: what holds for proposals of each type, and the release times that follow from it.

A release time is computed when a proposal or dataset is made and whenever the policy or the end of the experiment
changes; the rule compares it with the clock whenever it is asked, so nothing has to run at the moment of release. What
was set for a proposal or a dataset (`release_set`) is an exception that the policy leaves alone.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import exists, func, select, update
from sqlalchemy.orm import Session, aliased

from pandaas.access.rights import Rights
from pandaas.access.rule import EVERYONE_SEES
from pandaas.db.tables import Dataset, DatasetAncestor, DatasetFile, Proposal, ReleasePolicy
from pandaas.model import Action, InvalidInput, Principal, ProposalType

_YEAR = timedelta(days=365.2425)
_LONGEST_YEARS = 100
_BATCH = 500


@dataclass(frozen=True)
class Policy:
    """`embargo_years` after the end of the experiment the data become open under `licence`; None: not by time.

    `announced`: anyone may know that such a proposal exists, with title and release date, before it is released.
    `invoiced`: its use is paid for. `remind_days` before a release the team is reminded. `is_default`: nobody changed it.
    """

    type: ProposalType
    embargo_years: float | None
    licence: str
    announced: bool = False
    invoiced: bool = False
    remind_days: int = 30
    is_default: bool = True

    @property
    def releases(self) -> bool:
        """Whether data of this type are ever open; no policy can change it."""
        return self.type in EVERYONE_SEES

    def release_of_proposal(self, end_time: datetime | None) -> datetime | None:
        return self._after(end_time) if end_time is not None else None

    def release_of_dataset(self, proposal: Proposal, measured: datetime) -> datetime | None:
        """The proposal's own date, else the embargo after the measurement."""
        if not self.releases:
            return None
        if proposal.release_set or proposal.release_time is not None:
            return proposal.release_time
        return self._after(measured)

    def _after(self, moment: datetime) -> datetime | None:
        if not self.releases or self.embargo_years is None:
            return None
        return later_by(moment, self.embargo_years)


@dataclass(frozen=True)
class ReleaseChange:
    """What applying the policy changes in one proposal; `datasets` is how many of its datasets get another date."""

    proposal: str
    old: datetime | None
    new: datetime | None
    datasets: int


def later_by(moment: datetime, years: float) -> datetime:
    """The same day, whole years later; 29 February becomes the 28th. Parts of a year are of 365.2425 days."""
    try:
        whole = moment.replace(year=moment.year + int(years))
    except ValueError:
        whole = moment.replace(year=moment.year + int(years), day=28)
    return whole + (years % 1) * _YEAR


class Policies(Rights):
    """The policy as data, and the one place where release times are computed."""

    def policies(self) -> dict[ProposalType, Policy]:
        """What holds for each type of proposal."""
        with self._database.read() as session:
            return self._policies(session)

    def policy(self, type_: ProposalType | str) -> Policy:
        return self.policies()[ProposalType(type_)]

    def set_policy(
        self, principal: Principal, type_: ProposalType | str, changes: dict[str, Any], *, dry_run: bool = False
    ) -> list[ReleaseChange]:
        """Change what holds for a type and compute its release times anew, all in one transaction; for operators.

        `changes` holds any of `embargo_years`, `licence`, `announced`, `invoiced`, `remind_days`. Returns what changes;
        with `dry_run` nothing does.
        """
        self.require(principal, Action.OPERATE, what="the data policy")
        kind = _type(type_)
        with self._database.session() as session:
            old = self._policies(session)[kind]
            new = _changed(old, changes)
            row = session.get(ReleasePolicy, kind)
            if row is None:
                row = ReleasePolicy(type=kind)
                session.add(row)
            row.embargo_years, row.licence, row.announced = new.embargo_years, new.licence, new.announced
            row.invoiced, row.remind_days = new.invoiced, new.remind_days
            row.changed, row.changed_by = self._now(), principal.person_id
            session.flush()
            done = self._apply(session, [kind])
            if dry_run:
                session.rollback()
                return done
            told = {name: {"old": getattr(old, name), "new": getattr(new, name)} for name in changes}
            self._log(session, "policy.changed", kind, principal, changes=told, proposals=len(done))
            self._log_releases(session, principal, done)
            return done

    def apply_policy(self, principal: Principal, *, dry_run: bool = False) -> list[ReleaseChange]:
        """Compute all release times anew; returns what changes, with `dry_run` without changing it. For operators."""
        self.require(principal, Action.OPERATE, what="the data policy")
        with self._database.session() as session:
            done = self._apply(session, list(ProposalType))
            if dry_run:
                session.rollback()
            else:
                self._log_releases(session, principal, done)
            return done

    def waiting_releases(self) -> int:
        """How many proposals have another release date than the policy says, and no exception: after an upgrade, or when
        the configured embargo was changed. `apply_policy` gives them the policy's date."""
        with self._database.read() as session:
            policies = self._policies(session)
            query = select(Proposal.type, Proposal.end_time, Proposal.release_time).where(
                Proposal.type.in_(sorted(EVERYONE_SEES)), Proposal.release_set.is_(False)
            )
            rows = session.execute(query).all()
        return sum(
            policies[ProposalType(row.type)].release_of_proposal(row.end_time) != row.release_time for row in rows
        )

    def compute_release(self, session: Session, proposal: Proposal) -> None:
        """Give a proposal, and all its datasets, the release time that the policy says, in the caller's transaction.

        For whoever makes a proposal or changes its type or its end. Exceptions stay.
        """
        policy = self._policies(session)[ProposalType(proposal.type)]
        self._apply_to(session, proposal, policy)

    def _policies(self, session: Session) -> dict[ProposalType, Policy]:
        found = {kind: self._default(kind) for kind in ProposalType}
        for row in session.scalars(select(ReleasePolicy)):
            kind = ProposalType(row.type)
            found[kind] = Policy(
                kind, row.embargo_years, row.licence, row.announced, row.invoiced, row.remind_days, is_default=False
            )
        return found

    def _default(self, kind: ProposalType) -> Policy:
        years = self._embargo_years if kind is ProposalType.PUBLIC_ACCESS else None
        return Policy(kind, years, self._licence, invoiced=kind is ProposalType.PROPRIETARY)

    def _apply(self, session: Session, kinds: Iterable[ProposalType]) -> list[ReleaseChange]:
        policies = self._policies(session)
        done = []
        for kind in kinds:
            for proposal in session.scalars(select(Proposal).where(Proposal.type == kind).order_by(Proposal.id)):
                change = self._apply_to(session, proposal, policies[kind])
                if change is not None:
                    done.append(change)
        return done

    def _apply_to(self, session: Session, proposal: Proposal, policy: Policy) -> ReleaseChange | None:
        old = proposal.release_time
        proposal.announced = policy.announced and policy.releases
        if not policy.releases:
            proposal.release_time = None
        elif not proposal.release_set:
            proposal.release_time = policy.release_of_proposal(proposal.end_time)
        session.flush()
        changed = self._apply_to_datasets(session, proposal, policy)
        if old == proposal.release_time and not changed:
            return None
        return ReleaseChange(proposal.name, old, proposal.release_time, changed)

    def _apply_to_datasets(self, session: Session, proposal: Proposal, policy: Policy) -> int:
        """Measured data get their own dates; what was made from data follows these."""
        made = exists(select(DatasetAncestor.dataset_id).where(DatasetAncestor.dataset_id == Dataset.id))
        query = select(Dataset.id, Dataset.release_time, Dataset.start_time, Dataset.end_time, Dataset.created).where(
            Dataset.proposal_id == proposal.id, Dataset.release_set.is_(False), ~made
        )
        new: dict[int, datetime | None] = {}
        for row in session.execute(query):
            measured = row.start_time or row.end_time or _written(session, row.id) or row.created
            wanted = policy.release_of_dataset(proposal, measured)
            if wanted != row.release_time:
                new[row.id] = wanted
        ids = sorted(new)
        if ids:
            session.execute(update(Dataset), [{"id": one, "release_time": new[one]} for one in ids])
            follow_inputs(session, ids)
        return len(ids)

    def _log_releases(self, session: Session, principal: Principal, done: Iterable[ReleaseChange]) -> None:
        for one in done:
            row = session.scalars(select(Proposal).where(Proposal.name == one.proposal)).one()
            told = one.new.isoformat() if one.new else None
            self._log(
                session, "proposal.changed", one.proposal, principal, proposal_id=row.id, release_time=told,
                datasets=one.datasets,
            )  # fmt: skip


def follow_inputs(session: Session, dataset_ids: Iterable[int]) -> None:
    """Release what was made from these with the last of all it was made from; never, where one of those never is."""
    source = aliased(Dataset)
    of_made = (
        select(source.release_time)
        .join(DatasetAncestor, DatasetAncestor.ancestor_id == source.id)
        .where(DatasetAncestor.dataset_id == Dataset.id)
        .correlate(Dataset)
    )
    never = of_made.where(source.release_time.is_(None)).exists()
    last = of_made.with_only_columns(func.max(source.release_time)).scalar_subquery()
    ids = sorted(set(dataset_ids))
    for start in range(0, len(ids), _BATCH):
        made = select(DatasetAncestor.dataset_id).where(DatasetAncestor.ancestor_id.in_(ids[start : start + _BATCH]))
        affected = list(session.scalars(select(Dataset.id).where(Dataset.id.in_(made), Dataset.release_set.is_(False))))
        for first in range(0, len(affected), _BATCH):
            chosen = affected[first : first + _BATCH]
            for value, clause in ((None, never), (last, ~never)):
                session.execute(
                    update(Dataset)
                    .where(Dataset.id.in_(chosen), clause)
                    .values(release_time=value)
                    .execution_options(synchronize_session=False)
                )
    session.expire_all()


def _written(session: Session, dataset_id: int) -> datetime | None:
    """When the file was written, for data that don't say when they were measured."""
    mtime = session.scalar(
        select(DatasetFile.mtime_ns).where(DatasetFile.dataset_id == dataset_id).order_by(DatasetFile.position).limit(1)
    )
    return datetime.fromtimestamp(mtime / 1e9, UTC) if mtime is not None else None


def _type(value: ProposalType | str) -> ProposalType:
    try:
        return ProposalType(value)
    except ValueError as error:
        raise InvalidInput(
            f"'{value}' is no type of proposal.", remedy=f"Use one of {', '.join(ProposalType)}.", field="type"
        ) from error


def _changed(old: Policy, changes: dict[str, Any]) -> Policy:
    known = ("embargo_years", "licence", "announced", "invoiced", "remind_days")
    values = {name: getattr(old, name) for name in known}
    for name, value in changes.items():
        if name not in known:
            raise InvalidInput(f"A policy has no '{name[:40]}'.", remedy=f"It has {', '.join(known)}.", field=name)
        if value is None and name != "embargo_years":
            raise InvalidInput(f"'{name}' needs a value.", remedy="Leave it out to keep what it is.", field=name)
        values[name] = value
    years, days, licence = values["embargo_years"], values["remind_days"], str(values["licence"]).strip()
    if years is not None and not 0 <= years <= _LONGEST_YEARS:
        raise InvalidInput(f"An embargo lasts 0 to {_LONGEST_YEARS} years.", field="embargo_years")
    if not old.releases and (years is not None or values["announced"]):
        raise InvalidInput(
            f"Data of {old.type} proposals are never released, and who has no right to them does not know of them.",
            remedy="No policy can change that; use another type of proposal.",
            field="embargo_years" if years is not None else "announced",
        )
    if not 0 <= days <= 3660:
        raise InvalidInput("A reminder comes 0 to 3660 days before the release.", field="remind_days")
    if not 0 < len(licence) <= 64:
        raise InvalidInput("A licence is an SPDX identifier such as CC-BY-4.0.", field="licence")
    return Policy(old.type, years, licence, bool(values["announced"]), bool(values["invoiced"]), days, is_default=False)
