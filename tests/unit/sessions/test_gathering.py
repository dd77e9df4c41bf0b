"""Finished NeXus results of a session register themselves: once, when they are complete, and nothing hostile twice."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from pandaas.db import Database
from pandaas.db.tables import Notice, SessionDataset, SessionResult, WorkSession
from pandaas.identity import Identity
from pandaas.model import NotAllowed
from pandaas.runtime import Runtime
from pandaas.sessions import SessionService
from pandaas.sessions.looking import is_open_for_writing, mentions_process
from pandaas.testing.facility import LIKE_NEXUS, Facility, make_facility

SESSION = "s-1"


class Place:
    """A session of alice that runs, and its results folder; its clock is an hour ahead of the disk's."""

    def __init__(self, facility: Facility) -> None:
        self.facility = facility
        self.service = SessionService(
            facility.database,
            facility.settings,
            identity=Identity(facility.database, facility.settings),
            access=facility.access,
            runtime=Runtime(facility.settings, facility.database),
            catalogue=facility.catalogue,
        )
        self.gathering = self.service._keeper._gathering
        pid = facility.register("PUB-1/a.nxs", sample="ice", instrument="BL1")
        self.folder = facility.settings.home / "sessions" / SESSION / "results"
        self.folder.mkdir(parents=True)
        with facility.database.session() as session:
            session.add(
                WorkSession(
                    id=SESSION, person_id=facility.people["alice"], program="jupyterlab", kind="jupyter", title="JupyterLab",
                    state="ready", attempt=1, phase="", engine="local", cores=1, memory_mb=512, lifetime_s=60,
                    created=facility.clock(), cpu_s=0.0, notices=[], automatic=True, gathered=0, set_aside={},
                    datasets=[SessionDataset(session_id=SESSION, dataset_pid=pid, position=0)],
                )
            )  # fmt: skip

    def write(self, name: str = "fit.nxs", *, age_s: float = 60, said: bytes | None = None, **values: Any) -> Path:
        path = self.folder / name
        path.write_bytes(said if said is not None else LIKE_NEXUS + json.dumps({"kind": "derived", **values}).encode())
        self.facility.clock.now = _changed(path) + timedelta(seconds=age_s)
        return path

    def set(self, **values: Any) -> None:
        with self.facility.database.session() as session:
            for name, value in values.items():
                setattr(session.get_one(WorkSession, SESSION), name, value)

    def registered(self) -> list[str]:
        self.gathering.round()
        with self.facility.database.read() as session:
            return [row.file for row in session.query(SessionResult).order_by(SessionResult.created)]

    def listed(self) -> dict[str, Any]:
        found = self.service.results.files(self.facility.principal("alice"), SESSION)
        return {one.name: one for one in found.files}

    def notices(self) -> list[str]:
        with self.facility.database.read() as session:
            return [row.text for row in session.query(Notice)]


def _changed(path: Path) -> datetime:
    found = path.stat()
    return datetime.fromtimestamp(max(found.st_mtime, found.st_ctime), UTC)


@pytest.fixture
def place(sqlite_database: Database, tmp_path: Path) -> Place:
    return Place(make_facility(sqlite_database, tmp_path))


def test_a_finished_result_is_a_dataset_with_the_session_in_its_provenance_and_is_announced(place: Place) -> None:
    place.write()
    assert place.registered() == ["fit.nxs"]
    shown = place.listed()["fit.nxs"]
    assert shown.automatic
    record = place.facility.catalogue.dataset(place.facility.principal("alice"), shown.dataset)
    assert (record.session, record.card.title, record.card.sample) == (SESSION, "fit of JupyterLab", "ice")
    assert place.notices() == ["fit.nxs of your session “JupyterLab” is a dataset now."]


def test_the_same_content_is_registered_once_under_whatever_name(place: Place) -> None:
    place.write()
    assert place.registered() == ["fit.nxs"]
    place.write("copy.nxs")
    assert place.registered() == ["fit.nxs"]
    place.write(sample="other")
    assert place.registered() == ["fit.nxs", "fit.nxs"]


def test_what_still_changes_waits_until_the_session_ends(place: Place) -> None:
    place.write(age_s=10)
    assert place.registered() == []
    place.set(state="hibernated")
    assert place.registered() == ["fit.nxs"]
    place.write("later.nxs")
    assert place.registered() == ["fit.nxs"], "an ended session was looked through"


def test_a_file_that_is_open_for_writing_waits(place: Place) -> None:
    path = place.write()
    with path.open("ab"):
        if not is_open_for_writing(place.folder, path.name):
            pytest.skip("this system gives no leases here")
        assert place.registered() == []
    assert place.registered() == ["fit.nxs"]


@pytest.mark.parametrize("said", [b"text", b'\x89HDF\r\n\x1a\n{"kind": "derived"}', LIKE_NEXUS + b'{"kind": "raw"}'])
def test_what_has_no_processing_in_it_is_left_to_the_form(place: Place, said: bytes) -> None:
    place.write(said=said)
    assert place.registered() == []
    assert place.listed()["fit.nxs"].set_aside is None


def test_a_file_that_no_reader_understands_is_read_once_and_says_why(place: Place) -> None:
    path = place.write(said=LIKE_NEXUS + b"bomb")
    assert place.registered() == []
    assert "can't be registered" in place.listed()["fit.nxs"].set_aside
    read = len(place.facility.scanner.scanned)
    assert place.registered() == []
    assert len(place.facility.scanner.scanned) == read
    place.write()
    assert place.registered() == [path.name]
    assert place.listed()["fit.nxs"].set_aside is None


def test_links_are_not_followed(place: Place, tmp_path: Path) -> None:
    secret = tmp_path / "secret.nxs"
    secret.write_bytes(LIKE_NEXUS + b'{"kind": "derived"}')
    (place.folder / "link.nxs").symlink_to(secret)
    os.link(secret, place.folder / "hard.nxs")
    place.set(state="ended")
    assert place.registered() == []


def test_a_person_switches_it_off_and_nobody_else(place: Place) -> None:
    place.write()
    with pytest.raises(NotAllowed):
        place.service.set_automatic(place.facility.principal("otto"), SESSION, False)
    place.service.set_automatic(place.facility.principal("alice"), SESSION, False)
    assert place.registered() == []


def test_who_may_not_analyse_the_inputs_any_more_gets_nothing(place: Place) -> None:
    place.write()
    with place.facility.database.session() as session:
        session.get_one(WorkSession, SESSION).person_id = place.facility.people["carol"]
    place.set(state="ended")
    assert place.registered() == []


def test_a_group_is_found_anywhere_in_a_real_file(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "large.nxs", "w") as file:
        file["a"] = np.ones(5_000_000, "u1")
        file.create_group("entry").create_group("process").attrs["NX_class"] = "NXprocess"
        file["b"] = np.ones(5_000_000, "u1")
    assert mentions_process(tmp_path, "large.nxs")
