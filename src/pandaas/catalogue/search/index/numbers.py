"""Values of parameters: which rows have one between two bounds, or a text that contains another?

Values of one parameter stand sorted, in SI for each SI unit and once more as they were stored, each with its row. A
range is one slice of them; what it covers of every sixty-fourth is a bitmap, made when the parameter is first asked for.
"""

from __future__ import annotations

import mmap
from collections import OrderedDict
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pyroaring import BitMap

from pandaas.catalogue.search.index.bitmaps import bitmap_of, union
from pandaas.catalogue.search.language import Between

Arrays = dict[str, NDArray[Any]]
_PARTS = 64
_MANY = 20_000  # values, from which on bitmaps of parts are worth it
_KEPT = 48  # parameters whose bitmaps are kept
_LOOKED_AT = 16_384  # values at a time
_FEW = 4  # parts of that many slices make no bitmap


def _forget(*mapped: NDArray[Any]) -> None:
    """Pages of files that were read once and whole: the system keeps them where it has room, this process need not."""
    for one in mapped:
        file = getattr(one, "_mmap", None)
        if file is not None:
            file.madvise(mmap.MADV_DONTNEED)


class Numbers:
    """Read-only. `series` says where the values of (name, SI unit or "" for as stored) lie in the arrays."""

    def __init__(self, arrays: Arrays, series: dict[tuple[str, str], tuple[int, int]]) -> None:
        self._values = arrays["values"]
        self._rids = arrays["value_rids"]
        self._series = series
        self._parts: OrderedDict[tuple[str, str], list[BitMap]] = OrderedDict()

    def between(self, name: str, bounds: Between) -> BitMap:
        """The rows whose parameter `name` lies within; bounds as `Between` says."""
        key = (name, bounds.si_unit or "")
        if key not in self._series:
            return BitMap()
        start, end = self._series[key]
        values = self._values[start:end]
        low, high = 0, end - start
        if bounds.low is not None:
            low = int(np.searchsorted(values, bounds.low, side="right" if bounds.low_open else "left"))
        if bounds.high is not None:
            high = int(np.searchsorted(values, bounds.high, side="left" if bounds.high_open else "right"))
        return self._slice(key, self._rids[start:end], low, high)

    def units(self, name: str) -> list[str]:
        """The SI units in which `name` has values."""
        return [unit for one, unit in self._series if one == name and unit]

    def of(self, name: str, unit: str, mask: NDArray[np.bool_]) -> tuple[NDArray[np.float64], NDArray[np.uint32]]:
        """Values of `name` in an SI unit ("": as stored) of the rows in `mask`, ascending, and their rows."""
        start, end = self._series.get((name, unit), (0, 0))
        rids = self._rids[start:end]
        asked = mask[rids]
        found = np.asarray(self._values[start:end][asked]), np.asarray(rids[asked])
        _forget(self._values, self._rids)
        return found

    def size(self, name: str, unit: str) -> int:
        """How many values there are."""
        start, end = self._series.get((name, unit), (0, 0))
        return end - start

    def ends(self, name: str, unit: str, mask: NDArray[np.bool_]) -> tuple[float, float] | None:
        """The least and the largest value of the rows in `mask`."""
        start, end = self._series.get((name, unit), (0, 0))
        first = next((start + place + int(asked.argmax()) for place in range(0, end - start, _LOOKED_AT)
                      if (asked := mask[self._rids[start + place : min(end, start + place + _LOOKED_AT)]]).any()), None)  # fmt: skip
        if first is None:
            return None
        while True:
            asked = mask[self._rids[max(first, end - _LOOKED_AT) : end]]
            if asked.any():
                last = end - 1 - int(asked[::-1].argmax())
                return float(self._values[first]), float(self._values[last])
            end -= _LOOKED_AT

    def first_of(self, name: str, rows: BitMap) -> int | None:
        """One of `rows` that has a number under exactly this name."""
        start, end = self._series.get((name, ""), (0, 0))
        while start < end:
            some = bitmap_of(self._rids[start : min(end, start + _LOOKED_AT)]) & rows
            if some:
                return int(some.min())
            start += _LOOKED_AT
        return None

    def _slice(self, key: tuple[str, str], rids: NDArray[Any], low: int, high: int) -> BitMap:
        step = max(1, -(-len(rids) // _PARTS))
        first, last = -(-low // step), high // step
        if high <= low:
            return BitMap()
        if len(rids) < _MANY or last - first < _FEW:
            return bitmap_of(rids[low:high])
        parts = self._parts_of(key, rids, step)
        edges = [bitmap_of(rids[low : first * step]), bitmap_of(rids[last * step : high])]
        return union([*edges, *parts[first:last]])

    def _parts_of(self, key: tuple[str, str], rids: NDArray[Any], step: int) -> list[BitMap]:
        if key not in self._parts:
            self._parts[key] = [bitmap_of(rids[place : place + step]) for place in range(0, len(rids), step)]
            while len(self._parts) > _KEPT:
                self._parts.popitem(last=False)
        self._parts.move_to_end(key)
        return self._parts[key]
