"""Search with facets, completion, and what the hits look like."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from typing import Annotated, Any, Literal, cast

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import StreamingResponse

from pandaas.catalogue import FACETS, SearchQuery
from pandaas.model import Principal, Scope
from pandaas.server import exports, present, present_values, snippets
from pandaas.server.again import reader_of
from pandaas.server.routers.saved import base_url
from pandaas.server.schemas import (
    BranchOut,
    CalendarOut,
    ColumnValue,
    CompletionsOut,
    HistogramOut,
    SearchOut,
    SnippetOut,
    TermOut,
)
from pandaas.server.services import READ_OR_WRITE, Asker, Platform, Services, check_token

_MOST_VALUES = 200  # chosen of one facet
_CATEGORIES = 5  # of the vocabulary, which nothing is tagged with

router = APIRouter(prefix="/api/v1", tags=["search"], dependencies=[READ_OR_WRITE])


def asked(
    q: str = Query("", max_length=2000, description="Free text and field:value terms."),
    facility: list[str] = Query([], max_length=_MOST_VALUES),
    instrument: list[str] = Query([], max_length=_MOST_VALUES),
    technique: list[str] = Query([], max_length=_MOST_VALUES),
    proposal: list[str] = Query([], max_length=_MOST_VALUES),
    year: list[str] = Query([], max_length=_MOST_VALUES),
    kind: list[str] = Query([], max_length=_MOST_VALUES),
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
    column: list[str] = Query([], max_length=12, description="Parameters by name, in your preferred units."),
) -> SearchOut:
    """Hits with total, facets and what was understood; `column` adds parameters to each hit."""
    found = platform.catalogue.search(asker, replace(query, limit=limit, offset=offset))
    answer = present.search(found)
    if column:
        units = platform.catalogue.preferences.units(asker)
        rows = platform.catalogue.rows.values(asker, found.results, column, units)
        for card, row in zip(answer.results, rows, strict=True):
            card.values = {name: ColumnValue(value=one.value, unit=one.unit) for name, one in row.values.items()}
    return answer


def quick(
    platform: Services,
    asker: Principal,
    q: str = "",
    sort: str = "relevance",
    limit: int = 50,
    offset: int = 0,
    **selected: list[str],
) -> Response:
    """`search` without columns, asked and told without FastAPI; the limits of its parameters were looked at."""
    check_token(asker, {Scope.READ})
    chosen = {facet: tuple(selected.get(facet, ())) for facet in FACETS}
    query = SearchQuery(q, chosen, cast("Any", sort), limit=limit, offset=offset)
    found = present.search(platform.catalogue.search(asker, query))
    return Response(found.model_dump_json(), media_type="application/json")


@router.get("/search/export", response_class=Response)
def export(
    request: Request,
    platform: Platform,
    asker: Asker,
    query: Asked,
    form: exports.Format = Query("csv", alias="format"),
    column: list[str] = Query([], max_length=12, description="Parameters by name, in your preferred units."),
) -> Response:
    """All hits as a file, at most 200,000, the latest registered first; `column` adds parameters with their units."""
    units = platform.catalogue.preferences.units(asker)
    pages = platform.catalogue.rows.all(asker, query, column, units, who=reader_of(request, platform, asker))
    body = exports.write(form, pages, column, platform.catalogue.vocabulary.techniques())
    headers = {"content-disposition": f'attachment; filename="datasets.{form}"', "cache-control": "no-store"}
    return StreamingResponse(body, media_type=exports.MEDIA[form], headers=headers)


@router.get("/search/snippet")
def snippet(request: Request, platform: Platform, query: Asked) -> SnippetOut:
    """The query as a program, a command and addresses."""
    url = base_url(platform, request)
    return SnippetOut(
        python=snippets.python(query, url),
        command=snippets.command(query, url),
        page=snippets.address(query, url, "/search"),
        api=snippets.address(query, url, "/api/v1/search"),
    )


@router.get("/search/notebook", response_class=Response)
def notebook(request: Request, platform: Platform, query: Asked) -> Response:
    """The query as a Jupyter notebook that runs."""
    body = json.dumps(snippets.notebook(query, base_url(platform, request)), ensure_ascii=False, indent=1)
    headers = {"content-disposition": 'attachment; filename="search.ipynb"'}
    return Response(body, media_type="application/x-ipynb+json", headers=headers)


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
    units = platform.catalogue.preferences.units(asker)
    found = platform.catalogue.finder.insight.histograms(asker, query, parameter, units)
    return [HistogramOut.model_validate(asdict(one)) for one in found]


@router.get("/search/techniques")
def technique_tree(platform: Platform, asker: Asker, query: Asked) -> list[BranchOut]:
    """The tree of techniques over the hits, without what is chosen of techniques."""
    found = platform.catalogue.finder.insight.techniques(asker, query)
    return [BranchOut.model_validate(asdict(one)) for one in found]


@router.get("/techniques")
def techniques(
    platform: Platform,
    text: str = Query(min_length=1, max_length=200, description="Words of a label, synonym or short name."),
    limit: int = Query(20, ge=1, le=100),
) -> list[TermOut]:
    """Techniques of the vocabulary that data may be tagged with, the best match first."""
    known = platform.catalogue.vocabulary.techniques()
    found = [term for term in known.search(text, limit + _CATEGORIES) if known.is_tag(term.iri)]
    return [
        TermOut(
            **present_values.technique(term.iri, term.label).model_dump(),
            synonyms=list(term.synonyms),
            definition=term.definition,
            narrower=len(known.narrower(term.iri)) - 1,
        )
        for term in found[:limit]
    ]


@router.get("/search/calendar")
def calendar(
    platform: Platform,
    asker: Asker,
    query: Asked,
    of: int | None = Query(None, ge=1, le=9999, description="The year; without, the latest that has hits."),
) -> CalendarOut:
    """Hits per day of one year and per year; dates in the query are left out."""
    return CalendarOut.model_validate(asdict(platform.catalogue.finder.insight.calendar(asker, query, of)))
