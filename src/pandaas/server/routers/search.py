"""Search with facets, completion, and what the hits look like."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query

from pandaas.catalogue import SearchQuery
from pandaas.server import present
from pandaas.server.schemas import BranchOut, CalendarOut, CompletionsOut, HistogramOut, SearchOut
from pandaas.server.services import READ_OR_WRITE, Asker, Platform

router = APIRouter(prefix="/api/v1", tags=["search"], dependencies=[READ_OR_WRITE])


def asked(
    q: str = Query("", max_length=2000, description="Free text and field:value terms."),
    facility: list[str] = Query([]),
    instrument: list[str] = Query([]),
    technique: list[str] = Query([]),
    proposal: list[str] = Query([]),
    year: list[str] = Query([]),
    kind: list[str] = Query([]),
    sort: Literal["relevance", "newest", "oldest", "title", "size"] = "relevance",
) -> SearchQuery:
    """The query of every route that is about hits: the box and the chosen values of each facet."""
    selected = {
        "facility": tuple(facility),
        "instrument": tuple(instrument),
        "technique": tuple(technique),
        "proposal": tuple(proposal),
        "year": tuple(year),
        "kind": tuple(kind),
    }
    return SearchQuery(q, selected, sort)


Asked = Annotated[SearchQuery, Depends(asked)]


@router.get("/search")
def search(
    platform: Platform,
    asker: Asker,
    query: Asked,
    limit: int = Query(50, ge=1, le=500),
    offset: int = Query(0, ge=0, le=1_000_000),
) -> SearchOut:
    return present.search(platform.catalogue.search(asker, replace(query, limit=limit, offset=offset)))


@router.get("/search/complete")
def complete(
    platform: Platform,
    asker: Asker,
    q: str = Query("", max_length=2000, description="What stands in the box."),
    at: int | None = Query(None, ge=0, le=2000, description="Where the caret stands; at the end if not given."),
) -> CompletionsOut:
    """What may stand next: fields, parameters, values, units and words of datasets that the asker may see."""
    found = platform.catalogue.finder.completer.complete(asker, q, len(q) if at is None else at)
    return CompletionsOut.model_validate(asdict(found))


@router.get("/search/histograms")
def histograms(
    platform: Platform,
    asker: Asker,
    query: Asked,
    parameter: list[str] = Query([], max_length=8, description="Names; without, those that matter for the hits."),
) -> list[HistogramOut]:
    """How numbers are spread over the hits. A parameter's own ranges in the query are left out of its histogram."""
    found = platform.catalogue.finder.insight.histograms(asker, query, parameter)
    return [HistogramOut.model_validate(asdict(one)) for one in found]


@router.get("/search/techniques")
def technique_tree(platform: Platform, asker: Asker, query: Asked) -> list[BranchOut]:
    """The tree of techniques over the hits, without what is chosen of techniques."""
    found = platform.catalogue.finder.insight.techniques(asker, query)
    return [BranchOut.model_validate(asdict(one)) for one in found]


@router.get("/search/calendar")
def calendar(
    platform: Platform,
    asker: Asker,
    query: Asked,
    of: int | None = Query(None, ge=1, le=9999, description="The year; without, the latest that has hits."),
) -> CalendarOut:
    """Hits per day of one year and per year; dates in the query are left out."""
    return CalendarOut.model_validate(asdict(platform.catalogue.finder.insight.calendar(asker, query, of)))
