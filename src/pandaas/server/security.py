"""What stands before every request: host check, identity, cross-site protection, response headers, request ids.

Pure ASGI, so that streams pass through untouched.
"""

from __future__ import annotations

import secrets
import time
from urllib.parse import urlsplit

import structlog
from anyio import to_thread
from starlette.datastructures import MutableHeaders
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from pandaas.config import Settings
from pandaas.identity import Identity
from pandaas.model import ANONYMOUS, InvalidInput, NotAllowed, PandaasError, Principal, TooLarge
from pandaas.server import metrics, problems
from pandaas.server.cookies import cookie_secret

log = structlog.get_logger(__name__)
_SAFE = {"GET", "HEAD", "OPTIONS"}
_LOOPBACK = {"127.0.0.1", "localhost", "::1"}
_IDENTIFIED = ("/api/", "/h5grove/", "/metrics")
_MAX_JSON = 8 * 1024 * 1024
CONTENT_SECURITY_POLICY = (
    "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:; font-src 'self' data:; connect-src 'self'; worker-src 'self' blob:; object-src 'none'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
_HEADERS = {
    "content-security-policy": CONTENT_SECURITY_POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), microphone=(), geolocation=()",
}


class Gate:
    """The middleware; one instance per application."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self.app = app
        self.settings = settings
        self._hosts = set(_LOOPBACK)
        if settings.server.public_url:
            self._hosts.add(urlsplit(settings.server.public_url).hostname or "")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        request_id = secrets.token_hex(8)
        connection = HTTPConnection(scope)
        connection.state.request_id = request_id
        structlog.contextvars.bind_contextvars(request_id=request_id)
        started = time.perf_counter()
        status = 500

        async def send_with_headers(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
                headers["x-request-id"] = request_id
                if scope["path"].startswith(("/api/", "/h5grove/")):
                    headers.setdefault("cache-control", "private, no-cache")
                    headers.add_vary_header("Cookie, Authorization")
            await send(message)

        try:
            await self._admit(connection)
        except PandaasError as error:
            await problems.of_error(error, request_id)(scope, receive, send_with_headers)
        else:
            await self.app(scope, receive, send_with_headers)
        finally:
            seconds = time.perf_counter() - started
            route = getattr(scope.get("route"), "path", "page")
            metrics.observe_request(scope["method"], route, status, seconds)
            log.debug("request", method=scope["method"], path=scope["path"], status=status, ms=round(seconds * 1000, 1))
            structlog.contextvars.unbind_contextvars("request_id")

    async def _admit(self, connection: HTTPConnection) -> None:
        self._check_host(connection)
        connection.state.principal = ANONYMOUS
        if not connection.scope["path"].startswith(_IDENTIFIED):
            return
        _check_size(connection)
        bearer = _bearer(connection)
        identity = self._identity(connection)
        if identity is None:
            return
        if bearer is not None:
            connection.state.principal = await to_thread.run_sync(identity.principal_of_token, bearer)
            return
        secret = cookie_secret(connection)
        if connection.scope["method"] not in _SAFE:
            self._check_same_site(connection, with_cookie=secret is not None)
        if secret is not None:
            found: Principal | None = await to_thread.run_sync(identity.principal_of_cookie, secret)
            connection.state.principal = found or ANONYMOUS

    def _check_host(self, connection: HTTPConnection) -> None:
        """A page elsewhere can't reach us by pointing its own name at our address."""
        host = urlsplit(f"//{connection.headers.get('host', '')}").hostname or ""
        if host not in self._hosts and not self._listens_beyond_loopback():
            raise InvalidInput(
                f"This server doesn't answer as '{host[:100]}'.",
                remedy="Set server.public_url to the address that browsers use.",
                field="Host",
            )

    def _listens_beyond_loopback(self) -> bool:
        return self.settings.server.host not in _LOOPBACK and self.settings.server.public_url is None

    def _check_same_site(self, connection: HTTPConnection, *, with_cookie: bool) -> None:
        """Browsers name the origin of every request that changes something; only who has no cookie may leave it out."""
        origin = connection.headers.get("origin")
        allowed = {f"{connection.url.scheme}://{connection.headers.get('host', '')}"}
        if self.settings.server.public_url:
            parts = urlsplit(self.settings.server.public_url)
            allowed.add(f"{parts.scheme}://{parts.netloc}")
        if origin is None and not with_cookie:
            origin = next(iter(allowed))
        if connection.headers.get("x-pandaas") != "1" or origin not in allowed:
            raise NotAllowed(
                "This request did not come from the platform's own page.",
                remedy="Programs send a token as 'Authorization: Bearer …'; pages send the header 'X-PaNDAaS: 1'.",
                field="Origin",
            )

    @staticmethod
    def _identity(connection: HTTPConnection) -> Identity | None:
        services = getattr(connection.app.state, "services", None)
        found: Identity | None = services.identity if services is not None else None
        return found


def _bearer(connection: HTTPConnection) -> str | None:
    scheme, _, text = connection.headers.get("authorization", "").partition(" ")
    return text.strip() if scheme.lower() == "bearer" and text.strip() else None


def _check_size(connection: HTTPConnection) -> None:
    if connection.scope["method"] == "PATCH" and connection.scope["path"].startswith("/api/v1/uploads/"):
        return
    length = connection.headers.get("content-length", "0")
    if not length.isdigit() or int(length) > _MAX_JSON:
        raise TooLarge("This request is larger than 8 MB.", remedy="Send files through an upload.")
