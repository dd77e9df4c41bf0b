"""Datasets that another catalogue describes: metadata without files here."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from pandaas.access import Access
from pandaas.catalogue.describe import parameter_row, technique_tags
from pandaas.catalogue.folding import storable
from pandaas.catalogue.results import add_made
from pandaas.db.tables import Dataset, DatasetParameter
from pandaas.model import Clock, DatasetKind, DatasetState, Parameter, new_pid

FORMAT = "elsewhere"


@dataclass(frozen=True)
class ImportedDataset:
    """What is known of it. `origin` is its identifier there; `release_time` None: not open."""

    origin: str
    title: str
    proposal_id: int
    created: datetime | None = None
    instrument_id: int | None = None
    facility: str = ""
    sample: str | None = None
    size: int = 0
    techniques: tuple[str, ...] = ()
    parameters: tuple[tuple[int | None, Parameter], ...] = ()  # with their numbers there, kept where they are free
    release_time: datetime | None = None
    source_note: str | None = None


def add_imported(session: Session, access: Access, item: ImportedDataset, *, clock: Clock) -> Dataset:
    """Register it in the caller's transaction; the row, with its new pid."""
    identity = hashlib.sha256(f"imported:{item.origin}".encode()).hexdigest()
    dataset = Dataset(
        pid=new_pid(),
        kind=DatasetKind.RAW,
        title=storable(item.title).strip()[:500] or item.origin[:500],
        facility=storable(item.facility)[:64],
        sample=storable(item.sample)[:300] if item.sample else None,
        start_time=item.created,
        created=clock(),
        format=FORMAT,
        size=item.size,
        identity=identity,
        fingerprint=identity,
        source_note=item.source_note,
        proposal_id=item.proposal_id,
        instrument_id=item.instrument_id,
        release_time=item.release_time,
        state=DatasetState.COMPLETE,
    )
    dataset.parameters = _numbered(session, item.parameters)
    dataset.techniques = technique_tags(item.techniques)
    add_made(session, access, dataset, (), None, clock=clock, imported=item.origin)
    _skip_taken_numbers(session)
    return dataset


def _numbered(session: Session, parameters: Sequence[tuple[int | None, Parameter]]) -> list[DatasetParameter]:
    last = session.scalar(select(func.max(DatasetParameter.id))) or 0
    rows = []
    for number, parameter in sorted(parameters, key=lambda one: one[0] or 0):
        row = parameter_row(storable(parameter.name)[:200], parameter)
        if number is not None and last < number < 2**31:
            row.id = last = number
        rows.append(row)
    return rows


def _skip_taken_numbers(session: Session) -> None:
    """PostgreSQL counts by itself: it goes on after the numbers that were given here."""
    if session.get_bind().dialect.name == "postgresql":
        last = "SELECT max(id) FROM dataset_parameter"
        counter = "pg_get_serial_sequence('dataset_parameter', 'id')"
        session.execute(text(f"SELECT setval({counter}, greatest(({last}), 1))"))
