"""Azimuthal integration against pyFAI called directly, on small simulated and on measured images."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import h5py
import numpy as np
import pytest

from pandaas.config import package_folder
from pandaas.recipes import parse_manifest
from pandaas.runtime import LocalGpus
from pandaas.testing.recipes import (
    RecipeConformance,
    RecipeRun,
    _confinement,
    _runtime,
    _sdk_command,
    run_recipe,
    write_job,
)

pytestmark = [pytest.mark.recipe, pytest.mark.filterwarnings("ignore:Class-scoped fixtures defined")]

RECIPE = Path(__file__).parents[1]
SHARED = Path(os.environ.get("PANDAAS_TEST_DATA") or Path(__file__).parents[4] / "shared/data")
SHAPE = (180, 160)
CENTRE = (70.5, 95.25)  # column, row: off the middle, so that a flip is seen
PIXEL, DISTANCE, WAVELENGTH = 172e-6, 0.9, 1.0e-10
SENTINEL = 2**32 - 1

measured = pytest.mark.skipif(not SHARED.is_dir(), reason="shared data absent")


def rings(counts: float = 60.0, frames: int = 20, seed: int = 3) -> np.ndarray[Any, Any]:
    """Rings on a decaying background, with Poisson noise; a gap of sentinels, some more in single frames."""
    random = np.random.default_rng(seed)
    row, column = np.mgrid[: SHAPE[0], : SHAPE[1]] + 0.5
    radius = np.hypot(row - CENTRE[1], column - CENTRE[0])
    mean = counts * (np.exp(-radius / 40) + 0.6 * np.exp(-(((radius % 25) - 12) ** 2) / 6)) + 1
    images = random.poisson(mean * np.linspace(1, 1.5, frames)[:, None, None]).astype(np.uint32)
    images[:, 60:64] = SENTINEL
    images[4:5, 10:20, 10:20] = SENTINEL
    return images


def write(path: Path, images: np.ndarray[Any, Any], *, geometry: bool = True, flip: bool = False) -> Path:
    with h5py.File(path, "w") as file:
        file.attrs["default"] = "entry"
        entry = file.create_group("entry")
        entry.attrs.update({"NX_class": "NXentry", "default": "data"})
        data = entry.create_group("data")
        data.attrs.update({"NX_class": "NXdata", "signal": "data"})
        data["data"] = images[:, ::-1] if flip else images
        entry["monitor"] = np.linspace(0.9, 1.1, len(images))
        detector = entry.create_group("instrument/detector")
        detector.attrs["NX_class"] = "NXdetector"
        mask = np.zeros(SHAPE, np.uint8)
        mask[:, :3] = 1
        detector["pixel_mask"] = mask
        if geometry:
            for name, value, unit in (
                ("distance", DISTANCE, "m"),
                ("beam_center_x", CENTRE[0], "pixel"),
                ("beam_center_y", CENTRE[1], "pixel"),
                ("x_pixel_size", PIXEL, "m"),
                ("y_pixel_size", PIXEL, "m"),
            ):
                detector[name] = value
                detector[name].attrs["units"] = unit
            mono = entry.create_group("instrument/monochromator")
            mono.attrs["NX_class"] = "NXmonochromator"
            mono["wavelength"] = WAVELENGTH * 1e10
            mono["wavelength"].attrs["units"] = "angstrom"
    return path


def write_poni(path: Path, *, distance: float = DISTANCE) -> Path:
    path.write_text(
        f"PixelSize1: {PIXEL}\nPixelSize2: {PIXEL}\nDistance: {distance}\nPoni1: {CENTRE[1] * PIXEL}\n"
        f"Poni2: {CENTRE[0] * PIXEL}\nRot1: 0\nRot2: 0\nRot3: 0\nSplineFile: None\nWavelength: {WAVELENGTH}\n"
    )
    return path


def given(path: Path, *more: Path, array: str = "/entry/data/data", **extra: Any) -> dict[str, Any]:
    arrays = (
        [{"path": array, "shape": [1, 1], "dtype": "<u4", "is_default": True}]
        if path.suffix in {".h5", ".hdf5"}
        else []
    )
    files = [str(path), *map(str, more)]
    return {
        "pid": path.stem,
        "title": path.stem,
        "files": files,
        "master": str(path),
        "format": "x",
        "arrays": arrays,
        **extra,
    }


def environment_python() -> str:
    return str(_runtime().environments.ensure("core").python)


class TestSaxsIntegrate(RecipeConformance):
    recipe = RECIPE
    copes_with: ClassVar[Mapping[str, str]] = {"flat": "one image is integrated too"}
    parameters: Mapping[str, Any] = {"npt": 120, "unit": "q_nm^-1", "cake": True, "cake_azimuth_bins": 36}

    def make_inputs(self, folder: Path) -> dict[str, list[Any]]:
        return {"sample": [given(write(folder / "series.h5", rings()))]}

    def check_result(self, result: h5py.File) -> None:
        assert result["entry/frames/I"].shape == (20, 120)
        assert result["entry/cake/I"].shape == (36, 120)
        assert result["entry/definition"][()] == b"NXcanSAS"
        assert result["entry/geometry/distance"][()] == pytest.approx(DISTANCE)
        assert result["entry/geometry/distance_source"][()] == b"/entry/instrument/detector/distance"

    @pytest.mark.parametrize(("unit", "axis", "splitting"), [("q_nm^-1", "Q", "bbox"), ("2th_deg", "two_theta", "no")])
    def test_it_equals_pyfai_called_directly(self, tmp_path: Path, unit: str, axis: str, splitting: str) -> None:
        run = self.run(tmp_path, unit=unit, npt=90, splitting=splitting, cake=False)
        assert run.code == 0, run.log
        golden = tmp_path / "golden.npz"
        argv = [
            environment_python(),
            str(RECIPE / "tests/golden.py"),
            str(tmp_path / "series.h5"),
            str(golden),
            unit,
            "90",
            splitting,
        ]
        subprocess.run(argv, check=True, env={**os.environ, "OMP_THREAD_LIMIT": "1"}, capture_output=True)
        with np.load(golden) as expected, h5py.File(run.result) as found:
            empty = expected["norm"] <= 0
            np.testing.assert_array_equal(found[f"entry/average/{axis}"][()], expected["radial"])
            for name, ours in (("intensity", "I"), ("sigma", "I_errors")):
                curves = expected[name].copy()
                curves[:, empty] = np.nan
                np.testing.assert_allclose(found[f"entry/frames/{ours}"][()], curves, rtol=1e-6)
            with np.errstate(invalid="ignore", divide="ignore"):
                average = np.where(empty, np.nan, expected["signal"] / expected["norm"])
                sigma = np.where(empty, np.nan, np.sqrt(expected["variance"]) / expected["norm"])
            np.testing.assert_allclose(found["entry/average/I"][()], average, rtol=1e-7)
            np.testing.assert_allclose(found["entry/average/I_errors"][()], sigma, rtol=1e-7)

    @pytest.mark.parametrize(
        ("dtype", "splitting"),
        [
            ("uint16", "full"),
            ("uint32", "bbox"),
            ("int16", "no"),
            pytest.param("uint32", "no", marks=pytest.mark.full),  # each compiles for 10 s
        ],
    )
    def test_the_fast_sums_are_taken_and_equal_pyfais(self, tmp_path: Path, dtype: str, splitting: str) -> None:
        """Few counts and many; from images and chunks; curves and maps; turned; sentinels and limits in single frames; odd numbers of pixels; stored as EIGER does."""
        done = subprocess.run(
            [environment_python(), str(RECIPE / "tests/fast_check.py"), splitting, dtype, str(tmp_path / "eiger.h5")],
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, "PYTHONPATH": str(package_folder().parent), "NUMBA_OPT": "0"},
        )
        assert done.returncode == 0, done.stderr
        assert float(done.stdout) <= 1e-6

    def test_uncertainties_are_those_of_counting(self, tmp_path: Path) -> None:
        """Over many repetitions the scatter of I equals the stated σ."""
        images = rings(frames=1, seed=1).repeat(60, axis=0)
        random = np.random.default_rng(5)
        valid = images < SENTINEL
        images[valid] = random.poisson(np.where(valid, rings(frames=1, seed=2).repeat(60, axis=0), 0)[valid])
        run = self.run(
            tmp_path, {"sample": [given(write(tmp_path / "same.h5", images))]}, npt=60, splitting="no", cake=False
        )
        with h5py.File(run.result) as found:
            curves, sigma = found["entry/frames/I"][()], found["entry/frames/I_errors"][()]
        ratio = np.nanmedian(np.nanstd(curves, axis=0, ddof=1) / np.nanmean(sigma, axis=0))
        assert ratio == pytest.approx(1, abs=0.12)

    def test_the_background_is_subtracted_with_its_scale(self, tmp_path: Path) -> None:
        sample, background = write(tmp_path / "s.h5", rings(60)), write(tmp_path / "b.h5", rings(20, 5, 9))
        inputs = {"sample": [given(sample)], "background": [given(background)]}
        with_background = self.run(tmp_path / "with", inputs, background_scale=0.5)
        without = self.run(tmp_path / "without", {"sample": [given(sample)]})
        only = self.run(tmp_path / "only", {"sample": [given(background)]})
        with h5py.File(with_background.result) as a, h5py.File(without.result) as b, h5py.File(only.result) as c:
            expected = b["entry/average/I"][()] - 0.5 * c["entry/average/I"][()]
            sigma = np.hypot(b["entry/average/Idev"][()], 0.5 * c["entry/average/Idev"][()])
            np.testing.assert_allclose(a["entry/average/I"][()], expected, rtol=1e-12, atol=1e-12)
            np.testing.assert_allclose(a["entry/average/Idev"][()], sigma, rtol=1e-12)
            np.testing.assert_allclose(a["entry/unsubtracted/I"][()], b["entry/average/I"][()], rtol=1e-12)

    def test_the_monitor_normalises_each_frame(self, tmp_path: Path) -> None:
        inputs = self.make_inputs(tmp_path)
        plain = self.run(tmp_path / "plain", inputs)
        normalised = self.run(tmp_path / "monitor", inputs, monitor="/entry/monitor", normalization=2.0)
        with h5py.File(plain.result) as a, h5py.File(normalised.result) as b:
            weights = 2 * np.linspace(0.9, 1.1, 20)[:, None]
            np.testing.assert_allclose(b["entry/frames/I"][()] * weights, a["entry/frames/I"][()], rtol=1e-5)

    def test_frames_without_a_valid_pixel_and_without_beam_are_named(self, tmp_path: Path) -> None:
        """Every pixel of frames 0 and 5 is marked as invalid, and the monitor read nothing in frame 5."""
        inputs = self.make_inputs(tmp_path)
        with h5py.File(tmp_path / "series.h5", "r+") as file:
            frames = file["entry/data/data"]
            frames[0] = frames[5] = np.iinfo(frames.dtype).max
            file["entry/monitor"][5] = 0
        first = self.run(tmp_path / "first", inputs)
        assert first.failure["field"] == "first_frame"
        assert "Frame 0 holds no count" in first.failure["what"]
        other = self.run(tmp_path / "other", inputs, first_frame=1)
        assert any("1 of 19 frames hold no valid pixel" in text and text.endswith("is 5.") for text in other.warnings)
        with h5py.File(other.result) as file:
            assert np.isnan(file["entry/frames/I"][4]).all()
            assert np.isfinite(file["entry/average/I"][()]).any()
        beam = self.run(tmp_path / "beam", inputs, first_frame=1, monitor="/entry/monitor")
        assert beam.failure["field"] == "monitor"
        assert "1 of 19 readings" in beam.failure["what"]
        assert beam.failure["remedy"]

    def test_frames_are_chosen(self, tmp_path: Path) -> None:
        run = self.run(tmp_path, first_frame=2, last_frame=11, every=3)
        with h5py.File(run.result) as found:
            np.testing.assert_array_equal(found["entry/frames/frame"][()], [2, 5, 8, 11])

    def test_a_mask_leaves_pixels_out(self, tmp_path: Path) -> None:
        with h5py.File(tmp_path / "mask.h5", "w") as file:
            mask = np.zeros(SHAPE, np.uint8)
            mask[95:] = 1
            file["entry/data/data"] = mask
        inputs = self.make_inputs(tmp_path)
        free = self.run(tmp_path / "free", inputs)
        masked = self.run(tmp_path / "masked", {**inputs, "mask": [given(tmp_path / "mask.h5", kind="mask")]})
        with h5py.File(free.result) as a, h5py.File(masked.result) as b:
            added = int(b["entry/statistics/masked_pixels"][()]) - int(a["entry/statistics/masked_pixels"][()])
            assert added == (SHAPE[0] - 95) * (SHAPE[1] - 3)

    def test_what_was_changed_beats_the_calibration_beats_the_file(self, tmp_path: Path) -> None:
        series = write(tmp_path / "series.h5", rings(frames=2))
        poni = write_poni(tmp_path / "other.poni", distance=1.25)
        metadata = {
            "detector_distance": {"value": DISTANCE, "unit": "m"},
            "beam_center_x": {"value": CENTRE[0], "unit": "pixel"},
        }
        sample = given(series, parameters=metadata)
        calibration = {"calibration": [given(poni, kind="calibration")]}
        prefilled = {"distance": DISTANCE * 1e3, "beam_center_x": CENTRE[0]}

        def distance(name: str, inputs: dict[str, list[Any]], **parameters: Any) -> tuple[float, str]:
            run = self.run(tmp_path / name, inputs, **parameters)
            assert run.code == 0, run.log
            with h5py.File(run.result) as found:
                source = found["entry/geometry/distance_source"][()].decode()
                return float(found["entry/geometry/distance"][()]), source

        assert distance("file", {"sample": [sample]}) == (
            pytest.approx(DISTANCE),
            "/entry/instrument/detector/distance",
        )
        assert distance("poni", {"sample": [sample], **calibration}) == (1.25, "PONI file")
        assert distance("filled", {"sample": [sample], **calibration}, **prefilled) == (1.25, "PONI file")
        assert distance("edited", {"sample": [sample], **calibration}, distance=1500.0) == (pytest.approx(1.5), "form")
        assert distance("beside", {"sample": [given(series, poni)]}) == (1.25, "PONI file")

    def test_missing_geometry_names_the_field(self, tmp_path: Path) -> None:
        series = write(tmp_path / "bare.h5", rings(frames=1), geometry=False)
        run = self.run(tmp_path, {"sample": [given(series)]}, distance=900.0, pixel_size_x=172.0)
        assert run.code == 1
        assert run.failure["field"] == "beam_center_x"
        assert "beam centre" in run.failure["what"]
        assert "calibration" in run.failure["remedy"]

    def test_a_calibration_of_another_detector_is_refused(self, tmp_path: Path) -> None:
        poni = tmp_path / "p.poni"
        poni.write_text(
            "poni_version: 2\nDetector: Pilatus1M\nDetector_config: {}\nDistance: 1\nPoni1: 0.1\nPoni2: 0.1\n"
            "Rot1: 0\nRot2: 0\nRot3: 0\nWavelength: 1e-10\n"
        )
        run = self.run(tmp_path, {**self.make_inputs(tmp_path), "calibration": [given(poni, kind="calibration")]})
        assert run.code == 1
        assert run.failure["field"] == "calibration"

    @pytest.mark.parametrize(("names", "used"), [(["a"], True), (["series", "b"], True), (["a", "b"], False)])
    def test_the_poni_file_beside_the_data_is_used_unless_in_doubt(
        self, tmp_path: Path, names: list[str], used: bool
    ) -> None:
        series = write(tmp_path / "series.h5", rings(frames=1))
        for name in names:
            write_poni(tmp_path / f"{name}.poni", distance=1.5 if name == "b" else 0.5)
        sample = {**given(series), "attachments": [str(tmp_path / f"{name}.poni") for name in names]}
        run = self.run(tmp_path / "run", {"sample": [sample]})
        assert run.code == 0, run.log
        with h5py.File(run.result) as found:
            assert found["entry/geometry/distance"][()] == pytest.approx(0.5 if used else DISTANCE)
        assert any("2 PONI files" in text for text in run.warnings) is not used

    def test_a_poni_file_of_another_detector_beside_the_data_is_left_alone(self, tmp_path: Path) -> None:
        series = write(tmp_path / "series.h5", rings(frames=1))
        poni = tmp_path / "other.poni"
        poni.write_text(
            "poni_version: 2\nDetector: Pilatus1M\nDetector_config: {}\nDistance: 1\nPoni1: 0.1\nPoni2: 0.1\n"
            "Rot1: 0\nRot2: 0\nRot3: 0\nWavelength: 1e-10\n"
        )
        run = self.run(tmp_path / "run", {"sample": [{**given(series), "attachments": [str(poni)]}]})
        assert run.code == 0, run.log
        assert any("other.poni" in text for text in run.warnings)

    def test_a_calibrant_without_wavelength_is_said_to_be_unchecked(self, tmp_path: Path) -> None:
        series = write(tmp_path / "bare.h5", rings(frames=1), geometry=False)
        options = {"distance": 900.0, "pixel_size_x": 172.0, "beam_center_x": CENTRE[0], "beam_center_y": CENTRE[1]}
        run = self.run(tmp_path, {"sample": [given(series)]}, unit="2th_deg", calibrant="CeO2", cake=False, **options)
        assert run.code == 0, run.log
        assert any("could not be checked" in text for text in run.warnings)

    def test_transmissions_and_an_absolute_scale(self, tmp_path: Path) -> None:
        """I = factor / thickness × (sample / T - background / T of the background), in 1/cm."""
        sample = given(write(tmp_path / "sample.h5", rings(frames=2)))
        background = given(write(tmp_path / "background.h5", rings(20.0, frames=2)))
        inputs = {"sample": [sample], "background": [background]}
        plain = self.run(tmp_path / "plain", inputs, cake=False)
        options = {
            "transmission": 0.8,
            "background_transmission": 0.9,
            "calibration_factor": 3.0,
            "sample_thickness": 2.0,
        }
        scaled = self.run(tmp_path / "scaled", inputs, cake=False, **options)
        assert scaled.code == 0, scaled.log
        with h5py.File(plain.result) as counts, h5py.File(scaled.result) as absolute:
            before, level = counts["entry/unsubtracted/I"][()], counts["entry/background/I"][()]
            expected = 3.0 / 0.2 * (before / 0.8 - level / 0.9)
            np.testing.assert_allclose(absolute["entry/average/I"][()], expected, rtol=1e-6)
            assert absolute["entry/average/I"].attrs["units"] == "1/cm"
            assert absolute["entry/frames/I"].attrs["units"] == "1/cm"
            np.testing.assert_allclose(absolute["entry/frames/I"][()].mean(axis=0), expected, rtol=0.05, atol=20)

    def test_an_absolute_scale_needs_the_thickness(self, tmp_path: Path) -> None:
        run = self.run(tmp_path, calibration_factor=3.0)
        assert run.code == 1
        assert "sample_thickness" in run.failure["what"]

    def test_a_flipped_image_is_noticed_and_named(self, tmp_path: Path) -> None:
        flipped = given(write(tmp_path / "flipped.h5", rings(frames=2), flip=True))
        wrong = self.run(tmp_path / "wrong", {"sample": [flipped]})
        right = self.run(tmp_path / "right", {"sample": [flipped]}, orientation="flip_vertical", use_file_mask=False)
        assert any("flip_vertical" in text for text in wrong.warnings)
        assert right.warnings == []

    def test_a_damaged_poni_is_a_sentence(self, tmp_path: Path) -> None:
        poni = tmp_path / "p.poni"
        poni.write_bytes(os.urandom(300))
        run = self.run(tmp_path, {**self.make_inputs(tmp_path), "calibration": [given(poni, kind="calibration")]})
        assert run.code == 1
        assert "Traceback" not in json.dumps(run.failure)

    @pytest.mark.parametrize(("name", "value"), [("minimum_counts", 1e11), ("radial_min", 5e3)])
    def test_a_curve_without_points_names_the_limit(self, tmp_path: Path, name: str, value: float) -> None:
        run = self.run(tmp_path, **{name: value})
        assert run.code == 1
        assert run.failure["field"] == name
        assert "fewer than 3 points" in run.failure["what"]

    @measured
    def test_ceo2_lies_on_the_reference_pattern(self, tmp_path: Path) -> None:
        """The image must be flipped; as stored it gives a plausible and wrong pattern, of which the run warns."""
        inputs = {
            "sample": [given(SHARED / "powder/CeO2_Pilatus1M.tif")],
            "calibration": [given(SHARED / "powder/CeO2_Pilatus1M.poni", kind="calibration")],
        }
        options: dict[str, Any] = {
            "unit": "2th_deg",
            "npt": 1500,
            "polarization": 0.99,
            "calibrant": "CeO2",
            "maximum_counts": 5e5,
            "cake": False,
        }
        wrong = self.run(tmp_path / "wrong", inputs, **options)
        right = self.run(tmp_path / "right", inputs, **options, orientation="flip_vertical")
        assert any("flip_vertical" in text for text in wrong.warnings)
        assert any("rings of CeO2" in text for text in wrong.warnings)
        assert right.warnings == []
        assert self.correlation(right) >= 0.998
        assert self.correlation(wrong) < 0.5

    def correlation(self, run: RecipeRun) -> float:
        reference = np.loadtxt(SHARED / "powder/CeO2_Pilatus1M.xy")
        with h5py.File(run.result) as found:
            angle, curve = found["entry/average/two_theta"][()], found["entry/average/I"][()]
        valid = np.isfinite(curve)
        ours = np.interp(reference[:, 0], angle[valid], curve[valid])
        return float(np.corrcoef(ours[50:-50], reference[50:-50, 1])[0, 1])

    @measured
    def test_an_aps_series_brings_its_own_geometry(self, tmp_path: Path) -> None:
        source = SHARED / "saxs/APS_9ID_pinSAXS_IN625_10frames_NXsas.hdf5"
        run = self.run(
            tmp_path, {"sample": [given(source, array="/entry/data/frames")]}, unit="q_A^-1", npt=400, cake=False
        )
        assert run.code == 0, run.log
        with h5py.File(run.result) as found:
            q = found["entry/average/Q"][()]
            assert found["entry/frames/I"].shape == (10, 400)
            assert (q[0], q[-1]) == (pytest.approx(0.021, abs=0.002), pytest.approx(1.46, abs=0.01))
            assert found["entry/geometry/distance"][()] == pytest.approx(0.5408)

    @measured
    def test_bitshuffle_frames_of_an_eiger_9m(self, tmp_path: Path) -> None:
        source = SHARED / "biosaxs/vac_007_data_000001.h5"
        form = {
            "distance": 3500.0,
            "beam_center_x": 1600.0,
            "beam_center_y": 1500.0,
            "wavelength": 1.0,
            "pixel_size_x": 75.0,
        }
        run = self.run(tmp_path, {"sample": [given(source)]}, **form, npt=500, splitting="no", cake=False)
        assert run.code == 0, run.log
        with h5py.File(run.result) as found:
            assert found["entry/frames/I"].shape == (2, 500)
            assert int(found["entry/statistics/masked_pixels"][()]) > 100_000


def run_with_opencl(folder: Path, frames: Path, *, gpu: bool = True, **parameters: str) -> RecipeRun:
    """As a job that got a GPU, or that found itself without one in that environment."""
    manifest = parse_manifest(RECIPE)
    assert manifest.gpu is not None
    manifest = replace(manifest, environment=manifest.gpu.environment)
    job = write_job(RECIPE, folder, {"sample": [frames]}, parameters)
    job.write_text(json.dumps(json.loads(job.read_text()) | {"gpu": True}))
    confinement = _confinement(manifest, [RECIPE, job, frames], [folder / "output"])
    argv = [*_sdk_command(manifest), "run", str(job)]
    return RecipeRun(folder / "output", _runtime().sandbox.run(argv, replace(confinement, gpu=gpu), timeout_s=300))


def gpu_of_here() -> str:
    """The name of a GPU. Slow tests take pocl, OpenCL on the processor, for one."""
    settings = _runtime().settings.runtime
    choice = settings.choice.model_copy(update={"opencl_on_processor": bool(os.environ.get("PANDAAS_TEST_FULL"))})
    found = LocalGpus(settings.model_copy(update={"choice": choice}), _runtime().sandbox).found()
    names = [one.name for one in found if one.api == "opencl"]
    if not names:
        pytest.skip("no GPU")
    return names[0]


@pytest.mark.parametrize("splitting", ["no", "bbox"])
def test_a_gpu_gives_the_processors_curves(tmp_path: Path, splitting: str) -> None:
    device = gpu_of_here()
    frames = write(tmp_path / "frames.h5", rings())
    plain = run_recipe(RECIPE, tmp_path / "plain", {"sample": [frames]}, {"splitting": splitting})
    fast = run_with_opencl(tmp_path / "gpu", frames, splitting=splitting)
    assert (plain.code, fast.code) == (0, 0), fast.log
    assert fast.warnings == []
    with h5py.File(plain.result) as first, h5py.File(fast.result) as second:
        assert "device" not in first["entry/process"]
        assert second["entry/process/device"].asstr()[()] == f"{device} (OpenCL)"
        for name in ("average/I", "average/Idev", "frames/I", "frames/I_errors", "average/Q"):
            np.testing.assert_allclose(second[f"entry/{name}"], first[f"entry/{name}"], rtol=1e-6, err_msg=name)
        assert not np.array_equal(second["entry/average/I"], first["entry/average/I"])  # it was really another way


@pytest.mark.full  # builds the variant's environment
def test_without_a_device_the_processor_does_it_and_says_so(tmp_path: Path) -> None:
    frames = write(tmp_path / "frames.h5", rings())
    plain = run_recipe(RECIPE, tmp_path / "plain", {"sample": [frames]}, {})
    left = run_with_opencl(tmp_path / "gpu", frames, gpu=False)
    assert left.code == 0, left.log
    assert left.warnings == ["The GPU was not used, the processor was: OpenCL finds none."]
    with h5py.File(plain.result) as first, h5py.File(left.result) as second:
        assert np.array_equal(second["entry/average/I"], first["entry/average/I"], equal_nan=True)
