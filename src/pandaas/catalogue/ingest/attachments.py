"""README, PONI and configuration files: files of the datasets beside which they lie, without being data."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from pandaas.catalogue.describe import searchable
from pandaas.catalogue.disk import tells_when_full
from pandaas.catalogue.folding import storable
from pandaas.catalogue.ingest.checksum import MeasuredFile
from pandaas.catalogue.paths import lies_below
from pandaas.db import Database, append
from pandaas.db.tables import Dataset, DatasetFile


class Attachments:
    """Attaches files to the latest datasets of their folder.

    `proposal_id` says whose the attachment is; where that isn't known it is attached only if all data of the folder
    belong to one proposal, so that no team sees another's notes.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def attach(self, file: MeasuredFile, *, proposal_id: int | None) -> int:
        """Attach one file; the number of datasets it now belongs to."""
        with tells_when_full(), self._database.session() as session:
            beside = self._datasets_beside(session, file.path)
            proposals = {dataset.proposal_id for dataset in beside}
            if proposal_id is None and len(proposals) > 1:
                return 0
            chosen = [one for one in beside if proposal_id is None or one.proposal_id == proposal_id]
            for dataset in chosen:
                self._attach(session, dataset, file)
            return len(chosen)

    def inherit(self, folder: Path, pid: str) -> None:
        """Give a new dataset the attachments that its folder's other data of the same proposal have already."""
        with self._database.session() as session:
            dataset = session.scalars(select(Dataset).where(Dataset.pid == pid)).one()
            siblings = [one for one in self._datasets_beside(session, folder / "x") if one.id != dataset.id]
            for sibling in siblings:
                if sibling.proposal_id != dataset.proposal_id:
                    continue
                for row in sibling.files:
                    if row.role == "attachment" and row.missing_since is None:
                        measured = MeasuredFile(Path(row.path), row.name, row.size, row.mtime_ns, row.sha256)
                        self._attach(session, dataset, measured)

    def _datasets_beside(self, session: Session, path: Path) -> list[Dataset]:
        """The latest datasets one of whose data files lies in the same folder as `path`."""
        folder = storable(str(path.parent)).rstrip("/") + "/"
        below = (
            select(DatasetFile.dataset_id, DatasetFile.path)
            .join(Dataset, Dataset.id == DatasetFile.dataset_id)
            .where(
                Dataset.is_latest,
                DatasetFile.role == "data",
                lies_below(self._database, folder),
            )
        )
        ids = {row.dataset_id for row in session.execute(below) if row.path.rpartition("/")[0] + "/" == folder}
        found: list[Dataset] = []
        for start in range(0, len(ids), 500):
            some = sorted(ids)[start : start + 500]
            found.extend(session.scalars(select(Dataset).where(Dataset.id.in_(some))))
        return found

    def _attach(self, session: Session, dataset: Dataset, file: MeasuredFile) -> None:
        path = storable(str(file.path))
        row = next((row for row in dataset.files if row.path == path), None)
        if row is not None and (row.role == "data" or row.sha256 == file.sha256):
            row.mtime_ns = file.mtime_ns
            return
        if row is None:
            position = max((row.position for row in dataset.files), default=-1) + 1
            row = DatasetFile(role="attachment", path=path, position=position, name=storable(file.name)[:255])
            dataset.files.append(row)
        row.size, row.mtime_ns, row.sha256, row.missing_since = file.size, file.mtime_ns, file.sha256, None
        session.flush()
        dataset.search_text = searchable(session, dataset)
        append(
            session,
            "dataset.changed",
            dataset.pid,
            proposal_id=dataset.proposal_id,
            payload={"attached": row.name},
            clock=self._database.clock,
        )
