"""Publications: datasets that are cited together."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import Field

from pandaas.server.schemas.base import In, Out
from pandaas.server.schemas.datasets import DatasetCard, TechniqueOut

Relation = Literal[
    "IsCitedBy",
    "Cites",
    "IsSupplementTo",
    "IsSupplementedBy",
    "References",
    "IsReferencedBy",
    "IsDerivedFrom",
    "IsPartOf",
]


class CreatorOut(Out):
    name: str
    affiliation: str
    orcid: str = Field(description="0000-0002-1825-0097, or empty.")


class RelatedOut(Out):
    doi: str
    relation: Relation


class PublicationOut(Out):
    """`count` is of all its datasets, `visible` of those that the reader may discover, `datasets` is a page of these (of
    one publication alone)."""

    pid: str
    state: Literal["draft", "published", "withdrawn"]
    title: str
    abstract: str
    creators: list[CreatorOut]
    keywords: list[str]
    techniques: list[TechniqueOut]
    related: list[RelatedOut]
    licence: str
    publisher: str
    published: datetime | None
    reason: str | None = Field(description="Why it was withdrawn.")
    doi: str | None = Field(description="Once it is registered.")
    doi_state: Literal["none", "waiting", "registered", "refused"]
    doi_note: str | None = Field(description="Why it waits or was refused; for those who may change it.")
    url: str = Field(description="The landing page.")
    identifier: str = Field(description="What is cited: the DOI as an address, else the landing page.")
    citation: str
    may_change: bool
    may_withdraw: bool
    count: int
    size: int = Field(description="Bytes of all its datasets.")
    open: int = Field(description="How many of them anyone may read.")
    opens: datetime | None = Field(description="When the last of the others opens, where that is known.")
    visible: int = Field(description="How many of them the reader may discover (of one publication alone).")
    datasets: list[DatasetCard]


class PublicationIn(In):
    """Datasets by name, or those of a collection."""

    datasets: list[str] = Field([], max_length=10_000)
    collection: int | None = Field(None, ge=1, le=2**31 - 1)
    title: str | None = Field(None, max_length=500)
    abstract: str | None = Field(None, max_length=20_000)


class CreatorIn(In):
    name: str = Field(max_length=200)
    affiliation: str = Field("", max_length=300)
    orcid: str = Field("", max_length=60)


class RelatedIn(In):
    doi: str = Field(max_length=300)
    relation: Relation = "IsCitedBy"


class PublicationPatch(In):
    title: str | None = Field(None, max_length=500)
    abstract: str | None = Field(None, max_length=20_000)
    creators: list[CreatorIn] | None = None
    keywords: list[str] | None = None
    related: list[RelatedIn] | None = None
    licence: str | None = Field(None, max_length=64)
    publisher: str | None = Field(None, max_length=200)


class WithdrawIn(In):
    reason: str = Field(min_length=1, max_length=500)
