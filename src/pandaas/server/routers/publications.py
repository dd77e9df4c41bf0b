"""Publications: datasets that are cited together, their landing pages and citations."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Literal

from fastapi import APIRouter, Query, Request, Response

from pandaas.federation import A_PAGE, MOST_DATASETS, PublicationView, citing
from pandaas.model import InvalidInput
from pandaas.server import present
from pandaas.server.present_values import technique
from pandaas.server.routers.saved import base_url
from pandaas.server.schemas.publications import (
    CreatorOut,
    PublicationIn,
    PublicationOut,
    PublicationPatch,
    RelatedOut,
    WithdrawIn,
)
from pandaas.server.services import READ_OR_WRITE, Asker, Platform, Services, Signed

router = APIRouter(prefix="/api/v1/publications", tags=["publications"], dependencies=[READ_OR_WRITE])


@router.get("")
def publications(
    request: Request,
    platform: Platform,
    asker: Asker,
    dataset: str | None = Query(None, max_length=64, description="In which it is."),
) -> list[PublicationOut]:
    """Your own drafts and what is published, the newest first."""
    return [_told(request, platform, one) for one in platform.publications.all(asker, dataset=dataset)]


@router.post("", status_code=201)
def begin(body: PublicationIn, request: Request, platform: Platform, asker: Signed) -> PublicationOut:
    """A draft of datasets that you lead, or of a collection, filled with what is known."""
    pids, title, abstract = body.datasets, body.title, body.abstract
    if body.collection is not None:
        if pids:
            raise InvalidInput("Give datasets or a collection, not both.", field="collection")
        chosen = platform.catalogue.collections.show(asker, body.collection, limit=0)
        pids = platform.catalogue.collections.pids(asker, body.collection)
        title, abstract = title or chosen.name, abstract or chosen.description
    return _told(request, platform, platform.publications.draft(asker, pids, title, abstract))


@router.get("/{pid}")
def show(
    pid: str,
    request: Request,
    platform: Platform,
    asker: Asker,
    limit: int = Query(A_PAGE, ge=0, le=500, description="At most so many of its datasets."),
    offset: int = Query(0, ge=0, le=MOST_DATASETS, description="Leave out so many of those that you may see."),
) -> PublicationOut:
    """The landing page: for everyone once it is published. Its datasets come in pages."""
    return _told(request, platform, platform.publications.show(asker, pid, limit=limit, offset=offset))


@router.patch("/{pid}")
def change(pid: str, body: PublicationPatch, request: Request, platform: Platform, asker: Signed) -> PublicationOut:
    """Change a draft, or amend what is published; its datasets and its licence stay then."""
    changes = {name: value for name, value in body.model_dump(exclude_unset=True).items() if value is not None}
    return _told(request, platform, platform.publications.change(asker, pid, changes))


@router.delete("/{pid}", status_code=204)
def discard(pid: str, platform: Platform, asker: Signed) -> None:
    """Throw a draft away."""
    platform.publications.discard(asker, pid)


@router.post("/{pid}/published")
def publish(pid: str, request: Request, platform: Platform, asker: Signed) -> PublicationOut:
    """Show it to everyone, for good; where DOIs are configured one is registered."""
    return _told(request, platform, platform.publications.publish(asker, pid))


@router.post("/{pid}/withdrawn")
def withdraw(pid: str, body: WithdrawIn, request: Request, platform: Platform, asker: Signed) -> PublicationOut:
    """For operators: a page with the reason remains."""
    return _told(request, platform, platform.publications.withdraw(asker, pid, body.reason))


@router.post("/{pid}/doi")
def register_again(pid: str, request: Request, platform: Platform, asker: Signed) -> PublicationOut:
    """Have a DOI that waits or was refused sent again."""
    return _told(request, platform, platform.publications.try_again(asker, pid))


@router.get("/{pid}/citation", response_class=Response)
def citation(
    pid: str,
    request: Request,
    platform: Platform,
    asker: Asker,
    form: Literal["text", "bibtex", "ris", "csl", "datacite", "schema.org"] = Query("text", alias="format"),
) -> Response:
    """The citation in words, for reference managers, or as metadata (schema.org: with all datasets that you may see)."""
    every = None if form == "schema.org" else 0
    view = _addressed(request, platform, platform.publications.show(asker, pid, limit=every))
    match form:
        case "text":
            return Response(citing.in_words(view), media_type="text/plain")
        case "bibtex":
            return _file(citing.bibtex(view), "application/x-bibtex", f"{pid}.bib")
        case "ris":
            return _file(citing.ris(view), "application/x-research-info-systems", f"{pid}.ris")
        case "csl":
            return Response(json.dumps(citing.csl(view)), media_type="application/vnd.citationstyles.csl+json")
        case "datacite":
            return Response(json.dumps(view.datacite), media_type="application/vnd.datacite.datacite+json")
    return Response(json.dumps(citing.schema_org(view)), media_type="application/ld+json")


def _file(text: str, media_type: str, name: str) -> Response:
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(text.encode(), media_type=media_type, headers=headers)


def _addressed(request: Request, platform: Services, view: PublicationView) -> PublicationView:
    """With the addresses that this request's client uses."""
    made = replace(view, base=base_url(platform, request).rstrip("/"))
    return replace(made, datacite={**made.datacite, "url": made.url})


def _told(request: Request, platform: Services, found: PublicationView) -> PublicationOut:
    view = _addressed(request, platform, found)
    return PublicationOut.model_validate(
        {
            name: getattr(view, name)
            for name in ("pid", "state", "title", "abstract", "licence", "publisher", "published", "reason", "doi", "doi_state",
                         "doi_note", "url", "identifier", "may_change", "may_withdraw", "count", "size", "open", "opens", "visible")
        }
        | {
            "creators": [CreatorOut.model_validate(one) for one in view.creators],
            "keywords": list(view.keywords),
            "techniques": [technique(iri, name) for iri, name in zip(view.techniques, view.technique_labels, strict=True)],
            "related": [RelatedOut.model_validate(one) for one in view.related],
            "citation": citing.in_words(view),
            "datasets": present.cards(view.datasets),
        }
    )  # fmt: skip
