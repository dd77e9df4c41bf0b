"""Against easydiffraction called directly, on simulated iron, and on measured La0.5Ba0.5CoO3."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from pandaas.testing.recipes import RecipeConformance, _runtime

pytestmark = [pytest.mark.recipe, pytest.mark.filterwarnings("ignore:Class-scoped fixtures defined")]

RECIPE = Path(__file__).parents[1]
MEASURED = RECIPE.parents[2] / "shared/data/neutron_powder/hrpt_lbco.xye"
A, WAVELENGTH, FWHM = 2.866, 1.54, 0.4
IRON = [{"label": "Fe", "element": "Fe", "wyckoff": "a", "b_iso": 0.0}]
LBCO = {
    "space_group": "P m -3 m",
    "a": 3.88,
    "wavelength": 1.494,
    "zero": 0.6,
    "two_theta_min": 5,
    "two_theta_max": 165,
    "atoms": [
        {"label": "La", "element": "La", "wyckoff": "a", "occupancy": 0.5},
        {"label": "Ba", "element": "Ba", "wyckoff": "a", "occupancy": 0.5},
        {"label": "Co", "element": "Co", "x": 0.5, "y": 0.5, "z": 0.5, "wyckoff": "b"},
        {"label": "O", "element": "O", "x": 0, "y": 0.5, "z": 0.5, "wyckoff": "c"},
    ],
}


def pattern(path: Path) -> Path:
    """Iron without thermal motion: all structure factors are equal, peaks weigh multiplicity and Lorentz factor."""
    angle = np.arange(30, 90, 0.15)
    clean = np.full_like(angle, 100.0)
    for squares, multiplicity in ((2, 12), (4, 6), (6, 24)):
        theta = np.arcsin(WAVELENGTH * squares**0.5 / (2 * A))
        strength = 100 * multiplicity / (np.sin(theta) ** 2 * np.cos(theta))
        clean += strength * np.exp(-4 * np.log(2) * ((angle - np.degrees(2 * theta)) / FWHM) ** 2)
    sigma = np.sqrt(clean)
    values = clean + np.random.default_rng(5).normal(0, sigma)
    np.savetxt(path, np.column_stack([angle, values, sigma]), header="2theta I su", fmt="%.10g")
    return path


class TestRietveld(RecipeConformance):
    recipe = RECIPE
    parameters: Mapping[str, Any] = {
        "space_group": "I m -3 m",
        "a": 2.86,
        "wavelength": WAVELENGTH,
        "atoms": IRON,
        "u": 0.0,
        "v": 0.0,
        "w": FWHM**2,
        "lorentz_y": 0.0,
        "background_points": 2,
        "refine_zero": False,
        "refine_profile": False,
        "refine_displacement": False,
    }

    def make_inputs(self, folder: Path) -> dict[str, list[Any]]:
        folder.mkdir(parents=True, exist_ok=True)
        return {"pattern": [pattern(folder / "iron.xye")]}

    def check_result(self, result: h5py.File) -> None:
        lattice = result["entry/parameters/refined_cell_length_a"]
        assert abs(lattice[()] - A) < max(4 * lattice.attrs["uncertainty"], 2e-4)
        assert result["entry/quality/reduced_chi2"][()] < 1.5
        names = list(result["entry/refinement"].attrs["auxiliary_signals"])
        assert names == ["calculated", "background", "difference_shifted"]

    def test_it_equals_easydiffraction_called_directly(self, tmp_path: Path) -> None:
        run = self.run(tmp_path)
        golden = tmp_path / "golden.json"
        python = str(_runtime().environments.ensure("neutron").python)
        argv = [python, str(RECIPE / "tests/golden.py"), str(tmp_path / "iron.xye"), str(golden)]
        subprocess.run(argv, check=True, capture_output=True)
        expected = json.loads(golden.read_text())
        with h5py.File(run.result) as file:
            assert file["entry/parameters/refined_cell_length_a"][()] == pytest.approx(expected["a"], rel=1e-6)
            assert file["entry/quality/reduced_chi2"][()] == pytest.approx(expected["chi2"], rel=1e-3)

    @pytest.mark.parametrize(
        ("parameters", "field", "word"),
        [
            ({"space_group": "Q q q"}, "space_group", "no known space group"),
            ({"two_theta_min": 170.0}, "two_theta_min", "points lie in the range"),
        ],
    )
    def test_what_can_not_be_names_the_field(
        self, tmp_path: Path, parameters: dict[str, Any], field: str, word: str
    ) -> None:
        run = self.run(tmp_path, **parameters)
        assert run.code == 1
        assert word in run.failure["what"]
        assert run.failure["field"] == field

    def test_a_pattern_over_time_of_flight_is_refused(self, tmp_path: Path) -> None:
        values = np.column_stack([np.linspace(2000, 90_000, 200), np.ones(200), np.ones(200)])
        np.savetxt(tmp_path / "tof.xye", values)
        assert self.run(tmp_path / "run", {"pattern": [tmp_path / "tof.xye"]}).failure["field"] == "pattern"

    @pytest.mark.skipif(not MEASURED.is_file(), reason="shared data absent")
    def test_measured_la_ba_cobaltite_refines_to_the_literature(self, tmp_path: Path) -> None:
        """PSI HRPT: a = 3.891 Å with a reduced χ² of at most 1.5."""
        open_again = {"background_points": 5, "u": 0.1, "v": -0.1, "w": 0.1, "lorentz_y": 0.1}
        every = dict.fromkeys(("refine_zero", "refine_profile", "refine_displacement"), True)
        run = self.run(tmp_path, {"pattern": [MEASURED]}, **LBCO, **open_again, **every)
        assert run.code == 0, run.log
        assert run.warnings == []
        with h5py.File(run.result) as file:
            assert file["entry/parameters/refined_cell_length_a"][()] == pytest.approx(3.891, abs=5e-4)
            assert file["entry/quality/reduced_chi2"][()] <= 1.5
