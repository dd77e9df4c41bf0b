"""Signing in a program: it shows a code, the person confirms it in the browser, the token comes back."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import httpx

from pandaas.client.kept import forget, keep, kept
from pandaas.client.transport import Transport
from pandaas.model import Busy, NotAllowed, NotFound, NotSignedIn, Unavailable


@dataclass(frozen=True)
class Code:
    """What the person is shown. `page` already holds the code."""

    code: str
    page: str
    minutes: int


def log_in(
    url: str | None,
    client: str,
    show: Callable[[Code], None],
    *,
    scopes: tuple[str, ...] = ("read", "write", "run"),
    transport: httpx.BaseTransport | None = None,
    sleep: Callable[[float], None] = time.sleep,
) -> tuple[str, str]:
    """Ask for a token, wait for the person, keep the token; returns her user name and where it is kept.

    `NotAllowed` when she refuses, `NotSignedIn` when nobody decides in time.
    """
    service = Transport(url, "", transport=transport)
    try:
        asked = service.json("POST", "/device", body={"client": client, "scopes": list(scopes)})
        show(Code(asked["user_code"], asked["verification_uri_complete"], asked["expires_in"] // 60))
        left = float(asked["expires_in"])
        while left > 0:
            sleep(asked["interval"])
            left -= asked["interval"]
            try:
                answer = service.json("POST", "/device/token", body={"device_code": asked["device_code"]})
            except (Busy, Unavailable):
                continue
            except NotFound:
                break
            if answer["state"] == "refused":
                raise NotAllowed("The sign-in was refused in the browser.", remedy="Begin again if that was a mistake.")
            if answer["state"] == "granted":
                _drop_earlier(service.url, transport)
                return str(answer["user"]), keep(service.url, answer["token"])
        raise NotSignedIn("Nobody has confirmed the code in time.", remedy="Begin again.")
    finally:
        service.close()


def log_out(url: str | None, *, transport: httpx.BaseTransport | None = None) -> bool:
    """Take the kept token back at the service and forget it; False when none was kept."""
    service = Transport(url, "", transport=transport)
    address = service.url
    service.close()
    if kept(address) is None:
        return False
    _drop_earlier(address, transport)
    forget(address)
    return True


def _drop_earlier(address: str, transport: httpx.BaseTransport | None) -> None:
    """A token that nobody uses any more must not live on at the service."""
    earlier = kept(address)
    if earlier is None:
        return
    service = Transport(address, earlier, transport=transport)
    try:
        service.request("DELETE", "/tokens/own/this")
    except (NotSignedIn, Unavailable):  # it has ended, or the service is away: then it ends by itself
        return
    finally:
        service.close()
