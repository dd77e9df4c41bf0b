"""Home, the operator's overview, health, help."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import Field

from pandaas.server.schemas.base import Out
from pandaas.server.schemas.datasets import DatasetCard, HistoryEntry
from pandaas.server.schemas.proposals import ProposalOut
from pandaas.server.schemas.work import JobOut, NoticeOut


class HomeOut(Out):
    proposals: list[ProposalOut]
    recent: list[DatasetCard]
    results: list[DatasetCard]
    jobs: list[JobOut]
    notices: list[NoticeOut]
    try_out: list[TryStep] = Field(default_factory=list, description="What a newcomer may try, in order.")


class TryStep(Out):
    title: str
    text: str
    link: str
    done: bool = False


class ComponentHealth(Out):
    name: str
    state: Literal["ok", "degraded", "failed", "starting", "missing"]
    detail: str = ""


class HealthOut(Out):
    status: Literal["ok", "starting", "failed"]
    version: str
    components: list[ComponentHealth]


class DiskOut(Out):
    name: str
    total: int
    free: int
    used_by_us: int | None = None


class EnvironmentOut(Out):
    name: str
    key: str
    state: Literal["missing", "building", "ready", "failed", "absent"]
    size: int | None
    packages: int | None
    last_used: datetime | None
    detail: str | None = None


class ActivePersonOut(Out):
    """A person of the installation; `signed_in` is when her latest sign-in that still holds began."""

    user: str
    name: str
    role: Literal["visitor", "instrument_staff", "operator"]
    disabled: bool
    signed_in: datetime | None
    proposals: int


class ProposalUseOut(Out):
    """What a proposal holds; `size` in bytes."""

    name: str
    title: str
    type: Literal["public_access", "proprietary", "training", "in_house", "personal"]
    members: int
    datasets: int
    size: int


class OperatorOut(Out):
    people: int
    latest_people: list[ActivePersonOut] = Field(description="Who signed in last, then the newest accounts.")
    largest_proposals: list[ProposalUseOut]
    signed_in: int
    proposals: int
    datasets: int
    data_size: int
    jobs: dict[str, int] = Field(description="State → count, last 30 days.")
    cpu_hours: float
    quarantine: int
    environments: list[EnvironmentOut]
    disks: list[DiskOut]
    health: HealthOut
    doctor: list[ComponentHealth]
    audit: list[HistoryEntry]


class HelpEntry(Out):
    path: str
    title: str
    section: Literal["tutorials", "how-to", "reference", "explanation"]
    summary: str = ""


class HelpPage(HelpEntry):
    markdown: str
