"""The search API on PostgreSQL: the same cases as on SQLite."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pandaas.db import Database
from pandaas.testing.panosc import address, assert_same, found, make_seeded
from pandaas.testing.panosc_cases import DATASETS, HOSTILE, JOINS, ON_DATASETS, ON_PARAMETERS, ON_TECHNIQUES, include

pytestmark = [pytest.mark.integration, pytest.mark.postgres]
DATA = Path(__file__).parents[2] / "data/panosc"


def test_all_cases_on_postgresql(postgres_database: Database, tmp_path: Path) -> None:
    seeded = make_seeded(postgres_database, tmp_path, DATA / "seed_tables.json")
    with seeded.client() as api:
        for case in json.loads((DATA / "official_18.json").read_text("utf-8")):
            answer = api.get(address(case["path"].removeprefix("/api/"), **case["query"]))
            assert_same(case["expect"]["body"], answer.json())
        for where, wanted in ON_DATASETS:
            assert sorted(found(api, DATASETS, where=where)) == list(wanted), where
        for where, wanted in ON_PARAMETERS:
            assert sorted(found(api, DATASETS, include=[include("parameters", where)])) == list(wanted), where
        for where, wanted in ON_TECHNIQUES:
            assert sorted(found(api, DATASETS, include=[include("techniques", where)])) == list(wanted), where
        for model, includes, wanted in JOINS:
            assert sorted(found(api, model, include=includes)) == list(wanted), includes
        for text, _ in HOSTILE:
            assert api.get(address(DATASETS, filter=text)).status_code == 400, text
        assert found(api, DATASETS, order="title DESC") == list("4321")
        assert found(api, DATASETS, query="dataset 3")[0] == "3"
        assert found(api, DATASETS, where={"title": {"regexp": "(a*)*(a*)*(a+)+$x"}}) == []
    more = {"Dataset": [{"pid": "20.1/dataset5", "title": "Five", "isPublic": True}],
            "Parameter": [{"name": "energy", "value": 1, "unit": "keV", "datasetId": "20.1/dataset5"}]}  # fmt: skip
    seeded.load(more, tmp_path)
    assert len(found(seeded.client(), DATASETS)) == 5
