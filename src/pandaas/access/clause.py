"""The access rule as an SQL clause: `RULE` again, line by line, over the access columns of a protected table.

Every part is true or false, never NULL, so that it may be negated.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, cast

from sqlalchemy import BindParameter, ColumnElement, and_, bindparam, exists, false, literal, not_, or_, select, true
from sqlalchemy.orm import aliased

from pandaas.access.rule import RULE, TEAM_TIE, Grant, Tie, is_capable, is_operator, needed_of_ancestors
from pandaas.db.tables import Dataset, DatasetAncestor, Proposal
from pandaas.model import Action, DatasetState, Principal, ProposalType

_MANY = 5_000  # above this, values are written into the statement: databases limit the number of parameters


def visible(principal: Principal, action: Action, table: Any, now: datetime) -> ColumnElement[bool]:
    """The rows of `table` to which `principal` may do `action` at `now`, as a WHERE clause.

    `table` is `Dataset`, `Proposal`, another table with `AccessColumns`, or an alias of one. The clause joins nothing: it
    looks at other tables through subqueries only.
    """
    if not is_capable(principal, action):
        return false()
    if principal.viewer is not None:
        own = replace(principal, viewer=None)
        return and_(visible(own, action, table, now), visible(principal.viewer, action, table, now))
    if is_operator(principal):
        return true()
    columns = _columns_of(table)
    clause = _granted(principal, action, columns, now)
    if columns.has_ancestors:
        clause = and_(clause, not_(_has_hidden_ancestor(principal, action, table, now)))
    return clause


@dataclass(frozen=True)
class _Columns:
    """The access columns of a table; `type_in` tells whether the row's proposal is of one of some types."""

    proposal_id: ColumnElement[int]
    owner_id: ColumnElement[int] | None
    instrument_id: ColumnElement[int | None]
    release_time: ColumnElement[datetime | None]
    state: ColumnElement[str] | None
    pid: ColumnElement[str] | None
    type_in: Callable[[Collection[ProposalType]], ColumnElement[bool]]
    has_ancestors: bool
    announced: ColumnElement[bool] | None = None


def _columns_of(table: Any) -> _Columns:
    entity = table.__mapper__.class_ if hasattr(table, "__mapper__") else table._aliased_insp.mapper.class_
    if entity is Proposal:
        return _Columns(
            table.id, None, table.instrument_id, table.release_time, None, None, table.type.in_, has_ancestors=False,
            announced=table.announced,
        )  # fmt: skip

    def type_in(types: Collection[ProposalType]) -> ColumnElement[bool]:
        of_type = select(Proposal.id).where(Proposal.type.in_(types))
        return cast("ColumnElement[bool]", table.proposal_id.in_(of_type))

    return _Columns(
        table.proposal_id,
        table.owner_id,
        table.instrument_id,
        table.release_time,
        table.state,
        getattr(table, "pid", None),
        type_in,
        has_ancestors=entity is Dataset,
    )


def _granted(principal: Principal, action: Action, columns: _Columns, now: datetime) -> ColumnElement[bool]:
    return or_(false(), *(_line(grant, principal, action, columns, now) for grant in RULE))


def _line(grant: Grant, principal: Principal, action: Action, columns: _Columns, now: datetime) -> ColumnElement[bool]:
    tie = _tie(grant.tie, principal, columns, now)
    if tie is None or action not in grant.actions | grant.if_withdrawn:
        return false()
    parts = [tie]
    if grant.types != frozenset(ProposalType):
        parts.append(columns.type_in(grant.types))
    if columns.state is None:  # proposals are not withdrawn
        return and_(*parts) if action in grant.actions else false()
    if action not in grant.if_withdrawn:
        parts.append(columns.state != DatasetState.WITHDRAWN)
    elif action not in grant.actions:
        parts.append(columns.state == DatasetState.WITHDRAWN)
    return and_(*parts)


def _tie(tie: Tie, principal: Principal, columns: _Columns, now: datetime) -> ColumnElement[bool] | None:
    """The rows to which the principal has this tie; None when there can be none."""
    match tie:
        case Tie.OPERATOR:
            return true() if is_operator(principal) else None
        case Tie.OWNER:
            if principal.person_id is None or columns.owner_id is None:
                return None
            return and_(columns.owner_id.is_not(None), columns.owner_id == principal.person_id)
        case Tie.STAFF:
            return _among(columns.instrument_id, principal.instruments)
        case Tie.SHARED:
            return _among(columns.pid, principal.linked_datasets)
        case Tie.RELEASED:
            return and_(columns.release_time.is_not(None), columns.release_time <= now)
        case Tie.ANNOUNCED:
            return columns.announced
        case _:
            teams = {proposal for proposal, role in principal.teams.items() if TEAM_TIE[role] is tie}
            return _among(columns.proposal_id, teams)


def _among(column: ColumnElement[Any] | None, values: Collection[Any]) -> ColumnElement[bool] | None:
    if column is None or not values:
        return None
    wanted: BindParameter[Any] = bindparam(None, sorted(values), expanding=True, literal_execute=len(values) > _MANY)
    return and_(column.is_not(None), column.in_(wanted))


def _has_hidden_ancestor(principal: Principal, action: Action, table: Any, now: datetime) -> ColumnElement[bool]:
    ancestor = aliased(Dataset)
    seen = _granted(principal, needed_of_ancestors(action), _columns_of(ancestor), now)
    hidden = (
        select(literal(1))
        .select_from(DatasetAncestor)
        .join(ancestor, ancestor.id == DatasetAncestor.ancestor_id)
        .where(DatasetAncestor.dataset_id == table.id, not_(seen))
        .correlate(table)
    )
    return exists(hidden)
