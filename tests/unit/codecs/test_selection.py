"""Selections mean what NumPy means by them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from pandaas.codecs import parse_selection
from pandaas.model import InvalidInput

shapes = hnp.array_shapes(min_dims=0, max_dims=5, min_side=0, max_side=6)


def _text(index: Any) -> str:
    items = index if isinstance(index, tuple) else (index,)
    return ",".join(_item(item) for item in items)


def _item(item: Any) -> str:
    if item is Ellipsis:
        return "..."
    if isinstance(item, slice):
        parts = ["" if part is None else str(part) for part in (item.start, item.stop, item.step)]
        return ":".join(parts)
    return str(item)


@given(data=st.data(), shape=shapes)
def test_like_numpy(data: st.DataObject, shape: tuple[int, ...]) -> None:
    index = data.draw(hnp.basic_indices(shape, allow_newaxis=False, allow_ellipsis=True))
    array = np.arange(int(np.prod(shape))).reshape(shape)
    selection = parse_selection(_text(index), shape)
    expected = np.asarray(array[index])
    assert selection.shape == expected.shape
    assert selection.size == expected.size
    np.testing.assert_array_equal(array[selection.items], expected)


@given(data=st.data(), shape=shapes)
def test_positive_steps_and_a_turn_give_the_same(data: st.DataObject, shape: tuple[int, ...]) -> None:
    index = data.draw(hnp.basic_indices(shape, allow_newaxis=False))
    array = np.arange(int(np.prod(shape))).reshape(shape)
    selection = parse_selection(_text(index), shape)
    forward, turn = selection.ascending()
    assert all(item.step > 0 for item in forward if isinstance(item, slice))
    values = np.asarray(array[forward])
    np.testing.assert_array_equal(values[turn] if turn else values, array[index])


@given(data=st.data(), shape=shapes)
def test_bounds_hold_everything_selected(data: st.DataObject, shape: tuple[int, ...]) -> None:
    index = data.draw(hnp.basic_indices(shape, allow_newaxis=False))
    selection = parse_selection(_text(index), shape)
    marked = np.zeros(shape, bool)
    marked[selection.items] = True
    box = np.zeros(shape, bool)
    box[tuple(slice(low, high) for low, high in selection.bounds())] = True
    assert not (marked & ~box).any() or not selection.size


@pytest.mark.parametrize("text", [None, "", "...", ":", ":,:", " : , : ", "(:, :)", "[...]"])
def test_everything(text: str | None) -> None:
    selection = parse_selection(text, (3, 4))
    assert selection.is_all
    assert selection.shape == (3, 4)
    assert selection.nbytes(8) == 96


def test_a_scalar_has_one_selection() -> None:
    assert parse_selection("...", ()).shape == ()
    with pytest.raises(InvalidInput):
        parse_selection("0", ())


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("9", "axis 0"),
        ("0,-5", "axis 1"),
        ("0,0,0", "3 axes"),
        ("a", "axis 0"),
        ("0,1.5", "axis 1"),
        ("0:1:2:3", "axis 0"),
        ("::0", "step"),
        ("...,...", "more than one"),
        ("0,,1", "axes"),
        (",", "empty"),
        ("__import__('os')", "axis 0"),
        ("9" * 30, "axis 0"),
        ("1," * 2000, "longer"),
        ("١", "axis 0"),
    ],
)
def test_what_is_wrong_is_named(text: str, word: str) -> None:
    with pytest.raises(InvalidInput, match=word) as caught:
        parse_selection(text, (3, 4))
    assert caught.value.field == "selection"


@given(st.text(max_size=40))
def test_any_text_gives_a_selection_or_invalid_input(text: str) -> None:
    try:
        selection = parse_selection(text, (3, 4, 5))
    except InvalidInput:
        return
    assert np.zeros((3, 4, 5))[selection.items].shape == selection.shape
