"""The example workflow against pyFAI's functions called directly, what its form says, and what a workflow may not ask for."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

import h5py
import numpy as np
import pytest

from pandaas.testing.recipes import RecipeConformance, _runtime, sdk

pytestmark = [pytest.mark.recipe, pytest.mark.filterwarnings("ignore:Class-scoped fixtures defined")]

RECIPE = Path(__file__).parents[1]
PONI = """poni_version: 2.1
Detector: Detector
Detector_config: {"pixel1": 1e-4, "pixel2": 1e-4, "max_shape": [120, 100], "orientation": 3}
Distance: 0.1
Poni1: 0.006
Poni2: 0.005
Rot1: 0.0
Rot2: 0.0
Rot3: 0.0
Wavelength: 1e-10
"""


def ring(shape: tuple[int, int] = (120, 100)) -> np.ndarray[Any, Any]:
    y, x = np.indices(shape)
    radius = np.hypot(y - 59.5, x - 49.5)
    return np.asarray(50 + 400 * np.exp(-(((radius - 30) / 3) ** 2)))


def series(folder: Path) -> dict[str, Any]:
    """Three frames, the last with a hit of a cosmic ray; the PONI file beside them."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "series.h5"
    frames = np.random.default_rng(3).poisson(ring(), (3, 120, 100)).astype(np.int32)
    frames[2, 60, 20] = 1_000_000
    with h5py.File(path, "w") as file:
        file["entry/data/data"] = frames
    (folder / "series.poni").write_text(PONI)
    arrays = [{"path": "/entry/data/data", "shape": [3, 120, 100], "dtype": "<i4", "is_default": True}]
    return {
        "pid": "series",
        "title": "series",
        "files": [str(path)],
        "format": "hdf5",
        "arrays": arrays,
        "attachments": [str(folder / "series.poni")],
    }


class TestCwl(RecipeConformance):
    recipe = RECIPE
    copes_with: ClassVar[Mapping[str, str]] = {"flat": "one image is its own mean"}
    parameters: Mapping[str, Any] = {"points": 60}

    def make_inputs(self, folder: Path) -> dict[str, list[Any]]:
        return {"series": [series(folder)]}

    def check_result(self, result: h5py.File) -> None:
        q, intensity = result["entry/curve/q"][()], result["entry/curve/I"][()]
        assert len(q) == 60
        expected = 4 * np.pi / 0.1 * np.sin(np.arctan(0.003 / 0.1) / 2)  # the ring, 3 mm from the beam, in 1/nm
        clean = np.where(np.abs(q - expected) < 0.4, intensity, 0)
        assert abs(q[int(np.argmax(clean))] - expected) < 0.06
        assert result["entry/process/program"][()] == b"cwltool"

    def test_it_equals_pyfai_called_directly(self, tmp_path: Path) -> None:
        run = self.run(tmp_path, combination="median")
        assert run.code == 0, run.log
        script = (
            "import sys, json, h5py, numpy as np, pyFAI\n"
            "frames = h5py.File(sys.argv[1])['entry/data/data'][()]\n"
            "image = np.median(frames, axis=0).astype(np.float32)\n"
            "ai = pyFAI.load(sys.argv[2])\n"
            "q, i = ai.integrate1d(image, 60, unit='q_nm^-1', method='splitpixel')[:2]\n"
            "json.dump([q.tolist(), i.tolist()], open(sys.argv[3], 'w'))\n"
        )
        python = str(_runtime().environments.ensure("workflow").python)
        files = [str(tmp_path / name) for name in ("series.h5", "series.poni", "golden.json")]
        subprocess.run([python, "-c", script, *files], check=True, capture_output=True)
        q, intensity = json.loads((tmp_path / "golden.json").read_text())
        with h5py.File(run.result) as file:
            np.testing.assert_allclose(file["entry/curve/q"][()], q, rtol=1e-5)
            np.testing.assert_allclose(file["entry/curve/I"][()], intensity, rtol=2e-3)

    def test_the_form_is_made_of_the_inputs(self, schema: dict[str, Any]) -> None:
        assert list(schema["properties"]) == ["combination", "points", "dead"]
        assert schema["properties"]["combination"]["enum"] == ["mean", "median", "max"]
        assert schema["properties"]["points"]["title"] == "Points"

    def test_what_the_steps_made_is_kept(self, tmp_path: Path) -> None:
        run = self.run(tmp_path)
        assert {"mean.edf", "mean.dat"} <= {path.name for path in (run.output / "files").iterdir()}
        assert any("Step" in line["message"] for line in run.progress)

    def test_dead_pixels_are_left_out(self, tmp_path: Path) -> None:
        inputs = {"series": [series(tmp_path)]}
        with h5py.File(tmp_path / "series.h5", "r+") as file:
            frames = file["entry/data/data"][()].astype(np.uint32)
            frames[:, 40:44] = 2**32 - 1
            del file["entry/data/data"]
            file["entry/data/data"] = frames
        run = self.run(tmp_path, inputs, combination="median")
        assert run.code == 0, run.log
        with h5py.File(run.result) as file:
            assert 40 < file["entry/curve/I"][()].max() < 600

    def test_a_chosen_mask_is_left_out(self, tmp_path: Path) -> None:
        inputs = {"series": [series(tmp_path)], "mask": [tmp_path / "mask.h5"]}
        with h5py.File(tmp_path / "series.h5", "r+") as file:
            frames = file["entry/data/data"][()]
            frames[:, 40:44] = 1_000_000
            file["entry/data/data"][...] = frames
        with h5py.File(tmp_path / "mask.h5", "w") as file:
            file["mask"] = np.zeros((120, 100), dtype=np.uint8)
            file["mask"][40:44] = 1
        run = self.run(tmp_path, inputs, combination="median")
        assert run.code == 0, run.log
        with h5py.File(run.result) as file:
            assert 40 < file["entry/curve/I"][()].max() < 600
            assert file["entry/curve/I"].attrs["units"] == "counts"

    def test_a_dataset_without_poni_names_the_input(self, tmp_path: Path) -> None:
        given = {**series(tmp_path), "attachments": []}
        run = self.run(tmp_path, {"series": [given]})
        assert run.code == 1
        assert run.failure["field"] == "series"
        assert ".poni" in run.failure["what"]

    def test_a_step_that_fails_says_so(self, tmp_path: Path) -> None:
        inputs = {"series": [series(tmp_path)]}
        (tmp_path / "series.poni").write_text("nothing")
        run = self.run(tmp_path, inputs)
        assert run.code == 1
        assert "workflow failed" in run.failure["what"]
        assert "Traceback" not in json.dumps(run.failure)

    @pytest.mark.parametrize(
        ("place", "text", "word"),
        [
            ("workflow.cwl", "requirements: {DockerRequirement: {dockerPull: debian}}", "DockerRequirement"),
            ("average.cwl", "requirements: {InlineJavascriptRequirement: {}}", "JavaScript"),
            ("integrate.cwl", "requirements: [{class: NetworkAccess, networkAccess: true}]", "network"),
            ("workflow.cwl", "$import: https://example.org/x.cwl", "fetches"),
            ("average.cwl", "class: ExpressionTool", "ExpressionTool"),
        ],
    )
    def test_what_the_sandbox_has_not_is_refused_when_it_is_checked(
        self, tmp_path: Path, place: str, text: str, word: str
    ) -> None:
        folder = tmp_path / "cwl"
        shutil.copytree(RECIPE, folder, ignore=shutil.ignore_patterns("tests", "__pycache__"))
        kept = [
            line
            for line in (folder / place).read_text().splitlines()
            if line.split(":")[0] != text.split(":", maxsplit=1)[0]
            and "InitialWorkDir" not in line
            and "listing" not in line
        ]
        kept = [line for line in kept if "written beside" not in line]
        (folder / place).write_text("\n".join([*kept, text, ""]))
        done = sdk(folder, ["schema", str(folder)], read_only=[folder])
        assert done.returncode == 1
        assert word in done.stderr.decode().strip().splitlines()[-1]

    @pytest.mark.parametrize("run", ["https://example.org/tool.cwl", "../other/tool.cwl", "/etc/tool.cwl"])
    def test_steps_run_files_of_the_recipe_only(self, tmp_path: Path, run: str) -> None:
        folder = tmp_path / "cwl"
        shutil.copytree(RECIPE, folder, ignore=shutil.ignore_patterns("tests", "__pycache__"))
        text = (folder / "workflow.cwl").read_text().replace("run: average.cwl", f"run: {run}")
        (folder / "workflow.cwl").write_text(text)
        done = sdk(folder, ["schema", str(folder)], read_only=[folder])
        assert done.returncode == 1
        assert "no file of the recipe" in done.stderr.decode().strip().splitlines()[-1]
