"""A token does what its scopes say, at every address of the interface."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import httpx
import pytest

from pandaas.config import Settings
from pandaas.server import build_services, close_services

pytestmark = [pytest.mark.integration, pytest.mark.timeout(120)]
OPENAPI = Path(__file__).parents[3] / "docs" / "reference" / "openapi.json"
_OPEN = (
    "/api/v1/session/",
    "/api/v1/health",
    "/api/v1/help",
    "/api/v1/recipes",
    "/api/v1/events",
    "/api/v1/providers",
    "/api/v1/arrivals",
)
_SIGNING_IN = {"/api/v1/device", "/api/v1/device/token", "/api/v1/tokens/own/this"}
_BROWSERS_ONLY = ("/api/v1/account/", "/api/v1/device/")
_OF_WORK = (
    "/chain",
    "/programs",
    "/sessions",
    "/session-",
    "/invitations",
    "/visit",
    "/jobs",
    "/verify",
    "/notices",
    "/own-recipes",
)
BODIES = {
    "/api/v1/proposals": {"name": "NEW", "title": "New"},
    "/api/v1/proposals/{name}/members/{user}": {"role": "reader"},
    "/api/v1/instruments/{name}/validities": {"dataset": "x", "purpose": "mask", "start": "2026-01-01T00:00:00Z"},
    "/api/v1/datasets/{pid}": {"description": "new"},
    "/api/v1/datasets/{pid}/masks": {"path": "/entry/data/data", "title": "m", "shape": [3, 4], "runs": [12]},
    "/api/v1/uploads": {"name": "a.dat", "size": 1},
    "/api/v1/jobs": {"recipe": "sas-fit", "inputs": {}},
    "/api/v1/account/confirm": {"password": "x"},
    "/api/v1/device/look": {"user_code": "BCDF-GHJK"},
    "/api/v1/device/decision": {"user_code": "BCDF-GHJK", "grant": True},
}


class _Names(dict[str, str]):
    """What stands in an address; numbers and names that the test has no particular one for are 1."""

    def __missing__(self, name: str) -> str:
        return "1"


Token = Callable[..., tuple[int, str]]


@pytest.fixture(scope="module")
def token(settings: Settings, address: str) -> Token:
    """A token of alice, who leads P-1, with these scopes: number and text, made when first asked for."""

    @cache
    def made(*scopes: str) -> tuple[int, str]:
        services = build_services(settings)
        token = services.identity.create_token(services.identity.person_named("alice").id, "test", scopes, 1)
        close_services(services)
        return token

    return made


@pytest.fixture(scope="module")
def client(address: str) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=address, timeout=60) as client:
        yield client


@pytest.fixture(scope="module")
def pid(client: httpx.Client, token: Token) -> str:
    headers = {"authorization": f"Bearer {token('read')[1]}"}
    return str(client.get("/api/v1/search", headers=headers).json()["results"][0]["pid"])


def operations() -> list[tuple[str, str]]:
    """Every operation of the committed document that a token's scope has a say in."""
    paths = json.loads(OPENAPI.read_text("utf-8"))["paths"]
    return [
        (method, path)
        for path, methods in paths.items()
        for method in methods
        if not path.startswith(_OPEN)
        and path not in {"/h5grove/", "/api/v1/tokens", "/api/v1/tokens/{token_id}", "/api/v1/session", *_SIGNING_IN}
    ]


def scopes_for(method: str, path: str) -> set[str]:
    """One of these is needed; where a person's own browser is asked for, none will do."""
    if path.startswith((*_BROWSERS_ONLY, "/hub/api/")):  # the latter have a scope of their own
        return set()
    if path == "/api/v1/operator" or (method, path) == ("post", "/api/v1/proposals"):
        return {"admin"}
    if path == "/api/v1/offers":
        return {"run"}
    if any(word in path for word in _OF_WORK):
        return {"read", "run"} if method == "get" else {"run"}
    if path.startswith(("/api/v1/uploads", "/api/v1/quarantine")):
        return {"read", "write"} if method == "get" else {"write"}
    return {"read"} if method == "get" else {"write"}


@pytest.mark.parametrize(("method", "path"), operations())
def test_a_token_without_the_scope_is_refused(
    client: httpx.Client, token: Token, pid: str, method: str, path: str
) -> None:
    for scope in sorted({"read", "write", "run"} - scopes_for(method, path)):
        headers = {"authorization": f"Bearer {token(scope)[1]}", "upload-offset": "0"}
        url = path.format_map(
            _Names(pid=pid, name="P-1", user="alice", model="Datasets", key="zarr.json", recipe="sas-fit")
        )
        query = {
            "path": "/entry/data/data",
            "file": pid,
            "dataset": pid,
            "query": "ali",
            "selection": "0",
            "along": 0,
            "rows": 0,
            "columns": 1,
            "line": "0,0,1,1",
        }
        body = {"json": BODIES[path]} if path in BODIES and method != "get" else {}
        answer = client.request(method, url, params=query, headers=headers, **body)
        assert answer.status_code == 403, f"{scope}: {answer.status_code} {answer.text}"


@pytest.mark.parametrize("scope", ["read", "write", "run"])
def test_who_it_is_may_always_be_asked(client: httpx.Client, token: Token, scope: str) -> None:
    answer = client.get("/api/v1/session", headers={"authorization": f"Bearer {token(scope)[1]}"})
    assert answer.json()["scopes"] == [scope]


def test_nothing_is_changed_by_whom_the_answer_is_refused(client: httpx.Client, token: Token, pid: str) -> None:
    writer, reader = ({"authorization": f"Bearer {token(scope)[1]}"} for scope in ("write", "read"))
    url = f"/api/v1/datasets/{pid}"
    answer = client.patch(url, json={"description": "changed"}, headers=writer)
    assert (answer.status_code, "scope read" in answer.text) == (403, True)
    assert client.get(url, headers=reader).json()["description"] != "changed"


def test_a_stream_ends_soon_after_its_token_was_taken_back(settings: Settings, address: str, token: Token) -> None:
    number, text = token("read")

    def take_back() -> None:
        services = build_services(settings)
        services.identity.delete_token(services.identity.person_named("alice").id, number)
        close_services(services)

    with httpx.stream(
        "GET", f"{address}/api/v1/events", headers={"authorization": f"Bearer {text}"}, timeout=20
    ) as stream:
        lines = stream.iter_lines()
        assert next(lines).startswith("retry")
        threading.Thread(target=take_back).start()
        assert "event: session.expired" in list(lines)
