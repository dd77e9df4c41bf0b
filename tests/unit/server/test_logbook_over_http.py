"""Logbooks, notes and metadata scores over HTTP."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from pandaas.catalogue import Logbook, Quality
from pandaas.db import Database
from pandaas.server.routers import datasets, logbook
from pandaas.testing.facility import PNG, SAXS, Facility, make_facility

BOOK = "/api/v1/proposals/PUB-1/logbook"
Browser = Callable[..., TestClient]
Serve = Callable[..., Browser]


@pytest.fixture
def facility(sqlite_database: Database, tmp_path: Path) -> Facility:
    return make_facility(sqlite_database, tmp_path)


@pytest.fixture
def browser(facility: Facility, serve: Serve) -> Browser:
    return serve(
        datasets,
        logbook,
        logbook=Logbook(facility.database, facility.access),
        quality=Quality(facility.database, facility.access),
    )


def test_an_entry_is_written_changed_and_exported(facility: Facility, browser: Browser) -> None:
    pid = facility.register("PUB-1/a.nxs", title="frozen run")
    alice = browser("alice")
    made = alice.post(BOOK, json={"text": f"Hello /datasets/{pid}"})
    assert made.status_code == 201, made.text
    entry = made.json()
    assert [card["title"] for card in entry["datasets"]] == ["frozen run"]
    changed = alice.put(f"{BOOK}/{entry['id']}", json={"text": "Good-bye"})
    assert (changed.json()["text"], changed.json()["revisions"]) == ("Good-bye", 1)
    exported = alice.get(f"{BOOK}/export")
    assert exported.headers["content-disposition"] == 'attachment; filename="logbook-PUB-1.md"'
    assert "Good-bye" in exported.text
    assert "Alice" in exported.text


def test_a_note_is_an_entry_of_the_proposal(facility: Facility, browser: Browser) -> None:
    pid = facility.register("PUB-1/a.nxs")
    alice = browser("alice")
    assert alice.post(f"/api/v1/datasets/{pid}/notes", json={"text": "damaged"}).status_code == 201
    assert [one["text"] for one in alice.get(f"/api/v1/datasets/{pid}/notes").json()["entries"]] == ["damaged"]
    assert alice.get(BOOK).json()["total"] == 1


def test_strangers_and_tokens_that_only_read_write_nothing(facility: Facility, browser: Browser) -> None:
    assert browser().post(BOOK, json={"text": "x"}).status_code == 401
    assert browser("bob").post(BOOK, json={"text": "x"}).status_code == 404
    assert browser("bob").get(BOOK).status_code == 404
    assert browser("alice", ("read",)).post(BOOK, json={"text": "x"}).status_code == 403
    assert browser("alice", ("read",)).get(BOOK).status_code == 200


def test_a_picture_is_sent_so_that_no_browser_runs_it(facility: Facility, browser: Browser) -> None:
    alice = browser("alice")
    sent = alice.post(f"{BOOK}/images", content=PNG, headers={"Content-Type": "text/html"})
    assert sent.status_code == 201, sent.text
    shown = alice.get(sent.json()["address"])
    assert shown.content == PNG
    assert shown.headers["content-type"] == "image/png"
    assert shown.headers["x-content-type-options"] == "nosniff"
    assert "sandbox" in shown.headers["content-security-policy"]
    again = alice.get(sent.json()["address"], headers={"If-None-Match": shown.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert browser("carol").get(sent.json()["address"]).status_code == 404


def test_a_picture_of_another_kind_names_what_is_taken(facility: Facility, browser: Browser) -> None:
    refused = browser("alice").post(f"{BOOK}/images", content=b"<svg/>")
    assert refused.status_code in {400, 422}
    assert refused.json()["remedy"] == "Use PNG, JPEG, GIF or WebP."


def test_a_score_is_told_with_what_to_mend(facility: Facility, browser: Browser) -> None:
    pid = facility.register("PUB-1/a.nxs", techniques=[SAXS], start="2026-01-01T00:00:00+00:00")
    told = browser("alice").get(f"/api/v1/datasets/{pid}/quality").json()
    assert 0 < told["score"] < 100
    assert {
        "field": "sample",
        "severity": "required",
        "message": "Sample is missing.",
        "schema": "general/1",
    } not in told["findings"]
    assert "sample" in {one["field"] for one in told["findings"]}
    edited = browser("alice").patch(
        f"/api/v1/datasets/{pid}", json={"parameters": {"photon_energy": {"value": 12.4, "unit": "keV"}}}
    )
    assert edited.status_code == 200, edited.text
    better = browser("alice").get(f"/api/v1/datasets/{pid}/quality").json()
    assert better["score"] > told["score"]
