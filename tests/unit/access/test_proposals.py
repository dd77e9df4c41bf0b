"""Proposals, teams, instruments and shares; a revocation is felt by the next question."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from pandaas.access import FACILITY, Access
from pandaas.config import load_settings
from pandaas.db import Database, EventTail, Position
from pandaas.db.tables import Dataset
from pandaas.identity import Identity
from pandaas.model import (
    ANONYMOUS,
    Action,
    Conflict,
    InvalidInput,
    NotAllowed,
    NotFound,
    NotSignedIn,
    Principal,
    ProposalType,
    Role,
    TeamRole,
)
from pandaas.testing.clock import ManualClock

PI = TeamRole.PRINCIPAL_INVESTIGATOR


class Facility:
    """Two proposals of two teams, one instrument, one dataset each."""

    def __init__(self, database: Database) -> None:
        database.clock = self.clock = ManualClock()
        self.database = database
        self.access = Access(database)
        self.identity = Identity(database, load_settings(home="/nonexistent"))
        self.people = {
            name: self.identity.create_person(name, name.title(), role)
            for name, role in (("ann", "visitor"), ("ben", "visitor"), ("ida", "instrument_staff"), ("oz", "operator"))
        }
        self.access.create_instrument(FACILITY, "BL1")
        self.access.set_staff(FACILITY, "BL1", self.people["ida"])
        for name, kind, leader in (("SC-1", "public_access", "ann"), ("PX-1", "proprietary", "ben")):
            self.access.create_proposal(FACILITY, name, name, type=kind, instrument="BL1")
            self.access.set_member(FACILITY, name, self.people[leader], PI)
            self.dataset(f"ds-{name}", name)

    def dataset(self, pid: str, proposal: str, made_from: tuple[str, ...] = ()) -> None:
        row = self.access.proposal(FACILITY, proposal).proposal
        with self.database.session() as session:
            made = Dataset(
                pid=pid, kind="raw", title=pid, facility="f", created=self.clock(), format="nexus", identity=pid,
                fingerprint=pid, proposal_id=row.id, instrument_id=row.instrument_id, state="complete",
                release_time=row.release_time,
            )  # fmt: skip
            session.add(made)
            session.flush()
            self.access.record_ancestors(session, made.id, made_from)

    def who(self, name: str) -> Principal:
        return self.identity.principal_of_person(self.people[name])

    def readable(self, who: Principal) -> set[str]:
        with self.database.read() as session:
            rows = list(session.scalars(select(Dataset).order_by(Dataset.id)))
            in_sql = set(session.scalars(select(Dataset.pid).where(self.access.visible(who))))
            guards = self.access.protect(session, rows)
        in_python = {
            row.pid for row, guard in zip(rows, guards, strict=True) if self.access.may(who, Action.READ, guard)
        }
        assert in_sql == in_python
        return in_sql


@pytest.fixture
def facility(sqlite_database: Database) -> Facility:
    return Facility(sqlite_database)


def test_each_team_sees_its_own(facility: Facility) -> None:
    assert facility.readable(facility.who("ann")) == {"ds-SC-1"}
    assert facility.readable(facility.who("ben")) == {"ds-PX-1"}
    assert facility.readable(facility.who("ida")) == {"ds-SC-1"}
    assert facility.readable(facility.who("oz")) == {"ds-SC-1", "ds-PX-1"}
    assert facility.readable(ANONYMOUS) == set()


def test_a_removed_member_has_lost_access_by_the_next_question(facility: Facility) -> None:
    facility.access.set_member(facility.who("ann"), "SC-1", facility.people["ben"], "member")
    assert facility.readable(facility.who("ben")) == {"ds-SC-1", "ds-PX-1"}
    facility.access.remove_member(facility.who("ann"), "SC-1", facility.people["ben"])
    assert facility.readable(facility.who("ben")) == {"ds-PX-1"}
    with pytest.raises(NotFound):
        facility.access.proposal(facility.who("ben"), "SC-1")


def test_staff_that_is_taken_off_has_lost_access_by_the_next_question(facility: Facility) -> None:
    facility.access.set_staff(facility.who("oz"), "BL1", facility.people["ida"], member=False)
    assert facility.readable(facility.who("ida")) == set()


def test_release_comes_by_the_clock(facility: Facility) -> None:
    when = facility.clock() + timedelta(days=1)
    facility.access.set_release(FACILITY, "SC-1", when)
    assert facility.readable(ANONYMOUS) == set()
    facility.clock.advance(days=1)
    assert facility.readable(ANONYMOUS) == {"ds-SC-1"}
    assert facility.access.proposal(ANONYMOUS, "SC-1").is_open


def test_release_dates_are_set_by_the_staff_not_by_the_team(facility: Facility) -> None:
    soon = facility.clock() + timedelta(days=5)
    with pytest.raises(NotAllowed, match="can ask"):
        facility.access.set_release(facility.who("ann"), "SC-1", soon)
    facility.access.set_release(facility.who("ida"), "SC-1", soon)
    facility.access.set_release(facility.who("oz"), "SC-1", None)


def test_proprietary_data_have_no_release(facility: Facility) -> None:
    with pytest.raises(InvalidInput):
        facility.access.set_release(facility.who("oz"), "PX-1", facility.clock())
    with pytest.raises(NotAllowed):
        facility.access.set_release(facility.who("ben"), "PX-1", facility.clock())
    with pytest.raises(InvalidInput):
        facility.access.create_proposal(FACILITY, "PX-2", "x", type="proprietary", release_time=facility.clock())


def test_a_stranger_cannot_tell_a_hidden_proposal_from_none(facility: Facility) -> None:
    messages = set()
    for name in ("PX-1", "PX-9"):
        for who in (ANONYMOUS, facility.who("ann"), facility.who("ida")):
            with pytest.raises(NotFound) as caught:
                facility.access.proposal(who, name)
            messages.add(str(caught.value).replace(name, "X"))
            with pytest.raises(NotFound):
                facility.access.set_member(who, name, facility.people["ann"], "member")
    assert len(messages) == 1


def test_teams_are_shown_to_those_who_work_with_them(facility: Facility) -> None:
    facility.access.set_release(FACILITY, "SC-1", facility.clock())
    seen = {name: len(facility.access.proposal(facility.who(name), "SC-1").members) for name in facility.people}
    assert seen == {"ann": 1, "ben": 0, "ida": 1, "oz": 1}
    assert facility.access.proposal(ANONYMOUS, "SC-1").members == ()


@pytest.mark.parametrize(("role", "allowed"), [(PI, True), ("member", False), ("reader", False)])
def test_the_leader_changes_the_team(facility: Facility, role: str, allowed: bool) -> None:
    facility.access.set_member(FACILITY, "SC-1", facility.people["ben"], role)
    view = facility.access.proposal(facility.who("ben"), "SC-1")
    assert view.may_manage is allowed
    assert view.may_write is (role != "reader")
    if allowed:
        facility.access.set_member(facility.who("ben"), "SC-1", facility.people["ida"], "reader")
        return
    with pytest.raises(NotAllowed):
        facility.access.set_member(facility.who("ben"), "SC-1", facility.people["ida"], "reader")


def test_the_last_leader_stays(facility: Facility) -> None:
    ann = facility.who("ann")
    with pytest.raises(Conflict):
        facility.access.remove_member(ann, "SC-1", facility.people["ann"])
    with pytest.raises(Conflict):
        facility.access.set_member(ann, "SC-1", facility.people["ann"], "member")
    facility.access.set_member(ann, "SC-1", facility.people["ben"], PI)
    facility.access.remove_member(ann, "SC-1", facility.people["ann"])
    with pytest.raises(NotFound):
        facility.access.proposal(facility.who("ann"), "SC-1")


def test_a_member_may_leave(facility: Facility) -> None:
    facility.access.set_member(FACILITY, "SC-1", facility.people["ben"], "reader")
    facility.access.remove_member(facility.who("ben"), "SC-1", facility.people["ben"])
    assert facility.readable(facility.who("ben")) == {"ds-PX-1"}


def test_only_operators_make_proposals_and_instruments(facility: Facility) -> None:
    for who in (facility.who("ann"), facility.who("ida")):
        with pytest.raises(NotAllowed):
            facility.access.create_proposal(who, "SC-2", "x")
        with pytest.raises(NotAllowed):
            facility.access.create_instrument(who, "BL2")
    with pytest.raises(NotSignedIn):
        facility.access.create_proposal(ANONYMOUS, "SC-2", "x")


@pytest.mark.parametrize("name", ["", "..", "a b", "a/b", "x" * 65, "personal-ann", "Personal-x", "ä"])
def test_odd_names_are_refused(facility: Facility, name: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        facility.access.create_proposal(FACILITY, name, "x")
    assert caught.value.field == "name"


def test_a_name_is_given_once(facility: Facility) -> None:
    with pytest.raises(Conflict):
        facility.access.create_proposal(FACILITY, "SC-1", "x")
    with pytest.raises(Conflict):
        facility.access.create_instrument(FACILITY, "BL1")


def test_an_own_space_is_made_once_and_closed_to_others(facility: Facility) -> None:
    space = facility.access.personal_space(facility.people["ann"])
    assert facility.access.personal_space(facility.people["ann"]).id == space.id
    assert (space.name, space.type) == ("personal-ann", ProposalType.PERSONAL)
    facility.dataset("ds-own", "personal-ann")
    assert facility.readable(facility.who("ann")) == {"ds-SC-1", "ds-own"}
    assert "ds-own" not in facility.readable(facility.who("ida"))
    with pytest.raises(InvalidInput):
        facility.access.set_member(facility.who("ann"), "personal-ann", facility.people["ben"], "member")


def test_a_share_opens_one_dataset_until_it_ends(facility: Facility) -> None:
    ben, ann = facility.people["ben"], facility.who("ann")
    facility.dataset("ds-2", "SC-1")
    facility.access.share(ann, "ds-SC-1", ben, facility.clock() + timedelta(hours=1))
    assert facility.readable(facility.who("ben")) == {"ds-PX-1", "ds-SC-1"}
    facility.clock.advance(hours=1)
    assert facility.readable(facility.who("ben")) == {"ds-PX-1"}
    facility.access.share(ann, "ds-SC-1", ben)
    assert facility.readable(facility.who("ben")) == {"ds-PX-1", "ds-SC-1"}
    assert len(facility.access.shares(ann, "ds-SC-1")) == 1
    facility.access.unshare(ann, "ds-SC-1", ben)
    assert facility.readable(facility.who("ben")) == {"ds-PX-1"}


def test_who_was_given_a_share_cannot_pass_it_on(facility: Facility) -> None:
    facility.access.share(facility.who("ann"), "ds-SC-1", facility.people["ben"])
    with pytest.raises(NotAllowed):
        facility.access.share(facility.who("ben"), "ds-SC-1", facility.people["ida"])
    with pytest.raises(NotFound):
        facility.access.share(facility.who("ida"), "ds-PX-1", facility.people["ida"])


def test_a_result_is_seen_by_those_who_may_read_all_it_was_made_from(facility: Facility) -> None:
    facility.access.set_member(FACILITY, "SC-1", facility.people["ben"], "member")
    facility.dataset("ds-result", "SC-1", made_from=("ds-SC-1", "ds-PX-1"))
    facility.dataset("ds-further", "SC-1", made_from=("ds-result",))
    assert facility.readable(facility.who("ben")) == {"ds-SC-1", "ds-PX-1", "ds-result", "ds-further"}
    assert facility.readable(facility.who("ann")) == {"ds-SC-1"}
    assert facility.readable(facility.who("ida")) == {"ds-SC-1"}
    with pytest.raises(NotFound):
        facility.access.share(facility.who("ann"), "ds-further", facility.people["ida"])


def test_staff_see_no_result_made_from_data_of_no_instrument(facility: Facility) -> None:
    """In SQL an ancestor without instrument compares as NULL, which must not count as visible."""
    facility.access.create_proposal(FACILITY, "SC-9", "Elsewhere")
    facility.dataset("ds-SC-9", "SC-9")
    facility.dataset("ds-result", "SC-1", made_from=("ds-SC-9",))
    assert facility.readable(facility.who("ida")) == {"ds-SC-1"}


def test_sharing_a_result_names_what_has_to_be_shared_first(facility: Facility) -> None:
    facility.access.set_member(FACILITY, "PX-1", facility.people["ann"], "reader")
    facility.dataset("ds-result", "SC-1", made_from=("ds-PX-1",))
    with pytest.raises(Conflict, match="ds-PX-1"):
        facility.access.share(facility.who("ann"), "ds-result", facility.people["ida"])
    facility.access.share(facility.who("ben"), "ds-PX-1", facility.people["ida"])
    facility.access.share(facility.who("ann"), "ds-result", facility.people["ida"])
    assert "ds-result" in facility.readable(facility.who("ida"))


def test_a_refusal_says_what_helps_and_no_more(facility: Facility) -> None:
    facility.access.set_release(FACILITY, "SC-1", facility.clock())
    with facility.database.read() as session:
        row = session.scalars(select(Dataset).where(Dataset.pid == "ds-SC-1")).one()
        [guard] = facility.access.protect(session, [row])
    with pytest.raises(NotSignedIn):
        facility.access.require(ANONYMOUS, Action.ANALYSE, guard)
    with pytest.raises(NotAllowed):
        facility.access.require(facility.who("ben"), Action.WRITE, guard)
    _id, token = facility.identity.create_token(facility.people["ann"], "script", ["read"])
    with pytest.raises(NotAllowed, match="lacks the scope write"):
        facility.access.require(facility.identity.principal_of_token(token), Action.WRITE, guard)
    facility.identity.set_role(facility.people["ann"], Role.OPERATOR)
    with pytest.raises(NotAllowed, match="admin"):
        facility.access.require(facility.identity.principal_of_token(token), Action.OPERATE)


def test_counts_are_of_what_may_be_read(facility: Facility) -> None:
    ids = [facility.access.proposal(FACILITY, name).proposal.id for name in ("SC-1", "PX-1")]
    assert facility.access.dataset_counts(facility.who("ann"), ids) == {ids[0]: 1, ids[1]: 0}
    assert facility.access.dataset_counts(facility.who("oz"), ids) == {ids[0]: 1, ids[1]: 1}
    [instrument] = facility.access.instruments()
    assert facility.access.instrument_counts(facility.who("ida")) == {instrument.id: 1}
    assert facility.access.instrument_counts(ANONYMOUS) == {}


def test_the_page_of_an_instrument_is_for_its_staff(facility: Facility) -> None:
    assert facility.access.require_staff(facility.who("ida"), "BL1").name == "BL1"
    assert facility.access.require_staff(facility.who("oz"), "BL1").name == "BL1"
    with pytest.raises(NotAllowed):
        facility.access.require_staff(facility.who("ann"), "BL1")
    with pytest.raises(NotSignedIn):
        facility.access.require_staff(ANONYMOUS, "BL1")
    with pytest.raises(NotFound):
        facility.access.require_staff(facility.who("ida"), "BL9")


def test_every_change_is_an_event(facility: Facility) -> None:
    tail = EventTail(facility.database, EventTail(facility.database).position)
    ann, ben = facility.who("ann"), facility.people["ben"]
    facility.access.set_member(ann, "SC-1", ben, "reader")
    facility.access.remove_member(ann, "SC-1", ben)
    facility.access.share(ann, "ds-SC-1", ben)
    facility.access.unshare(ann, "ds-SC-1", ben)
    facility.access.set_dataset_release(facility.who("oz"), "ds-SC-1", facility.clock())
    rows = tail.batch()
    assert [row.kind for row in rows] == [
        "proposal.member_set",
        "proposal.changed",
        "proposal.member_removed",
        "proposal.changed",
        "share.created",
        "share.removed",
        "dataset.changed",
    ]
    assert {row.actor_id for row in rows[:-1]} == {ann.person_id}
    assert Position() < tail.position
