"""The logbook of a proposal and the notes on a dataset."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import Field

from pandaas.server.schemas.base import In, Out
from pandaas.server.schemas.datasets import DatasetCard


class LogbookEntryOut(Out):
    id: int
    proposal: str
    author: str | None
    author_user: str | None
    created: datetime
    edited: datetime | None
    removed: datetime | None = Field(description="Hidden from others since then.")
    text: str = Field(description="Markdown.")
    datasets: list[DatasetCard] = Field(description="Those linked that you may know of.")
    revisions: int
    may_edit: bool


class LogbookPageOut(Out):
    """Entries, newest first."""

    total: int
    entries: list[LogbookEntryOut]
    before: int | None = Field(description="Ask with this for the next page; null at the end.")
    may_write: bool


class LogbookEntryIn(In):
    text: str = Field(description="Markdown; '/datasets/<pid>' in it links a dataset.")
    datasets: list[str] | None = Field(None, description="Further datasets to link; left out, the links stay.")


class NoteIn(In):
    text: str = Field(description="Markdown.")


class TextPartOut(Out):
    what: Literal["kept", "added", "removed"]
    text: str


class RevisionOut(Out):
    """One change: who, when, and the lines that it kept, added and removed."""

    time: datetime
    editor: str | None
    difference: list[TextPartOut]


class LogbookImageOut(Out):
    id: str
    address: str = Field(description="For '![…](address)' in an entry.")
