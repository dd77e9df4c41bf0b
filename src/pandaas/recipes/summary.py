"""What acceptance looks at of a dataset."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session, selectinload

from pandaas.db.tables import Dataset, DatasetFile
from pandaas.model import NESTED, ArrayInfo, ArrayKind, Parameter


@dataclass(frozen=True)
class DatasetSummary:
    """A dataset as recipes see it. `techniques` are PaNET IRIs, `definitions` NeXus application definitions.

    `beside` are name and path of the files that go with the data (a PONI file, a configuration); None: it wasn't looked.
    """

    id: int
    pid: str
    title: str = ""
    kind: str = "raw"
    format: str = "nexus"
    techniques: tuple[str, ...] = ()
    definitions: tuple[str, ...] = ()
    arrays: tuple[ArrayInfo, ...] = ()
    parameters: dict[str, Parameter] = field(default_factory=dict)
    instrument_id: int | None = None
    proposal_id: int = 0
    start_time: datetime | None = None
    beside: tuple[tuple[str, str], ...] | None = None


def load_summaries(session: Session, pids: Sequence[str]) -> list[DatasetSummary]:
    """The summaries in the order of `pids`, of those that exist. Asks no rights."""
    query = (
        select(Dataset)
        .where(Dataset.pid.in_(set(pids)))
        .options(selectinload(Dataset.arrays), selectinload(Dataset.parameters), selectinload(Dataset.techniques))
    )
    datasets = list(session.scalars(query))
    beside = _beside(session, [dataset.id for dataset in datasets])
    found = {one.pid: replace(summary_of(one), beside=tuple(beside.get(one.id, ()))) for one in datasets}
    return [found[pid] for pid in pids if pid in found]


def _beside(session: Session, ids: Sequence[int]) -> dict[int, list[tuple[str, str]]]:
    """Name and path of attachments, and of PONI files wherever they are; of a series' thousands of frames nothing is read."""
    query = select(DatasetFile.dataset_id, DatasetFile.name, DatasetFile.path).where(
        DatasetFile.dataset_id.in_(ids),
        or_(DatasetFile.role != "data", func.lower(DatasetFile.name).like("%.poni")),
        DatasetFile.missing_since.is_(None),
    )
    found: dict[int, list[tuple[str, str]]] = {}
    for dataset, name, path in session.execute(query.order_by(DatasetFile.position)):
        found.setdefault(dataset, []).append((name, path))
    return found


def summary_of(dataset: Dataset) -> DatasetSummary:
    return DatasetSummary(
        id=dataset.id,
        pid=dataset.pid,
        title=dataset.title,
        kind=dataset.kind,
        format=dataset.format,
        techniques=tuple(row.technique for row in dataset.techniques),
        definitions=tuple(dataset.definitions),
        arrays=tuple(
            ArrayInfo(row.path, tuple(row.shape), row.dtype, ArrayKind(row.kind), row.unit, is_default=row.is_default)
            for row in dataset.arrays
        ),
        parameters={
            row.name: Parameter(
                row.name,
                row.value if row.value is not None else row.text or "",
                row.unit,
                row.si_value,
                row.si_unit,
                row.source,
            )
            for row in dataset.parameters
            if not (row.source or "").startswith(NESTED)
        },
        instrument_id=dataset.instrument_id,
        proposal_id=dataset.proposal_id,
        start_time=dataset.start_time,
    )
