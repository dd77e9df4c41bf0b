"""The access rule as an SQL clause: what `reach` says, line by line, over the access columns of a protected table.

Every part is true or false, never NULL, so that it may be negated.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from sqlalchemy import BindParameter, ColumnElement, and_, bindparam, exists, false, literal, not_, or_, select, true
from sqlalchemy.orm import aliased

from pandaas.access.reach import Line, Reach, reach
from pandaas.access.rule import Tie
from pandaas.db.tables import Dataset, DatasetAncestor, Proposal
from pandaas.model import Action, DatasetState, Principal, ProposalType

_MANY = 5_000  # above this, values are written into the statement: databases limit the number of parameters


def visible(principal: Principal, action: Action, table: Any, now: datetime) -> ColumnElement[bool]:
    """The rows of `table` to which `principal` may do `action` at `now`, as a WHERE clause.

    `table` is `Dataset`, `Proposal`, another table with `AccessColumns`, or an alias of one. The clause joins nothing: it
    looks at other tables through subqueries only.
    """
    found = reach(principal, action)
    clause = _reached(found, table, now)
    return clause if found.also is None else and_(clause, _reached(found.also, table, now))


def _reached(found: Reach, table: Any, now: datetime) -> ColumnElement[bool]:
    if found.everything:
        return true()
    columns = _columns_of(table)
    clause = _granted(found.lines, columns, now)
    if found.lines and columns.has_ancestors:
        clause = and_(clause, not_(_has_hidden_ancestor(found.of_ancestors, table, now)))
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


def _granted(lines: Iterable[Line], columns: _Columns, now: datetime) -> ColumnElement[bool]:
    return or_(false(), *(_clause_of(line, columns, now) for line in lines))


def _clause_of(line: Line, columns: _Columns, now: datetime) -> ColumnElement[bool]:
    tie = _tie(line, columns, now)
    if tie is None:
        return false()
    parts = [tie]
    if line.types is not None:
        parts.append(columns.type_in(line.types))
    if columns.state is None:  # proposals are not withdrawn
        return false() if line.withdrawn else and_(*parts)
    if line.withdrawn is not None:
        withdrawn = columns.state == DatasetState.WITHDRAWN
        parts.append(withdrawn if line.withdrawn else columns.state != DatasetState.WITHDRAWN)
    return and_(*parts)


def _tie(line: Line, columns: _Columns, now: datetime) -> ColumnElement[bool] | None:
    """The rows to which the principal has this tie; None when there can be none."""
    match line.tie:
        case Tie.OPERATOR:
            return true()
        case Tie.OWNER:
            return _among(columns.owner_id, line.among)
        case Tie.STAFF:
            return _among(columns.instrument_id, line.among)
        case Tie.SHARED:
            return _among(columns.pid, line.among)
        case Tie.RELEASED:
            return and_(columns.release_time.is_not(None), columns.release_time <= now)
        case Tie.ANNOUNCED:
            return columns.announced
        case _:
            return _among(columns.proposal_id, line.among)


def _among(column: ColumnElement[Any] | None, values: Collection[Any] | None) -> ColumnElement[bool] | None:
    if column is None or not values:
        return None
    wanted: BindParameter[Any] = bindparam(None, sorted(values), expanding=True, literal_execute=len(values) > _MANY)
    return and_(column.is_not(None), column.in_(wanted))


def _has_hidden_ancestor(lines: Iterable[Line], table: Any, now: datetime) -> ColumnElement[bool]:
    ancestor = aliased(Dataset)
    seen = _granted(lines, _columns_of(ancestor), now)
    hidden = (
        select(literal(1))
        .select_from(DatasetAncestor)
        .join(ancestor, ancestor.id == DatasetAncestor.ancestor_id)
        .where(DatasetAncestor.dataset_id == table.id, not_(seen))
        .correlate(table)
    )
    return exists(hidden)
