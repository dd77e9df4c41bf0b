"""Means of blocks, without what was not measured."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from pandaas.codecs import bin_by_mean


@given(st.integers(1, 40), st.integers(1, 40), st.sampled_from([1, 2, 4, 8]))
def test_every_pixel_is_the_mean_of_its_block(rows: int, columns: int, factor: int) -> None:
    image = np.random.default_rng(rows * 41 + columns).normal(size=(rows, columns))
    binned = bin_by_mean(image, factor)
    assert binned.shape == (-(-rows // factor), -(-columns // factor))
    for (row, column), value in np.ndenumerate(binned):
        block = image[row * factor : (row + 1) * factor, column * factor : (column + 1) * factor]
        assert np.isclose(value, block.mean())


def test_sentinels_and_nan_do_not_count() -> None:
    top = 2**16 - 1
    counts = np.array([[top, 3, top, top], [5, 4, top, top]], np.uint16)
    assert bin_by_mean(counts, 2).tolist() == [[4, top]]
    binned = bin_by_mean(np.array([[np.nan, 1.0, np.nan, np.nan]]), 2)
    assert binned[0, 0] == 1
    assert np.isnan(binned[0, 1])


def test_the_type_stays_and_integers_are_rounded() -> None:
    binned = bin_by_mean(np.array([[1, 2], [2, 2]], ">i4"), 2)
    assert binned.dtype == np.dtype(">i4")
    assert binned.tolist() == [[2]]
