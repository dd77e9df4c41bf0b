"""The techniques are terms of PaNET, and every definition means one."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pandaas.model import (
    BY_IRI,
    KNOWN_INSTRUMENTS,
    TECHNIQUES,
    iri_of,
    technique,
    technique_of_instrument,
    techniques_of,
)

VOCABULARY = Path(__file__).parents[4] / "shared" / "vocabulary" / "panet" / "panet_v1.3.0_resolved.json"


@pytest.mark.skipif(not VOCABULARY.is_file(), reason=f"{VOCABULARY} is absent")
def test_labels_are_those_of_panet() -> None:
    known = {term["id"]: term["label"] for term in json.loads(VOCABULARY.read_text())}
    assert {term.iri: term.label for term in TECHNIQUES} == {term.iri: known[term.iri] for term in TECHNIQUES}


def test_nothing_is_named_twice() -> None:
    assert len(BY_IRI) == len(TECHNIQUES) == len({term.short for term in TECHNIQUES})
    definitions = [name for term in TECHNIQUES for name in term.definitions]
    assert len(definitions) == len(set(definitions))
    assert all(iri in BY_IRI for term in TECHNIQUES for iri in (term.neutron, term.xray) if iri)


@pytest.mark.parametrize(
    ("definitions", "probe", "shorts"),
    [
        (("NXsas",), "x-ray", ["SAXS"]),
        (("NXsas",), "neutron", ["SANS"]),
        (("NXcanSAS",), None, ["SAS"]),
        (("NXmx",), None, ["MX"]),
        (("NXfluo", "NXstxm", "NXfluo"), None, ["XRF", "STXM"]),
        (("nxTOMO",), None, ["CT"]),
        (("something",), None, []),
        ((), "x-ray", []),
    ],
)
def test_definitions(definitions: tuple[str, ...], probe: str | None, shorts: list[str]) -> None:
    assert [BY_IRI[iri].short for iri in techniques_of(definitions, probe=probe)] == shorts


def test_a_term_by_any_of_its_names() -> None:
    wanted = BY_IRI[iri_of("SAXS")]
    for name in (wanted.iri, "PaNET01188", "saxs", "small angle x-ray scattering"):
        assert technique(name) is wanted
    assert technique("astrology") is None


def test_known_instruments_measure_something() -> None:
    assert all(technique_of_instrument(name.upper()) in BY_IRI for name in KNOWN_INSTRUMENTS)
    assert technique_of_instrument(None) is None
