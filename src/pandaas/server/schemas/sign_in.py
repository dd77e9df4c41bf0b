"""Signing in with providers, one's account, and programs that ask for a token."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import Field

from pandaas.server.schemas.base import In, Out
from pandaas.server.schemas.people import PersonOut, SessionOut


class ProviderOut(Out):
    id: str
    title: str
    trouble: str | None = Field(None, description="Why it can't be used right now.")


class WaysOut(Out):
    """How one can sign in here."""

    local: bool = Field(description="With a user name and a password of this facility.")
    providers: list[ProviderOut]


class BeginIn(In):
    purpose: Literal["sign_in", "link", "confirm"] = "sign_in"
    next: str | None = Field(None, max_length=2000, description="Page of this site to show afterwards.")


class BeginOut(Out):
    address: str = Field(description="Where the browser goes now.")


class ReturnIn(In):
    """What the provider put into the address."""

    state: str = Field(max_length=100)
    code: str | None = Field(None, max_length=4096)
    error: str | None = Field(None, max_length=200)
    error_description: str | None = Field(None, max_length=2000)
    iss: str | None = Field(None, max_length=500)


class StateIn(In):
    state: str = Field(max_length=100)


class ForeignOut(Out):
    """An identity as its provider describes it."""

    provider: str = Field(description="Title of the provider.")
    name: str
    user: str | None = None
    email: str | None = None
    affiliation: str | None = None
    orcid: str | None = None
    subject: str = Field(description="What the provider knows her by.")


class ArrivalOut(Out):
    """`new`: nobody has this identity yet; `link`: it may become the signed-in person's; `next` is the page to show."""

    outcome: Literal["signed_in", "new", "link", "confirmed"]
    next: str
    identity: ForeignOut
    person: PersonOut | None = Field(None, description="Who is signed in now.")
    session: SessionOut | None = None


class IdentityOut(Out):
    id: int
    provider: str = Field(description="Title of the provider, or the issuer where it is not one of the configured.")
    label: str | None
    issuer: str
    subject: str
    linked: datetime
    last_used: datetime | None
    gives: list[str] = Field([], description="What its groups give here, in words.")


class BrowserOut(Out):
    id: int
    client: str | None = Field(description="What the browser calls itself.")
    address: str | None
    provider: str | None = Field(description="Title of the provider it came through; None for a password.")
    since: datetime
    expires: datetime
    is_this: bool


class AccountOut(Out):
    """The signed-in person's own account."""

    person: PersonOut
    email: str | None
    orcid: str | None
    has_password: bool
    confirmed: bool = Field(description="She has proved who she is a short while ago.")
    identities: list[IdentityOut]
    browsers: list[BrowserOut]


class ConfirmIn(In):
    password: str = Field(min_length=1, max_length=1024)


class SignOutOut(Out):
    address: str | None = Field(description="Where the browser ends its sign-in at the provider, if there is one.")


class DeviceIn(In):
    client: str = Field(min_length=1, max_length=200, description="What the program is and where it runs.")
    scopes: list[Literal["read", "write", "run", "admin"]] = Field(["read", "write", "run"])


class DeviceOut(Out):
    """As RFC 8628, section 3.2."""

    device_code: str = Field(description="The program's own secret.")
    user_code: str = Field(description="What the person compares.")
    verification_uri: str
    verification_uri_complete: str
    expires_in: int
    interval: int


class DeviceCodeIn(In):
    device_code: str = Field(max_length=100)


class DeviceTokenOut(Out):
    state: Literal["waiting", "granted", "refused"]
    token: str | None = None
    user: str | None = None


class DeviceRequestOut(Out):
    user_code: str
    client: str
    address: str
    scopes: list[str]
    created: datetime


class DeviceDecisionIn(In):
    user_code: str = Field(max_length=32)
    grant: bool


class UserCodeIn(In):
    user_code: str = Field(max_length=32)
