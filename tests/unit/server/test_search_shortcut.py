"""The short way to the search and FastAPI's give the same answers; a parameter that nobody knows makes the long way."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from starlette.testclient import TestClient

from pandaas.db import Database
from pandaas.server import shortcut
from pandaas.server.routers import search
from pandaas.testing.facility import Facility, make_facility

OPEN = "2020-01-01T00:00:00+00:00"
LONG = "&anything=1"
Browser = Callable[..., TestClient]
Serve = Callable[..., Browser]
_OF_THIS_ANSWER = {"took_ms", "instance", "request_id"}


@pytest.fixture
def facility(sqlite_database: Database, tmp_path_factory: pytest.TempPathFactory) -> Facility:
    made = make_facility(sqlite_database, tmp_path_factory.mktemp("facility"))
    for name, energy in (("a", 7), ("b", 9)):
        made.write(
            f"PUB-1/{name}.nxs", title=f"Open {name} µ", start=OPEN, parameters=[("photon_energy", energy, "keV")]
        )
    made.write("SEC-2/c.nxs", title="Secret c", start=OPEN, parameters=[("photon_energy", 8, "keV")])
    made.ingest()
    return made


@pytest.fixture
def new(serve: Serve) -> Browser:
    return serve(search)


ASKED = [
    "q=",
    "q=open%20a&limit=1",
    "q=%C2%B5&sort=newest&offset=1",
    "q=photon_energy:6..10keV",
    "q=nothing%20at%20all",
    "q=&year=2020&year=2021&kind=raw",
    "q=&instrument=nowhere",
    "q=&limit=0",
    "q=&limit=501",
    "q=&limit=ten",
    "q=&sort=strange",
    "q=" + "x" * 2001,
    "q=&offset=1000001",
    "q=%FF",
    "q=a&q=b",
    "q=&column=photon_energy",
]


@pytest.mark.parametrize("user", [None, "alice"])
def test_both_ways_answer_alike(new: Browser, user: str | None) -> None:
    client = new(user)
    for asked in ASKED:
        short, long = client.get(f"/api/v1/search?{asked}"), client.get(f"/api/v1/search?{asked}{LONG}")
        assert (short.status_code, short.headers["content-type"]) == (long.status_code, long.headers["content-type"])
        told = [{k: v for k, v in one.json().items() if k not in _OF_THIS_ANSWER} for one in (short, long)]
        assert told[0] == told[1], asked


def test_what_is_plainly_asked_goes_the_short_way(new: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    called: list[str] = []
    real = shortcut._answer
    monkeypatch.setattr(
        shortcut, "_answer", lambda request, way, more: (called.append(way.template), real(request, way, more))[1]
    )
    client = new("alice")
    assert client.get("/api/v1/search?q=open&limit=20&sort=newest&year=2020").status_code == 200
    assert client.get("/api/v1/search?q=open&column=photon_energy").status_code == 200
    assert called == ["/api/v1/search"]


@pytest.mark.parametrize("more", ["", LONG])
def test_a_token_without_the_right_to_read_finds_nothing(new: Browser, more: str) -> None:
    answer = new("alice", ("write",)).get(f"/api/v1/search?q={more}")
    assert answer.status_code == 403
    assert "read" in answer.json()["detail"]
