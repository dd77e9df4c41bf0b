"""Images and volumes at lower resolution: the largest or the mean value of blocks, without what was not measured."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from pandaas.codecs.statistics import check_numeric, invalid_pixels
from pandaas.model import InvalidInput

BinMethod = Literal["max", "mean"]
_AT_ONCE = 1 << 18  # values, so that what is worked on stays in the processor's cache


def bin_by_mean(image: NDArray[Any], factor: int, *, detector: bool = True) -> NDArray[Any]:
    """`image` (2-D, real numbers) with each block of `factor` × `factor` pixels as its mean, in the image's type.

    Pixels without a measured value (`invalid_pixels`) don't count; a block of nothing but these keeps their value. Means
    of integers are rounded to the nearest. Blocks at the lower and right edge may be smaller.
    """
    invalid, _ = invalid_pixels(image, detector=detector)
    factors = (factor, factor)
    if invalid is None:
        sums, counts = _sums(image, factors), _sums(np.ones(image.shape, np.uint8), factors)
    else:
        sums, counts = _sums(np.where(invalid, image.dtype.type(0), image), factors), _sums(~invalid, factors)
    with np.errstate(invalid="ignore", divide="ignore"):
        means = sums / counts
    if image.dtype.kind in "iu":
        means = np.rint(means)
    empty = counts == 0
    binned = np.where(empty, 0, means).astype(image.dtype)
    binned[empty] = image[::factor, ::factor][empty]
    return binned


def bin_box(
    box: NDArray[Any],
    factors: Sequence[int],
    method: BinMethod,
    *,
    mask: NDArray[Any] | None = None,
    detector: bool = True,
) -> NDArray[np.float32]:
    """`box` with each block of `factors` (one per axis) as its largest value or its mean; complex numbers by their size.

    Values that were not measured (`invalid_pixels`, with `mask` for the last two axes) don't count; blocks of nothing but
    these are NaN. Blocks at the upper edges may be smaller. Whole numbers beyond 2²⁴ are rounded to what 32 bits hold.
    """
    check_numeric(box)
    shape = tuple(-(-length // factor) for length, factor in zip(box.shape, factors, strict=True))
    result = np.empty(shape, np.float32)
    if not result.size:
        return result
    invalid, _ = invalid_pixels(box, mask=mask, detector=detector)
    step = factors[0]
    lines = max(1, _AT_ONCE // (step * max(1, math.prod(box.shape[1:]))))
    for first in range(0, shape[0], lines):
        part = slice(first * step, (first + lines) * step)
        here = invalid[part] if invalid is not None else None
        result[first : first + lines] = _binned(box[part], here, factors, method)
    return result


def reduce_by_maximum(
    image: NDArray[Any], max_size: int, *, mask: NDArray[Any] | None = None, detector: bool = True
) -> NDArray[np.float32]:
    """`image` (2-D) with at most `max_size` pixels per axis, each the largest valid pixel of its block.

    Small peaks survive, as they would not by taking every n-th pixel. Blocks without a valid pixel are NaN. The blocks
    are ceil(n / max_size) pixels long; the last of a row or column may be shorter.
    """
    check_numeric(image)
    if image.ndim != 2:
        raise InvalidInput(
            f"A preview shows two axes, the selection has {image.ndim}.",
            remedy="Select one index on the others.",
            field="selection",
        )
    if not 1 <= max_size <= 8192:
        raise InvalidInput("The size of a preview lies between 1 and 8192 pixels.", field="max_size")
    factors = [max(1, -(-length // max_size)) for length in image.shape]
    return bin_box(image, factors, "max", mask=mask, detector=detector)


def to_window(values: NDArray[np.float32], low: float, high: float, bits: int) -> NDArray[Any]:
    """`values` between `low` and `high` as whole numbers from 1 to 255 (8 bits) or 65,535 (16 bits); 0 where NaN.

    What lies beyond gets the number of its end.
    """
    if bits not in (8, 16):
        raise InvalidInput("A window has 8 or 16 bits.", field="bits")
    if not (math.isfinite(low) and math.isfinite(high) and low < high):
        raise InvalidInput("A window needs a low end below its high end.", field="low")
    top = (1 << bits) - 1
    with np.errstate(invalid="ignore", over="ignore"):
        scaled = np.rint((values.astype(np.float64) - low) * ((top - 1) / (high - low))) + 1
    return np.where(np.isnan(values), 0, np.clip(scaled, 1, top)).astype(np.uint8 if bits == 8 else np.uint16)


def _binned(
    part: NDArray[Any], invalid: NDArray[np.bool_] | None, factors: Sequence[int], method: BinMethod
) -> NDArray[np.float32]:
    pixels = (np.abs(part) if part.dtype.kind == "c" else part).astype(np.float32)
    if method == "max":
        if invalid is not None:
            np.copyto(pixels, -np.inf, where=invalid)
        for axis, factor in enumerate(factors):
            if factor > 1:
                pixels = _largest_of(factor, pixels, axis)
        if invalid is not None:
            pixels[np.isneginf(pixels)] = np.nan
        return pixels
    if invalid is None:
        counts: Any = _sums(np.ones(part.shape, np.uint8), factors)
    else:
        np.copyto(pixels, 0, where=invalid)
        counts = _sums(~invalid, factors)
    with np.errstate(invalid="ignore"):
        return np.asarray(_sums(pixels, factors) / counts, np.float32)


def _largest_of(step: int, pixels: NDArray[Any], axis: int) -> NDArray[Any]:
    """The largest of each `step` neighbours along `axis`; several times faster than `np.maximum.reduceat`."""
    lines = np.moveaxis(pixels, axis, 0)
    largest = lines[::step].copy(order="K")
    for offset in range(1, step):
        others = lines[offset::step]
        np.maximum(largest[: len(others)], others, out=largest[: len(others)])
    return np.moveaxis(largest, 0, axis)


def _sums(values: NDArray[Any], factors: Sequence[int]) -> NDArray[np.float64]:
    """Sums over blocks, axis by axis."""
    for axis, factor in enumerate(factors):
        lines = np.moveaxis(values, axis, 0)
        total = lines[::factor].astype(np.float64)
        for offset in range(1, factor):
            others = lines[offset::factor]
            total[: len(others)] += others
        values = np.moveaxis(total, 0, axis)
    return values
