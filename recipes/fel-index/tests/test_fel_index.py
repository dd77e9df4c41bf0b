"""The mechanics with a stand-in for DIALS; where DIALS is installed, thermolysin on the CSPAD of LCLS."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from pandaas.testing.recipes import RecipeConformance, assert_told, run_recipe, spoilt

pytestmark = [pytest.mark.recipe, pytest.mark.filterwarnings("ignore:Class-scoped fixtures defined")]

HERE = Path(__file__).parent
MEASURED = HERE.parents[2] / "../shared/data/fel"
CRYSTAL: Mapping[str, Any] = {"unit_cell": "92.9, 92.9, 130.4, 90, 90, 120", "space_group": "P6122"}


def stills(folder: Path) -> list[Path]:
    """One that is indexed, one with spots but no lattice, one that is no hit, one that is no image."""
    folder.mkdir(parents=True, exist_ok=True)
    texts = ("###CBF\nspots 50\nlattice\n", "###CBF\nspots 30\n", "###CBF\nspots 4\n", "nothing\n")
    files = [folder / f"shot_{number}.cbf" for number in range(len(texts))]
    for file, text in zip(files, texts, strict=True):
        file.write_text(text)
    return files


class TestFelIndex(RecipeConformance):
    recipe = HERE.parent
    program = HERE / "stand-in/dials.find_spots"
    parameters = CRYSTAL

    def make_inputs(self, folder: Path) -> dict[str, list[Path]]:
        return {"stills": stills(folder / "stills")}

    def check_result(self, result: h5py.File) -> None:
        found = result["entry/results"]
        assert [found[name][()] for name in ("stills", "hits", "indexed")] == [4, 2, 1]
        assert found["mean_a"][()] == pytest.approx(93.33)
        assert result["entry/spots/spots"][()].tolist() == [50, 30, 4, 0]
        assert result["entry/spots/indexed"][()].tolist() == [40, 0, 0, 0]
        a = result["entry/cell_a/a"][()]
        assert np.isnan(a[1:]).all()
        assert result["entry/cell_a/a_errors"][0] == pytest.approx(0.02)
        reasons = [text.decode() for text in result["entry/stills/reason"][()]]
        assert reasons == ["", "No suitable lattice could be found.", "no hit", "unreadable"]

    def test_no_readable_still_is_an_error(self, tmp_path: Path) -> None:
        run = self.run(tmp_path / "run", {"stills": stills(tmp_path / "s")[3:]})
        assert run.failure["field"] == "stills"

    @pytest.mark.parametrize(
        ("parameters", "field"),
        [
            ({"unit_cell": "92.9, 92.9"}, "unit_cell"),
            ({"unit_cell": "0,1,1,90,90,90"}, "unit_cell"),
            ({"unit_cell": "a,b,c,d,e,f"}, "unit_cell"),
            ({"space_group": "P6122; rm"}, "space_group"),
        ],
    )
    def test_a_crystal_that_can_not_be_names_the_field(
        self, tmp_path: Path, parameters: dict[str, Any], field: str
    ) -> None:
        assert self.run(tmp_path, **parameters).failure["field"] == field

    @pytest.mark.full
    @pytest.mark.timeout(900)
    @pytest.mark.skipif(not Path("/usr/bin/dials.index").exists(), reason="DIALS absent: apt-get install dials")
    @pytest.mark.skipif(not MEASURED.is_dir(), reason="shared data absent")
    def test_thermolysin_is_indexed(self, tmp_path: Path) -> None:
        """Of the repository's four stills three are at hand; two of them (three of the four) are indexed."""
        files = sorted(MEASURED.resolve().glob("cspad_*.cbf"))
        run = run_recipe(self.recipe, tmp_path, {"stills": files}, CRYSTAL)
        assert run.code == 0, run.log
        with h5py.File(run.result) as file:
            found = {name: node[()] for name, node in file["entry/results"].items()}
        assert found["hits"] == len(files)
        assert found["indexed"] == len(files) - 1
        assert found["mean_a"] == pytest.approx(93.3, abs=0.5)
        assert found["mean_c"] == pytest.approx(130.8, abs=0.8)

    @pytest.mark.skipif(not Path("/usr/bin/dials.index").exists(), reason="DIALS absent: apt-get install dials")
    @pytest.mark.skipif(not MEASURED.is_dir(), reason="shared data absent")
    @pytest.mark.full
    @pytest.mark.timeout(300)
    @pytest.mark.parametrize("kind", ["empty", "torn"])
    def test_damaged_images_are_told_in_words_by_dials_itself(self, kind: str, tmp_path: Path) -> None:
        bad = spoilt("stills", sorted(MEASURED.resolve().glob("cspad_*.cbf")), kind, tmp_path / "bad")
        assert bad
        assert_told(run_recipe(self.recipe, tmp_path, {"stills": bad}, CRYSTAL), {"stills"})
