"""Metadata schemas: what they may be, when they apply, and the score of a record."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pandaas.access import FACILITY
from pandaas.catalogue import Quality, read_schema
from pandaas.catalogue.quality.assess import compare
from pandaas.model import InvalidInput, NotAllowed, NotFound
from pandaas.testing.facility import SAXS, Facility

START = "2026-01-01T00:00:00+00:00"


@pytest.fixture
def quality(facility: Facility) -> Quality:
    return Quality(facility.database, facility.access)


def schema(**more: Any) -> dict[str, Any]:
    return {"x-pandaas": {"name": "mine"}, **more}


def record(**more: Any) -> dict[str, Any]:
    return {"parameters": {}, **more}


def test_required_weighs_twice_as_much_as_recommended() -> None:
    asked = read_schema(schema(required=["sample"], recommended=["description"]))
    scores = [
        compare(record(**had), [asked])
        for had in ({}, {"description": "d"}, {"sample": "s"}, {"sample": "s", "description": "d"})
    ]
    assert [one.score for one in scores if one] == [0, 33, 67, 100]


def test_a_parameter_is_compared_in_the_unit_of_the_schema() -> None:
    bounds = {"type": "number", "unit": "keV", "minimum": 1, "maximum": 20}
    asked = read_schema(schema(properties={"parameters": {"required": ["energy"], "properties": {"energy": bounds}}}))
    told = {}
    for value, unit in ((12_000.0, "eV"), (12.0, "keV"), (12_000.0, "keV"), (12.0, "mm"), (12.0, None)):
        found = compare(record(parameters={"energy": {"value": value, "unit": unit}}), [asked])
        assert found is not None
        told[value, unit] = (found.score, found.findings[0].message if found.findings else "")
    assert told == {
        (12_000.0, "eV"): (100, ""),
        (12.0, "keV"): (100, ""),
        (12_000.0, "keV"): (0, "Energy is 12000 keV; it should be at most 20 keV."),
        (12.0, "mm"): (0, "Energy is given in mm, which is no keV."),
        (12.0, None): (0, "Energy has no unit; keV or one like it is expected."),
    }


def test_what_two_schemas_ask_for_counts_once() -> None:
    asked = [read_schema(schema(required=["sample"])), read_schema(schema(recommended=["sample", "description"]))]
    found = compare(record(description="d"), asked)
    assert found is not None
    assert (found.score, [(one.field, one.severity) for one in found.findings]) == (33, [("sample", "required")])


_NAMES = st.lists(st.sampled_from(["title", "sample", "description", "licence"]), unique=True)


@given(_NAMES, _NAMES, _NAMES)
def test_a_score_is_100_only_when_nothing_is_missing(
    required: list[str], recommended: list[str], had: list[str]
) -> None:
    found = compare(
        record(**dict.fromkeys(had, "x")), [read_schema(schema(required=required, recommended=recommended))]
    )
    assert found is not None
    missing = {*required, *recommended} - set(had)
    assert 0 <= found.score <= 100
    assert (found.score == 100) == (not missing)
    assert {one.field for one in found.findings} == missing


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ("{", "schema"),
        ("[]", "schema"),
        ("[" * 100_000, "schema"),
        ("{}", "x-pandaas"),
        ('{"x-pandaas": {"name": "A b"}}', "x-pandaas.name"),
        ('{"x-pandaas": {"name": "a", "beamlines": []}}', "x-pandaas"),
        ('{"x-pandaas": {"name": "a", "techniques": ["dance"]}}', "x-pandaas.techniques"),
        ('{"x-pandaas": {"name": "a", "kinds": ["odd"]}}', "x-pandaas.kinds"),
        ('{"x-pandaas": {"name": "a"}, "required": "sample"}', "required"),
        ('{"x-pandaas": {"name": "a"}, "$ref": "https://example.org/schema.json"}', "schema/$ref"),
        (json.dumps(schema(properties={"parameters": {"properties": {"e": {"unit": "furlong-ish!"}}}})), "unit"),
    ],
)
def test_a_wrong_schema_is_refused_with_the_place(text: str, field: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        read_schema(text)
    assert field in (caught.value.field or "")


def test_a_dataset_is_assessed_at_ingest_and_after_an_edit(facility: Facility, quality: Quality) -> None:
    pid = facility.register("PUB-1/a.nxs", start=START, techniques=[SAXS], instrument="BL1")
    before = quality.of(facility.principal("alice"), pid)
    assert before is not None
    assert {"sample", "parameters.photon_energy", "parameters.detector_distance"} <= {
        one.field for one in before.findings
    }
    energy = {"value": 12.4, "unit": "keV"}
    facility.catalogue.edit(
        facility.principal("alice"), pid, {"sample": "ice", "parameters": {"photon_energy": energy}}
    )
    after = quality.of(facility.principal("alice"), pid)
    assert after is not None
    assert after.score > before.score
    assert not {"sample", "parameters.photon_energy"} & {one.field for one in after.findings}


def test_what_may_not_be_seen_has_no_score_to_tell(facility: Facility, quality: Quality) -> None:
    pid = facility.register("SEC-2/a.nxs")
    with pytest.raises(NotFound, match="may not see it"):
        quality.of(facility.principal("alice"), pid)


def test_a_schema_of_ones_own_replaces_the_one_of_its_name(facility: Facility, quality: Quality) -> None:
    pid = facility.register("PUB-1/a.nxs", start=START, techniques=[SAXS])
    own = {"x-pandaas": {"name": "general"}, "required": ["licence"]}
    assert quality.add(FACILITY, json.dumps(own)).version == 2
    quality.remove(FACILITY, "x-ray-scattering")
    assert quality.recheck(FACILITY) == 1
    found = quality.of(FACILITY, pid)
    assert found is not None
    assert (found.schemas, found.score) == (("general/2",), 100)
    quality.remove(FACILITY, "general")
    quality.recheck(FACILITY)
    assert quality.of(FACILITY, pid) is None


def test_only_operators_change_schemas(facility: Facility, quality: Quality) -> None:
    with pytest.raises(NotAllowed):
        quality.add(facility.principal("iris"), json.dumps(schema()))


def test_parameters_entered_by_hand_are_told_and_outlive_a_new_version(facility: Facility) -> None:
    path = facility.write("PUB-1/a.nxs", parameters=[["temperature", 290.0, "K"]])
    pid = facility.ingest(path).datasets[0].pid
    alice = facility.principal("alice")
    record = facility.catalogue.edit(
        alice,
        pid,
        {"parameters": {"temperature": {"value": 20.0, "unit": "degC"}, "pressure": {"value": "low", "unit": None}}},
    )
    values = {one.name: (one.value, one.unit, one.source) for one in record.parameters}
    assert values == {"temperature": (20.0, "degC", "entered by hand"), "pressure": ("low", None, "entered by hand")}
    assert math.isclose(next(one.si_value or 0 for one in record.parameters if one.name == "temperature"), 293.15)
    assert [line.text for line in facility.catalogue.history(alice, pid)][:2] == [
        "Temperature changed from 290 K to 20 degC.",
        "Pressure set to “low”.",
    ]
    facility.write("PUB-1/a.nxs", parameters=[["temperature", 300.0, "K"]])
    newer = facility.ingest(path).datasets[0].pid
    assert newer != pid
    again = {one.name: one.value for one in facility.catalogue.dataset(alice, newer).parameters}
    assert again == {"temperature": 20.0, "pressure": "low"}


def test_a_parameter_can_be_taken_away_and_given_back(facility: Facility) -> None:
    pid = facility.register("PUB-1/a.nxs", parameters=[["temperature", 290.0, "K"]])
    alice = facility.principal("alice")
    assert facility.catalogue.edit(alice, pid, {"parameters": {"temperature": None}}).parameters == ()
    old = facility.catalogue.history(alice, pid)[0].payload["changes"]["parameter:temperature"]["old"]
    [back] = facility.catalogue.edit(alice, pid, {"parameters": {"temperature": old}}).parameters
    assert (back.value, back.unit) == (290.0, "K")


@pytest.mark.parametrize("value", [math.nan, math.inf, "", "x" * 501])
def test_a_parameter_needs_a_value(facility: Facility, value: float | str) -> None:
    pid = facility.register("PUB-1/a.nxs")
    with pytest.raises(InvalidInput) as caught:
        facility.catalogue.edit(facility.principal("alice"), pid, {"parameters": {"t": {"value": value, "unit": "K"}}})
    assert caught.value.field == "parameters"


def test_a_file_with_very_many_parameters_takes_some_by_hand(facility: Facility) -> None:
    pid = facility.register(
        "PUB-1/a.nxs", parameters=[[f"motor.{number}", float(number), "mm"] for number in range(6000)]
    )
    alice = facility.principal("alice")
    facility.catalogue.edit(alice, pid, {"parameters": {f"own {n}": {"value": 1.0, "unit": "K"} for n in range(500)}})
    with pytest.raises(InvalidInput, match="At most 500") as caught:
        facility.catalogue.edit(alice, pid, {"parameters": {"one more": {"value": 1.0, "unit": "K"}}})
    assert caught.value.field == "parameters"
