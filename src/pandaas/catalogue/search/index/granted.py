"""The access rule on bitmaps: what `pandaas.access.reach` says, line by line."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import datetime
from typing import assert_never

import numpy as np
from pyroaring import BitMap
from sqlalchemy import select
from sqlalchemy.orm import Session

from pandaas.access import Line, Reach, Tie, reach
from pandaas.catalogue.search.index.bitmaps import union
from pandaas.catalogue.search.index.maps import COLUMNS, Base, Maps
from pandaas.catalogue.search.index.rows import microseconds, read_rows
from pandaas.db.tables import Dataset
from pandaas.model import Action, DatasetState, Principal

RowsOf = Callable[[Collection[str]], BitMap]


class IndexOfRights:
    """The rule on the bitmaps of some datasets alone, for the property test that holds it equal to Python and SQL."""

    def __init__(self, session: Session, ids: Sequence[int]) -> None:
        self._maps = Maps(Base({name: np.zeros(0, kind) for name, kind in COLUMNS.items()}, np.zeros(0, np.int32), {}))
        self._maps.put(read_rows(session, ids))
        found = session.execute(select(Dataset.pid, Dataset.id).where(Dataset.id.in_(ids)))
        self._ids: dict[str, int] = {row.pid: row.id for row in found}

    def visible(self, principal: Principal, action: Action, now: datetime) -> set[str]:
        """The pids of those to which `principal` may do `action` at `now`."""
        rows = granted(self._maps, reach(principal, action), microseconds(now), self._of) & self._maps.live
        return {pid for pid, id_ in self._ids.items() if self._maps.rids([id_]) & rows}

    def _of(self, pids: Collection[str]) -> BitMap:
        return self._maps.rids(self._ids[pid] for pid in pids if pid in self._ids)


def granted(maps: Maps, who: Reach, now: int, shared: RowsOf) -> BitMap:
    """The rows (dead ones among them) that `who` lets in at `now`; `shared` finds the rows of pids."""
    rows = _granted(maps, who, now, shared)
    return rows if who.also is None else rows & _granted(maps, who.also, now, shared)


def _granted(maps: Maps, who: Reach, now: int, shared: RowsOf) -> BitMap:
    if who.everything:
        return maps.live
    rows = _rows(maps, who.lines, now, shared)
    if not rows.intersect(maps.bitmap("result")):
        return rows
    seen = rows if who.of_ancestors == who.lines else _rows(maps, who.of_ancestors, now, shared)
    return maps.without_hidden_ancestors(rows, seen)


def released(maps: Maps, types: Collection[str], now: int) -> BitMap:
    """Rows that anyone may read: released, of these types, not withdrawn."""
    return (maps.released(now) & _of_types(maps, types)) - maps.bitmap("state", DatasetState.WITHDRAWN.value)


def _rows(maps: Maps, lines: Iterable[Line], now: int, shared: RowsOf) -> BitMap:
    return union([_line(maps, line, now, shared) for line in lines])


def _line(maps: Maps, line: Line, now: int, shared: RowsOf) -> BitMap:
    rows = _tied(maps, line, now, shared)
    if line.types is not None:
        rows = rows & _of_types(maps, line.types)
    if line.withdrawn is not None:
        withdrawn = maps.bitmap("state", DatasetState.WITHDRAWN.value)
        rows = rows & withdrawn if line.withdrawn else rows - withdrawn
    return rows


def _tied(maps: Maps, line: Line, now: int, shared: RowsOf) -> BitMap:
    among = line.among or ()
    match line.tie:
        case Tie.RELEASED:
            return maps.released(now)
        case Tie.OPERATOR:
            return maps.live
        case Tie.ANNOUNCED:
            return BitMap()  # proposals alone are
        case Tie.SHARED:
            return shared(among)
        case Tie.OWNER | Tie.STAFF:
            name = "owner" if line.tie is Tie.OWNER else "instrument"
            return union([maps.bitmap(name, value) for value in among])
        case Tie.PRINCIPAL_INVESTIGATOR | Tie.MEMBER | Tie.LOCAL_CONTACT | Tie.READER:
            return union([maps.bitmap("proposal", value) for value in among])
    assert_never(line.tie)


def _of_types(maps: Maps, types: Collection[str]) -> BitMap:
    return union([maps.bitmap("type", str(type_)) for type_ in types])
