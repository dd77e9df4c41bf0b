"""One scanned dataset into the catalogue, in one transaction: new, unchanged, a new version, moved, or still growing."""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from pandaas.catalogue.describe import (
    array_rows,
    extra_value,
    parameter_rows,
    plot_value,
    searchable,
    technique_rows,
)
from pandaas.catalogue.disk import tells_when_full
from pandaas.catalogue.edits import apply_edits, edits_of
from pandaas.catalogue.folding import storable
from pandaas.catalogue.ingest.checksum import MeasuredFile, fingerprint_of, identity_of
from pandaas.catalogue.ingest.placement import Placement
from pandaas.catalogue.ingest.refresh import take_over
from pandaas.catalogue.leaves import leaves_of
from pandaas.catalogue.quality import assess
from pandaas.catalogue.values import IngestedDataset, Outcome
from pandaas.config import Settings
from pandaas.db import Database, append
from pandaas.db.tables import Dataset, DatasetFile, Quarantine, Validity
from pandaas.model import DatasetState, ScannedDataset, new_pid


@dataclass(frozen=True)
class Prepared:
    """Everything known of a dataset before it is stored; `files[0]` is the one to open."""

    scanned: ScannedDataset
    files: tuple[MeasuredFile, ...]
    placement: Placement
    thumbnail: bytes | None = None
    growing: bool = False
    owner_id: int | None = None
    origin: str = "measured"
    source_note: str | None = None
    licence: str | None = None
    refresh: bool = False  # what the reader says now replaces what it said of the same bytes before

    @property
    def identity(self) -> str:
        return identity_of(self.files[0].path, self.scanned.entry_path)

    @property
    def fingerprint(self) -> str:
        return fingerprint_of(self.files)


class Store:
    """Writes datasets. Two ingests of the same file at once make one dataset."""

    def __init__(self, database: Database, settings: Settings) -> None:
        self._database = database
        self._settings = settings

    def put(self, prepared: Prepared, actor_id: int | None) -> IngestedDataset:
        with tells_when_full(), self._database.session() as session:
            self._lock(session, prepared.identity)
            return self.put_in(session, prepared, actor_id)

    def put_in(self, session: Session, prepared: Prepared, actor_id: int | None) -> IngestedDataset:
        """The same in the caller's transaction."""
        for file in prepared.files:
            self._release(session, str(file.path))
        known = session.scalars(
            select(Dataset).where(Dataset.identity == prepared.identity, Dataset.is_latest).with_for_update()
        ).first()
        if known is None:
            known = _moved_here(session, prepared)
            if known is not None:
                return self._move(session, known, prepared, actor_id)
            return self._add(session, prepared, actor_id, "growing" if prepared.growing else "new")
        if known.fingerprint == prepared.fingerprint and known.state != DatasetState.GROWING:
            confirmed = self._confirm(session, known, prepared)
            return self._refresh(session, known, prepared, actor_id) if prepared.refresh else confirmed
        if known.state == DatasetState.GROWING:
            return self._grow(session, known, prepared, actor_id)
        return self._replace(session, known, prepared, actor_id)

    def _lock(self, session: Session, identity: str) -> None:
        """SQLite has one writer at a time; on PostgreSQL a lock on the identity does the same for this file."""
        if not self._database.is_sqlite:
            session.execute(select(func.pg_advisory_xact_lock(int(identity[:15], 16))))

    def _release(self, session: Session, path: str) -> None:
        """A file that could be registered leaves the quarantine."""
        entry = session.scalars(select(Quarantine).where(Quarantine.path == storable(path))).first()
        if entry is not None:
            session.delete(entry)
            self._log(session, "quarantine.changed", str(entry.id), None, entry.proposal_id, name=entry.name)

    def _add(
        self, session: Session, prepared: Prepared, actor_id: int | None, outcome: Outcome, old: Dataset | None = None
    ) -> IngestedDataset:
        dataset = new_dataset(self._settings, prepared, new_pid(), self._database.clock(), old)
        session.add(dataset)
        session.flush()
        edits = edits_of(session, old.pid) if old else {}
        apply_edits(session, dataset, edits)
        self._index(session, dataset)
        payload: dict[str, Any] = {"version": dataset.version, "title": dataset.title, "files": len(prepared.files)}
        if old:
            payload |= {"replaces": old.pid, "carried": edits}
        self._log(session, "dataset.registered", dataset.pid, actor_id, dataset.proposal_id, **payload)
        return IngestedDataset(dataset.pid, dataset.version, dataset.title, outcome)

    def _confirm(self, session: Session, known: Dataset, prepared: Prepared) -> IngestedDataset:
        """The same bytes again; a file that was touched or that had been missing is noted as found."""
        returned = known.missing_since is not None
        known.missing_since = None
        for row, file in zip((row for row in known.files if row.role == "data"), prepared.files, strict=False):
            row.mtime_ns, row.missing_since = file.mtime_ns, None
        if returned:
            self._log(session, "dataset.changed", known.pid, None, known.proposal_id, returned=True)
        return IngestedDataset(known.pid, known.version, known.title, "unchanged")

    def _refresh(self, session: Session, known: Dataset, prepared: Prepared, actor_id: int | None) -> IngestedDataset:
        """The same bytes, read by a reader that may have learned something; edits, owner, proposal and state stay."""
        fresh = new_dataset(self._settings, prepared, known.pid, self._database.clock(), known)
        apply_edits(session, fresh, edits_of(session, known.pid))
        fresh.instrument_id = fresh.instrument_id or known.instrument_id
        fresh.thumbnail = fresh.thumbnail or known.thumbnail
        if known.release_set:
            fresh.release_time = known.release_time
        changed = take_over(session, known, fresh)
        if not changed:
            return IngestedDataset(known.pid, known.version, known.title, "unchanged")
        self._index(session, known)
        self._log(session, "dataset.changed", known.pid, actor_id, known.proposal_id, reread=changed)
        return IngestedDataset(known.pid, known.version, known.title, "reread")

    def _grow(self, session: Session, known: Dataset, prepared: Prepared, actor_id: int | None) -> IngestedDataset:
        """A measurement that was still being written goes on: the same version, more data."""
        was = (known.state, known.fingerprint)
        edits = edits_of(session, known.pid)
        for row in known.techniques:
            session.delete(row)
        session.flush()
        session.expire(known, ["techniques"])
        _fill(self._settings, known, prepared)
        session.flush()
        apply_edits(session, known, edits)
        self._index(session, known)
        if was != (known.state, known.fingerprint):
            self._log(session, "dataset.changed", known.pid, actor_id, known.proposal_id, state=known.state)
        return IngestedDataset(known.pid, known.version, known.title, "growing" if prepared.growing else "new")

    def _replace(self, session: Session, old: Dataset, prepared: Prepared, actor_id: int | None) -> IngestedDataset:
        """Other bytes at the same place: a new version. What the old one described is no longer on disk."""
        old.is_latest = False
        now = self._database.clock()
        current = {str(file.path): file.sha256 for file in prepared.files}
        for row in old.files:
            if row.role == "data" and row.path in current and row.sha256 != current[row.path]:
                row.missing_since = row.missing_since or now
                old.missing_since = old.missing_since or now
        made = self._add(session, prepared, actor_id, "new_version", old)
        _carry_validity(session, old.pid, made.pid)
        attachments = [row for row in old.files if row.role == "attachment"]
        dataset = session.scalars(select(Dataset).where(Dataset.pid == made.pid)).one()
        dataset.files.extend(_copy(row, len(prepared.files) + index) for index, row in enumerate(attachments))
        self._log(session, "dataset.changed", old.pid, actor_id, old.proposal_id, replaced_by=made.pid)
        return made

    def _move(self, session: Session, known: Dataset, prepared: Prepared, actor_id: int | None) -> IngestedDataset:
        """The same bytes at a new place, and gone from the old one."""
        relocate(session, known, prepared.identity)
        known.missing_since = None
        known.files = _with_attachments(prepared.files, known)
        self._index(session, known)
        self._log(session, "dataset.changed", known.pid, actor_id, known.proposal_id, moved=prepared.files[0].name)
        return IngestedDataset(known.pid, known.version, known.title, "moved")

    def _index(self, session: Session, dataset: Dataset) -> None:
        session.flush()
        dataset.search_text = searchable(session, dataset)
        assess(session, dataset, clock=self._database.clock)

    def _log(
        self, session: Session, kind: str, subject: str, actor_id: int | None, proposal_id: int | None, **payload: Any
    ) -> None:
        append(
            session,
            kind,
            subject,
            actor_id=actor_id,
            proposal_id=proposal_id,
            payload=payload,
            clock=self._database.clock,
        )


def new_dataset(settings: Settings, prepared: Prepared, pid: str, now: datetime, old: Dataset | None = None) -> Dataset:
    """A row for what was prepared, not yet in a session; the next version of `old` where there is one."""
    dataset = Dataset(
        pid=pid,
        version=old.version + 1 if old else 1,
        replaces=old.pid if old else None,
        is_latest=True,
        created=now,
        identity=prepared.identity,
        owner_id=old.owner_id if old else prepared.owner_id,
        release_set=old.release_set if old else False,
        release_time=old.release_time if old and old.release_set else None,
        proposal_id=old.proposal_id if old else prepared.placement.proposal_id,
    )
    _fill(settings, dataset, prepared)
    return dataset


def _fill(settings: Settings, dataset: Dataset, prepared: Prepared) -> None:
    scanned, place = prepared.scanned, prepared.placement
    dataset.kind = scanned.kind
    dataset.title = storable(scanned.title).strip()[:500] or prepared.files[0].name
    dataset.description = storable(scanned.description) if scanned.description else None
    dataset.facility = storable(scanned.facility or settings.facility.short_name)[:64]
    dataset.sample = storable(scanned.sample)[:300] if scanned.sample else None
    dataset.start_time, dataset.end_time = scanned.start_time, scanned.end_time
    dataset.format = scanned.format[:32]
    dataset.entry_path = storable(scanned.entry_path)[:500]
    dataset.size = sum(file.size for file in prepared.files)
    dataset.fingerprint = prepared.fingerprint
    dataset.definitions = [storable(name) for name in scanned.definitions]
    dataset.plot = plot_value(scanned.plot)
    dataset.unread = [storable(reason) for reason in scanned.unread]
    dataset.extra = extra_value(scanned.metadata)
    dataset.origin, dataset.source_note = prepared.origin, prepared.source_note
    dataset.licence = prepared.licence or place.policy.licence
    dataset.state = DatasetState.GROWING if prepared.growing else DatasetState.COMPLETE
    dataset.instrument_id = place.instrument_id
    dataset.missing_since = None
    dataset.thumbnail = prepared.thumbnail
    dataset.files = _with_attachments(prepared.files, dataset)
    if not dataset.release_set:
        dataset.release_time = place.release_time(_measured(dataset))
    dataset.arrays = array_rows(scanned.arrays)
    dataset.parameters = parameter_rows((*scanned.parameters, *leaves_of(scanned.metadata)))
    dataset.techniques = technique_rows(scanned, place.technique)


def file_rows(files: tuple[MeasuredFile, ...], *, role: str = "data", first: int = 0) -> list[DatasetFile]:
    return [
        DatasetFile(
            position=position,
            role=role,
            name=storable(file.name)[:255],
            path=storable(str(file.path)),
            size=file.size,
            mtime_ns=file.mtime_ns,
            sha256=file.sha256,
        )
        for position, file in enumerate(files, first)
    ]


def _with_attachments(files: tuple[MeasuredFile, ...], dataset: Dataset) -> list[DatasetFile]:
    attachments = [row for row in dataset.files if row.role == "attachment"]
    for position, row in enumerate(attachments, len(files)):
        row.position = position
    return [*file_rows(files), *attachments]


def _moved_here(session: Session, prepared: Prepared) -> Dataset | None:
    """A dataset of the same proposal with the same bytes whose own files are gone: it has been moved."""
    if prepared.growing:
        return None
    twins = session.scalars(
        select(Dataset).where(
            Dataset.fingerprint == prepared.fingerprint,
            Dataset.is_latest,
            Dataset.proposal_id == prepared.placement.proposal_id,
            Dataset.entry_path == prepared.scanned.entry_path,
            Dataset.state == DatasetState.COMPLETE,
        )
    )
    for twin in twins:
        data = [row for row in twin.files if row.role == "data"]
        if data and not any(os.path.lexists(row.path) for row in data):
            return twin
    return None


def relocate(session: Session, dataset: Dataset, identity: str) -> None:
    """Its file lies elsewhere now: earlier versions go along, so that what comes to the old place isn't one of them."""
    others = update(Dataset).where(Dataset.identity == dataset.identity, Dataset.id != dataset.id)
    session.execute(others.values(identity=identity))
    dataset.identity = identity


def _carry_validity(session: Session, old_pid: str, new_pid_: str) -> None:
    """A calibration that was written anew stays the one that its instrument proposes."""
    session.execute(update(Validity).where(Validity.dataset_pid == old_pid).values(dataset_pid=new_pid_))


def _copy(row: DatasetFile, position: int) -> DatasetFile:
    return DatasetFile(
        position=position,
        role=row.role,
        name=row.name,
        path=row.path,
        size=row.size,
        mtime_ns=row.mtime_ns,
        sha256=row.sha256,
        missing_since=row.missing_since,
    )


def _measured(dataset: Dataset) -> datetime:
    """When it was measured; where the file doesn't say, when it was written."""
    return dataset.start_time or dataset.end_time or datetime.fromtimestamp(dataset.files[0].mtime_ns / 1e9, UTC)
