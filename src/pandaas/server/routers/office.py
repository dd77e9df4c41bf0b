"""The import of people and proposals from the user office: what it would change, what it has changed."""

from __future__ import annotations

from dataclasses import asdict

from fastapi import APIRouter

from pandaas.access import OfficeRunView
from pandaas.model import Action
from pandaas.server.schemas.office import BeamTimeOut, OfficeApplyIn, OfficeFeedOut, OfficeRunOut
from pandaas.server.services import READ_OR_ADMIN, Asker, Platform, Signed

router = APIRouter(prefix="/api/v1", tags=["user office"], dependencies=[READ_OR_ADMIN])


@router.get("/office")
def list_feeds(platform: Platform, asker: Signed) -> list[OfficeFeedOut]:
    """The configured feeds and their latest imports; for operators."""
    platform.access.require(asker, Action.OPERATE, what="the user office")
    office = platform.office
    return [
        OfficeFeedOut(
            name=feed.name,
            source=feed.url or str(feed.path),
            every_minutes=feed.every_minutes,
            last=_run(last) if (last := office.last_run(feed.name)) is not None else None,
        )
        for feed in office.feeds()
    ]


@router.post("/office/{feed}/look")
def look(feed: str, platform: Platform, asker: Signed) -> OfficeRunOut:
    """What an import would change now; nothing is changed."""
    return _run(platform.office.run(asker, feed, dry_run=True))


@router.post("/office/{feed}/apply")
def apply(feed: str, body: OfficeApplyIn, platform: Platform, asker: Signed) -> OfficeRunOut:
    """Import now; with many removals only if `removals` says how many."""
    return _run(platform.office.run(asker, feed, removals=body.removals))


@router.get("/proposals/{name}/beam-times")
def beam_times(name: str, platform: Platform, asker: Asker) -> list[BeamTimeOut]:
    """When the proposal has which instrument, from the user office."""
    found = platform.office.beam_times(asker, name)
    return [BeamTimeOut(instrument=instrument, start=row.start, end=row.end) for row, instrument in found]


def _run(view: OfficeRunView) -> OfficeRunOut:
    return OfficeRunOut.model_validate(asdict(view))
