"""The demo's builder, with a short series, and both recipes on what it makes: the simulated radius is found again."""

from __future__ import annotations

import json
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import h5py
import hdf5plugin  # noqa: F401 - the frames are bitshuffle-compressed
import numpy as np
import pytest

from pandaas.config import bundled
from pandaas.testing.recipes import _runtime, run_recipe

pytestmark = pytest.mark.recipe
DEMO = bundled("demo")
FRAMES = 3


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What stands for the fetched packages: every file the manifest names, with nothing in it."""
    folder = tmp_path_factory.mktemp("packages")
    for entry in tomllib.loads((DEMO / "manifest.toml").read_text("utf-8"))["datasets"]:
        if "member" in entry:
            (folder / entry["member"]).parent.mkdir(parents=True, exist_ok=True)
            (folder / entry["member"]).write_text("1 2\n")
    return folder


def build(packages: Path, out: Path) -> tuple[int, list[dict[str, Any]]]:
    python = str(_runtime().environments.ensure("core").python)
    argv = [python, str(DEMO / "build.py"), "--wheels", str(packages), "--out", str(out), "--frames", str(FRAMES)]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert done.returncode in {0, 1}, done.stderr
    return done.returncode, [json.loads(line) for line in done.stdout.splitlines()]


@pytest.fixture(scope="module")
def demo(packages: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("demo")
    code, lines = build(packages, out)
    assert code == 0
    assert lines[-1]["done"]
    fractions = [line["fraction"] for line in lines if line["fraction"] is not None]
    assert fractions == sorted(fractions)
    return out


def test_all_files_are_there_and_a_second_build_keeps_them(demo: Path, packages: Path) -> None:
    files = {file: file.stat().st_mtime_ns for file in demo.rglob("*") if file.is_file()}
    entries = tomllib.loads((DEMO / "manifest.toml").read_text("utf-8"))["datasets"]
    assert {str(file.relative_to(demo)) for file in files} == {entry["file"] for entry in entries}
    assert build(packages, demo)[0] == 0
    assert {file: file.stat().st_mtime_ns for file in files} == files


def test_a_missing_file_is_named(packages: Path, demo: Path) -> None:
    lost = next(file for file in demo.rglob("ludox_silica.xml"))
    kept = lost.read_bytes()
    lost.unlink()
    try:
        code, lines = build(packages / "nowhere", demo)
        assert code == 1
        assert lines[-1]["missing"] == ["SC-2026-0117/ludox_silica.xml"]
    finally:
        lost.write_bytes(kept)


def test_the_series_is_an_eiger_4m_with_gaps_and_geometry(demo: Path) -> None:
    with h5py.File(demo / "SC-2026-0117/silica_growth.nxs") as file:
        images = file["entry/data/data"]
        assert (images.shape, images.dtype) == ((FRAMES, 2167, 2070), np.uint32)
        assert images.chunks == (1, 2167, 2070)
        assert images.id.get_create_plist().get_filter(0)[0] == 32008  # bitshuffle
        first = images[0]
        mask = file["entry/instrument/detector/pixel_mask"][()]
        np.testing.assert_array_equal(first == 2**32 - 1, mask != 0)
        counts = first[mask == 0]
        assert 0.2 < counts.mean() < 3
        assert file["entry/definition"][()] == b"NXsas"
        assert file["entry/instrument/detector/distance"].attrs["units"] == "m"


def test_the_simulated_radius_is_found_again(demo: Path, tmp_path: Path) -> None:
    """Series, background and mask through both recipes: the last frame's particles have 9 nm, 10 % polydisperse."""
    folder = demo / "SC-2026-0117"

    def given(name: str, array: str, **more: Any) -> dict[str, Any]:
        arrays = [{"path": array, "shape": [1, 1], "dtype": "<u4", "is_default": True}]
        return {"pid": name, "title": name, "files": [str(folder / name)], "format": "nexus", "arrays": arrays, **more}

    inputs = {
        "sample": [given("silica_growth.nxs", "/entry/data/data")],
        "background": [given("water_background.nxs", "/entry/data/data")],
        "mask": [given("mask_beamstop.nxs", "/entry/data/mask", kind="mask")],
        "calibration": [given("calibration_agbh.nxs", "/entry/data/data", kind="calibration")],
    }
    options = {"first_frame": FRAMES - 1, "npt": 400, "unit": "q_A^-1", "background_scale": 0.98}
    reduced = run_recipe(bundled("recipes") / "saxs-integrate", tmp_path / "reduced", inputs, options)
    assert reduced.code == 0, reduced.log
    assert reduced.warnings == []
    curve = [{"pid": "i", "files": [str(reduced.result)], "format": "nexus", "arrays": []}]
    model = {
        "model": "sphere",
        "q_min": 0.008,
        "q_max": 0.12,
        "method": "lm",
        "polydispersity": 0.1,
        "fit": [
            {"name": "scale"},
            {"name": "background"},
            {"name": "radius"},
            {"name": "radius_pd"},
            {"name": "sld", "value": 18.8, "vary": False},
            {"name": "sld_solvent", "value": 9.4, "vary": False},
        ],
    }
    fitted = run_recipe(bundled("recipes") / "sas-fit", tmp_path / "fitted", {"curve": curve}, model)
    assert fitted.code == 0, fitted.log
    truth = 50 + 40 * ((FRAMES - 0.5) / FRAMES) ** (1 / 3)
    with h5py.File(fitted.result) as file:
        radius = file["entry/parameters/fitted_radius"]
        assert abs(radius[()] - truth) < max(5 * radius.attrs["uncertainty"], 0.01 * truth)
        assert file["entry/parameters/fitted_radius_pd"][()] == pytest.approx(0.1, abs=0.02)
        assert file["entry/quality/reduced_chi2"][()] < 1.6
