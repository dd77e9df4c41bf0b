"""A web program on a unix socket: shows what arrives, and runs commands, as a hostile person in a session would."""

from __future__ import annotations

import subprocess
import sys

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect


async def seen(request: Request) -> JSONResponse:
    answer = JSONResponse({"headers": dict(request.headers), "files": sys.argv[2:]})
    answer.headers["access-control-allow-origin"] = "*"
    answer.raw_headers.append((b"set-cookie", b"own=1; Domain=localhost; Path=/"))
    answer.raw_headers.append((b"set-cookie", b"pandaas-session=stolen; Path=/"))
    return answer


async def run(request: Request) -> PlainTextResponse:
    done = subprocess.run(
        ["/bin/bash", "-c", (await request.body()).decode()], capture_output=True, text=True, timeout=30, check=False
    )
    return PlainTextResponse(done.stdout + done.stderr)


async def count(request: Request) -> PlainTextResponse:
    size = 0
    async for piece in request.stream():
        size += len(piece)
    return PlainTextResponse(str(size))


async def home(_request: Request) -> Response:
    return PlainTextResponse("probe")


async def echo(websocket: WebSocket) -> None:
    await websocket.accept()
    try:
        while True:
            await websocket.send_text("heard " + await websocket.receive_text())
    except WebSocketDisconnect:
        return


routes = [
    Route("/", home),
    Route("/seen", seen),
    Route("/run", run, methods=["POST"]),
    Route("/count", count, methods=["POST"]),
    WebSocketRoute("/echo", echo),
]
uvicorn.run(Starlette(routes=routes), uds=sys.argv[1], log_level="warning")
