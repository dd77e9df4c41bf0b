"""What a provider says of itself: its endpoints and its keys, asked when needed and kept for a while.

OpenID Connect Discovery 1.0, sections 3 and 4. A provider that was down a moment ago is not asked again at once, so that
nobody waits for it twice; what it said before is used for a day where it is silent now.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock
from time import monotonic
from typing import Any

from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from pandaas.config import is_safe_address
from pandaas.identity.oidc.wire import Wire
from pandaas.model import Unavailable

_FRESH_S = 3600.0
_ALIVE_S = 60.0
_USABLE_S = 86_400.0
_PAUSE_S = 10.0  # after a failure, and between two looks for a key nobody knows
_NEEDED = ("authorization_endpoint", "token_endpoint", "jwks_uri")
_USED = (*_NEEDED, "userinfo_endpoint", "end_session_endpoint", "revocation_endpoint")


@dataclass(frozen=True)
class Metadata:
    """The parts of the discovery document that are used; addresses have been checked to be https (or loopback)."""

    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    userinfo_endpoint: str | None
    end_session_endpoint: str | None
    revocation_endpoint: str | None
    names_issuer: bool  # RFC 9207: the way back always carries `iss`


class Discovery:
    """Thread-safe. `metadata()` and `keys()` raise `Unavailable` where the provider can't be reached."""

    def __init__(self, issuer: str, wire: Wire, now: Callable[[], float] = monotonic) -> None:
        self._issuer = issuer
        self._wire = wire
        self._now = now
        self._lock = Lock()
        self._metadata: Metadata | None = None
        self._read = -_USABLE_S
        self._keys: KeySet | None = None
        self._keys_read = -_USABLE_S
        self._failed: tuple[float, Unavailable] | None = None

    @property
    def trouble(self) -> str | None:
        """Why the provider couldn't be used when it was last asked; None while it can."""
        failed = self._failed
        return failed[1].detail if failed is not None else None

    def metadata(self, *, alive: bool = False) -> Metadata:
        """What it says of itself. `alive`: it must have answered within the last minute, or `Unavailable` is raised."""
        with self._lock:
            age = self._now() - self._read
            if self._metadata is not None and age < (_ALIVE_S if alive else _FRESH_S):
                return self._metadata
            try:
                self._metadata = self._asked(self._fetch_metadata)
                self._read = self._now()
            except Unavailable:
                if alive or self._metadata is None or age >= _USABLE_S:
                    raise
            return self._metadata

    def keys(self, kid: str | None) -> KeySet:
        """The provider's keys; read anew when they don't hold `kid` (they have been rotated) or are old."""
        address = self.metadata().jwks_uri
        with self._lock:
            age = self._now() - self._keys_read
            known = self._keys is not None and (kid is None or any(key.kid == kid for key in self._keys))
            if self._keys is not None and (age < _PAUSE_S or (known and age < _FRESH_S)):
                return self._keys
            try:
                self._keys = self._asked(lambda: self._fetch_keys(address))
                self._keys_read = self._now()
            except Unavailable:
                if not known or self._keys is None or age >= _USABLE_S:
                    raise
            return self._keys

    def _asked(self, fetch: Callable[[], Any]) -> Any:
        if self._failed is not None and self._now() - self._failed[0] < _PAUSE_S:
            raise self._failed[1]
        try:
            found = fetch()
        except Unavailable as error:
            self._failed = (self._now(), error)
            raise
        self._failed = None
        return found

    def _fetch_metadata(self) -> Metadata:
        said = self._wire.get_json(self._issuer.rstrip("/") + "/.well-known/openid-configuration")
        if said.get("issuer") != self._issuer:
            raise self._wire.unusable("its discovery document is of another issuer")
        for name in _NEEDED:
            if not isinstance(said.get(name), str):
                raise self._wire.unusable(f"its discovery document lacks '{name}'")
        for name in _USED:
            if said.get(name) is not None and not (isinstance(said[name], str) and is_safe_address(said[name])):
                raise self._wire.unusable(f"its '{name}' is not https")
        used: dict[str, Any] = {name: said.get(name) for name in _USED}
        return Metadata(**used, names_issuer=said.get("authorization_response_iss_parameter_supported") is True)

    def _fetch_keys(self, address: str) -> KeySet:
        said = self._wire.get_json(address)
        try:
            return KeySet.import_key_set(_signing_keys(said))
        except (JoseError, ValueError, TypeError, KeyError) as error:
            raise self._wire.unusable("its keys can't be read") from error


def _signing_keys(said: dict[str, Any]) -> Any:
    """Public keys for signatures: none for encryption, and no shared secrets."""
    keys = said.get("keys")
    if not isinstance(keys, list):
        raise TypeError("no keys")
    chosen = [
        key for key in keys if isinstance(key, dict) and key.get("use") != "enc" and key.get("kty") in {"RSA", "EC"}
    ]
    return {"keys": chosen}
