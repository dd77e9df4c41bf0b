"""The default plot as NeXus says it, in its current and its older forms."""

from __future__ import annotations

from collections.abc import Callable

import h5py
import numpy as np
import pytest

from pandaas.arrays.links import Navigator
from pandaas.arrays.plot import default_plot
from pandaas.arrays.survey import survey
from pandaas.model import PlotSpec

Opened = Callable[[Callable[[h5py.File], None]], Navigator]


def _plot(opened: Opened, fill: Callable[[h5py.File], None], path: str = "/entry") -> PlotSpec | None:
    navigator = opened(fill)
    return default_plot(navigator, survey(navigator, path))


def _group(parent: h5py.Group, name: str, nx_class: str, **attributes: object) -> h5py.Group:
    made = parent.require_group(name)
    made.attrs["NX_class"] = nx_class
    for key, value in attributes.items():
        made.attrs[key] = value
    return made


def test_the_chain_of_defaults(opened: Opened) -> None:
    def fill(file: h5py.File) -> None:
        entry = _group(file, "entry", "NXentry", default="process/result")
        _group(entry, "a_data", "NXdata", signal="a")["a"] = np.arange(900)
        result = _group(_group(entry, "process", "NXprocess"), "result", "NXdata", signal="y", axes=["x"])
        result["x"] = np.arange(5.0)
        result["y"] = np.arange(5.0)
        result["y_errors"] = np.ones(5)
        result["title"] = "What came out"

    plot = _plot(opened, fill)
    assert plot == PlotSpec(
        signal="/entry/process/result/y",
        axes=("/entry/process/result/x",),
        errors="/entry/process/result/y_errors",
        title="What came out",
    )


def test_signal_1_and_axes_in_one_text(opened: Opened) -> None:
    def fill(file: h5py.File) -> None:
        data = _group(_group(file, "entry", "NXentry"), "data", "NXdata")
        data["counts"] = np.zeros((3, 4), "i4")
        data["counts"].attrs["signal"] = 1
        data["counts"].attrs["axes"] = "y:x"
        data["y"] = np.arange(3)
        data["x"] = np.arange(5)  # edges of bins: one more

    plot = _plot(opened, fill)
    assert plot is not None
    assert plot.axes == ("/entry/data/y", "/entry/data/x")


@pytest.mark.parametrize("mark", ["1", 1, np.int32(1), np.array([1])])
def test_axis_numbers_of_old_files(opened: Opened, mark: object) -> None:
    def fill(file: h5py.File) -> None:
        data = _group(_group(file, "entry", "NXentry"), "data", "NXdata")
        data["counts"] = np.zeros((3, 4), "i4")
        data["counts"].attrs["signal"] = mark
        data["q"] = np.arange(4)
        data["q"].attrs["axis"] = 2
        data["alternative"] = np.arange(3)
        data["alternative"].attrs["axis"] = "1"
        data["theta"] = np.arange(3)
        data["theta"].attrs["axis"] = "1"
        data["theta"].attrs["primary"] = "1"

    plot = _plot(opened, fill)
    assert plot is not None
    assert plot.axes == ("/entry/data/theta", "/entry/data/q")


def test_axes_by_their_indices(opened: Opened) -> None:
    def fill(file: h5py.File) -> None:
        data = _group(_group(file, "entry", "NXentry"), "data", "NXdata", signal="s", axes=["energy", "."])
        data.attrs["energy_indices"] = 1
        data["s"] = np.zeros((3, 4))
        data["energy"] = np.arange(4)

    plot = _plot(opened, fill)
    assert plot is not None
    assert plot.axes == (None, "/entry/data/energy")


def test_axes_of_another_length_are_no_axes(opened: Opened) -> None:
    def fill(file: h5py.File) -> None:
        data = _group(_group(file, "entry", "NXentry"), "data", "NXdata", signal="s", axes=["a", "b"])
        data["s"] = np.zeros((3, 4))
        data["a"] = np.arange(7)
        data["b"] = np.zeros((4, 4))

    plot = _plot(opened, fill)
    assert plot is not None
    assert plot.axes == (None, None)


def test_nxcansas(opened: Opened) -> None:
    def fill(file: h5py.File) -> None:
        data = _group(
            _group(file, "entry", "NXentry"), "sasdata", "NXdata", signal="I", axes=["Q"], canSAS_class="SASdata"
        )
        data["Q"] = np.arange(1.0, 9.0)
        data["I"] = np.arange(8.0)
        data["I"].attrs["uncertainties"] = "Idev"
        data["Idev"] = np.ones(8)

    plot = _plot(opened, fill)
    assert plot is not None
    assert (plot.errors, plot.x_scale, plot.y_scale) == ("/entry/sasdata/Idev", "log", "log")


@pytest.mark.parametrize("attributes", [{"resolutions": "dQw,dQl"}, {"resolutions": ["dQw", "dQl"]}, {}])
def test_nxcansas_says_the_resolution_of_q(opened: Opened, attributes: dict[str, object]) -> None:
    def fill(file: h5py.File) -> None:
        entry = _group(file, "entry", "NXentry", canSAS_class="SASentry", default="sasdata")
        data = _group(entry, "sasdata", "NXdata", canSAS_class="SASdata", signal="I", I_axes="Q", Q_indices=[0])
        for name in ("Q", "I", "Qdev", "dQw"):
            data[name] = np.arange(1.0, 6.0)
        data["dQl"] = 0.1
        data["Q"].attrs.update(attributes)

    plot = _plot(opened, fill)
    assert plot is not None
    assert plot.axes == ("/entry/sasdata/Q",)
    assert plot.x_errors == f"/entry/sasdata/{'dQw' if attributes else 'Qdev'}"
    assert (plot.x_scale, plot.y_scale) == ("log", "log")


@pytest.mark.parametrize("word", ["I_uncertainties", "I_uncertainty"])
def test_nxcansas_that_names_axes_and_errors_by_the_signal(opened: Opened, word: str) -> None:
    def fill(file: h5py.File) -> None:
        data = _group(_group(file, "entry", "NXentry"), "sasdata", "NXdata", signal="I", I_axes="Q", **{word: "dI"})
        data["Q"] = np.arange(1.0, 9.0)
        data["I"] = np.arange(8.0)
        data["dI"] = np.ones(8)

    plot = _plot(opened, fill)
    assert plot is not None
    assert (plot.axes, plot.errors) == (("/entry/sasdata/Q",), "/entry/sasdata/dI")
    assert (plot.x_scale, plot.y_scale) == ("log", "log")


def test_auxiliary_signals_and_style(opened: Opened) -> None:
    def fill(file: h5py.File) -> None:
        data = _group(
            _group(file, "entry", "NXentry"), "data", "NXdata", signal="a", auxiliary_signals=["b", "missing"]
        )
        data.attrs["SILX_style"] = '{"signal_scale_type": "log"}'
        data["a"] = np.arange(4)
        data["a"].attrs["interpretation"] = "spectrum"
        data["b"] = np.arange(4)

    plot = _plot(opened, fill)
    assert plot is not None
    assert (plot.auxiliary, plot.interpretation) == (("/entry/data/b",), "spectrum")
    assert (plot.x_scale, plot.y_scale) == (None, "log"), "of x it says nothing"


def test_monitors_come_last(opened: Opened) -> None:
    def fill(file: h5py.File) -> None:
        entry = _group(file, "entry", "NXentry")
        _group(entry, "a_monitor", "NXdata", signal="s")["s"] = np.arange(50)
        _group(entry, "sample_data", "NXdata", signal="s")["s"] = np.arange(20)

    plot = _plot(opened, fill)
    assert plot is not None
    assert plot.signal == "/entry/sample_data/s"


@pytest.mark.parametrize("signal", ["../other", "/entry/x", "text", "missing", "", "nested/path"])
def test_a_signal_that_is_none(opened: Opened, signal: str) -> None:
    def fill(file: h5py.File) -> None:
        data = _group(_group(file, "entry", "NXentry"), "data", "NXdata", signal=signal)
        data["text"] = "no numbers"
        file["entry/x"] = np.arange(4)

    plot = _plot(opened, fill)
    assert plot is not None
    assert plot.signal == "/entry/x"


def test_without_nxdata_the_largest_array_that_is_measured(opened: Opened) -> None:
    def fill(file: h5py.File) -> None:
        file["pixel_mask"] = np.zeros((50, 50))
        file["timestamps"] = np.arange(5000)
        file["frames"] = np.zeros((4, 5, 6))

    plot = _plot(opened, fill, "/")
    assert plot is not None
    assert plot.signal == "/frames"


def test_the_largest_array_has_the_axes_it_names(opened: Opened) -> None:
    def fill(file: h5py.File) -> None:
        monitor = _group(_group(file, "entry", "NXentry"), "monitor_1", "NXmonitor")
        monitor["data"] = np.zeros((1, 1, 153), "i4")
        monitor["data"].attrs["axes"] = "period_index,spectrum_index,time_of_flight"
        monitor["time_of_flight"] = np.arange(154.0)

    plot = _plot(opened, fill)
    assert plot is not None
    assert plot.axes == (None, None, "/entry/monitor_1/time_of_flight")


def test_points_in_a_plane_have_two_axes(opened: Opened) -> None:
    def fill(file: h5py.File) -> None:
        data = _group(_group(file, "entry", "NXentry"), "data", "NXdata", signal="counts", axes=["x", "y"])
        for name in ("counts", "x", "y"):
            data[name] = np.arange(7.0)
        data.attrs["x_indices"] = data.attrs["y_indices"] = 0

    plot = _plot(opened, fill)
    assert plot is not None
    assert plot.axes == ("/entry/data/x", "/entry/data/y")


def test_dxchange(opened: Opened) -> None:
    def fill(file: h5py.File) -> None:
        file["exchange/data"] = np.zeros((4, 5, 6), "f4")
        file["exchange/data_white"] = np.zeros((400, 5, 6), "f4")
        file["exchange/theta"] = np.arange(4)

    plot = _plot(opened, fill, "/")
    assert plot is not None
    assert (plot.signal, plot.axes) == ("/exchange/data", ("/exchange/theta", None, None))


def test_nothing_to_plot(opened: Opened) -> None:
    def fill(file: h5py.File) -> None:
        _group(file, "entry", "NXentry", default="entry")["title"] = "only words"

    assert _plot(opened, fill) is None
