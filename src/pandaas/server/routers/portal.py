"""What only the page needs: home, help, operator's overview, health, events, metrics."""

from __future__ import annotations

from fastapi import APIRouter, Header, Request, Response
from fastapi.responses import FileResponse, StreamingResponse

from pandaas.db import Position
from pandaas.model import Action
from pandaas.server import guide, metrics, overview
from pandaas.server.again import reader_of
from pandaas.server.schemas import HealthOut, HelpEntry, HelpPage, HomeOut, OperatorOut
from pandaas.server.services import READ_OR_WRITE, Asker, Platform, Signed

router = APIRouter(tags=["portal"])
_LOOPBACK = {"127.0.0.1", "::1"}


@router.get("/api/v1/home", dependencies=[READ_OR_WRITE])
def home(platform: Platform, asker: Asker) -> HomeOut:
    """What changed for this person: proposals, recent data, results, jobs, notices; what a newcomer may try."""
    return overview.home(platform, asker)


@router.get("/api/v1/operator")
def operator(request: Request, platform: Platform, asker: Signed) -> OperatorOut:
    """The facility at a glance; operators only."""
    platform.access.require(asker, Action.OPERATE, what="the operator's page")
    return overview.operator(platform, request.app.state.health.report())


@router.get("/api/v1/health")
def health(request: Request, response: Response) -> HealthOut:
    """200 only when migrations have run and (demo) the data are in, else 503."""
    report: HealthOut = request.app.state.health.report()
    response.status_code = 200 if report.status == "ok" else 503
    return report


@router.get("/api/v1/help")
def help_index() -> list[HelpEntry]:
    return guide.index()


@router.get("/api/v1/help/images/{path:path}", response_class=Response)
def help_image(path: str) -> Response:
    file, media_type = guide.image(path)
    return FileResponse(file, media_type=media_type)


@router.get("/api/v1/help/{path:path}")
def help_page(path: str) -> HelpPage:
    return guide.page(path)


@router.get("/api/v1/events", response_class=Response, dependencies=[READ_OR_WRITE])
async def events(
    request: Request, platform: Platform, asker: Asker, last_event_id: str | None = Header(None)
) -> Response:
    """Server-sent events. `event:` is the kind, `data:` JSON {subject, payload}, `id:` the log position.

    Kinds: dataset.registered, dataset.changed, dataset.removed, job.created, job.state, job.progress, chain.run, notice.created,
    quarantine.changed, environment.state, session.expired, resync. Only what the asker may see is sent.
    """
    hub = request.app.state.hub
    who = reader_of(request, platform, asker)
    stream = hub.subscribe(
        who, lambda reader, event: overview.may_see(platform, reader, event), Position.parse(last_event_id)
    )
    headers = {"cache-control": "no-store", "x-accel-buffering": "no"}
    return StreamingResponse(stream, media_type="text/event-stream", headers=headers)


@router.get("/metrics", include_in_schema=False)
def prometheus(request: Request, platform: Platform, asker: Asker) -> Response:
    """For an operator, or a scraper on this machine."""
    local = request.client is not None and request.client.host in _LOOPBACK
    if not (local and "x-forwarded-for" not in request.headers):
        platform.access.require(asker, Action.OPERATE, what="the metrics")
    body = metrics.render(**overview.gauges(platform))
    return Response(body, media_type="text/plain; version=0.0.4")
