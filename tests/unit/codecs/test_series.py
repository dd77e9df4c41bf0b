"""Figures of every frame, and profiles along a line."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from pandaas.codecs import Line, figures_along, profiles_along
from pandaas.model import InvalidInput


@given(st.data(), hnp.arrays(np.int32, hnp.array_shapes(min_dims=1, max_dims=4, max_side=5)))
def test_figures_are_those_of_the_valid_values(data: st.DataObject, stack: np.ndarray) -> None:  # type: ignore[type-arg]
    axis = data.draw(st.integers(0, stack.ndim - 1))
    invalid = data.draw(st.none() | hnp.arrays(np.bool_, stack.shape))
    found = figures_along(stack, axis, invalid)
    assert found.shape == (stack.shape[axis], 4)
    for index, row in enumerate(found):
        frame = np.take(stack, index, axis).astype(float)
        valid = frame[~np.take(invalid, index, axis)] if invalid is not None else frame.ravel()
        extremes = [valid.min(), valid.max()] if valid.size else [np.nan, np.nan]
        np.testing.assert_allclose(row, [valid.sum(), valid.size, *extremes])


@pytest.mark.parametrize("dtype", ["u1", "?", "f4", ">u2", "c8"])
def test_any_kind_of_number_has_figures(dtype: str) -> None:
    stack = np.array([[1, 0], [1, 1]]).astype(dtype)
    assert figures_along(stack, 0).tolist() == [[1, 2, 0, 1], [2, 2, 1, 1]]
    assert figures_along(stack, 0, stack == 1)[:, 1].tolist() == [1, 0]


def test_text_has_none() -> None:
    with pytest.raises(InvalidInput):
        figures_along(np.array(["a"]), 0)


def test_a_profile_is_the_mean_across_the_line() -> None:
    frames = np.arange(2 * 6 * 8.0).reshape(2, 6, 8)
    rows, columns = Line(1, 2.5, 4, 2.5, width=3).pixels()
    found = profiles_along(frames, rows, columns)
    np.testing.assert_allclose(found, frames[:, 1:4, 1:5].mean(axis=1))
    masked = np.zeros(frames.shape, bool)
    masked[:, 1, :] = True
    masked[:, 1:4, 2] = True
    found = profiles_along(frames, rows, columns, masked)
    np.testing.assert_allclose(found[:, 0], frames[:, 2:4, 1].mean(axis=1))
    assert np.isnan(found[:, 1]).all()


def test_beside_the_image_there_is_nothing() -> None:
    rows, columns = Line(-2, 0.5, 2, 0.5).pixels()
    found = profiles_along(np.ones((1, 2, 2)), rows, columns)
    assert np.isnan(found[0]).tolist() == [True, True, False, False, True]


@pytest.mark.parametrize("line", [(float("nan"), 0, 1, 1, 1), (0, 0, 1e9, 1, 1), (0, 0, 1, 1, 0), (0, 0, 1, 1, 10**6)])
def test_impossible_lines_are_refused(line: tuple[float, float, float, float, int]) -> None:
    with pytest.raises(InvalidInput):
        Line(*line)
