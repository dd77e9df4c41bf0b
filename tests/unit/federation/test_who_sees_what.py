"""The search API shows what the access rule lets a person see, and nothing tells of the rest."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from pandaas.access import FACILITY
from pandaas.db import Database
from pandaas.identity import Identity
from pandaas.testing.facility import SAXS, Facility, make_facility
from pandaas.testing.panosc import Seeded, address

Client = Callable[..., TestClient]


@pytest.fixture
def facility(sqlite_database: Database, tmp_path: Path) -> Facility:
    facility = make_facility(sqlite_database, tmp_path)
    facility.register(
        "PUB-1/a.nxs",
        title="Alpha",
        instrument="BL1",
        sample="lysozyme",
        techniques=[SAXS],
        parameters=[["energy", 8.0, "keV"]],
    )
    facility.register("SEC-2/b.nxs", title="Beta", instrument="BL1", sample="cathode", techniques=[SAXS])
    facility.register("PUB-3/c.nxs", title="Gamma", instrument="BL1")
    facility.access.set_release(FACILITY, "PUB-3", facility.clock())
    return facility


@pytest.fixture
def client(facility: Facility) -> Client:
    identity = Identity(facility.database, facility.settings)
    seeded = Seeded(facility.settings, facility.database, facility.access, facility.catalogue.vocabulary, identity)

    def new(user: str | None = None) -> TestClient:
        if user is None:
            return seeded.client()
        scopes = ["read", "write", "admin"] if user == "otto" else ["read"]
        return seeded.client(identity.create_token(facility.people[user], "test", scopes, 1)[1])

    return new


def titles(client: TestClient, model: str = "Datasets", **asked: object) -> list[str]:
    return sorted(one["title"] for one in client.get(address(model, **asked)).json())


@pytest.mark.parametrize(
    ("user", "seen"),
    [(None, ["Gamma"]), ("alice", ["Alpha", "Gamma"]), ("bob", ["Beta", "Gamma"]), ("iris", ["Alpha", "Gamma"]), ("otto", ["Alpha", "Beta", "Gamma"])],
)  # fmt: skip
def test_everyone_sees_what_the_rule_says(client: Client, user: str | None, seen: list[str]) -> None:
    api = client(user)
    assert titles(api) == seen
    assert api.get(address("Datasets/count")).json() == {"count": len(seen)}
    assert titles(api, filter={"where": {"text": "a"}}) == seen
    [beamline] = api.get(address("Instruments", filter={"include": ["datasets"]})).json()
    assert sorted(one["title"] for one in beamline["datasets"]) == seen
    every = api.get(address("Documents", filter={"include": ["datasets"]})).json()
    assert sorted(one["title"] for row in every for one in row["datasets"]) == seen


def test_no_join_tells_of_hidden_data(client: Client) -> None:
    anonymous = client()
    for where in ({"name": "cathode"}, {"text": "lyso"}):
        asked = {"include": [{"relation": "samples", "scope": {"where": where}}]}
        assert titles(anonymous, filter=asked) == []
    deep = {"relation": "datasets", "scope": {"where": {"title": "Beta"}}}
    assert anonymous.get(address("Instruments", filter={"include": [deep]})).json() == []
    assert titles(anonymous, "Documents") == ["Zeolites at work"]
    scores = [client(user).get(address("Datasets", query="Gamma")).json()[0]["score"] for user in (None, "otto")]
    assert scores[0] != scores[1]  # how rare a word is, is counted among what each one sees


def test_what_one_may_not_see_is_not_found(facility: Facility, client: Client) -> None:
    pid = client("otto").get(address("Datasets", filter={"where": {"title": "Beta"}})).json()[0]["pid"]
    hidden, none = client("alice").get(address(f"Datasets/{pid}")), client("alice").get(address("Datasets/ds-none"))
    assert hidden.status_code == none.status_code == 404
    assert hidden.json()["title"] == none.json()["title"]
    assert client("alice").get(address(f"Datasets/{pid}/files")).status_code == 404
    assert client("alice").get(address(f"Datasets/{pid}/files/count")).status_code == 404
    assert client("bob").get(address(f"Datasets/{pid}/files/count")).json() == {"count": 1}


def test_release_is_felt_at_once(facility: Facility, client: Client) -> None:
    facility.access.set_release(FACILITY, "PUB-1", facility.clock())
    assert titles(client()) == ["Alpha", "Gamma"]
    assert client().get(address("Datasets", filter={"where": {"isPublic": True}})).json()[0]["isPublic"] is True
    assert titles(client("otto"), filter={"where": {"isPublic": False}}) == ["Beta"]


def test_own_data_speak_the_models_of_the_federation(client: Client) -> None:
    asked = {
        "where": {"title": "Alpha"},
        "include": ["instrument", "techniques", "samples", "parameters", "files", "documents"],
    }
    [alpha] = client("alice").get(address("Datasets", filter=asked)).json()
    assert alpha["instrument"] == {"pid": "BL1", "name": "BL1", "facility": ""}
    assert alpha["techniques"] == [
        {"pid": SAXS, "name": "small angle x-ray scattering", "panetId": SAXS},
    ]
    assert alpha["samples"] == [{"pid": "lysozyme", "name": "lysozyme"}]
    assert [(one["name"], one["value"], one["unit"]) for one in alpha["parameters"]] == [("energy", 8, "keV")]
    assert [one["name"] for one in alpha["files"]] == ["a.nxs"]
    assert "path" not in alpha["files"][0]
    assert alpha["documents"][0]["type"] == "proposal"
    assert str(Path("/")) not in json.dumps(alpha["files"])


def test_a_team_is_shown_to_itself_only(facility: Facility, client: Client) -> None:
    facility.access.set_release(FACILITY, "PUB-1", facility.clock())
    asked = {"where": {"pid": "PUB-1"}, "include": [{"relation": "members", "scope": {"include": ["person"]}}]}

    def names(user: str | None) -> list[str]:
        documents = client(user).get(address("Documents", filter=asked)).json()
        return [one["person"]["fullName"] for document in documents for one in document["members"]]

    assert names("alice") == ["Alice"]
    assert names("otto") == ["Alice"]
    assert names(None) == names("bob") == []
    by_name = {
        "include": [
            {"relation": "members", "scope": {"include": [{"relation": "person", "scope": {"where": {"text": "ali"}}}]}}
        ]
    }
    assert client().get(address("Documents", filter=by_name)).json() == []
