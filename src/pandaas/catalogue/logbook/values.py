"""What the logbook answers with."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from pandaas.catalogue.values import Card


@dataclass(frozen=True)
class Entry:
    """One entry as one person sees it: `datasets` are those linked ones that she may know of."""

    id: int
    proposal: str
    author: str | None  # the name; None where nobody in particular wrote it
    author_user: str | None
    created: datetime
    edited: datetime | None
    removed: datetime | None
    text: str
    datasets: tuple[Card, ...]
    revisions: int
    may_edit: bool


@dataclass(frozen=True)
class EntryPage:
    """Entries, newest first. `before` asks for the next page; None at the end."""

    total: int
    entries: tuple[Entry, ...]
    before: int | None
    may_write: bool


@dataclass(frozen=True)
class TextPart:
    """A run of lines that one change kept, added or removed."""

    what: Literal["kept", "added", "removed"]
    text: str


@dataclass(frozen=True)
class Revision:
    """One change of an entry: who, when, and the difference to what it said before."""

    time: datetime
    editor: str | None
    difference: tuple[TextPart, ...]


@dataclass(frozen=True)
class Image:
    id: str
    media_type: str
    content: bytes
    sha256: str
