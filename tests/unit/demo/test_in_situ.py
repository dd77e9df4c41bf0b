"""Single measurements of the demo are frames of its series, as they are stored there."""

from __future__ import annotations

from pathlib import Path

import h5py
import hdf5plugin
import numpy as np
import pytest

from pandaas.server.demo.insitu import write_measurements


@pytest.fixture
def series(tmp_path: Path) -> Path:
    images = np.arange(5 * 4 * 6, dtype=np.uint32).reshape(5, 4, 6)
    with h5py.File(tmp_path / "series.nxs", "w") as file:
        entry = file.create_group("entry")
        entry["definition"], entry["experiment_identifier"], entry["notes"] = "NXsas", "P", "Simulated"
        entry["start_time"], entry["end_time"] = "2026-03-17T09:12:00+01:00", "2026-03-17T09:12:10+01:00"
        entry["sample/name"], entry["sample/temperature"] = "Silica", np.linspace(20, 60, 5)
        entry["sample/temperature"].attrs["units"] = "degC"
        data = entry.create_group("data")
        data.create_dataset("data", data=images, chunks=(1, 4, 6), **hdf5plugin.Bitshuffle(cname="lz4"))
        entry["instrument/detector/distance"] = 3.0
        entry["instrument/detector/data"] = data["data"]
        entry["control/integral"] = np.arange(5.0)
    return tmp_path / "series.nxs"


def test_frames_are_spread_over_the_series(series: Path, tmp_path: Path) -> None:
    files = write_measurements(series, tmp_path / "made", 3)
    with h5py.File(series) as whole:
        for file, number in zip(files, (0, 2, 4), strict=True):
            with h5py.File(file) as one:
                np.testing.assert_array_equal(one["entry/data/data"][0], whole["entry/data/data"][number])
                assert one["entry/control/integral"][()] == [number]


def test_a_measurement_has_its_own_temperature_and_time(series: Path, tmp_path: Path) -> None:
    _first, second, *_ = write_measurements(series, tmp_path / "made", 5)
    with h5py.File(second) as one:
        assert one["entry/sample/temperature"][()] == 30
        assert one["entry/sample/temperature"].attrs["units"] == "degC"
        assert one["entry/start_time"].asstr()[()] == "2026-03-17T09:12:02+01:00"
        assert one["entry/title"].asstr()[()] == "Silica growth in situ, 30.0 °C"
        assert one["entry/instrument/detector/data"] == one["entry/data/data"]


def test_no_more_measurements_than_frames_and_none_twice(series: Path, tmp_path: Path) -> None:
    files = write_measurements(series, tmp_path / "made", 40)
    before = [file.stat().st_mtime_ns for file in files]
    assert len(files) == 5
    assert [file.stat().st_mtime_ns for file in write_measurements(series, tmp_path / "made", 40)] == before
