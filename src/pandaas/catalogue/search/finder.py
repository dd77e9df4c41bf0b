"""Everything one may ask about what there is: the search, completion, and what the hits look like."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy.orm import Session

from pandaas.access import Access
from pandaas.catalogue.search.completion import Completer
from pandaas.catalogue.search.guided import GuidedSearch, PreferredUnits
from pandaas.catalogue.search.hits import Hits, TablesHits
from pandaas.catalogue.search.index import IndexSearch
from pandaas.catalogue.search.insight import Insight
from pandaas.catalogue.search.known import Known
from pandaas.catalogue.search.sql import SqlSearch
from pandaas.catalogue.values import SearchQuery, SearchResult
from pandaas.catalogue.vocabulary import Vocabulary
from pandaas.db import Database
from pandaas.model import Principal

if TYPE_CHECKING:
    from pandaas.catalogue.search import Search


class Finder:
    """`engine` answers searches; what it doesn't know is asked of the tables."""

    def __init__(
        self,
        database: Database,
        access: Access,
        engine: Search,
        tables: SqlSearch,
        vocabulary: Vocabulary,
        *,
        units: PreferredUnits = lambda _: {},
    ) -> None:
        self.known = known = Known(database, access, engine if isinstance(engine, IndexSearch) else None)
        self.guide = GuidedSearch(engine, database, known, vocabulary, units)
        self.insight = Insight(database, self.hits, self.guide, vocabulary)
        self._database = database
        self._engine = engine
        self._tables = tables
        self.completer = Completer(database, known, vocabulary)

    def search(self, principal: Principal, query: SearchQuery) -> SearchResult:
        return self.guide.search(principal, query)

    def hits(self, session: Session, principal: Principal, query: SearchQuery) -> Hits:
        """All hits of a query that `guide.meant` has written out, to be counted or gone through."""
        counted = self._engine.hits(session, principal, query) if isinstance(self._engine, IndexSearch) else None
        if counted is not None:
            return counted
        return TablesHits(session, self._tables.hits(principal, query), is_sqlite=self._database.is_sqlite)
