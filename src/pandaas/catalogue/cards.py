"""Datasets in a list: cards from rows, in few queries however many there are."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from pandaas.access import EVERYONE_SEES
from pandaas.catalogue.values import Card
from pandaas.db.tables import Dataset, DatasetArray, DatasetTechnique, Instrument, Proposal, VocabularyTerm
from pandaas.model import DatasetState

_BATCH = 500
_COLUMNS = (
    Dataset.id,
    Dataset.pid,
    Dataset.version,
    Dataset.title,
    Dataset.kind,
    Dataset.state,
    Dataset.facility,
    Dataset.sample,
    Dataset.start_time,
    Dataset.created,
    Dataset.size,
    Dataset.format,
    Dataset.origin,
    Dataset.release_time,
    Dataset.thumbnail.is_not(None).label("has_thumbnail"),
    Dataset.missing_since.is_not(None).label("missing"),
    Proposal.name.label("proposal"),
    Proposal.type.label("proposal_type"),
    Instrument.name.label("instrument"),
)


def cards_of(session: Session, ids: Sequence[int], now: datetime) -> dict[int, Card]:
    """The cards of these rows by id. Asks no rights: `ids` must come from a query that did."""
    found: dict[int, Card] = {}
    for start in range(0, len(ids), _BATCH):
        found.update(_batch(session, ids[start : start + _BATCH], now))
    return found


def _batch(session: Session, ids: Sequence[int], now: datetime) -> dict[int, Card]:
    query = (
        select(*_COLUMNS)
        .join(Proposal, Proposal.id == Dataset.proposal_id)
        .outerjoin(Instrument, Instrument.id == Dataset.instrument_id)
        .where(Dataset.id.in_(ids))
    )
    techniques: dict[int, dict[str, str | None]] = defaultdict(dict)
    tags = (
        select(DatasetTechnique.dataset_id, DatasetTechnique.technique, VocabularyTerm.label)
        .outerjoin(VocabularyTerm, VocabularyTerm.iri == DatasetTechnique.technique)
        .where(DatasetTechnique.dataset_id.in_(ids))
        .order_by(DatasetTechnique.technique)
    )
    for dataset_id, iri, label in session.execute(tags):
        techniques[dataset_id][iri] = label
    defaults = select(DatasetArray.dataset_id, DatasetArray.shape).where(
        DatasetArray.dataset_id.in_(ids), DatasetArray.is_default
    )
    shapes = {dataset_id: tuple(shape) for dataset_id, shape in session.execute(defaults)}
    return {row.id: _card(row, techniques[row.id], shapes.get(row.id), now) for row in session.execute(query)}


def _card(row: Any, techniques: dict[str, str | None], shape: tuple[int, ...] | None, now: datetime) -> Card:
    released = row.release_time is not None and row.release_time <= now
    return Card(
        pid=row.pid,
        version=row.version,
        title=row.title,
        kind=row.kind,
        state=row.state,
        facility=row.facility,
        instrument=row.instrument,
        proposal=row.proposal,
        proposal_type=row.proposal_type,
        sample=row.sample,
        start_time=row.start_time,
        created=row.created,
        size=row.size,
        format=row.format,
        techniques=tuple(techniques),
        technique_labels=tuple(techniques.values()),
        open=released and row.proposal_type in EVERYONE_SEES and row.state != DatasetState.WITHDRAWN,
        release_time=row.release_time if row.proposal_type in EVERYONE_SEES else None,
        has_thumbnail=row.has_thumbnail,
        origin=row.origin,
        main_shape=shape,
        missing=row.missing,
    )
