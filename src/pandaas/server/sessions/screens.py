"""The way of a desktop's screen to our own page: a websocket of the platform's origin, which shows no page of the session."""

from __future__ import annotations

import asyncio
from contextlib import suppress

from anyio import to_thread
from fastapi import APIRouter, WebSocket
from starlette.websockets import WebSocketDisconnect

from pandaas.model import PandaasError, Principal
from pandaas.server.cookies import cookie_secret
from pandaas.server.services import Services
from pandaas.server.sessions.addresses import Addresses
from pandaas.server.sessions.screen import NotRfb, ScreenFilter

router = APIRouter()
_PIECE = 65_536
_STILL_S = 4.0
_REFUSED, _ENDED, _AWAY = 4403, 4410, 4503


@router.websocket("/api/v1/sessions/{session_id}/screen")
async def screen(websocket: WebSocket, session_id: str) -> None:
    """RFB over binary messages. Closed with 4403 where the person may not come in, 4410 when the session has ended."""
    services: Services = websocket.app.state.services
    if websocket.headers.get("origin") not in Addresses(services.settings).platform(websocket):
        await websocket.close(_REFUSED)
        return
    may = await to_thread.run_sync(_may, services, websocket, session_id)
    if may is None:
        await websocket.close(_REFUSED)
        return
    try:
        door = await to_thread.run_sync(services.sessions.open_door, session_id)
    except PandaasError:
        await websocket.close(_ENDED)
        return
    try:
        reader, writer = await asyncio.open_unix_connection(door.path)
    except OSError:
        await websocket.close(_AWAY)
        return
    finally:
        door.close()
    await websocket.accept(subprotocol="binary" if "binary" in websocket.scope.get("subprotocols", ()) else None)
    await _carry(websocket, services, session_id=session_id, may=may, reader=reader, writer=writer)


async def _carry(
    websocket: WebSocket,
    services: Services,
    *,
    session_id: str,
    may: str,
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
) -> None:
    said = ScreenFilter(view_only=may != "full")

    async def inward() -> None:
        while True:
            seen = said.input_seen
            writer.write(said.feed(await websocket.receive_bytes()))
            await writer.drain()
            if said.input_seen > seen and may == "full":
                services.sessions.activity.note(session_id)

    async def outward() -> None:
        while piece := await reader.read(_PIECE):
            await websocket.send_bytes(piece)

    async def watch() -> None:
        while await to_thread.run_sync(_may, services, websocket, session_id) == may:
            await asyncio.sleep(_STILL_S)

    tasks = {asyncio.create_task(one()) for one in (inward, outward, watch)}
    _done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    for task in tasks:
        task.cancel()
    found = await asyncio.gather(*tasks, return_exceptions=True)
    writer.close()
    if not any(isinstance(one, WebSocketDisconnect) for one in found):
        with suppress(RuntimeError):
            await websocket.close(4400 if any(isinstance(one, NotRfb) for one in found) else _ENDED)


def _may(services: Services, websocket: WebSocket, session_id: str) -> str | None:
    """What the person of this browser may do in the session now."""
    secret = cookie_secret(websocket)
    principal: Principal | None = services.identity.principal_of_cookie(secret) if secret else None
    if principal is None:
        return None
    try:
        return services.sessions.may(principal, session_id)
    except PandaasError:
        return None
