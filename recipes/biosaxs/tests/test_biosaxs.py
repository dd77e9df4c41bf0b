"""Against freesas called directly on measured frames, and against spheres of known size."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from pandaas.testing.recipes import RecipeConformance, RecipeRun, _runtime

pytestmark = [pytest.mark.recipe, pytest.mark.filterwarnings("ignore:Class-scoped fixtures defined")]

RECIPE = Path(__file__).parents[1]
MEASURED = RECIPE.parents[2] / "shared/data/biosaxs"
RADIUS = 40.0
RG = (3 / 5) ** 0.5 * RADIUS
Q = np.linspace(0.008, 0.3, 250)


def sphere() -> np.ndarray[Any, Any]:
    x = Q * RADIUS
    return np.asarray((3 * (np.sin(x) - x * np.cos(x)) / x**3) ** 2)


def buffer_level() -> np.ndarray[Any, Any]:
    return np.asarray(0.2 + 0.05 * np.exp(-Q * 8))


def frame(path: Path, seed: int, strength: float) -> Path:
    sigma = 0.002 + 0 * Q
    values = buffer_level() + strength * sphere() + np.random.default_rng(seed).normal(0, sigma)
    np.savetxt(path, np.column_stack([Q, values, sigma]), header="q (1/A) I dI", fmt="%.9e")
    return path


def given(path: Path, files: list[Path] | None = None) -> dict[str, Any]:
    names = [str(file) for file in files or [path]]
    return {"pid": path.stem, "title": path.stem, "files": names, "format": "text", "arrays": []}


def number(run: RecipeRun, name: str) -> tuple[float, float]:
    assert run.code == 0, run.log
    with h5py.File(run.result) as file:
        node = file["entry/results"][name]
        return float(node[()]), float(node.attrs["uncertainty"])


class TestBiosaxs(RecipeConformance):
    recipe = RECIPE

    def make_inputs(self, folder: Path) -> dict[str, list[Any]]:
        folder.mkdir(parents=True, exist_ok=True)
        return {
            "sample": [given(frame(folder / f"s{n}.dat", n, 1.0)) for n in range(4)],
            "buffer": [given(frame(folder / f"b{n}.dat", 50 + n, 0.0)) for n in range(4)],
        }

    def check_result(self, result: h5py.File) -> None:
        results = result["entry/results"]
        for name, truth in (("Rg", RG), ("Rg_pr", RG)):
            assert abs(results[name][()] - truth) < max(3 * results[name].attrs["uncertainty"], 0.02 * truth), name
        assert results["Dmax"][()] == pytest.approx(2 * RADIUS, rel=0.1)
        scattering = result["entry/scattering"]
        both = np.isfinite(scattering["from_pr"][()])
        misfit = (scattering["I"][()] - scattering["from_pr"][()])[both] / scattering["I_errors"][()][both]
        assert np.mean(misfit**2) < 2  # p(r) gives the curve back
        kratky = result["entry/kratky"]
        peak = int(np.argmax(kratky["reduced"][()] * (kratky["qRg"][()] < 3)))
        assert kratky["qRg"][peak] == pytest.approx(1.7, abs=0.25)

    def test_a_damaged_frame_is_left_out_and_said(self, tmp_path: Path) -> None:
        inputs = self.make_inputs(tmp_path)
        inputs["sample"].append(given(frame(tmp_path / "s9.dat", 9, 1.3)))
        run = self.run(tmp_path / "run", inputs)
        assert any("1 of 5 frames of the sample" in warning for warning in run.warnings), run.warnings

    def test_an_elution_brings_its_own_buffer(self, tmp_path: Path) -> None:
        strength = np.exp(-(((np.arange(60) - 40) / 4.0) ** 2))
        files = [frame(tmp_path / f"e{n:03}.dat", n, float(s)) for n, s in enumerate(strength)]
        run = self.run(tmp_path / "run", {"sample": [given(tmp_path / "elution", files)]})
        found, sigma = number(run, "Rg")
        assert abs(found - RG) < max(3 * sigma, 0.02 * RG)
        assert number(run, "Rg_pr")[0] == pytest.approx(RG, rel=0.02)
        with h5py.File(run.result) as file:
            assert 40 in file["entry/frames/sample"][()]
            assert file["entry/frames/buffer"][()].max() < 34
            assert np.nanstd(file["entry/rg_of_frames/Rg"][()]) < 0.05 * RG

    @pytest.mark.parametrize(
        ("parameters", "field", "word"),
        [
            ({"q_min": 0.29}, "q_min", "usable points"),
            ({"pr_q_max": 0.01}, "pr_q_max", "points lie"),
            ({"q_min": 0.2, "q_max": 0.1}, None, "larger than"),
            ({"measurement": "elution", "sample_first": 90}, "sample_first", "4 frames"),
        ],
    )
    def test_what_can_not_be_names_the_field(
        self, tmp_path: Path, parameters: dict[str, Any], field: str | None, word: str
    ) -> None:
        run = self.run(tmp_path, **parameters)
        assert run.code == 1
        assert word in run.failure["what"]
        assert field is None or run.failure["field"] == field

    def test_exchanged_sample_and_buffer_are_said(self, tmp_path: Path) -> None:
        inputs = self.make_inputs(tmp_path)
        run = self.run(tmp_path / "run", {"sample": inputs["buffer"], "buffer": inputs["sample"]})
        assert run.failure["field"] == "buffer"
        assert "exchanged" in run.failure["remedy"]

    def test_another_q_grid_is_said(self, tmp_path: Path) -> None:
        inputs = self.make_inputs(tmp_path)
        other = tmp_path / "other.dat"
        np.savetxt(other, np.column_stack([Q * 1.1, buffer_level(), 0.01 + 0 * Q]), header="q (1/A)")
        run = self.run(tmp_path / "run", {**inputs, "buffer": [given(other)]})
        assert run.failure["field"] == "buffer"

    @pytest.mark.skipif(not MEASURED.is_dir(), reason="shared data absent")
    def test_measured_glucose_isomerase_equals_freesas_and_the_literature(self, tmp_path: Path) -> None:
        """CHESS G1: Rg 33.4 ± 0.9 Å, Dmax 108 ± 5 Å with q up to 0.183 1/Å."""
        inputs = {
            "sample": [given(tmp_path / "gi", sorted(MEASURED.glob("GI2_A9_19_001_*.dat")))],
            "buffer": [given(tmp_path / "buffer", sorted(MEASURED.glob("GIbuf2_A9_18_001_*.dat")))],
        }
        run = self.run(tmp_path, inputs, pr_q_max=0.183)
        assert number(run, "Rg")[0] == pytest.approx(33.4, abs=0.9)
        assert number(run, "Dmax")[0] == pytest.approx(108, abs=5)
        golden = tmp_path / "golden.json"
        python = str(_runtime().environments.ensure("core").python)
        prefixes = ["GI2_A9_19_001_", "GIbuf2_A9_18_001_"]
        argv = [python, str(RECIPE / "tests/golden.py"), str(MEASURED), *prefixes, str(golden), "0.183"]
        subprocess.run(argv, check=True, capture_output=True)
        for name, value in json.loads(golden.read_text()).items():
            assert number(run, name)[0] == pytest.approx(value, rel=1e-6), name

    @pytest.mark.skipif(not MEASURED.is_dir(), reason="shared data absent")
    def test_a_measured_elution_of_albumin(self, tmp_path: Path) -> None:
        """BSA on a column, 324 frames: the mass of the monomer, 66 kDa, within what the method gives."""
        run = self.run(tmp_path, {"sample": [MEASURED / "clean_BSA_001.hdf5"]})
        assert number(run, "mass")[0] == pytest.approx(66.4, rel=0.25)
