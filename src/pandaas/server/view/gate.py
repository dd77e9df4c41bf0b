"""Who may look: whoever shows the key once, and then the cookie; only under a name that is this machine's."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Sequence
from html import escape
from urllib.parse import quote, urlencode

from starlette.datastructures import QueryParams
from starlette.requests import HTTPConnection
from starlette.responses import HTMLResponse
from starlette.types import ASGIApp

from pandaas.model import ANONYMOUS, InvalidInput, NotAllowed, NotSignedIn, PandaasError
from pandaas.server.door import DATA_PATHS, Door, bearer, host_of
from pandaas.server.listening import LOOPBACK
from pandaas.server.view.keys import Keys

_OPEN = ("/assets/", "/favicon.svg")  # parts of the program, the same for everybody
_FROM_HERE = frozenset({"same-origin", "none"})


class KeyGate(Door):
    """The middleware of `pandaas view`; `host` is the address it listens on."""

    def __init__(self, app: ASGIApp, keys: Keys, host: str) -> None:
        super().__init__(app)
        self._keys = keys
        self._beyond = host not in LOOPBACK
        self._hosts = LOOPBACK | ({host, *_own_names()} if self._beyond else set())

    async def admit(self, connection: HTTPConnection) -> ASGIApp | None:
        self._check_host(connection)
        connection.state.principal = ANONYMOUS
        path = connection.scope["path"]
        if path.startswith(_OPEN):
            return None
        if path.startswith(DATA_PATHS):
            _check_origin(connection)
        elif (shown := connection.query_params.get("key")) and (self._keys.key is None or self._keys.takes(shown)):
            return self._enter(connection)
        if not (self._is_known(connection) or self._has_key_in(path)):
            raise NotSignedIn(
                "This needs the key with which `pandaas view` was started.",
                remedy="Open the address that it printed, or send the key as 'Authorization: Bearer …'.",
            )
        return None

    def refused(self, connection: HTTPConnection, error: PandaasError) -> ASGIApp:
        if connection.scope["path"].startswith(DATA_PATHS):
            return super().refused(connection, error)
        return _page(f"<h1>{escape(_heading(error))}</h1><p>{escape(str(error))}</p>", error.status)

    def _is_known(self, connection: HTTPConnection) -> bool:
        if self._keys.key is None:
            return True
        token = bearer(connection)
        if token is not None:
            return self._keys.is_key(token)
        return self._keys.is_cookie(connection.cookies.get(self._keys.cookie_name, ""))

    def _has_key_in(self, path: str) -> bool:
        """The address of a store with the key in it, for programs that can send none."""
        start, capability, door, *_ = [*path.split("/")[1:4], "", "", ""]
        return start == "c" and door == "zarr" and self._keys.is_key(capability)

    def _enter(self, connection: HTTPConnection) -> ASGIApp:
        """Set the cookie and go on to the same address without the key.

        By a page, not by a redirect: a strict cookie isn't sent on a redirect of a visit that began elsewhere.
        """
        target = escape(_without_key(connection.scope["path"], connection.query_params))
        answer = _page(f'<meta http-equiv="refresh" content="0;url={target}"><p><a href="{target}">Go on</a></p>', 200)
        answer.headers["referrer-policy"] = "no-referrer"
        if self._keys.key is not None:
            answer.set_cookie(self._keys.cookie_name, self._keys.cookie, httponly=True, samesite="strict", path="/")
        return answer

    def _check_host(self, connection: HTTPConnection) -> None:
        """A page elsewhere can't reach us by pointing its own name at our address; bare addresses need no name."""
        host = host_of(connection)
        if host in self._hosts or (self._beyond and _is_address(host)):
            return
        raise InvalidInput(
            f"This server doesn't answer as '{host[:100]}'.", remedy="Use the address that it printed.", field="Host"
        )


def _check_origin(connection: HTTPConnection) -> None:
    """Browsers say which kind of page sends a request; other pages get nothing, not even with the cookie."""
    site = connection.headers.get("sec-fetch-site", "none")
    if site not in _FROM_HERE:
        raise NotAllowed("This request did not come from the viewer's own page.", field="Sec-Fetch-Site")


def _without_key(path: str, query: QueryParams) -> str:
    """Always below this server: a path that begins with two slashes would be another one."""
    rest = urlencode([(name, value) for name, value in query.multi_items() if name != "key"])
    return "/" + quote(path.lstrip("/")) + (f"?{rest}" if rest else "")


def _page(body: str, status: int) -> HTMLResponse:
    head = '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>PaN-DAaS view</title></head>'
    return HTMLResponse(f"{head}<body>{body}</body></html>", status, headers={"cache-control": "no-store"})


def _heading(error: PandaasError) -> str:
    return "The key is missing" if isinstance(error, NotSignedIn) else error.title


def _own_names() -> Sequence[str]:
    return tuple({socket.gethostname().lower(), socket.getfqdn().lower()})


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
