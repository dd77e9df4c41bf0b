"""Hostile input at the catalogue's doors: queries, metadata, names, paths."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pandaas.access import FACILITY
from pandaas.catalogue import FACETS, SearchQuery
from pandaas.db import Database
from pandaas.model import ANONYMOUS, PandaasError
from pandaas.testing.facility import Facility, make_facility

QUERIES = (
    "'",
    '"',
    '""',
    "\\",
    "%",
    "_",
    "%%%%%%%%%%",
    "'; DROP TABLE dataset; --",
    '" OR 1=1 --',
    "a AND b OR NOT c",
    "NEAR(a b, 5)",
    "a* ^b {title}: c",
    "title:",
    "-",
    "--",
    "- -",
    "-:-:",
    ":::",
    "\0",
    "a\0b",
    "title:a\0b",
    "\ud800",
    "photon_energy:\ud800keV",
    "photon_energy:" + "9" * 400,
    "photon_energy:1e308..1e308keV",
    "photon_energy:..",
    "photon_energy:-1e-999..1e999",
    "photon_energy:5**9**9**9",
    "photon_energy:5m**999999999",
    "photon_energy:5 " + "m" * 50,
    "year:0000",
    "year:9999..9999",
    "year:>9999",
    "year:<0001",
    "has:" + "x" * 1900,
    "x" * 2000,
    "x " * 1000,
    "-x " * 660,
    '"x" ' * 500,
    "photon_energy:1..2keV " * 80,
    "technique:http://purl.org/pan-science/PaNET/PaNET99999",
    "\u202e\u200b\ufeff",
    "\ue000lysozyme",
    "İstanbul ŉ ǰ ΐ",
    "🎉" * 500,
)


@pytest.fixture
def facility(sqlite_database: Database, tmp_path: Path) -> Facility:
    made = make_facility(sqlite_database, tmp_path)
    made.write("PUB-1/a.nxs", title="Lysozyme", start="2020-01-01T00:00:00+00:00")
    made.write("SEC-2/b.nxs", title="Secret")
    made.ingest()
    return made


@pytest.mark.parametrize("text", QUERIES)
def test_no_query_fails_or_finds_what_is_not_allowed(facility: Facility, text: str) -> None:
    for sort in ("relevance", "title"):
        result = facility.catalogue.search(ANONYMOUS, SearchQuery(text, sort=sort))  # type: ignore[arg-type]
        assert {card.title for card in result.results} <= {"Lysozyme"}
        assert result.total == len(result.results)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    text=st.text(max_size=120),
    selected=st.dictionaries(st.sampled_from(FACETS), st.lists(st.text(max_size=12), max_size=3).map(tuple)),
)
def test_no_text_and_no_selection_makes_search_fail(
    facility: Facility, text: str, selected: dict[str, tuple[str, ...]]
) -> None:
    result = facility.catalogue.search(ANONYMOUS, SearchQuery(text, selected))
    assert {card.title for card in result.results} <= {"Lysozyme"}


def test_hostile_metadata_is_registered_as_the_text_it_is(facility: Facility) -> None:
    script = "<script>alert(1)</script>"
    deep: dict[str, object] = {}
    for _ in range(100):
        deep = {"deeper": deep}
    pid = facility.register(
        "PUB-1/hostile.nxs",
        title=script + "\u202e\0" + "t" * 5000,
        sample="\ud800" * 10,
        instrument="../../etc\0" + "i" * 500,
        description="%s %d {0} ${jndi:ldap://example.org}",
        parameters=[
            ["p" * 500, 1e400, "u" * 500],
            ["\0", "\0", None],
            ["unit", 1, "9**9**9**9"],
            ["nan", float("nan"), "K"],
        ],
        metadata={"deep": deep, "nan": float("nan"), "\ud800": "\0"},
    )
    record = facility.catalogue.dataset(FACILITY, pid)
    assert record.card.title.startswith(script)
    assert len(record.card.title) <= 500
    assert all(len(one.name) <= 200 for one in record.parameters)
    json.dumps(record.extra, allow_nan=False).encode()
    assert facility.catalogue.search(FACILITY, SearchQuery("alert")).total == 1


def test_hostile_metadata_names_no_other_proposal_where_the_place_says_one(facility: Facility) -> None:
    pid = facility.register("PUB-1/theirs.nxs", proposal="SEC-2")
    assert facility.catalogue.card(FACILITY, pid).proposal == "PUB-1"


def test_a_file_that_claims_anothers_file_does_not_get_it(facility: Facility) -> None:
    secret = facility.root / "SEC-2/b.nxs"
    pid = facility.register("PUB-1/greedy.nxs", data=[str(secret), "../SEC-2/b.nxs", "/etc/passwd"])
    alice = facility.principal("alice")
    assert facility.catalogue.files(alice, pid).allowed == {facility.root / "PUB-1/greedy.nxs"}
    assert not facility.catalogue.may_read_path(alice, secret)
    assert not facility.catalogue.may_read_path(alice, Path("/etc/passwd"))


def test_a_planted_link_brings_no_data_into_the_planters_proposal(facility: Facility) -> None:
    (facility.root / "PUB-1/planted.nxs").symlink_to(facility.root / "SEC-2/b.nxs")
    (facility.root / "PUB-1/folder").symlink_to(facility.root / "SEC-2")
    report = facility.ingest(facility.root / "PUB-1", proposal="PUB-1")
    assert [one.title for one in report.datasets if one.outcome != "unchanged"] == []
    assert facility.catalogue.search(facility.principal("alice"), SearchQuery("secret")).total == 0


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(pid=st.text(max_size=80))
def test_no_identifier_gets_through_to_anything_else(facility: Facility, pid: str) -> None:
    with pytest.raises(PandaasError):
        facility.catalogue.dataset(ANONYMOUS, pid)
