"""The way of a desktop's screen to our own page: a websocket of the platform's origin, which shows no page of the session."""

from __future__ import annotations

import asyncio
from contextlib import suppress

import structlog
from anyio import to_thread
from fastapi import APIRouter, WebSocket
from starlette.websockets import WebSocketDisconnect

from pandaas.model import PandaasError
from pandaas.server.services import Services
from pandaas.server.sessions import arrivals
from pandaas.server.sessions.company import Company
from pandaas.server.sessions.greeting import NoGreeting, greet
from pandaas.server.sessions.screen import NotRfb, ScreenFilter
from pandaas.sessions import Entry

log = structlog.get_logger(__name__)
router = APIRouter()
_PIECE = 65_536
_STILL_S = 4.0
_ENDED, _AWAY = 4410, 4503


@router.websocket("/api/v1/sessions/{session_id}/screen")
async def screen(websocket: WebSocket, session_id: str) -> None:
    """RFB over binary messages. Closed with 4403 where the person may not come in, 4410 when the session has ended."""
    await show(websocket, arrivals.of_person(websocket, session_id))


@router.websocket("/api/v1/visit/screen")
async def visited_screen(websocket: WebSocket) -> None:
    """The same for a guest: the screen of the session that she visits."""
    await show(websocket, arrivals.of_guest(websocket))


async def show(websocket: WebSocket, look: arrivals.LookAgain) -> None:
    """Lead whoever `look` finds to the session's screen, for as long as it finds her with the same rights."""
    services: Services = websocket.app.state.services
    entry = await arrivals.admit(websocket, look)
    if entry is None:
        return
    try:
        door = await to_thread.run_sync(services.sessions.open_door, entry.session_id)
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
    try:
        await greet(reader, writer, view_only=entry.may != "full")
    except NoGreeting as error:
        log.warning("screen not shown", session=entry.session_id, reason=str(error))
        writer.close()
        await websocket.close(_AWAY)
        return
    await websocket.accept(subprotocol="binary" if "binary" in websocket.scope.get("subprotocols", ()) else None)
    company: Company = websocket.app.state.company
    new = entry.role != "owner" and company.newly_in(entry)
    if new and not await to_thread.run_sync(services.sessions.presence.lately_inside, entry):
        await to_thread.run_sync(services.sessions.entered, entry)
    with company.present(entry, inside=True):
        await _carry(websocket, services, entry=entry, look=look, reader=reader, writer=writer)


async def _carry(
    websocket: WebSocket,
    services: Services,
    *,
    entry: Entry,
    look: arrivals.LookAgain,
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
) -> None:
    async def inward() -> None:
        await _to_screen(websocket, services, entry, writer)

    async def outward() -> None:
        while piece := await reader.read(_PIECE):
            await websocket.send_bytes(piece)

    async def watch() -> None:
        while await to_thread.run_sync(look) == entry:
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


async def _to_screen(websocket: WebSocket, services: Services, entry: Entry, writer: asyncio.StreamWriter) -> None:
    """What the browser says, as far as it may. Raises `NotRfb` for what is no message."""
    said = ScreenFilter(view_only=entry.may != "full")
    while True:
        if answer := said.answer():
            await websocket.send_bytes(answer)
        seen = said.input_seen
        writer.write(said.feed(await websocket.receive_bytes()))
        await writer.drain()
        if said.input_seen > seen and entry.may == "full":
            services.sessions.activity.note(entry.session_id)
