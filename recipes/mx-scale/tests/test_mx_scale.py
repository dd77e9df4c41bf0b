"""The mechanics with a stand-in for DIALS; where DIALS is installed, L-cysteine of Diamond against it called directly."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import h5py
import numpy as np
import pytest

from pandaas.testing.recipes import RecipeConformance, assert_told, run_recipe, spoilt

pytestmark = [pytest.mark.recipe, pytest.mark.filterwarnings("ignore:Class-scoped fixtures defined")]

HERE = Path(__file__).parent
MEASURED = HERE.parents[2] / "../shared/data/mx"


def sweep(folder: Path, name: str = "sweep", table: str = "reflection_table") -> dict[str, list[Path]]:
    folder.mkdir(parents=True, exist_ok=True)
    files = {"experiments": folder / f"{name}.expt", "reflections": folder / f"{name}.refl"}
    files["experiments"].write_text('{"__id__": "ExperimentList"}')
    files["reflections"].write_text(table)
    return {slot: [file] for slot, file in files.items()}


class TestMxScale(RecipeConformance):
    recipe = HERE.parent
    program = HERE / "stand-in/dials.find_spots"

    def make_inputs(self, folder: Path) -> dict[str, list[Path]]:
        return sweep(folder)

    def check_result(self, result: h5py.File) -> None:
        found = result["entry/results"]
        assert found["cc_half"][()] == pytest.approx(0.9995)
        assert found["r_merge"][()] == pytest.approx(0.0276)
        curve = result["entry/cc_half"]
        assert curve["cc_half"][()].tolist() == [1.0, 0.99]
        assert "cc_anomalous" not in curve
        assert np.isnan(result["entry/cc_anomalous/cc_anomalous"][1])
        np.testing.assert_allclose(curve["inverse_d"][()], [0.5, 1.0])
        assert result["entry/completeness/completeness"].attrs["units"] == "%"

    def test_merged_and_scaled_files_are_kept(self, tmp_path: Path) -> None:
        run = self.run(tmp_path)
        assert {file.name for file in (run.output / "files").iterdir()} >= {"merged.mtz", "scaled.expt", "scaled.refl"}

    def test_choices_become_arguments(self, tmp_path: Path) -> None:
        run = self.run(tmp_path, model="KB", d_min=0.8, anomalous=True, bins=7, merge=False)
        said = (run.output / "files/dials.scale.log").read_text().split()
        assert {"model=KB", "cut_data.d_min=0.8", "anomalous=True", "merging.nbins=7"} <= set(said)
        assert not (run.output / "files/merged.mtz").exists()

    def test_an_experiment_without_its_reflections_is_refused(self, tmp_path: Path) -> None:
        inputs = self.make_inputs(tmp_path)
        inputs["experiments"] += sweep(tmp_path, "second")["experiments"]
        run = self.run(tmp_path / "run", inputs)
        assert run.failure["field"] == "reflections"
        assert "2 files of experiments and 1 of reflections" in run.failure["what"]

    def test_its_failure_is_said_in_its_words(self, tmp_path: Path) -> None:
        run = self.run(tmp_path / "run", sweep(tmp_path, table="nothing"))
        assert run.failure["field"] == "reflections"
        assert "holds no reflections" in run.failure["what"]

    @pytest.mark.full
    @pytest.mark.timeout(900)
    @pytest.mark.skipif(not Path("/usr/bin/dials.scale").exists(), reason="DIALS absent: apt-get install dials")
    @pytest.mark.skipif(not MEASURED.is_dir(), reason="shared data absent")
    def test_l_cysteine_equals_dials_called_directly(self, tmp_path: Path) -> None:
        """The sweep of four that is at hand. All of them together give Rmerge 0.034 and CC½ 1.000."""
        files = {
            slot: [MEASURED.resolve() / f"lcys_scaled_20_25.{ending}"]
            for slot, ending in (("experiments", "expt"), ("reflections", "refl"))
        }
        run = run_recipe(self.recipe, tmp_path, files, {})
        assert run.code == 0, run.log
        with h5py.File(run.result) as file:
            found = {name: node[()] for name, node in file["entry/results"].items()}
        assert found["cc_half"] == pytest.approx(0.9995, abs=0.0005)
        assert found["r_merge"] == pytest.approx(0.0276, abs=0.001)
        assert (run.output / "files/merged.mtz").stat().st_size > 50_000
        work = tmp_path / "direct"
        work.mkdir()
        words = [str(file) for slot in files.values() for file in slot]
        subprocess.run(
            ["dials.scale", *words, "output.html=None", "output.json=s.json", "merging.nbins=20"],
            cwd=work,
            check=True,
            capture_output=True,
        )
        tables = json.loads((work / "s.json").read_text())["scaling_tables"]["overall_summary_data"]
        assert found["r_merge"] == pytest.approx(float(tables["Rmerge(I)"].split("(")[0]), abs=1e-4)
        assert found["cc_half"] == pytest.approx(float(tables["CC-half"].split("(")[0]), abs=2e-4)
        shutil.rmtree(work)

    @pytest.mark.full
    @pytest.mark.timeout(300)
    @pytest.mark.skipif(not Path("/usr/bin/dials.scale").exists(), reason="DIALS absent: apt-get install dials")
    @pytest.mark.skipif(not MEASURED.is_dir(), reason="shared data absent")
    @pytest.mark.parametrize("slot", ["experiments", "reflections"])
    @pytest.mark.parametrize("kind", ["empty", "torn"])
    def test_damaged_files_are_told_in_words_by_dials_itself(self, kind: str, slot: str, tmp_path: Path) -> None:
        good = {
            name: [MEASURED.resolve() / f"lcys_scaled_20_25.{ending}"]
            for name, ending in (("experiments", "expt"), ("reflections", "refl"))
        }
        bad = spoilt(slot, good[slot], kind, tmp_path / "bad")
        assert bad
        assert_told(run_recipe(self.recipe, tmp_path, {**good, slot: bad}, {}), {"experiments", "reflections"})
