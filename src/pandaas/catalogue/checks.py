"""Are the files still where they were? Missing, returned, moved and changed files are noticed and shown."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from pandaas.access import Access
from pandaas.catalogue.describe import searchable
from pandaas.catalogue.folding import storable
from pandaas.catalogue.ingest import Places, identity_of, measure, relocate, sha256_of
from pandaas.catalogue.ingest.walk import FoundFile, walk
from pandaas.catalogue.paths import lies_below
from pandaas.catalogue.values import FileCheck
from pandaas.config import Settings
from pandaas.db import Database, append
from pandaas.db.tables import Dataset, DatasetFile, Proposal
from pandaas.model import DatasetState

_BATCH = 1000


@dataclass(frozen=True)
class _Row:
    id: int
    dataset_id: int
    path: str
    name: str
    size: int
    mtime_ns: int
    sha256: str
    was_missing: bool
    proposal: str


@dataclass
class _Found:
    checked: int = 0
    gone: list[_Row] = field(default_factory=list)
    back: list[_Row] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)


class FileChecks:
    def __init__(self, database: Database, settings: Settings, access: Access) -> None:
        self._database = database
        self._settings = settings
        self._places = Places(database, settings, access)

    def run(self, paths: Collection[Path] | None = None) -> FileCheck:
        """Look at every file of the latest versions, or only at those at or below `paths`.

        What is gone is searched for in the storage roots, among files that nobody has registered.
        """
        found = self._look(None if paths is None else [storable(str(path)) for path in paths])
        moved = self._search([row for row in found.gone if row.sha256])
        missing = [row for row in found.gone if row.id not in moved]
        with self._database.session() as session:
            for row in found.back:
                self._returned(session, row)
            for row in found.gone:
                if row.id in moved:
                    self._moved(session, row, moved[row.id])
            for row in missing:
                self._missing(session, row)
            session.flush()
            self._settle(session, {row.dataset_id for row in (*found.back, *found.gone)})
        return FileCheck(
            checked=found.checked,
            missing=[row.name for row in missing],
            returned=[row.name for row in found.back],
            moved=[row.name for row in found.gone if row.id in moved],
            changed=found.changed,
        )

    def _look(self, paths: list[str] | None) -> _Found:
        found = _Found()
        parts = [None] if paths is None else [paths[start : start + 100] for start in range(0, len(paths), 100)]
        for row in (row for part in parts for row in self._rows(part)):
            found.checked += 1
            try:
                now = measure(Path(row.path)) if os.path.realpath(row.path) == row.path else None
            except OSError:
                now = None
            if now is None:
                found.gone.append(row)
            elif now != (row.size, row.mtime_ns):
                found.changed.append(row.name)
            elif row.was_missing:
                found.back.append(row)
        return found

    def _rows(self, paths: list[str] | None) -> Iterable[_Row]:
        last = 0
        while True:
            query = (
                select(DatasetFile, Proposal.name)
                .join(Dataset, Dataset.id == DatasetFile.dataset_id)
                .join(Proposal, Proposal.id == Dataset.proposal_id)
                .where(Dataset.is_latest, Dataset.state != DatasetState.GROWING, DatasetFile.id > last)
                .order_by(DatasetFile.id)
                .limit(_BATCH)
            )
            if paths is not None:
                below = [lies_below(self._database, path) for path in paths]
                query = query.where(or_(DatasetFile.path.in_(paths), *below))
            with self._database.read() as session:
                rows = list(session.execute(query))
            if not rows:
                return
            last = rows[-1][0].id
            for row, proposal in rows:
                missing = row.missing_since is not None
                known = (row.id, row.dataset_id, row.path, row.name, row.size, row.mtime_ns, row.sha256)
                yield _Row(*known, was_missing=missing, proposal=proposal)

    def _search(self, gone: list[_Row]) -> dict[int, Path]:
        """New places of missing files, by checksum, among files of the same size that nobody has registered."""
        roots = [root.path for root in self._settings.storage if root.path.is_dir()]
        sizes = {row.size for row in gone}
        if not gone or not roots:
            return {}
        candidates = [one for one in walk(roots, roots) if isinstance(one, FoundFile) and one.size in sizes]
        known = self._registered(storable(str(one.path)) for one in candidates)
        by_sum: dict[str, list[Path]] = {}
        for candidate in candidates:
            if storable(str(candidate.path)) not in known:
                try:
                    by_sum.setdefault(sha256_of(candidate.path), []).append(candidate.path)
                except OSError:
                    continue
        found: dict[int, Path] = {}
        taken: dict[Path, str] = {}  # several rows are of one file only where they had one path
        for row in gone:
            for place in by_sum.get(row.sha256 or "", ()):
                if self._is_of(row.proposal, place) and taken.setdefault(place, row.path) == row.path:
                    found[row.id] = place
                    break
        return found

    def _is_of(self, proposal: str, path: Path) -> bool:
        """May this place hold data of `proposal`? What was moved to another proposal's folder is that one's now."""
        return self._places.by_path(path, given=False)[0] in (None, proposal)

    def _registered(self, paths: Iterable[str]) -> set[str]:
        wanted, found = list(paths), set[str]()
        with self._database.read() as session:
            for start in range(0, len(wanted), 500):
                some = wanted[start : start + 500]
                found.update(session.scalars(select(DatasetFile.path).where(DatasetFile.path.in_(some))))
        return found

    def _missing(self, session: Session, row: _Row) -> None:
        file = session.get(DatasetFile, row.id)
        if file is not None and file.missing_since is None:
            file.missing_since = self._database.clock()

    def _returned(self, session: Session, row: _Row) -> None:
        file = session.get(DatasetFile, row.id)
        if file is not None:
            file.missing_since = None

    def _moved(self, session: Session, row: _Row, path: Path) -> None:
        file = session.get(DatasetFile, row.id)
        if file is None:
            return
        size, mtime_ns = measure(path)
        file.path, file.name, file.missing_since = storable(str(path)), storable(path.name)[:255], None
        file.size, file.mtime_ns = size, mtime_ns
        dataset = session.get_one(Dataset, file.dataset_id)
        if file.position == 0:
            relocate(session, dataset, identity_of(path, dataset.entry_path))
        session.flush()
        dataset.search_text = searchable(session, dataset)
        self._log(session, dataset, moved=file.name)

    def _settle(self, session: Session, dataset_ids: set[int]) -> None:
        """A dataset is missing while one of its data files is."""
        for dataset_id in sorted(dataset_ids):
            dataset = session.get(Dataset, dataset_id)
            if dataset is None:
                continue
            since = [row.missing_since for row in dataset.files if row.role == "data" and row.missing_since]
            earliest = min(since, default=None)
            if earliest is not None and dataset.missing_since is None:
                self._log(session, dataset, missing=True)
            elif earliest is None and dataset.missing_since is not None:
                self._log(session, dataset, returned=True)
            dataset.missing_since = earliest

    def _log(self, session: Session, dataset: Dataset, **payload: object) -> None:
        append(
            session,
            "dataset.changed",
            dataset.pid,
            proposal_id=dataset.proposal_id,
            payload=dict(payload),
            clock=self._database.clock,
        )
