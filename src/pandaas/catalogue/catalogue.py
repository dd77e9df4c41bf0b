"""The face of the room: what there is, found by whom, made from what."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from threading import Event as Flag
from typing import Any

from sqlalchemy.orm import Session

from pandaas.access import Access
from pandaas.catalogue.checks import FileChecks
from pandaas.catalogue.collections import Collections
from pandaas.catalogue.history import history_of
from pandaas.catalogue.ingest import Ingest, Request, Scanner
from pandaas.catalogue.lists import Lists
from pandaas.catalogue.masks import Masks
from pandaas.catalogue.preferences import Preferences
from pandaas.catalogue.provenance import ProvenanceGraph
from pandaas.catalogue.quarantine import QuarantineList
from pandaas.catalogue.records import Records
from pandaas.catalogue.results import JobRecord, PreparedResult, Results, Said, SessionMaker
from pandaas.catalogue.rows import Rows
from pandaas.catalogue.saved import SavedSearches
from pandaas.catalogue.search import Finder, IndexSearch, Narrowing, SqlSearch, index_folder
from pandaas.catalogue.uploads import Uploads, UploadSink
from pandaas.catalogue.validity import Validities
from pandaas.catalogue.values import (
    Card,
    FileCheck,
    FileContent,
    FileInfo,
    HistoryLine,
    IngestReport,
    OnProgress,
    ProposalContents,
    Provenance,
    QuarantineEntry,
    Record,
    SearchQuery,
    SearchResult,
    UploadStatus,
    ValidDataset,
)
from pandaas.catalogue.vocabulary import Vocabulary
from pandaas.catalogue.watch import Watch
from pandaas.config import Settings
from pandaas.db import Database, Memo
from pandaas.db.tables import Proposal
from pandaas.model import Action, DatasetFiles, NotFound, Principal


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
        self.vocabulary = Vocabulary(database, access)
        self._records = Records(database, settings, access, self.vocabulary)
        self._files: Memo[DatasetFiles] = Memo(database)
        self._signals: Memo[str | None] = Memo(database)
        self._search = IndexSearch(database, access, self.vocabulary, index_folder(settings))
        tables = SqlSearch(database, access, self.vocabulary)
        self.preferences = Preferences(database)
        self.finder = Finder(database, access, self._search, tables, self.vocabulary, units=self.preferences.units)
        self.saved = SavedSearches(database, self.finder)
        self.collections = Collections(database, access, self._records)
        self.rows = Rows(database, self.finder)
        self._lists = Lists(database, access)
        self._provenance = ProvenanceGraph(database, access)
        self._validities = Validities(database, access, self._records)
        self._results = Results(database, settings, access, arrays)
        self._masks = Masks(database, settings, access, self._records)
        self._checks = FileChecks(database, settings, access)
        self._uploads = Uploads(database, settings, access, self._ingest.run)

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
            allowed=self._roots(),
            proposal=proposal,
            instrument=instrument,
            actor_id=principal.person_id,
            rescan=rescan,
            origin=origin,
            source_note=source_note,
            licence=licence,
        )
        return self._ingest.run(request, progress)

    def watch(
        self,
        principal: Principal,
        paths: Sequence[Path],
        stop: Flag,
        *,
        proposal: str | None = None,
        instrument: str | None = None,
        origin: str = "measured",
        report: Callable[[IngestReport | FileCheck], None] | None = None,
    ) -> None:
        """Ingest `paths`, then whatever appears below them once it is settled, until `stop` is set."""
        self._access.require(principal, Action.OPERATE, what="folders of the server")
        request = Request(
            paths=(),
            given=tuple(paths),
            allowed=self._roots(),
            proposal=proposal,
            instrument=instrument,
            actor_id=principal.person_id,
            origin=origin,
        )
        Watch(
            paths,
            settle_s=self._settings.ingest.settle_s,
            ingest=lambda found: self._ingest.run(replace(request, paths=tuple(found))),
            check=self._checks.run,
        ).run(stop, report)

    def _roots(self) -> tuple[Path, ...]:
        return tuple(root.path for root in self._settings.storage)

    def check_files(self) -> FileCheck:
        """Notice files that are missing, back, moved or changed; end uploads that nobody continues."""
        self._uploads.expire()
        return self._checks.run()

    # --- finding and showing --------------------------------------------------------------------------------------

    def search(self, principal: Principal, query: SearchQuery) -> SearchResult:
        return self.finder.search(principal, query)

    def keep_search_index(self, stop: Flag) -> None:
        """Load or build the index of the search and keep it until `stop` is set. Until it is there SQL answers."""
        self._search.keeper.run(stop)

    def load_search_index(self) -> None:
        """Have the index of the search in memory; every search brings it up to date."""
        self._search.keeper.load()

    def narrowing(self, session: Session, principal: Principal) -> Narrowing | None:
        """Sets of what this person may discover, for questions in another language; None while there is no index."""
        return self._search.narrowing(session, principal)

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
        return self._files.get((repr(principal), pid), lambda: self._records.files(principal, pid))

    def default_signal(self, principal: Principal, pid: str) -> str | None:
        """Inner path of the array that is plotted by default."""
        key = (repr(principal), pid)
        return self._signals.get(key, lambda: self._records.default_signal(principal, pid))

    def may_read_path(self, principal: Principal, path: Path) -> bool:
        return self._records.may_read_path(principal, path)

    def file_list(self, principal: Principal, pid: str) -> list[FileInfo]:
        return self._records.file_list(principal, pid)

    def file(self, principal: Principal, pid: str, file_id: int) -> FileContent:
        return self._records.file(principal, pid, file_id)

    # --- lists, history, provenance -------------------------------------------------------------------------------

    def latest(
        self,
        principal: Principal,
        *,
        proposal_id: int | None = None,
        instrument_id: int | None = None,
        kind: str | None = None,
        limit: int = 10,
    ) -> list[Card]:
        """The newest datasets this person may know of."""
        return self._lists.latest(
            principal, proposal_id=proposal_id, instrument_id=instrument_id, kind=kind, limit=limit
        )

    def contents(self, principal: Principal, proposal_ids: Iterable[int]) -> dict[int, ProposalContents]:
        """Count, techniques and newest dataset of each proposal, as far as this person may know of them."""
        return self._lists.contents(principal, proposal_ids)

    def count_in_proposal(self, principal: Principal, proposal_id: int) -> int:
        return self._lists.contents(principal, [proposal_id])[proposal_id].count

    def history(self, principal: Principal, pid: str) -> list[HistoryLine]:
        """What happened to `pid` in plain words, newest first."""
        with self._database.read() as session:
            self._records.row(session, principal, pid, Action.DISCOVER)
            return history_of(session, principal, pid, self.vocabulary.techniques())

    def provenance(self, principal: Principal, pid: str) -> Provenance:
        """What `pid` was made from and what was made from it, over any number of steps."""
        with self._database.read() as session:
            self._records.row(session, principal, pid, Action.DISCOVER)
            return self._provenance.of(session, principal, pid)

    # --- results, masks, calibrations -----------------------------------------------------------------------------

    def prepare_result(self, file: Path, attachments: Sequence[Path] = ()) -> PreparedResult:
        """Read a result in a worker process; do this before the transaction that registers it.

        `attachments` become files of the result beside its data.
        """
        return self._results.prepare(file, attachments)

    def register_result(
        self,
        session: Session,
        maker: JobRecord | SessionMaker,
        file: Path | PreparedResult,
        *,
        title: str,
        inputs: Mapping[str, Sequence[str]],
        proposal: Proposal,
        said: Said | None = None,
    ) -> str:
        """Make a file of a job or session a dataset in the caller's transaction; `inputs` are the pids in each slot."""
        prepared = self._results.prepare(file) if isinstance(file, Path) else file
        return self._results.register(
            session, maker, prepared, title=title, inputs=inputs, proposal=proposal, said=said or Said()
        )

    def check_techniques(self, iris: Sequence[str]) -> None:
        """`InvalidInput` (field `techniques`) for what is no technique of the vocabulary."""
        self._records.check_techniques(iris)

    def save_mask(
        self, principal: Principal, pid: str, *, path: str, title: str, shape: Sequence[int], runs: Sequence[int]
    ) -> Card:
        """Save a drawn mask (run lengths, unmasked first) as a mask dataset of the image's instrument."""
        return self.card(principal, self._masks.save(principal, pid, path=path, title=title, shape=shape, runs=runs))

    def calibrations(
        self, principal: Principal, instrument: str, at: datetime | None = None, purpose: str | None = None
    ) -> list[ValidDataset]:
        """Calibrations and masks of an instrument that this person may read, newest first; `at`: valid then."""
        return self._validities.of(principal, instrument, at, purpose)

    def set_validity(
        self,
        principal: Principal,
        instrument: str,
        pid: str,
        *,
        purpose: str,
        start: datetime,
        end: datetime | None = None,
    ) -> ValidDataset:
        """Propose `pid` for data measured in that interval; for the instrument's staff."""
        return self._validities.set(principal, instrument, pid, purpose=purpose, start=start, end=end)

    # --- uploads and quarantine -----------------------------------------------------------------------------------

    def start_upload(
        self,
        principal: Principal,
        name: str,
        size: int,
        *,
        sha256: str | None = None,
        proposal: str | None = None,
        batch: str | None = None,
    ) -> UploadStatus:
        """Announce a file for the person's own space or a proposal she may write to."""
        return self._uploads.start(principal, name, size, sha256=sha256, proposal=proposal, batch=batch)

    def upload(self, principal: Principal, upload_id: str) -> UploadStatus:
        return self._uploads.show(principal, upload_id)

    def append_upload(self, principal: Principal, upload_id: str, offset: int) -> UploadSink:
        """A sink for the bytes from `offset` on: `with catalogue.append_upload(…) as sink: sink.write(…)`."""
        return self._uploads.sink(principal, upload_id, offset)

    def complete_upload(self, principal: Principal, upload_id: str) -> UploadStatus:
        """Compare the checksum and register what arrived."""
        return self._uploads.complete(principal, upload_id)

    def quarantined(self, principal: Principal, *, instrument_id: int | None = None) -> list[QuarantineEntry]:
        return self._quarantine.entries(principal, instrument_id=instrument_id)

    def retry(
        self, principal: Principal, entry_id: int, *, proposal: str | None = None, instrument: str | None = None
    ) -> IngestReport:
        """Try a quarantined file again, for the proposal it came for; only operators may name another."""
        entry = self._quarantine.find(principal, entry_id)
        if proposal is not None or instrument is not None:
            self._access.require(principal, Action.OPERATE, what="where a file belongs")
        path = Path(entry.path)
        if os.path.realpath(path) != entry.path:
            raise NotFound(f"'{entry.name}' is no longer there.", remedy="Dismiss the entry.")
        request = Request(
            paths=(path,),
            allowed=self._roots(),
            proposal=proposal or self._quarantine.proposal_of(entry),
            instrument=instrument,
            actor_id=principal.person_id,
            owner_id=entry.owner_id,
            adds_instruments=entry.owner_id is None,
            rescan=True,
        )
        return self._ingest.run(request)

    def dismiss(self, principal: Principal, entry_id: int) -> None:
        self._quarantine.dismiss(principal, entry_id)
