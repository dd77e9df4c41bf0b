"""The gate: host check, identity, cross-site protection, headers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI, Request
from starlette.testclient import TestClient

from pandaas.config import Settings, load_settings
from pandaas.model import NotSignedIn, Principal, PrincipalKind
from pandaas.server import problems
from pandaas.server.security import Gate

ALICE = Principal(PrincipalKind.PERSON, person_id=1, name="alice")


@dataclass
class FakeIdentity:
    cookies: dict[str, Principal] = field(default_factory=lambda: {"secret": ALICE})

    def remembered(self, kind: str, secret: str) -> Principal | None:
        return None

    def principal_of_cookie(self, secret: str) -> Principal | None:
        return self.cookies.get(secret)

    def principal_of_token(self, text: str) -> Principal:
        if text != "good":
            raise NotSignedIn("This token is unknown.")
        return ALICE


@dataclass
class FakeServices:
    identity: FakeIdentity = field(default_factory=FakeIdentity)


def application(settings: Settings) -> FastAPI:
    app = FastAPI()
    problems.install(app)
    app.state.services = FakeServices()

    @app.get("/api/v1/me")
    @app.post("/api/v1/me")
    def me(request: Request) -> dict[str, Any]:
        return {"name": request.state.principal.name}

    @app.get("/api/v1/broken")
    def broken() -> None:
        raise RuntimeError("internal detail at /srv/secret")

    app.add_middleware(Gate, settings=settings)
    return app


@pytest.fixture
def make(tmp_path: Path) -> Callable[..., TestClient]:
    def build(base: str = "http://127.0.0.1:8000", **server: Any) -> TestClient:
        settings = load_settings(home=tmp_path, server=server)
        return TestClient(application(settings), base_url=base, raise_server_exceptions=False)

    return build


def test_nobody_without_credentials(make: Callable[..., TestClient]) -> None:
    assert make().get("/api/v1/me").json() == {"name": None}


def test_a_cookie_signs_in(make: Callable[..., TestClient]) -> None:
    client = make()
    client.cookies.set("pandaas", "secret")
    assert client.get("/api/v1/me").json() == {"name": "alice"}


def test_the_host_prefixed_cookie_counts_only_on_https(make: Callable[..., TestClient]) -> None:
    client = make("https://127.0.0.1")
    client.cookies.set("pandaas", "secret")
    assert client.get("/api/v1/me").json() == {"name": None}
    client.cookies.set("__Host-pandaas", "secret")
    assert client.get("/api/v1/me").json() == {"name": "alice"}


def test_who_is_remembered_is_not_looked_up(make: Callable[..., TestClient], monkeypatch: pytest.MonkeyPatch) -> None:
    known = {("token", "known"): ALICE}
    monkeypatch.setattr(FakeIdentity, "remembered", lambda _, kind, secret: known.get((kind, secret)))
    assert make().post("/api/v1/me", headers={"authorization": "Bearer known"}).json() == {"name": "alice"}


def test_a_token_signs_in_without_origin(make: Callable[..., TestClient]) -> None:
    answer = make().post("/api/v1/me", headers={"authorization": "Bearer good"})
    assert answer.json() == {"name": "alice"}


def test_an_unknown_token_is_refused_with_a_problem(make: Callable[..., TestClient]) -> None:
    answer = make().get("/api/v1/me", headers={"authorization": "Bearer bad"})
    assert answer.status_code == 401
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["request_id"] == answer.headers["x-request-id"]


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "http://127.0.0.1:8000"},
        {"x-pandaas": "1", "origin": "https://evil.example"},
        {"x-pandaas": "1", "origin": "null"},
        {"x-pandaas": "1"},
    ],
    ids=["no header", "foreign origin", "opaque origin", "no origin"],
)
def test_a_foreign_page_cannot_act_with_the_cookie(make: Callable[..., TestClient], headers: dict[str, str]) -> None:
    client = make()
    client.cookies.set("pandaas", "secret")
    assert client.post("/api/v1/me", headers=headers).status_code == 403


def test_the_own_page_acts_with_the_cookie(make: Callable[..., TestClient]) -> None:
    client = make()
    client.cookies.set("pandaas", "secret")
    headers = {"x-pandaas": "1", "origin": "http://127.0.0.1:8000"}
    assert client.post("/api/v1/me", headers=headers).json() == {"name": "alice"}


def test_a_rebound_host_name_is_refused(make: Callable[..., TestClient]) -> None:
    assert make().get("/api/v1/me", headers={"host": "evil.example:8000"}).status_code == 422


def test_the_public_address_is_answered(make: Callable[..., TestClient]) -> None:
    client = make("https://data.example.org", public_url="https://data.example.org")
    assert client.get("/api/v1/me").status_code == 200


def test_large_bodies_are_refused_before_reading(make: Callable[..., TestClient]) -> None:
    answer = make().post("/api/v1/me", headers={"x-pandaas": "1", "content-length": str(9 << 20)}, content=b"")
    assert answer.status_code == 413


def test_every_answer_carries_the_protective_headers(make: Callable[..., TestClient]) -> None:
    headers = make().get("/api/v1/me").headers
    assert "script-src 'self' 'wasm-unsafe-eval'" in headers["content-security-policy"]
    assert "unsafe-inline" not in headers["content-security-policy"].split("style-src")[0]
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cache-control"] == "private, no-cache"


def test_a_defect_shows_no_inner_detail(make: Callable[..., TestClient]) -> None:
    answer = make().get("/api/v1/broken")
    assert answer.status_code == 500
    assert "secret" not in answer.text
    assert "Traceback" not in answer.text
    assert answer.json()["request_id"] in answer.json()["remedy"]
