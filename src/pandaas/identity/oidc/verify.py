"""Which tokens are believed: OpenID Connect Core 1.0 section 3.1.3.7, Back-Channel Logout 1.0 section 2.6.

Only signatures of public keys count: neither `none` nor a shared secret is ever accepted, whatever the header says. Keys
come from the provider's own address; those that a token brings along or points to are not looked at.
"""

from __future__ import annotations

import base64
import json
from datetime import datetime
from typing import Any

from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from pandaas.identity.oidc.discovery import Discovery
from pandaas.model import NotSignedIn

ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512")
_LEEWAY_S = 60
_LONGEST = 64 * 1024
_LOGOUT = "http://schemas.openid.net/event/backchannel-logout"


def id_token(
    text: str,
    discovery: Discovery,
    *,
    issuer: str,
    client_id: str,
    now: datetime,
    nonce: str | None = None,
    access_token: str | None = None,
) -> dict[str, Any]:
    """The claims of an ID token, all checked; `NotSignedIn` says which was wrong.

    `nonce` None (after a refresh) means that none was sent; one in the token is not looked at then.
    """
    header, claims = _signed(text, discovery)
    checked = CodeIDToken(
        claims,
        header,
        {"iss": {"essential": True, "value": issuer}, "aud": {"essential": True, "value": client_id}},
        {"nonce": nonce, "client_id": client_id, "access_token": access_token},
    )
    try:
        checked.validate(now=int(now.timestamp()), leeway=_LEEWAY_S)
    except (JoseError, ValueError, TypeError, AttributeError) as error:
        raise untrusted(str(error)) from error
    if not isinstance(claims["sub"], str) or not 0 < len(claims["sub"]) <= 255:
        raise untrusted("its subject has not 1 to 255 characters")
    return claims


def logout_token(text: str, discovery: Discovery, *, issuer: str, client_id: str, now: datetime) -> dict[str, Any]:
    """The claims of a logout token; `NotSignedIn` when it is not one of this provider for this platform, just issued."""
    header, claims = _signed(text, discovery)
    if header.get("typ") not in (None, "logout+jwt", "JWT"):
        raise untrusted("it is no logout token")
    registry = jwt.JWTClaimsRegistry(
        int(now.timestamp()),
        _LEEWAY_S,
        iss={"essential": True, "value": issuer},
        aud={"essential": True, "value": client_id},
        iat={"essential": True},
        exp={"essential": True},
        jti={"essential": True},
    )
    try:
        registry.validate(claims)
    except (JoseError, ValueError, TypeError) as error:
        raise untrusted(str(error)) from error
    events = claims.get("events")
    if not isinstance(events, dict) or not isinstance(events.get(_LOGOUT), dict) or "nonce" in claims:
        raise untrusted("it is no logout token")
    named = [claims[name] for name in ("sub", "sid") if claims.get(name) is not None]
    if not named or not all(isinstance(one, str) for one in named):
        raise untrusted("it names neither a subject nor a session")
    return claims


def signed_claims(text: str, discovery: Discovery) -> dict[str, Any]:
    """The claims of a signed answer of the provider (userinfo as JWT)."""
    return _signed(text, discovery)[1]


def untrusted(reason: str) -> NotSignedIn:
    return NotSignedIn(
        f"The provider's answer can't be trusted: {reason.strip().rstrip('.')}.",
        remedy="Begin the sign-in again; if it stays, tell the facility's operator.",
        field="provider",
    )


def _signed(text: str, discovery: Discovery) -> tuple[dict[str, Any], dict[str, Any]]:
    if not isinstance(text, str) or len(text) > _LONGEST:
        raise untrusted("it is no token")
    header = _header(text)
    algorithm, kid = header.get("alg"), header.get("kid")
    if algorithm not in ALGORITHMS:
        raise untrusted(f"it is signed with '{str(algorithm)[:20]}'")
    if kid is not None and not isinstance(kid, str):
        raise untrusted("its key has no name")
    keys = discovery.keys(kid)
    candidates = [key for key in keys if kid is None or key.kid == kid]
    kind = "EC" if algorithm.startswith("ES") else "RSA"
    for key in candidates:
        if key.key_type != kind:
            continue
        try:
            found = jwt.decode(text, KeySet([key]) if kid else key, algorithms=[algorithm])
        except (JoseError, ValueError, TypeError):
            continue
        return dict(found.header), dict(found.claims)
    raise untrusted("its signature is of none of the provider's keys")


def _header(text: str) -> dict[str, Any]:
    first = text.partition(".")[0]
    try:
        found = json.loads(base64.urlsafe_b64decode(first + "=" * (-len(first) % 4)))
    except (ValueError, RecursionError) as error:
        raise untrusted("it is no token") from error
    if not isinstance(found, dict):
        raise untrusted("it is no token")
    return found
