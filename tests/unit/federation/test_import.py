"""Importing what another catalogue holds: as a whole or not at all, and repeatable."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from pandaas.access import FACILITY
from pandaas.catalogue import SearchQuery
from pandaas.db import Database
from pandaas.federation import SeedImport
from pandaas.model import InvalidInput, NotAllowed
from pandaas.testing.facility import Facility, make_facility
from pandaas.testing.panosc import Seeded, address, found, make_seeded

DATA = Path(__file__).parents[2] / "data"


@pytest.fixture
def facility(sqlite_database: Database, tmp_path: Path) -> Facility:
    return make_facility(sqlite_database, tmp_path)


@pytest.fixture
def seeded(sqlite_database: Database, tmp_path: Path) -> Seeded:
    return make_seeded(sqlite_database, tmp_path)


def tables() -> dict[str, Any]:
    content: dict[str, Any] = json.loads((DATA / "panosc/seed_tables.json").read_text("utf-8"))
    return content


def test_imported_data_are_found_in_the_platforms_own_search(facility: Facility, tmp_path: Path) -> None:
    SeedImport(facility.database, facility.access).load(FACILITY, DATA / "panosc/seed_tables.json")
    anonymous = facility.principal("bob")
    result = facility.catalogue.search(anonymous, SearchQuery("photon_energy:0.9..1keV"))
    assert [card.title for card in result.results] == ["PaNOSC Test Dataset 2"]
    assert facility.catalogue.search(anonymous, SearchQuery("technique:SANS")).total == 2
    assert facility.catalogue.search(anonymous, SearchQuery("copper")).total == 4


def test_only_operators_import(facility: Facility) -> None:
    with pytest.raises(NotAllowed):
        SeedImport(facility.database, facility.access).load(
            facility.principal("alice"), DATA / "panosc/seed_tables.json"
        )


def broken(model: str, key: str, value: Any) -> dict[str, Any]:
    content = tables()
    content[model][-1][key] = value
    return content


BAD: list[tuple[Any, str]] = [
    ("{", "file"),
    ([], "file"),
    ({"Other": []}, "file"),
    ({"Dataset": {}}, "Dataset"),
    ({"Dataset": [3]}, "Dataset"),
    ({"Dataset": [{"pid": "x"}]}, "Dataset[0].title"),
    (broken("Dataset", "pid", "x" * 300), "Dataset[3].pid"),
    (broken("Dataset", "instrumentId", "none"), "Dataset[3].instrumentId"),
    (broken("Dataset", "creationDate", "yesterday"), "Dataset.creationDate"),
    (broken("Dataset", "size", -1), "Dataset[3].size"),
    (broken("Parameter", "value", None), "Parameter[5].value"),
    (broken("DatasetTechnique", "techniqueId", "none"), "DatasetTechnique[3].techniqueId"),
    (broken("DatasetSample", "sampleId", None), "DatasetSample[3]"),
    (broken("Member", "personId", "none"), "Member[3].personId"),
    (broken("Member", "id", "x"), "Member[3].id"),
]


@pytest.mark.parametrize(("content", "field"), BAD, ids=[field for _, field in BAD])
def test_a_bad_file_changes_nothing(seeded: Seeded, tmp_path: Path, content: Any, field: str) -> None:
    file = tmp_path / "bad.json"
    file.write_text(content if isinstance(content, str) else json.dumps(content), "utf-8")
    with pytest.raises(InvalidInput) as caught:
        SeedImport(seeded.database, seeded.access).load(FACILITY, file)
    assert caught.value.field == field
    api = seeded.client()
    assert [
        api.get(address(f"{model}/count")).json()["count"] for model in ("Datasets", "Documents", "Instruments")
    ] == [0, 0, 0]


def test_loopbacks_own_file_is_read_too(seeded: Seeded, tmp_path: Path) -> None:
    models = {
        model: {str(number): json.dumps(row) for number, row in enumerate(rows)} for model, rows in tables().items()
    }
    file = tmp_path / "db.json"
    file.write_text(json.dumps({"ids": {}, "models": models}), "utf-8")
    assert SeedImport(seeded.database, seeded.access).load(FACILITY, file).datasets == 4
    assert found(seeded.client(), "Datasets") == list("1234")


def test_data_that_are_not_public_stay_hidden_and_data_without_document_have_none(
    seeded: Seeded, tmp_path: Path
) -> None:
    content = tables()
    content["Dataset"][0]["isPublic"] = False
    content["DocumentDataset"] = content["DocumentDataset"][:2]
    seeded.load(content, tmp_path)
    api = seeded.client()
    assert found(api, "Datasets") == list("234")
    assert found(api, "Documents") == list("12")
    assert found(api, "Datasets", include=[{"relation": "documents", "scope": {"where": {"isPublic": True}}}]) == ["2"]


def test_a_dataset_of_several_documents_is_found_from_each(seeded: Seeded, tmp_path: Path) -> None:
    content = tables()
    content["DocumentDataset"].append(
        {"datasetId": content["Dataset"][0]["pid"], "documentId": "10.5072/panosc-document2"}
    )
    seeded.load(content, tmp_path)
    scope = {"where": {"text": "dataset 1"}}
    assert found(seeded.client(), "Documents", include=[{"relation": "datasets", "scope": scope}]) == ["1", "2"]
    [one] = (
        seeded.client()
        .get(address("Datasets", filter={"where": {"text": "dataset 1"}, "include": ["documents"]}))
        .json()
    )
    assert len(one["documents"]) == 2


PANET = json.loads((DATA / "panosc/panet_datasets_10.json").read_text("utf-8"))


@pytest.fixture
def tagged(seeded: Seeded, tmp_path: Path) -> Seeded:
    vocabulary = tmp_path / "panet.owl"
    vocabulary.write_bytes(gzip.decompress((DATA / "panet/PaNET_v1.1.1_source.owl.gz").read_bytes()))
    techniques = seeded.vocabulary.load(FACILITY, vocabulary)
    iris = sorted({iri for dataset in PANET["datasets"] for iri in dataset["techniques"]})
    seeded.load(
        {
            "Dataset": [{"pid": one["id"], "title": one["id"], "isPublic": True} for one in PANET["datasets"]],
            "Technique": [{"pid": iri, "name": techniques.label(iri), "panetId": iri} for iri in iris],
            "DatasetTechnique": [
                {"datasetId": one["id"], "techniqueId": iri} for one in PANET["datasets"] for iri in one["techniques"]
            ],
        },
        tmp_path,
    )
    return seeded


def test_queries_for_techniques_find_what_the_federation_expects(tagged: Seeded) -> None:
    api = tagged.client()
    for case in PANET["cases"]:
        answer = api.get(address("Datasets", **case["request"]["query"]))
        pids = sorted((one["pid"] for one in answer.json()), key=int)
        assert pids == case["expected_dataset_ids"], case["id"]
