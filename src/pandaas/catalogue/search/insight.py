"""What the hits look like: ranges and histograms of their numbers, the days they were measured on.

All counts are exact and of what this person may see. As with facets, a histogram leaves out the ranges that the query
itself sets for its parameter, and the calendar its dates: one sees what else there would be.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import ColumnElement, String, and_, case, cast, func, literal, or_, select
from sqlalchemy.orm import Session

from pandaas.catalogue.search.conditions import year_of_start
from pandaas.catalogue.search.guided import GuidedSearch
from pandaas.catalogue.search.language import Between, During, Term, Years, parse
from pandaas.catalogue.search.sql import SqlSearch
from pandaas.catalogue.search.units import scale, units_for
from pandaas.catalogue.values import SearchQuery
from pandaas.catalogue.vocabulary import Techniques, Vocabulary
from pandaas.db import Database
from pandaas.db.tables import Dataset, DatasetParameter, DatasetTechnique
from pandaas.model import NESTED, Principal

_MOST = 8
_CONSIDERED = 40
BINS = 24
_DECADES = 1_000.0  # from here on bins are equal in the logarithm
_YEARS_SHOWN = 100
_DEEPEST = 30


@dataclass(frozen=True)
class Histogram:
    """How the numbers of one parameter are spread over the hits.

    `edges` has one value more than `counts`; both in `unit`. A value on an inner edge counts to its right, one on the
    last edge to the last bin. `datasets` is how many hits have the parameter; `low` and `high` are what the query asks
    for now, if it does.
    """

    name: str
    unit: str | None
    edges: tuple[float, ...]
    counts: tuple[int, ...]
    datasets: int
    log: bool = False
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class Calendar:
    """Hits by the day they were measured on (UTC). `days` holds those of `year`, by ISO date; `years` all."""

    year: int | None
    days: dict[str, int]
    years: dict[int, int]


@dataclass(frozen=True)
class Branch:
    """A technique with all that is narrower. A term with several broader ones stands below each."""

    iri: str
    label: str
    short: str
    count: int
    children: tuple[Branch, ...] = ()


class Insight:
    """Asked beside the search, when somebody looks."""

    def __init__(self, database: Database, engine: SqlSearch, guide: GuidedSearch, vocabulary: Vocabulary) -> None:
        self._database = database
        self._engine = engine
        self._guide = guide
        self._vocabulary = vocabulary

    def histograms(
        self,
        principal: Principal,
        query: SearchQuery,
        names: Sequence[str] = (),
        units: dict[str, str] | None = None,
    ) -> list[Histogram]:
        """Of `names`, else of the parameters that most hits have and in which they differ; at most 8.

        `units` maps an SI unit to the one in which it shall be shown.
        """
        query = self._guide.meant(principal, query)
        terms = parse(query.text)
        asked = {t.condition.name: t for t in terms if isinstance(t.condition, Between) and not t.negated}
        with self._database.read() as session:
            wanted = list(names)[:_MOST] or self._differing(session, principal, query, terms, asked)
            made = [
                self._histogram(
                    session, name, _own(terms, name), self._without(principal, query, terms, name), units or {}
                )
                for name in wanted
            ]
        return [one for one in made if one is not None]

    def calendar(self, principal: Principal, query: SearchQuery, year: int | None = None) -> Calendar:
        """Of `year`, else of the latest year that has hits."""
        query = self._guide.meant(principal, query)
        terms = parse(query.text)
        kept = [t for t in terms if t.negated or not isinstance(t.condition, (During, Years))]
        chosen = {name: values for name, values in query.selected.items() if name != "year"}
        hits = self._engine.hits(principal, replace(query, text=_text(kept), selected=chosen))
        timed = [*hits, Dataset.start_time.is_not(None)]
        number = year_of_start()
        with self._database.read() as session:
            by_year = select(number, func.count()).where(*timed).group_by(number).order_by(number.desc())
            years = {int(value): count for value, count in session.execute(by_year.limit(_YEARS_SHOWN))}
            shown = year if year is not None else max(years, default=None)
            if shown not in years:
                return Calendar(shown, {}, years)
            day = self._day()
            by_day = select(day, func.count()).where(*timed, number == shown).group_by(day).order_by(day)
            return Calendar(shown, {str(value): count for value, count in session.execute(by_day)}, years)

    def techniques(self, principal: Principal, query: SearchQuery) -> list[Branch]:
        """The tree of techniques over the hits, without what is chosen of techniques; every number is of datasets.

        A dataset with several techniques of one branch counts once there. Branches without hits are left out.
        """
        vocabulary = self._vocabulary.techniques()
        query = self._guide.meant(principal, query)
        others = {name: values for name, values in query.selected.items() if name != "technique"}
        hits = self._engine.hits(principal, replace(query, selected=others))
        of_dataset = (
            select(func.aggregate_strings(DatasetTechnique.technique, "|").label("iris"))
            .where(DatasetTechnique.dataset_id.in_(select(Dataset.id).where(*hits)))
            .group_by(DatasetTechnique.dataset_id)
            .subquery()
        )
        counts: Counter[str] = Counter()
        with self._database.read() as session:
            for iris, number in session.execute(select(of_dataset.c.iris, func.count()).group_by(of_dataset.c.iris)):
                branches = {iri for one in iris.split("|") for iri in (one, *_ancestors(vocabulary, one))}
                counts.update(dict.fromkeys(branches, number))
        tree = [branch for iri in vocabulary.roots() if (branch := _branch(vocabulary, iri, counts, ())) is not None]
        unknown = [iri for iri in counts if vocabulary.get(iri) is None]
        return [*tree, *(Branch(iri, vocabulary.label(iri), vocabulary.short(iri), counts[iri]) for iri in unknown)]

    def _day(self) -> ColumnElement[str]:
        if self._database.is_sqlite:
            return func.substr(cast(Dataset.start_time, String), 1, 10)
        return func.to_char(func.timezone("UTC", Dataset.start_time), "YYYY-MM-DD")

    def _differing(
        self, session: Session, principal: Principal, query: SearchQuery, terms: Sequence[Term], asked: Iterable[str]
    ) -> list[str]:
        hits = self._engine.hits(principal, replace(query, text=_text(terms)))
        value = _value()
        own = or_(DatasetParameter.source.is_(None), DatasetParameter.source.not_like(NESTED + "%"))
        query_names = (
            select(DatasetParameter.name, func.count().label("number"))
            .where(DatasetParameter.dataset_id.in_(select(Dataset.id).where(*hits)), value.is_not(None), own)
            .group_by(DatasetParameter.name)
            .having(func.min(value) < func.max(value))
            .order_by(func.count().desc(), DatasetParameter.name)
            .limit(_CONSIDERED)
        )
        found = [row.name for row in session.execute(query_names) if not _is_bookkeeping(row.name)]
        return list(dict.fromkeys((*asked, *found)))[:_MOST]

    def _without(
        self, principal: Principal, query: SearchQuery, terms: Sequence[Term], name: str
    ) -> list[ColumnElement[bool]]:
        own = _own(terms, name)
        return self._engine.hits(principal, replace(query, text=_text([term for term in terms if term not in own])))

    def _histogram(
        self,
        session: Session,
        name: str,
        own: Sequence[Term],
        hits: Sequence[ColumnElement[bool]],
        units: dict[str, str],
    ) -> Histogram | None:
        rows = and_(DatasetParameter.name == name, DatasetParameter.dataset_id.in_(select(Dataset.id).where(*hits)))
        commonest = (
            select(DatasetParameter.si_unit, func.count(), func.min(DatasetParameter.unit))
            .where(rows, DatasetParameter.value.is_not(None))
            .group_by(DatasetParameter.si_unit)
            .order_by(func.count().desc())
            .limit(1)
        )
        found = session.execute(commonest).first()
        if found is None:
            return None
        si_unit, datasets, stored = found
        value: Any = DatasetParameter.value if si_unit is None else DatasetParameter.si_value
        same_unit = DatasetParameter.si_unit.is_(None) if si_unit is None else DatasetParameter.si_unit == si_unit
        of_unit = and_(rows, same_unit, value.is_not(None))
        low, high = session.execute(select(func.min(value), func.max(value)).where(of_unit)).one()
        bins = _Bins(low, high)
        counted = select(bins.index(value).label("bin"), func.count()).where(of_unit).group_by("bin")
        counts = [0] * bins.number
        for index, number in session.execute(counted):
            counts[min(max(int(index), 0), bins.number - 1)] += number
        unit = _shown_unit(si_unit, stored, units)
        back = scale(si_unit, unit) if si_unit is not None and unit else None
        factor, offset = back or (1.0, 0.0)
        asked = _asked(own, si_unit)
        return Histogram(
            name=name,
            unit=unit if si_unit is not None else stored,
            edges=tuple(factor * edge + offset for edge in bins.edges),
            counts=tuple(counts),
            datasets=datasets,
            log=bins.log,
            low=None if asked[0] is None else factor * asked[0] + offset,
            high=None if asked[1] is None else factor * asked[1] + offset,
        )


class _Bins:
    """Equal steps from `low` to `high`, or equal ratios where the values span decades."""

    def __init__(self, low: float, high: float) -> None:
        self.log = low > 0 and high / low >= _DECADES
        self._low, self._high = (math.log(low), math.log(high)) if self.log else (low, high)
        self.number = BINS if self._high > self._low else 1
        self._width = (self._high - self._low) / self.number
        if not math.isfinite(self._width) or self._width == 0:
            self.number, self._width = 1, 0.0
        inner = [self._low + self._width * index for index in range(1, self.number)]
        self.edges = [low, *(math.exp(edge) if self.log else edge for edge in inner), high]

    def index(self, value: Any) -> ColumnElement[int]:
        """By comparison with the very edges that are shown: logarithms of databases may differ in the last digit."""
        if self.number == 1:
            return literal(0)
        return case(*((value < edge, index) for index, edge in enumerate(self.edges[1:-1])), else_=self.number - 1)


def _ancestors(vocabulary: Techniques, iri: str) -> Iterable[str]:
    term = vocabulary.get(iri)
    return term.ancestors if term else ()


def _branch(vocabulary: Techniques, iri: str, counts: Counter[str], above: tuple[str, ...]) -> Branch | None:
    if not counts[iri] or iri in above or len(above) > _DEEPEST:
        return None
    below = [_branch(vocabulary, child, counts, (*above, iri)) for child in vocabulary.children(iri)]
    children = tuple(sorted((one for one in below if one is not None), key=lambda one: (-one.count, one.label)))
    return Branch(iri, vocabulary.label(iri), vocabulary.short(iri), counts[iri], children)


def _own(terms: Iterable[Term], name: str) -> list[Term]:
    """The terms that set a range for this parameter."""
    return [t for t in terms if isinstance(t.condition, Between) and t.condition.name == name and not t.negated]


def _value() -> ColumnElement[float]:
    return func.coalesce(DatasetParameter.si_value, DatasetParameter.value)


def _shown_unit(si_unit: str | None, stored: str | None, units: dict[str, str]) -> str | None:
    if si_unit is None:
        return stored
    preferred = units.get(si_unit)
    if preferred and scale(si_unit, preferred):
        return preferred
    return next(iter(units_for(si_unit, stored)), si_unit)


def _asked(own: Sequence[Term], si_unit: str | None) -> tuple[float | None, float | None]:
    between = [t.condition for t in own if isinstance(t.condition, Between) and t.condition.si_unit == si_unit]
    lows = [one.low for one in between if one.low is not None]
    highs = [one.high for one in between if one.high is not None]
    return max(lows, default=None), min(highs, default=None)


def _is_bookkeeping(name: str) -> bool:
    """Numbers of which a histogram tells nothing: runs are numbered, not measured."""
    return name.rpartition(".")[2] in {"run_number", "scan_number", "entry_identifier", "run"}


def _text(terms: Iterable[Term]) -> str:
    return " ".join(term.shown.text for term in terms)
