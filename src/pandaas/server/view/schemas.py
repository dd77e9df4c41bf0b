"""What the page of `pandaas view` is told about folders."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import Field

from pandaas.server.schemas.base import Out


class ViewOut(Out):
    """What is viewed."""

    title: str = Field(description="Name of the only file or folder, else how many there are.")
    start: str = Field(description="Address to open first: the only file, else the list of what there is.")
    is_file: bool = Field(description="One file and nothing else; there is nothing to list.")
    version: str = Field(description="Version of PaN-DAaS.")


class EntryOut(Out):
    name: str
    address: str
    kind: Literal["folder", "file"]
    size: int | None
    modified: datetime | None
    problem: str | None = Field(description="Why it can't be opened.")


class FolderOut(Out):
    """A part of a folder."""

    address: str
    name: str
    entries: list[EntryOut]
    total: int = Field(description="Entries that have the words of the filter.")
    hidden: int = Field(description="Hidden entries, which are not served.")


class StateOut(Out):
    """What an address names."""

    kind: Literal["folder", "file"]
    version: int | None = Field(description="As in the record: changes with the file.")
