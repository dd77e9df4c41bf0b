"""The platform's door: host check, identity, cross-site protection."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from anyio import to_thread
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp

from pandaas.config import Settings
from pandaas.identity import Identity
from pandaas.model import ANONYMOUS, InvalidInput, NotAllowed, Principal, TooLarge
from pandaas.server import metrics
from pandaas.server.cookies import cookie_secret, lens_secret, visit_secret
from pandaas.server.door import Door, bearer, host_of, policy_with_sessions
from pandaas.server.listening import LOOPBACK
from pandaas.server.reading import data_read
from pandaas.server.sessions.addresses import Addresses

_SAFE = {"GET", "HEAD", "OPTIONS"}
# What a provider sends says by its signature who sends it; the search API changes nothing and answers with 404.
_UNGUARDED = re.compile(r"/api/v1/providers/[a-z0-9-]{1,32}/logout|/panosc/.*")
_IDENTIFIED = ("/api/", "/h5grove/", "/zarr/", "/metrics", "/panosc/", "/hub/api/")
_OF_LENSES = ("/api/v1/lens", "/api/v1/session")
_OF_REVIEWERS = ("/api/v1/datasets/", "/api/v1/events", "/api/v1/health", "/api/v1/help", "/h5grove/", "/zarr/")
_READ_WITH = frozenset({200, 206, 304})
_MAX_JSON = 8 * 1024 * 1024
_TAKES_FILES = re.compile("PATCH /api/v1/uploads/.*|PUT /api/v1/sessions/[^/]+/results/[^/]+")


class Gate(Door):
    """The middleware; one instance per application."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        super().__init__(app, policy=policy_with_sessions(Addresses(settings).policy))
        self.settings = settings
        self._hosts = set(LOOPBACK)
        if settings.server.public_url:
            self._hosts.add(urlsplit(settings.server.public_url).hostname or "")

    def answered(self, method: str, route: str, status: int, seconds: float) -> None:
        metrics.observe_request(method, route, status, seconds)

    async def admit(self, connection: HTTPConnection) -> None:
        self._check_host(connection)
        connection.state.principal = ANONYMOUS
        if not connection.scope["path"].startswith(_IDENTIFIED):
            return
        _check_size(connection)
        token = bearer(connection, as_of_hubs=connection.scope["path"].startswith("/hub/api/"))
        identity = self._identity(connection)
        if identity is None:
            return
        if token is not None:
            connection.state.principal = identity.remembered("token", token) or await to_thread.run_sync(
                identity.principal_of_token, token
            )
            return
        secret, lens = cookie_secret(connection), lens_secret(connection)
        if connection.scope["method"] not in _SAFE and not _UNGUARDED.fullmatch(connection.scope["path"]):
            cookies = (secret, lens, visit_secret(connection))
            self._check_same_site(connection, with_cookie=any(one is not None for one in cookies))
        found: Principal | None = None
        if secret is not None:
            found = identity.remembered("cookie", secret) or await to_thread.run_sync(
                identity.principal_of_cookie, secret
            )
            connection.state.principal = found or ANONYMOUS
        if lens is not None:
            seen = await to_thread.run_sync(identity.principal_of_lens, lens, found)
            if seen is not None:
                _check_lens(connection, seen)
                connection.state.principal = seen

    def served(self, connection: HTTPConnection, status: int, size: int) -> None:
        """Reads of data are counted for the audit."""
        reads = getattr(connection.scope["app"].state, "reads", None) if "app" in connection.scope else None
        if reads is not None and status in _READ_WITH:
            found = data_read(connection)
            if found is not None:
                reads.note(connection.state.principal, *found, size)

    def _check_host(self, connection: HTTPConnection) -> None:
        """A page elsewhere can't reach us by pointing its own name at our address."""
        host = host_of(connection)
        if host not in self._hosts and not self._listens_beyond_loopback():
            raise InvalidInput(
                f"This server doesn't answer as '{host[:100]}'.",
                remedy="Set server.public_url to the address that browsers use.",
                field="Host",
            )

    def _listens_beyond_loopback(self) -> bool:
        return self.settings.server.host not in LOOPBACK and self.settings.server.public_url is None

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


def _check_lens(connection: HTTPConnection, seen: Principal) -> None:
    """Who looks through a lens changes nothing; a reviewer's leads to her datasets and nowhere else."""
    path = connection.scope["path"]
    if path.startswith(_OF_LENSES):
        return
    if connection.scope["method"] not in _SAFE:
        raise NotAllowed("You only look here; nothing can be changed.", remedy="End the view first, in the banner.")
    if seen.link_id is not None and not path.startswith(_OF_REVIEWERS):
        raise NotAllowed("A reviewer's link opens its datasets and nothing else.", remedy="End the visit first.")


def _check_size(connection: HTTPConnection) -> None:
    if _TAKES_FILES.fullmatch(f"{connection.scope['method']} {connection.scope['path']}"):
        return
    length = connection.headers.get("content-length", "0")
    if not length.isdigit() or int(length) > _MAX_JSON:
        raise TooLarge("This request is larger than 8 MB.", remedy="Send files through an upload.")
