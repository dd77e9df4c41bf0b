"""Against scipp called directly, against the formulas, and on measured silver behenate."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

import h5py
import numpy as np
import pytest

from pandaas.testing.recipes import RecipeConformance, RecipeRun, _runtime

pytestmark = [pytest.mark.recipe, pytest.mark.filterwarnings("ignore:Class-scoped fixtures defined")]

RECIPE = Path(__file__).parents[1]
MEASURED = RECIPE.parents[2] / "shared/data/neutron_event"
L1, L2, PULSES = 20.0, 4.0, 100
H_OVER_M = 3956.0340  # m/s · Å, CODATA 2018


def write(path: Path, *, geometry: bool = True, events: int = 5000) -> Path:
    """Two banks of 64 pixels; every pulse a tenth of a second after the one before."""
    random = np.random.default_rng(3)
    with h5py.File(path, "w") as file:
        entry = file.create_group("entry")
        entry.attrs["NX_class"] = "NXentry"
        instrument = _group(entry, "instrument", "NXinstrument")
        _group(instrument, "moderator", "NXmoderator")["distance"] = [-L1]
        for number in range(2):
            bank = _group(instrument, f"bank{number}", "NXdetector")
            if geometry:
                bank["pixel_id"] = np.arange(64, dtype="u4")[::-1] + 1000 * number
                bank["polar_angle"] = np.linspace(0.02, 0.3, 64)
                bank["distance"] = L2 / np.cos(np.linspace(0.02, 0.3, 64))
            data = _group(entry, f"bank{number}_events", "NXevent_data")
            data["event_id"] = (random.integers(0, 64, events) + 1000 * number).astype("u4")
            data["event_time_offset"] = random.uniform(6000, 60_000, events).astype("f4")
            data["event_time_offset"].attrs["units"] = "microsecond"
            data["event_index"] = np.linspace(0, events, PULSES, endpoint=False).astype("u8")
            data["event_time_zero"] = np.arange(PULSES) * 0.1
            data["event_time_zero"].attrs["units"] = "second"
    return path


def _group(parent: h5py.Group, name: str, nx_class: str) -> h5py.Group:
    group = parent.create_group(name)
    group.attrs["NX_class"] = nx_class
    return group


def counts_of(run: RecipeRun, name: str = "histogram") -> np.ndarray[Any, Any]:
    assert run.code == 0, run.log
    with h5py.File(run.result) as file:
        return np.asarray(file[f"entry/{name}/counts"][()])


class TestNeutronEvents(RecipeConformance):
    recipe = RECIPE
    measured: ClassVar[Sequence[str]] = tuple(f"/entry/bank{number}_events/event_time_offset" for number in range(2))
    parameters: Mapping[str, Any] = {"quantity": "wavelength", "bins": 50}

    def make_inputs(self, folder: Path) -> dict[str, list[Any]]:
        folder.mkdir(parents=True, exist_ok=True)
        return {"events": [write(folder / "events.nxs")]}

    def check_result(self, result: h5py.File) -> None:
        counts, edges = result["entry/histogram/counts"][()], result["entry/histogram/wavelength"][()]
        assert counts.sum() == 10_000
        np.testing.assert_allclose(result["entry/histogram/counts_errors"][()], np.sqrt(counts))
        shortest = H_OVER_M * 6000e-6 / (L1 + L2 / np.cos(0.3))
        assert edges[0] == pytest.approx(shortest, rel=0.02)

    def test_a_map_over_time_sums_to_the_histogram(self, tmp_path: Path) -> None:
        run = self.run(tmp_path, second="time", second_bins=10)
        counts = counts_of(run)
        assert counts.shape == (10, 50)
        np.testing.assert_array_equal(counts.sum(axis=0), counts_of(run, "sum"))
        assert counts.sum(axis=1) == pytest.approx(1000, rel=0.12)

    def test_a_time_slice_takes_its_pulses(self, tmp_path: Path) -> None:
        assert counts_of(self.run(tmp_path, time_from=2.0, time_to=4.0, quantity="tof")).sum() == 2000

    def test_early_events_move_by_a_frame(self, tmp_path: Path) -> None:
        run = self.run(tmp_path, quantity="tof", frame_start=20_000, frame_period=60_000)
        with h5py.File(run.result) as file:
            edges = file["entry/histogram/tof"][()]
        assert edges[0] >= 20_000
        assert edges[-1] == pytest.approx(80_000, rel=0.01)

    def test_it_equals_scipp_called_directly(self, tmp_path: Path) -> None:
        run = self.run(tmp_path, quantity="Q", bins=60, minimum=0.01, maximum=0.4)
        edges, first, second = (tmp_path / f"{name}.json" for name in ("edges", "first", "second"))
        edges.write_text(json.dumps(np.linspace(0.01, 0.4, 61).tolist()))
        python = str(_runtime().environments.ensure("neutron").python)
        script = str(RECIPE / "tests/golden.py")
        for bank, out in (("bank0", first), ("bank1", second)):
            argv = [python, script, str(tmp_path / "events.nxs"), bank, str(L1), str(edges), str(out)]
            subprocess.run(argv, check=True, capture_output=True)
        expected = np.array(json.loads(first.read_text())) + np.array(json.loads(second.read_text()))
        np.testing.assert_array_equal(counts_of(run), expected)

    def test_without_geometry_time_of_flight_is_left(self, tmp_path: Path) -> None:
        inputs = {"events": [write(tmp_path / "bare.nxs", geometry=False)]}
        assert counts_of(self.run(tmp_path / "tof", inputs, quantity="tof")).sum() == 10_000
        refused = self.run(tmp_path / "q", inputs, quantity="Q")
        assert refused.failure["field"] == "quantity"

    @pytest.mark.parametrize(
        ("parameters", "field", "word"),
        [
            ({"minimum": 900.0, "maximum": 950.0}, "minimum", "No event lies"),
            ({"time_from": 500.0}, "time_from", "No event"),
            ({"maximum": 1e9}, "maximum", "All events lie in one of 50 bins"),
            ({"second": "wavelength"}, None, "another quantity"),
            ({"minimum": 5.0, "maximum": 1.0}, None, "larger than"),
        ],
    )
    def test_what_can_not_be_names_the_field(
        self, tmp_path: Path, parameters: dict[str, Any], field: str | None, word: str
    ) -> None:
        run = self.run(tmp_path, **parameters)
        assert run.code == 1
        assert word in run.failure["what"]
        assert field is None or run.failure["field"] == field

    def test_a_file_without_events_is_said(self, tmp_path: Path) -> None:
        inputs = {"events": [write(tmp_path / "empty.nxs", events=0)]}
        assert self.run(tmp_path / "run", inputs).failure["field"] == "events"

    @pytest.mark.skipif(not MEASURED.is_dir(), reason="shared data absent")
    def test_measured_silver_behenate_has_its_ring_where_the_literature_has_it(self, tmp_path: Path) -> None:
        inputs = {"events": [MEASURED / "EQSANS_1466_event.nxs"]}
        options = {"quantity": "Q", "minimum": 0.03, "maximum": 0.25, "bins": 110, "frame_start": 9000}
        warned = self.run(tmp_path / "drawing", inputs, **options)
        assert any("detector at 5 m" in warning for warning in warned.warnings), warned.warnings
        run = self.run(tmp_path / "log", inputs, **options, detector_distance=5.0, source_distance=14.122)
        counts = counts_of(run)
        centres = np.linspace(0.03, 0.25, 111)[:-1] + 0.001
        ring = (centres > 0.095) & (centres < 0.12)
        above = counts[ring] - counts[ring].min()
        assert np.average(centres[ring], weights=above) == pytest.approx(2 * np.pi / 58.38, rel=0.01)
