"""Asking the rule about rows of the database."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, select
from sqlalchemy.orm import Session

from pandaas.access import clause, rule
from pandaas.access.rule import Protected
from pandaas.db import Database, append
from pandaas.db.tables import Dataset, DatasetAncestor, Proposal
from pandaas.model import (
    Action,
    DatasetState,
    NotAllowed,
    NotFound,
    NotSignedIn,
    Principal,
    PrincipalKind,
    Role,
)

_BATCH = 500


class Rights:
    """`may`, `visible` and `require`, at the time of the injected clock."""

    def __init__(
        self, database: Database, *, facility: str = "", embargo_years: float = 3, licence: str = "CC-BY-4.0"
    ) -> None:
        """`embargo_years` of public-access data and `licence` hold where the policy says nothing else."""
        self._database = database
        self._facility = facility
        self._embargo_years = embargo_years
        self._licence = licence

    def may(self, principal: Principal, action: Action, resource: Protected | None = None) -> bool:
        """May `principal` do this now? Without a resource: to the facility as a whole."""
        return rule.may(principal, action, resource, self._now())

    def visible(self, principal: Principal, table: Any = Dataset, action: Action = Action.READ) -> ColumnElement[bool]:
        """The same rule as a WHERE clause on `table` (`Dataset`, `Proposal`, or an alias)."""
        return clause.visible(principal, action, table, self._now())

    def require(
        self, principal: Principal, action: Action, resource: Protected | None = None, *, what: str | None = None
    ) -> None:
        """Return if allowed; else `NotFound` where even the existence is hidden, `NotSignedIn` where signing in may
        help, `NotAllowed` otherwise. `what` names the thing in the message."""
        now = self._now()
        if rule.may(principal, action, resource, now):
            return
        name = what or (f"'{resource.pid}'" if resource and resource.pid else "this")
        whole = replace(principal, kind=PrincipalKind.PERSON) if principal.kind is PrincipalKind.TOKEN else principal
        if resource is not None and not rule.may(whole, Action.DISCOVER, resource, now):
            raise not_found(name)
        if not principal.signed_in:
            raise NotSignedIn(f"To {_verb(action)} {name} you need to sign in.", remedy="Sign in and try again.")
        if rule.may(whole, action, resource, now):
            scopes = sorted({rule.SCOPE_OF[action], *(["admin"] if whole.is_operator else [])} - principal.scopes)
            raise NotAllowed(
                f"This token may not {_verb(action)} {name}: it lacks the scope {' and '.join(scopes)}.",
                remedy="Use a token that has it.",
            )
        raise NotAllowed(f"You may not {_verb(action)} {name}.", remedy=_REMEDY[action])

    def find(self, session: Session, pid: str) -> tuple[Dataset, Protected] | None:
        """A dataset and what the rule looks at of it. Where there is none the same questions are asked of nothing, so that the
        time tells hidden and missing data as little apart as the answer does."""
        dataset = session.scalars(select(Dataset).where(Dataset.pid == pid)).first()
        if dataset is None:
            self.find_nothing(session)
            return None
        return dataset, self.protect(session, [dataset])[0]

    def find_nothing(self, session: Session) -> None:
        """Take the time of `protect`."""
        for query in (_ancestry_of([0]), _types_of([0])):
            session.execute(query).all()

    def protect(self, session: Session, datasets: Sequence[Dataset]) -> list[Protected]:
        """What the rule looks at of each dataset, ancestors included, in the same order (three queries a batch)."""
        ancestry: dict[int, list[int]] = defaultdict(list)
        for batch in _batches([dataset.id for dataset in datasets]):
            for dataset_id, ancestor_id in session.execute(_ancestry_of(batch)):
                ancestry[dataset_id].append(ancestor_id)
        ancestors: dict[int, Dataset] = {}
        for batch in _batches({one for many in ancestry.values() for one in many}):
            found = session.scalars(select(Dataset).where(Dataset.id.in_(batch)))
            ancestors.update({dataset.id: dataset for dataset in found})
        types: dict[int, str] = {}
        for batch in _batches({dataset.proposal_id for dataset in (*datasets, *ancestors.values())}):
            types.update(dict(session.execute(_types_of(batch)).all()))
        return [
            _of_dataset(dataset, types, tuple(_of_dataset(ancestors[one], types) for one in ancestry[dataset.id]))
            for dataset in datasets
        ]

    def record_ancestors(self, session: Session, dataset_id: int, input_pids: Iterable[str]) -> None:
        """Note what a new result was made from (its inputs and all that these were made from), in the caller's
        transaction. From then on only those who may read all of it may read the result."""
        pids = sorted(set(input_pids))
        ids = dict(session.execute(select(Dataset.pid, Dataset.id).where(Dataset.pid.in_(pids))).all())
        if missing := [pid for pid in pids if pid not in ids]:
            raise NotFound(f"There is no dataset '{missing[0]}'.", field="inputs")
        further = select(DatasetAncestor.ancestor_id).where(DatasetAncestor.dataset_id.in_(ids.values()))
        for ancestor in sorted({*ids.values(), *session.scalars(further)}):
            session.add(DatasetAncestor(dataset_id=dataset_id, ancestor_id=ancestor))

    def _now(self) -> datetime:
        return self._database.clock()

    def _log(
        self,
        session: Session,
        kind: str,
        subject: str,
        principal: Principal,
        *,
        proposal_id: int | None = None,
        person_id: int | None = None,
        **payload: Any,
    ) -> None:
        append(
            session,
            kind,
            subject,
            actor_id=principal.person_id,
            proposal_id=proposal_id,
            person_id=person_id,
            payload=payload,
            clock=self._database.clock,
        )


FACILITY = Principal(kind=PrincipalKind.SERVICE, name="the facility", role=Role.OPERATOR)
"""The platform's own background work and the command line of the machine's operator."""


def of_proposal(proposal: Proposal) -> Protected:
    return Protected(
        proposal_id=proposal.id,
        proposal_type=proposal.type,
        instrument_id=proposal.instrument_id,
        release_time=proposal.release_time,
        state=DatasetState.COMPLETE,
        announced=proposal.announced,
    )


def not_found(name: str, *, field: str | None = None) -> NotFound:
    """The one answer for what is hidden and for what does not exist: were they told apart, asking would find out."""
    return NotFound(
        f"There is no {name}, or you may not see it.",
        remedy="Check the name, or ask its team for access.",
        field=field,
    )


def _ancestry_of(ids: Collection[int]) -> Select[int, int]:
    return select(DatasetAncestor.dataset_id, DatasetAncestor.ancestor_id).where(DatasetAncestor.dataset_id.in_(ids))


def _types_of(ids: Collection[int]) -> Select[int, str]:
    return select(Proposal.id, Proposal.type).where(Proposal.id.in_(ids))


def _of_dataset(dataset: Dataset, types: dict[int, str], ancestors: tuple[Protected, ...] = ()) -> Protected:
    return Protected(
        proposal_id=dataset.proposal_id,
        proposal_type=types[dataset.proposal_id],
        owner_id=dataset.owner_id,
        instrument_id=dataset.instrument_id,
        release_time=dataset.release_time,
        state=dataset.state,
        pid=dataset.pid,
        ancestors=ancestors,
    )


def _batches(ids: Collection[int]) -> Iterable[list[int]]:
    ordered = sorted(set(ids))
    return (ordered[start : start + _BATCH] for start in range(0, len(ordered), _BATCH))


_REMEDY = {
    Action.DISCOVER: "Ask its team for access.",
    Action.READ: "Ask its team for access.",
    Action.WRITE: "Ask its principal investigator to make you a member.",
    Action.ANALYSE: "Ask its principal investigator to make you a member.",
    Action.MANAGE: "Ask its principal investigator.",
    Action.OPERATE: "Ask an operator.",
}


def _verb(action: Action) -> str:
    return "see" if action is Action.DISCOVER else action.value
