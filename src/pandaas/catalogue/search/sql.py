"""Search in SQL over the catalogue's own tables: exact, and fast enough for 10⁵ datasets.

The matching rows are found once (a materialised common table expression); total and all facets are counted from it in
the same statement, each facet without its own selection.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import CTE, ColumnElement, Select, String, and_, case, cast, func, literal, select, true, union_all
from sqlalchemy.orm import Session

from pandaas.access import Access
from pandaas.catalogue.cards import cards_of
from pandaas.catalogue.folding import matching_line
from pandaas.catalogue.search import ranking
from pandaas.catalogue.search.conditions import Conditions, year_of_start
from pandaas.catalogue.search.facets import Names, labelled
from pandaas.catalogue.search.language import Term, Words, parse
from pandaas.catalogue.values import FACETS, Card, SearchQuery, SearchResult
from pandaas.catalogue.vocabulary import Vocabulary
from pandaas.db import Database, Memo
from pandaas.db.tables import Dataset, DatasetTechnique, Instrument, Proposal
from pandaas.model import Action, Principal

SUGGESTED = 8  # of the terms, tried when nothing was found
_SNIPPET = 120
_BEFORE = 16  # letters in front of the word, few enough that a narrow column shows it


class SqlSearch:
    """`Search` over SQLite or PostgreSQL."""

    def __init__(self, database: Database, access: Access, vocabulary: Vocabulary) -> None:
        self._database = database
        self._access = access
        self._vocabulary = vocabulary
        self.names = Names(database)
        self._statistics: Memo[ranking.Statistics] = Memo(database, limit=256)

    def search(self, principal: Principal, query: SearchQuery) -> SearchResult:
        started = time.perf_counter()
        techniques = self._vocabulary.techniques()
        terms = parse(query.text, techniques)
        conditions = Conditions(self._database.clock(), is_sqlite=self._database.is_sqlite)
        base = self._base(principal, terms, conditions)
        selections = _selections(query.selected)
        with self._database.read() as session:
            counts = _count(session, base, selections)
            total = counts.pop("total")[""]
            chosen = [*base, *selections.values()]
            best = self._best(session, principal, query, terms, total) if total else None
            found = _page(session, chosen, query, best) if total else {}
            results = self.cards(session, list(found), found, terms)
            facets = labelled(session, self.names, counts, query.selected, techniques)
        suggestion = None if total else self._suggestion(principal, query, terms, conditions)
        return SearchResult(
            total=total,
            took_ms=round((time.perf_counter() - started) * 1000, 2),
            understood=tuple(term.shown for term in terms),
            facets=facets,
            results=results,
            suggestion=suggestion,
        )

    def hits(self, principal: Principal, query: SearchQuery) -> list[ColumnElement[bool]]:
        """What a row of `Dataset` fulfils when it is among the hits."""
        conditions = Conditions(self._database.clock(), is_sqlite=self._database.is_sqlite)
        return [
            *self._base(principal, parse(query.text, self._vocabulary.techniques()), conditions),
            *_selections(query.selected).values(),
        ]

    def _base(self, principal: Principal, terms: Iterable[Term], conditions: Conditions) -> list[ColumnElement[bool]]:
        """What every row must fulfil whatever facet values are chosen."""
        seen = self._access.visible(principal, Dataset, Action.DISCOVER)
        return [
            Dataset.is_latest.is_(True),
            seen,
            *(conditions.of(term) for term in terms if term.condition is not None),
        ]

    def _best(
        self, session: Session, principal: Principal, query: SearchQuery, terms: Sequence[Term], total: int
    ) -> ColumnElement[float] | None:
        """How well a row matches the words; None where another order is asked for or there are no words. Among very many
        hits only the place of the words counts."""
        words = ranked_words(terms)
        conditions = Conditions(self._database.clock(), is_sqlite=self._database.is_sqlite)
        if query.sort != "relevance" or not words:
            return None
        if total > ranking.MOST_RANKED:
            return _by_place(words, conditions)
        if len(words) == 1:  # how rare it is changes no order
            return ranking.score(words, ranking.ONE_WORD, conditions)
        seen = self._base(principal, (), conditions)
        key = (repr(principal), tuple(words))
        known = self._statistics.get(key, lambda: ranking.statistics(session, seen, words, conditions))
        return ranking.score(words, known, conditions)

    def cards(
        self, session: Session, ids: Sequence[int], texts: Mapping[int, str], terms: Sequence[Term]
    ) -> tuple[Card, ...]:
        """The cards of these rows in that order, with why they matched where their search texts are given. Asks no
        rights: see `cards_of`."""
        cards = cards_of(session, ids, self._database.clock())
        words = worded(terms)
        found = ((cards[id_], _snippet(texts.get(id_, ""), words)) for id_ in ids if id_ in cards)
        return tuple(card if snippet is None else replace(card, snippet=snippet) for card, snippet in found)

    def _suggestion(
        self, principal: Principal, query: SearchQuery, terms: Sequence[Term], conditions: Conditions
    ) -> str | None:
        """Which term to drop so that something is found; the one that frees most."""
        usable = [term for term in terms if term.condition is not None]
        selections = _selections(query.selected)
        best, most = "", 0
        with self._database.read() as session:
            for index, term in enumerate(usable[:SUGGESTED] if len(usable) + len(selections) > 1 else []):
                others = self._base(principal, [*usable[:index], *usable[index + 1 :]], conditions)
                found = _total(session, [*others, *selections.values()])
                if found > most:
                    best, most = f"'{term.shown.text.strip()}'", found
            for facet in selections if len(usable) + len(selections) > 1 else ():
                others = [clause for name, clause in selections.items() if name != facet]
                found = _total(session, [*self._base(principal, usable, conditions), *others])
                if found > most:
                    best, most = f"the filter on {facet}", found
        return f"Without {best} there would be {most:,}." if most else None


def ranked_words(terms: Iterable[Term]) -> list[str]:
    """The words that decide which hits come first."""
    return list(dict.fromkeys(worded(terms)))[: ranking.MOST_WORDS]


def worded(terms: Iterable[Term]) -> list[str]:
    """The words that a hit has to have."""
    return [term.condition.text for term in terms if isinstance(term.condition, Words) and not term.negated]


def _by_place(words: Sequence[str], conditions: Conditions) -> ColumnElement[Any]:
    parts = [
        case((conditions.in_line(field, word), score), else_=0) for word in words for field, score in ranking.PLACES
    ]
    whole: ColumnElement[Any] = sum(parts[1:], parts[0])
    return whole


def _selections(selected: dict[str, tuple[str, ...]]) -> dict[str, ColumnElement[bool]]:
    """The chosen facet values as clauses; values of one facet are alternatives."""
    made: dict[str, ColumnElement[bool]] = {}
    for facet in FACETS:
        values = [value.replace("\0", "") for value in selected.get(facet, ())]
        if values:
            made[facet] = _selection(facet, values)
    return made


def _selection(facet: str, values: list[str]) -> ColumnElement[bool]:
    match facet:
        case "instrument":
            named = select(Instrument.id).where(Instrument.name.in_(values))
            return and_(Dataset.instrument_id.is_not(None), Dataset.instrument_id.in_(named))
        case "proposal":
            return Dataset.proposal_id.in_(select(Proposal.id).where(Proposal.name.in_(values)))
        case "technique":
            return Dataset.id.in_(select(DatasetTechnique.dataset_id).where(DatasetTechnique.technique.in_(values)))
        case "year":
            years = [int(value) for value in values if value.isascii() and value.isdigit() and len(value) <= 4]
            return and_(Dataset.start_time.is_not(None), year_of_start().in_(years))
        case "facility":
            return Dataset.facility.in_(values)
        case _:
            return Dataset.kind.in_(values)


def _count(
    session: Session, base: list[ColumnElement[bool]], selections: dict[str, ColumnElement[bool]]
) -> dict[str, dict[str, int]]:
    """Total and facet counts: {facet: {value: count}}, with the total at ["total"][""]."""
    flags = {facet: case((clause, 1), else_=0).label(f"in_{facet}") for facet, clause in selections.items()}
    hit = (
        select(
            Dataset.id.label("id"),
            func.nullif(Dataset.facility, "").label("facility"),
            Dataset.instrument_id.label("instrument"),
            Dataset.proposal_id.label("proposal"),
            year_of_start().label("year"),
            Dataset.kind.label("kind"),
            *flags.values(),
        )
        .where(*base)
        .cte("hit")
        .prefix_with("MATERIALIZED")
    )
    parts: list[Select[str, str, int]] = [_counted(hit, "total", literal(""), selections)]
    for facet in FACETS:
        if facet == "technique":
            part = _counted(hit, facet, DatasetTechnique.technique, selections)
            parts.append(part.join(DatasetTechnique, DatasetTechnique.dataset_id == hit.c.id))
        else:
            parts.append(_counted(hit, facet, hit.c[facet], selections).where(hit.c[facet].is_not(None)))
    counts: dict[str, dict[str, int]] = {name: {} for name in ("total", *FACETS)}
    counts["total"][""] = 0
    for facet, value, number in session.execute(union_all(*parts)):
        counts[facet]["" if value is None else str(value)] = number
    return counts


def _counted(hit: CTE, facet: str, value: Any, selections: Iterable[str]) -> Select[str, str, int]:
    others = [hit.c[f"in_{name}"] == 1 for name in selections if name != facet]
    chosen = select(literal(facet).label("facet"), cast(value, String).label("value"), func.count().label("number"))
    chosen = chosen.select_from(hit).where(true(), *others)
    return chosen if facet == "total" else chosen.group_by(value)


def _total(session: Session, clauses: list[ColumnElement[bool]]) -> int:
    return session.scalar(select(func.count()).select_from(Dataset).where(*clauses)) or 0


def _page(
    session: Session,
    clauses: list[ColumnElement[bool]],
    query: SearchQuery,
    best: ColumnElement[float] | None,
) -> dict[int, str]:
    """The rows of the page in order, with their search texts."""
    page = select(Dataset.id, Dataset.search_text).where(*clauses).order_by(*_order(query, best))
    return {row.id: row.search_text for row in session.execute(page.limit(query.limit).offset(query.offset))}


def _order(query: SearchQuery, best: ColumnElement[float] | None) -> list[Any]:
    when = func.coalesce(Dataset.start_time, Dataset.created)
    newest = [when.desc(), Dataset.id.desc()]
    match query.sort:
        case "oldest":
            return [when, Dataset.id]
        case "title":
            return [func.lower(Dataset.title), Dataset.id]
        case "size":
            return [Dataset.size.desc(), *newest]
        case "relevance":
            return [best.desc(), *newest] if best is not None else newest
        case _:
            return newest


def _snippet(text: str, words: Iterable[str]) -> str | None:
    """Why a row matched, where its title doesn't tell."""
    for word in words:
        found = matching_line(text, word)
        if found and found[0] != "title":
            field, line = found
            at = line.index(word)
            start = max(0, at - _BEFORE)
            if start:  # a whole word where there is one
                start = line.find(" ", start, at) + 1 or start
            part = line[start : start + _SNIPPET]
            return f"{field}: " + ("…" if start else "") + part + ("…" if start + _SNIPPET < len(line) else "")
    return None
