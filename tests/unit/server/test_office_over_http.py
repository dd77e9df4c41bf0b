"""The operator sees what the user office would change before it does."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from pandaas.access import Office
from pandaas.config import load_settings
from pandaas.db import Database
from pandaas.identity import Identity
from pandaas.server import problems
from pandaas.server.routers import office, session
from pandaas.server.security import Gate
from pandaas.testing.facility import make_facility

EXAMPLE = Path(__file__).parents[3] / "deploy/user-office-example"


@pytest.fixture
def app(sqlite_database: Database, tmp_path: Path, quick_passwords: None) -> FastAPI:
    facility = make_facility(sqlite_database, tmp_path)
    settings = load_settings(home=tmp_path / "office", office=[{"name": "uo", "path": str(EXAMPLE)}])
    identity = Identity(sqlite_database, settings)
    for user in ("alice", "otto"):
        identity.set_password(facility.people[user], "correct horse")
    app = FastAPI()
    problems.install(app)
    app.include_router(session.router)
    app.include_router(office.router)
    app.add_middleware(Gate, settings=settings)
    app.state.services = SimpleNamespace(
        settings=settings,
        identity=identity,
        access=facility.access,
        office=Office(sqlite_database, settings, identity, facility.access),
        runtime=SimpleNamespace(sandbox=SimpleNamespace(warning=None)),
    )
    return app


def browser(app: FastAPI, user: str) -> TestClient:
    base = "http://127.0.0.1:8000"
    client = TestClient(app, base_url=base, headers={"X-PaNDAaS": "1", "Origin": base})
    assert client.post("/api/v1/session", json={"user": user, "password": "correct horse"}).status_code == 200
    return client


def test_the_operator_looks_then_applies_just_that(app: FastAPI) -> None:
    otto = browser(app, "otto")
    [feed] = otto.get("/api/v1/office").json()
    assert (feed["name"], feed["last"]) == ("uo", None)
    seen = otto.post("/api/v1/office/uo/look").json()
    assert (seen["state"], seen["removals"], seen["counts"]["member.new"]) == ("shown", 0, 4)
    assert otto.get("/api/v1/office").json()[0]["last"] is None
    assert otto.post("/api/v1/office/uo/apply", json={"removals": 0}).json()["state"] == "applied"
    assert otto.get("/api/v1/office").json()[0]["last"]["state"] == "applied"
    times = otto.get("/api/v1/proposals/2026-0042/beam-times").json()
    assert [one["instrument"] for one in times] == ["BL-SAXS", "BL-SAXS"]


def test_nobody_else_looks(app: FastAPI) -> None:
    alice = browser(app, "alice")
    assert alice.get("/api/v1/office").status_code == 403
    assert alice.post("/api/v1/office/uo/look").status_code == 403
    assert alice.post("/api/v1/office/uo/apply", json={}).status_code == 403
    browser(app, "otto").post("/api/v1/office/uo/apply", json={})
    hidden, none = (alice.get(f"/api/v1/proposals/{name}/beam-times") for name in ("2026-0043", "2026-9999"))
    assert hidden.status_code == none.status_code == 404
    assert hidden.json()["detail"].replace("2026-0043", "X") == none.json()["detail"].replace("2026-9999", "X")
