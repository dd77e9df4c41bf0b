"""Against EXtra-data, EXtra-geom and pyFAI called directly, on runs of EXtra-data's own simulator (no measured run is at hand)."""

from __future__ import annotations

import subprocess
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import h5py
import numpy as np
import pytest

from pandaas.testing.recipes import RecipeConformance, RecipeRun, _runtime

pytestmark = [
    pytest.mark.recipe,
    pytest.mark.timeout(600),  # the run is simulated first
    pytest.mark.filterwarnings("ignore:Class-scoped fixtures defined"),
]

RECIPE = Path(__file__).parents[1]
TRAINS, PULSES = 4, 6
RING = 9.0  # 1/nm, where the simulated ring is
KNOWN = {"distance": 200.0, "photon_energy": 9.3, "quadrants": "-525,625; -550,-10; 520,-160; 542.5,475"}


def python(script: str, *arguments: str) -> None:
    environment = _runtime().environments.ensure("fel")
    argv = [str(environment.python), str(RECIPE / "tests" / script), *arguments]
    done = subprocess.run(argv, check=False, capture_output=True)
    assert done.returncode == 0, done.stderr.decode()


@cache
def simulated(*options: str) -> Path:
    folder = Path(mkdtemp(prefix="fel-pulses-")) / "r0238"
    python("simulate.py", str(folder), "--trains", str(TRAINS), "--pulses", str(PULSES), *options)
    return folder


def given(folder: Path, *attachments: Path) -> dict[str, list[Any]]:
    """The run as the catalogue gives it."""
    files = sorted(str(path) for path in folder.glob("*.h5"))
    item = {
        "pid": "ds-run",
        "version": 1,
        "title": "Run 238 (CORR)",
        "format": "hdf5",
        "files": files,
        "kind": "derived",
    }
    return {"run": [{**item, "master": files[0], "attachments": [str(path) for path in attachments]}]}


def read(run: RecipeRun, path: str) -> Any:
    assert run.code == 0, run.log
    with h5py.File(run.result) as file:
        return file[path][()]


class TestFelPulses(RecipeConformance):
    recipe = RECIPE
    parameters = KNOWN

    def make_inputs(self, folder: Path) -> dict[str, list[Any]]:
        return given(simulated())

    def check_result(self, result: h5py.File) -> None:
        average = result["entry/average"]
        q, intensity = average["Q"][()], average["I"][()]
        near = (q > RING - 1) & (q < RING + 1)
        assert q[near][np.nanargmax(intensity[near])] == pytest.approx(RING, abs=0.15)
        level = result["entry/pulses/intensity"][()]
        np.testing.assert_allclose(level / level[0], 1 + np.arange(PULSES) / 10, rtol=0.01)
        assert result["entry/pulses/frames"][()].tolist() == [TRAINS] * PULSES
        trains = result["entry/trains/intensity"][()]
        np.testing.assert_allclose(trains, trains.mean(), rtol=0.01)
        assert result["entry/measurement/frames"][()] == TRAINS * PULSES

    def test_it_equals_the_codes_called_directly(self, first_run: RecipeRun, tmp_path: Path) -> None:
        out = tmp_path / "golden.npz"
        python("golden.py", str(simulated()), str(out))
        expected = np.load(out)
        for name, path in {
            "average": "average/I",
            "error": "average/I_errors",
            "pulse_curves": "pulse_curves/I",
            "level": "pulses/intensity",
            "image": "detector/intensity",
        }.items():
            np.testing.assert_allclose(read(first_run, f"entry/{path}"), expected[name], rtol=2e-5, err_msg=name)

    def test_pulses_and_trains_can_be_chosen(self, tmp_path: Path) -> None:
        run = self.run(tmp_path, first_pulse=2, last_pulse=4, first_train=1, last_train=3)
        assert read(run, "entry/pulses/pulse").tolist() == [2, 3]
        assert read(run, "entry/measurement/frames") == 4

    def test_a_missing_module_is_told_and_left_out(self, tmp_path: Path) -> None:
        run = self.run(tmp_path, given(simulated("--without", "7")))
        assert any("missing: 7" in text for text in run.warnings)
        level = read(run, "entry/pulses/intensity")
        np.testing.assert_allclose(level / level[0], 1 + np.arange(PULSES) / 10, rtol=0.01)

    def test_a_train_without_frames_is_left_out(self, tmp_path: Path) -> None:
        run = self.run(tmp_path, given(simulated("--empty-train")))
        assert read(run, "entry/measurement/frames") == (TRAINS - 1) * PULSES
        assert len(read(run, "entry/trains/intensity")) == TRAINS - 1

    @pytest.mark.full
    def test_raw_numbers_are_marked(self, tmp_path: Path) -> None:
        run = self.run(tmp_path, given(simulated("--raw")))
        assert any("raw numbers" in text for text in run.warnings)
        level = read(run, "entry/pulses/intensity")
        np.testing.assert_allclose(level / level[0], 1 + np.arange(PULSES) / 10, rtol=0.01)

    @pytest.mark.full
    def test_lpd_is_read_too(self, tmp_path: Path) -> None:
        quadrants = "11.4,299; -11.5,8; 254.5,-16; 278.5,275"
        run = self.run(tmp_path, given(simulated("--detector", "LPD1M")), quadrants=quadrants)
        q, intensity = read(run, "entry/average/Q"), read(run, "entry/average/I")
        near = (q > RING - 1) & (q < RING + 1)
        assert q[near][np.nanargmax(intensity[near])] == pytest.approx(RING, abs=0.15)

    def test_without_geometry_it_warns(self, tmp_path: Path) -> None:
        run = self.run(tmp_path, quadrants=None)
        assert run.code == 0, run.log
        assert any("example positions" in text for text in run.warnings)

    def test_a_file_of_another_geometry_is_refused(self, tmp_path: Path) -> None:
        path = tmp_path / "other.geom"
        path.write_text("p0/min_fs = 0\n")
        run = self.run(tmp_path / "run", given_with(path), quadrants=None)
        assert run.failure["field"] == "quadrants"
        assert "other.geom" in run.failure["what"]

    @pytest.mark.parametrize(
        ("parameters", "field", "word"),
        [
            ({"first_train": 4000}, "first_train", "4 trains"),
            ({"first_pulse": 4000}, "first_pulse", "6 pulses"),
            ({"q_min": 900.0}, "q_min", "ends at"),
            ({"quadrants": "0,0; 0,0; 0,0; 0,0"}, "quadrants", "lies on"),
            ({"q_min": 5.0, "q_max": 1.0}, None, "larger than"),
        ],
    )
    def test_what_can_not_be_names_the_field(
        self, tmp_path: Path, parameters: dict[str, Any], field: str | None, word: str
    ) -> None:
        run = self.run(tmp_path, **parameters)
        assert run.code == 1
        assert word in run.failure["what"]
        assert field is None or run.failure["field"] == field


def given_with(path: Path) -> dict[str, list[Any]]:
    return given(simulated(), path)
