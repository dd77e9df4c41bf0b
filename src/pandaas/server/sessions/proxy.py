"""The reverse proxy: requests and websockets of browsers to the socket of a session, as they come.

Nothing is kept in memory on the way: bodies pass piece by piece, at the pace of the slower side. The cookie of the session
and every credential of the platform are left out; what the session says about frames and other sites is replaced.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial

import httpx
from anyio import to_thread
from starlette.requests import Request
from starlette.types import Receive, Scope, Send
from websockets.asyncio.client import ClientConnection, unix_connect
from websockets.exceptions import ConnectionClosed, WebSocketException

from pandaas.model import PandaasError, Unavailable
from pandaas.sessions import Doorway, SessionService

_HOP = frozenset(
    {
        "connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "proxy-connection", "te", "trailer",
        "transfer-encoding", "upgrade",
    }
)  # fmt: skip
_NOT_IN = _HOP | {
    "cookie",
    "authorization",
    "forwarded",
    "x-forwarded-for",
    "x-forwarded-host",
    "x-forwarded-proto",
    "x-real-ip",
}
_NOT_OUT = _HOP | {
    "set-cookie", "content-security-policy", "content-security-policy-report-only", "x-frame-options", "clear-site-data",
    "strict-transport-security", "access-control-allow-origin", "access-control-allow-credentials", "server", "date",
}  # fmt: skip
_NOT_IN_WEBSOCKET = _NOT_IN | {"host", "origin", "content-length", "user-agent"}
HEADERS = {
    "content-security-policy": "frame-ancestors 'self'; object-src 'none'",
    "referrer-policy": "same-origin",
    "x-content-type-options": "nosniff",
}
"""Of everything that is answered in a session's name: it is framed by pages of its own host and by nobody else."""
_OURS = "pandaas"
_STILL_S = 4.0
LOOK_AGAIN_S = 2.0  # as long as keys are remembered; a door that is gone before is noticed when nobody answers


@dataclass
class _Upstream:
    door: Doorway
    client: httpx.AsyncClient
    looked: float  # when its door was last found to be the same


class Proxy:
    """One per application; connections to each session are kept open as long as its socket is the same."""

    def __init__(self) -> None:
        self._upstreams: dict[str, _Upstream] = {}
        self._lock = asyncio.Lock()

    async def http(self, request: Request, send: Send, sessions: SessionService, session_id: str) -> None:
        """Answer the request by what the session answers; `Unavailable` when it doesn't."""
        answer = await self._asked(request, sessions, session_id)
        try:
            start = {
                "type": "http.response.start",
                "status": answer.status_code,
                "headers": _outward(answer),
            }
            await send(start)
            async for piece in answer.aiter_raw():
                await send({"type": "http.response.body", "body": piece, "more_body": True})
            await send({"type": "http.response.body", "body": b"", "more_body": False})
        finally:
            await answer.aclose()

    async def _asked(
        self, request: Request, sessions: SessionService, session_id: str, *, again: bool = True
    ) -> httpx.Response:
        """The head of the session's answer. Where nobody listens at the socket that is known it is looked at once `again`: the
        session may have been resumed since, and nothing was sent yet."""
        upstream = await self._upstream(sessions, session_id)
        target = httpx.URL(scheme="http", host="session", raw_path=_target(request.scope))
        headers = _inward(request.headers.items(), _NOT_IN)
        has_body = "content-length" in request.headers or "transfer-encoding" in request.headers
        outgoing = upstream.client.build_request(
            request.method, target, headers=headers, content=request.stream() if has_body else None
        )
        try:
            return await upstream.client.send(outgoing, stream=True)
        except httpx.HTTPError as error:
            await self._drop(session_id, upstream)
            if again and isinstance(error, httpx.ConnectError):
                return await self._asked(request, sessions, session_id, again=False)
            raise Unavailable("The session doesn't answer.", remedy="Wait a moment and reload the page.") from error

    async def websocket(
        self,
        scope: Scope,
        receive: Receive,
        send: Send,
        sessions: SessionService,
        session_id: str,
        *,
        still: Callable[[], Awaitable[bool]],
        watching: bool = False,
    ) -> None:
        """Carry messages both ways until either side ends, or `still` says that the browser may no longer.

        Of a browser that is only `watching` nothing is carried to the session.
        """
        await receive()  # websocket.connect
        try:
            door = await to_thread.run_sync(sessions.open_door, session_id)
        except PandaasError:
            await send({"type": "websocket.close", "code": 1013})
            return
        try:
            upstream = await unix_connect(
                door.path,
                uri=f"ws://{_header(scope, 'host')}{_target(scope).decode('ascii')}",
                origin=_header(scope, "origin") or None,
                additional_headers=_inward(
                    ((name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"]),
                    _NOT_IN_WEBSOCKET | _websocket_headers(scope),
                ),
                subprotocols=scope.get("subprotocols") or None,
                compression=None,
                max_size=None,
                ping_interval=None,
                open_timeout=10,
            )
        except (OSError, WebSocketException, TimeoutError):
            await send({"type": "websocket.close", "code": 1013})
            return
        finally:
            door.close()
        await send({"type": "websocket.accept", "subprotocol": upstream.subprotocol})
        note = partial(sessions.activity.note, session_id)
        inward = asyncio.create_task(_leave_out(receive) if watching else _to_session(receive, upstream, note))
        outward = asyncio.create_task(_to_browser(upstream, send))
        watch = asyncio.create_task(_watch(still))
        try:
            await asyncio.wait({inward, outward, watch}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (inward, outward, watch):
                task.cancel()
            await asyncio.gather(inward, outward, watch, return_exceptions=True)
            await upstream.close()
            if not inward.done() or inward.cancelled():
                await _close(send)

    async def close(self) -> None:
        """Let all sessions go (the platform stops)."""
        async with self._lock:
            for session_id in list(self._upstreams):
                await self._forget(session_id)

    async def _upstream(self, sessions: SessionService, session_id: str) -> _Upstream:
        async with self._lock:
            found, now = self._upstreams.get(session_id), time.monotonic()
            if found is not None and now - found.looked < LOOK_AGAIN_S:
                return found
            door = await to_thread.run_sync(sessions.open_door, session_id)
            if found is not None and found.door.identity == door.identity:
                door.close()
                found.looked = now
                return found
            if found is not None:
                await self._forget(session_id)
            transport = httpx.AsyncHTTPTransport(uds=door.path, limits=httpx.Limits(max_keepalive_connections=8))
            client = httpx.AsyncClient(transport=transport, timeout=httpx.Timeout(10.0, read=None, write=None))
            self._upstreams[session_id] = _Upstream(door, client, now)
            return self._upstreams[session_id]

    async def _drop(self, session_id: str, upstream: _Upstream) -> None:
        async with self._lock:
            if self._upstreams.get(session_id) is upstream:
                await self._forget(session_id)

    async def _forget(self, session_id: str) -> None:
        upstream = self._upstreams.pop(session_id)
        await upstream.client.aclose()
        upstream.door.close()


async def _to_session(receive: Receive, upstream: ClientConnection, note: Callable[[], None]) -> None:
    while True:
        message = await receive()
        if message["type"] == "websocket.disconnect":
            return
        note()
        data = message.get("bytes")
        try:
            await upstream.send(data if data is not None else message.get("text") or "")
        except ConnectionClosed:
            return


async def _leave_out(receive: Receive) -> None:
    while (await receive())["type"] != "websocket.disconnect":
        pass


async def _to_browser(upstream: ClientConnection, send: Send) -> None:
    async for data in upstream:
        if isinstance(data, str):
            await send({"type": "websocket.send", "text": data})
        else:
            await send({"type": "websocket.send", "bytes": data})


async def _watch(still: Callable[[], Awaitable[bool]]) -> None:
    while await still():
        await asyncio.sleep(_STILL_S)


async def _close(send: Send) -> None:
    try:
        await send({"type": "websocket.close", "code": 1001})
    except RuntimeError:
        return  # the browser was faster


def _target(scope: Scope) -> bytes:
    path: bytes = scope.get("raw_path") or scope["path"].encode("ascii", "replace")
    query: bytes = scope["query_string"]
    return path.partition(b"?")[0] + (b"?" + query if query else b"")


def _header(scope: Scope, name: str) -> str:
    wanted = name.encode()
    return next((value.decode("latin-1") for key, value in scope["headers"] if key == wanted), "")


def _websocket_headers(scope: Scope) -> set[str]:
    names = (name.decode("latin-1") for name, _ in scope["headers"])
    return {name for name in names if name.startswith("sec-websocket-")}


def own_cookies(headers: Mapping[str, str]) -> str:
    """Of the browser's cookies those that the session has set itself."""
    return "; ".join(value for name, value in _inward(headers.items(), frozenset()) if name == "cookie")


def _inward(headers: Iterable[tuple[str, str]], left_out: frozenset[str] | set[str]) -> list[tuple[str, str]]:
    """What the session gets to see: no credential of ours, only the cookies that it has set itself."""
    kept: list[tuple[str, str]] = []
    for name, value in headers:
        if name == "cookie":
            own = [one for one in (part.strip() for part in value.split(";")) if one and not _is_ours(one)]
            if own:
                kept.append(("cookie", "; ".join(own)))
        elif name not in left_out:
            kept.append((name, value))
    return kept


def _is_ours(cookie: str) -> bool:
    name = cookie.partition("=")[0].strip()
    return name.removeprefix("__Host-").startswith(_OURS)


def _outward(answer: httpx.Response) -> list[tuple[bytes, bytes]]:
    """Headers for the browser."""
    kept = [(name.lower(), value) for name, value in answer.headers.raw if name.lower().decode() not in _NOT_OUT]
    kept += [(b"set-cookie", _own_cookie(value)) for name, value in answer.headers.raw if name.lower() == b"set-cookie"]
    kept += [(name.encode(), value.encode()) for name, value in HEADERS.items()]
    return kept


def _own_cookie(value: bytes) -> bytes:
    """A cookie that the session sets: for its own host alone, never one of ours."""
    parts = [part.strip() for part in value.decode("latin-1").split(";")]
    if _is_ours(parts[0]):
        return b"pandaas-refused=; Max-Age=0"
    fixed = ("domain", "samesite", "partitioned")
    kept = [part for part in parts[1:] if part.partition("=")[0].strip().lower() not in fixed]
    return "; ".join([parts[0], *kept, "SameSite=Lax"]).encode("latin-1")
