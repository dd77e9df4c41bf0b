"""A selection taken chunk by chunk is the selection."""

from __future__ import annotations

import itertools

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from pandaas.codecs import Selection, count_touched, parse_selection, runs, touched, touched_blocks

shapes = hnp.array_shapes(min_dims=1, max_dims=4, min_side=0, max_side=9)


@st.composite
def selections(draw: st.DrawFn) -> tuple[Selection, tuple[int, ...]]:
    shape = draw(shapes)
    chunk = tuple(draw(st.integers(1, max(1, length + 2))) for length in shape)
    index = draw(hnp.basic_indices(shape, allow_newaxis=False, allow_ellipsis=False))
    items = index if isinstance(index, tuple) else (index,)
    text = ",".join(
        f"{item.start if item.start is not None else ''}:{item.stop if item.stop is not None else ''}:{item.step or ''}"
        if isinstance(item, slice)
        else str(item)
        for item in items
    )
    return parse_selection(text, shape), chunk


@given(selections())
def test_the_parts_put_together_are_the_selection(drawn: tuple[Selection, tuple[int, ...]]) -> None:
    selection, chunk = drawn
    array = np.arange(int(np.prod(selection.source))).reshape(selection.source)
    padded = np.full([-(-n // c) * c for n, c in zip(selection.source, chunk, strict=True)], -1)
    padded[tuple(slice(0, n) for n in selection.source)] = array
    items, _ = selection.ascending()
    result = np.full(selection.shape, -2)
    parts = list(touched(items, selection.source, chunk))
    for part in parts:
        box = padded[tuple(slice(first, first + size) for first, size in zip(part.start, chunk, strict=True))]
        result[part.outside] = box[part.inside]
        if part.takes_all(chunk):
            assert box.size == box[part.inside].size
    np.testing.assert_array_equal(result, array[items])
    assert count_touched(items, selection.source, chunk) == len(parts)
    assert len({part.start for part in parts}) == len(parts)


@given(selections(), st.integers(1, 20))
def test_every_selected_element_lies_in_a_touched_block(drawn: tuple[Selection, tuple[int, ...]], block: int) -> None:
    selection, _ = drawn
    items, _ = selection.ascending()
    chunk = selection.source
    if 0 in chunk:
        return
    wanted = touched_blocks(items, chunk, block)
    flat = np.arange(int(np.prod(chunk))).reshape(chunk)[items].reshape(-1)
    needed = np.zeros(len(wanted), bool)
    needed[flat // block] = True
    assert wanted[needed].all()
    last = items[-1]
    if not isinstance(last, slice) or last.step == 1:
        np.testing.assert_array_equal(wanted, needed)


@given(hnp.arrays(bool, st.integers(0, 40)))
def test_runs_are_the_true_stretches(wanted: np.ndarray) -> None:
    again = np.zeros_like(wanted)
    found = runs(wanted)
    for first, last in found:
        assert first < last
        again[first:last] = True
    np.testing.assert_array_equal(again, wanted)
    assert all(before[1] < after[0] for before, after in itertools.pairwise(found))
