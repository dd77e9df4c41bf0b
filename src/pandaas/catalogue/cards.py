"""Datasets in a list: cards from rows, in few queries however many there are."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import BindParameter, bindparam, select
from sqlalchemy.orm import Session

from pandaas.access import EVERYONE_SEES
from pandaas.catalogue.values import Card
from pandaas.db.tables import Dataset, DatasetArray, DatasetTechnique, Instrument, Proposal, VocabularyTerm
from pandaas.model import DatasetState

_BATCH = 500
_DATASET = Dataset.__table__.c
_PROPOSAL, _INSTRUMENT = Proposal.__table__.c, Instrument.__table__.c
_TAG, _TERM, _ARRAY = DatasetTechnique.__table__.c, VocabularyTerm.__table__.c, DatasetArray.__table__.c
_THESE: BindParameter[Any] = bindparam("ids", expanding=True)

# Made once and of columns, not of mapped classes: a list asks them all, and making them takes longer than their answers.
_CARDS = (
    select(
        _DATASET.id,
        _DATASET.pid,
        _DATASET.version,
        _DATASET.title,
        _DATASET.kind,
        _DATASET.state,
        _DATASET.facility,
        _DATASET.sample,
        _DATASET.start_time,
        _DATASET.created,
        _DATASET.size,
        _DATASET.format,
        _DATASET.origin,
        _DATASET.release_time,
        _DATASET.thumbnail.is_not(None).label("has_thumbnail"),
        _DATASET.missing_since.is_not(None).label("missing"),
        _PROPOSAL.name.label("proposal"),
        _PROPOSAL.type.label("proposal_type"),
        _INSTRUMENT.name.label("instrument"),
    )
    .join_from(Dataset.__table__, Proposal.__table__, _PROPOSAL.id == _DATASET.proposal_id)
    .outerjoin(Instrument.__table__, _INSTRUMENT.id == _DATASET.instrument_id)
    .where(_DATASET.id.in_(_THESE))
)
_TAGS = (
    select(_TAG.dataset_id, _TAG.technique, _TERM.label)
    .join_from(DatasetTechnique.__table__, VocabularyTerm.__table__, _TERM.iri == _TAG.technique, isouter=True)
    .where(_TAG.dataset_id.in_(_THESE))
    .order_by(_TAG.technique)
)
_SHAPES = select(_ARRAY.dataset_id, _ARRAY.shape).where(_ARRAY.dataset_id.in_(_THESE), _ARRAY.is_default)


def cards_of(session: Session, ids: Sequence[int], now: datetime) -> dict[int, Card]:
    """The cards of these rows by id. Asks no rights: `ids` must come from a query that did."""
    found: dict[int, Card] = {}
    for start in range(0, len(ids), _BATCH):
        found.update(_batch(session, ids[start : start + _BATCH], now))
    return found


def _batch(session: Session, ids: Sequence[int], now: datetime) -> dict[int, Card]:
    these = {"ids": list(ids)}
    techniques: dict[int, dict[str, str | None]] = defaultdict(dict)
    for dataset_id, iri, label in session.execute(_TAGS, these):
        techniques[dataset_id][iri] = label
    shapes = {dataset_id: tuple(shape) for dataset_id, shape in session.execute(_SHAPES, these)}
    return {row.id: _card(row, techniques[row.id], shapes.get(row.id), now) for row in session.execute(_CARDS, these)}


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
