"""What only the page needs: home, help, operator's overview, health, events, metrics."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from pandaas.server.schemas import HealthOut, HelpEntry, HelpPage, HomeOut, OperatorOut
from pandaas.server.services import Asker, Platform, Signed

router = APIRouter(prefix="/api/v1", tags=["portal"])


@router.get("/home")
def home(platform: Platform, asker: Asker) -> HomeOut:
    raise NotImplementedError


@router.get("/operator")
def operator(platform: Platform, asker: Signed) -> OperatorOut:
    raise NotImplementedError


@router.get("/health")
def health(request: Request, response: Response) -> HealthOut:
    """200 only when migrations have run and (demo) the data are in, else 503."""
    raise NotImplementedError


@router.get("/help")
def help_index() -> list[HelpEntry]:
    raise NotImplementedError


@router.get("/help/{path:path}")
def help_page(path: str) -> HelpPage:
    raise NotImplementedError


@router.get("/events", response_class=Response)
async def events(request: Request, asker: Asker) -> Response:
    """Server-sent events. `event:` is the kind, `data:` JSON {subject, payload}, `id:` the log position.

    Kinds: dataset.registered, dataset.changed, dataset.removed, job.created, job.state, job.progress, notice.created,
    quarantine.changed, environment.state, session.expired. Only what the asker may see is sent.
    """
    raise NotImplementedError
