"""Against algotom called directly, on a simulated phantom, and on the measured tooth."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from numpy.typing import NDArray

from pandaas.config import package_folder
from pandaas.testing.recipes import RecipeConformance, _runtime

pytestmark = [pytest.mark.recipe, pytest.mark.filterwarnings("ignore:Class-scoped fixtures defined")]

RECIPE = Path(__file__).parents[1]
TOOTH = RECIPE.parents[2] / "shared/data/tomo/tooth.h5"
WIDTH, CENTRE, ANGLES, DENSITY = 160, 83.0, 181, 0.01


def phantom(angles: NDArray[Any]) -> NDArray[Any]:
    """Line integrals of a disc beside the axis: exact chords, (angles, columns)."""
    radius, distance = 30.0, 20.0
    middle = CENTRE + distance * np.cos(angles)[:, None]
    half = np.clip(radius**2 - (np.arange(WIDTH)[None] - middle) ** 2, 0, None) ** 0.5
    return DENSITY * 2 * half


def arrays(rows: int = 3) -> dict[str, NDArray[Any]]:
    """Counts of a scan with an uneven beam, dark current and Poisson noise."""
    random = np.random.default_rng(3)
    theta = np.linspace(0, 180, ANGLES)
    beam = 2e4 * (1 + 0.2 * np.cos(np.arange(WIDTH) / 20))
    projections = np.exp(-phantom(np.deg2rad(theta)))[:, None] * beam * np.ones((1, rows, 1))
    return {
        "data": random.poisson(projections).astype(np.float32) + 100,
        "flat": random.poisson(beam * np.ones((10, rows, 1))).astype(np.float32) + 100,
        "dark": np.full((5, rows, WIDTH), 100, np.float32),
        "theta": theta,
    }


def dxchange(path: Path, **changed: Any) -> Path:
    found = {**arrays(), **changed}
    with h5py.File(path, "w") as file:
        names = {"data": "data", "data_white": "flat", "data_dark": "dark", "theta": "theta"}
        for name, key in names.items():
            if found[key] is not None:
                file[f"exchange/{name}"] = found[key]
        if found["theta"] is not None:
            file["exchange/theta"].attrs["units"] = "degrees"
    return path


def nxtomo(path: Path) -> Path:
    found = arrays()
    parts = [found["dark"], found["flat"], found["data"]]
    key = np.repeat([2, 1, 0], [len(part) for part in parts])
    angle = np.concatenate([np.zeros(len(found["dark"]) + len(found["flat"])), found["theta"]])
    with h5py.File(path, "w") as file:
        entry = file.create_group("entry")
        entry.attrs["NX_class"] = "NXentry"
        entry["definition"] = "NXtomo"
        entry["instrument/detector/data"] = np.concatenate(parts)
        entry["instrument/detector/image_key"] = key
        entry["sample/rotation_angle"] = angle
        entry["sample/rotation_angle"].attrs["units"] = "degree"
    return path


class TestTomoReconstruct(RecipeConformance):
    recipe = RECIPE
    parameters: Mapping[str, Any] = {"preview_steps": 1}

    def make_inputs(self, folder: Path) -> dict[str, list[Any]]:
        folder.mkdir(parents=True, exist_ok=True)
        return {"projections": [dxchange(folder / "scan.h5")]}

    def check_result(self, result: h5py.File) -> None:
        assert result["entry/quality/centre"][()] == pytest.approx(CENTRE, abs=0.25)
        volume = result["entry/volume/attenuation"]
        assert volume.shape == (3, WIDTH, WIDTH)
        assert volume.attrs["units"] == "1/pixel"
        middle = WIDTH // 2
        patch = volume[1, middle - 8 : middle + 8, middle + 12 : middle + 28]
        noise = float(result["entry/quality/noise"][()])
        assert patch.mean() == pytest.approx(DENSITY, rel=0.02)
        assert 0 < noise < 0.2 * DENSITY
        assert result["entry/centres/attenuation"].shape == (3, WIDTH, WIDTH)

    @pytest.mark.parametrize("method", ["dfi", "fbp"])
    def test_it_equals_algotom_called_directly(self, tmp_path: Path, method: str) -> None:
        run = self.run(tmp_path, method=method, last_row=0, preview_steps=0)
        assert run.code == 0, run.log
        golden = tmp_path / "golden.npz"
        python = str(_runtime().environments.ensure("tomography").python)
        argv = [python, str(RECIPE / "tests/golden.py"), str(tmp_path / "scan.h5"), str(golden), method]
        subprocess.run(argv, check=True, capture_output=True)
        with np.load(golden) as expected, h5py.File(run.result) as found:
            assert found["entry/quality/centre"][()] == expected["centre"]
            np.testing.assert_allclose(found["entry/volume/attenuation"][0], expected["slice"], rtol=1e-5, atol=1e-7)

    def test_algotom_has_one_thread_however_many_cores_the_job_has(self) -> None:
        """Its back projection adds projections to one image from all threads at once, and loses some."""
        python = str(_runtime().environments.ensure("tomography").python)
        asked = f"import sys; sys.path.insert(0, {str(RECIPE)!r}); import slices, numba; print(numba.get_num_threads())"
        paths = os.pathsep.join([str(package_folder().parent), str(RECIPE)])
        environment = {**os.environ, "NUMBA_NUM_THREADS": "8", "PYTHONPATH": paths}
        found = subprocess.run([python, "-c", asked], check=True, capture_output=True, text=True, env=environment)
        assert found.stdout.strip() == "1"

    def test_the_noise_of_some_voxels_is_that_of_the_slice(self, tmp_path: Path) -> None:
        """The voxels that it is told from are those of algotom's filtered back projection, and there are enough of them."""
        asked = f"""
import sys; sys.path.insert(0, {str(RECIPE)!r})
import numpy as np, run, slices
from parameters import Parameters
random, angles = np.random.default_rng(1), np.linspace(0, np.pi, 181)
sinogram = random.normal(size=(181, 320)).astype(np.float32)
places = run.noise_places(320, 1.0)
some = slices.fbp_at(places, sinogram, 161.3, angles, Parameters(method="fbp"))
whole = slices.reconstruct(sinogram, 161.3, angles, Parameters(method="fbp"))
column, row = (np.rint(places + 159.5)).astype(int)
away = np.hypot(*np.mgrid[-1:1:320j, -1:1:320j])
print(np.abs(some - whole[row, column]).max() / np.abs(whole).max(), some.std() / whole[away < 0.9].std())
"""
        python = str(_runtime().environments.ensure("tomography").python)
        paths = os.pathsep.join([str(package_folder().parent), str(RECIPE)])
        done = subprocess.run([python, "-c", asked], check=True, capture_output=True, text=True, env={**os.environ, "PYTHONPATH": paths})  # fmt: skip
        difference, scatter = map(float, done.stdout.split())
        assert difference < 1e-5
        assert scatter == pytest.approx(1, abs=0.05)

    def test_nxtomo_gives_the_same_as_dxchange(self, tmp_path: Path) -> None:
        first = self.run(tmp_path / "a", last_row=0, pixel_size=2.0)
        second = self.run(tmp_path / "b", {"projections": [nxtomo(tmp_path / "n.nxs")]}, last_row=0, pixel_size=2.0)
        assert second.code == 0, second.log
        with h5py.File(first.result) as a, h5py.File(second.result) as b:
            volume = a["entry/volume/attenuation"]
            assert volume.attrs["units"] == "1/cm"
            np.testing.assert_array_equal(volume[()], b["entry/volume/attenuation"][()])

    def test_the_preview_alone_makes_no_volume(self, tmp_path: Path) -> None:
        run = self.run(tmp_path, only_preview=True, preview_steps=2, preview_step=0.5)
        with h5py.File(run.result) as found:
            assert "volume" not in found["entry"]
            np.testing.assert_allclose(np.diff(found["entry/centres/centre"][()]), 0.5)

    def test_what_can_not_be_names_the_field(self, tmp_path: Path) -> None:
        bare = dxchange(tmp_path / "bare.h5", theta=None)
        dark = dxchange(tmp_path / "dark.h5", flat=None)
        swapped = dxchange(tmp_path / "swapped.h5", flat=arrays()["dark"] - 50)
        uneven = dxchange(tmp_path / "uneven.h5", theta=np.linspace(0, 1, ANGLES) ** 2 * 180)
        cases: list[tuple[Path, dict[str, Any], str]] = [
            (bare, {}, "angle_range"),
            (dark, {}, "flats"),
            (swapped, {}, "flats"),
            (uneven, {}, "method"),
            (bare, {"angle_range": 180.0, "first_row": 9}, "first_row"),
            (bare, {"angle_range": 180.0, "centre": 500.0}, "centre"),
        ]
        for number, (file, options, field) in enumerate(cases):
            run = self.run(tmp_path / str(number), {"projections": [file]}, **options)
            assert (run.code, run.failure["field"]) == (1, field), run.log
            assert run.failure["remedy"]

    @pytest.mark.skipif(not TOOTH.is_file(), reason="shared data absent")
    def test_the_measured_tooth_turns_about_295(self, tmp_path: Path) -> None:
        run = self.run(tmp_path, {"projections": [TOOTH]}, last_row=0)
        assert run.code == 0, run.log
        with h5py.File(run.result) as found:
            assert found["entry/quality/centre"][()] == pytest.approx(295.0, abs=0.5)
            assert found["entry/volume/attenuation"].shape == (1, 640, 640)
            assert found["entry/pyramid/level_1"].shape == (1, 320, 320)
