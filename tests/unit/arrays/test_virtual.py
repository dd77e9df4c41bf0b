"""Parts of arrays that are put together: what a selection of the whole takes from each, and where it goes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pandaas.arrays.layout import INDEX_DTYPE, Layout, layout_to_json
from pandaas.arrays.virtual import Origin, Part, axes_of, overlap, parts_from_json, touched_parts


def layout(shape: tuple[int, ...], chunk: tuple[int, ...] | None = None) -> Layout:
    return Layout((1, 2, 3, 4), 0, shape, np.dtype("<i4"), chunk, None if chunk else 0, (), bytes(4))


@settings(deadline=None)
@given(data=st.data())
def test_what_is_taken_from_the_parts_is_the_selection(data: st.DataObject) -> None:
    """The whole is cut along each axis; each piece lies somewhere in an array of its own, with other axes of one element."""
    shape = tuple(data.draw(st.lists(st.integers(1, 7), min_size=1, max_size=3)))
    whole = np.arange(np.prod(shape)).reshape(shape)
    cuts = [sorted({0, n, *data.draw(st.lists(st.integers(0, n), max_size=2))}) for n in shape]
    parts, origins = [], {}
    for cell in np.ndindex(*(len(cut) - 1 for cut in cuts)):
        start = tuple(cut[at] for cut, at in zip(cuts, cell, strict=True))
        box = tuple(cut[at + 1] - cut[at] for cut, at in zip(cuts, cell, strict=True))
        fewer = data.draw(st.booleans()) and 1 in box
        lengths = tuple(n for n in box if n > 1) if fewer else (1, *box)
        first = tuple(data.draw(st.integers(0, 2)) for _ in lengths)
        values = np.full(tuple(n + at + 1 for n, at in zip(lengths, first, strict=True)), -1)
        piece = whole[tuple(slice(at, at + n) for at, n in zip(start, box, strict=True))]
        values[tuple(slice(at, at + n) for at, n in zip(first, lengths, strict=True))] = piece.reshape(lengths)
        axes = axes_of(box, lengths)
        assert axes is not None
        origin = Origin(Path(f"/{cell}"), layout(values.shape), None)
        origins[origin.file] = values
        parts.append(Part(origin, start, box, first, axes))
    items = tuple(
        data.draw(st.integers(0, n - 1) | st.builds(slice, st.integers(0, n), st.integers(0, n), st.integers(1, 3)))
        for n in shape
    )
    found = np.full(whole[items].shape, -2)
    for part, inside, outside in touched_parts(parts, items):
        found[(*outside, ...)] = origins[part.origin.file][inside]
    np.testing.assert_array_equal(found, whole[items])


@pytest.mark.parametrize(
    ("boxes", "shared"),
    [
        ([((0, 0), (2, 2)), ((2, 0), (2, 2)), ((0, 2), (9, 1))], False),
        ([((0, 0), (2, 2)), ((5, 5), (1, 1)), ((1, 1), (2, 2))], True),
        ([], False),
    ],
)
def test_overlapping_boxes(boxes: list, shared: bool) -> None:
    assert overlap(boxes) == shared


@pytest.mark.parametrize(
    "part",
    [
        [0, [9], [2], [0], [2]],
        [0, [-1], [2], [0], [2]],
        [0, [0], [2], [3], [2]],
        [0, [0], [2], [0], [3]],
        [0, [0], [0], [0], [0]],
        [1, [0], [2], [0], [2]],
        [0, [0, 0], [2, 1], [0], [2]],
        [0, [0], [2], [0]],
    ],
)
def test_parts_that_cannot_be_are_refused(part: list) -> None:
    """They come from a process that a hostile file may have taken over."""
    data = {"origins": [{"file": "/a", "layout": layout_to_json(layout((4,)))}], "parts": [part]}
    with pytest.raises((ValueError, TypeError, KeyError, IndexError)):
        parts_from_json((10,), data, b"")


def test_indexes_of_the_wrong_length_are_refused() -> None:
    data = {"origins": [{"file": "/a", "layout": layout_to_json(layout((4,), (2,)))}], "parts": []}
    assert parts_from_json((10,), data, bytes(2 * INDEX_DTYPE.itemsize)) == ()
    for raw in (bytes(INDEX_DTYPE.itemsize), bytes(3 * INDEX_DTYPE.itemsize)):
        with pytest.raises(ValueError, match=r"reshape|parts|buffer"):
            parts_from_json((10,), data, raw)
