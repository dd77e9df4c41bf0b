"""Persons, sign-in, access tokens."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import Field

from pandaas.server.schemas.base import In, Out


class PersonOut(Out):
    id: int
    user: str
    name: str
    affiliation: str | None = None
    role: Literal["visitor", "instrument_staff", "operator"]


class SessionOut(Out):
    """Who the browser is signed in as; `person` None means anonymous (open data stay readable)."""

    person: PersonOut | None
    scopes: list[str]
    lens: Literal["review", "view_as"] | None = Field(
        None, description="This browser looks through a link or as another."
    )
    instruments: list[str] = Field(default_factory=list, description="Names of instruments whose staff she is.")
    facility: str
    demo: bool = False
    demo_accounts: list[DemoAccount] = Field(default_factory=list)
    sandbox_warning: str | None = Field(None, description="Permanent banner when user code is not isolated.")
    version: str


class DemoAccount(Out):
    user: str
    password: str
    role: str
    description: str


class SignInIn(In):
    user: str = Field(min_length=1, max_length=64)
    password: str = Field(min_length=1, max_length=1024)


class TokenOut(Out):
    id: int
    name: str
    scopes: list[str]
    created: datetime
    expires: datetime | None
    last_used: datetime | None


class TokenIn(In):
    name: str = Field(min_length=1, max_length=100)
    scopes: list[Literal["read", "write", "run", "admin", "sessions"]] = Field(["read"])
    expires_in_days: int | None = Field(90, ge=1, le=3650)


class NewTokenOut(TokenOut):
    token: str = Field(description="Shown once.")
