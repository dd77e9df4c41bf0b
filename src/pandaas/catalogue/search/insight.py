"""What the hits look like: ranges and histograms of their numbers, the days they were measured on.

All counts are exact and of what this person may see. As with facets, a histogram leaves out the ranges that the query
itself sets for its parameter, and the calendar its dates: one sees what else there would be.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from sqlalchemy.orm import Session

from pandaas.catalogue.search.guided import GuidedSearch
from pandaas.catalogue.search.hits import Hits
from pandaas.catalogue.search.language import Between, During, Term, Years, parse
from pandaas.catalogue.search.units import scale, units_for
from pandaas.catalogue.values import SearchQuery
from pandaas.catalogue.vocabulary import Techniques, Vocabulary
from pandaas.db import Database
from pandaas.model import Principal

_MOST = 8
BINS = 24
_DECADES = 1_000.0  # from here on bins are equal in the logarithm
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

    def __init__(
        self,
        database: Database,
        find: Callable[[Session, Principal, SearchQuery], Hits],
        guide: GuidedSearch,
        vocabulary: Vocabulary,
    ) -> None:
        self._database = database
        self._find = find
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
            found = self._find(session, principal, replace(query, text=_text(terms)))
            wanted = list(names) or [*asked, *found.differing(_MOST, _is_bookkeeping)]
            made = []
            for name in list(dict.fromkeys(wanted))[:_MOST]:
                own = _own(terms, name)
                if own:
                    others = replace(query, text=_text(term for term in terms if term not in own))
                    made.append(_histogram(self._find(session, principal, others), name, own, units or {}))
                else:
                    made.append(_histogram(found, name, own, units or {}))
        return [one for one in made if one is not None]

    def calendar(self, principal: Principal, query: SearchQuery, year: int | None = None) -> Calendar:
        """Of `year`, else of the latest year that has hits."""
        query = self._guide.meant(principal, query)
        terms = parse(query.text)
        kept = [t for t in terms if t.negated or not isinstance(t.condition, (During, Years))]
        chosen = {name: values for name, values in query.selected.items() if name != "year"}
        with self._database.read() as session:
            hits = self._find(session, principal, replace(query, text=_text(kept), selected=chosen))
            years = hits.years()
            shown = year if year is not None else max(years, default=None)
            return Calendar(shown, hits.days(shown) if shown in years else {}, years)

    def techniques(self, principal: Principal, query: SearchQuery) -> list[Branch]:
        """The tree of techniques over the hits, without what is chosen of techniques; every number is of datasets.

        A dataset with several techniques of one branch counts once there. Branches without hits are left out.
        """
        vocabulary = self._vocabulary.techniques()
        query = self._guide.meant(principal, query)
        others = {name: values for name, values in query.selected.items() if name != "technique"}
        with self._database.read() as session:
            hits = self._find(session, principal, replace(query, selected=others))
            counts = hits.techniques(lambda iri: _ancestors(vocabulary, iri))
        tree = [branch for iri in vocabulary.roots() if (branch := _branch(vocabulary, iri, counts, ())) is not None]
        unknown = sorted(iri for iri in counts if vocabulary.get(iri) is None)
        return [*tree, *(Branch(iri, vocabulary.label(iri), vocabulary.short(iri), counts[iri]) for iri in unknown)]


def _histogram(hits: Hits, name: str, own: Sequence[Term], units: dict[str, str]) -> Histogram | None:
    found = hits.measured(name)
    if found is None:
        return None
    bins = _Bins(found.low, found.high)
    counts = hits.counts(found, bins.edges[1:-1])
    unit = _shown_unit(found.si_unit, found.unit, units)
    back = scale(found.si_unit, unit) if found.si_unit is not None and unit else None
    factor, offset = back or (1.0, 0.0)
    low, high = _asked(own, found.si_unit)
    return Histogram(
        name=name,
        unit=unit if found.si_unit is not None else found.unit,
        edges=tuple(factor * edge + offset for edge in bins.edges),
        counts=tuple(counts),
        datasets=found.datasets,
        log=bins.log,
        low=None if low is None else factor * low + offset,
        high=None if high is None else factor * high + offset,
    )


class _Bins:
    """Equal steps from `low` to `high`, or equal ratios where the values span decades. Values are held against the very
    edges that are shown."""

    def __init__(self, low: float, high: float) -> None:
        self.log = low > 0 and high / low >= _DECADES
        self._low, self._high = (math.log(low), math.log(high)) if self.log else (low, high)
        number = BINS if self._high > self._low else 1
        width = (self._high - self._low) / number
        if not math.isfinite(width) or width == 0:
            number, width = 1, 0.0
        inner = [self._low + width * index for index in range(1, number)]
        self.edges = [low, *(math.exp(edge) if self.log else edge for edge in inner), high]


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
