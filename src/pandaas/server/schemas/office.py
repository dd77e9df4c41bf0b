"""People and proposals from the user office."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import Field

from pandaas.server.schemas.base import In, Out


class OfficeChangeOut(Out):
    kind: str
    about: str
    text: str


class OfficeRunOut(Out):
    """`waiting`: too much would be taken away; nothing was changed until somebody says how many removals are right."""

    feed: str
    state: Literal["applied", "unchanged", "shown", "waiting", "failed"]
    message: str
    counts: dict[str, int] = Field(description="Changes by kind.")
    changes: list[OfficeChangeOut] = Field(description="The first 500 of them.")
    warnings: list[str]
    removals: int
    time: datetime


class OfficeFeedOut(Out):
    name: str
    source: str
    every_minutes: float | None
    last: OfficeRunOut | None


class OfficeApplyIn(In):
    removals: int | None = Field(None, ge=0, description="How many removals you have seen and want.")


class BeamTimeOut(Out):
    instrument: str | None
    start: datetime
    end: datetime
