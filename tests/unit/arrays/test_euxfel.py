"""Runs of the European XFEL: which files belong together, and what is said of them."""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np

from pandaas.arrays.entries import scan_contents
from pandaas.arrays.euxfel import DEFINITION, run_of
from pandaas.arrays.readers.hdf5 import Hdf5Reader
from pandaas.model import DatasetKind


def write(folder: Path, *names: str) -> list[Path]:
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"{name}.h5" for name in names]
    for path in paths:
        with h5py.File(path, "w") as file:
            file["METADATA/dataSourceId"] = np.array([b"INSTRUMENT/SPB_DET_AGIPD1M-1/DET/0CH0:xtdf/image"])
            file["INSTRUMENT/SPB_DET_AGIPD1M-1/DET/0CH0:xtdf/image/data"] = np.zeros((3, 8, 4), dtype="f4")
    return paths


def test_the_files_of_a_run_belong_together_the_detector_first(tmp_path: Path) -> None:
    write(
        tmp_path, "RAW-R0034-DA01-S00000", "RAW-R0034-LPD01-S00000", "RAW-R0034-LPD00-S00000", "RAW-R0034-LPD00-S00001"
    )
    run = run_of(tmp_path / "RAW-R0034-DA01-S00000.h5")
    assert run is not None
    assert [path.stem[10:] for path in run.files] == ["LPD00-S00000", "LPD00-S00001", "LPD01-S00000", "DA01-S00000"]


def test_other_runs_and_other_stages_are_other_datasets(tmp_path: Path) -> None:
    one, *_ = write(tmp_path, "RAW-R0034-DA01-S00000", "CORR-R0034-AGIPD00-S00000", "RAW-R0035-DA01-S00000")
    run = run_of(one)
    assert run is not None
    assert run.files == (one,)


def test_any_other_name_is_no_run(tmp_path: Path) -> None:
    assert run_of(write(tmp_path, "sxp_RAW-R0016-DA03-S00000")[0]) is None


def test_a_link_is_no_part_of_the_run(tmp_path: Path) -> None:
    (other,) = write(tmp_path / "other", "RAW-R0034-DA02-S00000")
    (one,) = write(tmp_path / "run", "RAW-R0034-DA01-S00000")
    (one.parent / other.name).symlink_to(other)
    run = run_of(one)
    assert run is not None
    assert run.files == (one,)


def test_it_is_described_as_a_run_with_the_modules_that_are_missing(tmp_path: Path) -> None:
    paths = write(tmp_path, *(f"CORR-R0238-AGIPD{number:02}-S00000" for number in range(15)))
    contents = Hdf5Reader().open(paths[0])
    try:
        (found,) = scan_contents(contents)
    finally:
        contents.close()
    assert found.title == "Run 238 (CORR)"
    assert found.kind is DatasetKind.RAW  # a measurement, though the facility has corrected it
    assert found.files == tuple(paths)
    assert found.definitions == (DEFINITION,)
    assert found.facility == "European XFEL"
    assert any("AGIPD15" in text for text in found.unread)
