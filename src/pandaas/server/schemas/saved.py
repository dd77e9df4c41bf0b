"""Saved searches, collections, preferences."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import Field

from pandaas.server.schemas.base import In, Out
from pandaas.server.schemas.datasets import DatasetCard

Alert = Literal["none", "page", "mail"]


class SavedSearchOut(Out):
    id: int
    name: str
    q: str
    selected: dict[str, list[str]] = Field(description="Chosen values of each facet.")
    alert: Alert
    has_feed: bool
    created: datetime


class SavedSearchIn(In):
    name: str = Field(min_length=1, max_length=120)
    q: str = Field("", max_length=2000)
    selected: dict[Literal["facility", "instrument", "technique", "proposal", "year", "kind"], list[str]] = Field(
        default_factory=dict
    )
    alert: Alert = "none"


class SavedSearchPatch(In):
    name: str | None = Field(None, min_length=1, max_length=120)
    alert: Alert | None = None


class FeedOut(Out):
    """Shown once: whoever has the address reads what its owner may see."""

    path: str


class CollectionOut(Out):
    """`count`, and `datasets` where one collection is asked for, are of what the reader may see."""

    id: int
    name: str
    description: str | None
    owner: str
    mine: bool
    count: int
    opened: int = Field(description="How many of these everyone may read.")
    changed: datetime
    datasets: list[DatasetCard] = Field(description="A page of them, in order.")
    readers: list[str] = Field(description="With whom it is shared; told to its owner.")


class CollectionIn(In):
    name: str = Field(min_length=1, max_length=120)
    description: str | None = Field(None, max_length=5000)
    datasets: list[str] = Field([], max_length=10_000)


class CollectionPatch(In):
    name: str | None = Field(None, min_length=1, max_length=120)
    description: str | None = Field(None, max_length=5000)


class PidsIn(In):
    datasets: list[str] = Field(min_length=1, max_length=10_000)


class CollectionShareIn(In):
    user: str = Field(max_length=64)
    expires: datetime | None = None


class CollectionLinkIn(In):
    label: str = Field(min_length=1, max_length=200, description="For whom it is.")
    days: float = 60


class CollectionReleaseIn(In):
    release_time: datetime
    reason: str = Field(max_length=2000)


class CollectionReleaseOut(Out):
    """How many datasets the staff was asked to release, are open anyway, and have a request that waits."""

    asked: int
    open: int
    waiting: int


class ColumnSetOut(Out):
    name: str
    columns: list[str]


class ColumnSetIn(In):
    name: str = Field(min_length=1, max_length=60)
    columns: list[str] = Field(min_length=1, max_length=12)


class UnitChoice(Out):
    """Units that measure the same, and the one this person prefers."""

    si_unit: str
    units: list[str]
    chosen: str | None


class PreferencesOut(Out):
    units: list[UnitChoice]
    columns: list[ColumnSetOut]


class PreferencesPatch(In):
    units: list[str] | None = Field(None, max_length=60, description="One for each dimension; replaces all.")
    columns: list[ColumnSetIn] | None = Field(None, max_length=20, description="Replaces all sets of columns.")


class SnippetOut(Out):
    """One query in four tongues."""

    python: str
    command: str
    page: str
    api: str
