"""The user office: what a feed changes, what it never does, and feeds that are broken."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import func, select

from pandaas.access import FACILITY, FileSource, Office, OfficeRunView
from pandaas.access.office.sources import RestSource
from pandaas.config import load_settings
from pandaas.db import Database
from pandaas.db.tables import BeamTime, Event, Person, Proposal, ProposalMember
from pandaas.identity import Identity
from pandaas.model import InvalidInput, PandaasError, Principal, TeamRole, Unavailable
from pandaas.testing.clock import ManualClock
from pandaas.testing.facility import Facility, make_facility

DEPLOY = Path(__file__).parents[3] / "deploy"
EXAMPLE = DEPLOY / "user-office-example"
Feed = dict[str, Any]


class Said:
    """A source that says what a test put into it."""

    def __init__(self, path: Path, said: Feed) -> None:
        self.file, self.said = path, said

    def read(self) -> Any:
        self.file.write_text(json.dumps(self.said))
        return FileSource(self.file).read()


@pytest.fixture
def facility(sqlite_database: Database, tmp_path: Path) -> Facility:
    return make_facility(sqlite_database, tmp_path)


@pytest.fixture
def identity(facility: Facility) -> Identity:
    return Identity(facility.database, facility.settings)


@pytest.fixture
def office(facility: Facility, identity: Identity) -> Office:
    return Office(facility.database, facility.settings, identity, facility.access)


@pytest.fixture
def said(tmp_path: Path) -> Said:
    people = [{"key": str(number), "name": f"Person {number}"} for number in range(1, 5)]
    members = [{"person": "1", "role": "principal_investigator"}, {"person": "2"}, {"person": "3"}]
    proposal = {"name": "X-1", "title": "One", "instrument": "BL1", "members": members, "end": "2026-05-01"}
    return Said(tmp_path / "feed.json", {"people": people, "proposals": [proposal]})


@pytest.fixture
def sync(office: Office, said: Said) -> Callable[..., OfficeRunView]:
    def run(**options: Any) -> OfficeRunView:
        return office.run(FACILITY, "uo", source=said, **options)

    return run


def team(facility: Facility, name: str) -> dict[str, str]:
    query = (
        select(Person.user, ProposalMember.role)
        .join(ProposalMember, ProposalMember.person_id == Person.id)
        .join(Proposal, Proposal.id == ProposalMember.proposal_id)
        .where(Proposal.name == name)
    )
    with facility.database.read() as session:
        return dict(session.execute(query).all())


def count(facility: Facility, table: Any) -> int:
    with facility.database.read() as session:
        return session.scalar(select(func.count()).select_from(table)) or 0


Sync = Callable[..., OfficeRunView]


@pytest.mark.parametrize("source", [EXAMPLE, DEPLOY / "user-office-example.json"])
def test_the_documented_examples_load_and_are_in_step_afterwards(
    facility: Facility, office: Office, identity: Identity, source: Path
) -> None:
    first = office.run(FACILITY, "uo", source=FileSource(source))
    assert (first.state, first.warnings, first.removals) == ("applied", [], 0)
    assert team(facility, "2026-0042")["zoe"] == "principal_investigator"
    zoe = identity.linked_person("umbrella-eaahash", "0b1c9a54-77c2-4a0e-9d5e-3a1f00c0ffee")
    assert zoe is not None
    assert zoe.user == "zoe"
    assert office.run(FACILITY, "uo", source=FileSource(source)).state == "unchanged"


def test_the_example_in_full(facility: Facility, office: Office, identity: Identity) -> None:
    office.run(FACILITY, "uo", source=FileSource(EXAMPLE))
    assert team(facility, "2026-0042") == {
        "zoe": "principal_investigator",
        "bo-chen": "member",
        "iris.lindt": "local_contact",
    }
    iris = identity.principal_of_person(identity.person_named("iris.lindt").id)
    assert [facility.access.instrument("BL-SAXS").id] == list(iris.instruments)
    times = office.beam_times(iris, "2026-0042")
    assert next((row.start.isoformat(), place) for row, place in times) == ("2026-03-02T07:00:00+00:00", "BL-SAXS")
    shown = facility.access.proposal(FACILITY, "2026-0042").proposal
    assert shown.release_time is not None
    assert shown.release_time.year == 2029
    assert facility.access.proposal(FACILITY, "2026-0043").proposal.release_time is None
    with pytest.raises(PandaasError):
        identity.person_named("old-colleague")


def test_a_dry_run_shows_and_changes_nothing(facility: Facility, sync: Sync) -> None:
    before = [count(facility, table) for table in (Person, Proposal, ProposalMember, Event)]
    view = sync(dry_run=True)
    assert view.state == "shown"
    assert view.counts == {"member.new": 3, "person.new": 4, "proposal.new": 1}
    assert "Person 1 is principal investigator of X-1" in [change["text"] for change in view.changes]
    assert [count(facility, table) for table in (Person, Proposal, ProposalMember, Event)] == before


def test_who_leaves_the_team_has_no_access_from_the_next_request_on(
    facility: Facility, sync: Sync, said: Said, identity: Identity
) -> None:
    sync()
    two = identity.person_named("person-2")
    assert facility.access.proposal(identity.principal_of_person(two.id), "X-1").may_write
    said.said["proposals"][0]["members"].pop(1)
    assert sync().counts == {"member.gone": 1}
    with pytest.raises(PandaasError):
        facility.access.proposal(identity.principal_of_person(two.id), "X-1")


def test_roles_details_and_dates_follow(facility: Facility, sync: Sync, said: Said, identity: Identity) -> None:
    sync()
    said.said["people"][1] |= {"name": "Ms Two", "affiliation": "KIT"}
    said.said["proposals"][0]["members"][1]["role"] = "reader"
    said.said["proposals"][0] |= {"title": "One and only", "end": "2027-05-01"}
    assert sync().counts == {"member.changed": 1, "person.changed": 1, "proposal.changed": 1}
    assert identity.person_named("person-2").affiliation == "KIT"
    assert team(facility, "X-1")["person-2"] == "reader"
    assert facility.access.proposal(FACILITY, "X-1").proposal.release_time.year == 2030  # type: ignore[union-attr]


def test_what_people_here_gave_is_left_and_comes_back(
    facility: Facility, sync: Sync, said: Said, identity: Identity
) -> None:
    sync()
    facility.access.set_member(FACILITY, "X-1", facility.people["carol"], TeamRole.MEMBER)
    sync()
    assert team(facility, "X-1")["carol"] == "member"
    facility.access.set_member(FACILITY, "X-1", identity.person_named("person-4").id, TeamRole.READER)
    said.said["proposals"][0]["members"].append({"person": "4", "role": "member"})
    sync()
    assert team(facility, "X-1")["person-4"] == "member"
    said.said["proposals"][0]["members"].pop()
    sync()
    assert team(facility, "X-1")["person-4"] == "reader"


def test_a_proposal_the_feed_no_longer_names_is_left_alone(facility: Facility, sync: Sync, said: Said) -> None:
    sync()
    said.said["proposals"] = [{"name": "X-2", "title": "Two"}]
    assert sync().counts == {"proposal.new": 1}
    assert len(team(facility, "X-1")) == 3


def test_nobody_is_taken_for_somebody_by_a_name(facility: Facility, sync: Sync, said: Said, identity: Identity) -> None:
    """Whoever signed in first may have chosen the name: the account here stays whose it is."""
    said.said["people"][0] |= {"user": "alice", "email": "alice@example.org"}
    view = sync()
    assert "The user name 'alice'" in view.warnings[0]
    assert "pandaas user link alice --issuer office:uo --subject 1" in view.warnings[0]
    assert "alice2" in team(facility, "X-1")
    assert facility.people["alice"] != identity.person_named("alice2").id


def test_an_operator_says_who_it_is_and_then_it_is_she(
    facility: Facility, sync: Sync, said: Said, identity: Identity
) -> None:
    identity.link_identity(facility.people["alice"], "office:uo", "1")
    said.said["people"][0]["user"] = "alice"
    view = sync()
    assert view.warnings == []
    assert team(facility, "X-1")["alice"] == "principal_investigator"


def test_an_identity_that_is_linked_already_says_who_it_is(
    facility: Facility, sync: Sync, said: Said, identity: Identity
) -> None:
    identity.link_identity(facility.people["alice"], "https://idp.example", "a-1")
    said.said["people"][0]["identities"] = [{"issuer": "https://idp.example", "subject": "a-1"}]
    assert sync().counts["person.linked"] == 1
    assert team(facility, "X-1")["alice"] == "principal_investigator"


def test_who_is_no_longer_active_is_shut_out_but_never_an_operator(
    facility: Facility, sync: Sync, said: Said, identity: Identity
) -> None:
    identity.link_identity(facility.people["otto"], "office:uo", "4")
    sync()
    for person in said.said["people"][2:]:
        person["active"] = False
    view = sync()
    assert view.counts["person.closed"] == 1
    assert identity.person_named("person-3").disabled
    assert not identity.person_named("otto").disabled
    assert "operator" in view.warnings[0]
    said.said["people"][2]["active"] = True
    assert sync().counts["person.opened"] == 1
    assert not identity.person_named("person-3").disabled


def test_many_removals_wait_for_somebody_who_says_how_many(facility: Facility, sync: Sync, said: Said) -> None:
    said.said["people"] = [{"key": str(number), "name": f"Person {number}"} for number in range(1, 21)]
    said.said["proposals"][0]["members"] = [{"person": str(number)} for number in range(1, 21)]
    sync()
    said.said["proposals"][0]["members"] = [{"person": "1"}]
    view = sync()
    assert (view.state, view.removals, len(team(facility, "X-1"))) == ("waiting", 19, 20)
    assert "19 of 20" in view.message
    assert sync(removals=18).state == "waiting"
    assert sync(removals=19).state == "applied"
    assert team(facility, "X-1") == {"person-1": "member"}


def test_beam_times_move_and_go(facility: Facility, sync: Sync, said: Said) -> None:
    proposal = said.said["proposals"][0]
    proposal["beam_times"] = [
        {"id": str(n), "instrument": "BL1", "start": f"2026-03-0{n}T08:00Z", "end": f"2026-03-0{n}T20:00Z"}
        for n in (1, 2)
    ]
    assert sync().counts["beam_time.new"] == 2
    proposal["beam_times"][0]["end"] = "2026-03-01T22:00Z"
    proposal["beam_times"].pop()
    assert sync().counts == {"beam_time.changed": 1, "beam_time.gone": 1}
    assert count(facility, BeamTime) == 1


BROKEN: dict[str, Callable[[Feed], Any]] = {
    "empty": lambda feed: feed.update(people=[], proposals=[]),
    "no people": lambda feed: feed.update(people=[]),
    "no proposals": lambda feed: feed.update(proposals=[]),
    "unknown person": lambda feed: feed["proposals"][0]["members"].append({"person": "99"}),
    "person twice": lambda feed: feed["people"].append(feed["people"][0]),
    "member twice": lambda feed: feed["proposals"][0]["members"].append({"person": "1"}),
    "proposal twice": lambda feed: feed["proposals"].append(feed["proposals"][0]),
    "unknown column": lambda feed: feed["people"][0].update(nickname="x"),
    "no name": lambda feed: feed["people"][0].pop("name"),
    "bad role": lambda feed: feed["proposals"][0]["members"][0].update(role="king"),
    "bad type": lambda feed: feed["proposals"][0].update(type="secret"),
    "bad name": lambda feed: feed["proposals"][0].update(name="../etc"),
    "own space": lambda feed: feed["proposals"][0].update(name="personal-alice"),
    "backwards": lambda feed: feed["proposals"][0].update(start="2027-01-01"),
    "bad date": lambda feed: feed["proposals"][0].update(end="soon"),
    "bad mail": lambda feed: feed["people"][0].update(email="nowhere"),
    "bad orcid": lambda feed: feed["people"][0].update(orcid="1234"),
    "control characters": lambda feed: feed["people"][0].update(key="a\x00b"),
}


@pytest.mark.parametrize("spoil", BROKEN.values(), ids=BROKEN)
def test_a_broken_feed_changes_nothing_and_says_so(
    facility: Facility, office: Office, sync: Sync, said: Said, spoil: Callable[[Feed], Any]
) -> None:
    sync()
    before = team(facility, "X-1")
    said.said["people"].append({"key": "5", "name": "Person 5"})
    spoil(said.said)
    with pytest.raises(InvalidInput) as caught:
        sync()
    assert "Nothing was changed" in (caught.value.remedy or "")
    assert team(facility, "X-1") == before
    assert count(facility, Person) == len(facility.people) + 4
    last = office.last_run("uo")
    assert last is not None
    assert (last.state, "Nothing was changed" in last.message) == ("failed", True)


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("people.csv", "key,name\n1001"),
        ("people.csv", 'key,name\n1001,"never closed'),
        ("people.csv", "id,name\n1001,Zoë\n"),
        ("people.csv", "key,name,shoe size\n1001,Zoë,41\n"),
        ("people.csv", ""),
        ("people.csv", "key,name\n1001,\xff\xfe"),
        ("members.csv", "proposal,person,role\n2026-9999,1001,member\n"),
        ("staff.csv", "instrument,person\nBL-9,1003\n"),
        ("beamtimes.csv", "id,proposal,instrument,start,end\n1,2026-0042,BL-SAXS,2026-03-02,2026-03-01\n"),
    ],
)
def test_a_broken_table_names_its_file(office: Office, tmp_path: Path, file: str, text: str) -> None:
    folder = tmp_path / "feed"
    shutil.copytree(EXAMPLE, folder)
    (folder / file).write_bytes(text.encode("latin-1"))
    with pytest.raises(InvalidInput):
        office.run(FACILITY, "uo", source=FileSource(folder))


def test_a_feed_that_is_not_there_changes_nothing(office: Office, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    for path in (tmp_path / "nowhere", tmp_path / "empty"):
        with pytest.raises(Unavailable):
            office.run(FACILITY, "uo", source=FileSource(path))


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (httpx.Response(200, json={"people": [{"key": "1", "name": "A"}]}), None),
        (httpx.Response(503), Unavailable),
        (httpx.Response(401), Unavailable),
        (httpx.Response(302, headers={"location": "https://evil.example"}), Unavailable),
        (httpx.Response(200, text="<html>"), InvalidInput),
        (httpx.Response(200, json=[]), InvalidInput),
    ],
)
def test_an_address_answers_with_the_same_json(tmp_path: Path, answer: httpx.Response, error: Any) -> None:
    (tmp_path / "token").write_text("s3cret\n")
    seen: list[httpx.Request] = []

    def serve(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return answer

    source = RestSource("https://uo.example/feed", tmp_path / "token", httpx.MockTransport(serve))
    if error is None:
        assert source.read().people[0].key == "1"
    else:
        with pytest.raises(error):
            source.read()
    assert seen[0].headers["authorization"] == "Bearer s3cret"


def test_only_operators_import(facility: Facility, office: Office, said: Said) -> None:
    for who in (facility.principal("alice"), Principal()):
        with pytest.raises(PandaasError) as caught:
            office.run(who, "uo", source=said, dry_run=True)
        assert "user office" in caught.value.detail


def test_the_schedule_imports_when_it_is_due_and_remembers_failures(
    sqlite_database: Database, tmp_path: Path, facility: Facility, said: Said
) -> None:
    clock: ManualClock = facility.clock
    said.read()
    feed = {"name": "uo", "path": str(said.file), "every_minutes": 30}
    settings = load_settings(home=tmp_path / "other", office=[feed])
    office = Office(sqlite_database, settings, Identity(sqlite_database, settings), facility.access)
    office.run_due(FACILITY)
    assert office.last_run("uo").state == "applied"  # type: ignore[union-attr]
    said.file.write_text("{")
    office.run_due(FACILITY)
    assert office.last_run("uo").state == "applied"  # type: ignore[union-attr]
    clock.advance(minutes=31)
    office.run_due(FACILITY)
    assert office.last_run("uo").state == "failed"  # type: ignore[union-attr]
