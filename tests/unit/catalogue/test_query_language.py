"""The query language: what each kind of term means, and that nothing makes it fail."""

from __future__ import annotations

import time
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pandaas.catalogue.folding import fold, storable
from pandaas.catalogue.search.language import (
    MOST_TERMS,
    Between,
    During,
    Has,
    OneOf,
    ParameterText,
    Words,
    Years,
    parse,
    tokens,
)


def day(year: int, month: int, number: int) -> datetime:
    return datetime(year, month, number, tzinfo=UTC)


KEV = 1.602176634e-16


def only(text: str) -> object:
    (term,) = parse(text)
    assert term.shown.problem is None, term.shown.problem
    return term.condition


def problem(text: str) -> str:
    (term,) = parse(text)
    assert term.condition is None
    assert term.shown.problem is not None
    return term.shown.problem


@pytest.mark.parametrize(
    ("text", "condition"),
    [
        ("Lysozyme", Words("lysozyme")),
        ("Müller", Words("muller")),
        ('"frozen  in"', Words("frozen in")),
        ('"not closed', Words("not closed")),
        ('title:"two words"', Words("two words", "title")),
        ("instrument:BM29", Words("bm29", "instrument")),
        ("beamline:BM29", Words("bm29", "instrument")),
        ("kind:result", OneOf("kind", ("derived",))),
        ("state:embargoed", OneOf("state", ("embargoed",))),
        ("year:2024", Years(2024, 2024)),
        ("year:2020..2024", Years(2020, 2024)),
        ("year:>2020", Years(2021, 9999)),
        ("year:..2020", Years(0, 2020)),
        ("date:2025-06-30", During(day(2025, 6, 30), day(2025, 7, 1))),
        ("date:2024-12", During(day(2024, 12, 1), day(2025, 1, 1))),
        ("date:2025", During(day(2025, 1, 1), day(2026, 1, 1))),
        ("date:2025-06-01..2025-06-07", During(day(2025, 6, 1), day(2025, 6, 8))),
        ("date:..2025-06", During(None, day(2025, 7, 1))),
        ("date:>2025-06", During(day(2025, 7, 1), None)),
        ("date:<2025-06", During(None, day(2025, 6, 1))),
        ("2theta:5", Between("2theta", pytest.approx(4.5), pytest.approx(5.5))),
        ("Mode:fly", ParameterText("Mode", "fly")),
        ("has:Gain", Has("Gain")),
        ("state:quarantined", OneOf("state", ("quarantined",))),
        ("has:thumbnail", Has("thumbnail")),
        ("mode:fly", ParameterText("mode", "fly")),
        ("10.1016/j:x", Words("10.1016/j:x")),
        ("http://example.org", Words("http://example.org")),
        ("12:30", Words("12:30")),
    ],
)
def test_a_term_means(text: str, condition: object) -> None:
    assert only(text) == condition


def test_a_technique_is_known_by_short_label_number_and_iri() -> None:
    iri = "http://purl.org/pan-science/PaNET/PaNET01188"
    for text in (
        "technique:saxs",
        f'technique:"{iri}"',
        f"technique:{iri}",
        'technique:"small angle x-ray scattering"',
    ):
        assert only(text) == OneOf("technique", (iri,))


def test_a_technique_includes_its_kinds() -> None:
    condition = only("technique:SAS")
    assert isinstance(condition, OneOf)
    assert len(condition.values) == 3


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [
        ("photon_energy:7..8keV", 7, 8),
        ("photon_energy:7..8 keV", 7, 8),
        ("photon_energy:7000eV..8keV", 7, 8),
        ("photon_energy:8..7keV", 7, 8),
        ("photon_energy:7keV..", 7, None),
        ("photon_energy:..8keV", None, 8),
        ("photon_energy:8keV", 7.5, 8.5),
        ("photon_energy:8.05keV", 8.045, 8.055),
        ("photon_energy:8.05e3eV", 8.045, 8.055),
        ("photon_energy:>7keV", 7, None),
        ("photon_energy:<=8keV", None, 8),
    ],
)
def test_quantities_are_compared_in_si(text: str, low: float | None, high: float | None) -> None:
    condition = only(text)
    assert isinstance(condition, Between)
    assert condition.si_unit is not None
    for edge, wanted in ((condition.low, low), (condition.high, high)):
        assert edge == (None if wanted is None else pytest.approx(wanted * KEV))


def test_temperatures_in_celsius_are_kelvin() -> None:
    condition = only("temperature:>26.85degC")
    assert isinstance(condition, Between)
    assert (condition.low, condition.low_open) == (pytest.approx(300.0), True)


def test_a_number_without_unit_is_compared_as_stored() -> None:
    assert only("frames:>=10") == Between("frames", low=10 - 1e-8, si_unit=None)


def test_a_minus_negates_and_the_text_is_its_place_in_the_box() -> None:
    first, second = parse("a -sample:ice")
    assert (first.negated, second.negated, second.shown.text) == (False, True, "-sample:ice")


@pytest.mark.parametrize(
    "text",
    [
        "photon_energy:>abc",
        "photon_energy:7..8parsnips",
        "photon_energy:7keV..8mm",
        "photon_energy:1e999keV",
        "photon_energy:>7..8keV",
        "year:abc",
        "year:>2020..2021",
        "kind:nonsense",
        "date:nonsense",
        "date:2025-02-30",
        "date:..",
        "date:0000",
        "state:nonsense",
        "sample:",
        'sample:""',
    ],
)
def test_what_cannot_be_understood_is_said_at_the_term(text: str) -> None:
    assert problem(text)


def test_too_many_terms_are_told() -> None:
    terms = parse("word " * 200)
    assert len(terms) == MOST_TERMS + 1
    assert terms[-1].condition is None
    assert str(MOST_TERMS) in (terms[-1].shown.problem or "")


@given(st.text(max_size=300))
def test_parsing_never_fails(text: str) -> None:
    for term in parse(text):
        assert (term.condition is None) == (term.shown.problem is not None)


_PIECES = st.sampled_from(
    ['"', "-", ":", "..", ">", "<=", "7", "8.5", "keV", " ", "%", "_", "\0", "*", "NEAR", "(", "'", "a", "year", "has"]
)


@given(st.lists(_PIECES, max_size=40).map("".join))
def test_parsing_never_fails_on_half_queries(text: str) -> None:
    parse(text)


@given(st.text(max_size=60))
def test_folding_twice_is_folding_once(text: str) -> None:
    assert fold(fold(text)) == fold(text)


_TERMS = st.sampled_from(
    [
        "lysozyme",
        '"frozen in"',
        "-ice",
        "photon_energy:7..8 keV",
        "photon_energy:7..8  keV",
        "a.b.c:>3\tmm",
        'sample:"lysozyme',
        "instrument:ID02",
        "year:2025",
        "-state:quarantined",
        "date:2025-06",
        "2theta:5 deg",
        "keV",
        "-",
        ":",
        "x:",
    ]
)


@given(st.lists(st.one_of(_TERMS, st.text(max_size=12)), max_size=8).map(" ".join))
def test_the_terms_written_out_again_mean_the_same(text: str) -> None:
    terms = parse(text)
    again = parse(" ".join(term.shown.text for term in terms))
    assert [(term.condition, term.negated) for term in again] == [(term.condition, term.negated) for term in terms]
    assert all(term.shown.text in storable(text) for term in terms)


@given(st.text(max_size=100))
def test_tokens_lie_one_after_the_other_and_cover_all_but_space(text: str) -> None:
    end = 0
    for token in tokens(text):
        assert end <= token.start < token.end
        assert not text[end : token.start].strip()
        end = token.end
    assert not text[end:].strip()


@pytest.mark.parametrize(
    "text",
    [
        "(" * 2000,
        "a:" * 1000,
        '"' * 2000,
        "-" * 2000,
        "a:" + "9" * 2000,
        "x:" + "(a+)+" * 400,
        "1" * 2000 + ":",
        "a." * 1000,
    ],
)
def test_hostile_text_is_read_at_once(text: str) -> None:
    started = time.perf_counter()
    parse(text)
    assert time.perf_counter() - started < 1
