"""The websocket beside a session: who is here, pointers, and that something was said. Text of a few bytes each way."""

from __future__ import annotations

import asyncio
import json
from contextlib import suppress
from typing import Any

from anyio import to_thread
from fastapi import APIRouter, WebSocket
from starlette.websockets import WebSocketDisconnect

from pandaas.server.services import Services
from pandaas.server.sessions import arrivals
from pandaas.server.sessions.company import Company, Seat

router = APIRouter()
_STILL_S = 4.0
_PAUSE_S = 0.033  # so many pictures a second do
_MOST_CHARACTERS = 100
_MOST_A_SECOND = 60
_LARGEST = 16_384
_UNFIT, _ENDED, _FULL = 4400, 4410, 4429


@router.websocket("/api/v1/sessions/{session_id}/company")
async def company(websocket: WebSocket, session_id: str) -> None:
    """The page sends `{"x", "y"}` in pixels of the screen, `{}` when it points nowhere, `{"ping"}` to be answered."""
    await keep(websocket, arrivals.of_person(websocket, session_id))


@router.websocket("/api/v1/visit/company")
async def visited_company(websocket: WebSocket) -> None:
    """The same for a guest."""
    await keep(websocket, arrivals.of_guest(websocket))


async def keep(websocket: WebSocket, look: arrivals.LookAgain) -> None:
    entry = await arrivals.admit(websocket, look)
    if entry is None:
        return
    everybody: Company = websocket.app.state.company
    if everybody.is_full(entry.session_id):
        await websocket.close(_FULL)
        return
    await websocket.accept()
    services: Services = websocket.app.state.services
    with everybody.present(entry, inside=False) as seat:
        tasks = {
            asyncio.create_task(_listen(websocket, everybody, seat)),
            asyncio.create_task(_tell(websocket, everybody, seat)),
            asyncio.create_task(_watch(services, seat, look)),
        }
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in tasks:
            task.cancel()
        found = await asyncio.gather(*tasks, return_exceptions=True)
    if not any(isinstance(one, WebSocketDisconnect) for one in found):
        with suppress(RuntimeError):
            await websocket.close(_UNFIT if any(isinstance(one, ValueError) for one in found) else _ENDED)


async def _listen(websocket: WebSocket, everybody: Company, seat: Seat) -> None:
    """Raises `ValueError` for what our page would not send. What comes too fast is left out."""
    loop = asyncio.get_running_loop()
    second, count = 0.0, 0
    while True:
        message = await websocket.receive()
        if message["type"] == "websocket.disconnect":
            raise WebSocketDisconnect(message.get("code", 1005))
        text = message.get("text")
        if text is None or len(text) > _MOST_CHARACTERS:
            raise ValueError("no text, or too long")
        said = json.loads(text)
        if not isinstance(said, dict):
            raise ValueError("no message")
        if loop.time() - second >= 1:
            second, count = loop.time(), 0
        count += 1
        if count > _MOST_A_SECOND:
            continue
        if "ping" in said:
            await websocket.send_text(json.dumps({"type": "pong", "ping": _number(said["ping"])}))
        else:
            everybody.point(seat, (_number(said["x"]), _number(said["y"])) if "x" in said and "y" in said else None)


async def _tell(websocket: WebSocket, everybody: Company, seat: Seat) -> None:
    await websocket.send_text(json.dumps({"type": "you", "who": str(seat.entry.who)}))
    while True:
        await seat.stirred.wait()
        if seat.people:
            seat.people = False
            people: dict[str, Any] = {"type": "people", "people": everybody.people(seat.entry.session_id)}
            await websocket.send_text(json.dumps(people))
        for one in seat.news():
            await websocket.send_text(json.dumps(one))
        await asyncio.sleep(_PAUSE_S)


async def _watch(services: Services, seat: Seat, look: arrivals.LookAgain) -> None:
    """Until she may no longer. What was said through another process is noticed here."""
    session_id, last = seat.entry.session_id, 0
    while await to_thread.run_sync(look) == seat.entry:
        now = await to_thread.run_sync(services.sessions.messages.last, session_id)
        if now != last:
            last, seat.chat = now, True
            seat.stirred.set()
        await asyncio.sleep(_STILL_S)


def _number(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= _LARGEST:
        raise ValueError("no whole number of pixels")
    return value
