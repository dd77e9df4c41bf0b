"""The data policy, release dates and requests to change them; the audit."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query

from pandaas.model import Action
from pandaas.server import present, present_access
from pandaas.server.schemas import ProposalOut
from pandaas.server.schemas.access import (
    AuditLineOut,
    DecisionIn,
    PolicyIn,
    PolicyOut,
    ProposalTypeName,
    ReleaseChangeOut,
    ReleaseIn,
    ReleaseRequestIn,
    ReleaseRequestOut,
)
from pandaas.server.services import READ_ALWAYS, READ_OR_ADMIN, Platform, RowId, Signed

router = APIRouter(prefix="/api/v1", tags=["data policy"], dependencies=[READ_ALWAYS, READ_OR_ADMIN])


@router.get("/policies")
def list_policies(platform: Platform) -> list[PolicyOut]:
    """What holds for proposals of each type; anyone may know it."""
    return [present_access.policy(one) for one in platform.access.policies().values()]


@router.put("/policies/{type}")
def set_policy(
    type: ProposalTypeName,
    body: PolicyIn,
    platform: Platform,
    asker: Signed,
    dry_run: bool = False,
) -> list[ReleaseChangeOut]:
    """Change what holds for a type; all its release times are computed anew. `dry_run` shows what would change."""
    changes = body.model_dump(exclude_unset=True)
    done = platform.access.set_policy(asker, type, changes, dry_run=dry_run)
    return [ReleaseChangeOut(proposal=one.proposal, old=one.old, new=one.new, datasets=one.datasets) for one in done]


@router.put("/proposals/{name}/release")
def set_release(name: str, body: ReleaseIn, platform: Platform, asker: Signed) -> ProposalOut:
    """Set when a proposal's data become open, or let the policy hold again; for the instrument's staff and operators."""
    if body.by_policy:
        platform.access.clear_release(asker, name)
    else:
        moment = present_access.zoned(body.release_time)
        platform.access.set_release(asker, name, moment, reason=body.reason)
    return present.proposal(platform, asker, platform.access.proposal(asker, name))


@router.get("/release-requests")
def list_release_requests(
    platform: Platform, asker: Signed, proposal: str | None = None, pending: bool = False
) -> list[ReleaseRequestOut]:
    """Requests for another release date that you may see, newest first."""
    found = platform.access.release_requests(asker, proposal=proposal, pending=pending)
    return [present_access.release_request(one, asker) for one in found]


@router.post("/release-requests", status_code=204)
def ask_release(body: ReleaseRequestIn, platform: Platform, asker: Signed) -> None:
    """Ask to shorten or extend an embargo, of a proposal or one of its datasets; for the principal investigator."""
    moment = present_access.zoned(body.release_time)
    platform.access.ask_release(asker, body.proposal, moment or body.release_time, body.reason, pid=body.dataset)


@router.put("/release-requests/{request_id}/decision", status_code=204)
def decide_release(request_id: RowId, body: DecisionIn, platform: Platform, asker: Signed) -> None:
    """Approve, which sets the date, or refuse with a reason; for the staff."""
    platform.access.decide_release(asker, request_id, approve=body.approve, answer=body.answer)


@router.delete("/release-requests/{request_id}", status_code=204)
def take_back_release_request(request_id: RowId, platform: Platform, asker: Signed) -> None:
    platform.access.take_back_release_request(asker, request_id)


@router.get("/audit")
def search_audit(
    platform: Platform,
    asker: Signed,
    kind: str | None = None,
    subject: str | None = None,
    user: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    before: Annotated[int | None, Query(ge=1, le=2**62)] = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> list[AuditLineOut]:
    """Who did what, latest first; for operators."""
    platform.access.require(asker, Action.OPERATE, what="the audit")
    found = platform.access.audit(
        asker, kind=kind, subject=subject, user=user, since=present_access.zoned(since),
        until=present_access.zoned(until), before=before, limit=limit,
    )  # fmt: skip
    return [present_access.audit_line(one) for one in found]
