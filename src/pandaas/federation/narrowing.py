"""Few candidates before the tables are asked: what of a filter on datasets the search index can tell.

A narrowed set holds every dataset that fulfils the filter, and perhaps others: the tables decide about each of them.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pyroaring import BitMap
from sqlalchemy import select
from sqlalchemy.orm import Session

from pandaas.catalogue import Between, Narrowing
from pandaas.codecs import meanings, to_si
from pandaas.db.tables import DocumentDataset
from pandaas.federation.conditions import Conditions, asked_unit, conjuncts, relation_of
from pandaas.federation.filters import Compare, Condition, Include, Joined, Quantity, Scope
from pandaas.federation.sources import Source

_CLOSE = 1e-6  # relative: more than any comparison forgives
_MOST_PARENTS = 5_000
_FIRST, _LARGEST, _MOST = 200, 5_000, 20_000  # candidates that are looked at first, at once and in all
_RANGES = {"eq", "inq", "gt", "gte", "lt", "lte", "between"}


@dataclass(frozen=True)
class Candidates:
    """The lowest ids of the datasets that may fulfil the filter, ascending, and how many there are."""

    ids: Sequence[int]
    number: int

    @property
    def are_few(self) -> bool:
        """Few enough to ask the tables about all of them at once."""
        return self.number <= _LARGEST

    def pieces(self) -> Iterator[Sequence[int]]:
        """Growing pieces of them; `TooMany` when so many were not enough."""
        start, size = 0, _FIRST
        while start < len(self.ids):
            yield self.ids[start : start + size]
            start, size = start + size, min(size * 5, _LARGEST)
        if len(self.ids) < self.number:
            raise TooMany


class TooMany(Exception):
    """Too many candidates were looked at in vain: the tables alone are quicker."""


class Narrower:
    """Narrows for one request."""

    def __init__(self, session: Session, conditions: Conditions, narrowing: Narrowing) -> None:
        self._session = session
        self._conditions = conditions
        self._narrowing = narrowing

    def candidates(self, source: Source, scope: Scope) -> Candidates | None:
        """None where nothing of the filter can be told."""
        if source.model != "Dataset":
            return None
        rows = self._all([self._where(scope.where, None), *(self._included(source, one) for one in scope.include)])
        if rows is None:
            return None
        ids, number = self._narrowing.lowest(rows, _MOST)
        return Candidates(ids, number)

    def _where(self, condition: Condition | None, unit: str | None) -> BitMap | None:
        match condition:
            case Joined("and", parts):
                unit = asked_unit(condition) or unit
                return self._all([self._where(part, unit) for part in parts])
            case Joined("or", parts):
                return self._any([self._where(part, unit) for part in parts])
            case Quantity(name, compare, own):
                return self._numbers(name, [compare], own)
            case Compare(name) if name.startswith("techniques.") and not condition.is_negative:
                inner = Compare(name.partition(".")[2], condition.operator, condition.values, condition.place,
                                condition.ignore_case)  # fmt: skip
                return self._narrowing.with_values("technique", self._conditions.tags(inner))
        return None

    def _included(self, source: Source, include: Include) -> BitMap | None:
        if not include.joins or include.scope.include:
            return None
        relation = relation_of(source, include)
        match relation.model:
            case "Instrument" | "Document":
                return self._of_parents(source, include)
            case "Technique":
                return self._tagged(include.scope.where)
            case "Parameter":
                return self._parameters(include.scope.where)
        return None

    def _of_parents(self, source: Source, include: Include) -> BitMap | None:
        """Datasets of the instruments or proposals that fulfil the scope; these are few."""
        relation = relation_of(source, include)
        parent, _ = relation.paths[0]()
        clauses = [*parent.base, *self._conditions.matching(parent, include)]
        query = select(parent.key).select_from(parent.table).where(*clauses).limit(_MOST_PARENTS + 1)
        ids = list(self._session.scalars(query))
        if len(ids) > _MOST_PARENTS:
            return None
        if relation.model == "Instrument":
            return self._narrowing.with_values("instrument", ids)
        linked = select(DocumentDataset.dataset_id).where(DocumentDataset.proposal_id.in_(ids)).limit(_MOST + 1)
        others = list(self._session.scalars(linked)) if ids else []
        if len(others) > _MOST:
            return None
        return self._narrowing.with_values("proposal", ids) | self._narrowing.of_ids(others)

    def _tagged(self, condition: Condition | None) -> BitMap | None:
        match condition:
            case Joined("and", parts):
                return self._all([self._tagged(part) for part in parts])
            case Joined("or", parts):
                return self._any([self._tagged(part) for part in parts])
            case None | Joined() | Quantity():
                return None
        if isinstance(condition, Compare) and condition.is_negative:
            return None
        return self._narrowing.with_values("technique", self._conditions.tags(condition))

    def _parameters(self, condition: Condition | None) -> BitMap | None:
        """What a conjunction about one row of parameters asks: its name, its value, its unit."""
        match condition:
            case Joined("or", parts):
                return self._any([self._parameters(part) for part in parts])
            case Joined("and"):
                leaves = list(conjuncts(condition))
                named = [one for one in leaves if one.name == "name" and one.operator in ("eq", "inq")]
                values = [one for one in leaves if one.name == "value" and one.operator in _RANGES]
                units = [one for one in leaves if one.name == "unit"]
                if named and values and len(units) < 2:  # with two, each part has its own
                    unit = asked_unit(condition)
                    return self._any([self._numbers(str(name), values, unit) for name in named[0].values])
        return None

    def _numbers(self, name: str, asked: Sequence[Compare], unit: str | None) -> BitMap | None:
        """Datasets whose number under `name` fulfils all comparisons, as far as these are of numbers."""
        return self._any([
            self._all([self._range(name, one, meaning) for one in asked])
            for meaning in (meanings(unit) if unit is not None else (None,))
        ])  # fmt: skip

    def _range(self, name: str, asked: Compare, unit: str | None) -> BitMap | None:
        if asked.operator not in _RANGES or not asked.values:
            return None
        numbers = [
            float(value) for value in asked.values if isinstance(value, (int, float)) and not isinstance(value, bool)
        ]
        if len(numbers) < len(asked.values) or not all(map(math.isfinite, numbers)):
            return None
        in_si = [to_si(number, unit) if unit else None for number in numbers]
        if None in in_si and any(in_si):
            return None
        edges = [si[0] if si else number for si, number in zip(in_si, numbers, strict=True)]
        si_unit = in_si[0][1] if in_si[0] else None
        low = min(edges) if asked.operator in ("eq", "inq", "gt", "gte", "between") else None
        high = max(edges) if asked.operator in ("eq", "inq", "lt", "lte", "between") else None
        if asked.operator == "between" and edges[0] > edges[1]:
            return BitMap()
        return self._narrowing.between(Between(name, _below(low), _above(high), si_unit=si_unit))

    def _all(self, found: Sequence[BitMap | None]) -> BitMap | None:
        known = [one for one in found if one is not None]
        return BitMap.intersection(*known) if known else None

    def _any(self, found: Sequence[BitMap | None]) -> BitMap | None:
        known = [one for one in found if one is not None]
        if len(known) < len(found):
            return None
        return BitMap.union(*known) if known else BitMap()


def _below(edge: float | None) -> float | None:
    return None if edge is None else edge - abs(edge) * _CLOSE


def _above(edge: float | None) -> float | None:
    return None if edge is None else edge + abs(edge) * _CLOSE
