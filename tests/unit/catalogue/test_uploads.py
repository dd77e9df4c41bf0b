"""Uploads: resumable, compared, kept apart, registered where the person may write; and the quarantine."""

from __future__ import annotations

import errno
import hashlib
import json
import os
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from pandaas.access import FACILITY
from pandaas.catalogue import UploadStatus
from pandaas.catalogue.names import safe_name
from pandaas.db.tables import Dataset, Upload
from pandaas.model import (
    ANONYMOUS,
    Conflict,
    DiskFull,
    InvalidInput,
    NotAllowed,
    NotFound,
    NotSignedIn,
    Principal,
    PrincipalKind,
    Scope,
    TooLarge,
)
from pandaas.testing.facility import Facility


def content(**said: Any) -> bytes:
    return json.dumps(said).encode()


def send(facility: Facility, who: Principal, data: bytes, name: str = "a.nxs", **options: Any) -> UploadStatus:
    started = facility.catalogue.start_upload(who, name, len(data), **options)
    with facility.catalogue.append_upload(who, started.id, 0) as sink:
        sink.write(data)
    return facility.catalogue.complete_upload(who, started.id)


def test_an_upload_becomes_a_dataset_in_ones_own_space(facility: Facility) -> None:
    carol = facility.principal("carol")
    data = content(title="Mine")
    done = send(facility, carol, data, sha256=hashlib.sha256(data).hexdigest())
    carol = facility.principal("carol")
    card = facility.catalogue.card(carol, done.datasets[0])
    assert (done.state, card.title, card.proposal) == ("complete", "Mine", "personal-carol")
    with pytest.raises(NotFound):
        facility.catalogue.dataset(facility.principal("alice"), done.datasets[0])
    assert facility.catalogue.complete_upload(carol, done.id) == done


def test_an_upload_goes_on_where_it_stopped(facility: Facility) -> None:
    alice, data = facility.principal("alice"), content(title="In two parts")
    started = facility.catalogue.start_upload(alice, "a.nxs", len(data))
    with facility.catalogue.append_upload(alice, started.id, 0) as sink:
        sink.write(data[:7])
    assert facility.catalogue.upload(alice, started.id).offset == 7
    with pytest.raises(Conflict) as caught:
        facility.catalogue.append_upload(alice, started.id, 0)
    assert "7" in caught.value.detail
    with pytest.raises(Conflict, match="have arrived"):
        facility.catalogue.complete_upload(alice, started.id)
    with facility.catalogue.append_upload(alice, started.id, 7) as sink:
        sink.write(data[7:])
    assert len(facility.catalogue.complete_upload(alice, started.id).datasets) == 1


def test_two_requests_do_not_write_into_each_other(facility: Facility) -> None:
    alice = facility.principal("alice")
    started = facility.catalogue.start_upload(alice, "a.nxs", 10)
    with (
        facility.catalogue.append_upload(alice, started.id, 0),
        pytest.raises(Conflict, match="another request"),
    ):
        facility.catalogue.append_upload(alice, started.id, 0)


def test_more_than_announced_is_refused(facility: Facility) -> None:
    alice = facility.principal("alice")
    started = facility.catalogue.start_upload(alice, "a.nxs", 3)
    with facility.catalogue.append_upload(alice, started.id, 0) as sink, pytest.raises(TooLarge):
        sink.write(b"1234")


def test_a_changed_file_is_noticed_by_its_checksum(facility: Facility) -> None:
    alice = facility.principal("alice")
    with pytest.raises(InvalidInput, match="another checksum"):
        send(facility, alice, b"{}", sha256="0" * 64)
    with facility.database.read() as session:
        assert [(row.state, bool(row.detail)) for row in session.scalars(select(Upload))] == [("failed", True)]
        assert list(session.scalars(select(Dataset))) == []


def test_files_of_one_batch_stay_together_and_are_registered_by_the_last(facility: Facility) -> None:
    alice = facility.principal("alice")
    parts = {"aster.h5": content(title="Series", data=["d_1.h5", "d_2.h5"]), "d_1.h5": b"{}", "d_2.h5": b'{"a": 1}'}
    started = {
        name: facility.catalogue.start_upload(alice, name, len(data), batch="series", proposal="PUB-1")
        for name, data in parts.items()
    }
    ends = []
    for name, data in parts.items():
        with facility.catalogue.append_upload(alice, started[name].id, 0) as sink:
            sink.write(data)
        ends.append(facility.catalogue.complete_upload(alice, started[name].id))
    assert [end.datasets for end in ends[:2]] == [(), ()]
    (pid,) = ends[2].datasets
    assert [one.name for one in facility.catalogue.file_list(alice, pid)] == ["aster.h5", "d_1.h5", "d_2.h5"]
    with pytest.raises(Conflict, match="in this batch already"):
        facility.catalogue.start_upload(alice, "D_1.h5", 1, batch="series", proposal="PUB-1")


def test_batches_of_the_same_name_do_not_meet(facility: Facility) -> None:
    alice, bob = facility.principal("alice"), facility.principal("bob")
    facility.catalogue.start_upload(alice, "d_1.h5", 10, batch="x")
    done = send(facility, bob, content(title="bob's", data=["d_1.h5"]), name="b.h5", batch="x")
    assert len(facility.catalogue.file_list(facility.principal("bob"), done.datasets[0])) == 1


def test_only_who_may_write_uploads_into_a_proposal(facility: Facility) -> None:
    alice = facility.principal("alice")
    assert send(facility, alice, b"{}", proposal="PUB-1").state == "complete"
    with pytest.raises(NotFound):
        facility.catalogue.start_upload(alice, "a.nxs", 1, proposal="SEC-2")
    with pytest.raises((NotFound, NotAllowed)):
        facility.catalogue.start_upload(alice, "a.nxs", 1, proposal="PUB-3")
    with pytest.raises(NotSignedIn):
        facility.catalogue.start_upload(ANONYMOUS, "a.nxs", 1)
    reading = replace(alice, kind=PrincipalKind.TOKEN, scopes=frozenset({Scope.READ}))
    with pytest.raises(NotAllowed):
        facility.catalogue.start_upload(reading, "a.nxs", 1)


def test_nobody_else_sees_an_upload(facility: Facility) -> None:
    started = facility.catalogue.start_upload(facility.principal("alice"), "a.nxs", 1)
    for user in ("bob", "otto"):
        with pytest.raises(NotFound):
            facility.catalogue.upload(facility.principal(user), started.id)


def test_the_file_says_no_proposal_of_others(facility: Facility) -> None:
    done = send(facility, facility.principal("alice"), content(proposal="SEC-2", instrument="Fake beamline"))
    card = facility.catalogue.card(facility.principal("alice"), done.datasets[0])
    assert (card.proposal, card.instrument) == ("personal-alice", None)


def test_links_out_of_the_upload_are_no_files_of_the_dataset(facility: Facility) -> None:
    secret = facility.write("SEC-2/secret.h5")
    facility.ingest(secret)
    done = send(facility, facility.principal("alice"), content(data=[str(secret), "../../../pandaas.sqlite"]))
    alice = facility.principal("alice")
    assert facility.catalogue.files(alice, done.datasets[0]).allowed == {
        facility.catalogue.files(alice, done.datasets[0]).master
    }
    assert "secret.h5" in facility.catalogue.dataset(alice, done.datasets[0]).unread[0]


def test_what_does_not_fit_is_refused_before_it_is_sent(facility: Facility) -> None:
    alice = facility.principal("alice")
    with pytest.raises(TooLarge):
        facility.catalogue.start_upload(alice, "a.nxs", 51 * 10**9)


def test_a_full_disk_is_said_and_nothing_is_lost(facility: Facility, monkeypatch: pytest.MonkeyPatch) -> None:
    alice = facility.principal("alice")
    started = facility.catalogue.start_upload(alice, "a.nxs", 4)
    with facility.catalogue.append_upload(alice, started.id, 0) as sink:
        sink.write(b"12")

        def full(handle: int, data: bytes) -> int:
            raise OSError(errno.ENOSPC, "No space left on device")

        with monkeypatch.context() as patch:
            patch.setattr(os, "write", full)
            with pytest.raises(DiskFull):
                sink.write(b"34")
    assert facility.catalogue.upload(alice, started.id).offset == 2
    monkeypatch.setattr("shutil.disk_usage", lambda _: type("Usage", (), {"free": 0})())
    with pytest.raises(DiskFull):
        facility.catalogue.start_upload(alice, "b.nxs", 4)


def test_an_abandoned_upload_ends_after_a_week(facility: Facility) -> None:
    alice = facility.principal("alice")
    started = facility.catalogue.start_upload(alice, "a.nxs", 4)
    with facility.catalogue.append_upload(alice, started.id, 0) as sink:
        sink.write(b"12")
    part = next((facility.settings.home / "uploads").rglob("*.part"))
    os.utime(part, (facility.clock().timestamp(),) * 2)
    facility.clock.advance(days=6)
    facility.catalogue.check_files()
    assert facility.catalogue.upload(alice, started.id).state == "receiving"
    facility.clock.advance(days=2)
    facility.catalogue.check_files()
    assert facility.catalogue.upload(alice, started.id).state == "failed"
    assert not part.parent.exists()


@pytest.mark.parametrize(
    ("given_name", "kept"),
    [
        ("run_1_master.h5", "run_1_master.h5"),
        ("../../etc/passwd", "passwd"),
        ("C:\\data\\run.nxs", "run.nxs"),
        ("..", "file"),
        (".bashrc", "bashrc"),
        ("a\nb\0.nxs", "a_b_.nxs"),
        ("weiß ü.nxs", "weiß ü.nxs"),
        ("run.part", "run.part_"),
        ("/", "file"),
    ],
)
def test_names_stay_in_their_folder(given_name: str, kept: str) -> None:
    assert safe_name(given_name) == kept


@given(st.text(max_size=400))
def test_any_name_is_made_harmless(name: str) -> None:
    made = safe_name(name)
    assert made
    assert "/" not in made
    assert made not in {".", ".."}
    assert not made.startswith(".")
    assert len(made.encode()) <= 200
    assert safe_name(made) == made


# --- quarantine -----------------------------------------------------------------------------------------------------


def test_a_bad_upload_is_in_the_quarantine_of_its_owner(facility: Facility) -> None:
    alice = facility.principal("alice")
    done = send(facility, alice, b"no json", name="bad.nxs")
    (entry,) = facility.catalogue.quarantined(alice)
    assert (done.quarantine, entry.name, entry.folder, entry.remedy) == (
        (entry.id,),
        "bad.nxs",
        "uploads",
        "Write it again.",
    )
    assert facility.catalogue.quarantined(facility.principal("bob")) == []
    assert facility.catalogue.quarantined(ANONYMOUS) == []
    with pytest.raises(NotFound):
        facility.catalogue.dismiss(facility.principal("bob"), entry.id)
    facility.catalogue.dismiss(alice, entry.id)
    assert facility.catalogue.quarantined(FACILITY) == []


def test_a_repaired_file_is_taken_when_it_is_tried_again(facility: Facility) -> None:
    path = facility.root / "PUB-1/bad.nxs"
    path.parent.mkdir()
    path.write_text("no json")
    facility.ingest()
    alice = facility.principal("alice")
    (entry,) = facility.catalogue.quarantined(alice)
    assert entry.folder == "data/PUB-1"
    assert len(facility.catalogue.retry(alice, entry.id).quarantined) == 1
    assert facility.catalogue.quarantined(alice)[0].attempts == 2
    path.write_text("{}")
    report = facility.catalogue.retry(alice, entry.id)
    assert facility.catalogue.card(alice, report.datasets[0].pid).proposal == "PUB-1"
    assert facility.catalogue.quarantined(alice) == []


def test_trying_again_follows_no_link_and_moves_nothing_to_another_proposal(facility: Facility) -> None:
    path = facility.root / "PUB-1/bad.nxs"
    path.parent.mkdir()
    path.write_text("no json")
    facility.ingest()
    alice = facility.principal("alice")
    (entry,) = facility.catalogue.quarantined(alice)
    with pytest.raises((NotAllowed, NotFound)):
        facility.catalogue.retry(alice, entry.id, proposal="PUB-3")
    path.unlink()
    path.symlink_to(facility.write("SEC-2/secret.nxs"))
    with pytest.raises(NotFound):
        facility.catalogue.retry(alice, entry.id)
