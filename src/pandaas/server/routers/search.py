"""Search with facets."""

from __future__ import annotations

from typing import Literal

from fastapi import APIRouter, Query

from pandaas.catalogue import SearchQuery
from pandaas.server import present
from pandaas.server.schemas import SearchOut
from pandaas.server.services import READ_OR_WRITE, Asker, Platform

router = APIRouter(prefix="/api/v1", tags=["search"], dependencies=[READ_OR_WRITE])


@router.get("/search")
def search(
    platform: Platform,
    asker: Asker,
    q: str = Query("", max_length=2000, description="Free text and field:value terms."),
    facility: list[str] = Query([]),
    instrument: list[str] = Query([]),
    technique: list[str] = Query([]),
    proposal: list[str] = Query([]),
    year: list[str] = Query([]),
    kind: list[str] = Query([]),
    sort: Literal["relevance", "newest", "oldest", "title", "size"] = "relevance",
    limit: int = Query(50, ge=1, le=500),
    offset: int = Query(0, ge=0, le=1_000_000),
) -> SearchOut:
    selected = {
        "facility": tuple(facility),
        "instrument": tuple(instrument),
        "technique": tuple(technique),
        "proposal": tuple(proposal),
        "year": tuple(year),
        "kind": tuple(kind),
    }
    return present.search(platform.catalogue.search(asker, SearchQuery(q, selected, sort, limit, offset)))
