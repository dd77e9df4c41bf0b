"""Results are NeXus that any viewer opens, and the same numbers give the same bytes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from pandaas.sdk import Field, Input, Plot, RecipeError, write_result
from pandaas.sdk.result import plain

Q = np.linspace(0.01, 1, 50)


def write(path: Path, **more: Any) -> Path:
    options: dict[str, Any] = {
        "title": "Test",
        "definition": "NXcanSAS",
        "process": {
            "program": "code",
            "version": "1.2",
            "parameters": {"npt": 50, "unit": "q_nm^-1", "list": [1], "none": None},
        },
        "plots": [
            Plot(
                "average",
                Field("I", Q**-2, "arbitrary"),
                [Field("Q", Q, "1/nm")],
                errors=Q,
                scales=("log", "log"),
                sas=True,
            ),
            Plot("frames", Field("I", np.ones((20, 50))), [Field("frame", np.arange(20)), Field("Q", Q, "1/nm")]),
        ],
        "collections": {"extra": [Field("names", np.array(["a", "å"])), Field("big", np.ones((400, 300)))]},
        "inputs": [Input("sample", "pid-1", 2, "In", ("/x",), "/x", "nexus", sample="Water")],
        **more,
    }
    write_result(str(path), **options)
    return path


def test_the_default_plot_is_found_by_its_attributes(tmp_path: Path) -> None:
    with h5py.File(write(tmp_path / "r.nxs")) as file:
        group = file[file.attrs["default"]]
        group = group[group.attrs["default"]]
        assert group.attrs["NX_class"] == "NXdata"
        np.testing.assert_array_equal(group[group.attrs["signal"]][()], Q**-2)
        np.testing.assert_array_equal(group[group.attrs["axes"][0]][()], Q)
        np.testing.assert_array_equal(group["I_errors"][()], Q)
        assert json.loads(group.attrs["SILX_style"]) == {"axes_scale_types": ["log"], "signal_scale_type": "log"}


def test_a_reduced_curve_is_nxcansas(tmp_path: Path) -> None:
    with h5py.File(write(tmp_path / "r.nxs")) as file:
        entry = file["entry"]
        assert entry.attrs["canSAS_class"] == "SASentry"
        assert entry["definition"][()] == b"NXcanSAS"
        data = entry["average"]
        assert (data.attrs["canSAS_class"], data.attrs["I_axes"], data.attrs["Q_indices"]) == ("SASdata", "Q", 0)
        assert data["I"].attrs["uncertainties"] == "Idev"
        assert data["Idev"].id.__hash__() is not None
        assert data["Q"].attrs["units"] == "1/nm"


def test_process_parameters_and_inputs_are_recorded(tmp_path: Path) -> None:
    with h5py.File(write(tmp_path / "r.nxs")) as file:
        process = file["entry/process"]
        assert (process["program"][()], process["version"][()]) == (b"code", b"1.2")
        assert json.loads(process["parameters/data"][()])["npt"] == 50
        assert process["settings/npt"][()] == 50
        assert "none" not in process["settings"]
        assert file["entry/inputs/sample_0/pid"][()] == b"pid-1"
        assert [name.decode() for name in file["entry/extra/names"][()]] == ["a", "å"]


def test_the_same_numbers_give_the_same_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "0")
    first, second = write(tmp_path / "a.nxs"), write(tmp_path / "b.nxs")
    assert first.read_bytes() == second.read_bytes()


def test_old_readers_can_open_it(tmp_path: Path) -> None:
    with h5py.File(write(tmp_path / "r.nxs")) as file:
        assert file.libver[0] == "earliest"
    assert (tmp_path / "r.nxs").read_bytes()[8] == 0  # superblock version 0


@pytest.mark.parametrize(
    "plot",
    [
        Plot("p", Field("I", Q), [Field("Q", Q[:-3])]),
        Plot("p", Field("I", Q), [Field("Q", Q)], errors=Q[:-1]),
        Plot("p", Field("I", np.ones((3, 4))), [Field("Q", Q)]),
    ],
)
def test_what_does_not_fit_together_is_refused_and_leaves_nothing(tmp_path: Path, plot: Plot) -> None:
    with pytest.raises(RecipeError, match="'p'"):
        write(tmp_path / "r.nxs", plots=[plot])
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("values", "word"), [(np.full(3, np.nan), "undefined everywhere"), (np.zeros(0), "empty")])
def test_a_figure_without_a_number_is_no_result(tmp_path: Path, values: Any, word: str) -> None:
    plots = [Plot("one", Field("I", values, label="Intensity")), Plot("other", Field("I", np.ones(3)))]
    with pytest.raises(RecipeError, match=word) as caught:
        write(tmp_path / "result.nxs", plots=plots)
    assert caught.value.field == "sample"
    assert caught.value.remedy
    assert list(tmp_path.iterdir()) == []
    write(tmp_path / "result.nxs", plots=plots, default="other")


def test_edges_of_bins_are_an_axis(tmp_path: Path) -> None:
    write(tmp_path / "r.nxs", plots=[Plot("p", Field("I", Q), [Field("Q", np.arange(51.0))])])


def test_parameters_become_plain_json() -> None:
    assert plain({"a": np.float32(0.5), "b": (1, np.int8(2)), "c": float("nan"), "d": Path("/x")}) == {
        "a": 0.5,
        "b": [1, 2],
        "c": None,
        "d": "/x",
    }
