"""Builds an index from the tables."""

from __future__ import annotations

import hashlib
import multiprocessing
import os
import threading
from array import array
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from pyroaring import BitMap
from sqlalchemy import func, select

from pandaas.catalogue.folding import FIELDS, mark
from pandaas.catalogue.search.index import snapshot
from pandaas.catalogue.search.index.bitmaps import bitmap_of
from pandaas.catalogue.search.index.maps import COLUMNS, Base
from pandaas.catalogue.search.index.rows import Row, read_rows
from pandaas.catalogue.search.index.snapshot import Arrays, Snapshot
from pandaas.catalogue.search.index.words import WordCollection
from pandaas.db import Database, EventTail, Position
from pandaas.db.tables import Dataset, Event

_BATCH = 1000
_FIELD_OF = {mark(name): number for number, name in enumerate(FIELDS)}


def build_apart(url: str, folder: Path) -> None:
    """Build and write in a process of its own, which gives its memory back and ends with the one that started it."""
    threading.Thread(target=_end_with_parent, daemon=True).start()
    database = Database(url)
    try:
        snapshot.write(build(database), folder)
    finally:
        database.dispose()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def build(database: Database) -> Snapshot:
    """Read the whole catalogue. What changes meanwhile comes by the event log, from `position` on."""
    position = EventTail(database).position
    last = fingerprint(database, position)
    builder = _Builder()
    for row in _all_rows(database):
        builder.add(row)
    return builder.snapshot(position, last, _by_title(database))


def fingerprint(database: Database, position: Position) -> str:
    """What the event log holds at `position`: another database, or one put back from a backup, holds something else."""
    query = select(Event.time, Event.kind, Event.subject).where(Event.id == position.id)
    with database.read() as session:
        found = session.execute(query).first()
    return hashlib.sha256(repr(tuple(found) if found else None).encode()).hexdigest()


def _all_rows(database: Database) -> Iterator[Row]:
    when = func.coalesce(Dataset.start_time, Dataset.created)
    with database.read() as session:
        ids = list(session.scalars(select(Dataset.id).order_by(when, Dataset.id)))
    for start in range(0, len(ids), _BATCH):
        with database.read() as session:
            yield from read_rows(session, ids[start : start + _BATCH])


def _by_title(database: Database) -> list[int]:
    with database.read() as session:
        return list(session.scalars(select(Dataset.id).order_by(func.lower(Dataset.title), Dataset.id)))


class _Builder:
    def __init__(self) -> None:
        self._size = 0
        self._columns = {name: array("q") for name in COLUMNS}
        self._bitmaps: defaultdict[tuple[str, Any], array[int]] = defaultdict(lambda: array("I"))
        self._ancestry: list[tuple[int, int]] = []
        self._words, self._texts = WordCollection(), WordCollection()
        self._names: dict[str, int] = {}
        self._named: defaultdict[str, array[int]] = defaultdict(lambda: array("I"))
        self._values: defaultdict[tuple[str, str], tuple[array[float], array[int]]] = defaultdict(
            lambda: (array("d"), array("I"))
        )

    def add(self, row: Row) -> None:
        rid = self._size
        self._size += 1
        for name, column in self._columns.items():
            column.append(getattr(row, name))
        for key in row.values:
            self._bitmaps[key].append(rid)
        self._ancestry += [(rid, ancestor) for ancestor in row.ancestors]
        for field, words in _words_of(row.search_text):
            for word in words:
                self._words.add(field, word, rid)
        for one in row.parameters:
            self._named[one.name].append(rid)
            if one.value is not None:
                self._add_value((one.name, ""), one.value, rid)
            if one.si_value is not None and one.si_unit:
                self._add_value((one.name, one.si_unit), one.si_value, rid)
            if one.text:
                self._texts.add(self._names.setdefault(one.name, len(self._names)), one.text, rid)

    def _add_value(self, key: tuple[str, str], value: float, rid: int) -> None:
        values, rids = self._values[key]
        values.append(value)
        rids.append(rid)

    def snapshot(self, position: Position, last: str, by_title: list[int]) -> Snapshot:
        columns = {name: np.array(self._columns[name], kind) for name, kind in COLUMNS.items()}
        ranks = np.zeros(self._size, np.int32)
        place = {id_: rank for rank, id_ in enumerate(by_title)}
        ranks[:] = [place.get(int(id_), 0) for id_ in columns["id"]]
        bitmaps: dict[str, dict[Any, BitMap]] = {}
        for (name, value), rids in self._bitmaps.items():
            bitmaps.setdefault(name, {})[value] = bitmap_of(np.frombuffer(rids, np.uint32))
        ancestry = np.array(self._ancestry, np.int64).reshape(-1, 2)
        numbers, series = self._series()
        return Snapshot(
            position,
            last,
            Base(columns, ranks, bitmaps, ancestry),
            self._words.arrays(len(FIELDS), by_letters=True),
            self._texts.arrays(len(self._names), by_letters=False),
            numbers,
            list(self._names),
            series,
            {name: bitmap_of(np.frombuffer(rids, np.uint32)) for name, rids in self._named.items()},
        )

    def _series(self) -> tuple[Arrays, dict[tuple[str, str], tuple[int, int]]]:
        total = sum(len(values) for values, _ in self._values.values())
        all_values, all_rids = np.zeros(total, np.float64), np.zeros(total, np.uint32)
        series, start = {}, 0
        for key in list(self._values):
            values, rids = self._values.pop(key)
            order = np.argsort(np.frombuffer(values, np.float64), kind="stable")
            end = start + len(order)
            all_values[start:end] = np.frombuffer(values, np.float64)[order]
            all_rids[start:end] = np.frombuffer(rids, np.uint32)[order]
            series[key] = (start, end)
            start = end
        return {"values": all_values, "value_rids": all_rids}, series


def _words_of(search_text: str) -> Iterable[tuple[int, set[str]]]:
    for line in search_text.split("\n"):
        if line:
            yield _FIELD_OF[line[0]], set(line[1:].split(" "))
