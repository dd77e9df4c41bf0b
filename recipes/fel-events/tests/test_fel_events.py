"""Against scipp called directly, on hits at known places, and on measured files of three facilities."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from pandaas.testing.recipes import RecipeConformance, RecipeRun, _runtime

pytestmark = [pytest.mark.recipe, pytest.mark.filterwarnings("ignore:Class-scoped fixtures defined")]

RECIPE = Path(__file__).parents[1]
MEASURED = RECIPE.parents[2] / "shared/data/fel/flash"
GROUP = "INSTRUMENT/TEST/DET/MCP:output/data"
SXP = "sxp_RAW-R0016-DA03-S00000.h5"
TRAINS, HITS = 40, 60


def write(path: Path, *, hits: int = HITS) -> Path:
    """Two spots, at (500, 700) arriving at 3000 and at (900, 300) arriving at 9000; the rest is padding."""
    random = np.random.default_rng(4)
    shape = (TRAINS, 100)
    x, y, t = (np.zeros(shape, dtype="u4") for _ in range(3))
    first = np.arange(hits) % 3 == 0
    for train in range(TRAINS):
        x[train, :hits] = np.where(first, 500, 900) + random.integers(-10, 11, hits)
        y[train, :hits] = np.where(first, 700, 300) + random.integers(-10, 11, hits)
        t[train, :hits] = np.where(first, 3000, 9000) + random.integers(-50, 51, hits)
    with h5py.File(path, "w") as file:
        group = file.create_group(GROUP)
        group["x"], group["y"], group["t"] = x, y, t
    return path


def image(run: RecipeRun) -> Any:
    assert run.code == 0, run.log
    with h5py.File(run.result) as file:
        return file["entry/image/counts"][()]


class TestFelEvents(RecipeConformance):
    recipe = RECIPE

    def make_inputs(self, folder: Path) -> dict[str, list[Any]]:
        folder.mkdir(parents=True, exist_ok=True)
        return {"events": [write(folder / "events.h5")]}

    def check_result(self, result: h5py.File) -> None:
        group = result["entry/image"]
        counts, x, y = group["counts"][()], group["x"][()], group["y"][()]
        assert counts.sum() == TRAINS * HITS
        np.testing.assert_allclose(group["counts_errors"][()], np.sqrt(counts))
        left = counts[:, x[:-1] < 700]
        assert left.sum() == TRAINS * HITS / 3
        assert np.average((y[1:] + y[:-1]) / 2, weights=left.sum(axis=1)) == pytest.approx(700, abs=10)
        assert counts.shape <= (24, 24)  # four events in a bin on average
        assert set(np.diff(x) % 1) == {0}  # whole steps
        assert result["entry/trend/counts"][()].sum() == TRAINS * HITS

    def test_a_window_of_arrival_times_takes_one_spot(self, tmp_path: Path) -> None:
        run = self.run(tmp_path, t_from=8000)
        assert image(run).sum() == TRAINS * HITS * 2 / 3

    def test_bins_that_are_asked_for_are_made(self, tmp_path: Path) -> None:
        run = self.run(tmp_path, bins=200)
        with h5py.File(run.result) as file:
            assert np.diff(file["entry/image/x"][()])[0] == 3  # 421 steps

    def test_trains_can_be_chosen(self, tmp_path: Path) -> None:
        assert image(self.run(tmp_path, first=10, last=20)).sum() == 10 * HITS

    def test_a_plane_with_the_arrival_time_has_it_upright(self, tmp_path: Path) -> None:
        run = self.run(tmp_path, plane="x-t", bins=64)
        with h5py.File(run.result) as file:
            assert [
                name.decode() if isinstance(name, bytes) else name for name in file["entry/image"].attrs["axes"]
            ] == [
                "t",
                "x",
            ]
        assert image(run).sum() == TRAINS * HITS

    def test_a_file_without_hits_is_refused(self, tmp_path: Path) -> None:
        path = tmp_path / "other.h5"
        with h5py.File(path, "w") as file:
            file["x"] = np.arange(10.0)
        assert self.run(tmp_path / "run", {"events": [path]}).failure["field"] == "events"

    def test_a_file_of_padding_only_is_refused(self, tmp_path: Path) -> None:
        run = self.run(tmp_path / "run", {"events": [write(tmp_path / "empty.h5", hits=0)]})
        assert run.failure["field"] == "events"

    @pytest.mark.parametrize(
        ("parameters", "field", "word"),
        [
            ({"t_from": 100_000}, "t_from", "No event"),
            ({"first": 5000}, "first", "40 trains"),
            ({"x_from": 10, "x_to": 5}, None, "larger than"),
        ],
    )
    def test_what_can_not_be_names_the_field(
        self, tmp_path: Path, parameters: dict[str, Any], field: str | None, word: str
    ) -> None:
        run = self.run(tmp_path, **parameters)
        assert run.code == 1
        assert word in run.failure["what"]
        assert field is None or run.failure["field"] == field

    @pytest.mark.skipif(not MEASURED.is_dir(), reason="shared data absent")
    def test_measured_hits_of_the_european_xfel_equal_scipp(self, tmp_path: Path) -> None:
        run = self.run(tmp_path, {"events": [MEASURED / SXP]})
        counts = image(run)
        assert counts.sum() == 2088  # counted in the file
        edges, golden = tmp_path / "edges.json", tmp_path / "golden.json"
        with h5py.File(run.result) as file:
            edges.write_text(json.dumps({name: file[f"entry/image/{name}"][()].tolist() for name in "yx"}))
        group = "INSTRUMENT/SXP_TR_XPES/DET/MCP_DETECTOR:output/data"
        python = str(_runtime().environments.ensure("neutron").python)
        argv = [python, str(RECIPE / "tests/golden.py"), str(MEASURED / SXP), group, str(edges), str(golden)]
        subprocess.run(argv, check=True, capture_output=True)
        np.testing.assert_array_equal(counts, json.loads(golden.read_text()))

    @pytest.mark.skipif(not MEASURED.is_dir(), reason="shared data absent")
    @pytest.mark.parametrize(
        ("name", "events"),
        [
            ("mpes_Scan0030_2.h5", 297_398),
            ("flash_FLASH1_USER3_stream_2_run43878_file1_20230130T153807.1.h5", 4027),
        ],
    )
    def test_measured_hits_of_other_makers_are_all_there(self, tmp_path: Path, name: str, events: int) -> None:
        assert image(self.run(tmp_path, {"events": [MEASURED / name]})).sum() == events
