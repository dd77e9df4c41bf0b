"""Ingest: idempotent, versioned, assigned, each dataset by itself, and open about what it could not do."""

from __future__ import annotations

import fcntl
import os
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import select

from pandaas.access import FACILITY
from pandaas.catalogue import SearchQuery
from pandaas.config import FacilitySettings
from pandaas.db.tables import Dataset, DatasetFile, Event, Quarantine
from pandaas.model import InvalidInput, NotAllowed, NotFound, Unavailable
from pandaas.testing.facility import SAXS, XAS, Facility


def rows(facility: Facility) -> list[Dataset]:
    with facility.database.read() as session:
        return list(session.scalars(select(Dataset).order_by(Dataset.id)))


def test_a_file_becomes_a_dataset_with_what_its_reader_says(facility: Facility) -> None:
    pid = facility.register(
        "PUB-1/run1.nxs",
        title="Lysozyme 5 mg/ml",
        sample="lysozyme",
        start="2026-05-01T10:00:00+00:00",
        instrument="BL1",
        parameters=[("photon_energy", 12.4, "keV"), ("mode", "step", None)],
    )
    record = facility.catalogue.dataset(FACILITY, pid)
    assert (record.card.title, record.card.proposal, record.card.instrument) == ("Lysozyme 5 mg/ml", "PUB-1", "BL1")
    energy = next(one for one in record.parameters if one.name == "photon_energy")
    assert energy.value == 12.4
    assert energy.si_value == pytest.approx(12_400 * 1.602176634e-19)
    assert len(record.files[0].sha256) == 64
    assert record.card.main_shape == (3, 4)
    assert facility.catalogue.thumbnail(FACILITY, pid).startswith(b"\x89PNG")


def test_the_same_file_twice_is_one_dataset_and_is_not_read_again(facility: Facility) -> None:
    path = facility.write("PUB-1/run1.nxs")
    first = facility.ingest(path)
    facility.scanner.scanned.clear()
    second = facility.ingest(path)
    assert [one.outcome for one in second.datasets] == ["unchanged"]
    assert second.datasets[0].pid == first.datasets[0].pid
    assert facility.scanner.scanned == []


def test_a_touched_file_is_still_the_same(facility: Facility) -> None:
    path = facility.write("PUB-1/run1.nxs")
    pid = facility.ingest(path).datasets[0].pid
    os.utime(path, (1, 1))
    again = facility.ingest(path).datasets[0]
    assert (again.pid, again.outcome) == (pid, "unchanged")
    facility.scanner.scanned.clear()
    facility.ingest(path)
    assert facility.scanner.scanned == []


def test_a_changed_file_is_a_new_version(facility: Facility) -> None:
    old = facility.register("PUB-1/run1.nxs", sample="a")
    new = facility.ingest(facility.write("PUB-1/run1.nxs", sample="other")).datasets[0]
    assert (new.outcome, new.version) == ("new_version", 2)
    record = facility.catalogue.dataset(FACILITY, new.pid)
    assert record.replaces == old
    assert [one.pid for one in record.versions] == [old, new.pid]
    assert facility.catalogue.dataset(FACILITY, old).replaced_by == new.pid
    assert [row.is_latest for row in rows(facility)] == [False, True]
    with pytest.raises(Unavailable, match="overwritten"):
        facility.catalogue.files(FACILITY, old)


def test_edits_by_hand_outlive_a_new_version(facility: Facility) -> None:
    pid = facility.register("PUB-1/run1.nxs", sample="a")
    facility.catalogue.edit(facility.principal("alice"), pid, {"title": "Better", "techniques": [XAS]})
    for sample in ("b", "c"):
        new = facility.ingest(facility.write("PUB-1/run1.nxs", sample=sample)).datasets[0]
    record = facility.catalogue.dataset(FACILITY, new.pid)
    assert (record.card.title, record.card.sample, record.card.techniques) == ("Better", "c", (XAS,))


def test_reading_again_takes_over_what_a_better_reader_says_and_keeps_what_people_said(facility: Facility) -> None:
    path = facility.write("PUB-1/run1.nxs", sample="a", parameters=[("temperature", 4.0, "K")])
    pid = facility.ingest(path, instrument="BL1", licence="CC0-1.0").datasets[0].pid
    facility.catalogue.edit(facility.principal("alice"), pid, {"title": "Better", "techniques": [XAS]})
    facility.scanner.learned = {
        "title": "From the file",
        "sample": "b",
        "techniques": [SAXS],
        "parameters": [("temperature", 4.2, "K"), ("photon_energy", 8.0, "keV")],
    }
    assert facility.ingest(path).datasets[0].outcome == "unchanged"  # not read
    again = facility.ingest(path, rescan=True).datasets[0]
    record = facility.catalogue.dataset(FACILITY, pid)
    assert (again.pid, again.version, again.outcome) == (pid, 1, "reread")
    assert (record.card.title, record.card.sample, record.card.techniques) == ("Better", "b", (XAS,))
    assert (record.card.instrument, record.licence) == ("BL1", "CC0-1.0")
    assert {one.name: one.value for one in record.parameters} == {"temperature": 4.2, "photon_energy": 8.0}
    assert "read anew; changed: sample, parameters" in facility.catalogue.history(FACILITY, pid)[0].text
    found = facility.catalogue.search(FACILITY, SearchQuery(text="photon_energy:>1keV"))
    assert [card.pid for card in found.results] == [pid]
    assert facility.ingest(path, rescan=True).datasets[0].outcome == "unchanged"


def test_reading_again_keeps_a_release_that_somebody_set_and_a_withdrawal(facility: Facility) -> None:
    pid = facility.register("PUB-1/run1.nxs", start="2024-05-01T10:00:00+00:00")
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    with facility.database.session() as session:
        row = session.scalars(select(Dataset).where(Dataset.pid == pid)).one()
        row.release_time, row.release_set, row.state = moment, True, "withdrawn"
    facility.scanner.learned = {"start": "2024-06-01T10:00:00+00:00"}
    facility.ingest(rescan=True)
    assert [(row.release_time, row.state) for row in rows(facility)] == [(moment, "withdrawn")]


def test_reading_again_computes_the_release_from_the_time_that_the_reader_found(facility: Facility) -> None:
    pid = facility.register("PUB-1/run1.nxs", start="2024-05-01T10:00:00+00:00")
    facility.scanner.learned = {"start": "2024-06-01T10:00:00+00:00"}
    facility.ingest(rescan=True)
    assert facility.catalogue.dataset(FACILITY, pid).release_time == datetime(2027, 6, 1, 10, tzinfo=UTC)


def test_a_file_whose_proposal_an_earlier_call_named_is_read_again_without_it(facility: Facility) -> None:
    path = facility.write("loose/a.nxs")
    pid = facility.ingest(path, proposal="PUB-3").datasets[0].pid
    again = facility.ingest(path, rescan=True)
    assert ([one.pid for one in again.datasets], again.quarantined) == ([pid], [])
    changed = facility.ingest(facility.write("loose/a.nxs", sample="x")).datasets[0]
    assert (changed.outcome, facility.catalogue.card(FACILITY, changed.pid).proposal) == ("new_version", "PUB-3")


def test_data_that_name_no_facility_are_of_the_configured_one_or_of_none(facility: Facility) -> None:
    facility.register("PUB-1/a.nxs")
    found = facility.catalogue.search(FACILITY, SearchQuery())
    assert ([card.facility for card in found.results], found.facets["facility"]) == ([""], ())
    named = FacilitySettings(name="Our Light Source")
    assert [FacilitySettings(id="OLS").short_name, named.short_name, FacilitySettings().short_name] == [
        "OLS",
        "Our Light Source",
        "",
    ]


def test_the_same_content_elsewhere_is_its_own_dataset(facility: Facility) -> None:
    first = facility.register("PUB-1/a.nxs", title="same")
    second = facility.register("PUB-1/b.nxs", title="same")
    assert first != second
    assert all(row.is_latest for row in rows(facility))


def test_a_moved_file_stays_the_same_dataset(facility: Facility) -> None:
    pid = facility.register("PUB-1/a.nxs")
    (facility.root / "PUB-1/b.nxs").parent.mkdir(exist_ok=True)
    (facility.root / "PUB-1/a.nxs").rename(facility.root / "PUB-1/b.nxs")
    moved = facility.ingest().datasets[0]
    assert (moved.pid, moved.outcome) == (pid, "moved")
    assert facility.catalogue.files(FACILITY, pid).master == facility.root / "PUB-1/b.nxs"
    assert facility.ingest().datasets[0].outcome == "unchanged"


def test_a_file_moved_to_another_proposal_is_not_the_same_dataset(facility: Facility) -> None:
    pid = facility.register("PUB-1/a.nxs")
    target = facility.root / "SEC-2/a.nxs"
    target.parent.mkdir()
    (facility.root / "PUB-1/a.nxs").rename(target)
    report = facility.ingest(target)
    assert report.datasets[0].outcome == "new"
    assert report.datasets[0].pid != pid


def test_every_entry_of_a_file_is_a_dataset(facility: Facility) -> None:
    report = facility.ingest(facility.write("PUB-1/m.nxs", entries=[{"entry": "/a"}, {"entry": "/b"}]))
    assert [one.outcome for one in report.datasets] == ["new", "new"]
    assert {one.outcome for one in facility.ingest().datasets} == {"unchanged"}
    assert len(rows(facility)) == 2


def test_data_files_belong_to_their_master(facility: Facility) -> None:
    facility.write("PUB-1/series_data_1.h5")
    facility.write("PUB-1/series_data_2.h5")
    pid = (
        facility.ingest(facility.write("PUB-1/aster.h5", data=["series_data_1.h5", "series_data_2.h5"])).datasets[0].pid
    )
    assert [one.name for one in facility.catalogue.file_list(FACILITY, pid)] == [
        "aster.h5",
        "series_data_1.h5",
        "series_data_2.h5",
    ]
    assert [one.pid for one in facility.ingest().datasets] == [pid]


def test_a_changed_data_file_makes_a_new_version(facility: Facility) -> None:
    facility.write("PUB-1/d_1.h5")
    facility.ingest(facility.write("PUB-1/aster.h5", data=["d_1.h5"]))
    facility.write("PUB-1/d_1.h5", title="more")
    assert [one.outcome for one in facility.ingest().datasets] == ["new_version"]


# --- whose data -----------------------------------------------------------------------------------------------------


def test_the_call_says_the_proposal_before_the_storage_root(facility: Facility) -> None:
    pid = facility.ingest(facility.write("PUB-1/a.nxs"), proposal="PUB-3").datasets[0].pid
    assert facility.catalogue.dataset(FACILITY, pid).card.proposal == "PUB-3"


def test_the_storage_root_says_it_before_the_file(facility: Facility) -> None:
    pid = facility.register("PUB-1/a.nxs", proposal="SEC-2")
    assert facility.catalogue.dataset(FACILITY, pid).card.proposal == "PUB-1"


def test_the_file_says_it_where_nothing_else_does(facility: Facility) -> None:
    pid = facility.register("loose/a.nxs", proposal="PUB-3")
    assert facility.catalogue.dataset(FACILITY, pid).card.proposal == "PUB-3"


def test_data_of_nobody_are_refused_with_the_remedy_and_taken_later(facility: Facility) -> None:
    report = facility.ingest(facility.write("loose/a.nxs"))
    assert report.datasets == []
    assert "neither the call nor the storage root" in report.quarantined[0].reason
    assert "--proposal" in (report.quarantined[0].remedy or "")
    assert facility.ingest(proposal="PUB-1").datasets[0].outcome == "new"
    with facility.database.read() as session:
        assert list(session.scalars(select(Quarantine))) == []


def test_an_unknown_proposal_is_refused(facility: Facility) -> None:
    with pytest.raises(InvalidInput, match="NO-9"):
        facility.ingest(facility.write("loose/a.nxs"), proposal="NO-9")


def test_the_instruments_technique_is_given_to_data_that_name_none(facility: Facility) -> None:
    plain = facility.register("PUB-1/a.nxs", instrument="bl1")
    named = facility.register("PUB-1/b.nxs", instrument="BL1", techniques=[XAS])
    assert facility.catalogue.dataset(FACILITY, plain).card.techniques == (SAXS,)
    assert facility.catalogue.dataset(FACILITY, named).card.techniques == (XAS,)


def test_only_operators_ingest_folders(facility: Facility) -> None:
    path = facility.write("PUB-1/a.nxs")
    for user in ("alice", "iris"):
        with pytest.raises((NotAllowed, NotFound)):
            facility.catalogue.ingest(facility.principal(user), [path])
    assert facility.catalogue.ingest(facility.principal("otto"), [path]).datasets[0].outcome == "new"


def test_public_data_are_released_after_the_embargo_and_proprietary_ones_never(facility: Facility) -> None:
    public = facility.register("PUB-1/a.nxs", start="2024-02-29T10:00:00+00:00")
    secret = facility.register("SEC-2/a.nxs", start="2024-02-29T10:00:00+00:00")
    assert facility.catalogue.dataset(FACILITY, public).release_time == datetime(2027, 2, 28, 10, tzinfo=UTC)
    assert facility.catalogue.dataset(FACILITY, secret).release_time is None


# --- what is no data, or not yet ------------------------------------------------------------------------------------


def test_a_bad_file_is_quarantined_and_left_alone_until_it_changes(facility: Facility) -> None:
    path = facility.root / "PUB-1" / "bad.nxs"
    path.parent.mkdir()
    path.write_text("not json")
    assert facility.ingest().quarantined[0].reason == "This is not what it says."
    facility.scanner.scanned.clear()
    assert len(facility.ingest().quarantined) == 1
    assert facility.scanner.scanned == []
    facility.write("PUB-1/bad.nxs")
    report = facility.ingest()
    assert (len(report.datasets), report.quarantined) == (1, [])


def test_attachments_belong_to_the_data_beside_them(facility: Facility) -> None:
    readme = facility.root / "PUB-1" / "README.txt"
    readme.parent.mkdir()
    readme.write_text("How it was measured.")
    first = facility.register("PUB-1/a.nxs")
    facility.ingest()
    later = facility.register("PUB-1/b.nxs")
    for pid in (first, later):
        names = {one.name: one.role for one in facility.catalogue.file_list(FACILITY, pid)}
        assert names["README.txt"] == "attachment"
    facility.scanner.scanned.clear()
    facility.ingest()
    assert facility.scanner.scanned == []


def test_attachments_are_not_shown_to_another_proposals_team(facility: Facility) -> None:
    mine = facility.register("loose/a.nxs", proposal="PUB-1")
    theirs = facility.register("loose/b.nxs", proposal="SEC-2")
    (facility.root / "loose/README").write_text("notes")
    facility.ingest()
    for pid in (mine, theirs):
        assert [one.role for one in facility.catalogue.file_list(FACILITY, pid)] == ["data"]


def test_a_file_that_is_being_written_is_growing_and_then_complete(facility: Facility) -> None:
    path = facility.write("PUB-1/a.nxs")
    with path.open("rb") as writer:
        fcntl.flock(writer, fcntl.LOCK_EX)
        growing = facility.ingest(path).datasets[0]
        assert growing.outcome == "growing"
        assert facility.catalogue.card(FACILITY, growing.pid).state == "growing"
    facility.write("PUB-1/a.nxs", sample="all of it")
    done = facility.ingest(path).datasets[0]
    record = facility.catalogue.dataset(FACILITY, done.pid)
    assert (done.pid, done.version, record.card.state, record.card.sample) == (growing.pid, 1, "complete", "all of it")
    assert len(record.files[0].sha256) == 64


def test_an_unreadable_file_that_is_being_written_is_waited_for(facility: Facility) -> None:
    path = facility.root / "half.nxs"
    path.write_text("{")
    with path.open("rb") as writer:
        fcntl.flock(writer, fcntl.LOCK_EX)
        report = facility.ingest(path, proposal="PUB-1")
    assert (report.pending, report.quarantined) == (["half.nxs"], [])


def test_every_registration_is_in_the_event_log(facility: Facility) -> None:
    pid = facility.register("PUB-1/a.nxs")
    new = facility.ingest(facility.write("PUB-1/a.nxs", sample="x")).datasets[0].pid
    with facility.database.read() as session:
        events = [(e.kind, e.subject) for e in session.scalars(select(Event).order_by(Event.id)) if "dataset" in e.kind]
    assert events == [("dataset.registered", pid), ("dataset.registered", new), ("dataset.changed", pid)]


def test_progress_counts_every_file(facility: Facility) -> None:
    for number in range(3):
        facility.write(f"PUB-1/{number}.nxs")
    seen: list[tuple[int, int]] = []
    facility.ingest(progress=lambda step: seen.append((step.done, step.total)))
    assert seen[-1] == (3, 3)


def test_files_are_kept_with_their_real_path_only(facility: Facility, tmp_path: Path) -> None:
    facility.write("PUB-1/a.nxs")
    link = tmp_path / "link"
    link.symlink_to(facility.root / "PUB-1")
    facility.ingest(link)
    assert [one.outcome for one in facility.ingest().datasets] == ["unchanged"]
    with facility.database.read() as session:
        assert list(session.scalars(select(DatasetFile.path))) == [str(facility.root / "PUB-1/a.nxs")]


def test_instruments_are_known_by_name_and_title_and_new_ones_are_added(facility: Facility) -> None:
    facility.access.create_proposal(FACILITY, "PUB-9", "No instrument")
    named = {}
    for index, said in enumerate(("bl1", "SAXS Beamline", "LOQ", "Surf & Turf", "surf turf")):
        pid = facility.register(f"PUB-9/{index}.nxs", instrument=said)
        named[said] = facility.catalogue.card(FACILITY, pid).instrument
    assert named == {
        "bl1": "BL1",
        "SAXS Beamline": "BL1",
        "LOQ": "LOQ",
        "Surf & Turf": "SURF-TURF",
        "surf turf": "SURF-TURF",
    }
