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
    rows, columns = (-(-length // factor) for length in image.shape)
    invalid, _ = invalid_pixels(image, detector=detector)
    valid = np.ones(image.shape, bool) if invalid is None else ~invalid
    sums = _blocks(np.where(valid, image, 0).astype(np.float64), factor, rows, columns)
    counts = _blocks(valid.astype(np.float64), factor, rows, columns)
    with np.errstate(invalid="ignore", divide="ignore"):
        means = sums / counts
    if image.dtype.kind in "iu":
        means = np.rint(means)
    binned = np.where(counts > 0, means, 0).astype(image.dtype)
    empty = counts == 0
    binned[empty] = image[::factor, ::factor][empty]
    return binned


def _blocks(values: NDArray[np.float64], factor: int, rows: int, columns: int) -> NDArray[np.float64]:
    """Sums over blocks, as if zeros continued the image."""
    padded = np.zeros((rows * factor, columns * factor))
    padded[: values.shape[0], : values.shape[1]] = values
    sums: NDArray[np.float64] = padded.reshape(rows, factor, columns, factor).sum(axis=(1, 3))
    return sums
