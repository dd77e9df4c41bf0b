"""Search on the index, with SQL for what the index can't answer and while there is none."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
from pyroaring import BitMap
from sqlalchemy import BindParameter, bindparam, select
from sqlalchemy.orm import Session

from pandaas.access import Access, Reach, reach
from pandaas.catalogue.search import ranking
from pandaas.catalogue.search.conditions import Conditions
from pandaas.catalogue.search.facets import MOST, labelled
from pandaas.catalogue.search.index.bitmaps import rids_of, union
from pandaas.catalogue.search.index.catalogue_index import CatalogueIndex, Unanswerable
from pandaas.catalogue.search.index.counting import IndexHits
from pandaas.catalogue.search.index.keeping import Keeper
from pandaas.catalogue.search.index.knowing import IndexKnown
from pandaas.catalogue.search.index.narrowing import Narrowing
from pandaas.catalogue.search.index.pages import Pages
from pandaas.catalogue.search.language import Term, Words, parse
from pandaas.catalogue.search.sql import SUGGESTED, SqlSearch, ranked_words, worded
from pandaas.catalogue.values import FACETS, SearchQuery, SearchResult
from pandaas.catalogue.vocabulary import Vocabulary
from pandaas.db import Database
from pandaas.db.tables import Dataset, Instrument, Proposal
from pandaas.model import Action, Principal

_PIDS = 100_000  # whose ids are remembered; they never change
_BATCH = 500
_THESE: BindParameter[Any] = bindparam("these", expanding=True)
_TEXTS = select(Dataset.__table__.c.id, Dataset.__table__.c.search_text).where(Dataset.__table__.c.id.in_(_THESE))
_NAMED = {
    facet: select(table.c.id).where(table.c.name.in_(_THESE))
    for facet, table in (("instrument", Instrument.__table__), ("proposal", Proposal.__table__))
}


class IndexSearch:
    """`Search` that answers from bitmaps in memory, exactly as `SqlSearch` does.

    A query sees all that was committed before it, one's own writes among them. `keeper` loads, builds and follows the
    index; before it has one every question goes to SQL.
    """

    def __init__(self, database: Database, access: Access, vocabulary: Vocabulary, folder: Path) -> None:
        self._database = database
        self._sql = SqlSearch(database, access, vocabulary)
        self._vocabulary = vocabulary
        self._pids: OrderedDict[str, int] = OrderedDict()
        self.keeper = Keeper(database, folder)

    def search(self, principal: Principal, query: SearchQuery) -> SearchResult:
        index = self.keeper.current()
        if index is None:
            return self._sql.search(principal, query)
        try:
            return self._answer(index, principal, query)
        except Unanswerable:
            return self._sql.search(principal, query)

    def _answer(self, index: CatalogueIndex, principal: Principal, query: SearchQuery) -> SearchResult:
        started = time.perf_counter()
        techniques = self._vocabulary.techniques()
        terms = parse(query.text, techniques)
        with self._database.read() as session:
            with self.keeper.lock:
                now = self._database.clock()  # under the lock: what is released is kept by a clock that goes forward
                asked = _Question(self, index, session, now, reach(principal, Action.DISCOVER))
                found = asked.found(terms)
                selections = asked.selections(query.selected)
                hits = _all_of(found, selections.values())
                counts = {
                    facet: index.counts(
                        facet, _all_of(found, _others(selections, facet)) if facet in selections else hits
                    )
                    for facet in FACETS
                }
                ids = asked.page(hits, terms, query) if hits else []
                suggestion = None if hits else asked.suggestion(terms, selections)
            texts = _texts(session, ids) if worded(terms) else {}
            results = self._sql.cards(session, ids, texts, terms)
            facets = labelled(
                session, self._sql.names, _most(session, counts, query.selected), query.selected, techniques
            )
        return SearchResult(
            total=len(hits),
            took_ms=round((time.perf_counter() - started) * 1000, 2),
            understood=tuple(term.shown for term in terms),
            facets=facets,
            results=results,
            suggestion=suggestion,
        )

    def hits(self, session: Session, principal: Principal, query: SearchQuery) -> IndexHits | None:
        """What a query finds, to be counted; None where only the tables can tell."""
        index = self.keeper.current()
        if index is None:
            return None
        terms = parse(query.text, self._vocabulary.techniques())
        try:
            with self.keeper.lock:
                asked = _Question(self, index, session, self._database.clock(), reach(principal, Action.DISCOVER))
                rows = _all_of(asked.found(terms), asked.selections(query.selected).values())
        except Unanswerable:
            return None
        return IndexHits(session, index, rows, self.keeper.lock)

    def narrowing(self, session: Session, principal: Principal) -> Narrowing | None:
        """What `principal` may discover, to be narrowed; None while there is no index."""
        index = self.keeper.current()
        if index is None:
            return None
        with self.keeper.lock:
            asked = _Question(self, index, session, self._database.clock(), reach(principal, Action.DISCOVER))
            return Narrowing(index, asked.seen, self.keeper.lock)

    def known_to(self, session: Session, principal: Principal) -> IndexKnown | None:
        """What `principal` may know of names and words; None while there is no index."""
        index = self.keeper.current()
        if index is None:
            return None
        who = reach(principal, Action.DISCOVER)

        def asked() -> _Question:
            return _Question(self, index, session, self._database.clock(), who)

        def seen() -> BitMap:
            with self.keeper.lock:
                return asked().seen

        def rows_with(words: Words) -> BitMap:
            with self.keeper.lock:
                return asked().words(words)

        return IndexKnown(session, index, seen, rows_with)

    def names(self) -> tuple[str, ...] | None:
        """Every name of a parameter, whoever may see it; None while there is no index."""
        index = self.keeper.current()
        return None if index is None else index.names()

    @property
    def is_sqlite(self) -> bool:
        return self._database.is_sqlite

    def ids_of(self, session: Session, pids: Collection[str]) -> Iterable[int]:
        """The ids of datasets by pid; pids that don't exist are left out."""
        missing = [pid for pid in pids if pid not in self._pids]
        for start in range(0, len(missing), _BATCH):
            some = missing[start : start + _BATCH]
            for pid, id_ in session.execute(select(Dataset.pid, Dataset.id).where(Dataset.pid.in_(some))):
                self._pids[pid] = id_
        found = [self._pids[pid] for pid in pids if pid in self._pids]
        while len(self._pids) > _PIDS:
            self._pids.popitem(last=False)
        return found


class _Question:
    """One query of one person on one state of the index."""

    def __init__(self, engine: IndexSearch, index: CatalogueIndex, session: Session, now: datetime, who: Reach) -> None:
        self._engine = engine
        self._index = index
        self._session = session
        self._now = now
        self.seen = index.everything & index.seen(who, now, self._of_pids)

    def found(self, terms: Iterable[Term]) -> BitMap:
        """What fulfils all terms, of what this person may see."""
        rows = self.seen
        for term in terms:
            if term.condition is not None:
                matching = self._index.rows_of(term.condition, self._session, self._now, self._of_pids)
                rows = rows - matching if term.negated else rows & matching
        return rows

    def selections(self, selected: dict[str, tuple[str, ...]]) -> dict[str, BitMap]:
        """The rows of the chosen values of each facet."""
        made: dict[str, BitMap] = {}
        for facet in FACETS:
            values = [value.replace("\0", "") for value in selected.get(facet, ())]
            if values:
                made[facet] = union([self._index.maps.bitmap(facet, key) for key in self._keys(facet, values)])
        return made

    def _keys(self, facet: str, values: Sequence[str]) -> list[int] | list[str]:
        if facet in ("instrument", "proposal"):
            return _ids_by_name(self._session, facet, values)
        if facet == "year":
            return [int(value) for value in values if value.isascii() and value.isdigit() and len(value) <= 4]
        return list(values)

    def page(self, hits: BitMap, terms: Sequence[Term], query: SearchQuery) -> list[int]:
        pages = Pages(self._index.maps)
        match query.sort:
            case "newest":
                return pages.newest(hits, query.offset, query.limit)
            case "oldest":
                return pages.oldest(hits, query.offset, query.limit)
            case "size":
                return pages.largest(hits, query.offset, query.limit)
            case "title":
                return pages.by_title(hits, query.offset, query.limit, self._session)
            case "relevance":
                return self._best_first(pages, hits, ranked_words(terms), query)
        raise Unanswerable

    def _best_first(self, pages: Pages, hits: BitMap, words: Sequence[str], query: SearchQuery) -> list[int]:
        if not words:
            return pages.newest(hits, query.offset, query.limit)
        if len(hits) > ranking.MOST_RANKED:
            scores = [(self.words(Words(word, field)), score) for word in words for field, score in ranking.PLACES]
            return pages.scored(hits, scores, query.offset, query.limit)
        known = self._statistics(words) if len(words) > 1 else ranking.ONE_WORD
        score = ranking.score(words, known, Conditions(self._now, is_sqlite=self._engine.is_sqlite))
        return pages.ranked(hits, score, query.offset, query.limit, self._session)

    def _statistics(self, words: Sequence[str]) -> ranking.Statistics:
        holding = tuple(self.seen.intersection_cardinality(self.words(Words(word))) for word in words)
        number = len(self.seen)
        whole = int(self._index.maps.column("length")[rids_of(self.seen)].sum(dtype=np.int64))
        return ranking.Statistics(number, max(whole / number, 1.0) if number else 1.0, holding)

    def words(self, words: Words) -> BitMap:
        return self._index.rows_of(words, self._session, self._now, self._of_pids)

    def suggestion(self, terms: Sequence[Term], selections: dict[str, BitMap]) -> str | None:
        """As `SqlSearch`: which term to drop so that something is found; the one that frees most."""
        usable = [term for term in terms if term.condition is not None]
        if len(usable) + len(selections) < 2:
            return None
        best, most = "", 0
        for index, term in enumerate(usable[:SUGGESTED]):
            others = self.found([*usable[:index], *usable[index + 1 :]])
            number = len(_all_of(others, selections.values()))
            if number > most:
                best, most = f"'{term.shown.text.strip()}'", number
        found = self.found(usable)
        for facet in selections:
            number = len(_all_of(found, _others(selections, facet)))
            if number > most:
                best, most = f"the filter on {facet}", number
        return f"Without {best} there would be {most:,}." if most else None

    def _of_pids(self, pids: Collection[str]) -> BitMap:
        return self._index.maps.rids(self._engine.ids_of(self._session, pids))


def _texts(session: Session, ids: Sequence[int]) -> dict[int, str]:
    return dict(session.execute(_TEXTS, {"these": list(ids)}).all()) if ids else {}


def _all_of(rows: BitMap, others: Iterable[BitMap]) -> BitMap:
    for other in others:
        rows = rows & other
    return rows


def _others(selections: dict[str, BitMap], facet: str) -> list[BitMap]:
    return [rows for name, rows in selections.items() if name != facet]


def _most(
    session: Session, counts: dict[str, dict[str, int]], selected: dict[str, tuple[str, ...]]
) -> dict[str, dict[str, int]]:
    """What can be shown of the counts: the most frequent, with all that share the last one's count, and chosen ones."""
    kept = {}
    for facet, numbers in counts.items():
        kept[facet] = numbers
        if facet in ("instrument", "proposal") and len(numbers) > MOST:
            least = sorted(numbers.values(), reverse=True)[MOST - 1]
            chosen = {str(one) for one in _ids_by_name(session, facet, selected.get(facet, ()))}
            kept[facet] = {value: number for value, number in numbers.items() if number >= least or value in chosen}
    return kept


def _ids_by_name(session: Session, facet: str, names: Sequence[str]) -> list[int]:
    return list(session.scalars(_NAMED[facet], {"these": list(names)})) if names else []
