"""A home that holds the federation's seed data behind the PaNOSC search API, and how its answers are compared."""

from __future__ import annotations

import json
import urllib.parse
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from fastapi import FastAPI
from starlette.testclient import TestClient

from pandaas.access import FACILITY, Access
from pandaas.catalogue import IndexSearch, Vocabulary
from pandaas.config import Settings
from pandaas.db import Database
from pandaas.federation import NarrowingFor, PanoscSearch, SeedImport
from pandaas.identity import Identity
from pandaas.server import problems
from pandaas.server.routers import panosc
from pandaas.server.security import Gate


@dataclass(frozen=True)
class Seeded:
    """Everything a test of the search API needs."""

    settings: Settings
    database: Database
    access: Access
    vocabulary: Vocabulary
    identity: Identity
    with_index: bool = False

    def client(self, token: str | None = None) -> TestClient:
        """A client of the API, anonymous without a token."""
        app = FastAPI()
        problems.install(app)
        app.include_router(panosc.router)
        app.add_middleware(Gate, settings=self.settings)
        app.state.services = SimpleNamespace(
            settings=self.settings,
            database=self.database,
            identity=self.identity,
            access=self.access,
            panosc=PanoscSearch(self.database, self.access, self.vocabulary, self._narrowing()),
        )
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        return TestClient(app, base_url="http://127.0.0.1:8000", headers=headers)

    def _narrowing(self) -> NarrowingFor | None:
        if not self.with_index:
            return None
        search = IndexSearch(self.database, self.access, self.vocabulary, self.settings.home / "index")
        search.keeper.load()
        return search.narrowing

    def load(self, tables: dict[str, list[dict[str, Any]]], folder: Path) -> None:
        """Import rows by model."""
        file = folder / "seed.json"
        file.write_text(json.dumps(tables), "utf-8")
        SeedImport(self.database, self.access).load(FACILITY, file)


def make_seeded(database: Database, folder: Path, seed: Path | None = None, *, with_index: bool = False) -> Seeded:
    """A home in `folder` over an empty database, with `seed` imported; questions use the search index if asked to."""
    settings = Settings(home=folder / "home")
    settings.home.mkdir(mode=0o700)
    access = Access(database)
    if seed is not None:
        SeedImport(database, access).load(FACILITY, seed)
    return Seeded(settings, database, access, Vocabulary(database, access), Identity(database, settings), with_index)


def address(path: str, **query: Any) -> str:
    """The address of a question; what is no text is sent as JSON."""
    texts = {key: value if isinstance(value, str) else json.dumps(value) for key, value in query.items()}
    return f"/panosc/api/{path}" + (f"?{urllib.parse.urlencode(texts, errors='replace')}" if texts else "")


def found(client: TestClient, model: str, **filter: Any) -> list[str]:  # noqa: A002 - the API's word
    """Short names of what a filter finds."""
    answer = client.get(address(model, filter=filter))
    assert answer.status_code == 200, answer.text
    return short(one["pid"] for one in answer.json())


def short(pids: Iterable[str]) -> list[str]:
    """`20.500.12269/panosc-dataset1` → `1`, `10.5072/panosc-document2` → `2`."""
    return [pid.rsplit("dataset", 1)[-1].rsplit("document", 1)[-1] for pid in pids]


def assert_same(wanted: Any, got: Any, *, ordered: bool = False) -> None:
    """As the federation compares: null is missing, more keys are allowed, lists are multisets."""
    if isinstance(wanted, dict):
        assert {key for key, value in wanted.items() if value is not None} <= got.keys()
        for key, value in wanted.items():
            if value is not None:
                assert_same(value, got[key])
    elif isinstance(wanted, list):
        assert len(wanted) == len(got)
        pairs = (wanted, got) if ordered else (sorted(wanted, key=_identity), sorted(got, key=_identity))
        for one, other in zip(*pairs, strict=True):
            assert_same(one, other)
    else:
        assert wanted == got


def _identity(one: Any) -> str:
    return json.dumps([one.get("pid"), one.get("id"), one.get("name")])
