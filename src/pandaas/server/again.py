"""Asked again while an answer is still being sent: a right that was taken back is felt within 10 s."""

from __future__ import annotations

import time
from collections.abc import Callable

from fastapi import Request

from pandaas.model import ANONYMOUS, NotSignedIn, PandaasError, Principal, PrincipalKind
from pandaas.server.cookies import cookie_secret, lens_secret
from pandaas.server.door import bearer
from pandaas.server.services import DataServices, Services

RECHECK_S = 5.0
Who = Callable[[], Principal | None]


class Revoked(OSError):
    """The right to what is being sent has ended; the connection is cut."""


def reader_of(request: Request, platform: Services, asker: Principal) -> Who:
    """Resolves the sender of `request` anew; None when the sign-in, token or link has ended."""
    secret, token, lens = cookie_secret(request), bearer(request), lens_secret(request)

    def who() -> Principal | None:
        try:
            if token is not None:
                return platform.identity.principal_of_token(token)
        except NotSignedIn:
            return None
        signed_in = platform.identity.principal_of_cookie(secret) if secret is not None else None
        if lens is not None and asker.kind in {PrincipalKind.LINK, PrincipalKind.VIEW}:
            return platform.identity.principal_of_lens(lens, signed_in)
        return signed_in if asker.signed_in else ANONYMOUS

    return who


class Watch:
    """Asks every few seconds whether `may`, which raises a `PandaasError` where not, still lets this go on."""

    def __init__(self, who: Who, may: Callable[[Principal], object]) -> None:
        self._who = who
        self._may = may
        self._asked = time.monotonic()

    @property
    def due(self) -> bool:
        return time.monotonic() - self._asked >= RECHECK_S

    def look(self) -> None:
        """Raises `Revoked` when the right has ended."""
        self._asked = time.monotonic()
        principal = self._who()
        if principal is None:
            raise Revoked("the sign-in ended while this was sent")
        try:
            self._may(principal)
        except PandaasError as error:
            raise Revoked(f"the right to this ended while it was sent: {error.detail}") from error


def watch_of(request: Request, platform: DataServices, asker: Principal, pid: str) -> Watch | None:
    """Whether whoever asked may still read a dataset; None where nobody signs in (`pandaas view`)."""
    if not hasattr(platform, "identity"):
        return None
    services: Services = request.app.state.services
    return Watch(reader_of(request, services, asker), lambda reader: platform.default_signal(reader, pid))
