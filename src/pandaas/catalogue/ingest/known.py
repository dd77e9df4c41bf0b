"""What the catalogue knows of files already, so that only what is new or has changed is read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from sqlalchemy import select
from sqlalchemy.orm import Session

from pandaas.catalogue.folding import storable
from pandaas.catalogue.ingest.walk import FoundFile, measure
from pandaas.catalogue.values import IngestedDataset
from pandaas.db import Database
from pandaas.db.tables import Dataset, DatasetFile
from pandaas.model import DatasetState

_BATCH = 400
_T = TypeVar("_T")


@dataclass(frozen=True)
class Known:
    """`settled` files need no reading: they belong to `datasets`, which are as they were registered."""

    settled: frozenset[Path] = frozenset()
    datasets: tuple[IngestedDataset, ...] = ()
    attachments: frozenset[Path] = frozenset()


@dataclass
class _Entry:
    dataset: IngestedDataset
    is_sure: bool
    files: list[tuple[str, int, int]] = field(default_factory=list)


def look_up(database: Database, found: Mapping[Path, FoundFile]) -> Known:
    """Which of these files are settled: the same size and time, together with all files of their datasets."""
    by_text = {storable(str(path)): path for path in found}
    with database.read() as session:
        entries, attachments = _entries(session, list(by_text))
    settled: set[Path] = set()
    doubtful: set[Path] = set()
    unchanged = []
    for entry in entries.values():
        own = {by_text[path] for path, _, _ in entry.files if path in by_text}
        same = entry.is_sure and all(_is_same(path, size, mtime, by_text, found) for path, size, mtime in entry.files)
        (settled if same else doubtful).update(own)
        if same:
            unchanged.append(entry.dataset)
    same_attachments = {
        by_text[path]
        for path, (size, mtime) in attachments.items()
        if (found[by_text[path]].size, found[by_text[path]].mtime_ns) == (size, mtime)
    }
    return Known(frozenset(settled - doubtful), tuple(unchanged), frozenset(same_attachments - doubtful))


def _entries(session: Session, paths: list[str]) -> tuple[dict[int, _Entry], dict[str, tuple[int, int]]]:
    ids: set[int] = set()
    attachments: dict[str, tuple[int, int]] = {}
    for batch in _batches(paths):
        query = (
            select(DatasetFile.dataset_id, DatasetFile.role, DatasetFile.path, DatasetFile.size, DatasetFile.mtime_ns)
            .join(Dataset, Dataset.id == DatasetFile.dataset_id)
            .where(DatasetFile.path.in_(batch), Dataset.is_latest)
        )
        for dataset_id, role, path, size, mtime in session.execute(query):
            if role == "data":
                ids.add(dataset_id)
            else:
                attachments[path] = (size, mtime)
    entries: dict[int, _Entry] = {}
    for some in _batches(sorted(ids)):
        rows = select(Dataset.id, Dataset.pid, Dataset.version, Dataset.title, Dataset.state, Dataset.missing_since)
        for row in session.execute(rows.where(Dataset.id.in_(some))):
            sure = row.state != DatasetState.GROWING and row.missing_since is None
            entries[row.id] = _Entry(IngestedDataset(row.pid, row.version, row.title, "unchanged"), sure)
        files = select(DatasetFile.dataset_id, DatasetFile.path, DatasetFile.size, DatasetFile.mtime_ns)
        of_these = files.where(DatasetFile.dataset_id.in_(some), DatasetFile.role == "data")
        for dataset_id, path, size, mtime in session.execute(of_these):
            entries[dataset_id].files.append((path, size, mtime))
    return entries, attachments


def _is_same(path: str, size: int, mtime_ns: int, by_text: Mapping[str, Path], found: Mapping[Path, FoundFile]) -> bool:
    if path in by_text:
        file = found[by_text[path]]
        return (file.size, file.mtime_ns) == (size, mtime_ns)
    try:
        return measure(Path(path)) == (size, mtime_ns)
    except OSError:
        return False


def _batches(values: list[_T]) -> Iterable[list[_T]]:
    return (values[start : start + _BATCH] for start in range(0, len(values), _BATCH))
