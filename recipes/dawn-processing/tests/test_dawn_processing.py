"""The mechanics with a stand-in for DAWN, which is not installed where this is tested."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

import h5py
import numpy as np
import pytest

from pandaas.testing.recipes import RecipeConformance

pytestmark = [pytest.mark.recipe, pytest.mark.filterwarnings("ignore:Class-scoped fixtures defined")]
HERE = Path(__file__).parent


def files(folder: Path) -> tuple[Path, Path]:
    data, chain = folder / "scan.nxs", folder / "chain.nxs"
    with h5py.File(data, "w") as stream:
        stream["data"] = np.ones((3, 4, 5))
    with h5py.File(chain, "w") as stream:  # the stand-in copies it: DAWN would write such a file itself
        group = stream.create_group("processed/result")
        group.attrs.update({"NX_class": "NXdata", "signal": "data", "axes": ["q"]})
        group["data"], group["q"] = [3.0, 2.0, 1.0], [0.1, 0.2, 0.3]
        group["q"].attrs["units"] = "1/angstrom"
    return data, chain


class TestDawnProcessing(RecipeConformance):
    recipe = HERE.parent
    program = HERE / "stand-in.sh"

    def make_inputs(self, folder: Path) -> Mapping[str, Sequence[Path]]:
        data, chain = files(folder)
        return {"data": [data], "chain": [chain]}

    def check_result(self, result: h5py.File) -> None:
        assert result["entry/data/data"][()].tolist() == [3.0, 2.0, 1.0]
        assert result["entry/data/q"].attrs["units"] == "1/angstrom"
        assert {name.rsplit("_", 1)[0] for name in result["entry/inputs"]} == {"data", "chain"}

    def test_dawn_is_told_what_to_process_by_its_bean(self, tmp_path: Path) -> None:
        run = self.run(tmp_path, heap_mb=2048)
        bean = json.loads((run.output / "files" / "processing.json").read_text())
        assert bean["dataDimensions"] == [-1, -2]
        assert bean["datasetPath"] == "/data"
        assert bean["filePath"].endswith("scan.nxs")
        assert bean["xmx"] == "2048m"
        said = (run.output / "files" / "arguments.txt").read_text().splitlines()
        assert said[said.index("-application") + 1] == "org.dawnsci.commandserver.processing.processing"
        assert said[-1] == "-Xmx2048m"

    def test_an_error_that_it_only_logs_is_a_failure(self, tmp_path: Path) -> None:
        data, chain = files(tmp_path)
        broken = tmp_path / "broken.nxs"
        shutil.copyfile(chain, broken)
        run = self.run(tmp_path, {"data": [data], "chain": [broken]})
        assert run.code == 1
        assert "Could not read model values" in run.failure["what"]
        assert run.failure["field"] == "data"
        assert "the log" in run.failure["remedy"]
