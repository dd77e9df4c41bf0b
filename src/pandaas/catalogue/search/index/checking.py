"""Does the index hold what the tables hold? Every row's columns and facet values, and the words and values of some."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import datetime

from pyroaring import BitMap
from sqlalchemy import select
from sqlalchemy.orm import Session

from pandaas.catalogue.search.index.catalogue_index import CatalogueIndex
from pandaas.catalogue.search.index.keeping import Keeper, index_folder
from pandaas.catalogue.search.index.maps import COLUMNS
from pandaas.catalogue.search.index.rows import Row, read_rows
from pandaas.catalogue.search.language import Between, ParameterText, Words
from pandaas.catalogue.values import IndexCheck
from pandaas.config import Settings
from pandaas.db import Database
from pandaas.db.tables import Dataset

_BATCH = 500
_MOST_TOLD = 20
_SAMPLES = 500  # rows whose every word and parameter is looked for


def check_index(database: Database, settings: Settings, *, rebuild: bool = False) -> IndexCheck:
    """Load (or `rebuild`) the search index of this home and compare it with the tables."""
    keeper = Keeper(database, index_folder(settings))
    index = keeper.rebuild() if rebuild else keeper.load()
    with database.read() as session:
        ids = list(session.scalars(select(Dataset.id).order_by(Dataset.id)))
    step = max(1, len(ids) // _SAMPLES)
    sampled = set(ids[::step])
    told: list[str] = []
    counts: Counter[tuple[str, object]] = Counter()
    for rows, session in _batches(database, ids):
        for row in rows:
            counts.update(set(row.values))
            told += _differences(index, row)
            if row.id in sampled and not told:
                told += _not_found(index, row, session, database.clock())
        if len(told) >= _MOST_TOLD:
            break
    else:
        told += _too_many(index, counts, len(ids))
    return IndexCheck(datasets=len(ids), differences=tuple(told[:_MOST_TOLD]))


def _batches(database: Database, ids: Sequence[int]) -> Iterator[tuple[list[Row], Session]]:
    for start in range(0, len(ids), _BATCH):
        with database.read() as session:
            yield read_rows(session, ids[start : start + _BATCH]), session


def _differences(index: CatalogueIndex, row: Row) -> Iterable[str]:
    maps = index.maps
    found = maps.rids([row.id])
    if not found:
        yield f"Dataset {row.id} is not in it."
        return
    rid = found.min()
    for name in COLUMNS:
        if maps.column(name)[rid] != getattr(row, name):
            yield f"Dataset {row.id}: {name} is {maps.column(name)[rid]}, not {getattr(row, name)}."
    for name, value in row.values:
        if rid not in maps.bitmap(name, value):
            yield f"Dataset {row.id}: {name} {value} is missing."


def _not_found(index: CatalogueIndex, row: Row, session: Session, now: datetime) -> Iterable[str]:
    """Words and parameters of the row by which the index doesn't find it."""
    words = {word for line in row.search_text.split("\n") for word in line[1:].split(" ") if word}
    conditions: list[Words | Between | ParameterText] = [Words(word) for word in sorted(words)]
    for one in row.parameters:
        if one.value is not None:
            conditions.append(Between(one.name, one.value, one.value))
        if one.si_value is not None and one.si_unit:
            conditions.append(Between(one.name, one.si_value, one.si_value, si_unit=one.si_unit))
        if one.text:
            conditions.append(ParameterText(one.name, one.text))
    for condition in conditions:
        if not index.rows_of(condition, session, now, _no_pids) & index.maps.rids([row.id]):
            yield f"Dataset {row.id} is not found by {condition}."


def _no_pids(pids: Collection[str]) -> BitMap:
    return BitMap()


def _too_many(index: CatalogueIndex, counts: Counter[tuple[str, object]], number: int) -> Iterable[str]:
    if len(index.maps.live) != number:
        yield f"It holds {len(index.maps.live)} datasets, not {number}."
    for name, value, rows in index.maps.everything():
        found = rows.intersection_cardinality(index.maps.live)
        if found != counts[name, value]:
            yield f"{found} datasets have {name} {value}, not {counts[name, value]}."
