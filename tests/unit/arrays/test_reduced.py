"""Tiles and bricks of every level are blocks of the array, however the array is read and kept."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from pandaas.arrays import reduced
from pandaas.arrays.reduced import Array, Cell, Reductions, levels, pyramid
from pandaas.model import InvalidInput, NotFound, TooLarge


def array(values: np.ndarray, mask: np.ndarray | None = None, **more: object) -> Array:
    def read(text: str) -> np.ndarray:
        reads.append(text)
        return eval(f"values[{text}]", {"values": values})

    reads: list[str] = []
    made = Array(1, values.shape, values.dtype, (1,) * values.ndim, read, mask, True, lambda: None)
    object.__setattr__(made, "reads", reads)
    for name, value in more.items():
        object.__setattr__(made, name, value)
    return made


def expected(values: np.ndarray, factor: int, method: str) -> np.ndarray:
    """Block by block, slowly."""
    shape = tuple(-(-n // factor) for n in values.shape)
    result = np.empty(shape, "f4")
    for index in np.ndindex(*shape):
        block = values[tuple(slice(i * factor, (i + 1) * factor) for i in index)]
        valid = block[np.isfinite(block)]
        result[index] = np.nan if not valid.size else valid.max() if method == "max" else valid.mean()
    return result


@settings(deadline=None)
@given(
    values=hnp.arrays(
        "f4",
        hnp.array_shapes(min_dims=3, max_dims=3, min_side=1, max_side=20),
        elements=st.sampled_from([0.0, 1.0, 2.5, 7.0, np.nan]),
    ),
    method=st.sampled_from(["max", "mean"]),
    shown=st.sampled_from([2, 3]),
    limit=st.sampled_from([0, 1 << 20]),
)
def test_cells_put_together_are_the_level(values: np.ndarray, method: str, shown: int, limit: int) -> None:
    edge = 4
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reduced, "TILE", edge)
        patch.setattr(reduced, "BRICK", edge)
        patch.setattr(reduced, "_MOST_AT_ONCE", 64)  # several slabs
        reductions = Reductions(limit)
        source = array(values)
        outer = (0,) if shown == 2 else ()
        part = values[0] if shown == 2 else values
        for level in levels(part.shape, edge):
            wanted = expected(part, level.factor, method)
            for index in np.ndindex(*level.cells):
                found = reductions.cell(source, Cell(outer, level.level, index, method))
                box = wanted[tuple(slice(i * edge, (i + 1) * edge) for i in index)]
                np.testing.assert_allclose(found, box, rtol=1e-6)


def test_a_level_is_made_once_and_then_kept() -> None:
    source = array(np.zeros((2, 1000, 1000), "u2"))
    reductions = Reductions(64 << 20)
    for row in (0, 1):
        for column in (0, 1):
            reductions.cell(source, Cell((1,), 1, (row, column), "max"))
    assert source.reads == ["1,0:1000,0:1000"]


def test_masked_pixels_and_sentinels_do_not_count() -> None:
    values = np.full((1, 4, 4), 5, "u2")
    values[0, 0, 0], values[0, 1, 1] = 65535, 900
    mask = np.zeros((4, 4), bool)
    mask[1, 1] = mask[2:, 2:] = True
    source = array(values, mask)
    found = Reductions(1 << 20)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reduced, "TILE", 2)
        got = found.cell(source, Cell((0,), 1, (0, 0), "max"))
    assert got[0].tolist() == [5, 5]
    assert got[1, 0] == 5
    assert np.isnan(got[1, 1])


@pytest.mark.parametrize(
    ("cell", "error"),
    [
        (Cell((), 0, (0, 0), "max"), InvalidInput),
        (Cell((2,), 0, (0, 0), "max"), InvalidInput),
        (Cell((0,), 2, (0, 0), "max"), NotFound),
        (Cell((0,), 0, (0, 2), "max"), NotFound),
        (Cell((0,), 0, (0, 0, 0), "max"), InvalidInput),
    ],
)
def test_cells_that_do_not_exist(cell: Cell, error: type[Exception]) -> None:
    with pytest.raises(error):
        Reductions(1 << 20).cell(array(np.zeros((2, 300, 400), "u1")), cell)


def test_a_level_made_of_too_much_is_refused_before_reading() -> None:
    source = array(np.zeros((1, 2, 2), "u1"), shape=(100, 50_000, 50_000))
    with pytest.raises(TooLarge, match="lower level"):
        Reductions(64 << 20).cell(source, Cell((), levels(source.shape, 64)[-1].level, (0, 0, 0), "max"))
    assert not source.reads


def test_a_pyramid_ends_with_a_level_of_one_cell() -> None:
    found = pyramid((10, 4371, 4150), np.dtype("<u4"))
    assert [level.shape for level in found.images][-1] == (137, 130)
    assert found.images[-1].cells == (1, 1)
    assert found.volumes[-1].cells == (1, 1, 1)
    assert not pyramid((400, 300), np.dtype("<u4")).volumes
    with pytest.raises(InvalidInput):
        pyramid((400,), np.dtype("<u4"))
