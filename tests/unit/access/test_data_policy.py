"""The data policy: release times computed, changed, asked for and felt; links, requests and reasons."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from pandaas.access import FACILITY, Access
from pandaas.catalogue import SearchQuery
from pandaas.db import Database
from pandaas.db.tables import Dataset, Notice
from pandaas.identity import Identity
from pandaas.model import ANONYMOUS, Action, Conflict, InvalidInput, NotAllowed, NotFound, Principal, ProposalType
from pandaas.testing.facility import Facility, make_facility

END = datetime(2026, 3, 1, tzinfo=UTC)
YEAR_3 = datetime(2029, 3, 1, tzinfo=UTC)


@pytest.fixture
def facility(sqlite_database: Database, tmp_path: Path) -> Facility:
    made = make_facility(sqlite_database, tmp_path)
    made.access.create_proposal(FACILITY, "EXP-7", "Batteries", instrument="BL1", end_time=END)
    made.access.set_member(FACILITY, "EXP-7", made.people["alice"], "principal_investigator")
    made.access.set_member(FACILITY, "EXP-7", made.people["carol"], "member")
    return made


def released(facility: Facility, pid: str) -> datetime | None:
    return facility.catalogue.dataset(FACILITY, pid).release_time


def notices(facility: Facility, user: str) -> list[str]:
    with facility.database.read() as session:
        return list(session.scalars(select(Notice.text).where(Notice.person_id == facility.people[user])))


def test_data_are_released_three_years_after_the_end_of_the_experiment(facility: Facility) -> None:
    pid = facility.register("EXP-7/a.nxs", start="2026-02-01T10:00:00+00:00")
    assert facility.access.proposal(FACILITY, "EXP-7").proposal.release_time == YEAR_3
    assert released(facility, pid) == YEAR_3


def test_a_policy_changes_all_release_times_of_its_type_and_no_exception(facility: Facility) -> None:
    one, other = (facility.register(f"EXP-7/{name}.nxs") for name in "ab")
    old = facility.register("PUB-1/c.nxs", start="2024-02-29T10:00:00+00:00")
    chosen = datetime(2031, 1, 1, tzinfo=UTC)
    facility.access.set_dataset_release(FACILITY, other, chosen, reason="patent")
    seen = facility.access.set_policy(FACILITY, "public_access", {"embargo_years": 1}, dry_run=True)
    assert [(change.proposal, change.datasets) for change in seen] == [("PUB-1", 1), ("EXP-7", 1)]
    assert released(facility, one) == YEAR_3
    facility.access.set_policy(FACILITY, "public_access", {"embargo_years": 1, "licence": "CC0-1.0"})
    assert released(facility, one) == datetime(2027, 3, 1, tzinfo=UTC)
    assert released(facility, old) == datetime(2025, 2, 28, 10, tzinfo=UTC)
    assert released(facility, other) == chosen
    new = facility.register("EXP-7/d.nxs")
    record = facility.catalogue.dataset(FACILITY, new)
    assert (record.release_time, record.licence) == (datetime(2027, 3, 1, tzinfo=UTC), "CC0-1.0")
    facility.access.clear_release(FACILITY, "EXP-7")
    assert released(facility, other) == datetime(2027, 3, 1, tzinfo=UTC)


def test_proprietary_proposals_are_beyond_any_policy(facility: Facility) -> None:
    for changes in ({"embargo_years": 1}, {"announced": True}):
        with pytest.raises(InvalidInput):
            facility.access.set_policy(FACILITY, "proprietary", changes)
    policy = facility.access.policy(ProposalType.PROPRIETARY)
    assert (policy.invoiced, policy.releases, policy.embargo_years) == (True, False, None)
    with pytest.raises(NotAllowed):
        facility.access.set_policy(facility.principal("iris"), "public_access", {"embargo_years": 1})


@pytest.mark.parametrize("name", ["licence", "announced", "invoiced", "remind_days"])
def test_what_a_policy_needs_can_not_be_emptied(facility: Facility, name: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        facility.access.set_policy(FACILITY, "public_access", {name: None})
    assert caught.value.field == name


def test_at_its_moment_everything_opens_at_once_and_not_before(facility: Facility) -> None:
    pid = facility.register("EXP-7/a.nxs")
    facility.clock.now = YEAR_3 - timedelta(microseconds=1)
    assert facility.catalogue.search(ANONYMOUS, SearchQuery()).total == 0
    for ask in (facility.catalogue.dataset, facility.catalogue.files, facility.catalogue.thumbnail):
        with pytest.raises(NotFound):
            ask(ANONYMOUS, pid)
    with pytest.raises(NotFound):
        facility.access.proposal(ANONYMOUS, "EXP-7")
    facility.clock.now = YEAR_3
    assert facility.catalogue.search(ANONYMOUS, SearchQuery()).total == 1
    for ask in (facility.catalogue.dataset, facility.catalogue.files, facility.catalogue.thumbnail):
        assert ask(ANONYMOUS, pid)
    assert facility.access.proposal(ANONYMOUS, "EXP-7").is_open


def test_a_title_is_announced_where_the_policy_says_so_and_nothing_else_is(facility: Facility) -> None:
    pid = facility.register("EXP-7/a.nxs")
    facility.access.set_policy(FACILITY, "public_access", {"announced": True})
    view = facility.access.proposal(ANONYMOUS, "EXP-7")
    assert (view.proposal.title, view.is_open, view.may_read, view.members) == ("Batteries", False, False, ())
    assert facility.catalogue.search(ANONYMOUS, SearchQuery()).total == 0
    with pytest.raises(NotFound):
        facility.catalogue.dataset(ANONYMOUS, pid)
    with pytest.raises(NotFound):
        facility.access.proposal(ANONYMOUS, "SEC-2")


def test_the_investigator_asks_and_the_staff_decides(facility: Facility) -> None:
    pid = facility.register("EXP-7/a.nxs")
    later = YEAR_3 + timedelta(days=400)
    alice, iris = facility.principal("alice"), facility.principal("iris")
    with pytest.raises(NotAllowed):
        facility.access.ask_release(facility.principal("carol"), "EXP-7", later, "not the leader")
    asked = facility.access.ask_release(alice, "EXP-7", later, "The thesis takes longer.")
    with pytest.raises(Conflict):
        facility.access.ask_release(alice, "EXP-7", later, "again")
    assert "asks to release" in notices(facility, "iris")[0]
    with pytest.raises(NotAllowed):
        facility.access.decide_release(alice, asked.id, approve=True)
    with pytest.raises(InvalidInput):
        facility.access.decide_release(iris, asked.id, approve=False)
    [seen] = facility.access.release_requests(iris, pending=True)
    assert (seen.proposal, seen.now, seen.may_decide) == ("EXP-7", YEAR_3, True)
    assert facility.access.release_requests(facility.principal("bob")) == []
    facility.access.decide_release(iris, asked.id, approve=True, answer="Fine.")
    assert released(facility, pid) == later
    assert "approved. Fine." in notices(facility, "alice")[0]
    refused = facility.access.ask_release(alice, "EXP-7", later + timedelta(days=1), "Even longer.", pid=pid)
    facility.access.decide_release(iris, refused.id, approve=False, answer="Once is enough.")
    assert released(facility, pid) == later


def test_teams_are_reminded_once_and_told_once(facility: Facility) -> None:
    facility.register("EXP-7/a.nxs")
    facility.clock.now = YEAR_3 - timedelta(days=31)
    assert facility.access.remind_of_releases() == 0
    facility.clock.advance(days=2)
    assert [facility.access.remind_of_releases() for _ in range(2)] == [1, 0]
    facility.clock.now = YEAR_3
    assert [facility.access.remind_of_releases() for _ in range(2)] == [1, 0]
    texts = notices(facility, "alice")
    assert "become open on 01 March 2029" in texts[0]
    assert "are open since" in texts[1]
    assert notices(facility, "carol") == []


def test_others_write_while_it_is_looked_for_whom_to_remind(
    facility: Facility, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At a million datasets the look takes half a minute."""
    facility.register("EXP-7/a.nxs")
    facility.clock.now = YEAR_3 - timedelta(days=2)
    look = Access._near

    def slow(self: Access, session: Session, now: datetime) -> Iterator[tuple[int, str, datetime]]:
        yield from look(self, session, now)
        facility.register("EXP-7/b.nxs")

    monkeypatch.setattr(Access, "_near", slow)
    assert facility.access.remind_of_releases() == 1


def test_what_is_made_from_data_follows_their_release(facility: Facility) -> None:
    one, other = facility.register("EXP-7/a.nxs"), facility.register("PUB-1/b.nxs", start="2026-01-01T00:00:00+00:00")
    with facility.database.session() as session:
        rows = {row.pid: row for row in session.scalars(select(Dataset))}
        result = Dataset(
            pid="res-1", kind="derived", title="r", facility="f", created=END, format="nexus", identity="r",
            fingerprint="r", proposal_id=rows[one].proposal_id, state="complete", release_time=YEAR_3,
        )  # fmt: skip
        session.add(result)
        session.flush()
        facility.access.record_ancestors(session, result.id, [one, other])
    late = YEAR_3 + timedelta(days=9)
    facility.access.set_release(FACILITY, "PUB-1", late)
    assert released(facility, "res-1") == late
    facility.access.set_release(FACILITY, "PUB-1", None)
    assert released(facility, "res-1") is None
    facility.access.set_release(FACILITY, "PUB-1", END)
    assert released(facility, "res-1") == YEAR_3


def test_a_reviewers_link_reads_its_datasets_and_nothing_else(facility: Facility) -> None:
    pid, other = facility.register("EXP-7/a.nxs"), facility.register("EXP-7/b.nxs")
    identity = Identity(facility.database, facility.settings)
    alice = facility.principal("alice")
    with pytest.raises(NotAllowed):
        facility.access.create_link(facility.principal("carol"), [pid], "Referee 2")
    link, secret = facility.access.create_link(alice, [pid], "Referee 2", days=10)
    cookie, _ = identity.open_review(secret)

    def reviewer() -> Principal | None:
        return identity.principal_of_lens(cookie, None)

    who = reviewer()
    assert who is not None
    assert [card.pid for card in facility.catalogue.search(who, SearchQuery()).results] == [pid]
    assert facility.catalogue.dataset(who, pid).may_analyse is False
    with pytest.raises(NotFound):
        facility.catalogue.dataset(who, other)
    with pytest.raises(NotFound):
        facility.access.proposal(who, "EXP-7")
    assert [view.row.uses for view in facility.access.links(alice, pid)] == [1]
    facility.access.revoke_link(alice, link.id)
    assert reviewer() is None
    with pytest.raises(NotFound):
        identity.open_review(secret)
    _, second = facility.access.create_link(alice, [pid], "Referee 3", days=1)
    cookie, _ = identity.open_review(second)
    assert reviewer() is not None
    facility.clock.advance(days=1)
    assert reviewer() is None


def test_a_set_is_shared_whole_or_not_at_all(facility: Facility) -> None:
    mine, theirs = facility.register("EXP-7/a.nxs"), facility.register("PUB-3/b.nxs")
    alice, bob = facility.principal("alice"), facility.people["bob"]
    with pytest.raises(NotFound):
        facility.access.share_set(alice, [mine, theirs], bob)
    assert facility.access.shared_with(facility.principal("bob")) == {}
    facility.access.share_set(alice, [mine], bob, facility.clock() + timedelta(days=1))
    assert list(facility.access.shared_with(facility.principal("bob"))) == [mine]


def test_asking_for_access_finds_nothing_out_and_the_owner_answers(facility: Facility) -> None:
    pid = facility.register("EXP-7/a.nxs")
    bob, alice = facility.principal("bob"), facility.principal("alice")
    real = facility.access.ask_access(bob, pid=pid, reason="A comparison.")
    invented = facility.access.ask_access(bob, pid="ds-000000000000", reason="A comparison.")
    assert {view.title for view in facility.access.access_requests(bob)} == {None}
    assert facility.access.tell_owners() == 1
    assert "Bob asks for access" in notices(facility, "alice")[0]
    assert [view.row.id for view in facility.access.access_requests(alice)] == [real.id]
    for number in (real.id, invented.id):
        with pytest.raises(NotFound):
            facility.access.answer_access(facility.principal("carol"), number, grant=True)
    until = facility.clock() + timedelta(days=30)
    facility.access.answer_access(alice, real.id, grant=True, answer="With pleasure.", until=until)
    assert facility.catalogue.dataset(facility.principal("bob"), pid)
    assert "granted. With pleasure." in notices(facility, "bob")[0]
    with pytest.raises(Conflict):
        facility.access.ask_access(facility.principal("bob"), pid=pid, reason="again")
    facility.clock.advance(days=30)
    with pytest.raises(NotFound):
        facility.catalogue.dataset(facility.principal("bob"), pid)


def test_why_is_answered_in_words_and_tells_strangers_nothing(facility: Facility) -> None:
    pid = facility.register("EXP-7/a.nxs")
    why = facility.access.why
    assert why(facility.principal("alice"), pid).reasons == ("You are principal investigator of proposal EXP-7.",)
    assert why(facility.principal("iris"), pid).reasons == ("You are on the staff of its instrument.",)
    assert why(facility.principal("bob"), pid).reasons == why(facility.principal("bob"), "ds-nothing").reasons
    about = facility.access.why_not(facility.principal("alice"), pid, "bob")
    assert not about.may
    assert about.reasons == (
        "Bob is not in the team of EXP-7, and it is not shared with Bob.",
        "It becomes open on 01 March 2029, 00:00 UTC.",
    )
    assert facility.access.why_not(facility.principal("alice"), pid, "bob", YEAR_3).may
    with pytest.raises(NotFound):
        facility.access.why_not(facility.principal("bob"), pid, "alice")
    with pytest.raises(NotAllowed):
        facility.access.why_not(facility.principal("carol"), pid, "alice")


def test_who_sees_it_is_what_the_rule_says_on_any_date(facility: Facility) -> None:
    pid = facility.register("EXP-7/a.nxs")
    alice = facility.principal("alice")
    facility.access.share(alice, pid, facility.people["bob"], facility.clock() + timedelta(days=5))
    facility.access.create_link(alice, [pid], "Referee", days=2)

    def seers(days: int) -> list[str]:
        at = facility.clock() + timedelta(days=days)
        return [one.who for one in facility.access.who_sees(alice, pid, at)]

    everybody = ["operators", "Alice", "Carol", "Iris", "Bob", "whoever has the link “Referee”"]
    assert seers(0) == everybody
    assert seers(3) == everybody[:-1]
    assert seers(6) == everybody[:-2]
    assert [one.who for one in facility.access.who_sees(alice, pid, YEAR_3)] == ["everyone", *everybody[:-2]]


def test_who_looks_as_somebody_else_only_reads_for_half_an_hour(facility: Facility) -> None:
    pid = facility.register("EXP-7/a.nxs")
    identity = Identity(facility.database, facility.settings)
    otto = facility.principal("otto")
    with pytest.raises(NotAllowed):
        identity.open_view(facility.principal("iris"), "alice")
    secret, _lens = identity.open_view(otto, "alice")
    alice = identity.principal_of_lens(secret, otto)
    assert alice is not None
    [right] = _rights(facility, pid)
    assert [action for action in Action if facility.access.may(alice, action, right)] == [Action.DISCOVER, Action.READ]
    secret_2, _lens = identity.open_view(otto, None)
    nobody = identity.principal_of_lens(secret_2, otto)
    assert nobody is not None
    assert not facility.access.may(nobody, Action.READ, right)
    assert identity.principal_of_lens(secret, None) is None
    facility.clock.advance(minutes=31)
    assert identity.principal_of_lens(secret, otto) is None


def _rights(facility: Facility, pid: str) -> list:  # type: ignore[type-arg]
    with facility.database.read() as session:
        return facility.access.protect(session, list(session.scalars(select(Dataset).where(Dataset.pid == pid))))
