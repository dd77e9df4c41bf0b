"""Images at lower resolution by the mean of their pixels, for pyramids."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from pandaas.codecs.statistics import invalid_pixels


def bin_by_mean(image: NDArray[Any], factor: int, *, detector: bool = True) -> NDArray[Any]:
    """`image` (2-D, real numbers) with each block of `factor` × `factor` pixels as its mean, in the image's type.

    Pixels without a measured value (`invalid_pixels`) don't count; a block of nothing but these keeps their value. Means
    of integers are rounded to the nearest. Blocks at the lower and right edge may be smaller.
    """
    invalid, _ = invalid_pixels(image, detector=detector)
    if invalid is None:
        sums, counts = _sums(image, factor), _sums(np.ones(image.shape, np.uint8), factor)
    else:
        sums, counts = _sums(np.where(invalid, image.dtype.type(0), image), factor), _sums(~invalid, factor)
    with np.errstate(invalid="ignore", divide="ignore"):
        means = sums / counts
    if image.dtype.kind in "iu":
        means = np.rint(means)
    empty = counts == 0
    binned = np.where(empty, 0, means).astype(image.dtype)
    binned[empty] = image[::factor, ::factor][empty]
    return binned


def _sums(values: NDArray[Any], factor: int) -> NDArray[np.float64]:
    """Sums over blocks, in a pass over the rows and one over what is left of the columns."""
    for axis in (0, 1):
        lines = np.moveaxis(values, axis, 0)
        total = lines[::factor].astype(np.float64)
        for offset in range(1, factor):
            others = lines[offset::factor]
            total[: len(others)] += others
        values = np.moveaxis(total, 0, axis)
    return values
