"""A dataset's making for other programs, held against their own readers."""

from __future__ import annotations

import io
import json
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from fastapi import FastAPI
from prov.model import ProvDocument
from starlette.testclient import TestClient

from pandaas.access import FACILITY
from pandaas.db import Database
from pandaas.db.tables import Job, Proposal
from pandaas.identity import Identity
from pandaas.server import problems
from pandaas.server.routers import provenance
from pandaas.server.security import Gate
from pandaas.testing.facility import Facility, make_facility

pytestmark = pytest.mark.integration
BASE = "http://127.0.0.1:8000"


@pytest.fixture
def facility(sqlite_database: Database, tmp_path: Path) -> Facility:
    return make_facility(sqlite_database, tmp_path)


def analysed(facility: Facility, source: str, name: str) -> str:
    file = facility.settings.home / "jobs" / name / "output" / "result.nxs"
    file.parent.mkdir(parents=True)
    file.write_text("{}")
    prepared = facility.catalogue.prepare_result(file)
    with facility.database.session() as session:
        target = session.query(Proposal).filter_by(name="PUB-1").one()
        job = Job(
            id=name, person_id=facility.people["alice"], proposal_id=target.id, recipe="saxs-integrate",
            recipe_version="1.2", recipe_hash="x", parameters={}, engine="local", state="succeeded", cores=1,
            memory_mb=1, time_limit_s=1, created=facility.clock(),
        )  # fmt: skip
        session.add(job)
        session.flush()
        return facility.catalogue.register_result(
            session, job, prepared, title=f"Result {name}", inputs={"frames": [source]}, proposal=target
        )


@pytest.fixture
def chain(facility: Facility) -> list[str]:
    """A measurement, a result, and a result of the result."""
    source = facility.register("PUB-1/a.nxs", title="Lysozyme", instrument="BL1", parameters=[["energy", 8, "keV"]])
    first = analysed(facility, source, "job-1")
    return [source, first, analysed(facility, first, "job-2")]


@pytest.fixture
def get(facility: Facility) -> Callable[..., Any]:
    app = FastAPI()
    problems.install(app)
    app.include_router(provenance.router)
    app.add_middleware(Gate, settings=facility.settings)
    identity = Identity(facility.database, facility.settings)
    app.state.services = SimpleNamespace(
        settings=facility.settings,
        database=facility.database,
        identity=identity,
        access=facility.access,
        catalogue=facility.catalogue,
    )
    client = TestClient(app, base_url=BASE)

    def ask(pid: str, what: str, user: str = "alice") -> Any:
        _, token = identity.create_token(facility.people[user], "test", ["read"], 1)
        return client.get(f"/api/v1/datasets/{pid}/{what}", headers={"Authorization": f"Bearer {token}"})

    return ask


# The validator runs without network: the context it asks for is the one that the package rocrate brings.
VALIDATE = """
import json, socket, sys
from pathlib import Path
import rocrate
def refuse(*_): raise OSError('no network')
socket.socket.connect = refuse
context = (Path(rocrate.__file__).parent / 'data/ro-crate.jsonld').read_bytes()
import requests
def send(session, request, **_):
    response = requests.Response()
    response.status_code, response._content, response.url = 200, context, request.url
    response.headers['Content-Type'] = 'application/ld+json'
    response.request = request
    response.raw = None
    if '/ro/crate/' not in request.url: raise requests.ConnectionError(request.url)
    return response
requests.Session.send = send
from rocrate_validator import services
from rocrate_validator.models import Severity
result = services.validate({'rocrate_uri': sys.argv[1], 'profile_identifier': 'ro-crate-1.1', 'no_cache': True,
    'requirement_severity': Severity.REQUIRED, 'skip_availability_check': True})
print('ISSUES', json.dumps([issue.message for issue in result.get_issues()]))
"""


def test_a_crate_satisfies_the_validator(get: Callable[..., Any], chain: list[str], tmp_path: Path) -> None:
    for pid in chain[:2]:
        folder = tmp_path / pid
        zipfile.ZipFile(io.BytesIO(get(pid, "ro-crate?format=zip").content)).extractall(folder)
        done = subprocess.run(
            [sys.executable, "-c", VALIDATE, str(folder)], capture_output=True, text=True, check=False, timeout=120
        )
        assert done.returncode == 0, done.stderr[-2000:]
        [told] = [line for line in done.stdout.splitlines() if line.startswith("ISSUES ")]
        assert json.loads(told.removeprefix("ISSUES ")) == []


def test_a_crate_tells_what_was_made_by_what(get: Callable[..., Any], chain: list[str]) -> None:
    source, first, second = chain
    graph = {one["@id"]: one for one in get(first, "ro-crate").json()["@graph"]}
    root = graph["./"]
    assert root["isBasedOn"] == [{"@id": f"{BASE}/datasets/{source}"}]
    assert [graph[one["@id"]]["name"] for one in root["hasPart"]] == ["result.nxs"]
    assert graph["#job-1"]["object"] == [{"@id": f"{BASE}/datasets/{source}"}]
    assert graph["#job-1"]["result"] == [{"@id": "./"}]
    assert graph[graph["#job-1"]["instrument"]["@id"]]["softwareVersion"] == "1.2"
    assert graph["#job-2"]["result"] == [{"@id": f"{BASE}/datasets/{second}"}]
    measured = {one["@id"]: one for one in get(source, "ro-crate").json()["@graph"]}
    [energy] = [measured[one["@id"]] for one in measured["./"]["variableMeasured"]]
    assert (energy["name"], energy["value"], energy["unitText"]) == ("energy", 8, "keV")


def test_prov_is_read_by_its_own_library(get: Callable[..., Any], chain: list[str]) -> None:
    source, first, second = chain
    for pid in chain:
        document = ProvDocument.deserialize(content=get(pid, "prov").text, format="json")
        text = document.get_provn()
        assert f"wasGeneratedBy(dataset:{first}, job:job-1" in text.replace("_:g1; ", "").replace("_:g2; ", "")
        for result, origin in ((first, source), (second, first)):
            assert f"dataset:{result}, dataset:{origin}" in text
        assert f"entity(dataset:{second}" in text


def test_neither_tells_of_what_one_may_not_see(facility: Facility, get: Callable[..., Any], chain: list[str]) -> None:
    source, first, second = chain
    with facility.database.session() as session:
        session.connection().exec_driver_sql("UPDATE dataset SET release_time='2020-01-01' WHERE kind='raw'")
    for what in ("ro-crate", "prov"):
        assert get(first, what, user="carol").status_code == 404
        seen = get(source, what, user="carol").text
        assert not any(name in seen for name in (first, second, "job-1", "saxs-integrate"))
    facility.catalogue.edit(FACILITY, second, {"state": "withdrawn"})
