"""How a plot is kept in the catalogue."""

from __future__ import annotations

from itertools import product
from typing import Literal

import pytest

from pandaas.catalogue.describe import plot_spec, plot_value
from pandaas.model import PlotSpec

SCALES: tuple[Literal["linear", "log"] | None, ...] = (None, "linear", "log")


@pytest.mark.parametrize(("x", "y"), list(product(SCALES, SCALES)))
def test_what_a_file_says_of_its_scales_is_told_from_nothing(
    x: Literal["linear", "log"] | None, y: Literal["linear", "log"] | None
) -> None:
    plot = PlotSpec("/a", (None,), x_scale=x, y_scale=y)
    assert plot_spec(plot_value(plot)) == plot


def test_older_records_said_linear_for_nothing() -> None:
    older = {"signal": "/a", "axes": [None], "auxiliary": [], "x_scale": "linear", "y_scale": "linear"}
    found = plot_spec(older)
    assert found is not None
    assert (found.x_scale, found.y_scale) == (None, None)
    found = plot_spec({**older, "y_scale": "log"})
    assert found is not None
    assert (found.x_scale, found.y_scale) == ("linear", "log")
