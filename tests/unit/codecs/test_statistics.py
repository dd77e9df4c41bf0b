"""Statistics and previews leave out what was not measured."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from pandaas.codecs import invalid_pixels, reduce_by_maximum, statistics
from pandaas.model import InvalidInput

floats = hnp.arrays(
    np.float64,
    hnp.array_shapes(min_dims=1, max_dims=3, max_side=12),
    elements=st.floats(-1e6, 1e6) | st.just(float("nan")) | st.just(float("inf")),
)


@given(floats)
def test_like_numpy_on_the_finite_values(array: np.ndarray) -> None:
    found = statistics(array)
    valid = array[np.isfinite(array)]
    assert (found.count, found.masked) == (valid.size, array.size - valid.size)
    if not valid.size:
        assert found.minimum is None
        return
    assert (found.minimum, found.maximum) == (valid.min(), valid.max())
    assert found.mean == pytest.approx(valid.mean(), abs=1e-6)
    assert found.std == pytest.approx(valid.std(), abs=1e-3)
    positive = valid[valid > 0]
    assert found.positive_minimum == (positive.min() if positive.size else None)
    assert found.percentiles["50"] == np.percentile(valid, 50, method="nearest")


@given(hnp.arrays(st.sampled_from(["u1", "i2", "i4", "u8"]), st.integers(1, 300), elements=st.integers(0, 127)))
def test_counted_integers_like_numpy(array: np.ndarray) -> None:
    found = statistics(array)
    assert (found.minimum, found.maximum, found.count) == (array.min(), array.max(), array.size)
    assert found.mean == pytest.approx(array.mean())
    assert found.std == pytest.approx(array.std(), abs=1e-9)
    for name, level in found.percentiles.items():
        assert level == np.percentile(array, float(name), method="nearest")
    assert sum(found.histogram_counts) == array.size


@given(floats)
def test_the_histogram_counts_every_valid_value(array: np.ndarray) -> None:
    found = statistics(array)
    assert sum(found.histogram_counts) == found.count
    if found.count:
        assert len(found.histogram_edges) == len(found.histogram_counts) + 1
        assert found.histogram_edges == sorted(found.histogram_edges)


@pytest.mark.parametrize("kind", ["u2", "u4"])
def test_the_largest_unsigned_value_is_no_measurement(kind: str) -> None:
    frame = np.array([[0, 3, np.iinfo(kind).max], [7, np.iinfo(kind).max - 1, 5]], kind)
    found = statistics(frame)
    assert (found.maximum, found.masked, found.sentinel) == (7, 2, float(np.iinfo(kind).max))


def test_255_of_a_camera_is_a_measurement() -> None:
    found = statistics(np.array([1, 255], "u1"))
    assert (found.maximum, found.masked) == (255, 0)


def test_gaps_of_a_signed_detector() -> None:
    frame = np.array([[-1, 4], [-2, 6]], "i4")
    assert statistics(frame, detector=True).minimum == 4
    assert statistics(frame, detector=True).sentinel == -2
    assert statistics(frame).minimum == -2


def test_negative_values_are_measured_where_they_vary() -> None:
    background_subtracted = np.array([[-9, -1], [3, 6]], "i4")
    assert statistics(background_subtracted, detector=True).minimum == -9


def test_a_mask_is_broadcast_over_frames() -> None:
    stack = np.arange(12.0).reshape(3, 2, 2)
    found = statistics(stack, mask=np.array([[0, 1], [0, 0]]))
    assert (found.count, found.masked) == (9, 3)
    assert found.maximum == 11


def test_a_mask_of_another_shape_is_not_used() -> None:
    assert statistics(np.ones((3, 3)), mask=np.ones((2, 2))).masked == 0


def test_complex_numbers_by_their_size() -> None:
    assert statistics(np.array([3 + 4j])).maximum == 5


def test_the_scale_of_a_histogram_follows_the_values() -> None:
    counts = np.concatenate([np.full(10_000, 2.0), [1e9]])
    edges = statistics(counts).histogram_edges
    assert edges[1] - edges[0] < 1 < edges[-1] - edges[-2]


@given(
    hnp.arrays(np.uint16, st.tuples(st.integers(1, 40), st.integers(1, 40)), elements=st.integers(0, 60_000)),
    st.integers(1, 20),
)
def test_a_preview_keeps_the_largest_value_of_every_block(image: np.ndarray, size: int) -> None:
    reduced = reduce_by_maximum(image, size)
    assert max(reduced.shape) <= size
    assert reduced.max() == image.max()
    steps = [-(-length // size) for length in image.shape]
    for row, column in np.ndindex(reduced.shape):
        block = image[row * steps[0] : (row + 1) * steps[0], column * steps[1] : (column + 1) * steps[1]]
        assert reduced[row, column] == block.max()


def test_a_preview_shows_masked_blocks_as_nan() -> None:
    image = np.zeros((8, 8), "u4")
    image[:4] = 2**32 - 1
    image[7, 7] = 9
    reduced = reduce_by_maximum(image, 2)
    assert np.isnan(reduced[0]).all()
    assert reduced[1].tolist() == [0, 9]


@pytest.mark.parametrize("shape", [(5,), (2, 3, 4), ()])
def test_a_preview_has_two_axes(shape: tuple[int, ...]) -> None:
    with pytest.raises(InvalidInput):
        reduce_by_maximum(np.zeros(shape), 10)


def test_text_has_no_statistics() -> None:
    with pytest.raises(InvalidInput):
        statistics(np.array([b"a"]))


def test_nothing_is_invalid_in_ordinary_numbers() -> None:
    assert invalid_pixels(np.arange(5.0)) == (None, None)
    assert invalid_pixels(np.arange(5)) == (None, None)
