"""The notebook finds the frame that falls out of line, leaves out bad pixels, and says which cell a failure came from."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

import h5py
import numpy as np
import pytest

from pandaas.testing.recipes import RecipeConformance

pytestmark = [pytest.mark.recipe, pytest.mark.filterwarnings("ignore:Class-scoped fixtures defined")]


def series(folder: Path, count: int = 12) -> Path:
    file = folder / "series.h5"
    frames = np.random.default_rng(4).poisson(20, (count, 16, 20)).astype("uint32")
    if count > 7:
        frames[7] //= 10
    frames[:, 3, 4] = np.iinfo("uint32").max
    with h5py.File(file, "w") as stream:
        stream["data"] = frames
    return file


class TestSeriesOverview(RecipeConformance):
    recipe = Path(__file__).parents[1]
    parameters: ClassVar[Mapping[str, Any]] = {"outlier_sigmas": 8.0}

    def make_inputs(self, folder: Path) -> Mapping[str, Sequence[Path]]:
        return {"series": [series(folder)]}

    def check_result(self, result: h5py.File) -> None:
        assert result["entry/quality/outliers"][()].tolist() == [7]
        counts = result["entry/counts/counts"][()]
        assert np.median(counts) == pytest.approx(20 * 319, rel=0.05)  # the bad pixel counts for nothing
        assert np.isnan(result["entry/mean_image/mean"][3, 4])
        assert result["entry/inputs/series_0/pid"][()] == b"ds-series-0"

    def test_what_it_showed_and_wrote_is_kept(self, tmp_path: Path) -> None:
        run = self.run(tmp_path)
        assert run.code == 0, run.log
        files = run.output / "files"
        assert {"notebook.ipynb", "figure-1.png", "figure-2.png", "frames.csv"} <= {
            file.name for file in files.iterdir()
        }
        cells = json.loads((files / "notebook.ipynb").read_text())["cells"]
        assert "outlier_sigmas = 8.0" in "".join("".join(cell["source"]) for cell in cells)

    def test_a_failing_cell_is_named_and_its_traceback_only_kept(self, tmp_path: Path) -> None:
        run = self.run(tmp_path, {"series": [series(tmp_path, count=0)]})
        assert run.code == 1
        assert run.failure["what"].endswith("stopped: The series is empty. Choose another dataset.")
        assert run.failure["what"].startswith("Cell ")
        assert "“Frames”" in run.failure["what"]
        assert "Traceback" not in json.dumps(run.failure)
        kept = json.loads((run.output / "files" / "notebook.ipynb").read_text())
        errors = [out for cell in kept["cells"] for out in cell.get("outputs", ()) if out["output_type"] == "error"]
        assert errors[0]["traceback"]
