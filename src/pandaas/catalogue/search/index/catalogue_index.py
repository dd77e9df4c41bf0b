"""One index in memory: the rows that a condition of the query language asks for, and those that a person may see."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Collection, Iterator, Sequence
from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pyroaring import BitMap
from sqlalchemy import select
from sqlalchemy.orm import Session

from pandaas.access import EVERYONE_SEES, Reach
from pandaas.catalogue.folding import FIELDS
from pandaas.catalogue.search.index.bitmaps import bitmap_of, rids_of, union
from pandaas.catalogue.search.index.granted import granted, released
from pandaas.catalogue.search.index.lexicon import Lexicon
from pandaas.catalogue.search.index.maps import Maps
from pandaas.catalogue.search.index.numbers import Numbers
from pandaas.catalogue.search.index.recent import holds
from pandaas.catalogue.search.index.rows import NEVER, Row, microseconds
from pandaas.catalogue.search.index.snapshot import Snapshot
from pandaas.catalogue.search.language import (
    ARRAY_KINDS,
    HAS,
    Between,
    Condition,
    During,
    Has,
    OneOf,
    ParameterText,
    Words,
    Years,
)
from pandaas.db.tables import Dataset

_LEARNT = 256  # phrases and other costly words whose rows are kept
_MOST_CHECKED = 200_000  # rows whose text is read to find a phrase
_COSTLY = 2_000  # entries
_BATCH = 500
_LAST_YEAR = 9998

_OFFERED = 100  # words that begin alike, besides frequent ones
_ABOUT = 8  # bytes that marks around a word and letters of several bytes may add

Mask = NDArray[np.bool_]
RowsOf = Callable[[Collection[str]], BitMap]


class Unanswerable(Exception):
    """The index can't answer this; SQL does."""


class CatalogueIndex:
    """Not thread-safe: the engine asks and changes it under one lock."""

    def __init__(self, snapshot: Snapshot) -> None:
        self.maps = Maps(snapshot.base)
        self._words = Lexicon(snapshot.words)
        self._texts = Lexicon(snapshot.texts)
        self._numbers = Numbers(snapshot.numbers, snapshot.series)
        self._names = {name: number for number, name in enumerate(snapshot.parameters)}
        self._named = snapshot.named
        self._learnt: OrderedDict[Words, BitMap] = OrderedDict()

    @property
    def everything(self) -> BitMap:
        """The latest versions."""
        return self.maps.live & self.maps.bitmap("latest")

    def seen(self, reach: Reach, now: datetime, shared: RowsOf) -> BitMap:
        """The rows that `reach` lets in at `now`; `shared` finds the rows of pids."""
        return granted(self.maps, reach, microseconds(now), shared)

    def put(self, rows: Sequence[Row]) -> None:
        """Take over new and changed rows."""
        for row, rid in zip(rows, self.maps.put(rows), strict=True):
            for words, found in self._learnt.items():
                if holds(row.search_text, words):
                    found.add(rid)

    def rows_of(self, condition: Condition, session: Session, now: datetime, rows_of_pids: RowsOf) -> BitMap:
        """The rows (dead ones among them) that fulfil `condition`; `Unanswerable` where only SQL can tell."""
        match condition:
            case Words():
                return self._with_words(condition, session)
            case OneOf("pid", values):
                return rows_of_pids(values)
            case OneOf("state", (state,)):
                return self._in_state(state, microseconds(now))
            case OneOf("technique" | "kind" as field, values):
                return union([self.maps.bitmap(field, value) for value in values])
            case OneOf("format", values):
                return union([self.maps.bitmap("format", value.lower()) for value in values])
            case Years() | During():
                return self._measured(condition)
            case Has(what):
                return self._having(what)
            case Between():
                return self._between(condition)
            case ParameterText(name, text):
                return self._with_text(name, text)
        raise Unanswerable

    # --- text ---------------------------------------------------------------------------------------------------------

    def _with_words(self, words: Words, session: Session) -> BitMap:
        if words.field is not None and words.field not in FIELDS:
            raise Unanswerable
        if words in self._learnt:
            self._learnt.move_to_end(words)
            return self._learnt[words]
        parts = words.text.encode().split(b" ")
        field = None if words.field is None else FIELDS.index(words.field)
        if len(parts) > 1:
            return self._learn(words, self._with_phrase(words, parts, field, session))
        entries = self._words.entries(parts[0], field)
        rows = self._words.rows(entries) | self.maps.recent.words(words)
        return self._learn(words, rows) if len(entries) > _COSTLY or len(parts[0]) < 3 else rows

    def _with_phrase(self, words: Words, parts: list[bytes], field: int | None, session: Session) -> BitMap:
        """Rows that hold all words of the phrase in one field, and of these the ones whose text holds it as it stands."""
        candidates = BitMap()
        for one in range(len(FIELDS)) if field is None else (field,):
            rows: BitMap | None = None
            for place, part in enumerate(parts):
                if part:
                    ends, leads = place < len(parts) - 1, place > 0
                    found = self._words.containing(part, one, leads=leads, ends=ends)
                    rows = found if rows is None else rows & found
                if rows is not None and not rows:
                    break
            candidates |= rows if rows is not None else BitMap()
        candidates &= self.maps.live
        if len(candidates) > _MOST_CHECKED:
            raise Unanswerable
        return self._checked(words, candidates, session) | self.maps.recent.words(words)

    def _checked(self, words: Words, candidates: BitMap, session: Session) -> BitMap:
        found: list[int] = []
        ids = self.maps.column("id")[rids_of(candidates)].tolist()
        for start in range(0, len(ids), _BATCH):
            query = select(Dataset.id, Dataset.search_text).where(Dataset.id.in_(ids[start : start + _BATCH]))
            found += [id_ for id_, text in session.execute(query) if holds(text, words)]
        return self.maps.rids(found) & candidates

    def _learn(self, words: Words, rows: BitMap) -> BitMap:
        """Keep the rows of costly words; `put` keeps them right."""
        self._learnt[words] = rows
        while len(self._learnt) > _LEARNT:
            self._learnt.popitem(last=False)
        return rows

    # --- columns ------------------------------------------------------------------------------------------------------

    def _in_state(self, state: str, now: int) -> BitMap:
        if state in {"open", "embargoed"}:
            everyone = released(self.maps, EVERYONE_SEES, now)
            return everyone if state == "open" else self.maps.live - everyone
        return self.maps.bitmap("missing") if state == "missing" else self.maps.bitmap("state", state)

    def _measured(self, condition: Years | During) -> BitMap:
        if isinstance(condition, During):
            return self._during(condition.start, condition.end)
        first, last = condition.first, condition.last
        if first > last or last < 1:
            return BitMap()
        low, high = (min(max(year, 1), _LAST_YEAR) for year in (first, last))
        return union([bitmap for year, bitmap in self.maps.values("year") if low <= year <= high])

    def _during(self, start: datetime | None, end: datetime | None) -> BitMap:
        low = -NEVER if start is None else microseconds(start)
        high = NEVER if end is None else microseconds(end)
        when, length = self.maps.column("when"), self.maps.base_length
        first, last = np.searchsorted(when[:length], [low, high])
        recent = np.flatnonzero((when[length:] >= low) & (when[length:] < high)) + length
        rows = BitMap(range(int(first), int(last))) | bitmap_of(recent)
        return rows & union([bitmap for _, bitmap in self.maps.values("year")])  # of those that say when

    def _having(self, what: str) -> BitMap:
        if what in ARRAY_KINDS:
            return self.maps.bitmap("array", what)
        if what in HAS:
            return self.maps.bitmap("has", what)
        return union([self._rows_named(name) for name in _spellings(what)])

    def _rows_named(self, name: str) -> BitMap:
        return self._named.get(name, BitMap()) | self.maps.recent.named(name)

    def _between(self, bounds: Between) -> BitMap:
        spellings = _spellings(bounds.name)
        found = [self._numbers.between(name, bounds) for name in spellings]
        return union([*found, *(self.maps.recent.between(name, bounds) for name in spellings)])

    def between_exactly(self, bounds: Between) -> BitMap:
        """Rows (dead ones among them) with a number under exactly this name within the bounds."""
        return self._numbers.between(bounds.name, bounds) | self.maps.recent.between(bounds.name, bounds)

    def _with_text(self, name: str, text: str) -> BitMap:
        spellings = _spellings(name)
        fields = [self._names[one] for one in spellings if one in self._names]
        found = [self._texts.containing(text.encode(), field) for field in fields]
        return union([*found, *(self.maps.recent.text(one, text) for one in spellings)])

    # --- what there is ------------------------------------------------------------------------------------------------

    def names(self) -> tuple[str, ...]:
        """Every name of a parameter, as stored."""
        return tuple(sorted({*self._named, *self.maps.recent.names()}))

    def has_named(self, name: str, rows: BitMap) -> bool:
        """One of `rows` has a parameter of exactly this name."""
        base = self._named.get(name)
        return (base is not None and rows.intersect(base)) or rows.intersect(self.maps.recent.named(name))

    def one_with_number(self, name: str, rows: BitMap) -> int | None:
        """One of `rows` that has a number under exactly this name."""
        for rid, parameter in self.maps.recent.parameters(name):
            if parameter.value is not None and rid in rows:
                return rid
        return self._numbers.first_of(name, rows)

    def how_many_named(self, name: str, rows: BitMap) -> int:
        """How many of `rows` have a parameter of exactly this name."""
        base = self._named.get(name, BitMap())
        recent = self.maps.recent.named(name)
        return rows.intersection_cardinality(base | recent if recent else base)

    def one_named(self, name: str, rows: BitMap) -> int | None:
        """One of `rows` that has a parameter of exactly this name."""
        found = rows & self._rows_named(name)
        return int(found.min()) if found else None

    def units_of(self, name: str) -> list[str]:
        """The SI units in which parameter `name` has numbers."""
        recent = {one.si_unit for _, one in self.maps.recent.parameters(name) if one.si_unit}
        return sorted({*self._numbers.units(name), *recent})

    def numbers_of(self, name: str, unit: str, rows: BitMap, mask: Mask) -> tuple[NDArray[Any], NDArray[Any]]:
        """Numbers of `rows` (`mask`: the same) under `name`, ascending, in an SI unit ("": as stored), and their rows."""
        values, rids = self._numbers.of(name, unit, mask)
        recent = [(one.si_value if unit else one.value, rid) for rid, one in self.maps.recent.parameters(name)
                  if rid in rows and one.value is not None and (not unit or one.si_unit == unit)]  # fmt: skip
        if not recent:
            return values, rids
        values = np.concatenate([values, np.array([value for value, _ in recent], np.float64)])
        rids = np.concatenate([rids, np.array([rid for _, rid in recent], rids.dtype)])
        order = np.argsort(values, kind="stable")
        return values[order], rids[order]

    def spread_of(self, name: str, rows: BitMap, mask: Mask) -> tuple[int, bool] | None:
        """How many of `rows` (`mask`: the same) have a number under `name`, and whether these differ; None where only
        looking at every number can tell."""
        units = self._numbers.units(name)
        base = self._named.get(name)
        if base is None or len(units) != 1 or self._numbers.size(name, units[0]) != len(base):
            return None
        changed = [one for rid, one in self.maps.recent.parameters(name) if rid in rows]
        if any(one.si_value is None or one.si_unit != units[0] for one in changed):
            return None
        ends = [one.si_value for one in changed if one.si_value is not None]
        ends += self._numbers.ends(name, units[0], mask) or ()
        number = rows.intersection_cardinality(base) + len(changed)
        return (number, min(ends) < max(ends)) if ends else (0, False)

    def texts_with(self, name: str, part: str, rows: BitMap, mask: Mask) -> dict[str, tuple[int, int]]:
        """Texts (in lower case) of parameter `name` that hold `part`, each with how many of `rows` (`mask`: the same)
        have it, and one of these."""
        field = self._names.get(name)
        found = {} if field is None else self._texts.counted(self._texts.holding(part.encode(), field), mask)
        for rid, parameter in self.maps.recent.parameters(name):
            if parameter.text is not None and part in parameter.text and rid in rows:
                number, one = found.get(parameter.text, (0, rid))
                found[parameter.text] = (number + 1, one)
        return found

    def words_begun(self, part: str, fields: Sequence[int], mask: Mask) -> Iterator[tuple[str, int]]:
        """The commonest words that begin with `part`, with how many rows of `mask` have them, field by field; not of recent rows."""
        for field in fields:
            entries = self._words.beginning(part.encode(), field)
            yield from ((word, number) for word, (number, _) in self._words.counted(entries, mask, _OFFERED).items())

    def words_like(
        self, parts: Sequence[str], length: int, fields: Sequence[int], mask: Mask
    ) -> Iterator[tuple[str, int]]:
        """The same for words that hold one of `parts` and have about `length` bytes."""
        for field in fields:
            found = [self._words.entries(part.encode(), field) for part in parts]
            entries = self._words.of_length(np.unique(np.concatenate(found)), length - _ABOUT, length + _ABOUT)
            yield from ((word, number) for word, (number, _) in self._words.counted(entries, mask).items())

    def id_of(self, rid: int) -> int:
        """The dataset's id."""
        return int(self.maps.column("id")[rid])

    # --- facets -------------------------------------------------------------------------------------------------------

    def counts(self, facet: str, hits: BitMap) -> dict[str, int]:
        """How many of `hits` have each value of the facet."""
        if facet == "proposal":
            numbers = np.bincount(self.maps.column("proposal")[rids_of(hits)])
            return {str(value): int(numbers[value]) for value in np.flatnonzero(numbers)}
        counted = ((value, hits.intersection_cardinality(rows)) for value, rows in self.maps.values(facet))
        return {str(value): number for value, number in counted if number}


def _spellings(name: str) -> list[str]:
    return sorted({name, name.lower()})
