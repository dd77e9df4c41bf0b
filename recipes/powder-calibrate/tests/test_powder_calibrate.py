"""Against pyFAI called directly, against a simulated geometry, and on a measured image of CeO2."""

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
MEASURED = RECIPE.parents[2] / "shared/data/powder"
WAVELENGTH, PIXEL, DISTANCE, CENTRE = 0.4066, 400.0, 210.0, (180.0, 205.0)
LATTICE = 5.41165
SQUARES = (3, 4, 8, 11, 12, 16, 19, 20)


def image() -> np.ndarray[Any, Any]:
    """Rings of CeO2 on an upright detector with Poisson noise."""
    row, column = np.mgrid[:400, :360] + 0.5
    radius = np.hypot(row - CENTRE[1], column - CENTRE[0]) * PIXEL * 1e-3
    mean = 5 + 0 * radius
    for squares in SQUARES:
        ring = DISTANCE * np.tan(2 * np.arcsin(WAVELENGTH * squares**0.5 / (2 * LATTICE)))
        mean += 200 * np.exp(-(((radius - ring) / 0.5) ** 2))
    return np.random.default_rng(4).poisson(mean).astype(np.int32)


def write(path: Path) -> Path:
    with h5py.File(path, "w") as file:
        file["entry/data/data"] = image()
    return path


class TestPowderCalibrate(RecipeConformance):
    recipe = RECIPE
    parameters: Mapping[str, Any] = {
        "calibrant": "CeO2",
        "wavelength": WAVELENGTH,
        "distance": DISTANCE + 1,
        "beam_center_x": CENTRE[0] + 2,
        "beam_center_y": CENTRE[1] - 2,
        "pixel_size_x": PIXEL,
        "rings": 6,
    }

    def make_inputs(self, folder: Path) -> dict[str, list[Any]]:
        folder.mkdir(parents=True, exist_ok=True)
        return {"image": [write(folder / "ceo2.h5")]}

    def check_result(self, result: h5py.File) -> None:
        geometry = result["entry/geometry"]
        assert geometry["distance_along_beam"][()] == pytest.approx(DISTANCE, abs=0.1)
        assert geometry["beam_center_x"][()] == pytest.approx(CENTRE[0], abs=0.1)
        assert geometry["beam_center_y"][()] == pytest.approx(CENTRE[1], abs=0.1)
        assert 0 < geometry["dist"].attrs["uncertainty"] < 1e-3
        assert geometry["deviation"][()] < 0.03
        assert "Distance: 0.2" in geometry["poni"][()].decode()
        pattern = result["entry/pattern"]
        assert pattern["rings"][()].max() < 0  # the marks of the rings hide no peak
        marked = pattern["rings"][()] == pattern["rings"][()].max()
        assert pattern["I"][marked].mean() > 3 * np.nanmedian(pattern["I"][()])  # and stand under the peaks

    def test_it_equals_pyfai_called_directly(self, tmp_path: Path) -> None:
        run = self.run(tmp_path)
        stored, golden = tmp_path / "image.npy", tmp_path / "golden.json"
        np.save(stored, image())
        begin = [DISTANCE + 1, CENTRE[0] + 2, CENTRE[1] - 2]
        numbers = [str(number) for number in (WAVELENGTH * 1e-10, PIXEL * 1e-6, *begin)]
        python = str(_runtime().environments.ensure("core").python)
        argv = [python, str(RECIPE / "tests/golden.py"), str(stored), *numbers, str(golden)]
        subprocess.run(argv, check=True, capture_output=True)
        with h5py.File(run.result) as file:
            for name, value in json.loads(golden.read_text()).items():
                assert file["entry/geometry"][name][()] == pytest.approx(value, rel=1e-6), name

    @pytest.mark.parametrize(
        ("parameters", "field", "word"),
        [
            ({"calibrant": "Unobtainium"}, "calibrant", "not a known calibrant"),
            ({"distance": 90_000.0}, "distance", "points of the first"),
        ],
    )
    def test_what_can_not_be_names_the_field(
        self, tmp_path: Path, parameters: dict[str, Any], field: str, word: str
    ) -> None:
        run = self.run(tmp_path, **parameters)
        assert run.code == 1, run.log
        assert word in run.failure["what"]
        assert run.failure["field"] == field

    @pytest.mark.skipif(not MEASURED.is_dir(), reason="shared data absent")
    def test_a_measured_image_comes_to_the_published_geometry(self, tmp_path: Path) -> None:
        """Dioptas' calibration of the same image: 208.69 mm, beam centre (487.26, 512.55)."""
        form = {
            "distance": 210.7,
            "beam_center_x": 492.3,
            "beam_center_y": 507.5,
            "pixel_size_x": 172.0,
            "rings": 8,
            "orientation": "flip_vertical",
            "maximum_counts": 5e5,
        }
        run = self.run(tmp_path, {"image": [MEASURED / "CeO2_Pilatus1M.tif"]}, **form)
        assert run.code == 0, run.log
        assert run.warnings == []
        with h5py.File(run.result) as file:
            geometry = file["entry/geometry"]
            assert geometry["distance_along_beam"][()] == pytest.approx(208.69, abs=0.1)
            assert geometry["beam_center_x"][()] == pytest.approx(487.26, abs=0.4)
            assert geometry["beam_center_y"][()] == pytest.approx(512.55, abs=0.4)
