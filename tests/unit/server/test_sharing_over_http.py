"""Sharing, reviewers, requests, "view as" and the policy over HTTP, behind the gate; what no answer may tell."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest
from fastapi import FastAPI
from sqlalchemy import event
from starlette.testclient import TestClient

from pandaas.access import FACILITY, ReadCounter
from pandaas.db import Database
from pandaas.identity import Identity
from pandaas.server import problems
from pandaas.server.routers import datasets, policy, proposals, search, session, sharing
from pandaas.server.security import Gate
from pandaas.testing.facility import Facility, make_facility

Browser = Callable[..., TestClient]


@pytest.fixture
def facility(sqlite_database: Database, tmp_path: Path, quick_passwords: None) -> Facility:
    made = make_facility(sqlite_database, tmp_path)
    identity = Identity(sqlite_database, made.settings)
    for number in made.people.values():
        identity.set_password(number, "correct horse")
    return made


@pytest.fixture
def browser(facility: Facility) -> Browser:
    app = FastAPI()
    problems.install(app)
    for module in (session, sharing, policy, search, proposals, datasets):
        app.include_router(module.router)
    app.add_middleware(Gate, settings=facility.settings)
    app.state.reads = ReadCounter(facility.database)
    app.state.services = SimpleNamespace(
        settings=facility.settings,
        database=facility.database,
        identity=Identity(facility.database, facility.settings),
        access=facility.access,
        catalogue=facility.catalogue,
        runtime=SimpleNamespace(sandbox=SimpleNamespace(warning=None)),
    )

    def new(user: str | None = None) -> TestClient:
        base = "http://127.0.0.1:8000"
        client = TestClient(app, base_url=base, headers={"X-PaNDAaS": "1", "Origin": base})
        if user is not None:
            assert client.post("/api/v1/session", json={"user": user, "password": "correct horse"}).status_code == 200
        return client

    return new


def test_a_reviewer_opens_a_link_reads_and_is_shut_out_at_once(facility: Facility, browser: Browser) -> None:
    pid, other = facility.register("PUB-1/a.nxs"), facility.register("PUB-1/b.nxs")
    alice, reviewer = browser("alice"), browser()
    made = alice.post("/api/v1/links", json={"datasets": [pid], "label": "Referee 2", "days": 7}).json()
    path, _, secret = made["path"].partition("#")
    assert path == "/review"
    answer = reviewer.post("/api/v1/lens/review", json={"secret": secret})
    assert [card["pid"] for card in answer.json()["datasets"]] == [pid]
    cookie = answer.headers["set-cookie"].lower()
    assert all(word in cookie for word in ("pandaas-lens=", "httponly", "samesite=strict", "path=/"))
    assert reviewer.get(f"/api/v1/datasets/{pid}").status_code == 200
    assert reviewer.get(f"/api/v1/datasets/{pid}/files").status_code == 200
    assert reviewer.get(f"/api/v1/datasets/{other}").status_code == 404
    for address in ("/api/v1/search", "/api/v1/proposals", "/api/v1/links"):
        assert reviewer.get(address).status_code == 403
    assert reviewer.patch(f"/api/v1/datasets/{pid}", json={"title": "x"}).status_code == 403
    assert reviewer.get("/api/v1/session").json()["lens"] == "review"
    assert alice.delete(f"/api/v1/links/{made['id']}").status_code == 204
    assert reviewer.get(f"/api/v1/datasets/{pid}").status_code == 404
    assert reviewer.post("/api/v1/lens/review", json={"secret": secret}).status_code == 404


def test_an_operator_looks_as_somebody_else_and_changes_nothing(facility: Facility, browser: Browser) -> None:
    pid, secret = facility.register("PUB-1/a.nxs"), facility.register("SEC-2/b.nxs")
    otto = browser("otto")
    assert browser("iris").post("/api/v1/lens/view-as", json={"user": "alice"}).status_code == 403
    assert otto.post("/api/v1/lens/view-as", json={"user": "alice"}).status_code == 204
    shown = otto.get("/api/v1/session").json()
    assert (shown["person"]["user"], shown["lens"]) == ("alice", "view_as")
    assert otto.get("/api/v1/lens").json()["by"] == "Otto"
    assert otto.get(f"/api/v1/datasets/{pid}").json()["may_write"] is False
    assert otto.get(f"/api/v1/datasets/{secret}").status_code == 404
    assert otto.patch(f"/api/v1/datasets/{pid}", json={"title": "x"}).status_code == 403
    assert otto.get("/api/v1/tokens").status_code == 403
    facility.clock.advance(minutes=31)
    assert otto.get("/api/v1/session").json()["person"]["user"] == "otto"
    assert otto.post("/api/v1/lens/view-as", json={}).status_code == 204
    assert otto.get(f"/api/v1/datasets/{pid}").status_code == 404
    assert otto.delete("/api/v1/lens").status_code == 204
    assert otto.get(f"/api/v1/datasets/{secret}").status_code == 200
    while facility.access.take_over():
        pass
    kinds = [line.kind for line in facility.access.audit(FACILITY, kind="view_as.")]
    assert kinds == ["view_as.ended", "view_as.started", "view_as.started"]


def test_access_is_asked_for_answered_and_felt(facility: Facility, browser: Browser) -> None:
    pid = facility.register("PUB-1/a.nxs")
    alice, bob = browser("alice"), browser("bob")
    asked = {"reason": "To compare."}
    answers = [bob.post("/api/v1/access-requests", json=asked | {"dataset": one}) for one in (pid, "ds-000000000000")]
    assert [(answer.status_code, answer.text) for answer in answers] == [(204, "")] * 2
    mine = bob.get("/api/v1/access-requests").json()
    assert {(one["title"], one["state"], one["answered_by"]) for one in mine} == {(None, "pending", None)}
    [waiting] = alice.get("/api/v1/access-requests", params={"pending": True}).json()
    assert (waiting["dataset"], waiting["by"], waiting["may_answer"]) == (pid, "Bob", True)
    answer = alice.put(f"/api/v1/access-requests/{waiting['id']}/answer", json={"grant": True, "answer": "Yes."})
    assert answer.status_code == 204
    assert bob.get(f"/api/v1/datasets/{pid}").status_code == 200
    assert [one["user"] for one in alice.get(f"/api/v1/datasets/{pid}/shares").json()] == ["bob"]
    assert alice.delete(f"/api/v1/datasets/{pid}/shares/bob").status_code == 204
    assert bob.get(f"/api/v1/datasets/{pid}").status_code == 404


def test_a_release_is_asked_for_and_decided(facility: Facility, browser: Browser) -> None:
    pid = facility.register("PUB-1/a.nxs", start="2026-01-01T00:00:00+00:00")
    alice, iris = browser("alice"), browser("iris")
    assert alice.get(f"/api/v1/datasets/{pid}").json()["release_time"].startswith("2029-01-01")
    body = {"proposal": "PUB-1", "release_time": "2030-01-01", "reason": "The thesis."}
    assert (
        alice.post("/api/v1/release-requests", json=body | {"release_time": "2030-01-01T00:00:00"}).status_code == 204
    )
    [seen] = iris.get("/api/v1/release-requests").json()
    assert iris.put(f"/api/v1/release-requests/{seen['id']}/decision", json={"approve": True}).status_code == 204
    assert alice.get(f"/api/v1/datasets/{pid}").json()["release_time"].startswith("2030-01-01")
    shown = alice.get("/api/v1/proposals/PUB-1").json()
    assert (shown["release_set"], shown["licence"], shown["embargo_years"]) == (True, "CC-BY-4.0", 3)
    assert alice.put("/api/v1/proposals/PUB-1/release", json={"by_policy": True}).status_code == 403
    assert iris.put("/api/v1/proposals/PUB-1/release", json={"by_policy": True}).json()["release_set"] is False


def test_reads_through_the_door_are_counted(facility: Facility, browser: Browser) -> None:
    pid = facility.register("PUB-1/a.nxs")
    alice = browser("alice")
    for _ in range(3):
        alice.get(f"/api/v1/datasets/{pid}")
    browser("bob").get(f"/api/v1/datasets/{pid}")
    alice.app.state.reads.flush()  # type: ignore[attr-defined]
    found = [one for one in alice.get(f"/api/v1/datasets/{pid}/accesses").json() if one["number"] == 0]
    assert [(one["who"], one["detail"]["door"], one["detail"]["requests"]) for one in found] == [
        ("Alice", "metadata", 3)
    ]


# --- what no answer may tell ------------------------------------------------------------------------------------------


@pytest.fixture
def secret(facility: Facility) -> str:
    facility.register("PUB-3/open.nxs", sample="basalt")
    return facility.register(
        "SEC-2/hidden.nxs", title="Graphene anode", sample="unobtainium", description="codename zanzibar",
        parameters=[["zanzibar_field", 7.0, "T"]],
    )  # fmt: skip


WORDS = ("graphene", "unobtainium", "zanzibar", "sec-2", "battery")


@pytest.mark.parametrize("user", ["alice", "iris", None], ids=["visitor", "staff", "nobody"])
class TestNothingTells:
    def test_no_count_tells(self, browser: Browser, secret: str, user: str | None) -> None:
        client = browser(user)
        for words in ("", *WORDS, "sample:unobtainium", "zanzibar_field:>1T"):
            found = client.get("/api/v1/search", params={"q": words}).json()
            assert all(card["pid"] != secret for card in found["results"])
            assert found["total"] == len(found["results"])
            assert not words or found["total"] == 0

    def test_no_facet_tells(self, browser: Browser, secret: str, user: str | None) -> None:
        found = browser(user).get("/api/v1/search").json()
        assert not any(word in str(found["facets"]).lower() for word in WORDS)
        total = found["total"]
        assert all(value["count"] <= total for values in found["facets"].values() for value in values)

    def test_no_thumbnail_tells(self, browser: Browser, secret: str, user: str | None) -> None:
        client = browser(user)
        answers = [client.get(f"/api/v1/datasets/{one}/thumbnail") for one in (secret, "ds-000000000000")]
        assert [answer.status_code for answer in answers] == [404, 404]

    def test_no_suggestion_tells(self, browser: Browser, secret: str, user: str | None) -> None:
        """Neither the speller of an empty result nor its words."""
        for typed in ("graphen", "unobtaniun", "zanzibr", "zanzibar_feld:7T"):
            answer = browser(user).get("/api/v1/search", params={"q": typed})
            told = str({key: value for key, value in answer.json().items() if key != "understood"}).lower()
            assert not any(word in told for word in WORDS), told

    def test_no_error_tells(self, browser: Browser, secret: str, user: str | None) -> None:
        client = browser(user)
        for address in (
            "/{}",
            "/{}/files",
            "/{}/history",
            "/{}/provenance",
            "/{}/shares",
            "/{}/accesses",
            "/{}/access/people",
        ):
            one, other = (client.get("/api/v1/datasets" + address.format(pid)) for pid in (secret, "ds-000000000000"))
            assert one.status_code == other.status_code, address
            for name in ("title", "detail", "remedy", "field"):
                assert str(one.json()[name]).replace(secret, "ds-000000000000") == str(other.json()[name]), address
        why = [client.get(f"/api/v1/datasets/{pid}/access").json() for pid in (secret, "ds-000000000000")]
        assert why[0] == why[1]

    def test_no_number_counts_on(self, browser: Browser, secret: str, user: str | None) -> None:
        """Identifiers are drawn at random; numbers in answers are of what one may see."""
        assert len(secret.partition("-")[2]) == 12
        client = browser(user)
        for number in range(1, 20):
            assert client.get(f"/api/v1/datasets/{secret}/files/{number}/content").status_code == 404
            assert client.delete(f"/api/v1/links/{number}").status_code in {401, 404}


def test_no_query_tells_by_its_work(facility: Facility, browser: Browser, secret: str) -> None:
    """Timing: what is hidden and what is not there take the same questions to the database, in the same order."""
    statements: list[str] = []

    @event.listens_for(facility.database.engine, "before_cursor_execute")
    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        statements.append(statement)

    client = browser("alice")

    def work(method: str, address: str, body: dict[str, str] | None = None) -> list[str]:
        client.get("/api/v1/proposals")  # what is remembered of a person until somebody writes is asked before
        statements.clear()
        client.request(method, f"/api/v1{address}", json=body)
        return list(statements)

    for below in ("", "/thumbnail", "/files", "/files/1/content", "/history", "/provenance", "/access",
                  "/access/why?user=bob", "/access/people", "/accesses", "/shares"):  # fmt: skip
        hidden, missing = (work("GET", f"/datasets/{pid}{below}") for pid in (secret, "ds-000000000000"))
        assert hidden == missing, below
    assert work("GET", "/proposals/SEC-2") == work("GET", "/proposals/SEC-9")
    hidden, missing = (
        work("POST", "/access-requests", {"dataset": pid, "reason": "x"}) for pid in (secret, "ds-000000000000")
    )
    assert [one.partition(" ")[0] for one in hidden] == [one.partition(" ")[0] for one in missing]
