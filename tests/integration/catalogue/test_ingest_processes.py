"""Ingest with real reader processes and real files: killed in the middle, twice at once, and over the shared data."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import h5py
import numpy as np
import pytest
from sqlalchemy import func, select

from pandaas.access import FACILITY, Access
from pandaas.arrays import ArrayService
from pandaas.catalogue import Catalogue, SearchQuery
from pandaas.config import IngestSettings, Settings, StorageRoot
from pandaas.db import Database
from pandaas.db.tables import Dataset, DatasetArray, DatasetFile, Event, Quarantine
from pandaas.testing.postgres import migrate_to

pytestmark = pytest.mark.integration
SHARED = Path(__file__).parents[4] / "shared" / "data"
_RUN = """
import sys
from pathlib import Path
from pandaas.access import FACILITY, Access
from pandaas.arrays import ArrayService
from pandaas.catalogue import Catalogue
from pandaas.config import Settings
from pandaas.db import Database

settings = Settings.model_validate_json(sys.argv[1])
database = Database(settings.database_url)
access = Access(database)
arrays = ArrayService(settings)
catalogue = Catalogue(database, settings, access, arrays)
report = catalogue.ingest(FACILITY, [Path(sys.argv[2])], progress=lambda step: print(step.done, flush=True))
arrays.close()
print("done", len(report.datasets), flush=True)
"""


@dataclass
class Place:
    """A home with one storage root, and how to ingest it in this process or in one of its own."""

    settings: Settings
    database: Database
    catalogue: Catalogue
    root: Path

    def start(self) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-c", _RUN, self.settings.model_dump_json(), str(self.root)],
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def count(self, table: type[Dataset | DatasetFile | Event | Quarantine]) -> int:
        with self.database.read() as session:
            return session.scalar(select(func.count()).select_from(table)) or 0


def make_place(folder: Path, root: Path) -> Iterator[Place]:
    home = folder / "home"
    home.mkdir(mode=0o700)
    settings = Settings(
        home=home, storage=(StorageRoot(name="data", path=root, proposal="P-1"),), ingest=IngestSettings(workers=2)
    )
    migrate_to(settings.database_url, "head")
    database = Database(settings.database_url)
    access = Access(database)
    access.create_proposal(FACILITY, "P-1", "Test data")
    arrays = ArrayService(settings)
    catalogue = Catalogue(database, settings, access, arrays)
    arrays.resolver = catalogue
    yield Place(settings, database, catalogue, root)
    arrays.close()
    database.dispose()


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    root = tmp_path / "data"
    root.mkdir()
    yield from make_place(tmp_path, root)


def write_nexus(file: Path, number: int) -> None:
    with h5py.File(file, "w") as nexus:
        entry = nexus.create_group("entry")
        entry.attrs["NX_class"] = "NXentry"
        entry["title"] = f"Frame {number}"
        data = entry.create_group("data")
        data.attrs.update({"NX_class": "NXdata", "signal": "data"})
        data["data"] = np.full((16, 16), number, "i4")


def test_an_ingest_that_is_killed_is_continued_by_running_it_again(place: Place) -> None:
    number = 60
    for index in range(number):
        write_nexus(place.root / f"{index:03d}.nxs", index)
    process = place.start()
    deadline = time.monotonic() + 120
    while place.count(Dataset) < 5:
        assert process.poll() is None, "it ended before it could be killed"
        assert time.monotonic() < deadline
        time.sleep(0.02)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    assert process.stdout is not None
    process.stdout.close()
    before = place.count(Dataset)
    assert before < number
    assert place.count(DatasetFile) == before
    report = place.catalogue.ingest(FACILITY, [place.root])
    assert report.count("unchanged") == before
    assert report.count("new") == number - before
    assert place.count(Dataset) == place.count(DatasetFile) == number
    with place.database.read() as session:
        registered = select(Event.subject).where(Event.kind == "dataset.registered")
        assert len(set(session.scalars(registered))) == number
        assert session.scalar(select(func.count()).where(DatasetArray.is_default)) == number


def test_two_ingests_at_once_make_each_dataset_once(place: Place) -> None:
    for index in range(20):
        write_nexus(place.root / f"{index:03d}.nxs", index)
    processes = [place.start(), place.start()]
    for process in processes:
        said, _ = process.communicate(timeout=150)
        assert said.splitlines()[-1] == "done 20"
    assert place.count(Dataset) == 20


def test_a_file_that_is_no_hdf5_is_quarantined_and_the_others_go_on(place: Place) -> None:
    write_nexus(place.root / "good.nxs", 1)
    (place.root / "torn.nxs").write_bytes((place.root / "good.nxs").read_bytes()[:700])
    (place.root / "empty.nxs").touch()
    report = place.catalogue.ingest(FACILITY, [place.root])
    assert [one.title for one in report.datasets] == ["Frame 1"]
    assert {one.name for one in report.quarantined} == {"torn.nxs", "empty.nxs"}
    assert all(one.reason for one in report.quarantined)


def test_a_link_shows_nobody_elses_data_in_a_record(tmp_path: Path) -> None:
    """A file written by one team links to another's: neither its arrays nor its picture get into the record."""
    root = tmp_path / "data"
    for name in ("P-1", "P-2"):
        (root / name).mkdir(parents=True)
    with h5py.File(root / "P-2" / "secret.h5", "w") as file:
        file["numbers"] = np.arange(12.0).reshape(3, 4)
    with h5py.File(root / "P-1" / "mine.nxs", "w") as file:
        entry = file.create_group("entry")
        entry.attrs["NX_class"] = "NXentry"
        data = entry.create_group("data")
        data.attrs.update({"NX_class": "NXdata", "signal": "numbers"})
        data["numbers"] = h5py.ExternalLink(str(root / "P-2" / "secret.h5"), "/numbers")
        data["own"] = [1.0, 2.0]
    for made in make_place(tmp_path, root):
        pattern = StorageRoot(name="data", path=root, proposal_pattern=r"^(?P<proposal>P-\d)/")
        settings = made.settings.model_copy(update={"storage": (pattern,)})
        access = Access(made.database)
        access.create_proposal(FACILITY, "P-2", "Secret", type="proprietary")
        arrays = ArrayService(settings)
        catalogue = Catalogue(made.database, settings, access, arrays)
        report = catalogue.ingest(FACILITY, [root / "P-1"])
        arrays.close()
        for dataset in report.datasets:
            record = catalogue.dataset(FACILITY, dataset.pid)
            assert [one.name for one in record.files] == ["mine.nxs"]
            assert all(one.shape != (3, 4) for one in record.arrays)


@pytest.mark.skipif(not SHARED.is_dir(), reason="the folder ../shared/data is not there")
def test_the_shared_data_are_taken_once(tmp_path: Path) -> None:
    for made in make_place(tmp_path, SHARED):
        first = made.catalogue.ingest(FACILITY, [SHARED])
        assert {one.outcome for one in first.datasets} == {"new"}
        second = made.catalogue.ingest(FACILITY, [SHARED])
        assert {one.outcome for one in second.datasets} == {"unchanged"}
        assert len(second.datasets) == len(first.datasets) == made.count(Dataset)
        assert first.quarantined == second.quarantined == []
        found = made.catalogue.search(FACILITY, SearchQuery("proposal:P-1 -has:thumbnail", limit=500))
        assert found.total < made.count(Dataset)
