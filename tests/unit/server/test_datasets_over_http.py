"""Search, datasets, uploads and quarantine over HTTP, with the real rooms behind the gate."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import select
from starlette.testclient import TestClient

from pandaas.db import Database
from pandaas.db.tables import Dataset
from pandaas.server.routers import datasets, search, uploads
from pandaas.testing.facility import SAXS, Facility, make_facility

OPEN = "2020-01-01T00:00:00+00:00"
Browser = Callable[..., TestClient]
Serve = Callable[..., Browser]


@pytest.fixture
def facility(sqlite_database: Database, tmp_path: Path) -> Facility:
    return make_facility(sqlite_database, tmp_path)


@pytest.fixture
def browser(serve: Serve) -> Browser:
    return serve(search, datasets, uploads)


def test_completion_histograms_and_calendar_over_http(facility: Facility, browser: Browser) -> None:
    facility.register("PUB-1/a.nxs", title="A", start=OPEN, parameters=[("photon_energy", 7, "keV")])
    facility.register("PUB-1/b.nxs", title="B", start=OPEN, parameters=[("photon_energy", 9, "keV")])
    client = browser()
    offered = client.get("/api/v1/search/complete", params={"q": "kind:raw pho"}).json()
    assert (offered["start"], offered["end"]) == (9, 12)
    assert [one["text"] for one in offered["items"]] == ["photon_energy:"]
    (energy,) = client.get("/api/v1/search/histograms", params={"q": "kind:raw"}).json()
    assert (energy["name"], energy["unit"], sum(energy["counts"])) == ("photon_energy", "keV", 2)
    assert client.get("/api/v1/search/calendar").json() == {
        "year": 2020,
        "days": {"2020-01-01": 2},
        "years": {"2020": 2},
    }
    assert client.get("/api/v1/search/complete", params={"q": "x", "at": -1}).status_code == 422
    assert client.get("/api/v1/search/histograms", params={"parameter": ["x"] * 9}).status_code == 422


def test_a_search_answers_with_terms_facets_and_cards(facility: Facility, browser: Browser) -> None:
    facility.register("PUB-1/a.nxs", title="Lysozyme", instrument="BL1", start=OPEN)
    facility.register("SEC-2/b.nxs", title="Cathode")
    answer = browser().get("/api/v1/search", params={"q": "lyso year:x", "technique": [SAXS], "sort": "newest"}).json()
    assert (answer["total"], answer["results"][0]["techniques"][0]["short"]) == (1, "SAXS")
    assert answer["understood"][1]["problem"]
    assert answer["facets"]["technique"] == [
        {"value": SAXS, "label": "small angle x-ray scattering", "count": 1, "selected": True}
    ]
    assert browser().get("/api/v1/search", params={"q": "x" * 2001}).status_code == 422


def test_a_dataset_is_shown_edited_and_told(facility: Facility, browser: Browser) -> None:
    pid = facility.register("PUB-1/a.nxs", instrument="BL1", start=OPEN, parameters=[("energy", 8, "keV")])
    shown = browser().get(f"/api/v1/datasets/{pid}").json()
    assert (shown["open"], shown["may_write"], shown["parameters"][0]["unit"]) == (True, False, "keV")
    changed = browser("alice").patch(f"/api/v1/datasets/{pid}", json={"sample": "ice"})
    assert changed.json()["sample"] == "ice"
    assert browser().patch(f"/api/v1/datasets/{pid}", json={"sample": "x"}).status_code == 401
    assert browser("carol").patch(f"/api/v1/datasets/{pid}", json={"sample": "x"}).status_code == 403
    assert browser("alice").patch(f"/api/v1/datasets/{pid}", json={"pid": "x"}).status_code == 422
    history = browser("alice").get(f"/api/v1/datasets/{pid}/history").json()
    assert history[0]["text"] == "Sample set to “ice”."
    assert browser().get(f"/api/v1/datasets/{pid}/provenance").json()["nodes"][0]["id"] == pid
    picture = browser().get(f"/api/v1/datasets/{pid}/thumbnail")
    assert picture.headers["content-type"] == "image/png"
    again = browser().get(f"/api/v1/datasets/{pid}/thumbnail", headers={"If-None-Match": picture.headers["etag"]})
    assert again.status_code == 304


def test_another_teams_dataset_is_not_found_at_any_address(facility: Facility, browser: Browser) -> None:
    pid = facility.register("SEC-2/a.nxs")
    file_id = browser("bob").get(f"/api/v1/datasets/{pid}/files").json()[0]["id"]
    for who in (None, "alice", "iris"):
        for below in ("", "/files", f"/files/{file_id}/content", "/thumbnail", "/history", "/provenance"):
            assert browser(who).get(f"/api/v1/datasets/{pid}{below}").status_code == 404
        mask = {"path": "/entry/data", "title": "m", "shape": [3, 4], "runs": [12]}
        answer = browser(who).post(f"/api/v1/datasets/{pid}/masks", json=mask)
        assert answer.status_code == (401 if who is None else 404)


def test_a_file_is_downloaded_in_parts(facility: Facility, browser: Browser) -> None:
    pid = facility.register("PUB-1/a.nxs", start=OPEN)
    (file,) = browser().get(f"/api/v1/datasets/{pid}/files").json()
    address = f"/api/v1/datasets/{pid}/files/{file['id']}/content"
    whole = browser().get(address)
    assert len(whole.content) == file["size"]
    part = browser().get(address, headers={"Range": "bytes=3-", "If-Range": whole.headers["etag"]})
    assert (part.status_code, part.content) == (206, whole.content[3:])


def test_a_mask_is_saved(facility: Facility, browser: Browser) -> None:
    pid = facility.register("PUB-1/a.nxs", start=OPEN)
    mask = {"path": "/entry/data", "title": "Beam stop", "shape": [3, 4], "runs": [1, 2, 9]}
    answer = browser("alice").post(f"/api/v1/datasets/{pid}/masks", json=mask)
    assert (answer.status_code, answer.json()["kind"]) == (201, "mask")
    assert browser("alice").post(f"/api/v1/datasets/{pid}/masks", json=mask | {"runs": [1]}).status_code == 422


def test_an_upload_goes_on_and_becomes_a_dataset(facility: Facility, browser: Browser) -> None:
    client, data = browser("alice"), json.dumps({"title": "Mine"}).encode()
    started = client.post("/api/v1/uploads", json={"name": "a.nxs", "size": len(data), "proposal": "PUB-1"})
    assert started.status_code == 201
    address = f"/api/v1/uploads/{started.json()['id']}"
    assert client.patch(address, content=data[:5], headers={"Upload-Offset": "0"}).json()["offset"] == 5
    wrong = client.patch(address, content=data, headers={"Upload-Offset": "0"})
    assert (wrong.status_code, wrong.json()["detail"]) == (409, "5 bytes have arrived.")
    assert client.patch(address, content=data[5:], headers={"Upload-Offset": "-5"}).status_code == 409
    assert client.patch(address, content=data[5:], headers={"Upload-Offset": "5"}).json()["offset"] == len(data)
    done = client.post(address + "/complete").json()
    assert (done["state"], len(done["datasets"])) == ("complete", 1)
    assert client.get(f"/api/v1/datasets/{done['datasets'][0]}").json()["proposal"] == "PUB-1"
    assert browser("bob").get(address).status_code == 404
    assert browser().post("/api/v1/uploads", json={"name": "a", "size": 1}).status_code == 401


def test_the_quarantine_is_listed_tried_again_and_dismissed(facility: Facility, browser: Browser) -> None:
    path = facility.root / "PUB-1/bad.nxs"
    path.parent.mkdir()
    path.write_text("no json")
    facility.ingest()
    client = browser("alice")
    (entry,) = client.get("/api/v1/quarantine").json()
    assert (entry["folder"], str(facility.root) in json.dumps(entry)) == ("data/PUB-1", False)
    again = client.post(f"/api/v1/quarantine/{entry['id']}/retry").json()
    assert (again["state"], again["quarantine"]) == ("failed", [entry["id"]])
    assert browser("bob").delete(f"/api/v1/quarantine/{entry['id']}").status_code == 404
    assert client.delete(f"/api/v1/quarantine/{entry['id']}").status_code == 204
    assert client.get("/api/v1/quarantine").json() == []


def test_hidden_and_missing_datasets_are_answered_alike(facility: Facility, browser: Browser) -> None:
    hidden = facility.register("SEC-2/b.nxs", title="Cathode")
    answers = [browser().get(f"/api/v1/datasets/{pid}").json() for pid in (hidden, "ds-000000000000")]
    for answer in answers:
        answer.pop("request_id")
    assert str(answers[0]).replace(hidden, "ds-000000000000") == str(answers[1])


def test_techniques_to_tag_with_are_found_by_name(browser: Browser) -> None:
    found = browser().get("/api/v1/techniques", params={"text": "saxs"}).json()
    assert (found[0]["iri"], found[0]["short"], found[0]["narrower"]) == (SAXS, "SAXS", 0)
    assert browser().get("/api/v1/techniques", params={"text": ""}).status_code == 422


def test_what_is_never_released_names_no_day(facility: Facility, browser: Browser) -> None:
    pid = facility.register("SEC-2/s.nxs", title="Cathode", start=OPEN)
    with facility.database.session() as session:
        row = session.scalars(select(Dataset).where(Dataset.pid == pid)).one()
        row.release_time = facility.clock()
    found = browser("bob").get(f"/api/v1/datasets/{pid}").json()
    assert (found["open"], found["release_time"]) == (False, None)
