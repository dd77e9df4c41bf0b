"""On an openPMD file with a known field and known particles, and against openpmd-viewer called directly on a simulation."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from pandaas.testing.recipes import RecipeConformance, RecipeRun, _runtime

pytestmark = [pytest.mark.recipe, pytest.mark.filterwarnings("ignore:Class-scoped fixtures defined")]

RECIPE = Path(__file__).parents[1]
SIMULATED = RECIPE.parents[2] / "shared/data/lasers"
N = 12
MASS, LIGHT = 9.1093837e-31, 299_792_458.0


def write(path: Path, *, version: str = "1.1.0", particles: bool = True) -> Path:
    """E along x grows with z; 100 electrons of weight 5 with uz = 3."""
    with h5py.File(path, "w") as file:
        file.attrs.update(
            {
                "openPMD": np.bytes_(version),
                "openPMDextension": np.uint32(0),
                "basePath": np.bytes_("/data/%T/"),
                "meshesPath": np.bytes_("fields/"),
                "particlesPath": np.bytes_("particles/"),
                "iterationEncoding": np.bytes_("groupBased"),
                "iterationFormat": np.bytes_("/data/%T/"),
            }
        )
        step = file.create_group("data/7")
        step.attrs.update({"time": 2e-15, "dt": 1e-15, "timeUnitSI": 1.0})
        _field(step)
        if particles:
            _electrons(step)
    return path


def _field(step: h5py.Group) -> None:
    mesh = step.create_group("fields/E")
    mesh.attrs.update(
        {
            "geometry": np.bytes_("cartesian"),
            "axisLabels": np.array([b"x", b"y", b"z"]),
            "dataOrder": np.bytes_("C"),
            "gridSpacing": np.full(3, 1e-6),
            "gridGlobalOffset": np.full(3, -6e-6),
            "gridUnitSI": 1.0,
            "unitDimension": np.zeros(7),
            "timeOffset": 0.0,
        }
    )
    for name in "xyz":
        values = np.broadcast_to(np.arange(N) * (1e9 if name == "x" else 0), (N, N, N))
        mesh[name] = np.array(values, dtype=float)
        mesh[name].attrs.update({"unitSI": 1.0, "position": np.zeros(3)})


def _electrons(step: h5py.Group) -> None:
    group = step.create_group("particles/electrons")
    random = np.random.default_rng(1)
    for record in ("position", "positionOffset", "momentum"):
        for name in "xyz":
            values = random.uniform(-5e-6, 5e-6, 100) if record == "position" else np.zeros(100)
            if record == "momentum" and name == "z":
                values = np.full(100, 3 * MASS * LIGHT)
            group[f"{record}/{name}"] = values
            group[f"{record}/{name}"].attrs["unitSI"] = 1.0
    for name, value in (("mass", MASS), ("charge", -1.602176634e-19), ("weighting", 5.0)):
        group[name] = np.full(100, value)
        group[name].attrs["unitSI"] = 1.0
    for record in group.values():
        record.attrs.update(
            {"unitDimension": np.zeros(7), "timeOffset": 0.0, "macroWeighted": np.uint32(0), "weightingPower": 0.0}
        )


class TestPlasmaView(RecipeConformance):
    recipe = RECIPE
    parameters = {"component": "x"}  # noqa: RUF012 - as the suite has it

    def make_inputs(self, folder: Path) -> dict[str, list[Any]]:
        folder.mkdir(parents=True, exist_ok=True)
        return {"simulation": [write(folder / "simulation.h5")]}

    def check_result(self, result: h5py.File) -> None:
        group = result["entry/field"]
        assert group["Ex"].shape == (N, N)
        along = result["entry/on_axis"]
        np.testing.assert_allclose(along["Ex"][()], np.arange(N) * 1e9)
        assert np.diff(along["z"][()]) == pytest.approx(1.0)
        assert result["entry/phase_space/particles"][()].sum() == pytest.approx(500)
        numbers = result["entry/results"]
        assert numbers["mean_gamma"][()] == pytest.approx(np.sqrt(10), rel=1e-6)
        assert numbers["time"][()] == pytest.approx(2.0)
        spectrum = result["entry/energy_spectrum"]
        peak = spectrum["energy"][int(np.argmax(spectrum["particles"][()]))]
        assert peak == pytest.approx((np.sqrt(10) - 1) * 0.511, abs=0.02)

    @pytest.mark.parametrize(
        ("parameters", "field", "word"),
        [
            ({"iteration": 3}, "iteration", "there are 7"),
            ({"field": "B"}, "field", "there are E"),
            ({"component": "r"}, "component", "has no component r"),
            ({"species": "ions"}, "species", "there are electrons"),
            ({"horizontal": "uz"}, None, "another quantity"),
        ],
    )
    def test_what_can_not_be_names_the_field(
        self, tmp_path: Path, parameters: dict[str, Any], field: str | None, word: str
    ) -> None:
        run = self.run(tmp_path, **parameters)
        assert run.code == 1
        assert word in run.failure["what"]
        assert field is None or run.failure["field"] == field

    def test_a_file_without_particles_shows_its_field(self, tmp_path: Path) -> None:
        run = self.run(tmp_path / "run", {"simulation": [write(tmp_path / "bare.h5", particles=False)]})
        assert run.code == 0, run.log
        with h5py.File(run.result) as file:
            assert "phase_space" not in file["entry"]

    def test_another_version_of_the_standard_is_said(self, tmp_path: Path) -> None:
        run = self.run(tmp_path / "run", {"simulation": [write(tmp_path / "new.h5", version="2.0.0")]})
        assert run.failure["field"] == "simulation"
        assert "2.0.0" in run.failure["what"]

    @pytest.mark.skipif(not SIMULATED.is_dir(), reason="shared data absent")
    def test_a_wakefield_equals_openpmd_viewer(self, tmp_path: Path) -> None:
        """fbpic: a laser of a₀ = 4 in a plasma of 4·10¹⁸/cm³, simulated."""
        path = SIMULATED / "fbpic_lwfa_sim/data00000300.h5"
        run: RecipeRun = self.run(tmp_path, {"simulation": [path]}, component="z")
        assert run.code == 0, run.log
        folder, golden = tmp_path / "folder", tmp_path / "golden.json"
        folder.mkdir()
        shutil.copy(path, folder)
        python = str(_runtime().environments.ensure("lasers").python)
        argv = [python, str(RECIPE / "tests/golden.py"), str(folder), "300", str(golden)]
        subprocess.run(argv, check=True, capture_output=True)
        expected = json.loads(golden.read_text())
        with h5py.File(run.result) as file:
            np.testing.assert_array_equal(file["entry/field/Ez"][()], expected["field"])
            np.testing.assert_allclose(file["entry/field/z"][()], expected["z"])
            group = file["entry/phase_space"]
            density, uz = group["particles"][()], group["uz"][()]
            mean = np.average((uz[1:] + uz[:-1]) / 2, weights=density.sum(axis=1))
            assert mean == pytest.approx(expected["uz"], rel=0.01)
            assert file["entry/results/largest"][()] == pytest.approx(6.32e11, rel=0.01)
