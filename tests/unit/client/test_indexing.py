"""Arrays index as NumPy's do, whatever the key."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as nps

import pandaas
from pandaas.client import Array, arrays
from pandaas.testing.service import FakeService

SHAPES = nps.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=6)


def remote(values: np.ndarray[Any, Any]) -> Array:
    service = FakeService()
    service.add_array("ds-1", "/a", values)
    return pandaas.connect(transport=service.transport).dataset("ds-1")["/a"]


def numbered(shape: tuple[int, ...]) -> np.ndarray[Any, Any]:
    return np.arange(int(np.prod(shape)), dtype="<i4").reshape(shape)


def assert_same(values: np.ndarray[Any, Any], key: Any) -> None:
    expected = values[key]
    found = remote(values)[key]
    assert type(found) is type(expected)
    assert found.dtype == expected.dtype
    np.testing.assert_array_equal(found, expected)
    assert np.shape(found) == np.shape(expected)


@given(st.data())
@settings(max_examples=300, deadline=None)
def test_basic_indices(data: st.DataObject) -> None:
    shape = data.draw(SHAPES)
    key = data.draw(nps.basic_indices(shape, allow_newaxis=True))
    assert_same(numbered(shape), key)


@given(st.data())
@settings(max_examples=150, deadline=None)
def test_integer_array_indices(data: st.DataObject) -> None:
    shape = data.draw(nps.array_shapes(min_dims=1, max_dims=3, max_side=9))
    key = data.draw(nps.integer_array_indices(shape))
    assert_same(numbered(shape), key)


@given(st.data())
@settings(max_examples=100, deadline=None)
def test_boolean_masks(data: st.DataObject) -> None:
    shape = data.draw(nps.array_shapes(min_dims=1, max_dims=3, max_side=5))
    axes = data.draw(st.integers(1, len(shape)))
    mask = data.draw(nps.arrays(bool, shape[:axes]))
    assert_same(numbered(shape), mask)


@pytest.mark.parametrize(
    "key",
    [
        (0, slice(None), [1, 2]),
        ([2, 0, 2], slice(None, None, -1)),
        (slice(1, 3), [[0, -1], [1, 1]], 2),
        ([0, 7], Ellipsis, None),
        (None, [7, 0], slice(None), [True, False, True]),
        (np.array([], dtype=int),),
        True,
        np.int64(3),
        [],
    ],
)
def test_mixed_indices(key: Any) -> None:
    assert_same(numbered((8, 4, 3)), key)


@pytest.mark.parametrize("key", [8, -9, (0, 4), (0, 0, 0, 0), 1.5, (Ellipsis, Ellipsis), [8], ([True] * 7,), [0.5]])
def test_what_numpy_refuses_is_refused(key: Any) -> None:
    values = numbered((8, 4, 3))
    with pytest.raises(IndexError):
        values[key]
    with pytest.raises(IndexError):
        remote(values)[key]


def test_far_apart_frames_come_in_one_answer_without_those_between() -> None:
    service = FakeService()
    service.add_array("ds-1", "/a", numbered((200, 5)))
    array = pandaas.connect(transport=service.transport).dataset("ds-1")["/a"]
    service.requests.clear()
    np.testing.assert_array_equal(array[[199, 0, 1]], numbered((200, 5))[[199, 0, 1]])
    [request] = service.requests
    assert request.url.params.get_list("selection") == ["0:2,0:5", "199:200,0:5"]


@given(st.data())
@settings(max_examples=60, deadline=None)
def test_large_blocks_are_fetched_in_parts_and_put_together(data: st.DataObject) -> None:
    values = numbered(data.draw(nps.array_shapes(min_dims=1, max_dims=3, max_side=9)))
    key = data.draw(nps.basic_indices(values.shape))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(arrays, "_LARGEST_REQUEST", 16)
        assert_same(values, key)


def test_numpy_and_iteration() -> None:
    values = numbered((3, 4))
    array = remote(values)
    assert (array.shape, array.ndim, array.size, array.nbytes, len(array)) == ((3, 4), 2, 12, 48, 3)
    np.testing.assert_array_equal(np.asarray(array), values)
    np.testing.assert_array_equal(np.asarray(array, dtype=float), values.astype(float))
    np.testing.assert_array_equal(np.stack(list(array)), values)
    with pytest.raises(ValueError, match="copy"):
        np.array(array, copy=False)
    assert array.attrs == {"units": "counts"}
    assert array.unit == "counts"


@pytest.mark.parametrize(
    "values",
    [
        np.array([1 + 2j, 3j]),
        np.array([True, False]),
        np.array([(1, 2.5), (3, 4.5)], dtype=[("n", "<i4"), ("x", "<f8")]),
        np.array([b"ab", b"c"], dtype="S2"),
        np.array(7.5),
        np.arange(4, dtype=">u2"),
    ],
)
def test_every_kind_of_value(values: np.ndarray[Any, Any]) -> None:
    array = remote(values)
    found = array[...]
    assert found.dtype == values.dtype == array.dtype
    np.testing.assert_array_equal(found, values)


def test_text_is_an_array_of_strings() -> None:
    array = remote(np.array([["a", "ü"], ["", "long text"]], dtype=object))
    assert array[1].tolist() == ["", "long text"]
    assert array[0, 1] == "ü"


def test_fields_of_a_compound_array() -> None:
    values = np.array([(1, 2.5), (3, 4.5)], dtype=[("n", "<i4"), ("x", "<f8")])
    np.testing.assert_array_equal(remote(values)["x"], [2.5, 4.5])
