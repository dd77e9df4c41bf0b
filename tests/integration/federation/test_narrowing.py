"""Candidates from the search index change no answer of the search API."""

from __future__ import annotations

import json
import random
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from pandaas.db import Database
from pandaas.federation import narrowing
from pandaas.testing.panosc import Seeded, address, make_seeded
from pandaas.testing.panosc_cases import JOINS, ON_DATASETS, ON_PARAMETERS, ON_TECHNIQUES, include

pytestmark = pytest.mark.integration

DATA = Path(__file__).parents[2] / "data/panosc"


@pytest.fixture(scope="module")
def seeded(tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path) -> Iterator[Seeded]:
    folder = tmp_path_factory.mktemp("narrowed")
    database = Database(f"sqlite:///{shutil.copyfile(sqlite_template, folder / 'pandaas.sqlite')}")
    yield make_seeded(database, folder, DATA / "seed_tables.json", with_index=True)
    database.dispose()


@pytest.fixture(scope="module")
def both(seeded: Seeded) -> Iterator[tuple[TestClient, TestClient]]:
    with seeded.client() as narrowed, replace(seeded, with_index=False).client() as tables:
        yield narrowed, tables


class Chance:
    """Filters on datasets, made of pieces that the other tests know."""

    def __init__(self, seed: int) -> None:
        self.pick = random.Random(seed)

    def filter(self) -> dict[str, Any]:
        made: dict[str, Any] = {"include": [self._include() for _ in range(self.pick.randint(0, 3))]}
        if self.pick.random() < 0.6:
            made["where"] = self._where(2)
        made |= self.pick.choice(({}, {"limit": 1}, {"limit": 2, "skip": 1}, {"skip": 2}, {"order": "title DESC"}))
        return made

    def _include(self) -> dict[str, Any]:
        relation, cases = self.pick.choice((("parameters", ON_PARAMETERS), ("techniques", ON_TECHNIQUES)))
        if self.pick.random() < 0.4:
            joins = [includes for model, includes, _ in JOINS if model == "Datasets" and isinstance(includes, list)]
            found: dict[str, Any] = self.pick.choice([one for includes in joins for one in includes])
            return found
        return include(relation, self._joined([where for where, _ in cases], 1))

    def _where(self, depth: int) -> Any:
        return self._joined([where for where, _ in ON_DATASETS], depth)

    def _joined(self, leaves: list[Any], depth: int) -> Any:
        if not depth or self.pick.random() < 0.5:
            return self.pick.choice(leaves)
        how = self.pick.choice(("and", "or"))
        return {how: [self._joined(leaves, depth - 1) for _ in range(self.pick.randint(1, 3))]}


@pytest.mark.parametrize("piece", [narrowing._FIRST, 1])
def test_no_answer_differs(both: tuple[TestClient, TestClient], piece: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(narrowing, "_FIRST", piece)
    chance = Chance(piece)
    for _ in range(150):
        asked = chance.filter()
        narrowed, tables = (client.get(address("Datasets", filter=asked)) for client in both)
        assert (narrowed.status_code, narrowed.json()) == (tables.status_code, tables.json()), json.dumps(asked)


def test_no_count_differs(both: tuple[TestClient, TestClient]) -> None:
    chance = Chance(3)
    for _ in range(60):
        where = chance._where(2)
        narrowed, tables = (client.get(address("Datasets/count", where=where)).json() for client in both)
        assert narrowed == tables, json.dumps(where)


def test_when_too_many_candidates_are_in_vain_the_tables_answer_alone(
    both: tuple[TestClient, TestClient], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(narrowing, "_FIRST", 1)
    monkeypatch.setattr(narrowing, "_MOST", 1)
    asked = {"include": [include("techniques", {"name": {"neq": ""}}), include("instrument", {"name": {"neq": ""}})]}
    narrowed, tables = (client.get(address("Datasets", filter=asked)).json() for client in both)
    assert narrowed == tables
    assert len(narrowed) > 1
