"""The mechanics with a stand-in for Mantid, which is not installed where this is tested."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import h5py
import numpy as np
import pytest

from pandaas.testing.recipes import RecipeConformance

pytestmark = [pytest.mark.recipe, pytest.mark.filterwarnings("ignore:Class-scoped fixtures defined")]
HERE = Path(__file__).parent


def run_file(folder: Path) -> Path:
    file = folder / "run.nxs"
    with h5py.File(file, "w") as stream:
        stream["counts"] = np.ones((4, 5))
    return file


class TestMantidSans(RecipeConformance):
    recipe = HERE.parent
    program = HERE / "stand-in.sh"

    def make_inputs(self, folder: Path) -> Mapping[str, Sequence[Path]]:
        return {"sample": [run_file(folder)]}

    def check_result(self, result: h5py.File) -> None:
        assert result["entry/curve/Q"][()].tolist() == [0.01, 0.02, 0.04]
        assert result["entry/curve/Q"].attrs["units"] == "1/angstrom"
        assert result["entry/curve/I_errors"][()].tolist() == [0.1, 0.2, 0.3]
        assert result["entry/process/program"][()] == b"Mantid"

    def test_arguments_are_filled_in_and_the_empty_group_left_out(self, tmp_path: Path) -> None:
        run = self.run(tmp_path, q_max=0.5)
        said = (run.output / "files" / "arguments.txt").read_text().splitlines()
        assert said[0].endswith("reduce.py")
        assert "--q 0.008,-0.05,0.5" in " ".join(said)
        assert "--can" not in said

    def test_the_can_is_passed_on(self, tmp_path: Path) -> None:
        file = run_file(tmp_path)
        run = self.run(tmp_path, {"sample": [file], "can": [file]})
        said = (run.output / "files" / "arguments.txt").read_text().splitlines()
        assert said[said.index("--can") + 1] == str(file)

    def test_its_progress_and_its_error_reach_the_person(self, tmp_path: Path) -> None:
        run = self.run(tmp_path, monitor=20)
        assert run.code == 1
        assert run.failure["what"] == "The program failed (exit code 3): no monitor 20."
        assert run.failure["field"] == "sample"
        assert "Can this program read 'run'" in run.failure["remedy"]
        assert any(line["message"] == "loading" for line in run.progress)
