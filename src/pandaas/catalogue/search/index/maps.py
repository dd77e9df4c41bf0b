"""The part of the index that changes: a bitmap for every facet value and column of access, and columns to sort by.

Rows are numbered in the order of time (`rid`); a row that changes gets a new number at the end and its old one dies.
Bitmaps may still hold dead numbers: whoever asks intersects with `live`.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pyroaring import BitMap

from pandaas.catalogue.search.index.bitmaps import bitmap_of, mask_of
from pandaas.catalogue.search.index.recent import Recent
from pandaas.catalogue.search.index.rows import NEVER, Row

_ROOM = 16_384
COLUMNS = {
    "id": np.int64,
    "when": np.int64,
    "size": np.int64,
    "release": np.int64,
    "proposal": np.int32,
    "length": np.int32,
}
Ints = NDArray[Any]


class Column:
    """Numbers by rid, with room at the end."""

    def __init__(self, values: Ints) -> None:
        self._length = len(values)
        self._data = np.concatenate([values, np.zeros(_ROOM, values.dtype)])

    @property
    def values(self) -> Ints:
        return self._data[: self._length]

    def append(self, value: int) -> None:
        if self._length == len(self._data):
            self._data = np.concatenate([self._data, np.zeros(max(_ROOM, self._length // 8), self._data.dtype)])
        self._data[self._length] = value
        self._length += 1


@dataclass
class Base:
    """What a snapshot holds of the maps. `ancestry` are pairs (rid of a result, id of an ancestor)."""

    columns: dict[str, Ints]
    title_rank: Ints
    bitmaps: dict[str, dict[Any, BitMap]]  # by name of the facet or column, and value
    ancestry: Ints = field(default_factory=lambda: np.zeros((0, 2), np.int64))


class Maps:
    def __init__(self, base: Base) -> None:
        self.bitmaps = base.bitmaps
        self.base_length = len(base.columns["id"])
        self.title_rank = base.title_rank
        self._columns = {name: Column(values) for name, values in base.columns.items()}
        self.recent = Recent()
        self.live = BitMap(range(self.base_length))
        largest = int(base.columns["id"].max()) if self.base_length else 0
        self._rid_of = np.full(largest + _ROOM, -1, np.int32)
        self._rid_of[base.columns["id"]] = np.arange(self.base_length, dtype=np.int32)
        self._ancestry = [(base.ancestry[:, 0], base.ancestry[:, 1])]
        self._resolved: tuple[Ints, Ints] | None = None
        self._released = Releases(self)

    # --- reading ------------------------------------------------------------------------------------------------------

    def __len__(self) -> int:
        return len(self._columns["id"].values)

    def column(self, name: str) -> Ints:
        return self._columns[name].values

    def bitmap(self, name: str, value: Any = "") -> BitMap:
        """The rows with this value; not to be changed."""
        return self.bitmaps.get(name, _NOTHING).get(value, _EMPTY)

    def values(self, name: str) -> Iterable[tuple[Any, BitMap]]:
        """Every value of a facet with its rows."""
        return self.bitmaps.get(name, _NOTHING).items()

    def everything(self) -> Iterable[tuple[str, Any, BitMap]]:
        """Every bitmap as (name, value, rows)."""
        return ((name, value, rows) for name, values in self.bitmaps.items() for value, rows in values.items())

    def rids(self, ids: Iterable[int]) -> BitMap:
        """The rows of these datasets, as far as they are known."""
        found = (int(self._rid_of[one]) for one in ids if 0 <= one < len(self._rid_of))
        return BitMap([rid for rid in found if rid >= 0])

    def newest(self, rids: Ints) -> int:
        """The id of the newest of these rows (at least one); of one time the highest id."""
        last = rids[rids >= self.base_length].tolist()
        base = rids[rids < self.base_length]
        some = np.array(
            [*last, *([int(base.max())] if len(base) else [])]
        )  # rows of the base stand in the order of time
        when, ids = self.column("when")[some], self.column("id")[some]
        return int(ids[np.lexsort((ids, when))[-1]])

    def released(self, now: int) -> BitMap:
        """The rows whose release time has come at `now` (microseconds since 1970)."""
        return self._released.at(now)

    def without_hidden_ancestors(self, rows: BitMap, seen: BitMap) -> BitMap:
        """Those of `rows` whose every ancestor is in `seen`."""
        if not rows.intersect(self.bitmap("result")):
            return rows
        results, ancestors = self._pairs()
        mask = np.append(mask_of(seen, len(self)), False)  # an ancestor that isn't known (-1) is not seen
        return rows - bitmap_of(results[~mask[ancestors]])

    def _pairs(self) -> tuple[Ints, Ints]:
        if self._resolved is None:
            results = np.concatenate([one for one, _ in self._ancestry])
            ids = np.concatenate([one for _, one in self._ancestry])
            self._ancestry = [(results, ids)]
            inside = np.where(ids < len(self._rid_of), ids, 0)
            self._resolved = results, np.where(ids < len(self._rid_of), self._rid_of[inside], -1)
        return self._resolved

    # --- changing -----------------------------------------------------------------------------------------------------

    def put(self, rows: Sequence[Row]) -> list[int]:
        """Take rows over, new ones and changed ones; their numbers."""
        return [self._put(row) for row in rows]

    def _put(self, row: Row) -> int:
        rid = len(self)
        if row.id >= len(self._rid_of):
            self._rid_of = np.concatenate([self._rid_of, np.full(row.id + _ROOM - len(self._rid_of), -1, np.int32)])
        old = int(self._rid_of[row.id])
        if old >= 0:
            self.live.discard(old)
        self._rid_of[row.id] = rid
        for name, column in self._columns.items():
            column.append(getattr(row, name))
        for name, value in row.values:
            self.bitmaps.setdefault(name, {}).setdefault(value, BitMap()).add(rid)
        self.live.add(rid)
        self.recent.add(rid, row)
        self._released.add(rid, row.release)
        if row.ancestors:
            self._ancestry.append((np.full(len(row.ancestors), rid), np.array(row.ancestors, np.int64)))
        self._resolved = None
        return rid

    def set_release(self, id_: int, release: int) -> bool:
        """Another release time of a dataset that is otherwise the same; False when the dataset is not known."""
        rid = int(self._rid_of[id_]) if id_ < len(self._rid_of) else -1
        if rid >= 0 and self.column("release")[rid] != release:
            self.column("release")[rid] = release
            self._released.changed(rid, release)
        return rid >= 0

    def set_type(self, proposal: int, type_: str) -> None:
        rows = self.bitmap("proposal", proposal)
        for value, bitmap in self.values("type"):
            if value != type_:
                bitmap.difference_update(rows)
        self.bitmaps.setdefault("type", {}).setdefault(type_, BitMap()).update(rows)


class Releases:
    """Which rows are released: a bitmap that grows with the clock. Times that are to come wait in their order."""

    def __init__(self, maps: Maps) -> None:
        self._maps = maps
        self._until: int | None = None
        self._bitmap = BitMap()
        self._times = self._rids = np.zeros(0, np.int64)
        self._next = 0
        self._added: list[tuple[int, int]] = []

    def at(self, now: int) -> BitMap:
        if self._until is None or now < self._until:
            self._start(now)
        end = int(np.searchsorted(self._times, now, side="right"))
        if end > self._next:
            self._release(self._rids[self._next : end], self._times[self._next : end])
            self._next = end
        while self._added and self._added[0][0] <= now:
            time, rid = heapq.heappop(self._added)
            self._release(np.array([rid]), np.array([time]))
        self._until = now
        return self._bitmap

    def add(self, rid: int, release: int) -> None:
        if self._until is None or release == NEVER:
            return
        if release <= self._until:
            self._bitmap.add(rid)
        else:
            heapq.heappush(self._added, (release, rid))

    def changed(self, rid: int, release: int) -> None:
        self._bitmap.discard(rid)
        self.add(rid, release)

    def _start(self, now: int) -> None:
        release = self._maps.column("release")
        self._bitmap = bitmap_of(np.flatnonzero(release <= now))
        waiting = np.flatnonzero((release > now) & (release != NEVER))
        order = np.argsort(release[waiting], kind="stable")
        self._rids, self._times = waiting[order], release[waiting][order]
        self._next, self._added = 0, []

    def _release(self, rids: Ints, times: Ints) -> None:
        still = self._maps.column("release")[rids] == times  # another time may have been set meanwhile
        self._bitmap.update(bitmap_of(rids[still]))


_EMPTY = BitMap()
_NOTHING: dict[Any, BitMap] = {}
