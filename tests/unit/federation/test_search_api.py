"""The PaNOSC search API on the federation's seed: the official cases, and the filter language beyond them."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from pandaas.access import FACILITY
from pandaas.db import Database
from pandaas.federation import SeedImport
from pandaas.testing.panosc import Seeded, address, assert_same, found, make_seeded, short
from pandaas.testing.panosc_cases import (
    D1,
    DATASETS,
    DOCUMENTS,
    HOSTILE,
    INSTRUMENTS,
    JOINS,
    LOKI,
    ON_DATASETS,
    ON_PARAMETERS,
    ON_TECHNIQUES,
    include,
)

DATA = Path(__file__).parents[2] / "data/panosc"
CASES = json.loads((DATA / "official_18.json").read_text("utf-8"))


@pytest.fixture(scope="module", params=["by the tables", "with the index"])
def seeded(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path
) -> Iterator[Seeded]:
    folder = tmp_path_factory.mktemp("seeded")
    database = Database(f"sqlite:///{shutil.copyfile(sqlite_template, folder / 'pandaas.sqlite')}")
    yield make_seeded(database, folder, DATA / "seed_tables.json", with_index=request.param == "with the index")
    database.dispose()


@pytest.fixture(scope="module")
def api(seeded: Seeded) -> Iterator[TestClient]:
    with seeded.client() as client:
        yield client


@pytest.mark.parametrize("case", CASES, ids=[case["id"] for case in CASES])
def test_official_case(api: TestClient, case: dict[str, Any]) -> None:
    answer = api.get(address(case["path"].removeprefix("/api/"), **case["query"]))
    assert answer.status_code == case["expect"]["status"]
    assert_same(case["expect"]["body"], answer.json())


@pytest.mark.parametrize(("where", "wanted"), ON_DATASETS, ids=[json.dumps(where) for where, _ in ON_DATASETS])
def test_datasets_where(api: TestClient, where: Any, wanted: str) -> None:
    assert sorted(found(api, DATASETS, where=where)) == list(wanted)
    assert api.get(address("Datasets/count", where=where)).json() == {"count": len(wanted)}


@pytest.mark.parametrize(("where", "wanted"), ON_PARAMETERS, ids=[json.dumps(where) for where, _ in ON_PARAMETERS])
def test_parameters_join(api: TestClient, where: Any, wanted: str) -> None:
    assert sorted(found(api, DATASETS, include=[include("parameters", where)])) == list(wanted)


@pytest.mark.parametrize(("where", "wanted"), ON_TECHNIQUES, ids=[json.dumps(where) for where, _ in ON_TECHNIQUES])
def test_techniques_join_deeply(api: TestClient, where: Any, wanted: str) -> None:
    assert sorted(found(api, DATASETS, include=[include("techniques", where)])) == list(wanted)


@pytest.mark.parametrize(("model", "includes", "wanted"), JOINS, ids=[json.dumps(join[1]) for join in JOINS])
def test_includes_join(api: TestClient, model: str, includes: Any, wanted: str) -> None:
    assert sorted(found(api, model, include=includes)) == list(wanted)


def test_instruments_join_their_datasets(api: TestClient) -> None:
    asked = {"include": [include("datasets", {"text": "dataset 2"})]}
    [odin] = api.get(address(INSTRUMENTS, filter=asked)).json()
    assert (odin["name"], short(one["pid"] for one in odin["datasets"])) == ("ODIN", ["2"])
    deep = {"include": [include("datasets", include=[include("parameters", {"name": "wavelength"})])]}
    [heimdal] = api.get(address(INSTRUMENTS, filter=deep)).json()
    assert heimdal["datasets"][0]["parameters"][0]["value"] == 1064
    every = api.get(address(INSTRUMENTS, filter={"include": ["datasets"]})).json()
    assert sum(len(one["datasets"]) for one in every) == 4
    assert len(every) == 15


@pytest.mark.parametrize(
    ("asked", "wanted"),
    [
        ({"where": {"text": "ess"}, "limit": 2}, 2),
        ({"where": {"text": "x"}, "order": "name"}, ["NMX", "T-REX"]),
        ({"where": {"facility": "ess"}}, []),
        ({"where": {"name": {"inq": ["NMX", "BEER"]}}, "order": "name DESC"}, ["NMX", "BEER"]),
        ({"where": {"name": {"regexp": "^[A-C]"}}, "order": ["name ASC"]}, ["BEER", "BIFROST", "CSPEC"]),
        ({"order": "name ASC", "skip": 13}, ["T-REX", "VESPA"]),
        ({"order": "name DESC", "offset": 13, "limit": 1}, ["BIFROST"]),
        ({"limit": 0}, 15),
        ({"skip": 15}, []),
        ({"where": {"pid": LOKI}, "fields": ["name"]}, ["LoKI"]),
    ],
)
def test_instruments(api: TestClient, asked: dict[str, Any], wanted: Any) -> None:
    names = [one["name"] for one in api.get(address(INSTRUMENTS, filter=asked)).json()]
    assert (len(names) if isinstance(wanted, int) else names) == wanted


def test_paging_counts_what_the_join_leaves(api: TestClient) -> None:
    asked = {"include": [include("techniques", {"name": "x-ray absorption"})], "order": "pid ASC"}
    assert found(api, DATASETS, **asked, limit=1) == ["3"]
    assert found(api, DATASETS, **asked, limit=1, skip=1) == ["4"]
    assert found(api, DATASETS, **asked, limit=5, skip=2) == []


def test_order(api: TestClient) -> None:
    assert found(api, DATASETS, order="title DESC") == list("4321")
    assert found(api, DATASETS, order=["isPublic ASC", "pid DESC"]) == list("4321")
    assert found(api, DATASETS, order=["creationDate DESC", "pid asc"]) == list("1234")
    assert found(api, DATASETS) == list("1234")


def one_dataset(api: TestClient, number: int, **asked: Any) -> dict[str, Any]:
    answer = api.get(address(f"Datasets/20.500.12269%2Fpanosc-dataset{number}", filter=asked))
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def test_all_parameters_of_a_matching_dataset_are_returned_and_only_matching_rows_of_the_rest(api: TestClient) -> None:
    dataset = one_dataset(api, 1, include=[include("parameters", {"value": "Cu"})])
    assert [one["name"] for one in dataset["parameters"]] == ["chemical_formula", "sample_state"]
    assert one_dataset(api, 1, include=[include("files", {"text": "file1"})])["files"][0]["id"] == 1
    document = api.get(address(DOCUMENTS, filter={"include": [include("members", {"role": "owner"})]})).json()[0]
    assert [one["id"] for one in document["members"]] == [2]


def test_a_value_is_returned_in_the_unit_it_was_asked_in(api: TestClient) -> None:
    where = {"and": [{"name": "photon_energy"}, {"value": {"gt": 0.9}}, {"unit": "keV"}]}
    [dataset] = api.get(address(DATASETS, filter={"include": [include("parameters", where)]})).json()
    assert dataset["parameters"] == [
        {"id": 3, "name": "photon_energy", "value": 0.93, "unit": "keV", "datasetId": "20.500.12269/panosc-dataset2"}
    ]
    kelvin = {"name": "temperature", "value": {"gt": 0}, "unit": "K"}
    [parameter] = one_dataset(api, 3, include=[include("parameters", kelvin)])["parameters"]
    assert (parameter["value"], parameter["unit"]) == (293.15, "K")


def test_fields_choose_and_hide(api: TestClient) -> None:
    assert api.get(address(DATASETS, filter={"fields": {"pid": True}, "limit": 1})).json() == [{"pid": D1, "score": 0}]
    hidden = api.get(address(DATASETS, filter={"fields": {"title": False}, "limit": 1})).json()[0]
    assert "title" not in hidden
    assert hidden["isPublic"] is True
    chosen = one_dataset(api, 1, fields=["title"], include=[include("files", fields=["name"])])
    assert chosen == {"title": "PaNOSC Test Dataset 1", "files": [{"name": "panosc-file1.hdf"}]}


def test_documents_of_datasets_and_their_people(api: TestClient) -> None:
    [document] = one_dataset(api, 1, include=[include("documents", include=["members"])])["documents"]
    assert document["pid"] == "10.5072/panosc-document1"
    assert [one["personId"] for one in document["members"]] == ["panosc-person1", "panosc-person2"]
    asked = {"where": {"pid": document["pid"]}, "include": [include("members", include=["affiliation", "person"])]}
    [found] = api.get(address(DOCUMENTS, filter=asked)).json()
    assert found["members"][0]["affiliation"]["city"] == "Lund"
    assert found["members"][0]["person"] == {"id": "panosc-person1", "fullName": "John Smith"}


@pytest.mark.parametrize("query", ["copper", "publication test", "PROPOSAL", "Dataset 3 of the test"])
def test_a_query_ranks_and_scores_lie_between_0_and_1(api: TestClient, query: str) -> None:
    for model in (DATASETS, DOCUMENTS, INSTRUMENTS):
        rows = api.get(address(model, filter={"query": query})).json()
        scores = [row["score"] for row in rows]
        assert scores == sorted(scores, reverse=True)
        assert all(0 < score < 1 for score in scores)
        assert api.get(address(model, query=query)).json() == rows
    assert found(api, DATASETS, query="dataset 3")[0] == "3"
    assert found(api, DOCUMENTS, query="proposal") == ["2"]
    assert found(api, DATASETS, query="proposal") == []
    assert found(api, DATASETS, query="test", where={"title": {"like": "3"}}) == ["3"]


def test_files(api: TestClient) -> None:
    of_first = "Datasets/20.500.12269%2Fpanosc-dataset1/files"
    assert api.get(address(of_first)).json() == [{"id": 1, "name": "panosc-file1.hdf", "datasetId": D1}]
    assert api.get(address(of_first, filter={"where": {"text": "FILE1"}})).json()[0]["id"] == 1
    assert api.get(address(of_first, filter={"where": {"name": "other"}})).json() == []
    assert api.get(address(of_first, filter={"skip": 1})).json() == []
    assert api.get(address(f"{of_first}/count")).json() == {"count": 1}
    assert api.get(address(f"{of_first}/count", where={"text": "file2"})).json() == {"count": 0}


def test_counts(api: TestClient) -> None:
    assert api.get(address("Documents/count", where={"text": "publication"})).json() == {"count": 1}
    assert api.get(address("Documents/count", where={"type": {"neq": "proposal"}})).json() == {"count": 1}
    assert api.get(address("Instruments/count")).json() == {"count": 15}
    assert api.get(address("Instruments/count", where={"name": {"like": "E"}})).json() == {"count": 9}


@pytest.mark.parametrize(
    "path",
    [
        "datasets/20.500.12269%2Fpanosc-dataset1",
        "DATASETS/20.500.12269%2fpanosc-dataset1",
        "Datasets/20.500.12269/panosc-dataset1",
        "dataSets/20.500.12269%2Fpanosc-dataset1/",
    ],
)
def test_capitals_in_the_path_do_not_count(api: TestClient, path: str) -> None:
    assert api.get(address(path)).json()["pid"] == D1


def test_capitals_in_the_rest_of_the_path(api: TestClient) -> None:
    assert api.get(address("DATASETS/Count")).json() == {"count": 4}
    assert api.get(address("datasets/20.500.12269%2Fpanosc-dataset1/FILES/COUNT")).json() == {"count": 1}
    assert api.head(address("datasets")).status_code == 200


NOTHING = [
    ("GET", "Datasets/none"), ("GET", "Samples"), ("GET", "Datasets/none/files"), ("GET", "Datasets/none/files/count"),
    ("GET", "Datasets/20.500.12269%2Fpanosc-dataset1/parameters"), ("GET", ""), ("POST", "Datasets"),
    ("PUT", "Datasets"), ("PATCH", "Datasets/20.500.12269%2Fpanosc-dataset1"), ("DELETE", "Documents/x"),
    ("GET", "Documents/10.5072%2Fpanosc-document1/files"), ("GET", "Instruments/%00"),
]  # fmt: skip


@pytest.mark.parametrize(("method", "path"), NOTHING)
def test_what_is_not_there(api: TestClient, method: str, path: str) -> None:
    answer = api.request(method, address(path))
    assert answer.status_code == 404
    assert answer.json()["error"]["statusCode"] == 404


@pytest.mark.parametrize(("text", "field"), HOSTILE, ids=[text[:60] for text, _ in HOSTILE])
def test_what_cannot_be_meant_is_refused_with_its_place(api: TestClient, text: str, field: str) -> None:
    answer = api.get(address(DATASETS, filter=text))
    assert answer.status_code == 400, answer.text
    told = answer.json()
    assert told["field"].startswith(field)
    assert told["remedy"]
    assert told["error"]["statusCode"] == 400


@pytest.mark.parametrize(
    "value",
    ["'; DROP TABLE dataset; --", 'x" OR 1=1', "%' OR '1'='1", "\\", "*", "[", "NEAR(a b)", "\ud800", "é" * 400],
)
def test_hostile_words_are_only_words(api: TestClient, value: str) -> None:
    for where in ({"title": value}, {"text": value}, {"title": {"like": value}}, {"title": {"ilike": f"%{value}%"}}):
        assert found(api, DATASETS, where=where) == []
    assert api.get(address(DATASETS, query=value)).status_code == 200
    assert len(found(api, DATASETS)) == 4


def test_a_regular_expression_takes_no_time(api: TestClient) -> None:
    assert found(api, DATASETS, where={"title": {"regexp": "(a*)*(a*)*(a+)+$x"}}) == []


def test_a_name_that_no_model_has_is_told(api: TestClient) -> None:
    answer = api.get(address(DATASETS, filter={"where": {"titel": "x"}}))
    assert answer.json() == []
    assert "titel" in answer.headers["Warning"]


def test_the_import_may_be_repeated_and_finds_by_alias(seeded: Seeded) -> None:
    again = SeedImport(seeded.database, seeded.access).load(FACILITY, DATA / "seed_tables.json")
    assert (again.datasets, again.known, again.documents, again.instruments) == (0, 4, 0, 0)


BRACKETS: list[tuple[str, list[str]]] = [
    ("filter[where][title][like]=Dataset 2", ["2"]),
    ("filter[where][or][0][pid]=" + D1 + "&filter[where][or][1][title][like]=3&filter[order]=pid DESC", ["3", "1"]),
    ("filter[where][pid][inq][]=" + D1 + "&filter[where][pid][inq][]=x&filter[limit]=5", ["1"]),
    ("filter[include][0][relation]=parameters&filter[include][0][scope][where][name]=temperature", ["3"]),
    ("filter[include]=files&filter[skip]=3", ["4"]),
    ("filter[where][size][exists]=true", []),
    ("filter[where][creationDate][between][0]=2020-01-01&filter[where][creationDate][between][1]=2021-01-01&filter[limit]=1", ["1"]),
]  # fmt: skip


@pytest.mark.parametrize(("text", "wanted"), BRACKETS)
def test_a_filter_may_stand_in_brackets(api: TestClient, text: str, wanted: list[str]) -> None:
    answer = api.get(f"/panosc/api/Datasets?{text}")
    assert short(one["pid"] for one in answer.json()) == wanted


@pytest.mark.parametrize(
    "text", ["filter[", "filter[where]x[a]=1", "filter[where]=1&filter[where][a]=2", "filter[limit]=-1"]
)
def test_brackets_that_say_nothing_are_refused(api: TestClient, text: str) -> None:
    answer = api.get(f"/panosc/api/Datasets?{text}{'' if '=' in text else '=1'}")
    assert (answer.status_code, bool(answer.json()["remedy"])) == (400, True)


def test_a_relation_may_name_what_is_below_it(api: TestClient) -> None:
    [document] = one_dataset(api, 1, include={"documents": "members"})["documents"]
    assert [one["role"] for one in document["members"]] == ["principal investigator", "owner"]
    count = api.get("/panosc/api/Datasets/count?where[title][like]=Dataset 2")
    assert count.json() == {"count": 1}
