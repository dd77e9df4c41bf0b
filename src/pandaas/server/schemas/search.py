"""The answer of the search."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from pandaas.server.schemas.base import Out
from pandaas.server.schemas.datasets import DatasetCard, TechniqueOut


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
    note: str | None = Field(None, description="What was made of the term: a name written out, a typo forgiven.")


class CompletionOut(Out):
    """`text` takes the place of the term being typed."""

    text: str
    label: str
    kind: Literal["field", "parameter", "value", "unit", "word"]
    detail: str


class CompletionsOut(Out):
    """`items` replace the characters from `start` to `end` of the query."""

    start: int
    end: int
    items: list[CompletionOut]


class HistogramOut(Out):
    """The numbers of one parameter over the hits; `edges` has one value more than `counts`, both in `unit`."""

    name: str
    unit: str | None
    edges: list[float]
    counts: list[int]
    datasets: int = Field(description="How many hits have this parameter, in this dimension.")
    log: bool = Field(description="Bins are equal in the logarithm.")
    low: float | None = Field(description="What the query asks for now.")
    high: float | None


class BranchOut(Out):
    """A technique with all that is narrower; `count` is of datasets that have one of them."""

    iri: str
    label: str
    short: str
    count: int
    children: list[BranchOut]


class TermOut(TechniqueOut):
    """A technique that data may be tagged with."""

    synonyms: list[str]
    definition: str | None
    narrower: int = Field(description="How many techniques are narrower; the narrowest that fits says most.")


class CalendarOut(Out):
    """Hits by the day they were measured on (UTC): `days` of `year`, `years` all."""

    year: int | None
    days: dict[str, int]
    years: dict[int, int]


class SearchOut(Out):
    total: int
    took_ms: float
    understood: list[UnderstoodTerm]
    facets: dict[str, list[FacetValue]]
    results: list[DatasetCard]
    suggestion: str | None = Field(None, description="Which term to drop when nothing was found.")
