"""openPMD: axes of meshes out of their grids, units out of their dimensions, and what is plotted."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from pandaas.arrays.links import Navigator
from pandaas.arrays.openpmd import grid_of, is_volume, unit_of
from pandaas.arrays.plot import default_plot
from pandaas.arrays.structure import tree
from pandaas.arrays.survey import survey
from pandaas.arrays.values import node_from_json, scanned_from_json, scanned_to_json
from pandaas.catalogue.describe import plot_spec, plot_value
from pandaas.model import PlotSpec, RegularAxis, ScannedDataset

Opened = Callable[[Callable[[h5py.File], None]], Navigator]
FIELD = [1.0, 1.0, -3.0, -1.0, 0.0, 0.0, 0.0]
GRID = {
    "axisLabels": np.array([b"y", b"x"]),
    "gridSpacing": [0.5, 0.25],
    "gridGlobalOffset": [10.0, -4.0],
    "gridUnitSI": 1e-6,
    "dataOrder": "C",
    "geometry": "cartesian",
    "unitDimension": FIELD,
    "timeOffset": 0.5,
}


def _mesh(file: h5py.File, shape: tuple[int, ...] = (6, 8), **changed: Any) -> h5py.Dataset:
    """`/data/7/fields/E/x` and the same as `E/y`; the first is returned."""
    file.attrs["openPMD"] = "1.1.0"
    file.attrs["basePath"] = "/data/%T/"
    iteration = file.create_group("data/7")
    iteration.attrs.update({"time": 2.0, "timeUnitSI": 1e-15})
    record = iteration.create_group("fields/E")
    record.attrs.update({key: value for key, value in {**GRID, **changed}.items() if value is not None})
    for name in "xy":
        component = record.create_dataset(name, data=np.zeros(shape))
        component.attrs.update({"position": [0.0, 0.5], "unitSI": 1.0})
    found: h5py.Dataset = record["x"]
    return found


@pytest.fixture
def file(tmp_path: Path) -> Any:
    with h5py.File(tmp_path / "a.h5", "w") as made:
        yield made


def test_the_axes_of_a_mesh(file: h5py.File) -> None:
    y, x = grid_of(_mesh(file))
    assert y is not None
    assert x is not None
    assert (y.name, y.unit, x.name, x.unit) == ("y", "m", "x", "m")
    assert (y.start, y.step) == pytest.approx((10e-6, 0.5e-6))
    assert (x.start, x.step) == pytest.approx((-3.875e-6, 0.25e-6))  # half a cell inside


def test_fortran_order_names_the_fastest_axis_first(file: h5py.File) -> None:
    assert [axis and axis.name for axis in grid_of(_mesh(file, dataOrder="F"))] == ["x", "y"]


def test_azimuthal_modes_come_first(file: h5py.File) -> None:
    labels = np.array([b"r", b"z"])
    axes = grid_of(_mesh(file, (3, 6, 8), geometry="thetaMode", axisLabels=labels))
    assert axes[0] == RegularAxis("part of mode", 0.0, 1.0)
    assert [axis and axis.name for axis in axes[1:]] == ["r", "z"]


def test_three_axes_in_space_are_a_volume(file: h5py.File) -> None:
    labels = np.array([b"x", b"y", b"z"])
    changed = {"axisLabels": labels, "gridSpacing": [1.0] * 3, "gridGlobalOffset": [0.0] * 3}
    assert is_volume(_mesh(file, (4, 5, 6), **changed))


@pytest.mark.parametrize(
    "changed",
    [
        {"axisLabels": None},
        {"gridSpacing": [0.5]},
        {"gridSpacing": [0.0, 1.0]},
        {"gridSpacing": ["a", "b"]},
        {"gridGlobalOffset": [np.nan, 0.0]},
        {"gridSpacing": np.ones(5000)},
    ],
)
def test_a_grid_that_makes_no_sense_gives_no_axes(file: h5py.File, changed: dict[str, Any]) -> None:
    assert grid_of(_mesh(file, **changed)) == ()


@pytest.mark.parametrize(
    ("powers", "factor", "text"),
    [
        (FIELD, 1.0, "V/m"),
        ([0, 1, -2, -1, 0, 0, 0], 1.0, "T"),
        ([-3, 0, 1, 1, 0, 0, 0], 1.0, "C m^-3"),
        ([1, 1, -1, 0, 0, 0, 0], 1.0, "kg m/s"),
        ([2, 0, -2, 0, -1, 0, 0], 1.0, "m^2 s^-2 K^-1"),
        ([-3, 0, 0, 0, 0, 0, 0], 1.0, "m^-3"),
        ([1, 0, 0, 0, 0, 0, 0], 1e-6, "1e-06 m"),
        ([0] * 7, 1.0, None),
        ([0.5, 0, 0, 0, 0, 0, 0], 1.0, None),
        ([1, 0], 1.0, None),
    ],
)
def test_units_as_text(file: h5py.File, powers: list[float], factor: float, text: str | None) -> None:
    component = _mesh(file, unitDimension=powers)
    component.attrs["unitSI"] = factor
    assert unit_of(component) == text


def test_the_symbol_of_beam_physics_goes_first(file: h5py.File) -> None:
    component = _mesh(file)
    component.attrs.update({"unitSymbol": "eV/c", "unitSI": 5.3e-28})
    assert unit_of(component) == "eV/c"


def test_an_array_of_another_format_has_neither(file: h5py.File) -> None:
    other = file.create_dataset("entry/data", data=np.zeros((3, 4)))
    assert (grid_of(other), unit_of(other)) == ((), None)


def test_the_plot_and_the_tree_have_the_axes(opened: Opened) -> None:
    navigator = opened(lambda file: (_mesh(file), None)[1])
    plot = default_plot(navigator, survey(navigator, "/"))
    assert plot is not None
    assert (plot.signal, plot.axes, plot.title) == ("/data/7/fields/E/x", (None, None), "E x at 2.5e-15 s")
    node = node_from_json(tree(navigator, "/data/7/fields/E/y", 0, None))
    assert node.unit == "V/m"
    assert node.grid == plot.grid
    assert [axis and axis.name for axis in plot.grid] == ["y", "x"]


def test_the_axes_survive_the_pipe_and_the_catalogue() -> None:
    plot = PlotSpec("/a", (None, None), grid=(None, RegularAxis("x", 0.5, 2.0, "m")))
    scanned = ScannedDataset("a", (Path("/a.h5"),), "openpmd", plot=plot)
    assert scanned_from_json(scanned_to_json(scanned)).plot == plot
    assert plot_spec(plot_value(plot)) == plot
    assert plot_spec({"signal": "/a", "axes": [None], "auxiliary": []}) == PlotSpec("/a", (None,))  # from before


def _particles(file: h5py.File, *components: str) -> None:
    file.attrs["openPMD"] = "1.1.0"
    species = file.create_group("data/7/particles/electrons")
    for record, names, powers in (("position", components, [1]), ("momentum", "xyz", [1, 1, -1])):
        group = species.create_group(record)
        group.attrs["unitDimension"] = [*powers, *[0.0] * (7 - len(powers))]
        for name in names:
            group[name] = np.arange(20.0)
            group[name].attrs["unitSI"] = 1.0
    species["weighting"] = np.ones(20)


def test_particles_are_points_in_space_coloured_by_momentum(opened: Opened) -> None:
    navigator = opened(lambda file: _particles(file, "x", "z"))
    plot = default_plot(navigator, survey(navigator, "/"))
    base = "/data/7/particles/electrons"
    assert plot == PlotSpec(f"{base}/momentum/z", (f"{base}/position/x", f"{base}/position/z"), title="electrons")


def test_particles_on_a_line_are_the_largest_array(opened: Opened) -> None:
    navigator = opened(lambda file: _particles(file, "x"))
    plot = default_plot(navigator, survey(navigator, "/"))
    assert plot is not None
    assert plot.axes == (None,)
