"""Who comes to a session by a websocket of the platform's own origin: resolved when it opens, and again while it is open."""

from __future__ import annotations

from collections.abc import Callable

from anyio import to_thread
from fastapi import WebSocket

from pandaas.model import PandaasError
from pandaas.server.cookies import cookie_secret, visit_secret
from pandaas.server.services import Services
from pandaas.server.sessions.addresses import Addresses
from pandaas.sessions import Entry, Who

REFUSED = 4403
LookAgain = Callable[[], Entry | None]


def of_person(websocket: WebSocket, session_id: str) -> LookAgain:
    """What whoever signed in with this browser may do in the session now."""
    services: Services = websocket.app.state.services
    secret = cookie_secret(websocket)

    def look() -> Entry | None:
        principal = services.identity.principal_of_cookie(secret) if secret else None
        try:
            return services.sessions.inside(session_id, Who(principal.person_id)) if principal is not None else None
        except PandaasError:
            return None

    return look


def of_guest(websocket: WebSocket) -> LookAgain:
    """What the guest who visits with this browser may do in her session now."""
    services: Services = websocket.app.state.services
    secret = visit_secret(websocket)

    def look() -> Entry | None:
        found = services.sessions.invitations.guest(secret) if secret else None
        return services.sessions.inside(found[0].id, found[1].who) if found is not None else None

    return look


async def admit(websocket: WebSocket, look: LookAgain) -> Entry | None:
    """Whom the browser brings; None where the websocket was refused: from another site's page, or by who may not come in."""
    services: Services = websocket.app.state.services
    entry = None
    if websocket.headers.get("origin") in Addresses(services.settings).platform(websocket):
        entry = await to_thread.run_sync(look)
    if entry is None:
        await websocket.close(REFUSED)
    return entry
