"""The datasets that one query finds for one person: what may be asked about all of them at once.

`Hits` has two makers: `TablesHits` asks the tables, `index.IndexHits` counts in memory. They answer alike.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from sqlalchemy import ColumnElement, String, and_, case, cast, func, literal, or_, select
from sqlalchemy.orm import Session

from pandaas.catalogue.search.conditions import year_of_start
from pandaas.db.tables import Dataset, DatasetParameter, DatasetTechnique
from pandaas.model import NESTED

_BATCH = 1_000
YEARS_SHOWN = 100
CONSIDERED = 40
Ancestors = Callable[[str], Iterable[str]]


@dataclass(frozen=True)
class Measured:
    """The numbers of one parameter, of those hits that have it in the commonest unit.

    `low` and `high` are in `si_unit`, or as stored where that is None; `unit` is the one in which the newest hit has it.
    """

    name: str
    si_unit: str | None
    unit: str | None
    datasets: int
    low: float
    high: float


class Hits(Protocol):
    """Datasets that were found; all numbers are of what the person who asked may see."""

    def total(self) -> int: ...

    def last_registered(self, most: int, before: int | None = None) -> list[int]:
        """Ids, the highest first; those below `before` where it is given."""
        ...

    def among(self, ids: Collection[int]) -> list[int]:
        """Those of `ids` that are hits, in no order."""
        ...

    def years(self) -> dict[int, int]:
        """How many were measured in each year (UTC), the latest first; the latest hundred."""
        ...

    def days(self, year: int) -> dict[str, int]:
        """How many were measured on each day of a year, by ISO date (UTC)."""
        ...

    def techniques(self, ancestors: Ancestors) -> Counter[str]:
        """How many have a technique or one that has it among its `ancestors`; several of one branch count once there."""
        ...

    def differing(self, most: int, skipped: Callable[[str], bool]) -> list[str]:
        """Names of the parameters that most hits have as a number, and in which they differ, without those that only
        repeat nested metadata and without `skipped`; at most 40 are looked at."""
        ...

    def measured(self, name: str) -> Measured | None:
        """None where no hit has a number under this name."""
        ...

    def counts(self, measured: Measured, inner: Sequence[float]) -> list[int]:
        """How many lie below each of the rising edges `inner` (and not below the one before), and after the last."""
        ...


class TablesHits:
    """`Hits` from the tables; `clauses` is what a row of `Dataset` fulfils."""

    def __init__(self, session: Session, clauses: Sequence[ColumnElement[bool]], *, is_sqlite: bool) -> None:
        self._session = session
        self._clauses = list(clauses)
        self._is_sqlite = is_sqlite

    def total(self) -> int:
        return self._session.scalar(select(func.count()).select_from(Dataset).where(*self._clauses)) or 0

    def last_registered(self, most: int, before: int | None = None) -> list[int]:
        older = [Dataset.id < before] if before is not None else []
        query = select(Dataset.id).where(*self._clauses, *older).order_by(Dataset.id.desc())
        return list(self._session.scalars(query.limit(most)))

    def among(self, ids: Collection[int]) -> list[int]:
        wanted, found = list(ids), list[int]()
        for start in range(0, len(wanted), _BATCH):
            some = Dataset.id.in_(wanted[start : start + _BATCH])
            found += self._session.scalars(select(Dataset.id).where(*self._clauses, some))
        return found

    def years(self) -> dict[int, int]:
        number = year_of_start()
        query = select(number, func.count()).where(*self._clauses, Dataset.start_time.is_not(None)).group_by(number)
        return {
            int(year): found for year, found in self._session.execute(query.order_by(number.desc()).limit(YEARS_SHOWN))
        }

    def days(self, year: int) -> dict[str, int]:
        day = self._day()
        query = select(day, func.count()).where(
            *self._clauses, Dataset.start_time.is_not(None), year_of_start() == year
        )
        return {str(value): found for value, found in self._session.execute(query.group_by(day).order_by(day))}

    def _day(self) -> ColumnElement[str]:
        if self._is_sqlite:
            return func.substr(cast(Dataset.start_time, String), 1, 10)
        return func.to_char(func.timezone("UTC", Dataset.start_time), "YYYY-MM-DD")

    def techniques(self, ancestors: Ancestors) -> Counter[str]:
        of_dataset = (
            select(func.aggregate_strings(DatasetTechnique.technique, "|").label("iris"))
            .where(DatasetTechnique.dataset_id.in_(self._ids()))
            .group_by(DatasetTechnique.dataset_id)
            .subquery()
        )
        counts: Counter[str] = Counter()
        query = select(of_dataset.c.iris, func.count()).group_by(of_dataset.c.iris)
        for iris, number in self._session.execute(query):
            for iri in {iri for one in iris.split("|") for iri in (one, *ancestors(one))}:
                counts[iri] += number
        return counts

    def differing(self, most: int, skipped: Callable[[str], bool]) -> list[str]:
        value = func.coalesce(DatasetParameter.si_value, DatasetParameter.value)
        own = or_(DatasetParameter.source.is_(None), DatasetParameter.source.not_like(NESTED + "%"))
        query = (
            select(DatasetParameter.name)
            .where(DatasetParameter.dataset_id.in_(self._ids()), value.is_not(None), own)
            .group_by(DatasetParameter.name)
            .having(func.min(value) < func.max(value))
            .order_by(func.count().desc(), DatasetParameter.name)
            .limit(CONSIDERED)
        )
        return [name for name in self._session.scalars(query) if not skipped(name)][:most]

    def measured(self, name: str) -> Measured | None:
        rows = and_(DatasetParameter.name == name, DatasetParameter.dataset_id.in_(self._ids()))
        commonest = (
            select(DatasetParameter.si_unit, func.count().label("number"))
            .where(rows, DatasetParameter.value.is_not(None))
            .group_by(DatasetParameter.si_unit)
            .order_by(func.count().desc(), func.coalesce(DatasetParameter.si_unit, ""))
            .limit(1)
        )
        found = self._session.execute(commonest).first()
        if found is None:
            return None
        value, of_unit = _in_unit(found.si_unit)
        low, high = self._session.execute(select(func.min(value), func.max(value)).where(rows, of_unit)).one()
        newest = (func.coalesce(Dataset.start_time, Dataset.created).desc(), Dataset.id.desc())
        unit = select(DatasetParameter.unit).join(Dataset, Dataset.id == DatasetParameter.dataset_id)
        stored = self._session.scalar(unit.where(rows, of_unit).order_by(*newest).limit(1))
        return Measured(name, found.si_unit, stored, found.number, low, high)

    def counts(self, measured: Measured, inner: Sequence[float]) -> list[int]:
        value, of_unit = _in_unit(measured.si_unit)
        place: Any = case(*((value < edge, number) for number, edge in enumerate(inner)), else_=len(inner))
        if not inner:
            place = literal(0)
        rows = and_(DatasetParameter.name == measured.name, DatasetParameter.dataset_id.in_(self._ids()))
        query = select(place.label("place"), func.count()).where(rows, of_unit).group_by("place")
        counts = [0] * (len(inner) + 1)
        for index, number in self._session.execute(query):
            counts[int(index)] += number
        return counts

    def _ids(self) -> Any:
        return select(Dataset.id).where(*self._clauses)


def _in_unit(si_unit: str | None) -> tuple[Any, ColumnElement[bool]]:
    """The column of values, and the condition that a row is measured in this unit."""
    if si_unit is None:
        return DatasetParameter.value, and_(DatasetParameter.si_unit.is_(None), DatasetParameter.value.is_not(None))
    return DatasetParameter.si_value, and_(DatasetParameter.si_unit == si_unit, DatasetParameter.si_value.is_not(None))
