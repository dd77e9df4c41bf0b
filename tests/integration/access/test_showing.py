"""To whom a session's data may be shown: people by their own rights, guests by policy."""

from __future__ import annotations

from pathlib import Path

import pytest

from pandaas.access import FACILITY
from pandaas.access.showing import GuestPolicy
from pandaas.db import Database
from pandaas.db.tables import Dataset
from pandaas.model import Action, TeamRole
from pandaas.testing.facility import Facility, make_facility

pytestmark = pytest.mark.integration
LEADS: GuestPolicy = "principal_investigator"


@pytest.fixture
def facility(database: Database, tmp_path: Path) -> Facility:
    made = make_facility(database, tmp_path)
    for name in ("PUB-1/a.nx", "PUB-3/b.nx", "SEC-2/c.nx"):
        made.register(name)
    return made


def _pid(facility: Facility, title: str) -> str:
    with facility.database.read() as session:
        return next(one.pid for one in session.query(Dataset) if one.title == title)


def _guests(facility: Facility, user: str, titles: tuple[str, ...], policy: GuestPolicy) -> bool:
    pids = [_pid(facility, title) for title in titles]
    with facility.database.read() as session:
        return facility.access.may_show_guests(session, facility.principal(user), pids, policy)


def _release(facility: Facility, title: str) -> None:
    with facility.database.session() as session:
        next(one for one in session.query(Dataset) if one.title == title).release_time = facility.clock()


def test_guests_see_open_data_unless_the_facility_has_none(facility: Facility) -> None:
    _release(facility, "a")
    assert _guests(facility, "bob", ("a",), "open_data")
    assert _guests(facility, "bob", ("a",), LEADS)
    assert not _guests(facility, "alice", ("a",), "never")


def test_what_is_under_embargo_is_shown_by_its_principal_investigator_where_policy_allows(facility: Facility) -> None:
    assert _guests(facility, "alice", ("a",), LEADS)
    assert not _guests(facility, "alice", ("a",), "open_data")
    assert not _guests(facility, "alice", ("a", "b"), LEADS), "she leads only one of the two"
    assert not _guests(facility, "otto", ("a",), LEADS), "an operator leads no proposal"
    facility.access.set_member(FACILITY, "PUB-1", facility.people["bob"], TeamRole.MEMBER)
    assert not _guests(facility, "bob", ("a",), LEADS)


def test_proprietary_data_are_never_shown_to_guests(facility: Facility) -> None:
    assert not _guests(facility, "bob", ("c",), LEADS)


def test_a_result_needs_the_lead_of_everything_that_it_was_made_from(facility: Facility) -> None:
    with facility.database.session() as session:
        made = next(one for one in session.query(Dataset) if one.title == "a")
        facility.access.record_ancestors(session, made.id, [_pid(facility, "b")])
    assert not _guests(facility, "alice", ("a",), LEADS)


def test_people_are_kept_out_by_each_dataset_that_they_may_not_use(facility: Facility) -> None:
    a, b = _pid(facility, "a"), _pid(facility, "b")
    facility.access.set_member(FACILITY, "PUB-1", facility.people["bob"], TeamRole.READER)
    with facility.database.read() as session:
        bob = facility.principal("bob")
        assert facility.access.hidden_from(session, bob, [a], Action.READ) == []
        assert facility.access.hidden_from(session, bob, [a], Action.ANALYSE) == [a], "a reader only reads"
        assert facility.access.hidden_from(session, bob, [a, b, "gone"], Action.READ) == [b, "gone"]
