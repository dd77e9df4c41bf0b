"""The answer of the search."""

from __future__ import annotations

from pydantic import Field

from pandaas.server.schemas.base import Out
from pandaas.server.schemas.datasets import DatasetCard


class FacetValue(Out):
    value: str
    label: str
    count: int
    selected: bool


class UnderstoodTerm(Out):
    """One term of the query as understood; `text` is what to remove from the box to drop it."""

    field: str | None
    value: str
    label: str
    text: str
    negated: bool = False
    problem: str | None = None


class SearchOut(Out):
    total: int
    took_ms: float
    understood: list[UnderstoodTerm]
    facets: dict[str, list[FacetValue]]
    results: list[DatasetCard]
    suggestion: str | None = Field(None, description="Which term to drop when nothing was found.")
