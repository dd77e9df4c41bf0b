"""What the index knows of a dataset, read from the catalogue's tables in batches; the same for building and for keeping up."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NamedTuple

from sqlalchemy import case, func, select
from sqlalchemy.orm import Session

from pandaas.catalogue.search.conditions import has, year_of_start
from pandaas.catalogue.search.language import HAS
from pandaas.db.tables import Dataset, DatasetAncestor, DatasetArray, DatasetParameter, DatasetTechnique, Proposal

NEVER = 2**63 - 1  # a release time that doesn't come
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FLAGS = tuple(sorted(HAS))


class ParameterValue(NamedTuple):
    name: str
    value: float | None
    text: str | None  # in lower case, as the database makes it
    si_value: float | None
    si_unit: str | None


@dataclass(frozen=True)
class Row:
    """One version of one dataset. Times are microseconds since 1970; `ancestors` are ids of datasets."""

    id: int
    when: int
    size: int
    release: int
    proposal: int
    length: int  # of the search text
    search_text: str
    values: tuple[tuple[str, Any], ...]  # (facet or column, value): each names a bitmap that the row stands in
    parameters: tuple[ParameterValue, ...]
    ancestors: tuple[int, ...]


def microseconds(time: datetime) -> int:
    since = time - _EPOCH
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds


def read_rows(session: Session, ids: Sequence[int]) -> list[Row]:
    """The rows of these datasets (at most some thousands), oldest first; those that don't exist are left out."""
    techniques = _grouped(session, select(DatasetTechnique.dataset_id, DatasetTechnique.technique), ids)
    kinds = _grouped(session, select(DatasetArray.dataset_id, DatasetArray.kind).distinct(), ids)
    ancestors = _grouped(session, select(DatasetAncestor.dataset_id, DatasetAncestor.ancestor_id), ids)
    parameters = _parameters(session, ids)
    columns = [
        Dataset.id,
        func.coalesce(Dataset.start_time, Dataset.created).label("when"),
        Dataset.size,
        Dataset.release_time,
        Dataset.proposal_id,
        Dataset.owner_id,
        Dataset.instrument_id,
        Dataset.state,
        Dataset.is_latest,
        Dataset.kind,
        Dataset.facility,
        func.lower(Dataset.format).label("format"),
        year_of_start().label("year"),
        Dataset.missing_since.is_not(None).label("missing"),
        Dataset.search_text,
        Proposal.type.label("type"),
        *(case((has(flag), 1), else_=0).label(f"has_{flag}") for flag in _FLAGS),
    ]
    query = select(*columns).join(Proposal, Proposal.id == Dataset.proposal_id).where(Dataset.id.in_(ids))
    rows = [
        Row(
            found.id,
            microseconds(found.when),
            found.size,
            NEVER if found.release_time is None else microseconds(found.release_time),
            found.proposal_id,
            len(found.search_text),
            found.search_text,
            tuple(_values(found, techniques[found.id], kinds[found.id], ancestors[found.id])),
            tuple(parameters[found.id]),
            tuple(ancestors[found.id]),
        )
        for found in session.execute(query)
    ]
    return sorted(rows, key=lambda row: (row.when, row.id))


def _values(row: Any, techniques: list[str], kinds: list[str], ancestors: list[int]) -> Iterable[tuple[str, Any]]:
    yield "proposal", row.proposal_id
    yield "type", row.type
    yield "state", row.state
    yield "kind", row.kind
    yield "format", row.format
    for name, value in (("owner", row.owner_id), ("instrument", row.instrument_id), ("year", row.year)):
        if value is not None:
            yield name, int(value)
    if row.facility:
        yield "facility", row.facility
    for name, holds in (("latest", row.is_latest), ("missing", row.missing), ("result", ancestors)):
        if holds:
            yield name, ""
    for flag in _FLAGS:
        if getattr(row, f"has_{flag}"):
            yield "has", flag
    for iri in techniques:
        yield "technique", iri
    for kind in kinds:
        yield "array", kind


def _grouped(session: Session, query: Any, ids: Sequence[int]) -> defaultdict[int, list[Any]]:
    found: defaultdict[int, list[Any]] = defaultdict(list)
    for dataset_id, value in session.execute(query.where(query.selected_columns[0].in_(ids))):
        found[dataset_id].append(value)
    return found


def _parameters(session: Session, ids: Sequence[int]) -> defaultdict[int, list[ParameterValue]]:
    query = select(
        DatasetParameter.dataset_id,
        DatasetParameter.name,
        DatasetParameter.value,
        func.lower(DatasetParameter.text),
        DatasetParameter.si_value,
        DatasetParameter.si_unit,
    ).where(DatasetParameter.dataset_id.in_(ids))
    found: defaultdict[int, list[ParameterValue]] = defaultdict(list)
    for dataset_id, *values in session.execute(query):
        found[dataset_id].append(ParameterValue(*values))
    return found
