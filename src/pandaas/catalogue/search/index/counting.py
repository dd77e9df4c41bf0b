"""`Hits` counted in bitmaps and columns; as exact as `TablesHits`, for any number of datasets."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Sequence
from functools import cached_property
from itertools import pairwise
from threading import RLock
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pyroaring import BitMap
from sqlalchemy import select
from sqlalchemy.orm import Session

from pandaas.catalogue.search.hits import CONSIDERED, YEARS_SHOWN, Ancestors, Measured
from pandaas.catalogue.search.index.bitmaps import mask_of, rids_of, union
from pandaas.catalogue.search.index.catalogue_index import CatalogueIndex, Mask
from pandaas.db.tables import DatasetParameter
from pandaas.model import NESTED

_DAY = 86_400_000_000  # microseconds


class IndexHits:
    """`rows` are the hits on one state of the index; `lock` is the one under which it changes."""

    def __init__(self, session: Session, index: CatalogueIndex, rows: BitMap, lock: RLock) -> None:
        self._session = session
        self._index = index
        self._rows = rows
        self._lock = lock
        self._taken: tuple[tuple[str, str], NDArray[Any]] | None = None

    @cached_property
    def _mask(self) -> Mask:
        return mask_of(self._rows, len(self._index.maps))

    def total(self) -> int:
        return len(self._rows)

    def last_registered(self, most: int, before: int | None = None) -> list[int]:
        ids = self._column("id")
        if before is not None:
            ids = ids[ids < before]
        if len(ids) > most:
            ids = np.partition(ids, len(ids) - most)[len(ids) - most :]
        newest: list[int] = np.sort(ids)[::-1].tolist()
        return newest

    def among(self, ids: Collection[int]) -> list[int]:
        with self._lock:
            found = self._index.maps.rids(ids) & self._rows
            return [self._index.id_of(rid) for rid in found]

    def _column(self, name: str) -> NDArray[Any]:
        with self._lock:
            return self._index.maps.column(name)[rids_of(self._rows)]

    # --- time and techniques ------------------------------------------------------------------------------------------

    def years(self) -> dict[int, int]:
        with self._lock:
            counted = self._index.counts("year", self._rows)
        latest = sorted(((int(year), number) for year, number in counted.items()), reverse=True)
        return dict(latest[:YEARS_SHOWN])

    def days(self, year: int) -> dict[str, int]:
        with self._lock:
            rows = self._rows & self._index.maps.bitmap("year", year)
            when = self._index.maps.column("when")[rids_of(rows)]
        days, numbers = np.unique(when // _DAY, return_counts=True)
        return {str(day.astype("datetime64[D]")): int(number) for day, number in zip(days, numbers, strict=True)}

    def techniques(self, ancestors: Ancestors) -> Counter[str]:
        below: dict[str, list[BitMap]] = {}
        with self._lock:
            for iri, rows in self._index.maps.values("technique"):
                for one in {iri, *ancestors(iri)}:
                    below.setdefault(one, []).append(rows)
            counted = {iri: self._rows.intersection_cardinality(union(rows)) for iri, rows in below.items()}
        return Counter({iri: number for iri, number in counted.items() if number})

    # --- parameters ---------------------------------------------------------------------------------------------------

    def differing(self, most: int, skipped: Callable[[str], bool]) -> list[str]:
        """Whether a name only repeats nested metadata is asked of one dataset that has it."""
        bounds = [(self._index.how_many_named(name, self._rows), name) for name in self._index.names()]
        found: list[tuple[int, str]] = []
        for bound, name in sorted((-number, name) for number, name in bounds if number):
            if sum(number > -bound and not skipped(one) for number, one in found) >= most:
                break
            if sum(number > -bound for number, _ in found) >= CONSIDERED:
                break
            number = self._differing(name)
            if number and not self._is_nested(name):
                found.append((number, name))
        found.sort(key=lambda one: (-one[0], one[1]))
        return [name for _, name in found[:CONSIDERED] if not skipped(name)][:most]

    def _differing(self, name: str) -> int:
        """How many hits have a number under this name, 0 where all are the same."""
        known = self._index.spread_of(name, self._rows, self._mask)
        if known is not None:
            return known[0] if known[1] else 0
        in_si = [self._numbers(name, unit) for unit in self._index.units_of(name)]
        every = [*in_si, self._without_si(name, [rids for _, rids in in_si])]
        series = [values for values, _ in every if len(values)]
        if not series or min(values[0] for values in series) == max(values[-1] for values in series):
            return 0
        return sum(map(len, series))

    def _is_nested(self, name: str) -> bool:
        rid = self._index.one_named(name, self._rows)
        if rid is None:
            return False
        row = (DatasetParameter.dataset_id == self._index.id_of(rid), DatasetParameter.name == name)
        source = self._session.scalar(select(DatasetParameter.source).where(*row).limit(1))
        return (source or "").startswith(NESTED)

    def measured(self, name: str) -> Measured | None:
        of_unit = {unit: self._numbers(name, unit) for unit in self._index.units_of(name)}
        of_unit = {"": self._without_si(name, [rids for _, rids in of_unit.values()])} | of_unit
        unit = max(of_unit, key=lambda one: len(of_unit[one][0]))
        values, rids = of_unit[unit]
        if not len(values):
            return None
        self._taken = (name, unit), values
        low, high = float(values[0]), float(values[-1])
        return Measured(name, unit or None, self._unit_of_newest(name, unit, rids), len(values), low, high)

    def counts(self, measured: Measured, inner: Sequence[float]) -> list[int]:
        key = (measured.name, measured.si_unit or "")
        if self._taken is None or self._taken[0] != key:
            self.measured(measured.name)
        values = self._taken[1] if self._taken else np.zeros(0)
        places = [0, *np.searchsorted(values, inner, side="left").tolist(), len(values)]
        return [after - before for before, after in pairwise(places)]

    def _numbers(self, name: str, unit: str) -> tuple[NDArray[Any], NDArray[Any]]:
        return self._index.numbers_of(name, unit, self._rows, self._mask)

    def _without_si(self, name: str, in_si: Sequence[NDArray[Any]]) -> tuple[NDArray[Any], NDArray[Any]]:
        """Numbers whose unit is not known: all as stored, without those of the rows `in_si`."""
        if in_si and sum(map(len, in_si)) >= self._index.how_many_named(name, self._rows):
            return np.zeros(0), np.zeros(0, np.uint32)
        values, rids = self._numbers(name, "")
        rest = ~np.isin(rids, np.concatenate(in_si)) if in_si else slice(None)
        return values[rest], rids[rest]

    def _unit_of_newest(self, name: str, unit: str, rids: NDArray[Any]) -> str | None:
        with self._lock:
            dataset = self._index.maps.newest(rids)
        rows = (DatasetParameter.dataset_id == dataset, DatasetParameter.name == name)
        in_unit = DatasetParameter.si_unit == unit if unit else DatasetParameter.si_unit.is_(None)
        return self._session.scalar(select(DatasetParameter.unit).where(*rows, in_unit).limit(1))
