"""Against xraylarch called directly on measured FeO, and against an edge with one shell of known distance."""

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
MEASURED = RECIPE.parents[2] / "shared/data/xas"
FEO = MEASURED / "feo_exafs_pnccat2001.dat"
E0, STEP, DISTANCE = 8979.0, 0.8, 2.5
K2 = 0.2624683  # k² = K2 (E - E0), 1/(Å² eV)


def absorption(energy: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """A copper-like edge of known step with one shell of neighbours, without phase shift."""
    k = np.sqrt(K2 * np.maximum(energy - E0, 0))
    shell = 0.6 * np.sin(2 * k * DISTANCE) * np.exp(-2 * 0.006 * k**2) / np.maximum(k, 1) ** 1.5
    edge = 0.5 + np.arctan((energy - E0) / 1.5) / np.pi
    return np.asarray(1.2 - 4e-4 * (energy - E0) + STEP * edge * (1 + shell * (k > 2)))


def energies() -> np.ndarray[Any, Any]:
    beyond = E0 + np.arange(2.0, 14, 0.05) ** 2 / K2
    return np.concatenate([np.arange(E0 - 180, E0 - 20, 5.0), np.arange(E0 - 20, E0 + 15, 0.4), beyond])


def write(path: Path, energy: np.ndarray[Any, Any] | None = None, *, zero_i0: int = 0, head: str = "") -> Path:
    energy = energies() if energy is None else energy
    i0 = np.full(len(energy), 1e5)
    table = np.column_stack([energy, i0, i0 * np.exp(-absorption(energy)), 0.1 * i0 * absorption(energy)])
    table[:zero_i0, 1] = 0
    np.savetxt(path, table, header=head or "energy  i0  itrans  ifluor", fmt="%.10g")
    return path


def given(path: Path) -> dict[str, Any]:
    return {"pid": path.stem, "title": path.stem, "files": [str(path)], "format": "text", "arrays": []}


def results(run: RecipeRun) -> Mapping[str, Any]:
    assert run.code == 0, run.log
    with h5py.File(run.result) as file:
        return {name: node[()] for name, node in file["entry/results"].items()}


class TestXasReduce(RecipeConformance):
    recipe = RECIPE
    parameters: Mapping[str, Any] = {"k_max": 12}

    def make_inputs(self, folder: Path) -> dict[str, list[Any]]:
        folder.mkdir(parents=True, exist_ok=True)
        return {"scan": [given(write(folder / "copper.dat"))]}

    def check_result(self, result: h5py.File) -> None:
        found = result["entry/results"]
        assert found["E0"][()] == pytest.approx(E0, abs=0.5)
        assert found["edge_step"][()] == pytest.approx(STEP, rel=0.03)
        assert (found["element"][()], found["edge"][()]) == (b"Cu", b"K")
        assert found["highest_peak"][()] == pytest.approx(DISTANCE, abs=0.05)  # this edge has no phase shift
        flat, energy = result["entry/normalised/normalised_mu"][()], result["entry/normalised/energy"][()]
        assert np.abs(flat[energy < E0 - 50]).max() < 0.02
        assert np.mean(flat[energy > E0 + 100]) == pytest.approx(1, abs=0.02)

    def test_fluorescence_gives_the_same_edge(self, tmp_path: Path) -> None:
        found = results(self.run(tmp_path, measured="fluorescence"))
        assert found["mu_is"] == b"(ifluor) / i0"
        assert found["E0"] == pytest.approx(E0, abs=0.5)

    def test_columns_can_be_named_by_number_and_energies_be_in_kev(self, tmp_path: Path) -> None:
        path = write(tmp_path / "plain.dat", head="nothing that names columns")
        table = np.loadtxt(path)
        np.savetxt(path, np.column_stack([table[:, 2], table[:, 0] / 1000, table[:, 1]]), fmt="%.12g")
        options = {"energy_column": "2", "signal_columns": "1", "i0_column": "3", "measured": "transmission"}
        found = results(self.run(tmp_path / "run", {"scan": [given(path)]}, **options))
        assert found["E0"] == pytest.approx(E0, abs=0.5)

    def test_a_few_points_without_beam_are_left_out_and_said(self, tmp_path: Path) -> None:
        run = self.run(tmp_path / "run", {"scan": [given(write(tmp_path / "gap.dat", zero_i0=4))]})
        assert any("4 of" in warning for warning in run.warnings), run.warnings
        assert results(run)["E0"] == pytest.approx(E0, abs=0.5)

    def test_zero_i0_is_refused(self, tmp_path: Path) -> None:
        path = write(tmp_path / "dark.dat", zero_i0=10_000)
        run = self.run(tmp_path / "run", {"scan": [given(path)]})
        assert run.failure["field"] == "i0_column"
        assert "Only 0 of" in run.failure["what"]

    def test_a_scan_that_stops_at_its_edge_is_refused(self, tmp_path: Path) -> None:
        path = write(tmp_path / "stopped.dat", np.arange(E0 - 180, E0 + 3, 1.0))
        run = self.run(tmp_path / "run", {"scan": [given(path)]})
        assert run.failure["field"] == "scan"
        assert "beyond the edge" in run.failure["what"]

    def test_exchanged_columns_are_said(self, tmp_path: Path) -> None:
        run = self.run(tmp_path, measured="transmission", signal_columns="i0", i0_column="itrans", e0=E0)
        assert run.failure["field"] == "measured"

    @pytest.mark.parametrize(
        ("parameters", "field", "word"),
        [
            ({"e0": 20_000.0}, "e0", "outside of the scan"),
            ({"k_min": 29.0, "k_max": None}, "k_min", "The data end at"),
            ({"signal_columns": "nowhere"}, "signal_columns", "There is no column"),
            ({"post_edge_from": 4e4}, "post_edge_from", "the scan ends"),
            ({"k_min": 12.0, "k_max": 3.0}, None, "larger than"),
        ],
    )
    def test_what_can_not_be_names_the_field(
        self, tmp_path: Path, parameters: dict[str, Any], field: str | None, word: str
    ) -> None:
        run = self.run(tmp_path, **parameters)
        assert run.code == 1
        assert word in run.failure["what"]
        assert field is None or run.failure["field"] == field

    def test_an_image_is_refused(self, tmp_path: Path) -> None:
        path = tmp_path / "image.nxs"
        with h5py.File(path, "w") as file:
            file["data"] = np.zeros((30, 40))
        array = {"path": "/data", "shape": [30, 40], "dtype": "<f8", "is_default": True}
        inputs = {"scan": [{**given(path), "format": "nexus", "arrays": [array]}]}
        assert self.run(tmp_path / "run", inputs).failure["field"] == "scan"

    @pytest.mark.skipif(not MEASURED.is_dir(), reason="shared data absent")
    def test_measured_feo_equals_xraylarch_and_the_literature(self, tmp_path: Path) -> None:
        run = self.run(tmp_path, {"scan": [given(FEO)]}, k_max=10.0)
        assert results(run)["E0"] == pytest.approx(7122.9, abs=0.2)
        golden = tmp_path / "golden.json"
        python = str(_runtime().environments.ensure("spectroscopy").python)
        subprocess.run([python, str(RECIPE / "tests/golden.py"), str(FEO), str(golden)], check=True)
        expected = json.loads(golden.read_text())
        assert results(run)["edge_step"] == pytest.approx(expected["edge_step"], rel=1e-9)
        with h5py.File(run.result) as file:
            for path, name in (
                ("normalised/normalised_mu", "normalised"),
                ("chi_k/chi", "chi"),
                ("chi_R/chi_magnitude", "magnitude"),
            ):
                np.testing.assert_allclose(file[f"entry/{path}"][()], expected[name], rtol=1e-6, atol=1e-9)

    @pytest.mark.skipif(not MEASURED.is_dir(), reason="shared data absent")
    def test_a_measured_scan_that_was_stopped_says_so(self, tmp_path: Path) -> None:
        run = self.run(tmp_path, {"scan": [given(MEASURED / "fe_xanes_8ch.xdi")]})
        assert "7012 to 7108.6 eV" in run.failure["what"]
