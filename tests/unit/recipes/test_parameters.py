from __future__ import annotations

import runpy
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pandaas.config import bundled
from pandaas.model import InvalidInput, Parameter
from pandaas.recipes import complete_parameters
from pandaas.recipes.parameters import check_schema, default_from_metadata, in_unit

SCHEMA: dict[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "required": ["distance"],
    "properties": {
        "npt": {"type": "integer", "minimum": 10, "maximum": 20000, "default": 1000, "title": "Bins"},
        "distance": {"type": "number", "exclusiveMinimum": 0, "unit": "mm", "from": ["detector_distance"]},
        "unit": {"enum": ["q_nm^-1", "2th_deg"], "default": "q_nm^-1"},
        "low": {"anyOf": [{"type": "number"}, {"type": "null"}], "default": None},
        "cells": {"type": "array", "items": {"type": "number"}},
    },
}


def test_defaults_complete_what_was_given() -> None:
    found = complete_parameters(SCHEMA, {"distance": 100})
    assert found == {"npt": 1000, "distance": 100, "unit": "q_nm^-1", "low": None}


@pytest.mark.parametrize(
    ("given_", "field", "words"),
    [
        ({"distance": 1, "npt": 5}, "npt", "'Bins' must be at least 10; it is 5"),
        ({"distance": 0}, "distance", "must be more than 0 mm; it is 0"),
        ({"distance": 1, "unit": "furlong"}, "unit", "can't be"),
        ({}, "distance", "is needed"),
        ({"distance": 1, "colour": 3}, "colour", "no parameter 'colour'"),
        ({"distance": "far"}, "distance", "not of type"),
        ({"distance": float("nan")}, "distance", "must be a number"),
        ({"distance": 1, "cells": [1, "x"]}, "cells.1", "not of type"),
    ],
)
def test_complaints_name_the_field(given_: dict[str, Any], field: str, words: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        complete_parameters(SCHEMA, given_)
    assert caught.value.field == field
    assert words in caught.value.detail


def test_a_number_out_of_bounds_is_told_what_it_may_be() -> None:
    with pytest.raises(InvalidInput) as caught:
        complete_parameters(SCHEMA, {"distance": 1, "npt": 1e30})
    assert caught.value.remedy == "Give a value that is at least 10 and at most 20000."


def test_too_much_is_refused() -> None:
    with pytest.raises(InvalidInput, match="too long"):
        complete_parameters(SCHEMA, {"distance": 1, "cells": [0.5] * 100_000})


def test_a_schema_is_checked_itself() -> None:
    with pytest.raises(InvalidInput, match="is wrong"):
        check_schema({"type": "object", "properties": {"a": {"type": "wrong"}}})
    with pytest.raises(InvalidInput, match="no object"):
        check_schema([])


def test_references_are_not_fetched() -> None:
    schema = {"type": "object", "properties": {"a": {"$ref": "http://127.0.0.1:9/schema"}}}
    with pytest.raises(InvalidInput, match="refers to something outside"):
        check_schema(schema)


@pytest.mark.parametrize(
    ("parameter", "unit", "value"),
    [
        (Parameter("detector_distance", 1.5, "m"), "mm", 1500.0),
        (Parameter("wavelength", 1.0, "angstrom"), "nm", 0.1),
        (Parameter("photon_energy", 12.398419843320026, "keV"), "angstrom", 1.0),
        (Parameter("temperature", 300, "K"), None, 300),
        (Parameter("distance", 1.0, "furrow", si_value=2.0, si_unit="m"), "mm", 2000.0),
        (Parameter("note", "warm", None), None, "warm"),
    ],
)
def test_values_come_in_the_recipes_unit(parameter: Parameter, unit: str | None, value: object) -> None:
    assert in_unit(parameter, unit) == pytest.approx(value)


@pytest.mark.parametrize(
    ("parameter", "unit"),
    [
        (Parameter("temperature", 300, "K"), "mm"),
        (Parameter("x", 1.0, None), "mm"),
        (Parameter("x", 1.0, "(((("), "mm"),
        (Parameter("energy", 12.0, "keV"), "angstrom"),  # not said to be a photon's
    ],
)
def test_what_can_not_be_converted_is_no_default(parameter: Parameter, unit: str) -> None:
    assert in_unit(parameter, unit) is None


def test_the_first_known_name_gives_the_default() -> None:
    field = {"type": "number", "unit": "mm", "from": ["detector_distance", "distance"]}
    known = {"distance": Parameter("distance", 2.0, "m", source="/entry/d")}
    found = default_from_metadata(field, known)
    assert found is not None
    assert found[0] == 2000.0
    assert found[1].source == "/entry/d"
    assert default_from_metadata({"type": "number"}, known) is None


@given(st.floats(1e-6, 1e6), st.sampled_from(["m", "mm", "cm", "um", "nm"]))
def test_conversion_keeps_the_length(value: float, unit: str) -> None:
    there = in_unit(Parameter("x", value, unit), "mm")
    assert isinstance(there, float)
    back = in_unit(Parameter("x", there, "mm"), unit)
    assert back == pytest.approx(value, rel=1e-9)


LIMITS = {
    "type": "object",
    "properties": {
        "q_min": {"type": "number", "title": "From"},
        "q_max": {"type": "number", "title": "To", "default": 1.0},
        "first": {"type": "integer", "title": "First"},
        "last": {"anyOf": [{"type": "integer"}, {"type": "null"}], "title": "Last"},
        "factor": {"anyOf": [{"type": "number"}, {"type": "null"}], "title": "Scale"},
        "thickness": {"type": "number", "title": "Thickness"},
    },
    "x-ordered": [["q_min", "<", "q_max"], ["first", "<=", "last"]],
    "x-together": [["factor", "thickness"]],
}


@pytest.mark.parametrize(
    ("given", "field", "words"),
    [
        ({"q_min": 1.0}, "q_max", "'To' (q_max) must be larger than 'From' (q_min); q_max is 1 and q_min 1."),
        ({"first": 5, "last": 4}, "last", "must be at least 'First' (first)"),
        ({"factor": 2.0}, "thickness", "'Thickness' (thickness) is needed with 'Scale' (factor)."),
    ],
)
def test_what_does_not_go_together_names_the_field(given: dict[str, object], field: str, words: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        complete_parameters(LIMITS, given)
    assert caught.value.field == field
    assert words in caught.value.detail
    assert caught.value.remedy


@pytest.mark.parametrize(
    "given", [{"first": 4, "last": 4}, {"first": 4, "last": None}, {"factor": None}, {"q_min": 0.5}]
)
def test_what_goes_together_is_taken(given: dict[str, object]) -> None:
    assert complete_parameters(LIMITS, given).items() >= given.items()


NEEDED: dict[str, dict[str, Any]] = {
    "rietveld": {
        "space_group": "P m -3 m",
        "a": 3.9,
        "wavelength": 1.5,
        "atoms": [{"label": "La", "element": "La", "x": 0, "y": 0, "z": 0}],
    },
    "xrf-map": {"photon_energy": 11.0},
    "fel-pulses": {"distance": 200.0, "photon_energy": 9.3},
}


@pytest.mark.parametrize("file", sorted(bundled("recipes").glob("*/parameters.py")), ids=lambda file: file.parent.name)
def test_a_recipe_and_its_schema_refuse_the_same(file: Path) -> None:
    """What the server can refuse before it queues is what the recipe itself would refuse in its job."""
    model = runpy.run_path(str(file))["Parameters"]
    schema, needed = model.model_json_schema(), NEEDED.get(file.parent.name, {})
    if "larger than" in file.read_text("utf-8") or "_row must not be smaller" in file.read_text("utf-8"):
        assert schema.get("x-ordered")
    for low, _, high in schema.get("x-ordered", ()):
        found = [_refusal(model, {**needed, low: more, high: less}) for more, less in ((20, 10), (-10, -20))]
        assert any(f"{high} must" in text for text in found), found
    for one, *others in schema.get("x-together", ()):
        assert "both" in _refusal(model, {**needed, one: 0.5, **dict.fromkeys(others)})


def _refusal(model: Any, values: dict[str, Any]) -> str:
    with pytest.raises(ValueError, match="validation error") as caught:
        model.model_validate(values)
    return str(caught.value)
