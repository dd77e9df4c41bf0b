"""Conditions of the query language as SQL, on SQLite and PostgreSQL alike."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement, String, and_, cast, exists, extract, false, func, not_, or_, select, true

from pandaas.access import EVERYONE_SEES
from pandaas.catalogue.folding import mark
from pandaas.catalogue.search.language import (
    ARRAY_KINDS,
    HAS,
    Between,
    Condition,
    During,
    Has,
    OneOf,
    ParameterText,
    Term,
    Words,
    Years,
)
from pandaas.db.tables import (
    Dataset,
    DatasetArray,
    DatasetFile,
    DatasetParameter,
    DatasetTechnique,
    Proposal,
    Relation,
)
from pandaas.model import DatasetState

_LAST_YEAR = 9998


class Conditions:
    """Makes WHERE clauses on `Dataset`; every clause is true or false, never NULL, so that it may be negated."""

    def __init__(self, now: datetime, *, is_sqlite: bool) -> None:
        self._now = now
        self._find = func.instr if is_sqlite else func.strpos

    def of(self, term: Term) -> ColumnElement[bool]:
        if term.condition is None:
            return true()
        clause = self.clause(term.condition)
        return not_(clause) if term.negated else clause

    def is_open(self) -> ColumnElement[bool]:
        released = and_(Dataset.release_time.is_not(None), Dataset.release_time <= self._now)
        everyone = Dataset.proposal_id.in_(select(Proposal.id).where(Proposal.type.in_(EVERYONE_SEES)))
        return and_(released, everyone, Dataset.state != DatasetState.WITHDRAWN)

    def contains(self, text: Any, words: str) -> ColumnElement[bool]:
        found: ColumnElement[bool] = self._find(text, words) > 0
        return found

    def place_of(self, text: Any, words: str) -> ColumnElement[int]:
        """Where `words` begin, from 1; 0 where they don't stand."""
        place: ColumnElement[int] = self._find(text, words)
        return place

    def clause(self, condition: Condition) -> ColumnElement[bool]:
        match condition:
            case Words(text, None):
                return self.contains(Dataset.search_text, text)
            case Words(text, str(field)):
                return self.in_line(field, text)
            case OneOf(field, values):
                return self._one_of(field, values)
            case Years(first, last):
                return _between_years(first, last)
            case During(start, end):
                return _during(start, end)
            case Has(what):
                return has(what)
            case Between():
                return Dataset.id.in_(select(DatasetParameter.dataset_id).where(*_bounds(condition)))
            case ParameterText(name, text):
                lowered = func.lower(func.coalesce(DatasetParameter.text, ""))
                return Dataset.id.in_(
                    select(DatasetParameter.dataset_id).where(_named(name), self.contains(lowered, text))
                )
        raise AssertionError(condition)

    def in_line(self, field: str, words: str) -> ColumnElement[bool]:
        """`words` stand in the line of `field`: after its mark and before the next line feed."""
        start = self._find(Dataset.search_text, mark(field))
        rest = func.substr(Dataset.search_text, start)
        place = self._find(rest, words)
        return and_(start > 0, place > 0, place < self._find(rest, "\n"))

    def _one_of(self, field: str, values: tuple[str, ...]) -> ColumnElement[bool]:
        if field == "technique":
            return Dataset.id.in_(select(DatasetTechnique.dataset_id).where(DatasetTechnique.technique.in_(values)))
        if field == "state":
            return self._state(values[0])
        if field == "pid":
            return Dataset.pid.in_(values)
        if field == "format":
            return func.lower(Dataset.format).in_([value.lower() for value in values])
        return Dataset.kind.in_(values)

    def _state(self, state: str) -> ColumnElement[bool]:
        if state == "open":
            return self.is_open()
        if state == "embargoed":
            return not_(self.is_open())
        return Dataset.missing_since.is_not(None) if state == "missing" else Dataset.state == state


def year_of_start() -> ColumnElement[int]:
    return extract("year", Dataset.start_time)


def _between_years(first: int, last: int) -> ColumnElement[bool]:
    if first > last or last < 1:
        return false()
    start = datetime(min(max(first, 1), _LAST_YEAR), 1, 1, tzinfo=UTC)
    end = datetime(min(max(last, 1), _LAST_YEAR) + 1, 1, 1, tzinfo=UTC)
    return and_(Dataset.start_time.is_not(None), Dataset.start_time >= start, Dataset.start_time < end)


def _during(start: datetime | None, end: datetime | None) -> ColumnElement[bool]:
    clauses: list[ColumnElement[bool]] = [Dataset.start_time.is_not(None)]
    if start is not None:
        clauses.append(Dataset.start_time >= start)
    if end is not None:
        clauses.append(Dataset.start_time < end)
    return and_(*clauses)


def has(what: str) -> ColumnElement[bool]:
    if what in ARRAY_KINDS:
        of_kind = (DatasetArray.dataset_id == Dataset.id, DatasetArray.kind == what)
        return exists(select(DatasetArray.id).where(*of_kind))
    if what not in HAS:
        return Dataset.id.in_(select(DatasetParameter.dataset_id).where(_named(what)))
    simple: dict[str, ColumnElement[bool]] = {
        "thumbnail": Dataset.thumbnail.is_not(None),
        "plot": func.coalesce(cast(Dataset.plot, String), "null") != "null",
        "unread": cast(Dataset.unread, String) != "[]",
        "description": func.coalesce(Dataset.description, "") != "",
        "sample": func.coalesce(Dataset.sample, "") != "",
        "job": Dataset.job_id.is_not(None),
    }
    if what in simple:
        return simple[what]
    rows: dict[str, Any] = {
        "results": select(Relation.id).where(Relation.object_pid == Dataset.pid, Relation.relation == "derived_from"),
        "attachment": select(DatasetFile.id).where(
            DatasetFile.dataset_id == Dataset.id, DatasetFile.role == "attachment"
        ),
        "technique": select(DatasetTechnique.technique).where(DatasetTechnique.dataset_id == Dataset.id),
    }
    return exists(rows[what])


def _named(name: str) -> ColumnElement[bool]:
    return DatasetParameter.name.in_(sorted({name, name.lower()}))


def _bounds(between: Between) -> list[ColumnElement[bool]]:
    value: Any = DatasetParameter.value if between.si_unit is None else DatasetParameter.si_value
    clauses = [_named(between.name), value.is_not(None)]
    if between.si_unit is not None:
        clauses.append(DatasetParameter.si_unit == between.si_unit)
    if between.low is not None:
        clauses.append(value > between.low if between.low_open else value >= between.low)
    if between.high is not None:
        clauses.append(value < between.high if between.high_open else value <= between.high)
    return [or_(false(), clause) for clause in clauses]
