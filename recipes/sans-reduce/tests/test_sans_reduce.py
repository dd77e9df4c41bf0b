"""The reduction against esssans called directly, against a known cross section, and on measured runs of LOQ and SANS-I."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

import h5py
import numpy as np
import pytest

from pandaas.testing.recipes import RecipeConformance, RecipeRun, _runtime

pytestmark = [pytest.mark.recipe, pytest.mark.filterwarnings("ignore:Class-scoped fixtures defined")]

RECIPE = Path(__file__).parents[1]
DATA = Path(__file__).parents[4] / "shared" / "data" / "neutron_sans"
measured = pytest.mark.skipif(not DATA.is_dir(), reason="shared data absent")
SIDE, PIXEL, DISTANCE, SOURCE = 48, 0.01, 4.0, 11.0
TIMES = np.linspace(5000, 43000, 124)
LENGTHS = {1: 6.0, 2: 10.4, 3: 11.5}
TRANSMISSION, TRUTH = 0.8, 0.5
GEOMETRY = {"pixel_size": 10.0, "distance": DISTANCE, "centre_x": (SIDE - 1) / 2, "centre_y": (SIDE - 1) / 2}
H_OVER_M = 0.395603401  # Å m / ms, h/m of the neutron: CODATA


def wavelength(time: np.ndarray[Any, Any], metres: Any) -> np.ndarray[Any, Any]:
    return np.asarray(H_OVER_M * time / 100 / metres)


def flux(lam: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Neutrons per Å at the monitor, a smooth spectrum."""
    return np.asarray(4e9 * np.exp(-(((lam - 4) / 3) ** 2)))


def monitor(number: int, factor: float = 1.0) -> np.ndarray[Any, Any]:
    lam = wavelength(TIMES, LENGTHS[number])
    return np.asarray(np.round(factor * flux((lam[1:] + lam[:-1]) / 2) * np.diff(lam)), dtype=np.int64)


def scattered(cross_section: float, transmission: float) -> np.ndarray[Any, Any]:
    """Counts of a scatterer that is the same in all directions: M(λ) T Ω times it."""
    row, column = np.indices((SIDE, SIDE))
    middle = (SIDE - 1) / 2
    x, y = (column.ravel() - middle) * PIXEL, (row.ravel() - middle) * PIXEL
    away = np.sqrt(x**2 + y**2 + DISTANCE**2)
    omega = PIXEL**2 * DISTANCE / away**3
    lam = wavelength(TIMES[None, :], (SOURCE + away)[:, None])
    share = flux((lam[:, 1:] + lam[:, :-1]) / 2) * np.diff(lam, axis=1)
    return np.asarray(np.round(cross_section * transmission * omega[:, None] * share), dtype=np.int64)


def write(
    path: Path, detector: np.ndarray[Any, Any], *, behind: float | None = None, name: bytes = b"TEST", **changed: Any
) -> Path:
    """A file as ISIS writes it; `behind` makes it a transmission run."""
    with h5py.File(path, "w") as file:
        entry = file.create_group("raw_data_1")
        entry.attrs["NX_class"] = "NXentry"
        entry["instrument/name"] = np.array([name])
        entry["instrument/moderator/distance"] = np.array([-SOURCE])
        entry["instrument/moderator/distance"].attrs["units"] = "metre"
        entry["title"] = np.array([path.stem.encode()])
        entry["isis_vms_compat/SPEC"] = np.arange(1, 9)
        entry["isis_vms_compat/LEN2"] = np.array([LENGTHS[1], LENGTHS[2], LENGTHS[3], *[11.0] * 5])
        for number in (1, 2):
            counts = monitor(number, changed.get("monitor", 1.0))
            group = entry.create_group(f"monitor_{number}")
            group["data"] = counts[None, None, :]
            group["spectrum_index"] = np.array([number])
            group["time_of_flight"] = TIMES
        group = entry.create_group("detector_1")
        group.attrs["NX_class"] = "NXdetector"
        first = 3 if behind is not None else changed.get("first", 3)
        rows = monitor(3, behind)[None, :] if behind is not None else detector
        group["counts"] = rows[None]
        group["spectrum_index"] = np.arange(first, first + len(rows))
        group["time_of_flight"] = TIMES
        group["time_of_flight"].attrs["units"] = "microseconds"
    return path


def given(path: Path) -> dict[str, Any]:
    return {"pid": path.stem, "title": path.stem, "files": [str(path)], "format": "nexus", "arrays": []}


def curve(run: RecipeRun) -> tuple[np.ndarray[Any, Any], ...]:
    assert run.code == 0, run.log
    with h5py.File(run.result) as file:
        plot = file["entry/I_of_Q"]
        return plot["Q"][()], plot["I"][()], plot["Idev"][()]


class TestSansReduce(RecipeConformance):
    recipe = RECIPE
    copes_with: ClassVar[Mapping[str, str]] = {"flat": "a run of one period is often stored without that axis"}
    parameters: Mapping[str, Any] = GEOMETRY

    def make_inputs(self, folder: Path) -> dict[str, list[Any]]:
        folder.mkdir(parents=True, exist_ok=True)
        none = np.zeros((1, len(TIMES) - 1), dtype=np.int64)
        return {
            "sample": [given(write(folder / "sample.nxs", scattered(TRUTH, TRANSMISSION)))],
            "transmission": [given(write(folder / "trans.nxs", none, behind=TRANSMISSION))],
            "direct": [given(write(folder / "direct.nxs", none, behind=1.0))],
        }

    def check_result(self, result: h5py.File) -> None:
        """The known cross section comes out, of 1 cm of sample, at every Q and wavelength."""
        intensity = result["entry/I_of_Q/I"][()]
        np.testing.assert_allclose(intensity, TRUTH, rtol=0.02)
        np.testing.assert_allclose(result["entry/transmission/T"][()], TRANSMISSION, rtol=1e-3)
        for name in ("I_1", "I_2", "I_3", "I_4"):
            band = result[f"entry/wavelength_bands/{name}"][()]
            np.testing.assert_allclose(band[np.isfinite(band)], TRUTH, rtol=0.06)
        assert result["entry/measurement/absolute"][()] == 0
        assert b"not absolute" in result["entry/title"][()]
        assert result["entry/I_of_Q/I"].attrs["units"] == ""

    def test_it_equals_esssans_called_directly(self, tmp_path: Path) -> None:
        inputs = self.make_inputs(tmp_path)
        run = self.run(tmp_path, inputs, q_min=0.01, q_max=0.15)
        q, intensity, sigma = curve(run)
        golden = tmp_path / "golden.json"
        names = [str(inputs[slot][0]["files"][0]) for slot in ("sample", "transmission", "direct")]
        numbers = [str(number) for number in (PIXEL, DISTANCE, 0.01, 0.15)]
        python = str(_runtime().environments.ensure("neutron").python)
        done = subprocess.run(
            [python, str(RECIPE / "tests/golden.py"), *names, str(golden), *numbers],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        expected = json.loads(golden.read_text())
        edges, values = np.array(expected["Q"]), np.array(expected["I"])
        good = np.isfinite(values)
        np.testing.assert_allclose(q, ((edges[1:] + edges[:-1]) / 2)[good], rtol=1e-12)
        np.testing.assert_allclose(intensity, values[good], rtol=1e-9)
        np.testing.assert_allclose(sigma**2, np.array(expected["variance"])[good], rtol=1e-9)

    def test_the_background_is_subtracted(self, tmp_path: Path) -> None:
        inputs = self.make_inputs(tmp_path)
        none = np.zeros((1, len(TIMES) - 1), dtype=np.int64)
        cell = write(tmp_path / "cell.nxs", scattered(0.2, 0.9))
        inputs["background"] = [given(cell)]
        inputs["background_transmission"] = [given(write(tmp_path / "cell-trans.nxs", none, behind=0.9))]
        _, intensity, _ = curve(self.run(tmp_path, inputs))
        np.testing.assert_allclose(intensity, TRUTH - 0.2, rtol=0.03)

    def test_it_is_absolute_with_transmission_flood_factor_and_thickness(self, tmp_path: Path) -> None:
        inputs = self.make_inputs(tmp_path)
        efficiency = np.linspace(0.5, 1.5, SIDE * SIDE)
        uneven = np.round(scattered(TRUTH, TRANSMISSION) * efficiency[:, None]).astype(np.int64)
        inputs["sample"] = [given(write(tmp_path / "uneven.nxs", uneven))]
        flood = np.round(scattered(1.0, 1.0) * 100 * efficiency[:, None]).astype(np.int64)
        with h5py.File(tmp_path / "flood.nxs", "w") as file:
            file["entry/data"] = efficiency.reshape(SIDE, SIDE)
        assert flood.any()
        inputs["flood"] = [
            {
                **given(tmp_path / "flood.nxs"),
                "arrays": [{"path": "/entry/data", "shape": [SIDE, SIDE], "dtype": "<f8", "is_default": True}],
            }
        ]
        run = self.run(tmp_path, inputs, scale=2.0, thickness=2.0)
        _, intensity, _ = curve(run)
        np.testing.assert_allclose(intensity, TRUTH * 2.0 / 0.2, rtol=0.03)
        assert not any("not absolute" in warning for warning in run.warnings)
        with h5py.File(run.result) as file:
            assert file["entry/I_of_Q/I"].attrs["units"] == "1/cm"
            assert file["entry/measurement/absolute"][()] == 1

    def test_the_resolution_is_told_and_worst_at_small_q(self, tmp_path: Path) -> None:
        """Collimation rules at small Q, the spread of the wavelength at large Q."""
        run = self.run(tmp_path, source_aperture=20.0, sample_aperture=8.0, collimation=8.0)
        assert run.code == 0, run.log
        with h5py.File(run.result) as file:
            plot = file["entry/I_of_Q"]
            assert plot["Q"].attrs["resolutions"] == "Qdev"
            relative = plot["Qdev"][()] / plot["Q"][()]
        assert (relative > 0).all()
        assert relative[0] > 3 * relative[-1]

    def test_the_beam_centre_is_found(self, tmp_path: Path) -> None:
        row, column = np.indices((SIDE, SIDE))
        near = np.exp(-(((column - 20) ** 2 + (row - 27) ** 2) / 60)).ravel()
        peaked = np.round(scattered(TRUTH, 1.0) * (0.02 + near[:, None])).astype(np.int64)
        inputs = {"sample": [given(write(tmp_path / "peaked.nxs", peaked))]}
        run = self.run(tmp_path, inputs, centre_x=None, centre_y=None, beam_stop=0)
        assert run.code == 0, run.log
        with h5py.File(run.result) as file:
            np.testing.assert_allclose(file["entry/measurement/beam_centre"][()], (20, 27), atol=0.3)
        assert any("found from the counts" in warning for warning in run.warnings)

    @pytest.mark.parametrize(
        ("parameters", "field", "word"),
        [
            ({"wavelength_min": 20.0, "wavelength_max": 30.0}, "wavelength_min", "range"),
            ({"q_min": 5.0}, "q_min", "detector sees"),
            ({"beam_stop": 5000.0}, "beam_stop", "No pixel is left"),
            ({"incident_monitor": 7}, "incident_monitor", "no spectrum 7"),
            ({"source_aperture": 10.0, "sample_aperture": 5.0}, "collimation", "length of the collimation"),
            ({"distance": None}, "distance", "how far"),
            ({"pixel_size": None}, "pixel_size", "how large"),
        ],
    )
    def test_what_can_not_be_names_the_field(
        self, tmp_path: Path, parameters: dict[str, Any], field: str, word: str
    ) -> None:
        run = self.run(tmp_path, **parameters)
        assert run.code == 1, run.log
        assert word in run.failure["what"]
        assert run.failure["field"] == field

    def test_a_monitor_that_counted_nothing_is_named(self, tmp_path: Path) -> None:
        inputs = {"sample": [given(write(tmp_path / "dark.nxs", scattered(TRUTH, 1.0), monitor=0.0))]}
        run = self.run(tmp_path, inputs)
        assert run.failure["field"] == "incident_monitor"
        assert "counted nothing" in run.failure["what"]

    def test_a_transmission_without_direct_beam_is_refused(self, tmp_path: Path) -> None:
        inputs = self.make_inputs(tmp_path)
        del inputs["direct"]
        assert self.run(tmp_path, inputs).failure["field"] == "direct"

    def test_a_detector_that_counted_nothing_is_named(self, tmp_path: Path) -> None:
        inputs = {"sample": [given(write(tmp_path / "nothing.nxs", 0 * scattered(TRUTH, 1.0)))]}
        run = self.run(tmp_path, inputs)
        assert run.failure["field"] == "sample"

    @measured
    def test_loq_is_labelled_not_absolute_and_its_wavelengths_agree(self, tmp_path: Path) -> None:
        """An empty foil packet: hardly absorbing, and below 0.02 1/Å the same for all wavelengths within a third."""
        inputs = {
            "sample": [given(DATA / "LOQ74019.nxs")],
            "transmission": [given(DATA / "LOQ74020.nxs")],
            "direct": [given(DATA / "LOQ74014.nxs")],
        }
        run = self.run(tmp_path, inputs, pixel_size=None, distance=None, centre_x=None, centre_y=None)
        q, intensity, sigma = curve(run)
        assert any("not absolute" in warning for warning in run.warnings)
        assert 0.006 < q[0] < 0.008
        assert 0.27 < q[-1] < 0.31
        middle = (q > 0.05) & (q < 0.15)
        assert (sigma[middle] / intensity[middle]).max() < 0.06
        with h5py.File(run.result) as file:
            transmission = file["entry/transmission/T"][()]
            assert 0.96 < np.median(transmission) < 1.02
            np.testing.assert_allclose(file["entry/measurement/beam_centre"][()], (64, 66.5), atol=2)
            bands = np.array([file[f"entry/wavelength_bands/I_{number}"][()] for number in (2, 3, 4)])
        both = np.isfinite(bands).all(axis=0)
        steep = both & (np.nan_to_num(bands).mean(axis=0) > 15)
        assert steep.sum() >= 3
        assert (bands[:, steep].std(axis=0) / bands[:, steep].mean(axis=0)).mean() < 0.33

    @measured
    def test_a_transmission_run_is_not_taken_for_scattering(self, tmp_path: Path) -> None:
        run = self.run(tmp_path, {"sample": [given(DATA / "LOQ74020.nxs")]})
        assert run.failure["field"] == "sample"
        assert "transmission run" in run.failure["what"]

    @measured
    def test_one_wavelength_takes_centre_and_wavelength_from_the_file(self, tmp_path: Path) -> None:
        """Vesicles at SANS-I (PSI): 6.0 Å, beam centre as the instrument wrote it."""
        inputs = {"sample": [given(DATA / "PSI_SANS_2009n012333.hdf")]}
        options = {"pixel_size": 7.5, "distance": None, "centre_x": None, "centre_y": None, "transmission_value": 0.8}
        run = self.run(tmp_path, inputs, **options)
        q, intensity, _ = curve(run)
        with h5py.File(run.result) as file:
            np.testing.assert_allclose(file["entry/measurement/beam_centre"][()], (61.48, 63.16), atol=1e-3)
            assert "wavelength_bands" not in file["entry"]
        corner = 4 * np.pi / 6.0 * np.sin(np.arctan(np.hypot(59.5, 61.2) * 0.0075 / 2.0) / 2)
        assert q[-1] == pytest.approx(corner, rel=0.05)
        assert q[int(np.argmax(intensity))] < 0.05
