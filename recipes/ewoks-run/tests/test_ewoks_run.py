"""The example graph against pyFAI called directly, what its form says, and what a graph may not name."""

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

from pandaas.testing.recipes import RecipeConformance, RecipeRun, _runtime, sdk

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


def image(folder: Path) -> dict[str, Any]:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "image.h5"
    y, x = np.indices((120, 100))
    clean = 50 + 400 * np.exp(-(((np.hypot(y - 59.5, x - 49.5) - 30) / 3) ** 2))
    frames = np.random.default_rng(3).poisson(clean, (2, 120, 100)).astype(np.int32)
    with h5py.File(path, "w") as file:
        file["entry/data/data"] = frames
    (folder / "image.poni").write_text(PONI)
    arrays = [{"path": "/entry/data/data", "shape": [2, 120, 100], "dtype": "<i4", "is_default": True}]
    return {
        "pid": "image",
        "title": "image",
        "files": [str(path)],
        "format": "hdf5",
        "arrays": arrays,
        "attachments": [str(folder / "image.poni")],
    }


def curve(run: RecipeRun) -> np.ndarray[Any, Any]:
    assert run.code == 0, run.log
    with h5py.File(run.result) as file:
        return np.asarray(file["entry/data/intensity"][()])


class TestEwoksRun(RecipeConformance):
    recipe = RECIPE
    copes_with: ClassVar[Mapping[str, str]] = {"flat": "one image is integrated too"}
    parameters: Mapping[str, Any] = {"calibration_integration_options_nbpt_rad": 60}

    def make_inputs(self, folder: Path) -> dict[str, list[Any]]:
        return {"image": [image(folder)]}

    def check_result(self, result: h5py.File) -> None:
        plot = result["entry/data"]
        signal = plot[plot.attrs["signal"]][()]
        q = plot[plot.attrs["axes"][0]][()]
        assert signal.shape == (60,)
        expected = 4 * np.pi / 0.1 * np.sin(np.arctan(0.003 / 0.1) / 2)  # the ring, 3 mm from the beam, in 1/nm
        assert abs(q[int(np.argmax(signal))] - expected) < 0.06
        assert "intensity_errors" in plot
        assert result["entry/process/program"][()] == b"ewoks"
        assert b"ewoksxrpd" in result["entry/process/version"][()]

    def test_it_equals_pyfai_called_directly(self, tmp_path: Path) -> None:
        run = self.run(tmp_path)
        assert run.code == 0, run.log
        script = (
            "import sys, json, h5py, pyFAI\n"
            "frame = h5py.File(sys.argv[1])['entry/data/data'][0]\n"
            "r = pyFAI.load(sys.argv[2]).integrate1d(frame, 60, unit='q_nm^-1', error_model='poisson',"
            " method=('bbox', 'csr', 'cython'))\n"
            "json.dump([r.radial.tolist(), r.intensity.tolist(), r.sigma.tolist()], open(sys.argv[3], 'w'))\n"
        )
        python = str(_runtime().environments.ensure("workflow").python)
        files = [str(tmp_path / name) for name in ("image.h5", "image.poni", "golden.json")]
        subprocess.run([python, "-c", script, *files], check=True, capture_output=True)
        q, intensity, sigma = json.loads((tmp_path / "golden.json").read_text())
        with h5py.File(run.result) as file:
            plot = file["entry/data"]
            np.testing.assert_allclose(plot[plot.attrs["axes"][0]][()], q, rtol=1e-6)
            np.testing.assert_allclose(plot["intensity"][()], intensity, rtol=1e-5)
            np.testing.assert_allclose(plot["intensity_errors"][()], sigma, rtol=1e-4)

    def test_what_the_file_and_a_chosen_mask_leave_out_is_not_integrated(self, tmp_path: Path) -> None:
        """Pixels beside the beam count too much: the file's own mask knows one, the chosen mask the next, the value the last."""
        given = image(tmp_path)
        with h5py.File(tmp_path / "image.h5", "r+") as file:
            frames = file["entry/data/data"][()]
            frames[:, 60, 49:51], frames[:, 61, 49] = 1_000_000, -1
            file["entry/data/data"][...] = frames
            detector = file.create_group("entry/instrument/detector")
            detector.attrs["NX_class"] = "NXdetector"
            detector["pixel_mask"] = np.zeros((120, 100), dtype=np.uint32)
            detector["pixel_mask"][60, 49] = 1
        with h5py.File(tmp_path / "mask.h5", "w") as file:
            file["mask"] = np.zeros((120, 100), dtype=np.uint8)
            file["mask"][60, 50] = 1
        without = curve(self.run(tmp_path / "without", {"image": [given]}))
        both = curve(self.run(tmp_path / "both", {"image": [given], "mask": [tmp_path / "mask.h5"]}))
        assert without[:3].max() > 1e5
        assert 40 < both[:3].min() <= both[:3].max() < 70
        np.testing.assert_array_equal(without[5:], both[5:])

    def test_axis_and_intensity_are_named(self, first_run: RecipeRun) -> None:
        with h5py.File(first_run.result) as file:
            plot = file["entry/data"]
            assert plot["q"].attrs["long_name"] == "Scattering vector q"
            assert plot["q"].attrs["units"] == "nm^-1"
            assert (plot["intensity"].attrs["long_name"], plot["intensity"].attrs["units"]) == ("Intensity", "counts")

    def test_the_form_is_made_of_the_default_inputs(self, schema: dict[str, Any]) -> None:
        prefix = "calibration_integration_options"
        assert list(schema["properties"]) == [f"{prefix}_nbpt_rad", f"{prefix}_unit", f"{prefix}_error_model"]
        assert schema["properties"][f"{prefix}_nbpt_rad"]["default"] == 1000
        assert schema["properties"][f"{prefix}_nbpt_rad"]["minimum"] == 10

    def test_a_dataset_without_poni_names_the_input(self, tmp_path: Path) -> None:
        run = self.run(tmp_path, {"image": [{**image(tmp_path), "attachments": []}]})
        assert run.code == 1
        assert run.failure["field"] == "image"
        assert ".poni" in run.failure["what"]

    def test_an_empty_series_names_the_input(self, tmp_path: Path) -> None:
        inputs = {"image": [image(tmp_path)]}
        with h5py.File(tmp_path / "image.h5", "r+") as file:
            del file["entry/data/data"]
            file["entry/data/data"] = np.zeros((0, 120, 100), dtype=np.int32)
        run = self.run(tmp_path, inputs)
        assert run.code == 1
        assert run.failure["field"] == "image"
        assert "holds no frame" in run.failure["what"]

    def test_a_task_that_fails_is_named(self, tmp_path: Path) -> None:
        inputs = {"image": [image(tmp_path)]}
        (tmp_path / "image.poni").write_text("nothing")
        run = self.run(tmp_path, inputs)
        assert run.code == 1
        assert "“Integration”" in run.failure["what"] or "“Geometry”" in run.failure["what"]

    @pytest.mark.parametrize(
        ("kind", "task"),
        [
            ("method", "os.system"),
            ("method", "subprocess.run"),
            ("class", "ewoksxrpd.nothing.Declared"),
            ("script", "/bin/sh"),
            ("notebook", "evil.ipynb"),
            ("graph", "other.json"),
            ("generated", "os.system"),
            (None, None),
        ],
    )
    def test_a_graph_may_only_name_declared_tasks(self, tmp_path: Path, kind: str | None, task: str | None) -> None:
        """Refused when the recipe is checked: nothing of it ever ran."""
        folder = tmp_path / "ewoks-run"
        shutil.copytree(RECIPE, folder, ignore=shutil.ignore_patterns("tests", "__pycache__"))
        graph = json.loads((folder / "graph.json").read_text())
        graph["nodes"][0].update({"task_type": kind, "task_identifier": task})
        (folder / "graph.json").write_text(json.dumps(graph))
        done = sdk(folder, ["schema", str(folder)], read_only=[folder])
        assert done.returncode == 1
        said = done.stderr.decode().strip().splitlines()[-1]
        assert "calibration" in said
        assert "declare" in said or "can't run" in said
