"""What acceptance looks at of a dataset."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from pandaas.db.tables import Dataset
from pandaas.model import NESTED, ArrayInfo, ArrayKind, Parameter


@dataclass(frozen=True)
class DatasetSummary:
    """A dataset as recipes see it. `techniques` are PaNET IRIs, `definitions` NeXus application definitions."""

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


def load_summaries(session: Session, pids: Sequence[str]) -> list[DatasetSummary]:
    """The summaries in the order of `pids`, of those that exist. Asks no rights."""
    query = (
        select(Dataset)
        .where(Dataset.pid.in_(set(pids)))
        .options(selectinload(Dataset.arrays), selectinload(Dataset.parameters), selectinload(Dataset.techniques))
    )
    found = {dataset.pid: summary_of(dataset) for dataset in session.scalars(query)}
    return [found[pid] for pid in pids if pid in found]


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
