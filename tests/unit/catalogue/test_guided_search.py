"""Help around the search: nested names, typos forgiven, completion, histograms, the calendar; all as one may see."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from pandaas.access import FACILITY
from pandaas.catalogue import Branch, Completion, SearchQuery, SearchResult
from pandaas.catalogue.leaves import leaves_of
from pandaas.catalogue.search.conditions import Conditions
from pandaas.catalogue.search.ranking import bm25, inverse_frequency, score, statistics
from pandaas.catalogue.search.typos import is_one_typo, parts_of
from pandaas.catalogue.search.units import scale, units_for
from pandaas.db import Database
from pandaas.db.tables import Dataset
from pandaas.model import ANONYMOUS, Principal
from pandaas.testing.facility import Facility, make_facility

OPEN = "2020-05-0{}T10:00:00+00:00"


@pytest.fixture(scope="module")
def filled(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Facility]:
    """Three open datasets and one of a proprietary proposal; nothing here changes them."""
    folder = tmp_path_factory.mktemp("guided")
    database = Database(f"sqlite:///{shutil.copyfile(sqlite_template, folder / 'pandaas.sqlite')}")
    facility = make_facility(database, folder)
    nested = {
        "beamline": {"mono": {"d-spacing": {"value": 3.13, "unit": "angstrom"}, "crystal": "Si(111)"}},
        "2theta": 12.5,
        "a": {"gain": 2},
    }
    for day, energy in ((1, 7.0), (2, 8.0), (3, 9.0)):
        facility.write(
            f"PUB-1/run_202109{day}.nxs",
            title=f"Lysozyme {day}",
            sample="Lysozyme",
            instrument="BL1",
            start=OPEN.format(day),
            parameters=[("photon_energy", energy, "keV"), ("Mode", "step scan", None)],
            metadata=nested,
        )
    facility.write(
        "SEC-2/secret.nxs",
        title="Cathode chemistry",
        sample="NMC622",
        start="2021-06-01T00:00:00+00:00",
        parameters=[("photon_energy", 100.0, "keV"), ("voltage_window", 4.2, "V"), ("mode2", "hidden words", None)],
        metadata={"b": {"gain": 3}, "crystal": "none"},
    )
    facility.ingest()
    yield facility
    database.dispose()


def search(facility: Facility, text: str, who: Principal = ANONYMOUS) -> SearchResult:
    return facility.catalogue.search(who, SearchQuery(text))


def offered(facility: Facility, text: str, who: Principal = ANONYMOUS) -> list[str]:
    return [one.text for one in items(facility, text, who)]


def items(facility: Facility, text: str, who: Principal = ANONYMOUS) -> tuple[Completion, ...]:
    return facility.catalogue.finder.completer.complete(who, text, len(text)).items


# --- nested metadata ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "beamline.mono.d-spacing:3..4angstrom",
        "beamline.mono.d-spacing:0.3..0.4nm",
        "mono.d-spacing:>3angstrom",
        "d-spacing:>3angstrom",
        "D-Spacing:>3angstrom",
        "crystal:si(111)",
        "has:crystal",
        "2theta:12..13",
        "mode:step",
        "2021091",
        "20210 lys",
    ],
)
def test_every_key_of_nested_metadata_is_searched_by_its_whole_name_or_its_last_part(
    filled: Facility, text: str
) -> None:
    assert search(filled, text).total == (1 if text == "2021091" else 3)


def test_a_last_part_with_several_meanings_is_said_and_counts_only_what_one_may_see(filled: Facility) -> None:
    (seen,) = search(filled, "gain:2").understood
    assert seen.note == "gain is a.gain"
    (both,) = search(filled, "gain:2", FACILITY).understood
    assert both.note == "gain may mean a.gain, b.gain; shown is a.gain"


def test_a_card_says_with_which_values_it_matched(filled: Facility) -> None:
    (card,) = search(filled, "photon_energy:7keV crystal:si").results
    assert card.snippet == "beamline.mono.crystal: Si(111) · photon_energy: 7 keV"


def test_leaves_of_nested_metadata() -> None:
    metadata = {
        "a": {"b": [{"c": 1}, {"c": 2}], "on": True, "none": None},
        "q": {"v": 2.5, "u": "nm"},
        "names": ["x", "y"],
        "long": list(range(1000)),
        "odd key/…": "text",
        "huge": 10**400,
    }
    found = {one.name: (one.value, one.unit) for one in leaves_of(metadata)}
    assert found.pop("huge")[0] == str(10**400)[:100]
    assert found == {
        "a.b.0.c": (1.0, None),
        "a.b.1.c": (2.0, None),
        "a.on": ("true", None),
        "q": (2.5, "nm"),
        "names": ("x; y", None),
        "odd_key": ("text", None),
    }


def test_nested_metadata_are_not_shown_twice(filled: Facility) -> None:
    (card, *_) = search(filled, "lysozyme").results
    record = filled.catalogue.dataset(ANONYMOUS, card.pid)
    assert {one.name for one in record.parameters} == {"photon_energy", "Mode"}
    assert record.extra["beamline"]["mono"]["crystal"] == "Si(111)"


# --- one typo -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["lysosyme", "lysozme", "lyssozyme", "lyzosyme", "lysoyzme", "sample:lysozime"])
def test_one_typo_is_forgiven_and_said(filled: Facility, text: str) -> None:
    result = search(filled, text)
    found = result.total
    assert found == (0 if text == "lyzosyme" else 3)  # two letters wrong
    if found:
        assert "shown is “lysozyme”" in (result.understood[0].note or "")
        assert result.understood[0].text == text


def test_a_misspelt_name_of_a_parameter_is_forgiven(filled: Facility) -> None:
    result = search(filled, "photon_enery:7..8keV")
    assert result.total == 2
    assert "photon_energy" in (result.understood[0].note or "")


@pytest.mark.parametrize(
    ("text", "note"), [("crystal:si", "crystal is beamline"), ("mode2:step", "Nothing has “mode2”")]
)
def test_a_name_that_only_hidden_data_have_changes_nothing(filled: Facility, text: str, note: str) -> None:
    """Both name exactly what the proprietary dataset has; a guest is led on as if nothing had it."""
    found = search(filled, text)
    assert found.total == 3
    assert (found.understood[0].note or "").startswith(note)


def test_no_typo_leads_to_words_one_may_not_see(filled: Facility) -> None:
    assert search(filled, "cathodi").total == 0
    assert search(filled, "cathodi", filled.principal("bob")).total == 1
    assert search(filled, "voltage_windov:>4V").understood[0].note is None


@given(st.text("abc", min_size=4, max_size=7), st.text("abc", min_size=3, max_size=8))
def test_one_typo_is_distance_one(typed: str, word: str) -> None:
    assert is_one_typo(typed, word) == (word in _near(typed))
    if is_one_typo(typed, word):
        assert any(part in word for part in parts_of(typed))


def _near(typed: str) -> set[str]:
    splits = [(typed[:i], typed[i:]) for i in range(len(typed) + 1)]
    near = {left + right[1:] for left, right in splits if right}
    near |= {left + right[1] + right[0] + right[2:] for left, right in splits if len(right) > 1}
    near |= {left + letter + right[1:] for left, right in splits if right for letter in "abc"}
    near |= {left + letter + right for left, right in splits for letter in "abc"}
    return near - {typed}


# --- the best first -----------------------------------------------------------------------------------------------


def test_titles_weigh_more_and_rare_words_more_than_common_ones(facility: Facility) -> None:
    facility.write("PUB-1/a.nxs", title="Calibration", description="before the lysozyme run", start=OPEN.format(4))
    facility.write("PUB-1/b.nxs", title="Lysozyme", description="buffer", start=OPEN.format(1))
    facility.write("PUB-1/c.nxs", title="Long", description="lysozyme " + "and much else " * 50, start=OPEN.format(5))
    facility.ingest()
    query = SearchQuery("lysozyme", sort="relevance")
    assert [card.title for card in facility.catalogue.search(FACILITY, query).results] == [
        "Lysozyme",
        "Calibration",
        "Long",
    ]


def test_the_score_is_bm25(filled: Facility) -> None:
    assert inverse_frequency(10, 1) > inverse_frequency(10, 9) > 0
    assert bm25(1.0, 4, 100, 100) > bm25(1.0, 1, 100, 100) > bm25(1.0, 1, 400, 100)
    words = ["lysozyme", "scan"]
    conditions = Conditions(filled.clock(), is_sqlite=True)
    with filled.database.read() as session:
        known = statistics(session, [], words, conditions)
        for text, found in session.execute(select(Dataset.search_text, score(words, known, conditions))):
            title = text[: text.index("\n")]
            wanted = sum(
                bm25(
                    inverse_frequency(known.datasets, holding),
                    text.count(word) + 3 * title.count(word),
                    len(text),
                    known.length,
                )
                for word, holding in zip(words, known.holding, strict=True)
            )
            assert found == pytest.approx(wanted)


# --- completion ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "offer"),
    [
        ("", "technique:"),
        ("ph", "photon_energy:"),
        ("en", "photon_energy:"),
        ("tech", "technique:"),
        ("SA", "technique:SAXS"),
        ("bl", "instrument:BL1"),
        ("prot", "proposal:PUB-1"),
        ("ly", "sample:Lysozyme"),
        ("ly", "lysozyme"),
        ("-ly", "-sample:Lysozyme"),
        ("technique:small", "technique:SAXS"),
        ("instrument:", "instrument:BL1"),
        ("state:em", "state:embargoed"),
        ("has:cr", "has:beamline.mono.crystal"),
        ("crystal:", "crystal:Si(111)"),
        ("photon_energy:7", "photon_energy:7keV"),
        ("photon_energy:7..8e", "photon_energy:7..8eV"),
        ("d-sp", "beamline.mono.d-spacing:"),
        ("Mode:st", 'Mode:"step scan"'),
        ("lysozyme te", "technique:"),
    ],
)
def test_what_is_typed_is_completed(filled: Facility, text: str, offer: str) -> None:
    assert offer in offered(filled, text)


def test_a_completion_takes_the_place_of_the_term_at_the_caret(filled: Facility) -> None:
    found = filled.catalogue.finder.completer.complete(ANONYMOUS, "lyso tech more", 9)
    assert (found.start, found.end) == (5, 9)
    assert found.items[0].text == "technique:"


@pytest.mark.parametrize(
    "text", ["vol", "ca", "NM", "SEC", "battery", "sample:N", "mode2:", "voltage_window:", "has:vo"]
)
def test_completion_offers_nothing_of_what_one_may_not_see(filled: Facility, text: str) -> None:
    hidden = {one.text for one in items(filled, text) if one.kind != "field"}
    assert not {text for text in hidden if "has:" not in text or "voltage" in text}
    assert items(filled, text, filled.principal("bob"))


# --- histograms and calendar --------------------------------------------------------------------------------------


def test_histograms_are_exact_of_what_one_may_see_and_leave_out_their_own_range(filled: Facility) -> None:
    insight = filled.catalogue.finder.insight
    (energy,) = insight.histograms(ANONYMOUS, SearchQuery("photon_energy:8..8.5keV"))
    assert (energy.name, energy.unit, energy.datasets, sum(energy.counts)) == ("photon_energy", "keV", 3, 3)
    assert (energy.edges[0], energy.edges[-1]) == (pytest.approx(7.0), pytest.approx(9.0))
    assert (energy.low, energy.high) == (pytest.approx(8.0), pytest.approx(8.5))
    assert energy.counts[0] == energy.counts[-1] == 1
    (all_of_it,) = insight.histograms(FACILITY, SearchQuery(""), ["photon_energy"], {"kg·m²/s²": "eV"})
    assert (all_of_it.unit, all_of_it.datasets) == ("eV", 4)
    assert all_of_it.edges[-1] == pytest.approx(100_000)
    assert insight.histograms(ANONYMOUS, SearchQuery(""), ["voltage_window"]) == []
    (gain,) = insight.histograms(ANONYMOUS, SearchQuery(""), ["a.gain"])  # all the same: one bin
    assert (gain.edges, gain.counts, gain.unit) == ((2.0, 2.0), (3,), None)


def test_the_calendar_counts_days_of_what_one_may_see(filled: Facility) -> None:
    insight = filled.catalogue.finder.insight
    own = insight.calendar(ANONYMOUS, SearchQuery("date:2020-05-01"))
    assert own.years == {2020: 3}
    assert own.days == {"2020-05-01": 1, "2020-05-02": 1, "2020-05-03": 1}
    assert insight.calendar(FACILITY, SearchQuery("")).years == {2021: 1, 2020: 3}
    assert insight.calendar(ANONYMOUS, SearchQuery(""), 2021).days == {}


def test_units_of_one_dimension() -> None:
    assert units_for("K", "degC")[0] == "degC"
    assert "Å" in units_for("m")
    factor, offset = scale("K", "°C") or (0, 0)
    assert factor * 300 + offset == pytest.approx(26.85)
    assert scale("K", "keV") is None


# --- the tree of techniques ---------------------------------------------------------------------------------------


def test_the_tree_counts_whole_branches_and_choosing_one_takes_narrower_terms_along(facility: Facility) -> None:
    panet = "http://purl.org/pan-science/PaNET/PaNET"
    sas, saxs, sans = panet + "01124", panet + "01188", panet + "01189"
    facility.write("PUB-1/a.nxs", title="Both", techniques=[saxs, sans], start=OPEN.format(1))
    facility.write("PUB-1/b.nxs", title="One", techniques=[saxs], start=OPEN.format(1))
    facility.write("PUB-1/c.nxs", title="Other", techniques=[panet + "01196"], start=OPEN.format(1))
    facility.write("SEC-2/d.nxs", title="Hidden", techniques=[sans], start=OPEN.format(1))
    facility.ingest()
    insight = facility.catalogue.finder.insight
    seen = _flat(insight.techniques(ANONYMOUS, SearchQuery("")))
    assert (seen[sas], seen[saxs], seen[sans]) == (2, 2, 1)
    assert _flat(insight.techniques(FACILITY, SearchQuery("")))[sas] == 3
    chosen = SearchQuery("", {"technique": (sas,)})
    result = facility.catalogue.search(ANONYMOUS, chosen)
    assert sorted(card.title for card in result.results) == ["Both", "One"]
    assert [value.value for value in result.facets["technique"] if value.selected] == [sas]
    assert all(value.count or value.selected for value in result.facets["technique"])
    assert _flat(insight.techniques(ANONYMOUS, chosen)) == seen  # one sees what else there would be
    assert _flat(insight.techniques(ANONYMOUS, SearchQuery("title:other"))).keys().isdisjoint({sas})


def _flat(branches: Iterable[Branch]) -> dict[str, int]:
    found: dict[str, int] = {}
    for branch in branches:
        found |= {branch.iri: branch.count} | _flat(branch.children)
    return found
