"""One provider: the way there, the way back, refreshing, logging out."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import httpx
from authlib.oauth2.rfc6749.parameters import prepare_grant_uri
from authlib.oauth2.rfc7636 import create_s256_code_challenge

from pandaas.config import ProviderSettings
from pandaas.identity.oidc import verify
from pandaas.identity.oidc.claims import Arrival, arrival_of
from pandaas.identity.oidc.discovery import Discovery
from pandaas.identity.oidc.wire import Wire
from pandaas.model import Clock, NotAllowed, NotSignedIn, utc_now

_GIVEN_UP = {"access_denied", "login_required", "interaction_required", "consent_required"}


@dataclass(frozen=True)
class Return:
    """What the browser brought back in the address (RFC 6749 section 4.1.2, RFC 9207)."""

    code: str | None = None
    error: str | None = None
    error_description: str | None = None
    issuer: str | None = None


class SignInEnded(NotSignedIn):
    """The provider no longer knows this sign-in: the refresh token was revoked, or the person shut out."""


class Provider:
    """Thread-safe; asks the network only when used. `transport` replaces the network in tests."""

    def __init__(
        self, settings: ProviderSettings, *, clock: Clock = utc_now, transport: httpx.BaseTransport | None = None
    ) -> None:
        self.settings = settings
        self._clock = clock
        self._wire = Wire(settings.title, transport, settings.ca_file)
        self._discovery = Discovery(settings.issuer, self._wire)

    @property
    def trouble(self) -> str | None:
        """Why it couldn't be used when it was last asked; None while it can."""
        return self._discovery.trouble

    def probe(self) -> None:
        """Ask whether it is there, if it wasn't asked within the last minute; `Unavailable` where it doesn't answer."""
        self._discovery.metadata(alive=True)

    def close(self) -> None:
        self._wire.close()

    def way_there(self, redirect: str, state: str, browser: str, *, afresh: bool = False) -> str:
        """The address at which the person signs in; nobody is sent to a provider that is down.

        `afresh`: she has to prove anew who she is.
        """
        address: str = prepare_grant_uri(
            self._discovery.metadata(alive=True).authorization_endpoint,
            self.settings.client_id,
            "code",
            redirect_uri=redirect,
            scope=list(self.settings.scopes),
            state=state,
            nonce=_drawn(browser, "nonce", state),
            code_challenge=create_s256_code_challenge(_drawn(browser, "verifier", state)),
            code_challenge_method="S256",
            prompt=" ".join(self._prompts(afresh=afresh)) or None,
            max_age="0" if afresh else None,
        )
        return address

    def arrive(self, back: Return, redirect: str, state: str, browser: str) -> Arrival:
        """Exchange the code and check everything that comes back.

        `NotSignedIn` when the person gave up or something is not to be believed, `Unavailable` when the provider fails.
        """
        metadata = self._discovery.metadata()
        if back.issuer is not None or metadata.names_issuer:
            self._check_issuer(back.issuer)
        if back.error or not back.code:
            raise self._refused(back.error or "no code", back.error_description)
        answer = self._token(
            "authorization_code",
            code=back.code,
            redirect_uri=redirect,
            code_verifier=_drawn(browser, "verifier", state),
        )
        return self._believed(answer, nonce=_drawn(browser, "nonce", state))

    def refresh(self, refresh_token: str, subject: str) -> Arrival:
        """Ask anew for claims and groups. `SignInEnded` when the provider has ended the sign-in."""
        answer = self._token("refresh_token", refresh_token=refresh_token)
        answer.setdefault("refresh_token", refresh_token)
        arrival = self._believed(answer, nonce=None, subject=subject)
        if arrival.subject != subject:
            raise verify.untrusted("it is of another person")
        return arrival

    def way_out(self, id_token: str | None, back_to: str, state: str) -> str | None:
        """Where the browser ends the sign-in there (RP-Initiated Logout 1.0), or None where that is not offered."""
        endpoint = self._discovery.metadata().end_session_endpoint if self.settings.logout else None
        if endpoint is None:
            return None
        told = {"client_id": self.settings.client_id, "post_logout_redirect_uri": back_to, "state": state}
        if id_token:
            told["id_token_hint"] = id_token
        query = "&".join(f"{name}={quote(value, safe='')}" for name, value in told.items())
        return f"{endpoint}{'&' if '?' in endpoint else '?'}{query}"

    def revoke(self, refresh_token: str) -> None:
        """Tell the provider that a refresh token is no longer needed (RFC 7009), where it wants to know."""
        endpoint = self._discovery.metadata().revocation_endpoint
        if endpoint is not None:
            self._post(endpoint, {"token": refresh_token, "token_type_hint": "refresh_token"})

    def logout_claims(self, token: str) -> dict[str, Any]:
        """What a logout token says, once it is believed."""
        own = {"issuer": self.settings.issuer, "client_id": self.settings.client_id}
        return verify.logout_token(token, self._discovery, now=self._clock(), **own)

    def _prompts(self, *, afresh: bool) -> list[str]:
        """Refresh tokens need `consent` where `offline_access` is asked for (OpenID Connect Core, section 11)."""
        return ["login"] * afresh + ["consent"] * ("offline_access" in self.settings.scopes)

    def _check_issuer(self, named: str | None) -> None:
        if named != self.settings.issuer:
            raise verify.untrusted("it comes from another provider than the one that was asked")

    def _token(self, grant: str, **fields: str) -> dict[str, Any]:
        status, answer = self._post(self._discovery.metadata().token_endpoint, {"grant_type": grant} | fields)
        if status != 200 or "error" in answer:
            reason = str(answer.get("error", status))
            if grant == "refresh_token" and reason == "invalid_grant":
                raise SignInEnded("The provider has ended this sign-in.", remedy="Sign in again.")
            raise self._refused(reason, answer.get("error_description"))
        for name in ("access_token", *(["id_token"] if grant == "authorization_code" else [])):
            if not isinstance(answer.get(name), str):
                raise verify.untrusted(f"it holds no {name}")
        return answer

    def _post(self, endpoint: str, form: dict[str, str]) -> tuple[int, dict[str, Any]]:
        secret, headers = self._secret(), {}
        method = self.settings.token_auth or ("client_secret_basic" if secret else "none")
        if method == "client_secret_basic":  # both parts are form-encoded first: RFC 6749 section 2.3.1
            pair = f"{quote(self.settings.client_id, safe='')}:{quote(secret or '', safe='')}"
            headers["Authorization"] = "Basic " + base64.b64encode(pair.encode()).decode()
        else:
            form = form | {"client_id": self.settings.client_id}
            if method == "client_secret_post":
                form["client_secret"] = secret or ""
        return self._wire.post(endpoint, form, headers)

    def _secret(self) -> str | None:
        try:
            return self.settings.secret()
        except OSError as error:
            raise self._wire.unusable(f"its client secret in {error.filename} can't be read") from error

    def _believed(self, answer: dict[str, Any], *, nonce: str | None, subject: str | None = None) -> Arrival:
        token, access = answer.get("id_token"), answer["access_token"]
        if token is None:  # a refresh need not bring one
            claims: dict[str, Any] = {"iss": self.settings.issuer, "sub": subject}
        else:
            claims = verify.id_token(
                token,
                self._discovery,
                issuer=self.settings.issuer,
                client_id=self.settings.client_id,
                now=self._clock(),
                nonce=nonce,
                access_token=access,
            )
        self._check_subject(claims["sub"])
        refresh = answer.get("refresh_token")
        return arrival_of(
            self.settings,
            claims,
            self._userinfo(access, claims["sub"]),
            token=token,
            refresh_token=refresh if isinstance(refresh, str) else None,
        )

    def _userinfo(self, access_token: str, subject: str) -> dict[str, Any]:
        """Many providers tell names and groups only here. An answer about somebody else is refused (Core, 5.3.4)."""
        endpoint = self._discovery.metadata().userinfo_endpoint
        if endpoint is None:
            return {}
        kind, body = self._wire.get(endpoint, bearer=access_token)
        if kind == "application/jwt":
            said = verify.signed_claims(body.decode("ascii", "replace"), self._discovery)
        else:
            said = self._wire.object_of(body)
        if said.get("sub") != subject:
            raise verify.untrusted("its userinfo is about somebody else")
        return said

    def _check_subject(self, subject: str) -> None:
        pattern = self.settings.subject_pattern
        if pattern is not None and not re.fullmatch(pattern, subject):
            raise NotAllowed(
                f"'{self.settings.title}' gave an identity that is not accepted here.",
                remedy="Sign in with an account of this community.",
                field="provider",
            )

    def _refused(self, error: str, description: object) -> NotSignedIn:
        if error in _GIVEN_UP:
            return NotSignedIn(
                f"The sign-in with '{self.settings.title}' was not finished.",
                remedy="Begin it again.",
                field="provider",
            )
        more = f" ({str(description)[:200]})" if description else ""
        return NotSignedIn(
            f"'{self.settings.title}' refused the sign-in: {error[:60]}{more}.",
            remedy="Begin it again; if it stays, tell the facility's operator.",
            field="provider",
        )


def _drawn(browser: str, what: str, state: str) -> str:
    """A secret that only this browser's sign-in has: drawn from its cookie, so that the database holds none of them."""
    made = hmac.digest(browser.encode(), f"{what}:{state}".encode(), hashlib.sha256)
    return base64.urlsafe_b64encode(made).rstrip(b"=").decode()
