"""Proposals with their teams, and instruments."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from pydantic import Field

from pandaas.server.schemas.base import In, Out
from pandaas.server.schemas.datasets import DatasetCard, TechniqueOut
from pandaas.server.schemas.people import PersonOut
from pandaas.server.schemas.uploads import QuarantineOut
from pandaas.server.schemas.work import JobOut


class MemberOut(Out):
    person: PersonOut
    role: Literal["principal_investigator", "member", "reader", "local_contact"]


class ProposalOut(Out):
    name: str
    title: str
    summary: str | None = None
    type: Literal["public_access", "proprietary", "training", "in_house", "personal"]
    facility: str
    instrument: str | None = None
    start_time: datetime | None = None
    end_time: datetime | None = None
    release_time: datetime | None = None
    release_set: bool = Field(False, description="Its release date is an exception from the policy.")
    open: bool = Field(description="Released: anyone may read.")
    may_read: bool = Field(True, description="False: only its title is announced.")
    may_decide: bool = Field(False, description="You decide on requests for another release date.")
    embargo_years: float | None = Field(None, description="What the policy says for its type.")
    licence: str | None = Field(None, description="Under which its data are released.")
    invoiced: bool = False
    dataset_count: int = Field(description="Datasets that you may see.")
    techniques: list[TechniqueOut] = Field([])
    last_dataset: DatasetCard | None = None
    my_role: str | None = None
    may_write: bool = False
    may_manage: bool = False
    members: list[MemberOut] = Field([])


class ProposalIn(In):
    name: str = Field(pattern=r"^[A-Za-z0-9._-]{1,64}$")
    title: str = Field(min_length=1, max_length=500)
    summary: str | None = None
    type: Literal["public_access", "proprietary", "training", "in_house"] = "public_access"
    instrument: str | None = None
    start_time: datetime | None = None
    end_time: datetime | None = None
    release_time: datetime | None = None


class MemberIn(In):
    role: Literal["principal_investigator", "member", "reader", "local_contact"] = "member"


class ValidityOut(Out):
    dataset: DatasetCard
    purpose: Literal["calibration", "mask"]
    start: datetime
    end: datetime | None
    valid_now: bool


class InstrumentOut(Out):
    name: str
    title: str
    facility: str
    technique: TechniqueOut | None = None
    dataset_count: int
    is_staff: bool


class InstrumentPageOut(InstrumentOut):
    """'My instrument' for its staff."""

    latest: list[DatasetCard]
    failures: list[JobOut]
    quarantine: list[QuarantineOut]
    calibrations: list[ValidityOut]
    recipe_defaults: dict[str, dict[str, Any]]


class ValidityIn(In):
    dataset: str
    purpose: Literal["calibration", "mask"]
    start: datetime
    end: datetime | None = None
