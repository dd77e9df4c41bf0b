"""Search: finds what it should, counts exactly, and shows nobody more than the access rule allows."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from pandaas.access import FACILITY, Access
from pandaas.catalogue import SearchQuery, SqlSearch, Vocabulary, fold
from pandaas.catalogue.folding import search_text
from pandaas.catalogue.search.sql import _snippet
from pandaas.db import Database
from pandaas.db.tables import Dataset, DatasetTechnique, Instrument, Proposal
from pandaas.model import ANONYMOUS, Action, TeamRole
from pandaas.testing.facility import SAXS, XAS, Facility, make_facility
from pandaas.testing.worlds import NOW, World, build, worlds


def titles(facility: Facility, text: str, who: object = FACILITY, **options: object) -> list[str]:
    query = SearchQuery(text, **options)  # type: ignore[arg-type]
    return sorted(card.title for card in facility.catalogue.search(who, query).results)  # type: ignore[arg-type]


@pytest.fixture(params=["sql", "index"])
def filled(request: pytest.FixtureRequest, facility: Facility) -> Facility:
    return _fill(facility, indexed=request.param == "index")


@pytest.fixture(params=["sql", "index"], scope="module")
def known(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path
) -> Iterator[Facility]:
    """The same as `filled`, for tests that only ask."""
    folder = tmp_path_factory.mktemp("known")
    database = Database(f"sqlite:///{shutil.copyfile(sqlite_template, folder / 'pandaas.sqlite')}")
    yield _fill(make_facility(database, folder), indexed=request.param == "index")
    database.dispose()


def _fill(facility: Facility, *, indexed: bool) -> Facility:
    """Four datasets in three proposals, searched in SQL or by an index."""
    facility.write(
        "PUB-1/run_0004217.nxs",
        title="Lysozyme in buffer",
        sample="Lysozyme A",
        start="2020-05-01T00:00:00+00:00",
        instrument="BL1",
        parameters=[("photon_energy", 7.5, "keV"), ("temperature", 300, "K"), ("mode", "Step scan", None)],
    )
    facility.write(
        "PUB-1/b.nxs",
        title="Müller's ice 100% pure",
        sample="water",
        start="2021-05-01T00:00:00+00:00",
        techniques=[XAS],
        parameters=[("photon_energy", 9000, "eV"), ("temperature", 20, "degC")],
    )
    facility.write("SEC-2/battery.nxs", title="Cathode", sample="NMC", start="2021-06-01T00:00:00+00:00")
    facility.write(
        "PUB-3/zeolite.nxs", title="Zeolite", description="frozen in argon", start="2026-04-01T00:00:00+00:00"
    )
    facility.ingest()
    if indexed:
        facility.catalogue.load_search_index()
    return facility


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("lysozyme", ["Lysozyme in buffer"]),
        ("ysozym", ["Lysozyme in buffer"]),
        ("muller", ["Müller's ice 100% pure"]),
        ("MÜLLER", ["Müller's ice 100% pure"]),
        ("004217", ["Lysozyme in buffer"]),
        ("100%", ["Müller's ice 100% pure"]),
        ("%", ["Müller's ice 100% pure"]),
        ('"frozen in"', ["Zeolite"]),
        ('"in frozen"', []),
        ("lysozyme water", []),
        ("sample:lysozyme", ["Lysozyme in buffer"]),
        ("sample:buffer", []),
        ("title:buffer", ["Lysozyme in buffer"]),
        ("proposal:SEC-2", ["Cathode"]),
        ("proposal:battery", ["Cathode"]),
        ("technique:XAS", ["Müller's ice 100% pure"]),
        ("technique:absorption", ["Müller's ice 100% pure"]),
        ("photon_energy:7..8keV", ["Lysozyme in buffer"]),
        ("photon_energy:9keV", ["Müller's ice 100% pure"]),
        ("temperature:>295K", ["Lysozyme in buffer"]),
        ("temperature:290..295K", ["Müller's ice 100% pure"]),
        ("photon_energy:8mm", []),
        ("mode:step", ["Lysozyme in buffer"]),
        ("year:2021", ["Cathode", "Müller's ice 100% pure"]),
        ("year:2021 -ice", ["Cathode"]),
        ("has:temperature", ["Lysozyme in buffer", "Müller's ice 100% pure"]),
        ("has:description", ["Zeolite"]),
        ("-has:technique", []),
        ("has:image year:2020", ["Lysozyme in buffer"]),
        ("state:open", ["Lysozyme in buffer", "Müller's ice 100% pure"]),
        ("format:NEXUS year:2020", ["Lysozyme in buffer"]),
        ("file:zeolite", ["Zeolite"]),
    ],
)
def test_a_query_finds(known: Facility, text: str, found: list[str]) -> None:
    assert titles(known, text) == found


def test_a_term_with_a_problem_takes_no_part(filled: Facility) -> None:
    result = filled.catalogue.search(FACILITY, SearchQuery("lysozyme photon_energy:>abc"))
    assert result.total == 1
    assert result.understood[1].problem


def test_nobody_sees_another_teams_data(filled: Facility) -> None:
    everything = SearchQuery("")
    assert filled.catalogue.search(FACILITY, everything).total == 4
    assert titles(filled, "", ANONYMOUS) == ["Lysozyme in buffer", "Müller's ice 100% pure"]
    assert titles(filled, "", filled.principal("bob")) == ["Cathode", "Lysozyme in buffer", "Müller's ice 100% pure"]
    for who in (ANONYMOUS, filled.principal("alice"), filled.principal("iris")):
        result = filled.catalogue.search(who, everything)
        assert "SEC-2" not in {value.value for value in result.facets["proposal"]}
        assert filled.catalogue.search(who, SearchQuery("cathode nonsense")).suggestion is None


def test_facets_count_without_their_own_selection(filled: Facility) -> None:
    result = filled.catalogue.search(FACILITY, SearchQuery("", {"proposal": ("PUB-1",), "technique": (XAS,)}))
    assert result.total == 1
    assert {value.value: value.count for value in result.facets["technique"]} == {SAXS: 1, XAS: 1}
    assert {value.value: value.count for value in result.facets["proposal"]} == {"PUB-1": 1}
    assert {value.value: value.count for value in result.facets["year"]} == {"2021": 1}


def test_a_chosen_value_without_hits_stays_visible(filled: Facility) -> None:
    result = filled.catalogue.search(FACILITY, SearchQuery("lysozyme", {"year": ("1999",)}))
    assert [(value.count, value.selected) for value in result.facets["year"] if value.value == "1999"] == [(0, True)]


def test_an_empty_result_says_which_term_to_drop(filled: Facility) -> None:
    result = filled.catalogue.search(FACILITY, SearchQuery("lysozyme nonsense"))
    assert result.suggestion == "Without 'nonsense' there would be 1."


def test_the_snippet_says_why_a_row_matched(filled: Facility) -> None:
    (card,) = filled.catalogue.search(FACILITY, SearchQuery("argon")).results
    assert card.snippet == "description: frozen in argon"


def test_the_snippet_begins_shortly_before_the_word_and_holds_one_value() -> None:
    text = search_text({"proposal": ["SC-1", "Growth and structure of silica, micelles and proteins"]})
    assert _snippet(text, ["silica"]) == "proposal: …structure of silica, micelles and proteins"


def test_paging_walks_through_everything_once(filled: Facility) -> None:
    for sort in ("relevance", "newest", "oldest", "title", "size"):
        pages = [
            filled.catalogue.search(FACILITY, SearchQuery("", sort=sort, limit=1, offset=offset)).results  # type: ignore[arg-type]
            for offset in range(5)
        ]
        assert len({card.pid for page in pages for card in page}) == 4


def test_only_the_latest_version_is_found(filled: Facility) -> None:
    filled.write("PUB-3/zeolite.nxs", title="Zeolite again")
    filled.ingest()
    assert titles(filled, "zeolite") == ["Zeolite again"]


_QUERIES = st.sampled_from(
    ["", "ds", "ds-1", "-ds-2", "kind:raw", "state:open", "proposal:P1", "instrument:I0", "year:2026"]
)
_SELECTED = st.dictionaries(
    st.sampled_from(["proposal", "instrument", "kind"]),
    st.sampled_from([("P0",), ("P1", "P2"), ("I0",), ("raw",)]),
    max_size=2,
)


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(world=worlds(), text=_QUERIES, selected=_SELECTED)
def test_counts_are_what_the_rule_allows_row_by_row(
    sqlite_database: Database, world: World, text: str, selected: dict[str, tuple[str, ...]]
) -> None:
    """Against brute force: every row asked one by one with the rule in Python."""
    sqlite_database.clock = lambda: NOW
    access = Access(sqlite_database)
    engine = SqlSearch(sqlite_database, access, Vocabulary(sqlite_database, access))
    with sqlite_database.session() as session:
        askers = build(world, session, access)
        for row in session.scalars(select(Dataset)):
            row.search_text = f"\ue000{fold(row.title)}\n"
    try:
        for asker in askers:
            with sqlite_database.read() as session:
                rows = list(session.scalars(select(Dataset)))
                rights = access.protect(session, rows)
                allowed = [
                    row for row, right in zip(rows, rights, strict=True) if access.may(asker, Action.DISCOVER, right)
                ]
                proposals = dict(list(session.execute(select(Proposal.id, Proposal.name))))
                instruments = dict(list(session.execute(select(Instrument.id, Instrument.name))))
            everything = engine.search(asker, SearchQuery("", limit=500))
            assert {card.pid for card in everything.results} == {row.pid for row in allowed}
            assert everything.total == len(allowed)
            by_proposal = Counter(proposals[row.proposal_id] for row in allowed)
            assert {value.value: value.count for value in everything.facets["proposal"]} == by_proposal
            by_instrument = Counter(instruments[row.instrument_id] for row in allowed if row.instrument_id)
            assert {value.value: value.count for value in everything.facets["instrument"]} == by_instrument
            some = engine.search(asker, SearchQuery(text, selected, limit=500))
            assert {card.pid for card in some.results} <= {row.pid for row in allowed}
            assert some.total == len(some.results)
    finally:
        _empty(sqlite_database)


def _empty(database: Database) -> None:
    with database.session() as session:
        session.connection().exec_driver_sql("PRAGMA defer_foreign_keys=ON")
        for name in reversed([table.name for table in Dataset.metadata.sorted_tables]):
            session.connection().exec_driver_sql(f"DELETE FROM {name}")


def test_a_search_costs_few_statements(filled: Facility) -> None:
    from sqlalchemy import event

    seen: list[str] = []
    listener = lambda *arguments: seen.append(arguments[2])  # noqa: E731
    alice = filled.principal("alice")
    event.listen(filled.database.engine, "before_cursor_execute", listener)
    filled.catalogue.search(alice, SearchQuery("lysozyme"))
    assert len(seen) < 11


def test_a_reader_of_the_team_finds_embargoed_data_and_others_do_not(filled: Facility) -> None:
    assert titles(filled, "zeolite", filled.principal("alice")) == []
    filled.access.set_member(FACILITY, "PUB-3", filled.people["alice"], TeamRole.READER)
    assert titles(filled, "zeolite", filled.principal("alice")) == ["Zeolite"]


def test_techniques_set_by_hand_are_found(filled: Facility) -> None:
    (card,) = filled.catalogue.search(FACILITY, SearchQuery("zeolite")).results
    filled.catalogue.edit(filled.principal("carol"), card.pid, {"techniques": [XAS]})
    assert "Zeolite" in titles(filled, "technique:XAS")
    with filled.database.read() as session:
        assert len(list(session.scalars(select(DatasetTechnique)))) == 4


def test_a_query_is_a_value() -> None:
    assert replace(SearchQuery("a"), offset=50) == SearchQuery("a", offset=50)
