"""Search behind one interface: a `Search` answers a query with what this person may see, counts and facets included."""

from __future__ import annotations

from typing import Protocol

from pandaas.catalogue.search.completion import Completion, Completions
from pandaas.catalogue.search.finder import Finder
from pandaas.catalogue.search.index import IndexOfRights, IndexSearch, Narrowing, check_index, index_folder
from pandaas.catalogue.search.insight import Branch, Calendar, Histogram
from pandaas.catalogue.search.language import Between, Term, parse
from pandaas.catalogue.search.sql import SqlSearch
from pandaas.catalogue.values import SearchQuery, SearchResult
from pandaas.model import Principal

__all__ = [
    "Between",
    "Branch",
    "Calendar",
    "Completion",
    "Completions",
    "Finder",
    "Histogram",
    "IndexOfRights",
    "IndexSearch",
    "Narrowing",
    "Search",
    "SqlSearch",
    "Term",
    "check_index",
    "index_folder",
    "parse",
]


class Search(Protocol):
    """What every search engine of the catalogue does.

    Everything in the result (rows, total, facets, suggestion) counts only what `principal` may discover. A query never
    raises: what can't be understood is said at its term.
    """

    def search(self, principal: Principal, query: SearchQuery) -> SearchResult: ...
