"""Which datasets may fulfil a condition, in bitmaps: for questions whose details only the tables answer."""

from __future__ import annotations

from collections.abc import Iterable
from threading import RLock

import numpy as np
from pyroaring import BitMap

from pandaas.catalogue.search.index.bitmaps import rids_of, union
from pandaas.catalogue.search.index.catalogue_index import CatalogueIndex
from pandaas.catalogue.search.language import Between


class Narrowing:
    """Sets of datasets on one state of the index; they may be joined by `&` and `|`. `seen` is all that there is for
    whoever asks."""

    def __init__(self, index: CatalogueIndex, seen: BitMap, lock: RLock) -> None:
        self.seen = seen
        self._index = index
        self._lock = lock

    def with_values(self, facet: str, values: Iterable[int | str]) -> BitMap:
        """Those with one of the values: ids of instruments or proposals, IRIs of techniques."""
        with self._lock:
            return union([self._index.maps.bitmap(facet, value) for value in values])

    def between(self, bounds: Between) -> BitMap:
        """Those with a number under exactly this name within the bounds."""
        with self._lock:
            return self._index.between_exactly(bounds)

    def of_ids(self, ids: Iterable[int]) -> BitMap:
        with self._lock:
            return self._index.maps.rids(ids)

    def lowest(self, rows: BitMap, most: int) -> tuple[list[int], int]:
        """The lowest ids of those that are seen, ascending, and how many there are."""
        with self._lock:
            ids = self._index.maps.column("id")[rids_of(rows & self.seen)]
        number = len(ids)
        if number > most:
            ids = np.partition(ids, most - 1)[:most]
        lowest: list[int] = np.sort(ids).tolist()
        return lowest, number
