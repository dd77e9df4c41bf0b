"""Against refnx called directly, against known layers by Parratt's formula, and on a measured film."""

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
THICKNESS, SLD_FILM, SLD_SILICON, ROUGHNESS = 200.0, 3.8, 2.07, 4.0


def parratt(q: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Reflectivity of one rough film on silicon in air, Parratt (1954) with Névot and Croce's factors."""
    k = [np.sqrt((q / 2) ** 2 - 4 * np.pi * sld * 1e-6 + 0j) for sld in (0, SLD_FILM, SLD_SILICON)]
    fresnel = [(k[n] - k[n + 1]) / (k[n] + k[n + 1]) * np.exp(-2 * k[n] * k[n + 1] * ROUGHNESS**2) for n in (0, 1)]
    phase = np.exp(2j * k[1] * THICKNESS)
    return np.asarray(np.abs((fresnel[0] + fresnel[1] * phase) / (1 + fresnel[0] * fresnel[1] * phase)) ** 2)


def smeared(q: np.ndarray[Any, Any], fwhm: float = 0.05) -> np.ndarray[Any, Any]:
    offsets = np.linspace(-3.5, 3.5, 141)
    weights = np.exp(-(offsets**2) / 2)
    points = q[:, None] * (1 + offsets * fwhm / 2.3548)
    return np.asarray((parratt(points) * weights).sum(axis=1) / weights.sum())


def curve(path: Path, columns: int = 3) -> Path:
    q = np.geomspace(0.008, 0.2, 120)
    clean = smeared(q) + 1e-6
    sigma = 0.03 * clean
    values = clean + np.random.default_rng(2).normal(0, sigma)
    table = np.column_stack([q, values, sigma, 0.05 * q])[:, :columns]
    np.savetxt(path, table, header="Q (1/A) R dR dQ", fmt="%.12e")
    return path


def fitted(run: RecipeRun, name: str) -> tuple[float, float]:
    assert run.code == 0, run.log
    with h5py.File(run.result) as file:
        node = file[f"entry/parameters/fitted_{name}"]
        return float(node[()]), float(node.attrs["uncertainty"])


class TestReflectivity(RecipeConformance):
    recipe = RECIPE
    parameters: Mapping[str, Any] = {
        "layers": [{"name": "film", "thickness": 180.0, "sld": 4.0, "roughness": 4.0, "fit_sld": True}],
        "method": "lm",
    }

    def make_inputs(self, folder: Path) -> dict[str, list[Any]]:
        folder.mkdir(parents=True, exist_ok=True)
        return {"curve": [curve(folder / "film.txt")]}

    def check_result(self, result: h5py.File) -> None:
        for name, truth in (("film_thickness", THICKNESS), ("film_sld", SLD_FILM), ("backing_roughness", ROUGHNESS)):
            node = result[f"entry/parameters/fitted_{name}"]
            assert abs(node[()] - truth) < 4 * node.attrs["uncertainty"], name
        assert 0.6 < result["entry/quality/reduced_chi2"][()] < 1.5
        profile = result["entry/profile/SLD"][()]
        assert profile[0] == pytest.approx(0, abs=1e-3)
        assert profile[-1] == pytest.approx(SLD_SILICON, abs=1e-3)
        assert profile.max() == pytest.approx(SLD_FILM, abs=0.1)

    def test_differential_evolution_finds_it_from_far_away(self, tmp_path: Path) -> None:
        far = [{"name": "film", "thickness": 300.0, "sld": 3.0, "fit_sld": True, "thickness_min": 20.0}]
        value, sigma = fitted(self.run(tmp_path, layers=far, method="de", steps=60), "film_thickness")
        assert abs(value - THICKNESS) < 5 * sigma

    def test_it_equals_refnx_called_directly(self, tmp_path: Path) -> None:
        run = self.run(tmp_path)
        golden = tmp_path / "golden.json"
        python = str(_runtime().environments.ensure("core").python)
        argv = [python, str(RECIPE / "tests/golden.py"), str(tmp_path / "film.txt"), str(golden)]
        subprocess.run(argv, check=True, capture_output=True)
        for name, (value, sigma) in json.loads(golden.read_text()).items():
            assert fitted(run, name)[0] == pytest.approx(value, rel=1e-6), name
            assert fitted(run, name)[1] == pytest.approx(sigma, rel=1e-3), name

    def test_the_resolution_of_the_file_is_used(self, tmp_path: Path) -> None:
        """dQ in the file as it is (5 %), against a wrong width in the form."""
        inputs = {"curve": [curve(tmp_path / "four.txt", 4)]}
        value, sigma = fitted(self.run(tmp_path / "run", inputs, resolution=20.0), "film_thickness")
        assert abs(value - THICKNESS) < 4 * sigma

    def test_layers_that_nobody_listed_are_said_to_be_an_example(self, tmp_path: Path) -> None:
        example = [{"name": "film", "thickness": 200.0, "sld": 3.0, "fit_sld": True}]
        run = self.run(tmp_path / "one", layers=example)
        assert any("the form's example" in warning for warning in run.warnings), run.warnings
        assert not any("the form's example" in warning for warning in self.run(tmp_path / "two").warnings)

    def test_a_number_at_its_bound_is_said(self, tmp_path: Path) -> None:
        bounded = [{"name": "film", "thickness": 180.0, "sld": 3.8, "thickness_max": 190.0}]
        run = self.run(tmp_path, layers=bounded)
        assert any("film_thickness ended at its bound" in warning for warning in run.warnings), run.warnings

    @pytest.mark.parametrize(
        ("parameters", "field", "word"),
        [
            ({"q_min": 0.19}, "q_min", "points lie"),
            (
                {"layers": [{"name": "f", "thickness": 9.0, "sld": 1.0, "thickness_min": 50.0}]},
                None,
                "within its bounds",
            ),
            (
                {
                    "layers": [],
                    "fit_scale": False,
                    "fit_background": False,
                    "fit_backing_roughness": False,
                },
                "layers",
                "Nothing is fitted",
            ),
        ],
    )
    def test_what_can_not_be_names_the_field(
        self, tmp_path: Path, parameters: dict[str, Any], field: str | None, word: str
    ) -> None:
        run = self.run(tmp_path, **parameters)
        assert run.code == 1
        assert word in run.failure["what"]
        assert field is None or run.failure["field"] == field

    def test_a_measured_polymer_film(self, tmp_path: Path) -> None:
        """e361r, the film on silicon under D2O of refnx's own tests: 209 Å with a reduced χ² below 2.5."""
        python = _runtime().environments.ensure("core").python
        data = next((python.parents[1] / "lib").glob("python3.*/site-packages/refnx/reflect/tests/e361r.txt"))
        layers = [
            {"name": "oxide", "thickness": 15.0, "sld": 3.47},
            {"name": "film", "thickness": 215.0, "sld": 1.0, "fit_sld": True},
        ]
        media = {"fronting_sld": 2.07, "backing_sld": 6.36, "fit_backing_sld": True, "fit_resolution": True}
        run = self.run(tmp_path, {"curve": [data]}, layers=layers, **media, method="de", steps=40)
        assert fitted(run, "film_thickness")[0] == pytest.approx(209, abs=3)
        with h5py.File(run.result) as file:
            assert file["entry/quality/reduced_chi2"][()] < 2.5
