"""Figures of every frame of a stack, of a region or along a line, with what was not measured left out."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pandaas.codecs.convert import is_numeric
from pandaas.model import InvalidInput

FIGURES = ("sum", "count", "minimum", "maximum")
_LONGEST_LINE = 1 << 16
_WIDEST_LINE = 1000
Invalid = NDArray[np.bool_] | None


def figures_along(values: NDArray[Any], axis: int, invalid: Invalid = None) -> NDArray[np.float64]:
    """`FIGURES` of the valid values at each index of `axis` (complex numbers: of their absolute value).

    Shape (length of `axis`, 4). Where nothing is valid, sum and count are 0 and the others NaN.
    """
    lines, wrong = _frames(values, axis), None if invalid is None else _frames(invalid, axis)
    if wrong is None:
        count = np.full(len(lines), lines.shape[1], np.float64)
        low = high = lines
    else:
        count = lines.shape[1] - np.count_nonzero(wrong, axis=1).astype(np.float64)
        bottom, top = _bounds(lines.dtype)
        low, high = np.where(wrong, top, lines), np.where(wrong, bottom, lines)
        lines = np.where(wrong, lines.dtype.type(0), lines)
    found = np.full((len(lines), 4), np.nan)
    found[:, 0], found[:, 1] = lines.sum(axis=1, dtype=np.float64), count
    some = count > 0
    if lines.shape[1] and some.any():
        found[some, 2], found[some, 3] = low[some].min(axis=1), high[some].max(axis=1)
    return found


@dataclass(frozen=True)
class Line:
    """A line through an image in pixels (the corner of pixel 0 is at 0), and how many pixels wide it is."""

    x0: float
    y0: float
    x1: float
    y1: float
    width: int = 1

    def __post_init__(self) -> None:
        if not all(
            math.isfinite(value) and abs(value) < _LONGEST_LINE for value in (self.x0, self.y0, self.x1, self.y1)
        ):
            raise InvalidInput(
                "A line has four numbers of pixels.", remedy="Write it like '10,20,300,20'.", field="line"
            )
        if not 1 <= self.width <= _WIDEST_LINE:
            raise InvalidInput(f"A line is 1 to {_WIDEST_LINE} pixels wide.", field="width")

    def pixels(self) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """Rows and columns of the pixels nearest to the line, each of shape (positions, width); one position a pixel."""
        dx, dy = self.x1 - self.x0, self.y1 - self.y0
        length = math.hypot(dx, dy)
        steps = max(1, round(length))
        ux, uy = (dx / length, dy / length) if length else (1.0, 0.0)
        along = (length * np.arange(steps + 1) / steps)[:, None]
        aside = np.arange(self.width)[None, :] - (self.width - 1) / 2
        columns = np.floor(self.x0 + ux * along - uy * aside)
        rows = np.floor(self.y0 + uy * along + ux * aside)
        return rows.astype(np.intp), columns.astype(np.intp)


def profiles_along(
    frames: NDArray[Any], rows: NDArray[np.intp], columns: NDArray[np.intp], invalid: Invalid = None
) -> NDArray[np.float32]:
    """Means of the valid pixels across a line at each of its positions, for each of `frames` (n, height, width).

    `rows` and `columns` as `Line.pixels` gives them; those outside count as invalid. Shape (n, positions), NaN where no
    pixel is valid.
    """
    _check(frames)
    inside = (rows >= 0) & (columns >= 0) & (rows < frames.shape[1]) & (columns < frames.shape[2])
    at = (slice(None), np.where(inside, rows, 0), np.where(inside, columns, 0))
    picked = np.abs(frames[at]) if frames.dtype.kind == "c" else frames[at]
    valid = np.broadcast_to(inside, picked.shape)
    if invalid is not None:
        valid = valid & ~invalid[at]
    sums = np.where(valid, picked, picked.dtype.type(0)).sum(axis=2, dtype=np.float64)
    with np.errstate(invalid="ignore", divide="ignore"):
        means: NDArray[np.float32] = (sums / np.count_nonzero(valid, axis=2)).astype(np.float32)
    return means


def _frames(values: NDArray[Any], axis: int) -> NDArray[Any]:
    """One row for each index of `axis`."""
    lines = np.moveaxis(values, axis, 0)
    lines = lines.reshape(len(lines), math.prod(lines.shape[1:]))
    _check(lines)
    return np.abs(lines) if lines.dtype.kind == "c" else lines


def _bounds(dtype: np.dtype[Any]) -> tuple[Any, Any]:
    """The smallest and the largest value of a type."""
    if dtype.kind == "f":
        return dtype.type(-np.inf), dtype.type(np.inf)
    if dtype.kind == "b":
        return False, True
    limits = np.iinfo(dtype)
    return dtype.type(limits.min), dtype.type(limits.max)


def _check(values: NDArray[Any]) -> None:
    if not is_numeric(values.dtype):
        raise InvalidInput(f"Values of type {values.dtype} can't be added.", field="path")
