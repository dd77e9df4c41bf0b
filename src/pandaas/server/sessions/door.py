"""The door for the hosts of sessions, outermost of all: what is asked of `<id>.<domain>` never reaches the platform.

A session answers on its own host only, to browsers with its own cookie. A ticket, posted by a form of the platform's page,
is exchanged for that cookie. The session fills a tab of its own, since browsers give frames of other sites no storage;
above it our frame says how long it runs and leads back.
"""

from __future__ import annotations

import time
from html import escape
from pathlib import Path
from urllib.parse import parse_qs

import structlog
from anyio import to_thread
from starlette.requests import HTTPConnection, Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from pandaas.config import Settings
from pandaas.model import PandaasError
from pandaas.server.cookies import is_secure
from pandaas.server.door import host_of
from pandaas.server.services import Services
from pandaas.server.sessions.addresses import Addresses
from pandaas.server.sessions.bar import bar_page
from pandaas.server.sessions.company import Company
from pandaas.server.sessions.proxy import LOOK_AGAIN_S, Proxy, own_cookies
from pandaas.server.sessions.shipped import Shipped, is_shipped
from pandaas.sessions import Entry

log = structlog.get_logger(__name__)
ENTER = "/.pandaas/enter"
FRAME = "/.pandaas/"
STATE = "/.pandaas/state"
MAY = "/.pandaas/may"
UNDERSTOOD = "/.pandaas/understood"
EXTEND = "/.pandaas/extend"
COOKIE = "pandaas-session"
_SAFE = {"GET", "HEAD", "OPTIONS"}
_READS = {"GET", "HEAD"}
_ONLY_WATCH = "You only watch this session: nothing is changed."
_MOST_BYTES = 4096
_CLICK_HOURS = 4.0
_MOST_DOORS = 1000
_PAGE = (
    "<!doctype html><html lang=en><meta charset=utf-8><title>{title}</title>"
    "<body style='font-family:sans-serif;max-width:34rem;margin:15vh auto;padding:0 1rem;color:#333'>"
    "<h1 style='font-size:1.3rem'>{title}</h1><p>{text}</p><p><a href='{link}' target=_top>To this session's page</a></p>"
)


def cookie_name(connection: HTTPConnection) -> str:
    return f"__Host-{COOKIE}" if is_secure(connection) else COOKIE


class SessionDoor:
    """ASGI middleware; requests to other hosts pass through."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self.app = app
        self._addresses = Addresses(settings)
        self._proxy = Proxy()
        self._shipped = Shipped()
        self._doors: dict[str, tuple[float, Path]] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in {"http", "websocket"}:
            await self.app(scope, receive, send)
            await self._proxy.close()
            return
        connection = HTTPConnection(scope)
        session_id = self._addresses.session_of(host_of(connection))
        if session_id is None:
            await self.app(scope, receive, send)
            return
        services: Services | None = getattr(scope["app"].state, "services", None)
        if not session_id or services is None:
            await _refuse(scope, receive, send, self._page(connection, "", "There is no such session.", 404))
        elif scope["type"] == "http":
            await self._http(scope, receive, send, services, session_id)
        else:
            await self._websocket(scope, receive, send, services, session_id)

    async def _http(self, scope: Scope, receive: Receive, send: Send, services: Services, session_id: str) -> None:
        request = Request(scope, receive)
        if scope["path"] == ENTER:
            answer = await self._enter(request, services, session_id)
            await answer(scope, receive, send)
            return
        if scope["path"] == MAY:
            await (await self._may(request, services, session_id))(scope, receive, send)
            return
        entry = await self._entry(request, services, session_id)
        refusal = self._refusal(request, session_id, entry, scope["method"])
        if entry is None or refusal is not None:
            await (refusal or Response(status_code=403))(scope, receive, send)
            return
        known = await self._own(request, services, entry) or await self._shipped_file(request, services, session_id)
        if known is not None:
            await known(scope, receive, send)
            return
        if _does_something(request, scope["method"]):
            services.sessions.activity.note(session_id)
        try:
            await self._proxy.http(request, send, services.sessions, session_id)
        except PandaasError as error:
            await self._page(request, session_id, str(error), 502)(scope, receive, send)

    async def _own(self, request: Request, services: Services, entry: Entry) -> Response | None:
        """What our frame above the session's pages asks for."""
        path, posted = request.url.path, request.method == "POST"
        if path in {FRAME, STATE}:
            return await self._frame(request, services, entry)
        if path == UNDERSTOOD and posted:
            if entry.role == "owner":
                await to_thread.run_sync(services.sessions.glances.understood, entry)
            return Response(status_code=204)
        if path == EXTEND and posted:
            return await self._extend(services, entry)
        return None

    async def _shipped_file(self, request: Request, services: Services, session_id: str) -> Response | None:
        if not is_shipped(request):
            return None
        return await to_thread.run_sync(self._shipped.answer, request, services.sessions.software, session_id)

    async def _may(self, request: Request, services: Services, session_id: str) -> Response:
        """What nginx asks before it leads a request to the session itself (`auth_request`): 204 with the session's socket and
        the cookies that it may see, or 403. nginx says the request's own method, and that it is nginx."""
        method = request.headers.get("x-original-method")
        if request.headers.get("x-pandaas-nginx") != "1" or not method:
            return self._page(request, session_id, "There is no such page.", 404)
        entry = await self._entry(request, services, session_id)
        if self._refusal(request, session_id, entry, method) is not None:
            return Response(status_code=403)
        if _does_something(request, method):
            services.sessions.activity.note(session_id)
        try:
            door = await self._shown(services, session_id)
        except PandaasError as error:
            log.warning("nginx can't be led to the session", session=session_id, reason=str(error))
            return Response(status_code=503)
        return Response(
            status_code=204, headers={"x-pandaas-door": str(door), "x-pandaas-cookie": own_cookies(request.headers)}
        )

    async def _shown(self, services: Services, session_id: str) -> Path:
        """The socket that nginx connects to; looked at anew every few seconds, since nginx asks with each request."""
        now = time.monotonic()
        if now - self._doors.get(session_id, (float("-inf"), Path()))[0] >= LOOK_AGAIN_S:
            if len(self._doors) >= _MOST_DOORS:
                self._doors.clear()
            self._doors[session_id] = now, await to_thread.run_sync(services.sessions.door_for_nginx, session_id)
        return self._doors[session_id][1]

    def _refusal(self, request: Request, session_id: str, entry: Entry | None, method: str) -> Response | None:
        """What to answer to a request that may not be led to the session."""
        if entry is None:
            return self._page(request, session_id, "It has ended, or this browser has not been let in.", 403)
        if not self._same_site(request, method):
            return self._page(request, session_id, "Another site tried to use this session.", 403)
        if entry.may != "full" and (method not in _READS or _overrides(request)):
            return JSONResponse({"message": _ONLY_WATCH, "reason": _ONLY_WATCH}, 403)
        return None

    async def _websocket(self, scope: Scope, receive: Receive, send: Send, services: Services, session_id: str) -> None:
        connection = HTTPConnection(scope)
        entry = await self._entry(connection, services, session_id)
        if entry is None or not self._own_origin(connection):
            await _refuse(scope, receive, send, None)
            return

        async def still() -> bool:
            return await self._entry(connection, services, session_id) == entry

        watching = entry.may != "full"
        company: Company = scope["app"].state.company
        with company.present(entry, inside=True):
            await self._proxy.websocket(
                scope, receive, send, services.sessions, session_id, still=still, watching=watching
            )

    async def _enter(self, request: Request, services: Services, session_id: str) -> Response:
        """Exchange a ticket for the cookie. Only a form of the platform's own page may post it."""
        if request.method != "POST" or request.headers.get("origin") not in self._addresses.platform(request):
            return self._page(request, session_id, "Sessions are opened from their page.", 403)
        body = b""
        async for piece in request.stream():
            body += piece
            if len(body) > _MOST_BYTES:
                return self._page(request, session_id, "This is no way into a session.", 413)
        given = parse_qs(body.decode("ascii", "replace"))
        try:
            ticket = given.get("ticket", [""])[0]
            secret = await to_thread.run_sync(services.sessions.exchange, session_id, ticket)
        except PandaasError as error:
            return self._page(request, session_id, str(error), 403)
        entry = await to_thread.run_sync(services.sessions.entry, session_id, secret)
        if entry is not None and entry.role != "owner":
            await to_thread.run_sync(services.sessions.entered, entry)
        answer = RedirectResponse(FRAME, 303)
        answer.set_cookie(
            cookie_name(request), secret, httponly=True, secure=is_secure(request), samesite="lax", path="/"
        )
        return answer

    async def _frame(self, request: Request, services: Services, entry: Entry) -> Response:
        """Our bar above the session's pages, and what the bar shows."""
        said = await to_thread.run_sync(services.sessions.outlook, entry)
        if request.url.path == STATE:
            others = await self._others(request, services, entry)
            told = vars(said) | {"here": f"Here: {', '.join(others)}" if others else ""}
            return JSONResponse(told, headers={"cache-control": "no-store"})
        ahead: list[str] = []
        if not said.ready:
            ahead = await to_thread.run_sync(self._shipped.ahead, services.sessions.software, entry.session_id)
        return bar_page(said, link=self._addresses.platform(request)[0] + said.page, ahead=ahead)

    @staticmethod
    async def _extend(services: Services, entry: Entry) -> Response:
        if entry.role != "owner":
            return JSONResponse({"message": "Only the session's person extends it here."}, 403)
        try:
            await to_thread.run_sync(services.sessions.extend_inside, entry, _CLICK_HOURS)
        except PandaasError as error:
            return JSONResponse({"message": str(error)}, 409)
        return Response(status_code=204)

    @staticmethod
    async def _others(request: Request, services: Services, entry: Entry) -> list[str]:
        """Who else is here: what this process knows, and what the others have told."""
        company: Company = request.app.state.company
        known = {one["who"]: one["name"] for one in company.people(entry.session_id)}
        told = await to_thread.run_sync(services.sessions.presence.elsewhere, "", {entry.session_id})
        names = known | {one.who: one.name for one in told}
        return sorted(name for who, name in names.items() if who != str(entry.who))

    async def _entry(self, connection: HTTPConnection, services: Services, session_id: str) -> Entry | None:
        secret = connection.cookies.get(cookie_name(connection))
        if not secret:
            return None
        return await to_thread.run_sync(services.sessions.entry, session_id, secret)

    def _same_site(self, request: Request, method: str) -> bool:
        """What changes something comes from the session's own pages; so does every part of a page."""
        if method not in _SAFE:
            return self._own_origin(request)
        site = request.headers.get("sec-fetch-site", "none")
        return site in {"none", "same-origin"} or request.headers.get("sec-fetch-mode") == "navigate"

    @staticmethod
    def _own_origin(connection: HTTPConnection) -> bool:
        scheme = "https" if is_secure(connection) else "http"
        return connection.headers.get("origin") == f"{scheme}://{connection.headers.get('host', '')}"

    def _page(self, connection: HTTPConnection, session_id: str, text: str, status: int) -> Response:
        """What a person sees instead of the session."""
        home = self._addresses.platform(connection)[0]
        link = f"{home}/sessions/{session_id}" if session_id else f"{home}/sessions"
        log.debug("session refused", session=session_id, status=status)
        headers = {
            "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'self'",
            "cache-control": "no-store",
        }
        body = _PAGE.format(title="This session is closed", text=escape(text), link=escape(link))
        return HTMLResponse(body, status, headers=headers)


def _does_something(request: Request, method: str) -> bool:
    """Is somebody there? Pages ask for things by themselves; a page that a person went to by a click counts, which browsers
    say and scripts can't (Fetch Metadata)."""
    return method not in _SAFE or request.headers.get("sec-fetch-user") == "?1"


def _overrides(request: Request) -> bool:
    """Some web programs take the method from a header; for who only watches it is what it is."""
    return any(name in request.headers for name in ("x-http-method-override", "x-method-override", "x-http-method"))


async def _refuse(scope: Scope, receive: Receive, send: Send, answer: Response | None) -> None:
    if scope["type"] == "http" and answer is not None:
        await answer(scope, receive, send)
    elif scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.close", "code": 4403})
