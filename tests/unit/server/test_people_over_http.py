"""Sign-in, tokens, proposals and instruments over HTTP, with the real rooms behind the gate."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from pandaas.db import Database, Position
from pandaas.db.tables import Person
from pandaas.identity import Identity
from pandaas.model import ANONYMOUS, NotFound, PrincipalKind, Scope
from pandaas.server import overview, problems
from pandaas.server.routers import proposals, session
from pandaas.server.security import Gate
from pandaas.server.stream import StreamEvent
from pandaas.testing.facility import Facility, make_facility

SCHEMA = {"type": "object", "properties": {"npt": {"type": "integer", "minimum": 10, "default": 1000}}}


class Recipes:
    def get(self, recipe: str, version: str | None = None) -> Any:
        if recipe != "saxs-integrate":
            raise NotFound(f"There is no recipe '{recipe}'.")
        return SimpleNamespace(schema=SCHEMA)


@pytest.fixture
def facility(sqlite_database: Database, tmp_path: Path, quick_passwords: None) -> Facility:
    made = make_facility(sqlite_database, tmp_path)
    identity = Identity(sqlite_database, made.settings)
    for number in made.people.values():
        identity.set_password(number, "correct horse")
    return made


@pytest.fixture
def browser(facility: Facility) -> Callable[..., TestClient]:
    app = FastAPI()
    problems.install(app)
    app.include_router(session.router)
    app.include_router(proposals.router)
    app.add_middleware(Gate, settings=facility.settings)
    app.state.services = SimpleNamespace(
        settings=facility.settings,
        database=facility.database,
        identity=Identity(facility.database, facility.settings),
        access=facility.access,
        catalogue=facility.catalogue,
        runtime=SimpleNamespace(sandbox=SimpleNamespace(warning="not isolated")),
        recipes=Recipes(),
        jobs=None,
    )

    def new(user: str | None = None, base: str = "http://127.0.0.1:8000") -> TestClient:
        client = TestClient(app, base_url=base, headers={"X-PaNDAaS": "1", "Origin": base})
        if user is not None:
            answer = client.post("/api/v1/session", json={"user": user, "password": "correct horse"})
            assert answer.status_code == 200, answer.text
        return client

    return new


Browser = Callable[..., TestClient]


def test_signing_in_sets_a_cookie_that_scripts_and_other_sites_never_get(browser: Browser) -> None:
    client = browser()
    answer = client.post("/api/v1/session", json={"user": "alice", "password": "correct horse"})
    cookie = answer.headers["set-cookie"].lower()
    assert cookie.startswith("pandaas=")
    assert all(word in cookie for word in ("httponly", "samesite=strict", "path=/", "max-age=43200"))
    assert answer.json()["person"]["user"] == "alice"
    assert answer.json()["sandbox_warning"] == "not isolated"
    assert answer.json()["demo_accounts"] == []
    assert "password" not in answer.text


def test_on_https_the_cookie_is_bound_to_the_host(browser: Browser) -> None:
    client = browser(base="https://127.0.0.1:8000")
    answer = client.post("/api/v1/session", json={"user": "alice", "password": "correct horse"})
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith("__Host-pandaas=")
    assert "Secure" in cookie
    assert "Domain" not in cookie
    assert client.get("/api/v1/session").json()["person"]["user"] == "alice"


def test_nobody_is_nobody(browser: Browser) -> None:
    found = browser().get("/api/v1/session").json()
    assert (found["person"], found["scopes"]) == (None, [])


def test_a_wrong_password_names_the_field(browser: Browser) -> None:
    answer = browser().post("/api/v1/session", json={"user": "alice", "password": "wrong"})
    assert (answer.status_code, answer.json()["field"]) == (401, "password")
    assert "set-cookie" not in answer.headers


def test_guessing_is_slowed_down(browser: Browser) -> None:
    client = browser()
    codes = [
        client.post("/api/v1/session", json={"user": "alice", "password": f"wrong {number}"}).status_code
        for number in range(6)
    ]
    assert codes == [401] * 5 + [429]


def test_signing_out_ends_the_sign_in_on_the_server(browser: Browser) -> None:
    client = browser("alice")
    secret = client.cookies["pandaas"]
    answer = client.delete("/api/v1/session")
    assert (answer.status_code, answer.json()) == (200, {"address": None})
    assert "pandaas" not in client.cookies
    other = browser()
    other.cookies.set("pandaas", secret)
    assert other.get("/api/v1/session").json()["person"] is None


def test_signing_out_everywhere_ends_every_browser_of_this_person_only(browser: Browser) -> None:
    here, there, bob = browser("alice"), browser("alice"), browser("bob")
    assert here.delete("/api/v1/session", params={"everywhere": True}).status_code == 200
    assert there.get("/api/v1/session").json()["person"] is None
    assert bob.get("/api/v1/session").json()["person"]["user"] == "bob"


def test_signing_out_here_leaves_other_browsers_alone(browser: Browser) -> None:
    here, there = browser("alice"), browser("alice")
    here.delete("/api/v1/session")
    assert there.get("/api/v1/session").json()["person"]["user"] == "alice"


def test_the_operator_sees_who_came_last_and_what_proposals_hold(facility: Facility, browser: Browser) -> None:
    facility.register("PUB-1/a.nxs")
    browser("bob")
    with facility.database.read() as db:
        people = overview.latest_people(db, facility.clock())
        proposals = overview.largest_proposals(db)
    assert people[0].user == "bob"
    assert people[0].signed_in is not None
    assert {one.user for one in people} >= {"alice", "bob"}
    assert all(one.signed_in is None for one in people[1:])
    assert proposals[0].name == "PUB-1"
    assert (proposals[0].datasets, proposals[0].size > 0, proposals[0].members > 0) == (1, True, True)


def test_signing_in_again_ends_the_earlier_sign_in(browser: Browser) -> None:
    client = browser("alice")
    earlier = client.cookies["pandaas"]
    client.post("/api/v1/session", json={"user": "bob", "password": "correct horse"})
    other = browser()
    other.cookies.set("pandaas", earlier)
    assert other.get("/api/v1/session").json()["person"] is None
    assert client.get("/api/v1/session").json()["person"]["user"] == "bob"


def test_a_token_is_shown_once_and_works_as_a_bearer(browser: Browser) -> None:
    client = browser("alice")
    made = client.post("/api/v1/tokens", json={"name": "script", "scopes": ["read"]})
    assert made.status_code == 201
    [listed] = client.get("/api/v1/tokens").json()
    assert "token" not in listed
    bearer = {"Authorization": f"Bearer {made.json()['token']}"}
    found = browser().get("/api/v1/session", headers=bearer).json()
    assert (found["person"]["user"], found["scopes"]) == ("alice", ["read"])
    assert client.delete(f"/api/v1/tokens/{listed['id']}").status_code == 204
    assert browser().get("/api/v1/session", headers=bearer).status_code == 401


def test_a_token_makes_no_tokens(browser: Browser) -> None:
    made = browser("alice").post("/api/v1/tokens", json={"name": "script", "scopes": ["read", "write", "run"]})
    bearer = {"Authorization": f"Bearer {made.json()['token']}"}
    client = browser()
    assert client.post("/api/v1/tokens", json={"name": "more"}, headers=bearer).status_code == 403
    assert client.get("/api/v1/tokens", headers=bearer).status_code == 403
    assert client.delete(f"/api/v1/tokens/{made.json()['id']}", headers=bearer).status_code == 403


def test_nobody_takes_back_anothers_token(browser: Browser) -> None:
    made = browser("alice").post("/api/v1/tokens", json={"name": "script"}).json()
    assert browser("bob").delete(f"/api/v1/tokens/{made['id']}").status_code == 404


@pytest.mark.parametrize("scopes", [["admin"], ["everything"], []])
def test_scopes_beyond_the_person_are_refused(browser: Browser, scopes: list[str]) -> None:
    answer = browser("alice").post("/api/v1/tokens", json={"name": "script", "scopes": scopes})
    assert answer.status_code == 422


def test_a_proposal_shows_what_its_reader_may_see(browser: Browser, facility: Facility) -> None:
    facility.register("PUB-1/a.json", sample="lysozyme")
    mine = browser("alice").get("/api/v1/proposals/PUB-1").json()
    assert (mine["my_role"], mine["may_manage"], mine["dataset_count"]) == ("principal_investigator", True, 1)
    assert mine["last_dataset"]["title"] == "a"
    assert [one["person"]["user"] for one in mine["members"]] == ["alice"]
    facility.access.set_release(facility.principal("otto"), "PUB-1", facility.clock())
    anyone = browser().get("/api/v1/proposals/PUB-1").json()
    assert (anyone["open"], anyone["members"], anyone["may_write"]) == (True, [], False)


def test_a_hidden_proposal_is_not_there(browser: Browser) -> None:
    for user in (None, "alice", "iris"):
        client = browser(user)
        hidden, none = (client.get(f"/api/v1/proposals/{name}") for name in ("SEC-2", "SEC-9"))
        assert hidden.status_code == none.status_code == 404
        assert hidden.json()["detail"].replace("SEC-2", "X") == none.json()["detail"].replace("SEC-9", "X")
        assert "SEC-2" not in client.get("/api/v1/proposals").text
        if user is not None:
            assert client.put("/api/v1/proposals/SEC-2/members/nobody", json={}).status_code == 404
    assert "SEC-2" in browser("bob").get("/api/v1/proposals?mine=true").text


def test_the_leader_changes_the_team_and_it_is_felt_at_once(browser: Browser) -> None:
    alice, carol = browser("alice"), browser("carol")
    assert carol.get("/api/v1/proposals/PUB-1").status_code == 404
    answer = alice.put("/api/v1/proposals/PUB-1/members/carol", json={"role": "reader"})
    assert {one["person"]["user"]: one["role"] for one in answer.json()["members"]} == {
        "alice": "principal_investigator",
        "carol": "reader",
    }
    assert carol.get("/api/v1/proposals/PUB-1").json()["may_write"] is False
    assert carol.put("/api/v1/proposals/PUB-1/members/bob", json={}).status_code == 403
    assert alice.delete("/api/v1/proposals/PUB-1/members/carol").status_code == 200
    assert carol.get("/api/v1/proposals/PUB-1").status_code == 404


def test_a_member_leaves(browser: Browser) -> None:
    browser("alice").put("/api/v1/proposals/PUB-1/members/carol", json={})
    carol = browser("carol")
    answer = carol.delete("/api/v1/proposals/PUB-1/members/carol")
    assert (answer.status_code, answer.json()["my_role"], answer.json()["members"]) == (200, None, [])
    assert carol.get("/api/v1/proposals/PUB-1").status_code == 404


def test_operators_make_proposals(browser: Browser) -> None:
    body = {"name": "NEW-1", "title": "New", "type": "in_house", "instrument": "BL1"}
    assert browser("otto").post("/api/v1/proposals", json=body).status_code == 201
    assert browser("alice").post("/api/v1/proposals", json=body | {"name": "NEW-2"}).status_code == 403
    assert browser("otto").post("/api/v1/proposals", json=body).status_code == 409
    wrong = browser("otto").post("/api/v1/proposals", json=body | {"name": "NEW-3", "instrument": "BL9"})
    assert (wrong.status_code, wrong.json()["field"]) == (404, "instrument")


def test_people_are_found_without_their_addresses(browser: Browser, facility: Facility) -> None:
    with facility.database.session() as session_:
        session_.get_one(Person, facility.people["bob"]).email = "bob@example.org"
    answer = browser("alice").get("/api/v1/people", params={"query": "bo"})
    assert [one["user"] for one in answer.json()] == ["bob"]
    assert "example.org" not in answer.text
    assert browser("alice").get("/api/v1/people", params={"query": " b "}).status_code == 422
    assert browser().get("/api/v1/people", params={"query": "bob"}).status_code == 401


def test_instruments_are_known_what_was_measured_there_is_not(browser: Browser, facility: Facility) -> None:
    facility.register("PUB-1/a.json", instrument="BL1")
    counts = {user: browser(user).get("/api/v1/instruments").json()[0] for user in (None, "alice", "bob", "iris")}
    assert {user: one["dataset_count"] for user, one in counts.items()} == {None: 0, "alice": 1, "bob": 0, "iris": 1}
    assert [user for user, one in counts.items() if one["is_staff"]] == ["iris"]


def test_the_page_of_an_instrument_is_for_its_staff(browser: Browser, facility: Facility) -> None:
    facility.register("PUB-1/a.json", instrument="BL1")
    page = browser("iris").get("/api/v1/instruments/BL1").json()
    assert [card["title"] for card in page["latest"]] == ["a"]
    assert browser("alice").get("/api/v1/instruments/BL1").status_code == 403
    assert browser().get("/api/v1/instruments/BL1").status_code == 401


def test_staff_set_default_parameters_that_the_recipe_knows(browser: Browser) -> None:
    iris = browser("iris")
    url = "/api/v1/instruments/BL1/defaults/saxs-integrate"
    assert iris.put(url, json={"npt": 500}).json()["recipe_defaults"] == {"saxs-integrate": {"npt": 500}}
    assert iris.put(url, json={"npt": 3}).status_code == 422
    assert iris.put(url, json={"colour": 1}).status_code == 422
    assert iris.put(url, json={}).json()["recipe_defaults"] == {}
    assert browser("alice").put(url, json={"npt": 500}).status_code == 403
    assert iris.put("/api/v1/instruments/BL1/defaults/none", json={}).status_code == 404


def test_an_event_is_told_to_those_who_may_know_of_its_dataset(facility: Facility) -> None:
    pid = facility.register("SEC-2/a.json")
    platform: Any = SimpleNamespace(catalogue=facility.catalogue, jobs=None)
    event = StreamEvent(Position(), "dataset.registered", pid, None, None, {"title": "a"})
    otto = facility.principal("otto")
    token = replace(otto, kind=PrincipalKind.TOKEN, scopes=frozenset({Scope.READ}))
    askers = {user: facility.principal(user) for user in ("alice", "bob", "iris")}
    told = {name: overview.may_see(platform, asker, event) for name, asker in askers.items()}
    assert told == {"alice": False, "bob": True, "iris": False}
    assert overview.may_see(platform, otto, event)
    assert not overview.may_see(platform, token, event)
    assert not overview.may_see(platform, ANONYMOUS, event)
