"""The fit against sasmodels and bumps called directly, against known truth, and on every kind of file it reads."""

from __future__ import annotations

import json
import os
import re
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
TRUTH = {"scale": 0.01, "background": 0.01, "radius": 120.0}
KNOWN = [{"name": "sld", "value": 4.0, "vary": False}, {"name": "sld_solvent", "value": 1.0, "vary": False}]
FREE = [{"name": "scale"}, {"name": "background"}, {"name": "radius"}]


def sphere(q: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Monodisperse spheres by the formula of Rayleigh (1911), in 1/cm: scale · V · Δρ² · P(Q) + background."""
    x = q * TRUTH["radius"]
    amplitude = 3 * (np.sin(x) - x * np.cos(x)) / x**3
    volume = 4 / 3 * np.pi * TRUTH["radius"] ** 3
    return TRUTH["scale"] * 1e-4 * volume * 3.0**2 * amplitude**2 + TRUTH["background"]


def simulated(seed: int = 7, points: int = 90) -> tuple[np.ndarray[Any, Any], ...]:
    q = np.geomspace(0.004, 0.25, points)
    clean = sphere(q)
    sigma = 0.03 * clean
    return q, clean + np.random.default_rng(seed).normal(0, sigma), sigma


def text(path: Path, columns: int = 3, *, header: str = "Q (1/A)  I (1/cm)  dI  dQ") -> Path:
    q, intensity, sigma = simulated()
    table = np.column_stack([q, intensity, sigma, 1e-4 * q])[:, :columns]
    np.savetxt(path, table, header=header, fmt="%.12e")
    return path


def contrast(path: Path) -> Path:
    """The same spheres in a solvent that leaves two thirds of the contrast."""
    q, _, _ = simulated()
    clean = (sphere(q) - TRUTH["background"]) * (2 / 3) ** 2 + 0.02
    sigma = 0.03 * clean
    np.savetxt(path, np.column_stack([q, clean + np.random.default_rng(8).normal(0, sigma), sigma]), fmt="%.12e")
    return path


def canxml(path: Path) -> Path:
    rows = "".join(
        f'<Idata><Q unit="1/nm">{q * 10!r}</Q><I unit="1/cm">{i!r}</I><Idev unit="1/cm">{s!r}</Idev></Idata>'
        for q, i, s in zip(*(column.tolist() for column in simulated()), strict=True)
    )
    path.write_text(
        '<?xml version="1.0"?><SASroot version="1.1" xmlns="urn:cansas1d:1.1"><SASentry><Title>t</Title><Run>1</Run>'
        f"<SASdata>{rows}</SASdata></SASentry></SASroot>"
    )
    return path


def nexus(path: Path, *, defaults: bool = True) -> Path:
    q, intensity, sigma = simulated()
    with h5py.File(path, "w") as file:
        data = file.create_group("entry/data")
        if defaults:
            file.attrs["default"] = "entry"
            file["entry"].attrs["default"] = "data"
            data.attrs["signal"] = "I"
        data.attrs.update({"canSAS_class": "SASdata", "I_axes": "Q"})
        for name, values, unit in (("Q", q * 10, "1/nm"), ("I", intensity, "1/cm"), ("Idev", sigma, "1/cm")):
            data[name] = values
            data[name].attrs["units"] = unit
        data["I"].attrs["uncertainties"] = "Idev"
    return path


def given(path: Path) -> dict[str, Any]:
    return {"pid": path.stem, "title": path.stem, "files": [str(path)], "format": path.suffix.lstrip("."), "arrays": []}


def values_of(run: RecipeRun) -> dict[str, tuple[float, float]]:
    assert run.code == 0, run.log
    with h5py.File(run.result) as file:
        table = file["entry/parameters"]
        rows = zip(table["name"][()], table["value"][()], table["uncertainty"][()], table["fitted"][()], strict=True)
        return {name.decode(): (float(value), float(sigma)) for name, value, sigma, fitted in rows if fitted}


class TestSasFit(RecipeConformance):
    recipe = RECIPE
    parameters: Mapping[str, Any] = {"model": "sphere", "fit": [*FREE, *KNOWN], "method": "lm"}

    def make_inputs(self, folder: Path) -> dict[str, list[Any]]:
        folder.mkdir(parents=True, exist_ok=True)
        return {"curve": [given(text(folder / "curve.txt"))]}

    def check_result(self, result: h5py.File) -> None:
        assert result["entry"].attrs["default"] == "fit"
        assert result["entry/fit"].attrs["auxiliary_signals"][0] == "model"
        assert 0.5 < result["entry/quality/reduced_chi2"][()] < 1.6
        table, columns = result["entry/parameters/table"][()], result["entry/parameters"]
        for name in ("name", "value", "uncertainty", "unit", "fitted"):
            np.testing.assert_array_equal(table[name], columns[name][()])
        correlation = result["entry/correlation/correlation"][()]
        np.testing.assert_allclose(np.diag(correlation), 1)
        np.testing.assert_allclose(correlation, correlation.T)
        residuals = result["entry/residuals/residual"][()]
        fit = result["entry/fit"]
        np.testing.assert_allclose(residuals * fit["I_errors"][()], fit["I"][()] - fit["model"][()], rtol=1e-9)

    def test_the_log_tells_the_parameters_with_their_uncertainties(self, tmp_path: Path) -> None:
        log = self.run(tmp_path).log
        assert re.search(r"^radius = \d+\.?\d* ± \d+\.?\d* Å$", log, re.MULTILINE), log
        assert re.search(r"^reduced χ² = \d", log, re.MULTILINE), log

    def test_several_curves_equal_sasmodels_and_bumps_called_directly(self, tmp_path: Path) -> None:
        """One radius, two contrasts: scale and background for each curve."""
        first, second = text(tmp_path / "first.txt"), contrast(tmp_path / "second.txt")
        start = [
            {"name": "scale", "value": 0.02, "minimum": 0.001, "maximum": 1.0},
            {"name": "background", "value": 0.005, "minimum": 0.0, "maximum": 0.1},
            {"name": "radius", "value": 110.0, "minimum": 20.0, "maximum": 500.0},
            *KNOWN,
            {"name": "sld_solvent", "value": 2.0, "vary": False, "curve": 2},
        ]
        run = self.run(tmp_path, {"curve": [given(first)], "together": [given(second)]}, fit=start)
        assert run.code == 0, run.log
        golden = tmp_path / "golden.json"
        python = str(_runtime().environments.ensure("core").python)
        script = str(RECIPE / "tests/golden_together.py")
        subprocess.run([python, script, str(golden), str(first), str(second)], check=True, capture_output=True)
        expected = json.loads(golden.read_text())
        with h5py.File(run.result) as file:
            assert file["entry/quality/reduced_chi2"][()] == pytest.approx(expected.pop("reduced_chi2"), rel=1e-9)
            for name, value in expected.items():
                assert file[f"entry/parameters/fitted_{name}"][()] == pytest.approx(value, rel=1e-6), name
            assert abs(file["entry/parameters/fitted_radius"][()] - TRUTH["radius"]) < 1
            assert list(file["entry/fit"].attrs["auxiliary_signals"]) == ["model_1", "I_2", "model_2"]
            assert {"fit_1", "residuals_1", "fit_2", "residuals_2"} <= set(file["entry"])
            table = file["entry/parameters"]
            rows = list(zip(table["name"][()], table["curve"][()], table["value"][()], strict=True))
            assert (b"sld_solvent", 2, 2.0) in rows
            assert (b"sld", 0, 4.0) in rows

    def test_what_is_said_of_a_curve_that_is_not_there_names_the_field(self, tmp_path: Path) -> None:
        run = self.run(tmp_path, fit=[{"name": "radius", "curve": 2}])
        assert run.failure["field"] == "fit"
        assert "1 curve is fitted" in run.failure["what"]

    def test_an_unknown_own_parameter_names_the_field(self, tmp_path: Path) -> None:
        run = self.run(tmp_path, own=["scale", "length"])
        assert run.failure["field"] == "own"

    @pytest.mark.parametrize("method", ["amoeba", "lm", "de"])
    def test_known_parameters_are_recovered(self, tmp_path: Path, method: str) -> None:
        options = {"steps": 150} if method == "de" else {}
        found = values_of(self.run(tmp_path, method=method, **options))
        for name, truth in TRUTH.items():
            value, sigma = found[name]
            assert abs(value - truth) < 4 * sigma, f"{name} = {value} ± {sigma}"
            assert sigma < 0.05 * truth

    def test_uncertainties_cover_the_truth(self, tmp_path: Path) -> None:
        """dream samples the distribution; its widths agree with those of the curvature."""
        sampled = values_of(self.run(tmp_path / "dream", method="dream", steps=200))
        curved = values_of(self.run(tmp_path / "lm"))
        for name in TRUTH:
            assert sampled[name][1] == pytest.approx(curved[name][1], rel=0.35)

    def test_without_a_list_sizes_are_found_from_far_away(self, tmp_path: Path) -> None:
        found = values_of(self.run(tmp_path, fit=[], method="amoeba"))
        assert found["radius"][0] == pytest.approx(TRUTH["radius"], rel=0.02)

    def test_it_equals_sasmodels_and_bumps_called_directly(self, tmp_path: Path) -> None:
        start = [
            {"name": "scale", "value": 0.02, "minimum": 0.001, "maximum": 1.0},
            {"name": "background", "value": 0.005, "minimum": 0.0, "maximum": 0.1},
            {"name": "radius", "value": 110.0, "minimum": 20.0, "maximum": 500.0},
            *KNOWN,
        ]
        found = values_of(self.run(tmp_path, fit=start, polydispersity=0.1))
        golden = tmp_path / "golden.json"
        python = str(_runtime().environments.ensure("core").python)
        subprocess.run(
            [python, str(RECIPE / "tests/golden.py"), str(tmp_path / "curve.txt"), str(golden)],
            check=True,
            capture_output=True,
        )
        for name, (value, sigma) in json.loads(golden.read_text()).items():
            assert found[name][0] == pytest.approx(value, rel=1e-9), name
            assert found[name][1] == pytest.approx(sigma, rel=1e-6), name

    @pytest.mark.parametrize(
        "make", [canxml, nexus, lambda path: nexus(path, defaults=False), lambda path: text(path, 4)]
    )
    def test_every_format_gives_the_same_fit(self, tmp_path: Path, make: Any) -> None:
        expected = values_of(self.run(tmp_path / "text", {"curve": [given(text(tmp_path / "curve.txt"))]}))
        found = values_of(
            self.run(tmp_path / "other", {"curve": [given(make(tmp_path / "curve.data"))]}, use_resolution=False)
        )
        assert found["radius"][0] == pytest.approx(expected["radius"][0], rel=1e-6)

    def test_missing_uncertainties_and_units_are_said(self, tmp_path: Path) -> None:
        curve = text(tmp_path / "two.txt", 2, header="no units here")
        run = self.run(tmp_path, {"curve": [given(curve)]})
        assert any("no uncertainties" in warning for warning in run.warnings)
        assert any("unit of Q" in warning for warning in run.warnings)

    def test_a_model_that_does_not_fit_is_said(self, tmp_path: Path) -> None:
        run = self.run(tmp_path, model="power_law", fit=[])
        assert any("doesn't describe the data" in warning for warning in run.warnings)

    def test_a_parameter_at_its_bound_is_said(self, tmp_path: Path) -> None:
        bounded = [*FREE[:2], {"name": "radius", "value": 90, "minimum": 50, "maximum": 100}, *KNOWN]
        run = self.run(tmp_path, fit=bounded)
        assert any("radius ended at its bound" in warning for warning in run.warnings)

    @pytest.mark.parametrize(
        ("parameters", "field", "word"),
        [
            ({"fit": [{"name": "length"}]}, "fit", "length"),
            ({"fit": [{"name": "radius", "minimum": 5, "maximum": 1}]}, None, "upper bound"),
            ({"fit": [{"name": "radius", "minimum": -5}]}, "fit", "radius"),
            ({"q_min": 0.9}, "q_min", "three points"),
            ({"model": "guinier", "structure_factor": "hardsphere", "fit": []}, "structure_factor", "particles"),
            ({"polydispersity": 0.1, "polydispersity_of": "sld", "fit": []}, "polydispersity_of", "polydisperse"),
        ],
    )
    def test_what_can_not_be_names_the_field(
        self, tmp_path: Path, parameters: dict[str, Any], field: str | None, word: str
    ) -> None:
        run = self.run(tmp_path, **parameters)
        assert run.code == 1
        assert word in run.failure["what"]
        assert field is None or run.failure["field"] == field

    @pytest.mark.parametrize(
        "content",
        [
            b"",
            b"once upon a time\n" * 50,
            b"<SASroot><SASdata/></SASroot>",
            b"<SASroot>",
            b"<!DOCTYPE x [<!ENTITY a 'b'>]><x/>",
            os.urandom(4000),
        ],
        ids=["empty", "prose", "no points", "no end", "entity", "noise"],
    )
    def test_what_is_no_curve_is_a_sentence(self, tmp_path: Path, content: bytes) -> None:
        (tmp_path / "odd.txt").write_bytes(content)
        run = self.run(tmp_path, {"curve": [given(tmp_path / "odd.txt")]})
        assert run.code == 1
        assert run.failure["field"] == "curve"
        assert "Traceback" not in json.dumps(run.failure)

    def test_models_compile_where_no_compiler_is(self, tmp_path: Path) -> None:
        """All models on offer, without PATH, headers of the C library, or a writable home."""
        script = (
            f"import sys; sys.path.insert(0, {str(RECIPE)!r})\n"
            "from kernels import use_bundled_compiler; use_bundled_compiler()\n"
            "import numpy as np\n"
            "from catalogue import MODELS\n"
            "from sasmodels.core import load_model\n"
            "from sasmodels.direct_model import call_kernel\n"
            "for name in MODELS:\n"
            "    kernel = load_model(name, dtype='double', platform='dll').make_kernel([np.geomspace(1e-3, 0.5, 20)])\n"
            "    assert np.isfinite(call_kernel(kernel, {})).all(), name\n"
        )
        python = str(_runtime().environments.ensure("core").python)
        variables = {"PATH": "/nonexistent", "HOME": "/nonexistent", "CC": "/nonexistent", "TMPDIR": str(tmp_path)}
        done = subprocess.run([python, "-c", script], env=variables, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
