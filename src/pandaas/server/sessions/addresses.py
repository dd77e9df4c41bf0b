"""The addresses of sessions: `<id>.<domain>`, on the scheme and port that the platform itself is reached by."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from starlette.requests import HTTPConnection

from pandaas.config import Settings
from pandaas.server.listening import LOOPBACK

_ID = re.compile(r"s-[0-9a-z]{12}")


class Addresses:
    def __init__(self, settings: Settings) -> None:
        self._domain = settings.sessions.domain
        self._public = urlsplit(settings.server.public_url) if settings.server.public_url else None

    def session_of(self, host: str) -> str | None:
        """The session whose host this is; empty for a host below the domain that is none's, None for any other host."""
        name, _, domain = host.partition(".")
        if domain != self._domain:
            return None
        return name if _ID.fullmatch(name) else ""

    def of(self, session_id: str, connection: HTTPConnection) -> str:
        """Where a browser that reached the platform by this request finds the session."""
        scheme, port = self._base(connection)
        return f"{scheme}://{session_id}.{self._domain}{port}"

    def platform(self, connection: HTTPConnection) -> tuple[str, ...]:
        """The origins of the platform's own pages, as seen from a request to a session."""
        if self._public is not None:
            return (f"{self._public.scheme}://{self._public.netloc}",)
        scheme, port = self._base(connection)
        return tuple(f"{scheme}://{name}{port}" for name in sorted(LOOPBACK) if ":" not in name)  # CSP knows no IPv6

    @property
    def policy(self) -> str:
        """What the platform's Content-Security-Policy names for forms."""
        scheme = self._public.scheme if self._public is not None else "http"
        port = ":*" if self._public is None or self._public.port else ""
        return f"{scheme}://*.{self._domain}{port}"

    def _base(self, connection: HTTPConnection) -> tuple[str, str]:
        if self._public is not None:
            return self._public.scheme, f":{self._public.port}" if self._public.port else ""
        port = urlsplit(f"//{connection.headers.get('host', '')}").port
        scheme = {"ws": "http", "wss": "https"}.get(connection.url.scheme, connection.url.scheme)
        return scheme, f":{port}" if port else ""
