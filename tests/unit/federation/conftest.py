"""A facility that holds the federation's own seed data, and a way to ask the search API about it."""

from __future__ import annotations

import json
import urllib.parse
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from pandaas.access import FACILITY
from pandaas.db import Database
from pandaas.federation import PanoscSearch, SeedImport
from pandaas.identity import Identity
from pandaas.server import problems
from pandaas.server.routers import panosc
from pandaas.server.security import Gate
from pandaas.testing.facility import Facility, make_facility

DATA = Path(__file__).parents[2] / "data/panosc"
Ask = Callable[..., Any]


def make_app(facility: Facility) -> FastAPI:
    app = FastAPI()
    problems.install(app)
    app.include_router(panosc.router)
    app.add_middleware(Gate, settings=facility.settings)
    app.state.services = SimpleNamespace(
        settings=facility.settings,
        database=facility.database,
        identity=Identity(facility.database, facility.settings),
        access=facility.access,
        panosc=PanoscSearch(facility.database, facility.access, facility.catalogue.vocabulary),
    )
    return app


def address(path: str, **query: Any) -> str:
    texts = {key: value if isinstance(value, str) else json.dumps(value) for key, value in query.items()}
    return f"/panosc/api/{path}" + (f"?{urllib.parse.urlencode(texts)}" if texts else "")


@pytest.fixture
def facility(sqlite_database: Database, tmp_path: Path) -> Facility:
    return make_facility(sqlite_database, tmp_path)


@pytest.fixture
def client(facility: Facility) -> Iterator[TestClient]:
    with TestClient(make_app(facility), base_url="http://127.0.0.1:8000") as client:
        yield client
