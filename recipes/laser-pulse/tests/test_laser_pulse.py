"""Against a pulse of known duration and chirp, simulated without pypret, and against pypret called directly."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from pandaas.testing.recipes import RecipeConformance, RecipeRun, _runtime

pytestmark = [pytest.mark.recipe, pytest.mark.filterwarnings("ignore:Class-scoped fixtures defined")]

RECIPE = Path(__file__).parents[1]
MEASURED = RECIPE.parents[2] / "shared/data/lasers"
DURATION, CHIRP = 40.0, 6e-4  # fs; 1/fs², phase = CHIRP t²
COUNT, STEP = 64, 6.0  # delays and times, fs
LIGHT = 299.792458  # nm/fs


def simulated(noise: float = 0.001) -> tuple[Any, Any, Any]:
    """Trace of second-harmonic FROG by its definition |∫E(t)E(t-τ)exp(iωt)dt|²; delays in fs, frequencies in THz."""
    time = (np.arange(COUNT) - COUNT // 2) * STEP
    frequency = (np.arange(COUNT) - COUNT // 2) / (COUNT * STEP)

    def field(t: Any) -> Any:
        return np.exp(-2 * np.log(2) * (t / DURATION) ** 2 + 1j * CHIRP * t**2)

    kernel = np.exp(2j * np.pi * frequency[:, None] * time[None, :])
    trace = np.array([np.abs(kernel @ (field(time) * field(time - delay))) ** 2 for delay in time])
    trace = trace / trace.max() + np.random.default_rng(5).normal(0, noise, trace.shape)
    return trace, time, 1e3 * (frequency + 2 * LIGHT / 800.0)


def write(path: Path, *, wavelength: bool = False, axes: bool = True, fill: float | None = None) -> Path:
    trace, delay, frequency = simulated()
    if fill is not None:
        trace = np.full(trace.shape, fill)
    with h5py.File(path, "w") as file:
        file.attrs["default"] = "entry"
        entry = file.create_group("entry")
        entry.attrs.update({"NX_class": "NXentry", "default": "data"})
        data = entry.create_group("data")
        data.attrs.update({"NX_class": "NXdata", "signal": "intensity"})
        if axes:
            data.attrs["axes"] = ["delay", "wavelength" if wavelength else "frequency"]
        data["delay"] = delay
        data["delay"].attrs["units"] = "fs"
        if wavelength:
            numbers = 1e3 * LIGHT / frequency
            data["wavelength"], trace = numbers, trace / numbers**2
            data["wavelength"].attrs["units"] = "nm"
        else:
            data["frequency"] = frequency
            data["frequency"].attrs["units"] = "THz"
        data["intensity"] = trace
    return path


def results(run: RecipeRun) -> Mapping[str, Any]:
    assert run.code == 0, run.log
    with h5py.File(run.result) as file:
        return {name: node[()] for name, node in file["entry/results"].items()}


class TestLaserPulse(RecipeConformance):
    recipe = RECIPE
    parameters: Mapping[str, Any] = {"starts": 2, "iterations": 60}

    def make_inputs(self, folder: Path) -> dict[str, list[Any]]:
        folder.mkdir(parents=True, exist_ok=True)
        return {"trace": [write(folder / "frog.nxs")]}

    def check_result(self, result: h5py.File) -> None:
        found = result["entry/results"]
        assert found["trace_error"][()] < 0.01
        assert found["duration"][()] == pytest.approx(DURATION, rel=0.03)
        pulse = result["entry/pulse"]
        assert pulse["title"].asstr()[()].endswith(f"trace error {found['trace_error'][()]:.4f}")
        assert np.array_equal(np.isnan(pulse["phase"][()]), pulse["intensity"][()] <= 0.01)
        bright = pulse["intensity"][()] > 0.3
        curvature = np.polyfit(pulse["time"][bright], pulse["phase"][bright], 2)[0]
        assert abs(curvature) == pytest.approx(CHIRP, rel=0.1)  # the trace doesn't tell the direction of time

    def test_a_wavelength_axis_gives_the_same_pulse(self, tmp_path: Path) -> None:
        found = results(self.run(tmp_path / "run", {"trace": [write(tmp_path / "w.nxs", wavelength=True)]}))
        assert found["duration"] == pytest.approx(DURATION, rel=0.05)

    def test_it_equals_pypret_called_directly(self, tmp_path: Path) -> None:
        found = results(self.run(tmp_path))
        golden = tmp_path / "golden.json"
        python = str(_runtime().environments.ensure("lasers").python)
        argv = [python, str(RECIPE / "tests/golden.py"), str(tmp_path / "frog.nxs"), "2", "60", str(golden)]
        subprocess.run(argv, check=True, capture_output=True)
        for name, value in json.loads(golden.read_text()).items():
            assert found[name] == pytest.approx(value, rel=1e-4), name

    def test_a_trace_without_axes_asks_for_them(self, tmp_path: Path) -> None:
        inputs = {"trace": [write(tmp_path / "bare.nxs", axes=False)]}
        assert self.run(tmp_path / "one", inputs).failure["field"] == "delay_step"
        assert self.run(tmp_path / "two", inputs, delay_step=STEP).failure["field"] == "centre_frequency"
        numbers = {"centre_frequency": 2e3 * LIGHT / 800, "frequency_step": 1e3 / (COUNT * STEP)}
        found = results(self.run(tmp_path / "three", inputs, delay_step=STEP, **numbers))
        assert found["duration"] == pytest.approx(DURATION, rel=0.03)

    def test_a_trace_that_no_pulse_explains_is_said(self, tmp_path: Path) -> None:
        path = write(tmp_path / "noise.nxs")
        with h5py.File(path, "r+") as file:
            file["entry/data/intensity"][...] = np.random.default_rng(2).uniform(0, 1, (COUNT, COUNT))
        run = self.run(tmp_path / "run", {"trace": [path]}, starts=1, iterations=20)
        assert any("doesn't explain the trace" in warning for warning in run.warnings), run.warnings

    @pytest.mark.parametrize("fill", [0.0, np.nan])
    def test_an_empty_trace_is_refused(self, tmp_path: Path, fill: float) -> None:
        run = self.run(tmp_path / "run", {"trace": [write(tmp_path / "empty.nxs", fill=fill)]})
        assert run.failure["field"] == "trace"
        assert "empty" in run.failure["what"]

    def test_a_curve_is_refused(self, tmp_path: Path) -> None:
        path = tmp_path / "curve.nxs"
        with h5py.File(path, "w") as file:
            file["delay"] = np.arange(30.0)
        array = {"path": "/delay", "shape": [30], "dtype": "<f8", "is_default": True}
        one = {"pid": "c", "title": "c", "files": [str(path)], "format": "nexus", "arrays": [array]}
        run = self.run(tmp_path / "run", {"trace": [one]})
        assert run.failure["field"] == "trace"
        assert "no trace" in run.failure["what"]

    @pytest.mark.parametrize(
        ("parameters", "word"),
        [
            ({"method": "pg-frog", "algorithm": "pie"}, "retrieves SHG FROG only"),
            ({"centre_frequency": 700.0}, "given both"),
        ],
    )
    def test_what_can_not_be_names_the_field(self, tmp_path: Path, parameters: dict[str, Any], word: str) -> None:
        assert word in self.run(tmp_path, **parameters).failure["what"]

    @pytest.mark.skipif(not MEASURED.is_dir(), reason="shared data absent")
    def test_the_trace_of_pypret_gives_its_pulse(self, tmp_path: Path) -> None:
        """Simulated by pypret's authors: 64 steps of 5 fs around 800 nm, a random pulse of time-bandwidth product 1."""
        grid = {"delay_step": 5.0, "centre_frequency": 2e3 * LIGHT / 800, "frequency_step": 1e3 / (64 * 5)}
        run = self.run(tmp_path, {"trace": [MEASURED / "pypret_frog-shg-trace.hdf5"]}, **grid, starts=3, iterations=100)
        found = results(run)
        assert found["trace_error"] < 0.01
        assert found["time_bandwidth_product"] == pytest.approx(1.0, abs=0.02)
