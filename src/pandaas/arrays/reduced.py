"""Images and volumes at lower resolution, cut into tiles and bricks, for viewers that show a part of what is large.

Level 0 is the array itself, each further level has half as many values along the axes that are shown. Images are the last
two axes, volumes the last three. A level that fits into memory is made once, whole, and kept; of a larger one only what
was asked for is made. Nothing of a level is read twice, and never more than `_MOST_AT_ONCE` bytes at the same time.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pandaas.arrays.crew import Check
from pandaas.arrays.flights import Flights
from pandaas.arrays.kept import Kept
from pandaas.arrays.limits import in_words
from pandaas.codecs import BinMethod, bin_box
from pandaas.model import InvalidInput, NotFound, TooLarge

TILE = 256  # pixels of an edge
BRICK = 64  # voxels of an edge
MOST_READ = 4 << 30  # decoded bytes for one answer
_WHOLE_LEVEL = 16 << 20  # bytes of a level that is kept whole
_MOST_AT_ONCE = 64 << 20


@dataclass(frozen=True)
class Level:
    """One resolution: `factor` values of the array along each axis are one here; `cells` counts tiles or bricks."""

    level: int
    factor: int
    shape: tuple[int, ...]
    cells: tuple[int, ...]


@dataclass(frozen=True)
class Pyramid:
    """What there is of an array of `shape`. `volumes` is empty where it has fewer than three axes."""

    shape: tuple[int, ...]
    dtype: str
    images: tuple[Level, ...]
    volumes: tuple[Level, ...]


@dataclass(frozen=True)
class Cell:
    """A tile (two indices) or a brick (three) of a level. `outer` are indices on the axes that are not shown."""

    outer: tuple[int, ...]
    level: int
    index: tuple[int, ...]
    method: BinMethod


@dataclass(frozen=True)
class Array:
    """An array to reduce. `chunk` is how many values along each axis are decoded together.

    `read` gives the values of a selection, `mask` is cut to the last two axes of what is read. `tag` stands for the state
    of all files that the values and the mask come from.
    """

    tag: Hashable
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    chunk: tuple[int, ...]
    read: Callable[[str], NDArray[Any]]
    mask: NDArray[np.bool_] | None
    detector: bool
    check: Check


def pyramid(shape: tuple[int, ...], dtype: np.dtype[Any]) -> Pyramid:
    """The levels of an array. `InvalidInput` for one that shows no image."""
    if len(shape) < 2 or dtype.kind not in "iufcb" or not math.prod(shape):
        raise InvalidInput("Only arrays of numbers with two or more axes have tiles.", field="path")
    volumes = levels(shape[-3:], BRICK) if len(shape) > 2 else ()
    return Pyramid(shape, dtype.str, levels(shape[-2:], TILE), volumes)


def levels(shape: Sequence[int], edge: int) -> tuple[Level, ...]:
    """All levels down to the one that a single tile or brick holds."""
    found: list[Level] = []
    while not found or max(found[-1].cells) > 1:
        factor = 1 << len(found)
        reduced = tuple(-(-length // factor) for length in shape)
        found.append(Level(len(found), factor, reduced, tuple(-(-length // edge) for length in reduced)))
    return tuple(found)


class Reductions:
    """Thread-safe. Keeps at most `limit` bytes of levels."""

    def __init__(self, limit: int) -> None:
        self._kept: Kept[NDArray[np.float32]] = Kept(limit)
        self._flights = Flights()
        self._limit = limit

    def cell(self, array: Array, cell: Cell) -> NDArray[np.float32]:
        """A tile or brick; at the upper edges it is smaller. Values that were not measured are NaN.

        Raises `NotFound` for one that doesn't exist, `InvalidInput` for wrong indices on the other axes, `TooLarge`
        where more than `MOST_READ` bytes would have to be read, and what reading raises.
        """
        level = _level(array, cell)
        edge = TILE if len(cell.index) == 2 else BRICK
        part = tuple(
            slice(at * edge, min((at + 1) * edge, length)) for at, length in zip(cell.index, level.shape, strict=True)
        )
        if 4 * math.prod(level.shape) > min(_WHOLE_LEVEL, self._limit):
            return _made(array, cell, level, part)
        whole = tuple(slice(0, length) for length in level.shape)
        key = (array.tag, cell.outer, level, cell.method)
        found = self._kept.get(key)
        if found is None:
            with self._flights.one(key, array.check):
                found = self._kept.get(key)
                if found is None:
                    found = _made(array, cell, level, whole)
                    self._kept.put(key, found, found.nbytes)
        return np.ascontiguousarray(found[part])


def _level(array: Array, cell: Cell) -> Level:
    shown = len(cell.index)
    if len(array.shape) < shown:
        raise InvalidInput("This array has too few axes for that.", field="path")
    outer = array.shape[: len(array.shape) - shown]
    if len(cell.outer) != len(outer) or any(not 0 <= at < n for at, n in zip(cell.outer, outer, strict=False)):
        raise InvalidInput(
            f"The array has {len(outer)} further axes of {list(outer)} elements.",
            remedy="Give one index for each, like frame=3 or frame=0,3.",
            field="frame",
        )
    found = levels(array.shape[-shown:], TILE if shown == 2 else BRICK)
    if not 0 <= cell.level < len(found):
        raise NotFound(f"There are levels 0 to {len(found) - 1}.", field="level")
    level = found[cell.level]
    if any(not 0 <= at < count for at, count in zip(cell.index, level.cells, strict=True)):
        raise NotFound(f"Level {cell.level} has {list(level.cells)} parts.", field="index")
    return level


def _made(array: Array, cell: Cell, level: Level, part: tuple[slice, ...]) -> NDArray[np.float32]:
    """A part of a level, from slabs of the array along the first of the axes that are shown."""
    factor, shown = level.factor, len(part)
    bounds = [
        (piece.start * factor, min(piece.stop * factor, length))
        for piece, length in zip(part, array.shape[-shown:], strict=True)
    ]
    _check_cost(array, bounds)
    result = np.empty([piece.stop - piece.start for piece in part], np.float32)
    begin, end = bounds[0]
    step = _slab(array, bounds, factor)
    for first in range(begin, end, step):
        array.check()
        last = min(first + step, end)
        box = [(first, last), *bounds[1:]]
        text = ",".join([*map(str, cell.outer), *(f"{low}:{high}" for low, high in box)])
        mask = array.mask[tuple(slice(low, high) for low, high in box[-2:])] if array.mask is not None else None
        values = bin_box(array.read(text), [factor] * shown, cell.method, mask=mask, detector=array.detector)
        at = (first - begin) // factor
        result[at : at + len(values)] = values
    return result


def _check_cost(array: Array, bounds: Sequence[tuple[int, int]]) -> None:
    nbytes = array.dtype.itemsize * math.prod(high - low for low, high in bounds)
    if nbytes > MOST_READ:
        raise TooLarge(
            f"This level is made of {in_words(nbytes)}; one answer may read {in_words(MOST_READ)}.",
            remedy="Ask for a lower level, or run an analysis that reduces the data.",
            field="level",
        )


def _slab(array: Array, bounds: Sequence[tuple[int, int]], factor: int) -> int:
    """How much of the first axis is read at once: whole blocks, and whole chunks where memory allows it."""
    line = max(1, array.dtype.itemsize * math.prod(high - low for low, high in bounds[1:]))
    room = max(1, _MOST_AT_ONCE // line)
    unit = math.lcm(factor, array.chunk[len(array.shape) - len(bounds)])
    unit = unit if unit <= room else factor
    return max(unit, room // unit * unit)
