"""Access: the data policy, release, shares, reviewer links, requests, reasons, the audit."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from pydantic import Field

from pandaas.server.schemas.base import In, Out
from pandaas.server.schemas.datasets import DatasetCard

Pids = list[str]
ProposalTypeName = Literal["public_access", "proprietary", "training", "in_house", "personal"]


class PolicyOut(Out):
    """What holds for proposals of one type."""

    type: ProposalTypeName
    releases: bool = Field(description="Whether data of this type are ever open; no policy can change it.")
    embargo_years: float | None = Field(description="After the end of the experiment; null: not by time.")
    licence: str
    announced: bool = Field(description="Anyone may know of embargoed proposals of this type.")
    invoiced: bool
    remind_days: int
    is_default: bool = Field(description="Nobody has changed it: the configuration's defaults hold.")


class PolicyIn(In):
    """Only the fields given change."""

    embargo_years: float | None = None
    licence: str | None = Field(None, max_length=64)
    announced: bool | None = None
    invoiced: bool | None = None
    remind_days: int | None = None


class ReleaseChangeOut(Out):
    proposal: str
    old: datetime | None
    new: datetime | None
    datasets: int


class ReleaseIn(In):
    """`release_time` null is never; `by_policy` lets the policy hold again."""

    release_time: datetime | None = None
    by_policy: bool = False
    reason: str | None = Field(None, max_length=2000)


class ReleaseRequestIn(In):
    proposal: str
    dataset: str | None = None
    release_time: datetime
    reason: str = Field(min_length=1, max_length=2000)


class DecisionIn(In):
    approve: bool
    answer: str = Field("", max_length=2000)


class ReleaseRequestOut(Out):
    id: int
    proposal: str
    title: str
    dataset: str | None
    now: datetime | None = Field(description="The release time as it stands.")
    release_time: datetime = Field(description="What is asked for.")
    reason: str
    state: Literal["pending", "approved", "refused", "taken_back"]
    asked: datetime
    asked_by: str
    decided: datetime | None
    decided_by: str | None
    answer: str | None
    may_decide: bool
    is_mine: bool


class AccessRequestIn(In):
    """Ask for a dataset by its identifier, or for a proposal by its name."""

    dataset: str | None = None
    proposal: str | None = Field(None, max_length=64)
    reason: str = Field(min_length=1, max_length=2000)


class AnswerIn(In):
    grant: bool
    answer: str = Field("", max_length=2000)
    until: datetime | None = None


class AccessRequestOut(Out):
    id: int
    dataset: str | None
    proposal: str | None
    title: str | None = Field(description="Null where you may not know it.")
    reason: str
    state: Literal["pending", "granted", "refused", "taken_back"]
    asked: datetime
    by: str
    affiliation: str | None
    answered: datetime | None
    answered_by: str | None
    answer: str | None
    until: datetime | None
    may_answer: bool
    is_mine: bool


class ShareIn(In):
    datasets: Pids = Field(min_length=1, max_length=1000)
    user: str
    until: datetime | None = None


class ShareOut(Out):
    user: str
    name: str
    by: str
    since: datetime
    until: datetime | None


class LinkIn(In):
    datasets: Pids = Field(min_length=1, max_length=1000)
    label: str = Field(min_length=1, max_length=200, description="For whom it is.")
    days: float = 60


class LinkDaysIn(In):
    days: float


class LinkOut(Out):
    id: int
    label: str
    by: str
    datasets: Pids
    created: datetime
    expires: datetime
    works: bool
    uses: int
    last_used: datetime | None


class NewLinkOut(LinkOut):
    path: str = Field(description="Address below this platform, with the secret in its fragment; shown only now.")


class ReviewIn(In):
    secret: str = Field(max_length=100)


class ViewAsIn(In):
    user: str | None = Field(None, description="Null: as nobody in particular.")


class LensOut(Out):
    """Through what this browser looks."""

    kind: Literal["review", "view_as"]
    label: str
    by: str | None = None
    expires: datetime | None = None
    datasets: list[DatasetCard] = Field([])


class AccessOut(Out):
    """Why you may, or may not, read a dataset; and what you may do about who does."""

    may: bool
    reasons: list[str]
    may_manage: bool = Field(False, description="You share it and see who read it.")
    may_explain: bool = Field(False, description="You may ask about others.")
    may_ask_release: bool = False
    may_set_release: bool = False
    release_set: bool = Field(False, description="Its date is an exception from the policy.")
    policy: PolicyOut | None = None


class WhyOut(Out):
    may: bool
    reasons: list[str]
    at: datetime


class SeerOut(Out):
    who: str
    why: str
    actions: list[str]
    until: datetime | None


class AuditLineOut(Out):
    number: int = Field(description="0: counted, the audit has still to take it over.")
    time: datetime
    kind: str
    subject: str
    who: str | None
    whom: str | None
    detail: dict[str, Any]
