"""Rows of a source with what is included, as the objects of the search API."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, func, or_, select, true
from sqlalchemy.orm import Session, join

from pandaas.codecs import convert
from pandaas.federation.comparing import Comparing
from pandaas.federation.conditions import Conditions, asked_unit, relation_of
from pandaas.federation.filters import MOST, Compare, Condition, FilterError, Include, Joined, Order, Scope, Text
from pandaas.federation.naming import TechniqueNames
from pandaas.federation.narrowing import Candidates, Narrower, TooMany
from pandaas.federation.sources import Kind, Relation, Source
from pandaas.model import TooLarge

_MOST_ROWS = 50_000  # of one answer, everything included
_DIGITS = 12  # of a converted value: what conversion itself may add is rounded off


@dataclass
class Row:
    """One object on its way out; `source` makes what its relations start from."""

    source: Source
    key: Any
    said: dict[str, Any]
    related: dict[str, Any] = field(default_factory=dict)
    score: float | None = None


class Rows:
    """`narrower` finds few candidates first, where there is a search index."""

    def __init__(
        self,
        session: Session,
        conditions: Conditions,
        names: TechniqueNames,
        comparing: Comparing,
        narrower: Narrower | None = None,
    ) -> None:
        self._session = session
        self._narrower = narrower
        self._conditions = conditions
        self._names = names
        self._comparing = comparing
        self._number = 0

    def find(
        self,
        source: Source,
        scope: Scope,
        extra: Sequence[ColumnElement[bool]] = (),
        score: ColumnElement[float] | None = None,
    ) -> list[Row]:
        """The rows that a filter asks for, in its order, with everything included."""
        columns = _columns(source)
        asked = select(source.key.label("key"), *columns.values())
        if score is not None:
            asked = asked.add_columns(score.label("score"))
        order = self.order(source, scope.order)
        if score is not None and not scope.order:
            order = [score.desc(), *order]
        asked = asked.select_from(source.table).where(*extra).order_by(*order)
        found = self._page(source, scope, asked, in_order_of_key=score is None and not scope.order)
        rows = [self._row(source, row, row.score if score is not None else None) for row in found]
        self._count(len(rows))
        self.include(rows, scope.include)
        return rows

    def _page(self, source: Source, scope: Scope, asked: Select[Any], *, in_order_of_key: bool) -> Sequence[Any]:
        most = min(scope.limit or MOST, MOST)
        candidates = self._candidates(source, scope)
        if candidates is not None and (in_order_of_key or candidates.are_few):
            narrowed = asked.where(*self.clauses(source, scope, of_few=True))
            try:
                return self._of_candidates(source, narrowed, candidates, scope.skip, most, in_pieces=in_order_of_key)
            except TooMany:
                pass
        whole = asked.where(*self.clauses(source, scope)).limit(most).offset(scope.skip)
        return self._session.execute(whole).all()

    def _of_candidates(
        self, source: Source, asked: Select[Any], candidates: Candidates, skip: int, most: int, *, in_pieces: bool
    ) -> Sequence[Any]:
        if not in_pieces:
            whole = asked.where(source.key.in_(candidates.ids)).limit(most).offset(skip)
            return self._session.execute(whole).all() if candidates.ids else []
        found: list[Any] = []
        for piece in candidates.pieces():
            found += self._session.execute(asked.where(source.key.in_(piece)).limit(skip + most - len(found))).all()
            if len(found) == skip + most:
                break
        return found[skip:]

    def _candidates(self, source: Source, scope: Scope) -> Candidates | None:
        return self._narrower.candidates(source, scope) if self._narrower else None

    def count(self, source: Source, condition: Condition | None, extra: Sequence[ColumnElement[bool]] = ()) -> int:
        clauses = [*source.base, self._conditions.where(source, condition), *extra]
        number = select(func.count()).select_from(source.table).where(*clauses)
        candidates = self._candidates(source, Scope(where=condition))
        try:
            if candidates is not None:
                pieces = candidates.pieces()
                return sum(self._session.scalar(number.where(source.key.in_(piece))) or 0 for piece in pieces)
        except TooMany:
            pass
        return self._session.scalar(number) or 0

    def clauses(self, source: Source, scope: Scope, *, of_few: bool = False) -> list[ColumnElement[bool]]:
        return [
            *source.base,
            self._conditions.where(source, scope.where),
            *self._conditions.joins(source, scope.include, of_few=of_few),
        ]

    def order(self, source: Source, orders: Iterable[Order]) -> list[Any]:
        """What to order by; the key last, so that pages never overlap."""
        made = []
        for one in orders:
            prop = source.properties.get(one.name)
            if prop is None:
                raise FilterError(
                    f"'{one.place}': a {source.model} has no property '{one.name}'.",
                    remedy=f"Order by one of {', '.join(source.properties)}.",
                    field=one.place,
                )
            ordered = self._comparing.sortable(prop)
            made.append(ordered.desc() if one.descending else ordered.asc())
        first = (
            []
            if made or source.model == "Dataset" or "pid" not in source.properties
            else [self._comparing.sortable(source.properties["pid"])]
        )
        return [*made, *first, source.key]

    # --- included rows --------------------------------------------------------------------------------------------

    def include(self, rows: list[Row], includes: tuple[Include, ...]) -> None:
        by_relation: dict[str, list[Include]] = {}
        for one in includes:
            by_relation.setdefault(one.relation, []).append(one)
        by_maker: dict[str, list[Row]] = {}
        for row in rows:
            by_maker.setdefault(row.source.make.__name__, []).append(row)
        for parents in by_maker.values():
            for name, asked in by_relation.items():
                self._attach(parents, name, asked)

    def _attach(self, parents: list[Row], name: str, asked: list[Include]) -> None:
        relation = relation_of(parents[0].source, asked[0])
        found: dict[Any, list[Row]] = {}
        for number in range(len(relation.paths)):
            for parent, row in self._related(parents, name, number, asked):
                found.setdefault(parent, []).append(row)
        children = [row for rows in found.values() for row in rows]
        self._count(len(children))
        for one in asked:
            self.include(children, one.scope.include)
        shown = asked[0].scope.fields, asked[0].scope.hidden
        for parent in parents:
            said = [_said(row, *shown) for row in _once(found.get(parent.key, []))]
            if relation.one:
                if said:
                    parent.related[name] = said[0]
            else:
                parent.related[name] = said

    def _related(self, parents: list[Row], name: str, number: int, asked: list[Include]) -> list[tuple[Any, Row]]:
        """(parent's key, row) of one path, at most `MOST` per parent and as many as the scope allows."""
        start = parents[0].source.make()
        relation = start.relations[name]
        child, on = relation.paths[number]()
        wanted = or_(*(self._shown(relation, child, one) for one in asked))
        scope = asked[0].scope
        columns = _columns(child)
        rank = func.row_number().over(partition_by=start.key, order_by=self.order(child, scope.order))
        keys = list(dict.fromkeys(parent.key for parent in parents))
        inner = (
            select(start.key.label("parent"), child.key.label("key"), *columns.values(), rank.label("rank"))
            .select_from(join(start.table, child.table, on))
            .where(start.key.in_(keys), *child.base, wanted)
            .subquery()
        )
        last = scope.skip + min(scope.limit or MOST, MOST)
        query = select(inner).where(inner.c.rank > scope.skip, inner.c.rank <= last)
        rows = self._session.execute(query.order_by(inner.c.parent, inner.c.rank).limit(_MOST_ROWS + 1)).all()
        made = [(row.parent, self._row(child, row)) for row in rows]
        if child.number is not None:
            for _, row in made:
                _converted(row, asked)
        return made

    def _shown(self, relation: Relation, child: Source, include: Include) -> ColumnElement[bool]:
        """Which related rows an include shows: those that match, or all where the match is about the parent."""
        if relation.whole:
            return true()
        if relation.model == "Technique":
            leaves = [leaf for leaf in _leaves(include.scope.where) if not _is_negative(leaf)]
            keys = frozenset().union(*(self._conditions.tags(leaf) for leaf in leaves))
            return child.key.in_(sorted(keys)) if leaves else true()
        clauses = self._conditions.matching(child, include)
        return and_(true(), *clauses)

    def _row(self, source: Source, row: Any, score: float | None = None) -> Row:
        if source.model == "Technique":
            return Row(source, row.key, self._names.named(row.key).shown())
        said = {name: _plain(row, name, prop.kind) for name, prop in source.properties.items()}
        if source.number is not None:
            said["unit"] = said["unit"] or ""
        return Row(source, row.key, said, score=score)

    def _count(self, number: int) -> None:
        self._number += number
        if self._number > _MOST_ROWS:
            raise TooLarge(
                f"This answer would hold more than {_MOST_ROWS:,} rows.",
                remedy="Set limit, or include less.",
                field="include",
            )


def said_of(row: Row, scope: Scope) -> dict[str, Any]:
    """An object as it is sent; what is missing is left out."""
    return _said(row, scope.fields, scope.hidden)


def _said(row: Row, fields: frozenset[str] | None, hidden: frozenset[str]) -> dict[str, Any]:
    shown = {
        name: value
        for name, value in row.said.items()
        if value is not None and name not in hidden and (fields is None or name in fields)
    }
    return shown | row.related


def _once(rows: Iterable[Row]) -> list[Row]:
    seen: dict[tuple[str, Any], Row] = {}
    for row in rows:
        seen.setdefault((row.source.make.__name__, row.key), row)
    return list(seen.values())


def _columns(source: Source) -> dict[str, Any]:
    """The properties as columns; of a parameter also its text."""
    if source.model == "Technique":
        return {}
    made = {name: prop.expression.label(f"said_{name}") for name, prop in source.properties.items()}
    if source.number is not None:
        made["text"] = source.number.text.label("said_text")
    return made


def _plain(row: Any, name: str, kind: Kind) -> Any:
    value = getattr(row, f"said_{name}")
    if kind is Kind.VALUE:
        return _number(value) if value is not None else row.said_text
    if value is None:
        return None
    if kind is Kind.BOOLEAN:
        return bool(value)
    if kind is Kind.TIME:
        return _time(value)
    if kind is Kind.IDENTIFIER:
        return int(value) if value.isdecimal() and str(int(value)) == value else value
    return value


def _number(value: float) -> float | int:
    return int(value) if value.is_integer() and abs(value) < 2**53 else value


def _time(value: datetime) -> str:
    return value.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _converted(row: Row, asked: Iterable[Include]) -> None:
    """A value is said in the unit in which it was asked for."""
    value, unit = row.said["value"], row.said["unit"]
    if isinstance(value, str) or value is None or not unit:
        return
    for names, wanted in (pair for include in asked for pair in _wishes(include.scope.where, frozenset(), None)):
        if wanted == unit or (names and row.said["name"] not in names):
            continue
        found = convert(float(value), unit, wanted)
        if found is not None:
            row.said["value"], row.said["unit"] = _number(float(f"{found:.{_DIGITS}g}")), wanted
            return


def _wishes(
    condition: Condition | None, names: frozenset[str], unit: str | None
) -> Iterable[tuple[frozenset[str], str]]:
    """(names of parameters, unit they are asked in) of every place that compares a value; no names: any."""
    if isinstance(condition, Joined):
        own = [leaf for leaf in _conjuncts(condition) if leaf.name == "name" and leaf.operator in ("eq", "inq")]
        names = frozenset(str(value) for leaf in own for value in leaf.values) or names
        unit = asked_unit(condition) or unit if condition.how == "and" else unit
        for part in condition.parts:
            yield from _wishes(part, names, unit)
    elif isinstance(condition, Compare) and condition.name == "value" and unit:
        yield names, unit


def _conjuncts(condition: Joined) -> Iterable[Compare]:
    for part in condition.parts if condition.how == "and" else ():
        if isinstance(part, Compare):
            yield part
        elif isinstance(part, Joined):
            yield from _conjuncts(part)


def _leaves(condition: Condition | None) -> Iterable[Compare | Text]:
    if isinstance(condition, (Compare, Text)):
        yield condition
    elif isinstance(condition, Joined):
        for part in condition.parts:
            yield from _leaves(part)


def _is_negative(leaf: Compare | Text) -> bool:
    return isinstance(leaf, Compare) and leaf.is_negative
