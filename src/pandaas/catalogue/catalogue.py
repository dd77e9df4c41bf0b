"""The face of the room: what there is, found by whom, made from what."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pandaas.access import Access
from pandaas.catalogue.ingest import Ingest, Request, Scanner
from pandaas.catalogue.quarantine import QuarantineList
from pandaas.catalogue.records import Records
from pandaas.catalogue.search import Search, SqlSearch
from pandaas.catalogue.values import (
    Card,
    FileContent,
    FileInfo,
    IngestReport,
    OnProgress,
    Record,
    SearchQuery,
    SearchResult,
)
from pandaas.config import Settings
from pandaas.db import Database
from pandaas.model import Action, DatasetFiles, Principal


class Catalogue:
    """All calls are synchronous and thread-safe; `principal` is who asks, and the rule is asked in every call.

    Implements `pandaas.model.Resolver` for the array service.
    """

    def __init__(self, database: Database, settings: Settings, access: Access, arrays: Scanner) -> None:
        self._database = database
        self._settings = settings
        self._access = access
        self._quarantine = QuarantineList(database, settings, access)
        self._ingest = Ingest(database, settings, access, arrays, self._quarantine)
        self._records = Records(database, settings, access)
        self._search: Search = SqlSearch(database, access)

    # --- ingest ---------------------------------------------------------------------------------------------------

    def ingest(
        self,
        principal: Principal,
        paths: Sequence[Path],
        *,
        proposal: str | None = None,
        instrument: str | None = None,
        progress: OnProgress | None = None,
        rescan: bool = False,
        origin: str = "measured",
        source_note: str | None = None,
        licence: str | None = None,
    ) -> IngestReport:
        """Register the files below `paths`; for operators. Run again after anything: what is known is not read again.

        `origin` (measured or simulated), `source_note` and `licence` are said of all that is new.
        """
        self._access.require(principal, Action.OPERATE, what="folders of the server")
        request = Request(
            paths=tuple(paths),
            allowed=tuple(root.path for root in self._settings.storage),
            proposal=proposal,
            instrument=instrument,
            actor_id=principal.person_id,
            rescan=rescan,
            origin=origin,
            source_note=source_note,
            licence=licence,
        )
        return self._ingest.run(request, progress)

    # --- finding and showing --------------------------------------------------------------------------------------

    def search(self, principal: Principal, query: SearchQuery) -> SearchResult:
        return self._search.search(principal, query)

    def dataset(self, principal: Principal, pid: str) -> Record:
        return self._records.record(principal, pid)

    def cards(self, principal: Principal, pids: Sequence[str]) -> list[Card]:
        """Cards of those of `pids` that this person may know of, in the same order."""
        return self._records.cards(principal, pids)

    def card(self, principal: Principal, pid: str) -> Card:
        """The card of one dataset, or `NotFound`."""
        found = self.cards(principal, [pid])
        return found[0] if found else self._records.record(principal, pid).card

    def edit(self, principal: Principal, pid: str, changes: dict[str, Any]) -> Record:
        self._records.edit(principal, pid, changes)
        return self._records.record(principal, pid)

    def thumbnail(self, principal: Principal, pid: str) -> bytes:
        """PNG, at most 320 pixels wide; `NotFound` where there is none."""
        return self._records.thumbnail(principal, pid)

    # --- files ----------------------------------------------------------------------------------------------------

    def files(self, principal: Principal, pid: str) -> DatasetFiles:
        """Where the data of `pid` lie (see `Resolver`)."""
        return self._records.files(principal, pid)

    def may_read_path(self, principal: Principal, path: Path) -> bool:
        return self._records.may_read_path(principal, path)

    def file_list(self, principal: Principal, pid: str) -> list[FileInfo]:
        return self._records.file_list(principal, pid)

    def file(self, principal: Principal, pid: str, file_id: int) -> FileContent:
        return self._records.file(principal, pid, file_id)
