"""A facility's JupyterHub as a provider, by its REST API and the token of a hub service with the scope `servers`.

https://jupyterhub.readthedocs.io/en/stable/reference/rest-api.html (JupyterHub 2 to 6). Each session is a named server that is
called as the session; without named servers a person's one server, which tells by its options whose session it is. No token
goes to the browser: she opens her server's address and the hub signs her in by the provider that both trust.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote, urljoin, urlsplit, urlunsplit

import httpx

from pandaas.config import SessionProviderSettings
from pandaas.model import Busy, Conflict, NotAllowed, NotFound, Unavailable
from pandaas.sessions.elsewhere.port import Condition, Handle, Order
from pandaas.sessions.elsewhere.wire import HubWire, said

_OWN = "pandaas"  # the part of a server's options that is ours
_PORTS = {"http": 80, "https": 443}


class JupyterHub:
    """See the module and `SessionProvider`."""

    def __init__(self, settings: SessionProviderSettings, *, transport: httpx.BaseTransport | None = None) -> None:
        self._settings = settings
        self._wire = HubWire(settings, transport)

    @property
    def missing(self) -> Sequence[str]:
        """See `SessionProvider.missing`."""
        title = self._settings.title
        return (
            f"It runs at {title}, under your account there. It sees the files that you see there and is not closed off to your choice.",
            "Your data are not mounted in it: read them with the code that its page here gives.",
            f"It can't be shared from here, nor can staff join it or see what it shows. {title} may have means of its own.",
            "Files that you write there don't become results by themselves: upload what is to stay.",
        )

    def close(self) -> None:
        """See `SessionProvider.close`."""
        self._wire.close()

    def start(self, order: Order) -> Handle:
        """See `SessionProvider.start`. `NotFound` for who has no account at the hub."""
        user = order.user.lower()  # as the hub keeps names
        handle = {
            "user": user,
            "server": order.session_id if self._settings.named_servers else "",
            "session": order.session_id,
            "page": order.offer.page,
        }
        there = self._server(handle)
        if there is not None and _is_ours(there, handle):
            return handle
        if there is not None:
            raise Conflict(
                f"You have a server at {self._settings.title} already, which was not started here.",
                remedy=f"Use it, or stop it there ({self._settings.url}) and start this session again.",
            )
        told = {"session": order.session_id, "datasets": list(order.datasets), "platform": order.platform}
        status, tree = self._wire.ask("POST", _path(handle), {**order.offer.options, _OWN: told})
        if status not in {200, 201, 202, 204}:
            raise self._refusal(status, said(tree), user)
        return handle

    def poll(self, handle: Mapping[str, Any]) -> Condition:
        """See `SessionProvider.poll`."""
        try:
            server = self._server(handle)
        except NotFound as error:
            return Condition("gone", error.detail, error.remedy)
        if server is None or not _is_ours(server, handle):
            return self._absent(handle)
        if server.get("pending") == "stop":
            return Condition("starting", "It is being stopped there")
        if server.get("ready") is True:
            return Condition("ready", address=self._address(server, handle), last_active=_time(server))
        return Condition("starting", _words(self._wire.progress(f"{_path(handle)}/progress")))

    def stop(self, handle: Mapping[str, Any]) -> None:
        """See `SessionProvider.stop`. The hub keeps the stopped server: removing it may delete its volume."""
        try:
            server = self._server(handle)
        except NotFound:
            return
        if server is None or not _is_ours(server, handle) or server.get("pending") == "stop":
            return
        status, tree = self._wire.ask("DELETE", _path(handle))
        if status not in {200, 202, 204, 404}:
            raise self._refusal(status, said(tree), str(handle["user"]))

    def _server(self, handle: Mapping[str, Any]) -> dict[str, Any] | None:
        """The server as the hub tells of it; None where it does not run. `NotFound` where it knows no such person."""
        user = str(handle["user"])
        if user.strip(".") == "":  # would be another path
            raise self._refusal(404, "", user)
        status, tree = self._wire.ask("GET", f"/users/{quote(user, safe='')}")
        if status != 200:
            raise self._refusal(status, said(tree), user)
        servers = tree.get("servers")
        if not isinstance(servers, dict):
            raise self._not_allowed()
        found = servers.get(handle["server"])
        return found if isinstance(found, dict) and not found.get("stopped") else None

    def _absent(self, handle: Mapping[str, Any]) -> Condition:
        """It does not run; the hub remembers for a while why it did not start."""
        event = self._wire.progress(f"{_path(handle)}/progress")
        if event.get("failed") is not True:
            return Condition("gone")
        why = said(event) or "no reason given"
        return Condition(
            "failed",
            f"{self._settings.title} could not start it: {why}",
            "Start it again; if it fails again, ask those who run that service.",
        )

    def _refusal(self, status: int, words: str, user: str) -> Exception:
        title, told = self._settings.title, f": {words}" if words else ""
        if status == 404:
            return NotFound(
                f"{title} knows nobody called '{user}'.",
                remedy=f"Open {self._settings.url} once and sign in there, then start this again. If you are called "
                "something else there, tell the operator.",
            )
        if status == 403:
            return self._not_allowed()
        if status == 429:
            return Busy(f"{title} starts nothing more now{told}", remedy="Wait; it is asked again.")
        if status == 400 and "pending" in words:
            return Unavailable(f"{title} is still busy with it{told}")
        if status == 400 and "named servers" in words.lower():
            remedy = "Stop those that you don't need there; or tell the operator (named_servers of sessions.providers)."
            return Conflict(f"{title} starts no further server{told}", remedy=remedy)
        if status == 500:
            return Conflict(
                f"{title} could not start it{told or ' and gave no reason.'}", remedy="Start it again later."
            )
        return Conflict(f"{title} refused it (HTTP {status}){told}", remedy="Tell the operator.")

    def _not_allowed(self) -> NotAllowed:
        return NotAllowed(
            f"{self._settings.title} doesn't let this platform start and stop servers.",
            remedy="Tell the operator: the hub's service needs the scope `servers`.",
        )

    def _address(self, server: Mapping[str, Any], handle: Mapping[str, Any]) -> str:
        """Where her browser goes: what the hub tells, if it is its own, with nothing but a path."""
        user, name = quote(str(handle["user"]), safe="@~"), quote(str(handle["server"]), safe="")
        base = f"{self._settings.url}/user/{user}/" + (f"{name}/" if name else "")
        told = _told(server, self._settings.url) or base
        return told.rstrip("/") + "/" + str(handle["page"]).lstrip("/")


def _path(handle: Mapping[str, Any]) -> str:
    user, server = quote(str(handle["user"]), safe=""), str(handle["server"])
    return f"/users/{user}/servers/{quote(server, safe='')}" if server else f"/users/{user}/server"


def _is_ours(server: Mapping[str, Any], handle: Mapping[str, Any]) -> bool:
    """A named server is, by its name; somebody's one server says so in its options."""
    if handle["server"]:
        return True
    options = server.get("user_options")
    own = options.get(_OWN) if isinstance(options, dict) else None
    return isinstance(own, dict) and own.get("session") == handle["session"]


def _told(server: Mapping[str, Any], hub: str) -> str | None:
    """The address that the hub tells; None unless it leads to the hub's own host, or to one below it: hubs may give each
    person a host name."""
    told = server.get("full_url") or server.get("url")
    try:
        own, found = urlsplit(hub), urlsplit(urljoin(hub + "/", told if isinstance(told, str) else ""))
        ports = [one.port or _PORTS.get(one.scheme) for one in (found, own)]
    except ValueError:
        return None
    same_host = found.hostname == own.hostname or str(found.hostname).endswith(f".{own.hostname}")
    if not same_host or found.scheme != own.scheme or ports[0] != ports[1] or "@" in found.netloc:
        return None
    return urlunsplit((found.scheme, found.netloc, found.path, "", "")) if "/user/" in found.path else None


def _words(event: dict[str, Any]) -> str:
    share, words = event.get("progress"), said(event)
    if isinstance(share, int | float) and 0 < share < 100 and words:
        return f"{words} ({share:.0f} %)"
    return words


def _time(server: Mapping[str, Any]) -> datetime | None:
    told = server.get("last_activity")
    try:
        found = datetime.fromisoformat(told) if isinstance(told, str) else None
    except ValueError:
        return None
    if found is None:
        return None
    return found if found.tzinfo is not None else found.replace(tzinfo=UTC)
