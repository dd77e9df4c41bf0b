"""Settings of sign-in: the OpenID Connect providers, what their groups mean here, and how guessing is slowed down."""

from __future__ import annotations

import ipaddress
import re
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator, model_validator

from pandaas.config.section import Section

_PLACE = re.compile(r"\{(\w+)\}")


class ClaimSettings(Section):
    user: str = Field("preferred_username", description="Claim that proposes a user name for a new person.")
    name: str = Field("name", description="Claim with the full name; without it given and family name are joined.")
    email: str = Field("email", description="Claim with the address for notices; it never identifies anybody.")
    affiliation: str = Field("affiliation", description="Claim with the home institute.")
    orcid: str = Field("orcid", description="Claim with the ORCID iD; `sub` for ORCID itself.")
    groups: tuple[str, ...] = Field(
        ("eduperson_entitlement", "groups"), description="Claims that list groups and entitlements."
    )


class GroupRule(Section):
    match: str = Field(
        description="Regular expression that a whole group name must match; its named groups may be used below as {name}."
    )
    proposal: str | None = Field(None, description="Proposal whose team the person belongs to.")
    team_role: Literal["principal_investigator", "member", "reader", "local_contact"] = Field(
        "member", description="Her role in that team."
    )
    instrument: str | None = Field(None, description="Instrument whose staff the person is.")
    role: Literal["instrument_staff", "operator"] | None = Field(None, description="What she is to the facility.")

    @field_validator("match")
    @classmethod
    def _is_a_pattern(cls, pattern: str) -> str:
        try:
            re.compile(pattern)
        except re.error as error:
            raise ValueError(f"it is no regular expression: {error}") from error
        return pattern

    @model_validator(mode="after")
    def _names_exist(self) -> GroupRule:
        known = set(re.compile(self.match).groupindex)
        for template in (self.proposal or "", self.instrument or ""):
            if set(_PLACE.findall(template)) - known or set("{}") & set(_PLACE.sub("", template)):
                raise ValueError(f"'{template}' uses a group that 'match' doesn't name")
        if not (self.proposal or self.instrument or self.role):
            raise ValueError("it needs a proposal, an instrument or a role")
        return self


class CarriedIdentity(Section):
    claim: str = Field(description="Claim of this provider that holds the subject of another identity.")
    issuer: str = Field(description="Issuer of that other identity, as it is written in the links.")


class ProviderSettings(Section):
    """One OpenID Connect provider."""

    id: str = Field(pattern=r"^[a-z0-9-]{1,32}$", description="Short name, part of the redirect address.")
    title: str = Field(description="Name shown to people.")
    issuer: str = Field(description="Its issuer, exactly as its discovery document says it.")
    client_id: str = Field(description="The platform's name there.")
    client_secret: SecretStr | None = Field(None, description="The platform's password there; none for public clients.")
    client_secret_file: Path | None = Field(None, description="File that holds it, instead.")
    ca_file: Path | None = Field(
        None, description="Certificates to trust for this provider, where its own is of a private authority."
    )
    scopes: tuple[str, ...] = Field(("openid", "profile", "email"), description="Scopes to ask for.")
    token_auth: Literal["client_secret_basic", "client_secret_post", "none"] | None = Field(
        None, description="How the platform proves itself. Default: client_secret_basic with a secret, else none."
    )
    new_people: Literal["create", "known"] | None = Field(
        None, description="As `sign_in.new_people`, for this provider alone."
    )
    subject_pattern: str | None = Field(
        None, description="Regular expression that every subject must match, for example the scope of eduTEAMS."
    )
    claims: ClaimSettings = Field(ClaimSettings(), description="Names of its claims.")
    carries: tuple[CarriedIdentity, ...] = Field(
        (), description="Older identities that it vouches for, for example the EAAHash of Umbrella."
    )
    rules: tuple[GroupRule, ...] = Field((), description="What its groups mean here.")
    logout: bool = Field(True, description="Signing out here signs out there too.")

    @field_validator("issuer")
    @classmethod
    def _is_safe(cls, issuer: str) -> str:
        if not is_safe_address(issuer):
            raise ValueError("it begins with https:// (plain http only on loopback)")
        return issuer

    @field_validator("scopes")
    @classmethod
    def _asks_for_identity(cls, scopes: tuple[str, ...]) -> tuple[str, ...]:
        if "openid" not in scopes:
            raise ValueError("it must hold 'openid'")
        return scopes

    def secret(self) -> str | None:
        """The client's secret, from the setting or its file."""
        if self.client_secret is not None:
            return self.client_secret.get_secret_value()
        if self.client_secret_file is not None:
            return self.client_secret_file.read_text("utf-8").strip()
        return None


class SignInSettings(Section):
    local: bool = Field(True, description="People may sign in with a user name and a password of this platform.")
    providers: tuple[ProviderSettings, ...] = Field((), description="OpenID Connect providers people may sign in with.")
    new_people: Literal["create", "known"] = Field(
        "create",
        description="Who may sign in for the first time: anyone ('create'), or only identities that the user office or an"
        " operator has linked to a person ('known').",
    )
    confirm_minutes: float = Field(
        10, gt=0, description="How fresh a sign-in must be to change how one signs in, in minutes."
    )
    keep_refresh_tokens: bool = Field(
        True, description="Keep refresh tokens, encrypted, while a sign-in lasts, to ask for groups anew."
    )
    refresh_minutes: float = Field(10, gt=0, description="How often groups are asked for anew, in minutes.")
    groups_days: float = Field(
        7, gt=0, description="Days after which rights from groups lapse where the provider wasn't asked again."
    )
    lock_after: int = Field(
        30, ge=5, description="Failures within an hour, from whatever addresses, after which an account is locked."
    )

    @model_validator(mode="after")
    def _one_each(self) -> SignInSettings:
        for what in ("id", "issuer"):
            values = [getattr(provider, what) for provider in self.providers]
            if len(set(values)) != len(values):
                raise ValueError(f"two providers have the same {what}")
        return self


def is_safe_address(address: str) -> bool:
    """https, or plain http on this machine."""
    parts = urlsplit(address)
    if parts.scheme == "https":
        return bool(parts.hostname)
    return parts.scheme == "http" and _is_loopback(parts.hostname or "")


def _is_loopback(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
