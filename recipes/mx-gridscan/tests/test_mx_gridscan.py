"""The mechanics with a stand-in for DIALS; where DIALS is installed, the thaumatin grid of Diamond against it called directly."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from pandaas.testing.recipes import RecipeConformance, assert_told, run_recipe, spoilt

pytestmark = [pytest.mark.recipe, pytest.mark.filterwarnings("ignore:Class-scoped fixtures defined")]

HERE = Path(__file__).parent
MEASURED = HERE.parents[2] / "../shared/data/mx"
needs_dials = pytest.mark.skipif(
    not Path("/usr/bin/dials.find_spots").exists(), reason="DIALS absent: apt-get install dials"
)


def images(folder: Path, count: int, content: str = "###CBF: VERSION 1.5\n") -> list[Path]:
    folder.mkdir(parents=True, exist_ok=True)
    files = [folder / f"scan_{number + 1:04d}.cbf" for number in range(count)]
    for file in files:
        file.write_text(content)
    return files


class TestMxGridscan(RecipeConformance):
    recipe = HERE.parent
    program = HERE / "stand-in/dials.find_spots"
    parameters: Mapping[str, Any] = {"columns": 3}

    def make_inputs(self, folder: Path) -> dict[str, list[Path]]:
        return {"images": images(folder / "scan", 6)}

    def check_result(self, result: h5py.File) -> None:
        assert result["entry/map/spots"][()].tolist() == [[10, 20, 30], [60, 50, 40]]  # back and forth
        assert result["entry/spots/spots_errors"][0] == pytest.approx(np.sqrt(10))
        assert result["entry/results/best_image"][()] == 6
        assert np.isnan(result["entry/resolution/d_min"][()]).all()  # DIALS' -1
        assert result["entry/process/program"][()] == b"DIALS"

    def test_a_line_needs_no_columns(self, tmp_path: Path) -> None:
        run = run_recipe(self.recipe, tmp_path, self.make_inputs(tmp_path), {"no_ice": True}, self.program)
        assert run.code == 0, run.log
        with h5py.File(run.result) as file:
            assert file["entry"].attrs["default"] == "spots"
            assert file["entry/spots/spots"][()].tolist() == [1, 2, 3, 4, 5, 6]
        assert any("no crystal" in warning for warning in run.warnings)

    def test_rows_must_be_whole(self, tmp_path: Path) -> None:
        run = self.run(tmp_path, columns=4)
        assert run.failure["field"] == "columns"
        assert "whole rows" in run.failure["what"]

    def test_what_dials_can_not_read_is_said_in_its_words(self, tmp_path: Path) -> None:
        run = self.run(tmp_path / "run", {"images": images(tmp_path / "bad", 3, "no image")})
        assert run.failure["field"] == "images"
        assert "No images could be read" in run.failure["what"]

    def test_resolution_limits_the_wrong_way_round_are_refused(self, tmp_path: Path) -> None:
        assert "d_max must be larger" in self.run(tmp_path, d_min=3.0, d_max=2.0).failure["what"]

    @needs_dials
    @pytest.mark.timeout(900)  # DIALS is slow on a busy computer
    @pytest.mark.skipif(not MEASURED.is_dir(), reason="shared data absent")
    def test_the_thaumatin_grid_has_its_edge(self, tmp_path: Path) -> None:
        """19 images of PILATUS 6M: the crystal begins at once and ends at the fifteenth."""
        files = sorted(MEASURED.resolve().glob("thau_3_2_*.cbf.bz2"))
        run = run_recipe(self.recipe, tmp_path, {"images": files}, {})
        assert run.code == 0, run.log
        with h5py.File(run.result) as file:
            spots = file["entry/spots/spots"][()]
            resolution = file["entry/resolution/d_min"][()]
        known = [290, 1143, 1313, 1284, 1201, 1157, 1123, 1104, 1000, 975, 853, 804, 627, 354, 51, 0, 1, 1, 1]
        np.testing.assert_allclose(spots, known, rtol=0.1, atol=1)
        assert resolution[3] == pytest.approx(1.70, abs=0.05)
        work = tmp_path / "direct"
        work.mkdir()
        subprocess.run([HERE / "golden.sh", MEASURED.resolve(), work / "counts.json"], check=True, capture_output=True)
        assert spots.tolist() == json.loads((work / "counts.json").read_text())["n_spots_total"]
        shutil.rmtree(work)

    @needs_dials
    @pytest.mark.skipif(not MEASURED.is_dir(), reason="shared data absent")
    @pytest.mark.full
    @pytest.mark.timeout(300)
    @pytest.mark.parametrize("kind", ["empty", "torn"])
    def test_damaged_images_are_told_in_words_by_dials_itself(self, kind: str, tmp_path: Path) -> None:
        bad = spoilt("images", sorted(MEASURED.resolve().glob("thau_3_2_000[1-3].cbf.bz2")), kind, tmp_path / "bad")
        assert bad
        assert_told(run_recipe(self.recipe, tmp_path, {"images": bad}, {}), {"images"})
