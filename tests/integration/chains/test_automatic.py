"""Chains that run by themselves: once on each new measurement, within limits, as a service that may read nothing else."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update

from pandaas.chains import AttachmentRequest, definition_of
from pandaas.chains import automatic as automatic_module
from pandaas.db import EventTail, append
from pandaas.db.tables import (
    AutomaticRun,
    Chain,
    ChainAttachment,
    ChainRun,
    Dataset,
    DatasetParameter,
    Instrument,
    Job,
    Person,
    Proposal,
)
from pandaas.identity.accounts import USER_PATTERN
from pandaas.model import Action, NotAllowed, Principal, Role
from pandaas.testing.workshop import Workshop

pytestmark = pytest.mark.integration


def register(workshop: Workshop, proposal: str = "P-alice", **columns: Any) -> str:
    """A measurement of BL-SAXS as ingest registers it, with its event."""
    with workshop.database.read() as session:
        place = session.scalars(select(Instrument.id).where(Instrument.name == "BL-SAXS")).one()
    pid = workshop.dataset(proposal, instrument_id=place, **columns)
    with workshop.database.session() as session:
        append(session, "dataset.registered", pid, clock=workshop.database.clock)
    return pid


def staff(workshop: Workshop, user: str = "bob") -> Principal:
    """Staff of BL-SAXS, who publish chains and attach them."""
    with workshop.database.read() as session:
        place = session.scalars(select(Instrument.id).where(Instrument.name == "BL-SAXS")).one()
    return workshop.principal(user, role=Role.INSTRUMENT_STAFF, instruments=frozenset({place}))


def attach(workshop: Workshop, **more: Any) -> int:
    who = staff(workshop)
    chain = workshop.chains.library.save(
        who,
        definition_of(
            {
                "title": "Sum",
                "inputs": [{"name": "sample"}],
                "steps": [
                    {"name": "one", "recipe": "sum-whole", "inputs": {"sample": ["sample"]}},
                    {"name": "two", "recipe": "sum-whole", "inputs": {"sample": ["one"]}},
                ],
            }
        ),
    )
    workshop.chains.library.share(who, chain, "published")
    return workshop.chains.automatic.attach(who, "BL-SAXS", AttachmentRequest(chain, **more))


def found(workshop: Workshop) -> list[AutomaticRun]:
    with workshop.database.read() as session:
        return list(session.scalars(select(AutomaticRun).order_by(AutomaticRun.id)))


def test_a_new_measurement_is_analysed_by_itself(workshop: Workshop) -> None:
    attachment = attach(workshop)
    pid = register(workshop)
    with workshop.running(chains=True):
        end = time.monotonic() + 90
        while time.monotonic() < end:
            total, rows = workshop.chains.automatic.found(workshop.principal("otto"), attachment)
            if total and rows[0].state not in {"waiting", "running"}:
                break
            time.sleep(0.1)
    assert [(row.row.dataset_pid, row.state, row.failure) for row in rows] == [(pid, "succeeded", None)]
    [seen] = workshop.chains.runs.runs(workshop.principal("alice")).runs
    assert seen.proposal == "P-alice"
    assert seen.result is not None  # the team reads what was made
    assert workshop.chains.runs.runs(workshop.principal("bob")).runs == []


def test_a_measurement_is_found_once_and_a_result_never(workshop: Workshop) -> None:
    attach(workshop)
    pid = register(workshop)
    with workshop.database.session() as session:
        for kind in ("dataset.changed", "dataset.edited"):
            append(session, kind, pid, clock=workshop.database.clock)
    register(workshop, kind="derived")
    for _ in range(3):
        workshop.chains.automatic.round()
    assert [row.dataset_pid for row in found(workshop)] == [pid]


def test_events_that_are_none_of_ours_are_read_once(workshop: Workshop) -> None:
    for _ in range(3):
        attach(workshop)
    with workshop.database.session() as session:
        for _ in range(50):
            append(session, "dataset.read", "ds-1", clock=workshop.database.clock)
    workshop.chains.automatic.round()
    read: list[int] = []
    real = EventTail.batch

    def batch(tail: EventTail, *asked: Any) -> Any:
        events = real(tail, *asked)
        read.append(len(events))
        return events

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(EventTail, "batch", batch)
        workshop.chains.automatic.round()
        pid = register(workshop)
        workshop.chains.automatic.round()
    assert read == [0, 1]
    assert {row.dataset_pid for row in found(workshop)} == {pid}


def test_a_round_ends_when_another_process_leads(workshop: Workshop) -> None:
    attach(workshop, at_once=10)
    for _ in range(3):
        register(workshop)
    asked = iter([True, True])  # for the attachment and its first run
    workshop.chains.round(lambda: next(asked, False))
    assert [row.state for row in found(workshop)] == ["started", "waiting", "waiting"]


def test_what_came_while_the_platform_was_down_is_found(workshop: Workshop, tmp_path: Path) -> None:
    attach(workshop)
    workshop.chains.automatic.round()
    pids = [register(workshop) for _ in range(3)]
    later = Workshop(tmp_path, fresh=False)  # another process, started afterwards
    later.chains.automatic.round()
    later.close()
    assert [row.dataset_pid for row in found(workshop)] == pids


def test_what_was_there_before_runs_only_when_asked_for(workshop: Workshop) -> None:
    old = [register(workshop) for _ in range(3)]
    attachment = attach(workshop)
    workshop.chains.automatic.round()
    assert found(workshop) == []
    assert workshop.chains.automatic.backlog(staff(workshop), attachment, 2) == 2
    assert [row.dataset_pid for row in found(workshop)] == old[1:]
    assert workshop.chains.automatic.backlog(staff(workshop), attachment, 2) == 0


def test_a_measurement_that_grows_is_found_when_it_is_complete(workshop: Workshop) -> None:
    attach(workshop)
    pid = register(workshop, state="growing")
    workshop.chains.automatic.round()
    assert found(workshop) == []
    with workshop.database.session() as session:
        session.scalars(select(Dataset).where(Dataset.pid == pid)).one().state = "complete"
        append(session, "dataset.changed", pid, clock=workshop.database.clock)
    workshop.chains.automatic.round()
    assert [row.dataset_pid for row in found(workshop)] == [pid]


def test_the_predicate_decides(workshop: Workshop) -> None:
    attach(workshop, predicate={"title": "*scan*", "parameters": {"temperature": {"minimum": 300, "unit": "K"}}})
    register(workshop, title="Scan 1")
    register(workshop, title="Scan 2", parameters={"temperature": (290.0, "K")})
    hot = register(workshop, title="Scan 3", parameters={"temperature": (310.0, "K")})
    register(workshop, title="Alignment", parameters={"temperature": (310.0, "K")})
    workshop.chains.automatic.round()
    assert [row.dataset_pid for row in found(workshop)] == [hot]


def test_what_is_beyond_the_limit_waits_and_says_why(workshop: Workshop) -> None:
    attach(workshop, at_once=1)
    for _ in range(3):
        register(workshop)
    workshop.chains.automatic.round()
    rows = found(workshop)
    assert [row.state for row in rows] == ["started", "waiting", "waiting"]
    assert rows[1].reason == "1 at once are the most."


def test_a_series_runs_again_after_a_correction(workshop: Workshop) -> None:
    attachment = attach(workshop, at_once=10)
    for _ in range(2):
        register(workshop)
    workshop.chains.automatic.round()
    assert workshop.chains.automatic.again(staff(workshop), attachment) == 2
    assert [(row.generation, row.cause) for row in found(workshop)] == [(0, "new")] * 2 + [(1, "again")] * 2


def test_proprietary_data_are_left_alone(workshop: Workshop) -> None:
    attach(workshop)
    with workshop.database.session() as session:
        session.scalars(select(Proposal).where(Proposal.name == "P-alice")).one().type = "proprietary"
    register(workshop)
    workshop.chains.automatic.round()
    assert found(workshop) == []


def test_an_automatic_run_may_read_its_own_dataset_and_nothing_else(workshop: Workshop) -> None:
    attach(workshop)
    own = register(workshop)
    same_proposal, other_proposal = register(workshop), register(workshop, "P-bob")
    workshop.chains.automatic.round()
    with workshop.database.read() as session:
        one = next(row for row in found(workshop) if row.dataset_pid == own)
        run = session.get_one(ChainRun, one.run_id)
        principal = workshop.chains.keeper._acting.of_run(session, run)
        rows = {row.pid: row for row in session.scalars(select(Dataset))}
        guards = dict(zip(rows, workshop.access.protect(session, list(rows.values())), strict=True))
        visible = set(session.scalars(select(Dataset.pid).where(workshop.access.visible(principal))))
    assert visible == {own}
    for action in (Action.READ, Action.ANALYSE, Action.DISCOVER):
        assert workshop.access.may(principal, action, guards[own])
        assert not workshop.access.may(principal, action, guards[same_proposal])
        assert not workshop.access.may(principal, action, guards[other_proposal])
    assert not any(workshop.access.may(principal, Action.WRITE, guard) for guard in guards.values())
    assert not workshop.access.may(principal, Action.OPERATE)


def test_what_became_proprietary_while_it_waited_is_refused(workshop: Workshop) -> None:
    attach(workshop, at_once=1)
    for _ in range(2):
        register(workshop)
    workshop.chains.automatic.round()
    with workshop.database.session() as session:
        session.scalars(select(Proposal).where(Proposal.name == "P-alice")).one().type = "proprietary"
        session.scalars(select(ChainRun)).one().state = "succeeded"
    workshop.chains.automatic.round()
    rows = found(workshop)
    assert [row.state for row in rows] == ["started", "refused"]
    assert "no longer" in (rows[1].reason or "")


def test_staff_see_that_a_predicate_cannot_be_applied(workshop: Workshop) -> None:
    attach(workshop, predicate={"parameters": {"temperature": {"minimum": 3, "unit": "mm"}}})
    register(workshop, parameters={"temperature": (290.0, "K")})
    with workshop.database.session() as session:
        session.execute(update(DatasetParameter).values(si_value=290.0, si_unit="K"))
    workshop.chains.automatic.round()
    assert [(row.state, "no unit of temperature" in (row.reason or "")) for row in found(workshop)] == [
        ("refused", True)
    ]


def test_what_two_find_at_once_is_one_run(workshop: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    attachment = attach(workshop)
    pid = register(workshop)
    workshop.chains.automatic.round()
    automatic = workshop.chains.automatic
    monkeypatch.setattr(automatic_module, "known", lambda *_: False)  # as it looks to who began before the other's end
    with workshop.database.session() as session:
        row = session.get_one(ChainAttachment, attachment)
        assert not automatic._note(session, row, pid, 0, "backlog")
        session.execute(select(1))  # the transaction goes on
    assert len(found(workshop)) == 1


def test_a_person_cannot_have_the_name_of_the_account(workshop: Workshop) -> None:
    with workshop.database.read() as session:
        number = session.scalars(select(Instrument.id).where(Instrument.name == "BL-SAXS")).one()
    mallory = workshop.identity.create_person(f"automatic-{number}", "Mallory")
    attach(workshop)
    with workshop.database.read() as session:
        service = session.scalars(select(ChainAttachment.service_id)).one()
        name = session.get_one(Person, service).user
    assert service != mallory
    assert not USER_PATTERN.fullmatch(name)


def test_who_is_not_on_the_staff_attaches_nothing(workshop: Workshop) -> None:
    attach(workshop)
    with workshop.database.read() as session:
        chain = session.scalars(select(Chain.id).where(Chain.owner_id.is_not(None))).one()
    with pytest.raises(NotAllowed, match="not on the staff"):
        workshop.chains.automatic.attach(workshop.principal("alice"), "BL-SAXS", AttachmentRequest(chain))


def test_nobody_signs_in_with_the_account_of_automatic_runs(workshop: Workshop) -> None:
    attach(workshop)
    register(workshop)
    workshop.chains.automatic.round()
    with workshop.database.read() as session:
        run = session.scalars(select(ChainRun)).one()
    assert workshop.identity.is_shut_out(workshop.identity.person(run.person_id))
    with workshop.database.read() as session:
        assert session.scalars(select(Job)).all() == []  # the keeper starts the steps, not the trigger
