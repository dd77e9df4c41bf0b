"""Through a stack block by block, with what was not measured left out."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from pandaas.arrays import Stack, profiles, series, through
from pandaas.codecs import Line, parse_selection
from pandaas.model import InvalidInput


def stack_of(values: NDArray[Any], mask: NDArray[Any] | None = None) -> Stack:
    def read(text: str) -> NDArray[Any]:
        return values[parse_selection(text, values.shape).items]

    def cut(text: str) -> NDArray[Any] | None:
        return None if mask is None else mask[parse_selection(text, values.shape).items[-2:]]

    return Stack(values.shape, read, cut)


@given(st.integers(1, 9), st.integers(0, 2), st.integers(1, 200), st.integers(1, 3))
def test_blocks_make_no_difference(frames: int, along: int, block: int, step: int) -> None:
    values = np.random.default_rng(frames).integers(0, 99, (frames, 5, 4), np.uint16)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(through, "_BLOCK_BYTES", block)
        found = series(stack_of(values), f"::{step},1:4,:3", along)
    chosen = np.moveaxis(values[::step, 1:4, :3], along, 0)
    assert found.next == found.asked == len(chosen)
    np.testing.assert_array_equal(found.values[:, 0], chosen.reshape(len(chosen), -1).sum(axis=1))


def test_mask_and_sentinels_are_left_out() -> None:
    values = np.full((3, 2, 2), 7, np.uint32)
    values[1, 0, 0] = 2**32 - 1
    mask = np.array([[0, 1], [0, 0]])
    assert series(stack_of(values, mask), None, 0).values[:, :2].tolist() == [[21, 3], [14, 2], [21, 3]]
    assert series(stack_of(values, mask), None, 2).values[:, 1].tolist() == [5, 3]


def test_a_whole_frame_tells_whether_negative_numbers_are_gaps() -> None:
    pilatus = np.zeros((2, 16, 16), np.int32)
    pilatus[:, 3] = -1
    assert series(stack_of(pilatus), ":,3,3:5", 0).values[0, 1] == 0
    measured = pilatus.copy()
    measured[:, 9, 9] = -40
    assert series(stack_of(measured), ":,3,3:5", 0).values[0, 0] == -2


def test_an_answer_ends_after_a_while_and_says_where_to_go_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(through, "_ENOUGH_S", 2)
    monkeypatch.setattr(through, "_MOST_FRAMES", 4)
    monkeypatch.setattr(through.time, "monotonic", itertools.count().__next__)
    found = series(stack_of(np.ones((10, 2, 2))), "1:,:,:", 0)
    assert (found.next, found.asked, found.values.shape) == (4, 9, (4, 4))


def test_nothing_selected_gives_nothing() -> None:
    assert series(stack_of(np.ones((3, 2, 2))), "3:,:,:", 0).values.shape == (0, 4)
    assert profiles(stack_of(np.ones((3, 2, 2))), "3:,0,0", 0, (1, 2), Line(0, 0, 1, 1)).values.shape[0] == 0


@pytest.mark.parametrize("along", [0, 1, 2, 3])
def test_profiles_take_any_axes(along: int) -> None:
    values = np.random.default_rng(1).normal(size=(3, 4, 5, 6))
    rows, columns = [axis for axis in (1, 2, 3, 0) if axis != along][:2]
    other = ({0, 1, 2, 3} - {along, rows, columns}).pop()
    selection = ",".join("2" if axis == other else ":" for axis in range(4))
    found = profiles(stack_of(values), selection, along, (rows, columns), Line(0.5, 1.5, 2.5, 1.5)).values
    image = np.moveaxis(values, (along, other, rows, columns), (0, 1, 2, 3))[:, 2]
    np.testing.assert_allclose(found, image[:, 1, :3], rtol=1e-6)


def test_wrong_axes_are_named() -> None:
    stack = stack_of(np.ones((3, 2, 2)))
    with pytest.raises(InvalidInput):
        series(stack, None, 3)
    with pytest.raises(InvalidInput):
        profiles(stack, None, 0, (0, 1), Line(0, 0, 1, 1))
    with pytest.raises(InvalidInput):
        profiles(stack_of(np.ones((3, 2, 2, 2))), None, 0, (2, 3), Line(0, 0, 1, 1))
