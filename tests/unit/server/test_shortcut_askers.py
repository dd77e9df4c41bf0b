"""Whoever asks, the short way and FastAPI's tell her the same: scopes, lenses, reviewers, shut-out and ended ones."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from pandaas.db import Database
from pandaas.identity import Identity
from pandaas.model import NotFound, Principal
from pandaas.server import problems
from pandaas.server import shortcut as module
from pandaas.server.routers import arrays, h5grove, search, session, sharing
from pandaas.server.security import Gate
from pandaas.server.shortcut import Shortcut
from pandaas.testing.facility import Facility, make_facility

BASE = "http://127.0.0.1:8000"
LONG = "anything=1"  # a parameter that nobody knows makes the long way
ASKED = (
    "/api/v1/search?q=",
    "/api/v1/datasets/x/data?path=/d",
    "/h5grove/attr/?file=x",
    "/h5grove/data/?file=x&path=/d",
)
_OF_THIS_ANSWER = {"took_ms", "instance", "request_id"}


class _Echo:
    """Arrays that say who is thought to ask."""

    def etag(self, asker: Principal, *_: object, **__: object) -> str:
        raise NotFound(repr(asker))

    as_json = read = etag


class _Platform:
    """An application with both ways, and everybody who may stand at its door."""

    def __init__(self, facility: Facility) -> None:
        self.facility = facility
        self.identity = Identity(facility.database, facility.settings)
        for number in facility.people.values():
            self.identity.set_password(number, "correct horse")
        self.app = FastAPI()
        problems.install(self.app)
        for router in (session, sharing, search, arrays, h5grove):
            self.app.include_router(router.router)
        self.app.add_middleware(Shortcut, search=True)
        self.app.add_middleware(Gate, settings=facility.settings)
        self.app.state.services = SimpleNamespace(
            settings=facility.settings,
            database=facility.database,
            identity=self.identity,
            access=facility.access,
            catalogue=facility.catalogue,
            arrays=_Echo(),
            runtime=SimpleNamespace(sandbox=SimpleNamespace(warning=None)),
        )

    def client(self, text: str | None = None) -> TestClient:
        headers = {"X-PaNDAaS": "1", "Origin": BASE} | ({"Authorization": f"Bearer {text}"} if text else {})
        return TestClient(self.app, base_url=BASE, headers=headers)

    def token(self, user: str, *scopes: str) -> tuple[int, str]:
        return self.identity.create_token(self.facility.people[user], "test", list(scopes), 1)

    def browser(self, user: str) -> TestClient:
        client = self.client()
        told = {"user": user, "password": "correct horse"}
        assert client.post("/api/v1/session", json=told).status_code == 200
        return client

    def looking(self, body: dict[str, Any]) -> TestClient:
        client = self.browser("otto")
        assert client.post("/api/v1/lens/view-as", json=body).status_code == 204
        return client

    def reviewing(self, pid: str) -> TestClient:
        asked = {"datasets": [pid], "label": "Referee", "days": 7}
        made = self.browser("alice").post("/api/v1/links", json=asked).json()
        client = self.client()
        secret = made["path"].partition("#")[2]
        assert client.post("/api/v1/lens/review", json={"secret": secret}).status_code == 200
        return client


@pytest.fixture
def platform(sqlite_database: Database, tmp_path: Path, quick_passwords: None) -> _Platform:
    made = make_facility(sqlite_database, tmp_path)
    for name in ("PUB-1/a", "PUB-3/b", "SEC-2/c"):
        made.register(f"{name}.nxs", title=f"Title {name}")
    made.register("PUB-1/open.nxs", title="Open", start="2020-01-01T00:00:00+00:00")
    return _Platform(made)


@contextmanager
def _counted(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    real, called = module._answer, []
    with monkeypatch.context() as patch:
        patch.setattr(
            module, "_answer", lambda request, way, more: (called.append(way.template), real(request, way, more))[1]
        )
        yield called


def _both(client: TestClient) -> list[tuple[int, int, dict[str, Any]]]:
    """What each address says the short way, after it has said the same the long way."""
    told = []
    for address in ASKED:
        answers = [client.get(address), client.get(f"{address}&{LONG}")]
        said = [(one.status_code, {k: v for k, v in one.json().items() if k not in _OF_THIS_ANSWER}) for one in answers]
        assert said[0] == said[1], address
        told.append((said[0][0], said[0][1].get("total", -1), said[0][1]))
    return told


def test_everybody_is_told_alike(platform: _Platform, monkeypatch: pytest.MonkeyPatch) -> None:
    pid = platform.facility.register("PUB-1/d.nxs", title="For the referee")
    totals = {
        "nobody": (platform.client(), 200, 1),
        "the lead": (platform.browser("alice"), 200, 3),
        "an operator": (platform.browser("otto"), 200, 5),
        "an operator's token": (platform.client(platform.token("otto", "read", "admin")[1]), 200, 5),
        "an operator's token without admin": (platform.client(platform.token("otto", "read")[1]), 200, 1),
        "a token": (platform.client(platform.token("alice", "read")[1]), 200, 3),
        "a token that may not read": (platform.client(platform.token("alice", "run", "write")[1]), 403, -1),
        "an unknown token": (platform.client("pandaas_nothing"), 401, -1),
        "who looks as the lead": (platform.looking({"user": "alice"}), 200, 3),
        "who looks as nobody": (platform.looking({}), 200, 1),
        "a reviewer": (platform.reviewing(pid), 403, -1),
    }
    with _counted(monkeypatch) as called:
        for who, (client, status, total) in totals.items():
            assert _both(client)[0][:2] == (status, total), who
    assert set(called) == {"/api/v1/search", "/api/v1/datasets/{pid:path}/data", "/h5grove/attr/", "/h5grove/data/"}


def test_what_is_taken_back_counts_at_once(platform: _Platform) -> None:
    number, text = platform.token("alice", "read")
    ended, expired = platform.client(text), platform.client(platform.token("bob", "read")[1])
    shut, gone = platform.browser("alice"), platform.browser("alice")
    looks, member = platform.looking({"user": "alice"}), platform.browser("bob")
    before = [_both(client)[0][1] for client in (ended, shut, gone, looks)]
    assert before == [2, 2, 2, 2]
    platform.identity.delete_token(platform.facility.people["alice"], number)
    assert gone.delete("/api/v1/session").status_code in {200, 204}
    assert _both(ended)[0][0] == 401
    assert _both(gone)[0][1] == 1
    platform.identity.disable(platform.facility.people["alice"])
    assert _both(shut)[0][1] == 1
    platform.facility.clock.advance(minutes=31)  # the look has ended: the operator is herself again
    assert _both(looks)[0][1] == 4
    platform.facility.clock.advance(minutes=60 * 24 * 2)
    assert _both(expired)[0][0] == 401
    assert _both(member)
