"""Means of blocks, without what was not measured."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pandaas.codecs import bin_box, bin_by_mean, to_window
from pandaas.model import InvalidInput


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


@given(st.integers(1, 30), st.integers(1, 30), st.sampled_from([1, 3, 4]), st.sampled_from(["u2", "f4", "i4", "c8"]))
def test_boxes_are_reduced_block_by_block(rows: int, columns: int, factor: int, dtype: str) -> None:
    image = np.random.default_rng(rows * 31 + columns).integers(0, 99, (rows, columns)).astype(dtype)
    largest, mean = (bin_box(image, (factor, factor), method) for method in ("max", "mean"))
    for (row, column), value in np.ndenumerate(largest):
        block = np.abs(image[row * factor : (row + 1) * factor, column * factor : (column + 1) * factor])
        assert np.isclose(value, block.max())
        assert np.isclose(mean[row, column], block.mean(), rtol=1e-5)


def test_a_window_is_whole_numbers_with_0_for_what_was_not_measured() -> None:
    values = np.array([np.nan, -5.0, 0.0, 5.0, 10.0, np.inf], np.float32)
    assert to_window(values, 0, 10, 8).tolist() == [0, 1, 1, 128, 255, 255]
    assert to_window(values, 0, 10, 16).tolist() == [0, 1, 1, 32768, 65535, 65535]
    for low, high, bits in ((1, 1, 8), (np.nan, 1, 8), (0, np.inf, 8), (0, 1, 7)):
        with pytest.raises(InvalidInput):
            to_window(values, low, high, bits)
