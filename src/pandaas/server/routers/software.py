"""The software catalogue: what is installed here, what uses it, and what is not installed."""

from __future__ import annotations

from fastapi import APIRouter, Response

from pandaas.model import Action
from pandaas.server import software
from pandaas.server.schemas import SoftwareOut
from pandaas.server.services import READ_OR_WRITE, Platform, Signed

router = APIRouter(prefix="/api/v1/software", tags=["software"], dependencies=[READ_OR_WRITE])


@router.get("")
def list_software(platform: Platform, asker: Signed) -> list[SoftwareOut]:
    return software.catalogue(platform)


@router.post("/{environment}/check")
def check_software(environment: str, platform: Platform, asker: Signed) -> SoftwareOut:
    """Import the environment's codes now, in the sandbox, and keep what was found; operators only."""
    platform.access.require(asker, Action.OPERATE, what="the health of software")
    platform.runtime.environments.check(environment)
    return software.entry(platform, environment)


@router.get("/{environment}/log", response_class=Response)
def build_log(environment: str, platform: Platform, asker: Signed) -> Response:
    """What was said while the environment was built; operators only."""
    platform.access.require(asker, Action.OPERATE, what="build logs")
    text = platform.runtime.environments.log(environment)
    return Response(text, media_type="text/plain; charset=utf-8", headers={"Cache-Control": "no-store"})
