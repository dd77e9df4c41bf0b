"""What an array looks like in numbers: detectors' gaps, masks and NaN left out."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pandaas.codecs.convert import is_numeric
from pandaas.model import InvalidInput

PERCENTILES = (0.1, 1.0, 5.0, 50.0, 95.0, 99.0, 99.9)
_BINS = 256
_MAX_LEVELS = 1 << 20
_BLOCK = 1 << 18  # counted at once, within the processor's cache and without keeping others from running for long
_MAX_FOR_PERCENTILES = 1 << 23  # beyond, every n-th value is taken
_WIDE = 20.0  # the histogram's edges follow arcsinh where the maximum is this many times the 99.9 % value


@dataclass(frozen=True)
class Statistics:
    """Of the `count` valid values; `masked` were left out (mask, sentinel, NaN, infinity).

    `sentinel` is the detector's "no value" where it occurs. Percentiles are keyed by their number as text.
    `histogram_edges` has one more element than `histogram_counts`; the counts add up to `count`.
    """

    count: int
    masked: int
    minimum: float | None = None
    maximum: float | None = None
    mean: float | None = None
    std: float | None = None
    positive_minimum: float | None = None
    percentiles: dict[str, float] = field(default_factory=dict)
    histogram_counts: list[int] = field(default_factory=list)
    histogram_edges: list[float] = field(default_factory=list)
    sentinel: float | None = None


def invalid_pixels(
    array: NDArray[Any], *, mask: NDArray[Any] | None = None, detector: bool = False
) -> tuple[NDArray[np.bool_] | None, float | None]:
    """Which values mean "nothing was measured here" (None: all are valid), and the sentinel found.

    - not finite;
    - the largest value of an unsigned type of 2 or more bytes, and the one below it (DECTRIS: gap, dead pixel);
    - on a `detector` with a signed type, -1 and -2 (PILATUS: gap, dead pixel), unless smaller values occur, since then
      negative numbers are measured;
    - `mask` not 0 (NXdetector/pixel_mask), broadcast to the last axes.
    """
    dtype = array.dtype
    invalid: NDArray[np.bool_] | None = None
    sentinel: float | None = None
    if dtype.kind in "fc":
        finite = np.isfinite(array)
        invalid = None if finite.all() else ~finite
    elif dtype.kind == "u" and dtype.itemsize >= 2 and array.size:
        top = int(np.iinfo(dtype).max)
        if int(array.max()) >= top - 1:
            invalid = array >= top - 1
            sentinel = float(top if bool((array == top).any()) else top - 1)
    elif detector and dtype.kind == "i" and array.size:
        low = int(array.min())
        if -2 <= low < 0:
            invalid = array < 0
            sentinel = float(low)
    if mask is not None and mask.ndim <= array.ndim and mask.shape == array.shape[array.ndim - mask.ndim :]:
        by_mask = np.broadcast_to(mask != 0, array.shape)
        invalid = by_mask if invalid is None else invalid | by_mask
    return invalid, sentinel


def statistics(array: NDArray[Any], *, mask: NDArray[Any] | None = None, detector: bool = False) -> Statistics:
    """Statistics of the valid values of `array` (complex numbers: of their absolute value)."""
    check_numeric(array)
    invalid, sentinel = invalid_pixels(array, mask=mask, detector=detector)
    values = array.reshape(-1) if invalid is None else array[~invalid]
    if values.dtype.kind == "c":
        values = np.abs(values)
    elif values.dtype.kind == "b":
        values = values.astype(np.uint8)
    elif values.dtype == np.float16:
        values = values.astype(np.float32)
    masked = array.size - values.size
    if not values.size:
        return Statistics(0, masked, sentinel=sentinel)
    minimum, maximum = values.min(), values.max()
    if values.dtype.kind in "iu" and int(maximum) - int(minimum) < _MAX_LEVELS:
        return _of_levels(values, int(minimum), int(maximum), masked, sentinel)
    positive = values[values > 0]
    sample = values[:: -(-values.size // _MAX_FOR_PERCENTILES)]
    levels = np.percentile(sample, PERCENTILES, method="nearest")
    counts, edges = _histogram(values, None, float(minimum), float(maximum), float(levels[-1]))
    return Statistics(
        count=int(values.size),
        masked=int(masked),
        minimum=float(minimum),
        maximum=float(maximum),
        mean=float(values.mean(dtype=np.float64)),
        std=float(values.std(dtype=np.float64)),
        positive_minimum=float(positive.min()) if positive.size else None,
        percentiles=_named(levels),
        histogram_counts=counts,
        histogram_edges=edges,
        sentinel=sentinel,
    )


def finite_statistics(array: NDArray[Any]) -> dict[str, float | int | None]:
    """h5grove's statistics: of all finite values, nothing masked; None for what no value is left for."""
    if array.dtype.kind not in "iufb":
        raise InvalidInput(f"Values of type {array.dtype} have no statistics.", field="path")
    finite = array[np.isfinite(array)] if array.dtype.kind == "f" else array.reshape(-1)
    cast = float if array.dtype.kind == "f" else int
    if not finite.size:
        return dict.fromkeys(("strict_positive_min", "positive_min", "min", "max", "mean", "std"))
    positive, above = finite[finite >= 0], finite[finite > 0]
    return {
        "strict_positive_min": cast(above.min()) if above.size else None,
        "positive_min": cast(positive.min()) if positive.size else None,
        "min": cast(finite.min()),
        "max": cast(finite.max()),
        "mean": cast(finite.mean()),
        "std": cast(finite.std()),
    }


def _of_levels(values: NDArray[Any], low: int, high: int, masked: int, sentinel: float | None) -> Statistics:
    """The same for integers of a small range, from how often each occurs: exact, and in one pass over the values."""
    occurrences = np.zeros(high - low + 1, np.int64)
    for start in range(0, values.size, _BLOCK):
        block = values[start : start + _BLOCK].astype(np.int64) - low
        occurrences += np.bincount(block, minlength=occurrences.size)
    levels = np.arange(low, high + 1, dtype=np.float64)
    count = int(values.size)
    mean = float((levels * occurrences).sum() / count)
    positions = np.rint(np.array(PERCENTILES) / 100 * (count - 1))
    chosen = levels[np.searchsorted(np.cumsum(occurrences), positions, side="right")]
    counts, edges = _histogram(levels, occurrences, float(low), float(high), float(chosen[-1]))
    above = np.flatnonzero((levels > 0) & (occurrences > 0))
    return Statistics(
        count=count,
        masked=int(masked),
        minimum=float(low),
        maximum=float(high),
        mean=mean,
        std=float(np.sqrt(((levels - mean) ** 2 * occurrences).sum() / count)),
        positive_minimum=float(levels[above[0]]) if above.size else None,
        percentiles=_named(chosen),
        histogram_counts=counts,
        histogram_edges=edges,
        sentinel=sentinel,
    )


def _named(levels: NDArray[Any]) -> dict[str, float]:
    return {f"{name:g}": float(level) for name, level in zip(PERCENTILES, levels, strict=True)}


def _histogram(
    values: NDArray[Any], occurrences: NDArray[Any] | None, low: float, high: float, usual: float
) -> tuple[list[int], list[float]]:
    """Counts and edges. `occurrences` says how often each of `values` stands for itself."""
    if not low < high:
        low, high = (low - 0.5, low + 0.5) if low + 0.5 > low - 0.5 else (low * (1 - 1e-6), low * (1 + 1e-6))
        if low > high:
            low, high = high, low
    wide = high > _WIDE * max(abs(usual), 1.0)
    edges = (
        np.sinh(np.linspace(np.arcsinh(low), np.arcsinh(high), _BINS + 1))
        if wide
        else np.linspace(low, high, _BINS + 1)
    )
    edges[0], edges[-1] = low, high
    if not wide and occurrences is None and np.unique(edges).size == edges.size:
        counts, edges = np.histogram(values, bins=_BINS, range=(low, high))  # evenly spaced: much faster
    else:
        edges = np.unique(edges)
        counts, _ = np.histogram(values, bins=edges, weights=occurrences)
    return counts.astype(int).tolist(), edges.tolist()


def check_numeric(array: NDArray[Any]) -> None:
    """Raise `InvalidInput` for what is not made of numbers."""
    if not is_numeric(array.dtype):
        raise InvalidInput(f"Values of type {array.dtype} have no statistics.", field="path")
