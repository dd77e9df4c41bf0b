"""What the part of JupyterHub's REST API that we speak looks like."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import Field

from pandaas.server.schemas.base import Out


class HubVersionOut(Out):
    version: str


class HubServerOut(Out):
    """A session as a named server; its name is the session's id."""

    name: str
    full_name: str
    ready: bool
    stopped: bool
    pending: str | None
    started: datetime | None
    last_activity: datetime | None
    url: str
    progress_url: str
    user_options: dict[str, Any]


class HubUserOut(Out):
    kind: str = "user"
    name: str
    admin: bool
    roles: list[str]
    groups: list[str] = Field(default_factory=list)
    created: datetime
    last_activity: datetime | None
    server: str | None = None
    pending: str | None = None
    servers: dict[str, HubServerOut]


class HubNextOut(Out):
    offset: int
    limit: int
    url: str


class HubPlaceOut(Out):
    offset: int
    limit: int
    total: int
    next: HubNextOut | None


class HubUsersOut(Out):
    items: list[HubUserOut]
    pagination: HubPlaceOut = Field(alias="_pagination")
