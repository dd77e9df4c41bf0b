"""What stands before every request of every application: the headers of its answer, its id, its line in the log.

Pure ASGI, so that streams pass through untouched. Who may come in is decided by `admit` (`security.Gate`, `view.KeyGate`).
"""

from __future__ import annotations

import secrets
import time
from urllib.parse import urlsplit

import structlog
from starlette.datastructures import MutableHeaders
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from pandaas.model import PandaasError
from pandaas.server import problems

log = structlog.get_logger(__name__)
DATA_PATHS = ("/api/", "/h5grove/", "/zarr/", "/c/", "/hub/api/")
# What everybody may read, the pages of other sites may read too; they send neither cookie nor token.
_OF_EVERYBODY = {
    "access-control-allow-origin": "*",
    "access-control-expose-headers": "ETag, Content-Range",
    "cross-origin-resource-policy": "cross-origin",
}
CONTENT_SECURITY_POLICY = (
    "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:; font-src 'self' data:; connect-src 'self'; worker-src 'self' blob:; object-src 'none'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)


def policy_with_sessions(hosts: str) -> str:
    """The policy of pages that open sessions: by forms that go to these hosts."""
    return CONTENT_SECURITY_POLICY.replace("form-action 'self'", f"form-action 'self' {hosts}")


_HEADERS = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), microphone=(), geolocation=()",
}
_RAW_HEADERS = [(name.encode(), value.encode()) for name, value in _HEADERS.items()]
RawHeaders = list[tuple[bytes, bytes]]


class Door:
    """The middleware; one instance per application."""

    def __init__(self, app: ASGIApp, *, policy: str = CONTENT_SECURITY_POLICY) -> None:
        self.app = app
        self._headers: RawHeaders = [(b"content-security-policy", policy.encode()), *_RAW_HEADERS]

    async def admit(self, connection: HTTPConnection) -> ASGIApp | None:
        """Raise a `PandaasError` to refuse the request, or return what answers it instead of the application."""
        raise NotImplementedError

    def refused(self, connection: HTTPConnection, error: PandaasError) -> ASGIApp:
        """What is said to whom `admit` refused."""
        return problems.of_error(error, connection.state.request_id)

    def answered(self, method: str, route: str, status: int, seconds: float) -> None:
        """Called after each answer."""

    def served(self, connection: HTTPConnection, status: int, size: int) -> None:
        """Called after each answer with the bytes of its body."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        request_id = secrets.token_hex(8)
        connection = HTTPConnection(scope)
        connection.state.request_id = request_id
        structlog.contextvars.bind_contextvars(request_id=request_id)
        started = time.perf_counter()
        status, size = 500, 0

        async def send_with_headers(message: Message) -> None:
            nonlocal status, size
            if message["type"] == "http.response.body":
                size += len(message.get("body", b""))
            elif message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = self._complete(list(message["headers"]), scope, connection, request_id)
            await send(message)

        try:
            answer = await self._answer(connection)
            await answer(scope, receive, send_with_headers)
        finally:
            seconds = time.perf_counter() - started
            self.answered(scope["method"], getattr(scope.get("route"), "path", "page"), status, seconds)
            self.served(connection, status, size)
            log.debug(
                "request",
                method=scope["method"],
                path=problems.masked(scope["path"]),
                status=status,
                ms=round(seconds * 1000, 1),
            )
            structlog.contextvars.unbind_contextvars("request_id")

    def _complete(self, headers: RawHeaders, scope: Scope, connection: HTTPConnection, request_id: str) -> RawHeaders:
        """An answer's headers with what is missing; written for speed, since every answer goes through here."""
        if _is_of_everybody(connection):
            MutableHeaders(raw=headers).update(_OF_EVERYBODY)
        present = {name for name, _ in headers}
        headers += [(name, value) for name, value in self._headers if name not in present]
        headers.append((b"x-request-id", request_id.encode()))
        if scope["path"].startswith(DATA_PATHS):
            if b"cache-control" not in present:
                headers.append((b"cache-control", b"private, no-cache"))
            if b"vary" in present:
                MutableHeaders(raw=headers).add_vary_header("Cookie, Authorization")
            else:
                headers.append((b"vary", b"Cookie, Authorization"))
        return headers

    async def _answer(self, connection: HTTPConnection) -> ASGIApp:
        try:
            return await self.admit(connection) or self.app
        except PandaasError as error:
            return self.refused(connection, error)


def _is_of_everybody(connection: HTTPConnection) -> bool:
    if not connection.scope["path"].startswith("/zarr/"):
        return False
    return not ("cookie" in connection.headers or "authorization" in connection.headers)


def host_of(connection: HTTPConnection) -> str:
    """The name that the client used for this server, without port."""
    return urlsplit(f"//{connection.headers.get('host', '')}").hostname or ""


def bearer(connection: HTTPConnection, *, as_of_hubs: bool = False) -> str | None:
    """The token that the request carries, if any; programs for a JupyterHub write `token` instead of `Bearer`."""
    scheme, _, text = connection.headers.get("authorization", "").partition(" ")
    named = scheme.lower() == "bearer" or (as_of_hubs and scheme.lower() == "token")
    return text.strip() if named and text.strip() else None
