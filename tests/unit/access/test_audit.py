"""The audit: complete, sealed, without names; reads counted beside the requests."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import select, text

from pandaas.access import FACILITY, ReadCounter
from pandaas.db import Database
from pandaas.db.tables import AccessCount, AuditRow, Event, Person
from pandaas.identity import Identity
from pandaas.model import ANONYMOUS, NotAllowed, NotFound, Principal, PrincipalKind
from pandaas.testing.facility import Facility, make_facility


@pytest.fixture
def facility(sqlite_database: Database, tmp_path: Path) -> Facility:
    return make_facility(sqlite_database, tmp_path)


def take_all(facility: Facility) -> None:
    while facility.access.take_over():
        pass


def rows(facility: Facility) -> list[AuditRow]:
    with facility.database.read() as session:
        return list(session.scalars(select(AuditRow).order_by(AuditRow.number)))


def test_every_event_becomes_one_line_in_order_and_only_once(facility: Facility) -> None:
    facility.register("PUB-1/a.nxs")
    take_all(facility)
    with facility.database.read() as session:
        kinds = list(session.scalars(select(Event.kind).where(Event.kind != "job.progress").order_by(Event.id)))
    assert [row.kind for row in rows(facility)] == kinds
    take_all(facility)
    assert len(rows(facility)) == len(kinds)
    check = facility.access.verify_audit()
    assert (check.lines, check.broken) == (len(kinds), None)


@pytest.mark.parametrize(
    "damage",
    [
        'UPDATE audit SET detail = \'{"door": "none"}\' WHERE number = 3',
        "UPDATE audit SET who = NULL, kind = 'nothing' WHERE number = 3",
        "DELETE FROM audit WHERE number = 3",
        "UPDATE audit SET hash = '00' WHERE number = 3",
        "UPDATE audit SET time = '2020-01-01 00:00:00.000000' WHERE number = 3",
    ],
)
def test_the_first_line_that_was_tampered_with_is_named(facility: Facility, damage: str) -> None:
    take_all(facility)
    with facility.database.session() as session:
        session.execute(text(damage.replace(":", "\\:")))
    assert facility.access.verify_audit().broken == 3


def test_a_cut_off_end_is_noticed_by_who_noted_the_last_hash(facility: Facility) -> None:
    take_all(facility)
    check = facility.access.verify_audit()
    anchor = (check.lines, check.last_hash)
    assert facility.access.verify_audit(anchor).broken is None
    with facility.database.session() as session:
        session.execute(text(f"DELETE FROM audit WHERE number = {check.lines}"))
    assert facility.access.verify_audit().broken is None
    assert facility.access.verify_audit(anchor).broken == check.lines


def test_reads_are_counted_by_person_dataset_door_and_minute(facility: Facility) -> None:
    pid = facility.register("PUB-1/a.nxs")
    counter = ReadCounter(facility.database)
    alice, otto = facility.principal("alice"), facility.principal("otto")
    seen = replace(alice, kind=PrincipalKind.VIEW, viewer=otto)
    for who in (alice, alice, ANONYMOUS, seen, Principal(kind=PrincipalKind.LINK, link_id=7)):
        counter.note(who, pid, "view", 100)
    counter.flush()
    counter.note(alice, pid, "view", 50)
    facility.clock.advance(minutes=1)
    counter.note(alice, pid, "download", 1)
    counter.flush()
    assert [line.who for line in facility.access.accesses(alice, pid) if line.number == 0]
    facility.clock.advance(minutes=3)
    take_all(facility)
    found = {
        (line.who, line.whom, line.detail["door"], line.detail["requests"], line.detail["bytes"])
        for line in facility.access.audit(FACILITY, kind="data.read")
    }
    assert found == {
        ("Alice", None, "view", 3, 250),
        ("Alice", None, "download", 1, 1),
        (None, None, "view", 1, 100),
        ("Otto", "Alice", "view", 1, 100),
        ("link 7", None, "view", 1, 100),
    }
    with facility.database.read() as session:
        assert session.scalars(select(AccessCount)).all() == []


def test_numbers_that_cannot_be_written_are_kept(facility: Facility, monkeypatch: pytest.MonkeyPatch) -> None:
    pid = facility.register("PUB-1/a.nxs")
    counter = ReadCounter(facility.database)
    counter.note(ANONYMOUS, pid, "view", 1)
    with facility.database.session():  # another writer; SQLite waits, so make it impatient
        monkeypatch.setattr(
            facility.database, "session", lambda: facility.database.__class__.session(facility.database, patient=False)
        )
        counter.flush()
    monkeypatch.undo()
    counter.note(ANONYMOUS, pid, "view", 1)
    counter.flush()
    with facility.database.read() as session:
        assert session.scalars(select(AccessCount.requests)).one() == 2


def test_the_owner_sees_the_accesses_to_her_data_and_strangers_don_t(facility: Facility) -> None:
    pid = facility.register("PUB-1/a.nxs")
    facility.access.share(facility.principal("alice"), pid, facility.people["carol"])
    take_all(facility)
    lines = facility.access.accesses(facility.principal("alice"), pid)
    assert (lines[0].kind, lines[0].who, lines[0].whom) == ("share.created", "Alice", "Carol")
    with pytest.raises(NotAllowed):
        facility.access.accesses(facility.principal("carol"), pid)
    with pytest.raises(NotFound):
        facility.access.accesses(facility.principal("bob"), pid)
    with pytest.raises(NotAllowed):
        facility.access.audit(facility.principal("alice"))


def test_a_name_can_be_erased_and_the_chain_still_holds(facility: Facility, quick_passwords: None) -> None:
    identity = Identity(facility.database, facility.settings)
    number = identity.create_person("dora", "Dora Unforgettable", password="correct horse", email="dora@example.org")
    facility.access.personal_space(number)
    facility.access.set_member(FACILITY, "PUB-1", number, "member")
    identity.sign_in("dora", "correct horse", address="10.1.2.3", client="Dora's browser")
    take_all(facility)
    assert facility.access.audit(FACILITY, user="dora")
    assert identity.erase(number) == f"erased-{number}"
    take_all(facility)
    assert facility.access.verify_audit().broken is None
    with facility.database.read() as session:
        tables = Person.metadata.sorted_tables
        everything = "".join(str(row) for table in tables for row in session.execute(table.select())).lower()
    for word in ("dora", "10.1.2.3", "unforgettable"):
        assert word not in everything
    assert facility.access.audit(FACILITY, kind="proposal.member_set")[0].whom is not None


def test_two_leaders_write_each_line_once(facility: Facility) -> None:
    facility.register("PUB-1/a.nxs")
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: facility.access.take_over(), range(8)))
    take_all(facility)
    assert facility.access.verify_audit().broken is None
    numbers = [row.number for row in rows(facility)]
    assert numbers == list(range(1, len(numbers) + 1))
