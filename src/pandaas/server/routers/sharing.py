"""Sharing: with persons, with reviewers by link, on request; why somebody sees a dataset; looking as somebody else."""

from __future__ import annotations

from datetime import datetime

from fastapi import APIRouter, Request, Response

from pandaas.model import NotAllowed, PrincipalKind
from pandaas.server import archives, present_access
from pandaas.server.cookies import clear_lens, lens_secret, set_lens
from pandaas.server.schemas.access import (
    AccessOut,
    AccessRequestIn,
    AccessRequestOut,
    AnswerIn,
    AuditLineOut,
    LensOut,
    LinkDaysIn,
    LinkIn,
    LinkOut,
    NewLinkOut,
    ReviewIn,
    SeerOut,
    ShareIn,
    ShareOut,
    ViewAsIn,
    WhyOut,
)
from pandaas.server.services import READ_ALWAYS, READ_OR_WRITE, Asker, Platform, RowId, Signed

router = APIRouter(prefix="/api/v1", tags=["sharing"], dependencies=[READ_ALWAYS, READ_OR_WRITE])


# --- one dataset ------------------------------------------------------------------------------------------------------


@router.get("/datasets/{pid}/access")
def my_access(pid: str, platform: Platform, asker: Asker) -> AccessOut:
    """Why you may, or may not, read this dataset. Of what you may not know of it says what it says of what isn't there."""
    return present_access.access(platform, asker, pid)


@router.get("/datasets/{pid}/access/people")
def who_sees(pid: str, platform: Platform, asker: Signed, at: datetime | None = None) -> list[SeerOut]:
    """Everybody who may read it, now or with the rights of today on another date; for those who manage it and the staff."""
    return [present_access.seer(one) for one in platform.access.who_sees(asker, pid, present_access.zoned(at))]


@router.get("/datasets/{pid}/access/why")
def why_others(pid: str, user: str, platform: Platform, asker: Signed, at: datetime | None = None) -> WhyOut:
    """Why a person may, or may not, read it."""
    found = platform.access.why_not(asker, pid, user, present_access.zoned(at))
    return WhyOut(may=found.may, reasons=list(found.reasons), at=found.at)


@router.get("/datasets/{pid}/accesses")
def accesses(pid: str, platform: Platform, asker: Signed) -> list[AuditLineOut]:
    """Who read, downloaded, shared and changed it, latest first; for those who manage it."""
    return [present_access.audit_line(one) for one in platform.access.accesses(asker, pid)]


@router.get("/datasets/{pid}/shares")
def list_shares(pid: str, platform: Platform, asker: Signed) -> list[ShareOut]:
    return present_access.shares(platform, platform.access.shares(asker, pid))


@router.delete("/datasets/{pid}/shares/{user}", status_code=204)
def unshare(pid: str, user: str, platform: Platform, asker: Signed) -> None:
    """Take a share back; felt by the next request."""
    platform.access.shares(asker, pid)
    platform.access.unshare(asker, pid, platform.identity.person_named(user).id)


@router.post("/shares", status_code=204)
def share(body: ShareIn, platform: Platform, asker: Signed) -> None:
    """Open datasets to a person: all of them or, where one can't be shared, none."""
    for pid in body.datasets[:1]:
        platform.access.shares(asker, pid)  # who manages nothing learns nothing of people either
    person = platform.identity.person_named(body.user)
    platform.access.share_set(asker, body.datasets, person.id, present_access.zoned(body.until))


# --- reviewers' links -------------------------------------------------------------------------------------------------


@router.get("/links")
def list_links(platform: Platform, asker: Signed, dataset: str | None = None) -> list[LinkOut]:
    """Links to a dataset that you manage, or all that you made."""
    return [present_access.link(one) for one in platform.access.links(asker, dataset)]


@router.post("/links", status_code=201)
def create_link(body: LinkIn, platform: Platform, asker: Signed) -> NewLinkOut:
    """Make a link to some datasets; its secret is in this answer and nowhere else."""
    row, secret = platform.access.create_link(asker, body.datasets, body.label, days=body.days)
    return present_access.new_link(platform, asker, row.id, secret)


@router.patch("/links/{link_id}", status_code=204)
def extend_link(link_id: RowId, body: LinkDaysIn, platform: Platform, asker: Signed) -> None:
    """Let a link work for some days from now on."""
    platform.access.extend_link(asker, link_id, body.days)


@router.delete("/links/{link_id}", status_code=204)
def revoke_link(link_id: RowId, platform: Platform, asker: Signed) -> None:
    """Take a link back; felt by the next request."""
    platform.access.revoke_link(asker, link_id)


# --- lenses -----------------------------------------------------------------------------------------------------------


@router.get("/lens")
def show_lens(platform: Platform, asker: Asker) -> LensOut | None:
    """Through what this browser looks: a reviewer's link, or as somebody else."""
    return present_access.lens(platform, asker)


@router.get("/lens/download", response_class=Response)
def download_review(request: Request, platform: Platform, asker: Asker) -> Response:
    """All files that a reviewer's link opens as one ZIP, at most 100 GB."""
    found = platform.access.link_of(asker)
    cards = platform.catalogue.cards(asker, found.datasets)
    return archives.answer(request, platform, asker, f"For {found.row.label}", cards)


@router.post("/lens/review")
def open_review(body: ReviewIn, request: Request, response: Response, platform: Platform) -> LensOut | None:
    """Exchange a link's secret for a cookie that opens its datasets, to be read, in this browser."""
    _close(request, platform)
    secret, _link = platform.identity.open_review(body.secret)
    set_lens(request, response, secret)
    seen = platform.identity.principal_of_lens(secret, None)
    return present_access.lens(platform, seen) if seen is not None else None


@router.post("/lens/view-as", status_code=204)
def open_view(body: ViewAsIn, request: Request, response: Response, platform: Platform, asker: Signed) -> None:
    """Look as somebody else for half an hour: read-only, logged; for operators."""
    if asker.kind is not PrincipalKind.PERSON:
        raise NotAllowed("You look as somebody else already.", remedy="End that view first.")
    secret, _lens = platform.identity.open_view(asker, body.user)
    set_lens(request, response, secret)


@router.delete("/lens", status_code=204)
def close_lens(request: Request, response: Response, platform: Platform) -> None:
    """End a reviewer's visit, or the look as somebody else."""
    _close(request, platform)
    clear_lens(request, response)


def _close(request: Request, platform: Platform) -> None:
    secret = lens_secret(request)
    if secret is not None:
        platform.identity.close_lens(secret)


# --- requests ---------------------------------------------------------------------------------------------------------


@router.get("/access-requests")
def list_requests(platform: Platform, asker: Signed, pending: bool = False) -> list[AccessRequestOut]:
    """What you asked for, and what you may answer."""
    found = platform.access.access_requests(asker, pending=pending)
    return [present_access.access_request(one, asker) for one in found]


@router.post("/access-requests", status_code=204)
def ask_access(body: AccessRequestIn, platform: Platform, asker: Signed) -> None:
    """Ask to read a dataset or a proposal's data. The answer is the same whether or not there is such a thing."""
    platform.access.ask_access(asker, pid=body.dataset, proposal=body.proposal, reason=body.reason)


@router.put("/access-requests/{request_id}/answer", status_code=204)
def answer_request(request_id: RowId, body: AnswerIn, platform: Platform, asker: Signed) -> None:
    """Grant or refuse; for who manages what was asked for."""
    until = present_access.zoned(body.until)
    platform.access.answer_access(asker, request_id, grant=body.grant, answer=body.answer, until=until)


@router.delete("/access-requests/{request_id}", status_code=204)
def take_back_request(request_id: RowId, platform: Platform, asker: Signed) -> None:
    platform.access.take_back_access_request(asker, request_id)
