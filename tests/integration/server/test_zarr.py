"""The Zarr store over HTTP: zarr-python, xarray and dask on a real server, and whom it refuses."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import h5py
import hdf5plugin
import httpx
import numpy as np
import pytest
from sqlalchemy import update

from pandaas.access import FACILITY
from pandaas.config import Settings
from pandaas.db.tables import Dataset
from pandaas.model import Role
from pandaas.server import Services, build_services, close_services

pytestmark = [pytest.mark.integration, pytest.mark.timeout(180)]
FRAMES = np.random.default_rng(5).poisson(4, (6, 514, 510)).astype("<u4")


@pytest.fixture(scope="module")
def services(settings: Settings, address: str) -> Iterator[Services]:
    built = build_services(settings)
    yield built
    close_services(built)


@pytest.fixture(scope="module")
def alice(services: Services, address: str) -> Iterator[httpx.Client]:
    """Alice in her browser."""
    client = httpx.Client(base_url=address, headers={"X-PaNDAaS": "1", "Origin": address})
    answer = client.post("/api/v1/session", json={"user": "alice", "password": "alice-test-1234"})
    assert answer.status_code == 200
    yield client
    client.close()


@pytest.fixture(scope="module")
def pid(services: Services, settings: Settings) -> str:
    """A detector series with axes, in chunks of Bitshuffle."""
    file = Path(settings.storage[0].path) / "series.nxs"
    with h5py.File(file, "w") as made:
        made["entry"] = made.create_group("tmp")
        del made["tmp"]
        made["entry"].attrs["NX_class"] = "NXentry"
        data = made.create_group("entry/data")
        data.attrs.update(NX_class="NXdata", signal="data", axes=["time", ".", "."])
        data.create_dataset("data", data=FRAMES, chunks=(1, 514, 510), **hdf5plugin.Bitshuffle(cname="lz4"))
        data["time"] = np.arange(6) * 0.1
        data["time"].attrs["units"] = "s"
        made["entry/title"] = "A series"
    report = services.catalogue.ingest(FACILITY, [file], proposal="P-1")
    return str(report.datasets[0].pid)


@pytest.fixture
def capability(alice: httpx.Client, pid: str) -> Callable[..., dict[str, Any]]:
    def make(**body: Any) -> dict[str, Any]:
        answer = alice.post(f"/api/v1/datasets/{pid}/capabilities", json=body)
        assert answer.status_code == 201, answer.text
        found: dict[str, Any] = answer.json()
        return found

    return make


def test_by_cookie_token_and_capability_the_same_bytes(
    address: str, alice: httpx.Client, services: Services, pid: str, capability: Callable[..., dict[str, Any]]
) -> None:
    _, token = services.identity.create_token(services.identity.person_named("alice").id, "test", ["read"], 1)
    keys = ("zarr.json", "entry/data/data/zarr.json", "entry/data/data/c/3/0/0", "entry/data/data.ome.zarr/zarr.json")
    open_address = capability()["path"]
    for key in keys:
        by_cookie = alice.get(f"/zarr/{pid}/{key}")
        by_token = httpx.get(f"{address}/zarr/{pid}/{key}", headers={"authorization": f"Bearer {token}"})
        by_path = httpx.get(f"{address}{open_address}/{key}")
        assert by_cookie.status_code == by_token.status_code == by_path.status_code == 200
        assert by_cookie.content == by_token.content == by_path.content
        assert httpx.get(f"{address}/zarr/{pid}/{key}").status_code in (403, 404)


def test_chunks_are_cached_revalidated_and_sent_in_parts(alice: httpx.Client, pid: str) -> None:
    chunk = f"/zarr/{pid}/entry/data/data/c/3/0/0"
    whole = alice.get(chunk)
    assert "immutable" in whole.headers["cache-control"]
    assert whole.headers["accept-ranges"] == "bytes"
    etag = whole.headers["etag"]
    assert alice.get(chunk, headers={"if-none-match": etag}).status_code == 304
    part = alice.get(chunk, headers={"range": "bytes=16-99"})
    assert (part.status_code, part.content) == (206, whole.content[16:100])
    assert part.headers["content-range"] == f"bytes 16-99/{len(whole.content)}"
    assert alice.get(chunk, headers={"range": "bytes=-16"}).content == whole.content[-16:]
    assert alice.get(chunk, headers={"range": "bytes=99999999-"}).status_code == 416
    assert alice.get(chunk, headers={"range": "bytes=0-1", "if-range": '"other"'}).status_code == 200
    head = alice.head(chunk)
    assert (head.status_code, head.content, head.headers["content-length"]) == (200, b"", str(len(whole.content)))
    document = alice.get(f"/zarr/{pid}/zarr.json")
    assert document.headers["cache-control"] == "private, no-cache"
    assert "entry/data/data" in document.json()["consolidated_metadata"]["metadata"]


def test_what_still_grows_is_asked_for_again(alice: httpx.Client, services: Services, pid: str) -> None:
    chunk = f"/zarr/{pid}/entry/data/data/c/1/0/0"
    for state, expected in (("growing", "private, no-cache"), ("complete", "private, max-age=3600, immutable")):
        with services.database.session() as session:
            session.execute(update(Dataset).where(Dataset.pid == pid).values(state=state))
        assert alice.get(chunk).headers["cache-control"] == expected


@pytest.mark.parametrize(
    "key",
    [
        *(".zgroup", "entry/nothing/zarr.json", "entry/data/data/c/6/0/0", "entry/data/data/c/0/0", "entry/data/data/0.0.0"),
        *("entry/data/data/c/-1/0/0", "entry/data/data.ome.zarr/9/zarr.json", "%2e%2e/%2e%2e/etc/passwd/zarr.json"),
        *("entry%00/zarr.json", "..%2f..%2fzarr.json", "entry/data/data/c/" + "0/" * 2000 + "0", "%ff/zarr.json", ""),
    ],
)  # fmt: skip
def test_what_is_not_there_is_a_plain_404(alice: httpx.Client, pid: str, key: str) -> None:
    answer = alice.get(f"/zarr/{pid}/{key}")
    assert answer.status_code == 404, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert "Traceback" not in answer.text


def test_chunks_of_hidden_data_are_never_taken_for_empty_ones(address: str, services: Services, pid: str) -> None:
    """Zarr libraries read a 404 as a chunk of the fill value: one who lost her right would get zeros, not an error."""
    services.identity.create_person("bob", "Bob", Role.VISITOR, "bob-test-12345")
    _, token = services.identity.create_token(services.identity.person_named("bob").id, "test", ["read"], 1)
    headers = {"authorization": f"Bearer {token}"}
    for one in (pid, "ds-doesnotexist"):
        hidden = httpx.get(f"{address}/zarr/{one}/entry/data/data/c/0/0/0", headers=headers)
        assert hidden.status_code == 403
        assert one in hidden.json()["detail"]
        assert httpx.get(f"{address}/zarr/{one}/zarr.json", headers=headers).status_code == 404
    assert httpx.get(f"{address}/zarr/{pid}/zarr.json", headers={"authorization": "Bearer nonsense"}).status_code == 401


def test_pages_of_other_sites_read_what_everybody_may(
    address: str, alice: httpx.Client, services: Services, settings: Settings, pid: str
) -> None:
    services.access.create_proposal(
        FACILITY, "OPEN-1", "Released long ago", release_time=datetime(2020, 1, 1, tzinfo=UTC)
    )
    file = Path(settings.storage[0].path) / "open.h5"
    with h5py.File(file, "w") as made:
        made["x"] = np.arange(10.0)
    open_pid = services.catalogue.ingest(FACILITY, [file], proposal="OPEN-1").datasets[0].pid
    origin = {"Origin": "https://viewer.example.org"}
    for key, status in (("zarr.json", 200), ("x/c/0", 200), ("x/c/1", 404)):
        answer = httpx.get(f"{address}/zarr/{open_pid}/{key}", headers=origin)
        assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (status, "*")
    assert "access-control-allow-credentials" not in answer.headers
    assert "access-control-allow-origin" not in alice.get(f"/zarr/{pid}/zarr.json", headers=origin).headers
    assert "access-control-allow-origin" not in httpx.get(f"{address}/api/v1/health", headers=origin).headers


def test_chunks_that_cannot_be_read_are_never_taken_for_empty_ones(
    alice: httpx.Client, services: Services, settings: Settings, pid: str
) -> None:
    assert alice.get(f"/zarr/{pid}/entry/nothing/c/0").status_code == 422
    assert alice.get(f"/zarr/{pid}/entry/data/c/0").status_code == 422
    file = Path(settings.storage[0].path) / "moved.nxs"
    with h5py.File(file, "w") as made:
        made["entry/data"] = np.arange(10.0)
    other = str(services.catalogue.ingest(FACILITY, [file], proposal="P-1").datasets[0].pid)
    assert alice.get(f"/zarr/{other}/entry/data/c/0").status_code == 200
    file.rename(file.with_suffix(".away"))
    assert alice.get(f"/zarr/{other}/entry/data/c/0").status_code == 503
    made_for = alice.post(f"/api/v1/datasets/{other}/capabilities").json()["path"]
    assert alice.get(f"{made_for}/entry/data/c/0").status_code == 503


def test_an_address_ends_with_its_time_when_taken_back_and_with_the_right(
    address: str, alice: httpx.Client, services: Services, pid: str, capability: Callable[..., dict[str, Any]]
) -> None:
    made = capability(hours=1)
    url = f"{address}{made['path']}/entry/data/data/c/0/0/0"
    assert httpx.get(url).status_code == 200
    listed = alice.get(f"/api/v1/datasets/{pid}/capabilities").json()
    assert made["id"] in [one["id"] for one in listed]
    assert not any("path" in one for one in listed)
    assert alice.delete(f"/api/v1/datasets/{pid}/capabilities/{made['id']}").status_code == 204
    assert httpx.get(url).status_code == 403
    assert alice.delete(f"/api/v1/datasets/{pid}/capabilities/{made['id']}").status_code == 404

    url = f"{address}{capability()['path']}/entry/data/data/c/0/0/0"
    person = services.identity.person_named("alice").id
    services.access.remove_member(FACILITY, "P-1", person)
    assert httpx.get(url).status_code == 403
    from pandaas.model import TeamRole

    services.access.set_member(FACILITY, "P-1", person, TeamRole.PRINCIPAL_INVESTIGATOR)
    assert httpx.get(url).status_code == 200


def test_an_address_leads_to_reading_its_dataset_and_nowhere_else(
    address: str, alice: httpx.Client, services: Services, pid: str, capability: Callable[..., dict[str, Any]]
) -> None:
    path = capability()["path"]
    others = [row["pid"] for row in alice.get("/api/v1/search").json()["results"] if row["pid"] != pid]
    assert others
    assert httpx.get(f"{address}{path.replace(pid, others[0])}/zarr.json").status_code == 403
    assert httpx.get(f"{address}{path.rpartition('/zarr/')[0]}/api/v1/datasets/{pid}").status_code == 404
    for method in ("POST", "PUT", "DELETE", "PATCH"):
        assert httpx.request(method, f"{address}{path}/zarr.json").status_code == 405
    secret = path.split("/")[2]
    assert (
        httpx.get(f"{address}/zarr/{pid}/zarr.json", headers={"authorization": f"Bearer {secret}"}).status_code == 401
    )
    for wrong in ("x", "A" * 43, secret[:-1] + "é", "..", "%00"):
        answer = httpx.get(f"{address}/c/{wrong}/zarr/{pid}/zarr.json")
        assert answer.status_code in (403, 404)
        assert "Traceback" not in answer.text


def test_tokens_make_no_addresses_and_the_time_is_bounded(
    address: str, alice: httpx.Client, services: Services, pid: str
) -> None:
    _, token = services.identity.create_token(services.identity.person_named("alice").id, "test", ["read", "write"], 1)
    headers = {"authorization": f"Bearer {token}"}
    assert httpx.post(f"{address}/api/v1/datasets/{pid}/capabilities", headers=headers).status_code == 403
    assert httpx.get(f"{address}/api/v1/datasets/{pid}/capabilities", headers=headers).status_code == 403
    for hours in (0, -1, 25):
        answer = alice.post(f"/api/v1/datasets/{pid}/capabilities", json={"hours": hours})
        assert (answer.status_code, answer.json()["field"]) == (422, "hours")
    assert alice.post("/api/v1/datasets/ds-doesnotexist/capabilities", json={}).status_code == 404


def test_secrets_of_addresses_are_not_logged(
    address: str,
    services: Services,
    pid: str,
    capability: Callable[..., dict[str, Any]],
    caplog: pytest.LogCaptureFixture,
) -> None:
    from pandaas.server.problems import masked

    assert masked("/c/secret/zarr/x/zarr.json") == "/c/…/zarr/x/zarr.json"
    with services.database.read() as session:
        from sqlalchemy import select

        from pandaas.db.tables import Event

        made = capability()
        told = json.dumps([row.payload for row in session.scalars(select(Event).where(Event.kind.like("capability%")))])
    assert made["path"].split("/")[2] not in told
    assert '"capability"' in told
