"""Against a map with known counts per element, against xraylarch called directly, and on a measured catalyst."""

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
MEASURED = RECIPE.parents[2] / "shared/data/xrf"
ENERGY = np.arange(600) * 0.02
LINES = {"Ca": ((3.691, 0.88), (4.013, 0.12)), "Fe": ((6.40, 0.88), (7.058, 0.12))}  # keV and share of the counts
ROWS, COLUMNS = 4, 6
IRON, CALCIUM = 2000.0, 800.0  # counts per pixel in the left and in the right half


def write(
    path: Path, *, energy: bool = True, counts: Any = None, unit: str = "keV", factor: float = 1, grid: bool = False
) -> Path:
    with h5py.File(path, "w") as file:
        file.attrs["default"] = "entry"
        entry = file.create_group("entry")
        entry.attrs.update({"NX_class": "NXentry", "default": "data"})
        data = entry.create_group("data")
        data.attrs.update({"NX_class": "NXdata", "signal": "counts", "axes": ["y", "x", "energy"]})
        data["counts"] = simulated() if counts is None else counts
        data["x"], data["y"] = 0.1 * np.arange(COLUMNS), 0.2 * np.arange(ROWS)
        data["x"].attrs["units"] = "mm"
        if energy:
            channels = data["counts"].shape[-1]
            data["energy"] = ENERGY[:channels] * factor * (1000 if unit == "eV" else 1)
            data["energy"].attrs["units"] = unit
        if grid:  # the position of every pixel
            y, x = np.meshgrid(data["y"][()], data["x"][()], indexing="ij")
            del data["x"], data["y"]
            data["x"], data["y"] = x, y
            data.attrs["axes"] = ["x", "y", "energy"]
    return path


def simulated() -> Any:
    rate = np.full((ROWS, COLUMNS, len(ENERGY)), 0.02)
    rate[:, :3] += IRON * spectrum("Fe")
    rate[:, 3:] += CALCIUM * spectrum("Ca")
    return np.random.default_rng(7).poisson(rate).astype(float)


def scattered() -> Any:
    """With the scattered beam of 11 keV, which is most of it."""
    return simulated() + np.random.default_rng(8).poisson(20_000 * peak(11.0), simulated().shape)


def spectrum(name: str) -> Any:
    return sum(share * peak(line) for line, share in LINES[name])


def peak(line: float) -> Any:
    sigma = np.hypot(0.04, np.sqrt(0.00042 * line))
    return 0.02 * np.exp(-0.5 * ((ENERGY - line) / sigma) ** 2) / sigma / np.sqrt(2 * np.pi)


def given(path: Path, array: str = "/entry/data/counts", shape: tuple[int, ...] = (4, 6, 600)) -> dict[str, Any]:
    arrays = [{"path": array, "shape": list(shape), "dtype": "<f8", "is_default": True}]
    return {"pid": path.stem, "title": path.stem, "files": [str(path)], "format": "nexus", "arrays": arrays}


def table(run: RecipeRun) -> dict[str, float]:
    assert run.code == 0, run.log
    with h5py.File(run.result) as file:
        group = file["entry/elements"]
        return {name.decode(): float(n) for name, n in zip(group["name"][()], group["counts"][()], strict=True)}


class TestXrfMap(RecipeConformance):
    recipe = RECIPE
    copes_with: ClassVar[Mapping[str, str]] = {"flat": "a line of spectra is a map of one row"}
    parameters: Mapping[str, Any] = {
        "photon_energy": 11.0,
        "elements": ["Ca", "Fe"],
        "scatter": "none",
        "background": False,
    }

    def make_inputs(self, folder: Path) -> dict[str, list[Any]]:
        folder.mkdir(parents=True, exist_ok=True)
        return {"map": [given(write(folder / "map.nxs"))]}

    def check_result(self, result: h5py.File) -> None:
        for name, left, right in (("Fe", IRON, 0), ("Ca", 0, CALCIUM)):
            counts = result[f"entry/map_{name}/counts"][()]
            sigma = result[f"entry/map_{name}/counts_errors"][()]
            assert counts[:, :3].mean() == pytest.approx(left, rel=0.04, abs=30)
            assert counts[:, 3:].mean() == pytest.approx(right, rel=0.04, abs=30)
            bright = counts > 500
            assert np.std(counts[bright]) == pytest.approx(sigma[bright].mean(), rel=0.6)
        assert result["entry"].attrs["default"] == "map_Fe"
        np.testing.assert_allclose(result["entry/map_Fe/x"][()], 0.1 * np.arange(COLUMNS))

    def test_energies_in_ev_give_the_same(self, tmp_path: Path) -> None:
        found = table(self.run(tmp_path / "run", {"map": [given(write(tmp_path / "ev.nxs", unit="eV"))]}))
        assert found["Fe"] == pytest.approx(IRON * ROWS * 3, rel=0.04)

    def test_positions_of_every_pixel_are_the_axes_of_the_map(self, tmp_path: Path) -> None:
        run = self.run(tmp_path / "run", {"map": [given(write(tmp_path / "grid.nxs", grid=True))]})
        assert run.code == 0, run.log
        with h5py.File(run.result) as file:
            axes = list(file["entry/map_Fe"].attrs["axes"])
            assert axes == ["y", "x"]
            np.testing.assert_allclose(file["entry/map_Fe/y"][()], 0.2 * np.arange(ROWS))

    def test_where_the_file_has_no_positions_pixels_are_counted_and_said_so(self, tmp_path: Path) -> None:
        path = write(tmp_path / "bare.nxs")
        with h5py.File(path, "r+") as file:
            del file["entry/data/x"]
        run = self.run(tmp_path / "run", {"map": [given(path)]})
        assert run.code == 0, run.log
        with h5py.File(run.result) as file:
            group = file["entry/map_Fe"]
            assert list(group.attrs["axes"]) == ["y", "column"]
            assert group["y"].attrs["long_name"] == "y (the file names no unit)"
            assert group["column"].attrs["long_name"] == "Column (pixel)"
            assert group["column"][()].tolist() == list(range(COLUMNS))

    def test_energies_wrong_by_a_factor_are_found_by_the_scattered_beam_and_said(self, tmp_path: Path) -> None:
        path = write(tmp_path / "double.nxs", counts=scattered(), factor=2)
        run = self.run(tmp_path / "run", {"map": [given(path)]}, scatter="elastic")
        assert any("energies were taken times 0.5," in warning for warning in run.warnings), run.warnings
        assert table(run)["Fe"] == pytest.approx(IRON * ROWS * 3, rel=0.04)

    def test_a_factor_of_the_energies_that_is_given_is_taken(self, tmp_path: Path) -> None:
        path = write(tmp_path / "double.nxs", counts=scattered(), factor=2)
        run = self.run(tmp_path / "run", {"map": [given(path)]}, scatter="elastic", energy_factor=0.5)
        assert not run.warnings
        assert table(run)["Fe"] == pytest.approx(IRON * ROWS * 3, rel=0.04)

    def test_a_beam_of_too_little_energy_is_refused_where_the_file_is_right(self, tmp_path: Path) -> None:
        path = write(tmp_path / "scattered.nxs", counts=scattered())
        run = self.run(tmp_path / "run", {"map": [given(path)]}, scatter="elastic", photon_energy=7.3)
        assert run.failure["field"] == "photon_energy"
        assert "ends with a peak at 11" in run.failure["what"]

    def test_spectra_that_end_at_the_beam_lose_nothing(self, tmp_path: Path) -> None:
        """xraylarch calculates nothing in the last 1.74 keV of what it gets."""
        path = write(tmp_path / "short.nxs", counts=simulated()[..., :380])
        run = self.run(tmp_path / "run", {"map": [given(path, shape=(4, 6, 380))]}, photon_energy=7.4)
        assert table(run)["Fe"] == pytest.approx(IRON * ROWS * 3, rel=0.04)

    def test_it_equals_xraylarch_called_directly(self, tmp_path: Path) -> None:
        run = self.run(tmp_path)
        golden = tmp_path / "golden.json"
        python = str(_runtime().environments.ensure("spectroscopy").python)
        argv = [python, str(RECIPE / "tests/golden.py"), str(tmp_path / "map.nxs"), "11", str(golden), "Ca", "Fe"]
        subprocess.run(argv, check=True, capture_output=True)
        assert run.code == 0, run.log
        with h5py.File(run.result) as file:
            for name, expected in json.loads(golden.read_text()).items():
                # Both fit the summed spectrum to its minimum, from other starts.
                np.testing.assert_allclose(file[f"entry/map_{name}/counts"][()], expected, rtol=1e-4, atol=0.1)

    def test_the_energy_of_the_beam_is_asked_for_where_the_file_lacks_it(self, schema: dict[str, Any]) -> None:
        assert schema["required"] == ["photon_energy"]
        assert schema["properties"]["photon_energy"]["from"] == ["photon_energy"]

    def test_what_the_beam_does_not_excite_is_left_out_and_said(self, tmp_path: Path) -> None:
        run = self.run(tmp_path, elements=["Fe", "Mg"])
        assert any("Mg" in warning for warning in run.warnings), run.warnings
        assert list(table(run)) == ["Fe"]

    def test_counts_that_are_no_numbers_are_said(self, tmp_path: Path) -> None:
        counts = simulated()
        counts[0, 0, :10] = np.nan
        run = self.run(tmp_path / "run", {"map": [given(write(tmp_path / "nan.nxs", counts=counts))]})
        assert any("10 counts are no numbers" in warning for warning in run.warnings), run.warnings

    @pytest.mark.parametrize(
        ("parameters", "field", "word"),
        [
            ({"photon_energy": 1.6}, "photon_energy", "hardly more"),
            ({"elements": ["Mg"]}, "elements", "None of the elements"),
            ({"elements": ["Xx"]}, None, "no chemical element"),
            ({"energy_from": 3.0, "energy_to": 2.0}, None, "larger than"),
        ],
    )
    def test_what_can_not_be_names_the_field(
        self, tmp_path: Path, parameters: dict[str, Any], field: str | None, word: str
    ) -> None:
        run = self.run(tmp_path, **parameters)
        assert run.code == 1
        assert word in run.failure["what"]
        assert field is None or run.failure["field"] == field

    @pytest.mark.parametrize("kind", ["empty", "no energy", "image"])
    def test_what_is_no_map_of_spectra_is_refused(self, tmp_path: Path, kind: str) -> None:
        path = tmp_path / "odd.nxs"
        if kind == "empty":
            one = given(write(path, counts=np.zeros((ROWS, COLUMNS, 600))))
        elif kind == "no energy":
            one = given(write(path, energy=False))
        else:
            one = given(write(path, counts=np.ones((30, 5))), shape=(30, 5))
        assert self.run(tmp_path / "run", {"map": [one]}).failure["field"] == "map"

    @pytest.mark.skipif(not MEASURED.is_dir(), reason="shared data absent")
    def test_a_measured_map_whose_energies_are_twice_the_true_ones_comes_to_its_end(self, tmp_path: Path) -> None:
        """Diamond, 11 keV, 18 × 18 spectra; with all that the form offers. Its fit once had no end."""
        path = MEASURED / "DLS_testfluo2_18x18_map.nxs"
        one = given(path, "/entry1/fluo_entry/data/data", (18, 18, 512))
        elements = ["P", "S", "Cl", "Ar", "K", "Ca", "Ti", "V", "Cr", "Mn", "Fe", "Co", "Ni", "Cu", "Zn"]
        run = self.run(tmp_path, {"map": [one]}, elements=elements, scatter="both", background=True)
        assert any("84% of the counts lie above" in warning for warning in run.warnings), run.warnings
        found = table(run)
        assert sorted(found, key=lambda name: -found[name])[:3] == ["Ar", "Ca", "Cl"]
        for name, counts in {"Ar": 876_000, "Ca": 125_000, "Zn": 71_600, "Fe": 60_400, "Cu": 47_400}.items():
            assert found[name] == pytest.approx(counts, rel=0.03)

    @pytest.mark.full
    @pytest.mark.skipif(not MEASURED.is_dir(), reason="shared data absent")
    def test_a_measured_catalyst_is_of_copper_and_zinc(self, tmp_path: Path) -> None:
        """DLS I18, 17 keV: the catalyst's copper and zinc, with iron and nickel a tenth and less of them."""
        path = MEASURED / "DLS_I18_multimodal_mm.nxs"
        one = given(path, "/entry1/fluo_entry/data/data", (2, 2, 2, 4096))
        options = {"photon_energy": 17.0, "scatter": "both", "background": True}
        elements = ["Ar", "Br", "Ca", "Cr", "Fe", "Ni", "Cu", "Zn", "Pb"]
        found = table(self.run(tmp_path, {"map": [one]}, elements=elements, **options))
        assert found["Zn"] == pytest.approx(32_200, rel=0.05)
        assert found["Cu"] == pytest.approx(19_500, rel=0.05)
        assert max(found[name] for name in ("Fe", "Ni", "Cr")) < 0.12 * found["Zn"]
