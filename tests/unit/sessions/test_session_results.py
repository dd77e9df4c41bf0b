"""Files of a session's results folder become datasets: who may, hostile files, once only, with the session in the provenance."""

from __future__ import annotations

import json
import os
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from pandaas.access import FACILITY
from pandaas.db import Database
from pandaas.db.tables import Notice, SessionDataset, SessionMember, SessionRegistration, SessionResult, WorkSession
from pandaas.federation import Exports
from pandaas.identity import Identity
from pandaas.model import Conflict, InvalidInput, NotAllowed, NotFound, Scope, TeamRole, TooLarge
from pandaas.runtime import Runtime, copy_beneath
from pandaas.sessions import ResultRequest, SessionService, registering
from pandaas.testing.facility import Facility, make_facility

SESSION = "s-1"


class Place:
    """A session of alice on two datasets of PUB-1 that has ended, and its results folder."""

    def __init__(self, facility: Facility) -> None:
        self.facility = facility
        identity = Identity(facility.database, facility.settings)
        self.service = SessionService(
            facility.database,
            facility.settings,
            identity=identity,
            access=facility.access,
            runtime=Runtime(facility.settings, facility.database),
            catalogue=facility.catalogue,
        )
        self.results = self.service.results
        self.inputs = [facility.register(f"PUB-1/{name}.nxs", sample="ice", instrument="BL1") for name in "ab"]
        self.folder = facility.settings.home / "sessions" / SESSION / "results"
        self.folder.mkdir(parents=True)
        row = WorkSession(
            id=SESSION, person_id=facility.people["alice"], program="jupyterlab", kind="jupyter", title="JupyterLab",
            state="ended", attempt=1, phase="", environment="notebook", environment_key="k" * 12, engine="local", cores=1,
            memory_mb=512, lifetime_s=60, created=facility.clock(), cpu_s=0.0, notices=[],
            datasets=[
                SessionDataset(session_id=SESSION, dataset_pid=pid, position=n) for n, pid in enumerate(self.inputs)
            ],
        )  # fmt: skip
        with facility.database.session() as session:
            session.add(row)

    def write(self, name: str = "fit.nxs", **said: Any) -> Path:
        path = self.folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps(said), "utf-8")
        return path

    def register(self, *files: str, user: str = "alice", **more: Any) -> list[Any]:
        request = ResultRequest(files=files or ("fit.nxs",), **{"title": "A fit", **more})
        return self.results.register(self.facility.principal(user), SESSION, request)

    def listed(self, user: str = "alice") -> dict[str, Any]:
        return {one.name: one for one in self.results.files(self.facility.principal(user), SESSION).files}

    def copies(self) -> list[Path]:
        return [path for path in (self.facility.settings.home / "results").rglob("*") if path.is_file()]


@pytest.fixture
def facility(sqlite_database: Database, tmp_path: Path) -> Facility:
    return make_facility(sqlite_database, tmp_path)


@pytest.fixture
def place(facility: Facility) -> Place:
    return Place(facility)


def test_a_file_becomes_a_derived_dataset_of_the_inputs_proposal(place: Place) -> None:
    place.write()
    [done] = place.register(description="Fitted by hand.")
    record = place.facility.catalogue.dataset(place.facility.principal("alice"), done.pid)
    card = record.card
    assert (card.title, card.kind, card.proposal, card.sample) == ("A fit", "derived", "PUB-1", "ice")
    assert (record.description, record.session, record.job) == ("Fitted by hand.", SESSION, None)
    assert place.listed()["fit.nxs"].dataset == done.pid


def test_the_session_is_the_activity_in_the_graph_and_in_what_is_exported(place: Place) -> None:
    place.write()
    [done] = place.register()
    catalogue = place.facility.catalogue
    graph = catalogue.provenance(FACILITY, done.pid)
    edges = {(one.source, one.target) for one in graph.edges}
    assert edges == {*((pid, SESSION) for pid in place.inputs), (SESSION, done.pid)}
    [node] = [one for one in graph.nodes if one.type == "session"]
    assert node.title == "JupyterLab"
    assert "kkkk" in str(node.detail)
    exports = Exports("http://x", catalogue.dataset(FACILITY, done.pid), graph, catalogue.vocabulary.techniques())
    prov = exports.w3c_prov()
    assert f"session:{SESSION}" in prov["activity"]
    assert {one["prov:usedEntity"] for one in prov["wasDerivedFrom"].values()} == {f"dataset:{p}" for p in place.inputs}
    [action] = [one for one in exports.ro_crate(place.facility.clock())["@graph"] if one["@type"] == "CreateAction"]
    assert action["instrument"] == {"@id": "#program-JupyterLab"}


def test_the_same_bytes_are_registered_once_and_changed_ones_anew(place: Place) -> None:
    place.write(sample="one")
    first = place.register()[0]
    again = place.register(title="Another title")[0]
    assert (again.pid, again.is_new) == (first.pid, False)
    assert len(place.copies()) == 1
    place.write(sample="another")
    assert place.listed()["fit.nxs"].changed
    assert place.register()[0].is_new


def test_a_crash_between_copy_and_registration_leaves_nothing_half(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    place.write()
    with monkeypatch.context() as patch:
        patch.setattr(place.facility.catalogue._results, "register", lambda *_a, **_k: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            place.register()
    with place.facility.database.read() as session:
        assert session.query(SessionResult).count() == 0
    assert place.listed()["fit.nxs"].dataset is None
    assert place.register()[0].is_new
    assert len(place.copies()) == 1


def test_copies_that_are_being_registered_are_not_tidied_away(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    place.write("other.nxs", sample="other")
    place.write()
    catalogue = place.facility.catalogue
    real = catalogue.prepare_result

    def meanwhile(file: Path, attachments: Any = ()) -> Any:
        if file.name == "fit.nxs":
            os.utime(file.parent, (0, 0))  # as if the further files had taken hours to copy
            place.register("other.nxs")
        return real(file, attachments)

    monkeypatch.setattr(catalogue, "prepare_result", meanwhile)
    place.register()
    assert sorted(path.name for path in place.copies()) == ["fit.nxs", "other.nxs"]


def test_what_a_crash_left_goes_with_a_later_registration(place: Place) -> None:
    place.write()
    left = place.facility.settings.home / "results" / SESSION / "left"
    left.mkdir(parents=True)
    (left / "half.nxs").write_text("{}")
    os.utime(left, (0, 0))
    place.register()
    assert [path.name for path in place.copies()] == ["fit.nxs"]


@pytest.mark.parametrize("kind", ["link", "folder link", "pipe", "hard link", "folder"])
def test_what_is_no_plain_file_is_refused_with_a_remedy(place: Place, tmp_path: Path, kind: str) -> None:
    secret = tmp_path / "secret"
    secret.mkdir()
    (secret / "fit.nxs").write_text("{}")
    name = "fit.nxs"
    match kind:
        case "link":
            (place.folder / name).symlink_to(secret / name)
        case "folder link":
            (place.folder / "sub").symlink_to(secret)
            name = "sub/fit.nxs"
        case "pipe":
            os.mkfifo(place.folder / name)
        case "hard link":
            os.link(secret / name, place.folder / name)
        case _:
            (place.folder / name).mkdir()
    with pytest.raises(InvalidInput) as refused:
        place.register(name)
    assert refused.value.field == "files"
    assert refused.value.remedy
    assert place.copies() == []
    assert all(one.problem for one in place.listed().values())


@pytest.mark.parametrize("name", ["../fit.nxs", "/etc/passwd", "a/../../fit.nxs", "", "a\x00b", "\udcff.nxs", "a//b"])
def test_names_lead_nowhere_else(place: Place, name: str) -> None:
    (place.folder.parent / "fit.nxs").write_text("{}")
    with pytest.raises(InvalidInput) as refused:
        place.register(name)
    assert refused.value.field == "files"


def test_odd_names_are_listed_safely_and_stored_plainly(place: Place) -> None:
    (place.folder / "new\nline.nxs").write_text("{}")
    Path(os.fsdecode(os.fsencode(place.folder) + b"/\xff.nxs")).write_text("{}")
    place.write('a "b" <c>.nxs')
    listed = place.listed()
    assert [one.problem is not None for one in listed.values()].count(True) == 2
    json.dumps(list(listed)).encode()
    place.register('a "b" <c>.nxs')
    assert [path.name for path in place.copies()] == ["a _b_ _c_.nxs"]


def test_a_file_that_grows_while_it_is_copied_is_not_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = tmp_path / "results"
    source.mkdir()
    (source / "a").write_bytes(b"1234")
    read = os.read

    def grows(handle: int, size: int) -> bytes:
        found = read(handle, size)
        with (source / "a").open("ab") as more:
            more.write(b"5")
        return found

    with monkeypatch.context() as patch:
        patch.setattr(os, "read", grows)
        with pytest.raises(Conflict) as refused:
            copy_beneath(source, "a", tmp_path / "copies", "a", most=1000)
    assert refused.value.field == "files"
    assert [path for path in (tmp_path / "copies").rglob("*") if path.is_file()] == []


def test_a_file_that_is_too_large_is_not_taken(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"12345")
    with pytest.raises(TooLarge):
        copy_beneath(tmp_path, "a", tmp_path / "copies", "a", most=4)
    assert list((tmp_path / "copies").iterdir()) == []


def test_a_file_that_is_no_data_says_what_to_do_and_can_be_attached(place: Place) -> None:
    (place.folder / "plot.png").write_bytes(b"png")
    with pytest.raises(InvalidInput) as refused:
        place.register("plot.png")
    assert refused.value.field == "files"
    place.write()
    [done] = place.register("fit.nxs", attachments=("plot.png",))
    files = place.facility.catalogue.file_list(place.facility.principal("alice"), done.pid)
    assert [(one.name, one.role) for one in files] == [("fit.nxs", "data"), ("plot.png", "attachment")]


def test_only_the_sessions_person_registers(place: Place) -> None:
    place.write()
    with pytest.raises(NotAllowed):
        place.register(user="otto")
    with pytest.raises(NotFound):
        place.register(user="bob")
    assert "fit.nxs" in place.listed("otto")


def test_who_works_along_sees_the_files_and_who_watches_does_not(place: Place) -> None:
    place.write()
    facility = place.facility
    facility.access.set_member(FACILITY, "PUB-1", facility.people["bob"], TeamRole.MEMBER)
    member = SessionMember(
        session_id=SESSION, person_id=facility.people["bob"], may="full", role="member", added=facility.clock()
    )
    with facility.database.session() as session:
        session.add(member)
    assert "fit.nxs" in place.listed("bob")
    with facility.database.session() as session:
        session.get_one(SessionMember, (SESSION, facility.people["bob"])).may = "view"
    with pytest.raises(NotAllowed):
        place.listed("bob")


def test_she_needs_the_right_to_write_and_still_to_analyse(place: Place) -> None:
    place.write()
    facility = place.facility
    with pytest.raises((NotAllowed, NotFound)):
        place.register(proposal="PUB-3")
    facility.access.remove_member(FACILITY, "PUB-1", facility.people["alice"])
    with pytest.raises((NotAllowed, NotFound)):
        place.register()
    assert place.copies() == []


def test_without_inputs_it_goes_to_her_own_space(place: Place) -> None:
    with place.facility.database.session() as session:
        session.query(SessionDataset).delete()
    place.write()
    [done] = place.register()
    assert place.facility.catalogue.card(place.facility.principal("alice"), done.pid).proposal == "personal-alice"
    graph = place.facility.catalogue.provenance(FACILITY, done.pid)
    assert [(one.source, one.target) for one in graph.edges] == [(SESSION, done.pid)]


# --- large ones, after the request -----------------------------------------------------------------------------------


@pytest.fixture
def all_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registering, "_SMALL", 0)
    monkeypatch.setattr(registering, "_TELL_S", 0.0)


def ended(place: Place) -> SessionRegistration:
    """The session's registration once it has come to its end."""
    end = time.monotonic() + 30
    while time.monotonic() < end:
        row = place.service.registering.of(SESSION)
        if row is not None and row.state != "working":
            return row
        time.sleep(0.01)
    raise AssertionError("it goes on and on")


@pytest.mark.usefixtures("all_large")
def test_large_files_are_registered_after_the_request_and_their_person_is_told(place: Place) -> None:
    size = sum(place.write(f"{name}.nxs", sample=name).stat().st_size for name in "ab")
    alice = place.facility.principal("alice")
    started = place.service.registering.register(alice, SESSION, ResultRequest(["a.nxs", "b.nxs"], "Both"))
    assert isinstance(started, SessionRegistration)
    assert (started.state, started.total) == ("working", size)
    row = ended(place)
    assert (row.state, row.done, [one["file"] for one in row.registered]) == ("done", size, ["a.nxs", "b.nxs"])
    assert place.listed()["a.nxs"].dataset == row.registered[0]["dataset"]
    with place.facility.database.read() as session:
        assert "2 of your session “JupyterLab” are datasets now." in session.scalars(select(Notice.text)).all()


def test_small_files_are_registered_while_their_person_waits(place: Place) -> None:
    place.write()
    [done] = place.service.registering.register(
        place.facility.principal("alice"), SESSION, ResultRequest(["fit.nxs"], "A fit")
    )
    assert place.listed()["fit.nxs"].dataset == done.pid
    assert place.service.registering.of(SESSION) is None


@pytest.mark.usefixtures("all_large")
def test_what_fails_after_the_request_is_told_and_can_be_tried_again(place: Place) -> None:
    place.write("a.nxs")
    (place.folder / "b.nxs").write_bytes(b"no data")
    alice = place.facility.principal("alice")
    place.service.registering.register(alice, SESSION, ResultRequest(["a.nxs", "b.nxs"], "Both"))
    row = ended(place)
    assert (row.state, len(row.registered), row.problem["field"]) == ("failed", 1, "files")
    assert "'b.nxs' can't be registered" in row.problem["detail"]
    place.write("b.nxs", sample="now")
    place.service.registering.register(alice, SESSION, ResultRequest(["a.nxs", "b.nxs"], "Both"))
    assert [one["is_new"] for one in ended(place).registered] == [False, True]


@pytest.mark.usefixtures("all_large")
def test_another_process_goes_on_with_what_one_that_died_had_begun(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    place.write()
    alice, service = place.facility.principal("alice"), place.service.registering
    with monkeypatch.context() as dead:
        dead.setattr(service, "_launch", lambda _row: None)
        service.register(alice, SESSION, ResultRequest(["fit.nxs"], "A fit"))
    with pytest.raises(Conflict, match="already"):
        service.register(alice, SESSION, ResultRequest(["fit.nxs"], "A fit"))
    service.take_over()  # too early
    assert (found := service.of(SESSION)) is not None
    assert found.state == "working"
    place.facility.clock.now += timedelta(minutes=3)
    other = registering.Registering(place.facility.database, Identity(place.facility.database, place.facility.settings), place.results)  # fmt: skip
    other.take_over()
    assert ended(place).state == "done"


@pytest.mark.usefixtures("all_large")
def test_nothing_is_registered_for_a_token_that_was_taken_back(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    place.write()
    identity, person = Identity(place.facility.database, place.facility.settings), place.facility.people["alice"]
    number, text = identity.create_token(person, "of a script", [Scope.READ, Scope.WRITE, Scope.RUN])
    service = place.service.registering
    launch = service._launch
    monkeypatch.setattr(service, "_launch", lambda _row: None)
    token = identity.principal_of_token(text)
    row = service.register(token, SESSION, ResultRequest(["fit.nxs"], "A fit"))
    identity.delete_token(person, number)
    assert isinstance(row, SessionRegistration)
    launch(row)
    assert "taken back" in ended(place).problem["detail"]
