"""The part of JupyterHub's REST API by which programs such as `jupyterhub-idle-culler` stop idle servers.

https://jupyterhub.readthedocs.io/en/stable/reference/rest-api.html. Sessions are named servers. Stopping one lets it
hibernate; nothing is ever deleted by way of this interface.
"""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from starlette.datastructures import URL

from pandaas.model import NotAllowed, NotFound
from pandaas.server.schemas import (
    HubNextOut,
    HubPlaceOut,
    HubServerOut,
    HubUserOut,
    HubUsersOut,
    HubVersionOut,
)
from pandaas.server.services import Platform, Signed
from pandaas.sessions import HubPage, HubPerson, Server, ServerState

router = APIRouter(prefix="/hub/api", tags=["jupyterhub"])
_VERSION = "5.0.0"  # of JupyterHub whose REST API this is a part of
_PAGES = "application/jupyterhub-pagination+json"
_PAGE, _LONGEST_PAGE = 50, 200
_NEVER = "Nothing is deleted by way of this interface."

State = Annotated[ServerState | None, Query(description="Only people with ready or active sessions, or with none.")]
Stopped = Annotated[bool, Query(description="Also sessions that hibernate.")]


@router.get("/")
def hub_version(platform: Platform, asker: Signed) -> HubVersionOut:
    """The version of JupyterHub's REST API that is spoken."""
    platform.sessions.hub.require(asker)
    return HubVersionOut(version=_VERSION)


@router.get("/info")
def hub_info(platform: Platform, asker: Signed) -> HubVersionOut:
    """The same, where older programs ask for it."""
    return hub_version(platform, asker)


@router.get("/users")
def hub_users(
    request: Request,
    platform: Platform,
    asker: Signed,
    state: State = None,
    offset: Annotated[int, Query(ge=0)] = 0,
    limit: Annotated[int, Query(ge=1)] = _PAGE,
    include_stopped_servers: Stopped = False,
) -> list[HubUserOut] | HubUsersOut:
    """People with their sessions, in pages for who accepts `application/jupyterhub-pagination+json`."""
    limit = min(limit, _LONGEST_PAGE)
    page = platform.sessions.hub.people(asker, state, offset=offset, limit=limit, stopped=include_stopped_servers)
    users = [_user(one) for one in page.people]
    if _PAGES not in request.headers.get("accept", ""):
        return users
    return HubUsersOut(items=users, _pagination=_place(request.url, page, offset, limit))


@router.get("/users/{name}")
def hub_user(name: str, platform: Platform, asker: Signed, include_stopped_servers: Stopped = False) -> HubUserOut:
    """One person with her sessions."""
    return _user(platform.sessions.hub.person(asker, name, stopped=include_stopped_servers))


@router.delete("/users/{name}", status_code=204)
def delete_hub_user(name: str, platform: Platform, asker: Signed) -> None:
    """People are not deleted by idleness: always refused."""
    platform.sessions.hub.require(asker)
    raise NotAllowed(_NEVER, remedy="Call the culler without --cull-users.")


@router.delete("/users/{name}/server", status_code=204)
def stop_hub_server(name: str, platform: Platform, asker: Signed) -> None:
    """The server without a name; there is none here."""
    platform.sessions.hub.person(asker, name)
    raise NotFound("Sessions are servers with names.", remedy="Use /users/{name}/servers/{server}.")


@router.delete("/users/{name}/servers/{server}", status_code=204)
def stop_hub_named_server(name: str, server: str, platform: Platform, asker: Signed, response: Response) -> None:
    """Let a session hibernate, also where the request says `remove`. 202 while its program still ends."""
    if not platform.sessions.hub.stop(asker, name, server):
        response.status_code = 202


def _place(url: URL, page: HubPage, offset: int, limit: int) -> HubPlaceOut:
    following = offset + limit
    more = HubNextOut(
        offset=following, limit=limit, url=str(url.include_query_params(offset=following, limit=limit))
    )  # fmt: skip
    return HubPlaceOut(offset=offset, limit=limit, total=page.total, next=more if following < page.total else None)


def _user(person: HubPerson) -> HubUserOut:
    return HubUserOut(
        name=person.user,
        admin=person.is_operator,
        roles=["admin", "user"] if person.is_operator else ["user"],
        created=person.created,
        last_activity=person.last_activity,
        servers={one.session_id: _server(person, one) for one in person.servers},
    )


def _server(person: HubPerson, server: Server) -> HubServerOut:
    return HubServerOut(
        name=server.session_id,
        full_name=f"{person.user}/{server.session_id}",
        ready=server.ready,
        stopped=server.stopped,
        pending=server.pending,
        started=server.started,
        last_activity=server.last_activity,
        url=f"/sessions/{server.session_id}",
        progress_url=f"/api/v1/sessions/{server.session_id}",
        user_options={"title": server.title, "program": server.program, "datasets": list(server.datasets)},
    )
