"""The query language: what each kind of term means, and that nothing makes it fail."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pandaas.catalogue.folding import fold
from pandaas.catalogue.search.language import (
    MOST_TERMS,
    Between,
    Has,
    OneOf,
    ParameterText,
    Words,
    Years,
    parse,
)

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
