"""What the platform makes itself: results with their provenance, masks, validity of calibrations."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import h5py
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pandaas.access import FACILITY
from pandaas.catalogue.masks import mask_from_runs
from pandaas.db.tables import Job, Proposal
from pandaas.model import ANONYMOUS, InvalidInput, NotAllowed, NotFound, TeamRole
from pandaas.testing.facility import SAXS, Facility

OPEN = "2020-01-01T00:00:00+00:00"


def result(
    facility: Facility,
    inputs: list[str],
    *,
    name: str,
    proposal: str = "PUB-1",
    user: str = "alice",
    background: tuple[str, ...] = (),
) -> str:
    """A finished job with one result, as the room of jobs registers it."""
    file = facility.settings.home / "jobs" / name / "output" / "result.nxs"
    file.parent.mkdir(parents=True)
    file.write_text("{}")
    prepared = facility.catalogue.prepare_result(file)
    with facility.database.session() as session:
        target = session.query(Proposal).filter_by(name=proposal).one()
        job = Job(
            id=name,
            person_id=facility.people[user],
            proposal_id=target.id,
            recipe="saxs-integrate",
            recipe_version="1",
            recipe_hash="x",
            parameters={},
            engine="local",
            state="succeeded",
            cores=1,
            memory_mb=1,
            time_limit_s=1,
            created=facility.clock(),
        )
        session.add(job)
        session.flush()
        slots = {"frames": inputs} | ({"background": background} if background else {})
        return facility.catalogue.register_result(
            session, job, prepared, title=f"Result {name}", inputs=slots, proposal=target
        )


def test_a_result_takes_over_what_its_inputs_share(facility: Facility) -> None:
    source = facility.register("PUB-1/a.nxs", sample="ice", instrument="BL1", start=OPEN)
    pid = result(facility, [source], name="job-1")
    record = facility.catalogue.dataset(FACILITY, pid)
    assert (record.card.kind, record.card.sample, record.card.instrument, record.card.techniques) == (
        "derived",
        "ice",
        "BL1",
        (SAXS,),
    )
    assert record.job == "job-1"
    assert record.release_time == facility.catalogue.dataset(FACILITY, source).release_time


def test_the_sample_is_not_that_of_the_background(facility: Facility) -> None:
    series = facility.register("PUB-1/a.nxs", sample="protein", instrument="BL1", start=OPEN)
    buffer = facility.register("PUB-1/b.nxs", sample="buffer", instrument="BL1", start=OPEN)
    pid = result(facility, [series], name="job-1", background=(buffer,))
    assert facility.catalogue.card(FACILITY, pid).sample == "protein"


def test_a_calibration_says_neither_when_nor_what_was_measured(facility: Facility) -> None:
    series = facility.register("PUB-1/a.nxs", sample="ice", instrument="BL1", start="2020-01-03T00:00:00+00:00")
    calibrant = facility.register("PUB-1/agbh.nxs", sample="AgBh", instrument="BL1", start=OPEN)
    iris, now = facility.principal("iris"), facility.clock()
    facility.catalogue.set_validity(iris, "BL1", calibrant, purpose="calibration", start=now)
    card = facility.catalogue.card(FACILITY, result(facility, [series, calibrant], name="job-1"))
    assert card.sample == "ice"
    assert card.start_time == facility.catalogue.card(FACILITY, series).start_time


def test_a_result_is_released_with_the_last_of_its_inputs(facility: Facility) -> None:
    old = facility.register("PUB-1/a.nxs", start=OPEN)
    new = facility.register("PUB-1/b.nxs", start="2026-01-01T00:00:00+00:00")
    both = facility.catalogue.dataset(FACILITY, result(facility, [old, new], name="job-1"))
    assert both.release_time == facility.catalogue.dataset(FACILITY, new).release_time
    secret = facility.register("SEC-2/c.nxs")
    mixed = facility.catalogue.dataset(FACILITY, result(facility, [old, secret], name="job-2", user="bob"))
    assert mixed.release_time is None


def test_who_may_not_read_an_input_does_not_see_the_result(facility: Facility) -> None:
    secret = facility.register("SEC-2/a.nxs")
    pid = result(facility, [secret], name="job-1", user="bob")
    with pytest.raises(NotFound):
        facility.catalogue.dataset(facility.principal("alice"), pid)


def test_provenance_goes_both_ways_over_any_number_of_steps(facility: Facility) -> None:
    source = facility.register("PUB-1/a.nxs", start=OPEN)
    first = result(facility, [source], name="job-1")
    second = result(facility, [first], name="job-2")
    for pid in (source, first, second):
        graph = facility.catalogue.provenance(facility.principal("alice"), pid)
        assert {node.id for node in graph.nodes} == {source, first, second, "job-1", "job-2"}
        assert {(edge.source, edge.target) for edge in graph.edges} == {
            (source, "job-1"),
            ("job-1", first),
            (first, "job-2"),
            ("job-2", second),
        }


def test_provenance_leaves_out_what_others_made(facility: Facility) -> None:
    source = facility.register("PUB-1/a.nxs", start=OPEN)
    theirs = result(facility, [source], name="job-1", proposal="SEC-2", user="bob")
    seen_by_alice = facility.catalogue.provenance(facility.principal("alice"), source)
    assert [node.id for node in seen_by_alice.nodes] == [source]
    assert seen_by_alice.edges == ()
    facility.catalogue.edit(FACILITY, source, {"state": "withdrawn"})
    graph = facility.catalogue.provenance(FACILITY, theirs)
    assert {node.id for node in graph.nodes} == {source, theirs, "job-1"}


def test_an_origin_that_may_not_be_seen_is_not_even_counted(facility: Facility) -> None:
    source = facility.register("PUB-1/a.nxs", title="Confidential name", start=OPEN)
    pid = result(facility, [source], name="job-1")
    with facility.database.session() as session:  # a share of the result alone, as a link would give it
        session.connection().exec_driver_sql("DELETE FROM dataset_ancestor")
        session.connection().exec_driver_sql("UPDATE dataset SET release_time=NULL WHERE kind='raw'")
    graph = facility.catalogue.provenance(ANONYMOUS, pid)
    assert {node.id for node in graph.nodes} == {pid, "job-1"}
    assert [(edge.source, edge.target) for edge in graph.edges] == [("job-1", pid)]
    assert source not in str(graph)
    assert "Confidential" not in str(graph)


# --- masks ----------------------------------------------------------------------------------------------------------

RUNS = [1, 2, 9]  # of 3 × 4 pixels: the second and third are masked


def draw(facility: Facility, user: str, pid: str, **changes: object) -> object:
    said = {"path": "/entry/data", "title": "Beam stop", "shape": [3, 4], "runs": RUNS} | changes
    return facility.catalogue.save_mask(facility.principal(user), pid, **said)  # type: ignore[arg-type]


def test_a_drawn_mask_is_a_dataset_of_the_instrument(facility: Facility) -> None:
    pid = facility.register("PUB-1/a.nxs", instrument="BL1", start=OPEN)
    card = facility.catalogue.save_mask(
        facility.principal("alice"), pid, path="/entry/data", title="Beam stop", shape=[3, 4], runs=RUNS
    )
    assert (card.kind, card.instrument, card.proposal, card.title) == ("mask", "BL1", "PUB-1", "Beam stop")
    with h5py.File(facility.catalogue.files(FACILITY, card.pid).master) as file:
        assert file["/entry/mask/mask"][()].reshape(-1).tolist() == [0, 1, 1] + [0] * 9
        assert file["/entry/instrument/detector/pixel_mask"][0, 1] == 1
        assert file["/entry"].attrs["default"] == "mask"
    assert facility.catalogue.history(FACILITY, card.pid)[0].text == "Drawn in the viewer on a."
    assert pid in {node.id for node in facility.catalogue.provenance(FACILITY, card.pid).nodes}
    assert facility.catalogue.calibrations(FACILITY, "BL1") == []


def test_a_mask_drawn_by_the_staff_is_proposed_from_then_on(facility: Facility) -> None:
    pid = facility.register("PUB-1/a.nxs", instrument="BL1", start=OPEN)
    facility.access.set_member(FACILITY, "PUB-1", facility.people["iris"], TeamRole.MEMBER)
    draw(facility, "iris", pid)
    (valid,) = facility.catalogue.calibrations(facility.principal("iris"), "BL1", purpose="mask")
    assert (valid.purpose, valid.start, valid.valid_now) == ("mask", datetime.fromisoformat(OPEN), True)


def test_a_reader_keeps_her_mask_to_herself(facility: Facility) -> None:
    pid = facility.register("PUB-1/a.nxs", instrument="BL1", start=OPEN)
    card = draw(facility, "carol", pid)
    assert card.proposal == "personal-carol"  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "changes",
    [
        {"runs": [1, 2]},
        {"runs": [-1, 13]},
        {"shape": [10**6, 10**6]},
        {"shape": [0, 4]},
        {"shape": [4, 3]},
        {"path": "/elsewhere"},
    ],
)
def test_a_mask_that_does_not_fit_the_image_is_refused(facility: Facility, changes: dict[str, object]) -> None:
    pid = facility.register("PUB-1/a.nxs", start=OPEN)
    with pytest.raises(InvalidInput):
        draw(facility, "alice", pid, **changes)
    assert list((facility.settings.home).glob("masks/*")) == []


@given(st.lists(st.lists(st.booleans(), min_size=3, max_size=3), min_size=1, max_size=5))
def test_runs_give_back_the_mask(rows: list[list[bool]]) -> None:
    wanted = np.array(rows)
    flat = wanted.reshape(-1)
    runs, current = [0], False
    for pixel in flat:
        if bool(pixel) != current:
            runs.append(0)
            current = not current
        runs[-1] += 1
    assert (mask_from_runs(wanted.shape, runs) == wanted).all()


# --- validity -------------------------------------------------------------------------------------------------------


def test_the_staff_says_when_a_calibration_holds(facility: Facility) -> None:
    pid = facility.register("PUB-1/agbh.nxs", instrument="BL1", start=OPEN)
    iris, now = facility.principal("iris"), facility.clock()
    facility.catalogue.set_validity(iris, "BL1", pid, purpose="calibration", start=now, end=now + timedelta(days=1))
    assert facility.catalogue.card(FACILITY, pid).kind == "calibration"
    at = facility.catalogue.calibrations
    assert [one.card.pid for one in at(iris, "BL1", now)] == [pid]
    assert at(iris, "BL1", now + timedelta(days=1)) == []
    assert at(iris, "BL1", now - timedelta(seconds=1)) == []
    with pytest.raises(NotAllowed):
        facility.catalogue.set_validity(facility.principal("alice"), "BL1", pid, purpose="mask", start=now)
    with pytest.raises(InvalidInput):
        facility.catalogue.set_validity(iris, "BL1", pid, purpose="calibration", start=now, end=now)


def test_a_calibration_written_anew_stays_the_proposed_one(facility: Facility) -> None:
    pid = facility.register("PUB-1/agbh.nxs", instrument="BL1", start=OPEN)
    iris = facility.principal("iris")
    facility.catalogue.set_validity(iris, "BL1", pid, purpose="calibration", start=facility.clock())
    new = facility.ingest(facility.write("PUB-1/agbh.nxs", instrument="BL1", start=OPEN, sample="AgBh")).datasets[0]
    (valid,) = facility.catalogue.calibrations(iris, "BL1")
    assert (valid.card.pid, valid.card.kind) == (new.pid, "calibration")


def test_nobody_learns_of_calibrations_she_may_not_read(facility: Facility) -> None:
    pid = facility.register("SEC-2/agbh.nxs", instrument="BL1")
    facility.catalogue.set_validity(FACILITY, "BL1", pid, purpose="calibration", start=facility.clock())
    assert facility.catalogue.calibrations(facility.principal("iris"), "BL1") == []
    assert len(facility.catalogue.calibrations(facility.principal("bob"), "BL1")) == 1


def test_a_file_that_is_no_result_is_refused(facility: Facility, tmp_path: Path) -> None:
    file = tmp_path / "result.nxs"
    file.write_text("no json")
    with pytest.raises(InvalidInput):
        facility.catalogue.prepare_result(file)
