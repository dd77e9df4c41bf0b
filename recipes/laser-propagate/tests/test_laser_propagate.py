"""Against the Gaussian beam of the textbooks, and against lasy called directly."""

from __future__ import annotations

import json
import math
import subprocess
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from pandaas.testing.recipes import RecipeConformance, RecipeRun, _runtime

pytestmark = [pytest.mark.recipe, pytest.mark.filterwarnings("ignore:Class-scoped fixtures defined")]

RECIPE = Path(__file__).parents[1]
WAVELENGTH = 800e-9
RADIUS = 2e-3  # 1/e², m
PIXEL = 100e-6
SMALL: dict[str, Any] = {"points": 97, "time_points": 13, "planes": 9}


def image(radius: float = RADIUS, order: int = 2, noise: float = 0.0) -> Any:
    """A camera's image: exp(-2 (r/w)^order), a background and noise."""
    across = (np.arange(128) - 63.5) * PIXEL
    r = np.hypot(across, across[:, None])
    return np.exp(-2 * (r / radius) ** order) + np.random.default_rng(1).normal(0.1 if noise else 0, noise, r.shape)


def write(path: Path, values: Any, *, axes: bool = True, name: str = "near_field") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with h5py.File(path, "w") as file:
        entry = file.create_group("entry")
        entry.attrs["NX_class"] = "NXentry"
        data = entry.create_group("data")
        data.attrs.update({"NX_class": "NXdata", "signal": name})
        data[name] = values
        if axes:
            data.attrs["axes"] = ["y", "x"]
            for axis, count in zip("yx", np.shape(values), strict=True):
                data[axis] = np.arange(count) * PIXEL * 1e3
                data[axis].attrs["units"] = "mm"
    return path


def given(path: Path, name: str = "near_field") -> dict[str, list[Any]]:
    with h5py.File(path) as file:
        shape = list(file[f"entry/data/{name}"].shape)
    array = {"path": f"/entry/data/{name}", "shape": shape, "dtype": "<f8", "is_default": True}
    return {"beam": [{"pid": "b", "title": "beam", "files": [str(path)], "format": "nexus", "arrays": [array]}]}


def results(run: RecipeRun) -> dict[str, Any]:
    assert run.code == 0, run.log
    with h5py.File(run.result) as file:
        return {name: node[()] for name, node in file["entry/results"].items()}


class TestLaserPropagate(RecipeConformance):
    recipe = RECIPE
    parameters = SMALL

    def make_inputs(self, folder: Path) -> dict[str, list[Any]]:
        return given(write(folder / "beam.nxs", image()))

    def check_result(self, result: h5py.File) -> None:
        """Free propagation over two Rayleigh lengths."""
        z = result["entry/radius/z"][()] * 1e-3
        rayleigh = math.pi * RADIUS**2 / WAVELENGTH
        assert z[-1] == pytest.approx(2 * rayleigh, rel=0.01)
        for name in ("radius_x", "radius_y"):
            radii = result[f"entry/radius/{name}"][()] * 1e-6
            np.testing.assert_allclose(radii, RADIUS * np.hypot(1, z / rayleigh), rtol=0.02)
        assert result["entry/results/m2_x"][()] == pytest.approx(1, abs=0.03)
        assert result["entry/results/energy_kept"][()] > 0.99

    def test_a_mirror_focuses_to_the_spot_of_the_textbook(self, tmp_path: Path) -> None:
        """w0 = λf/πw, and the peak intensity is 2 E / (π w0²) · 2 √(ln2/π) / duration."""
        focal, duration, energy = 0.5, 30e-15, 1e-3
        found = results(self.run(tmp_path, focal_length=focal * 1e3, energy=energy * 1e3, duration=duration * 1e15))
        spot = WAVELENGTH * focal / (math.pi * RADIUS)
        for axis in "xy":
            assert found[f"waist_{axis}"] * 1e-6 == pytest.approx(spot, rel=0.02)
            assert found[f"waist_position_{axis}"] == pytest.approx(focal * 1e3, abs=0.5)
            assert found[f"m2_{axis}"] == pytest.approx(1, abs=0.03)
        peak = 2 * energy / (math.pi * spot**2) * 2 * math.sqrt(math.log(2) / math.pi) / duration
        assert found["peak_intensity"] * 1e4 == pytest.approx(peak, rel=0.04)

    def test_a_flat_top_has_a_larger_m2(self, tmp_path: Path) -> None:
        inputs = given(write(tmp_path / "top.nxs", image(order=8)))
        assert results(self.run(tmp_path / "run", inputs, focal_length=500.0, window=5.0, points=129))["m2_x"] > 1.3

    @pytest.mark.parametrize("focal", [0.0, 0.5])
    def test_it_equals_lasy_called_directly(self, tmp_path: Path, focal: float) -> None:
        first, last = (0.0, 20.0) if not focal else (0.498, 0.502)
        options: dict[str, Any] = {"first": first * 1e3, "last": last * 1e3, "background": "none", "threshold": 0.0}
        run = self.run(tmp_path, focal_length=focal * 1e3 or None, **options)
        assert run.code == 0, run.log
        with h5py.File(run.result) as result:
            radii = result["entry/radius/radius_x"][()] * 1e-6
            given_side = abs(result["entry/given/x"][0]) * 1e-6
            spot_side = abs(result["entry/focus/x"][0]) * 1e-6
            peak = result["entry/results/peak_fluence"][()] * 1e4
        golden = tmp_path / "golden.json"
        tau = 30e-15 / math.sqrt(2 * math.log(2))
        words = [given_side, tau, PIXEL, *(SMALL[name] for name in ("points", "time_points", "planes"))]
        words += [focal, first, last, spot_side, golden]
        python = str(_runtime().environments.ensure("lasers").python)
        argv = [python, str(RECIPE / "tests/golden.py"), str(tmp_path / "beam.nxs"), *map(str, words)]
        done = subprocess.run(argv, check=False, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        found = json.loads(golden.read_text())
        np.testing.assert_allclose(radii, found["radius_x"], rtol=1e-6)
        assert peak == pytest.approx(found["peak_fluence"][int(np.argmin(found["radius_x"]))], rel=1e-6)

    def test_the_pulse_it_keeps_goes_on_where_it_ended(self, tmp_path: Path) -> None:
        """The kept openPMD file, a focus, is an input again: it has its waist where it is given."""
        run = self.run(tmp_path, focal_length=500.0)
        assert run.code == 0, run.log
        (kept,) = (run.output / "files").glob("*.h5")
        array = {"path": "/data/0/meshes/laserEnvelope", "shape": [1, 1, 1], "dtype": "<c16", "is_default": True}
        one = {"pid": "p", "title": "pulse", "files": [str(kept)], "format": "openpmd", "arrays": [array]}
        found = results(self.run(tmp_path / "again", {"beam": [one]}, first=-2.0, last=2.0))
        spot = WAVELENGTH * 0.5 / (math.pi * RADIUS)
        assert found["waist_x"] * 1e-6 == pytest.approx(spot, rel=0.05)
        assert abs(found["waist_position_x"]) < 0.5

    def test_background_and_noise_make_no_radius(self, tmp_path: Path) -> None:
        inputs = given(write(tmp_path / "noisy.nxs", image(noise=0.002)))
        found = results(self.run(tmp_path / "run", inputs))
        assert found["radius_given"] * 1e-6 == pytest.approx(RADIUS, rel=0.03)

    def test_without_axes_it_asks_for_the_pixel_size(self, tmp_path: Path) -> None:
        inputs = given(write(tmp_path / "bare.nxs", image(), axes=False))
        assert self.run(tmp_path / "one", inputs).failure["field"] == "pixel_size"
        found = results(self.run(tmp_path / "two", inputs, pixel_size=PIXEL * 1e6))
        assert found["radius_given"] * 1e-6 == pytest.approx(RADIUS, rel=0.03)

    @pytest.mark.parametrize("values", [np.zeros((64, 64)), np.full((64, 64), np.nan), np.ones((4, 64))])
    def test_what_is_no_beam_is_refused(self, tmp_path: Path, values: Any) -> None:
        run = self.run(tmp_path / "run", given(write(tmp_path / "none.nxs", values)))
        assert run.code == 1
        assert run.failure["field"] == "beam"

    @pytest.mark.parametrize(
        ("parameters", "field", "word"),
        [
            ({"first": 5.0, "last": 5.0}, None, "last must be larger"),
            ({"focal_length": 500.0, "first": -5.0}, None, "behind the mirror"),
            ({"points": 4097, "time_points": 4097}, None, "fewer points"),
            ({"focal_length": 1.0}, "focal_length", "too short"),
            ({"focal_length": 500.0, "last": 900.0}, "points", "can't follow"),
        ],
    )
    def test_what_can_not_be_names_the_field(
        self, tmp_path: Path, parameters: dict[str, Any], field: str | None, word: str
    ) -> None:
        run = self.run(tmp_path, **parameters)
        assert run.code == 1
        assert word in run.failure["what"]
        assert field is None or run.failure["field"] == field
