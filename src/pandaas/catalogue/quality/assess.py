"""Comparing one dataset with the schemas that apply to it: a score from 0 to 100 and what is wrong.

Every `required` name weighs 2, every `recommended` one 1, each once whichever schemas ask for it; the score is the weight
of what is there and valid, in per cent of all. What is there but wrong (out of bounds, another dimension) counts as
missing and is said differently. A dataset to which no schema applies has no score.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

from pandaas.catalogue.quality.schema import SchemaDocument
from pandaas.codecs import convert
from pandaas.db.tables import Dataset

Path = tuple[str, ...]
_WEIGHT = {"required": 2, "recommended": 1}
_MOST_FINDINGS = 100
_COMPARISONS = {
    "minimum": "at least",
    "maximum": "at most",
    "exclusiveMinimum": "above",
    "exclusiveMaximum": "below",
}


@dataclass(frozen=True)
class Finding:
    """One thing to mend. `field` is `sample`, `parameters.photon_energy` …"""

    field: str
    severity: Literal["required", "recommended"]
    message: str
    schema: str


@dataclass(frozen=True)
class Assessment:
    score: int
    findings: tuple[Finding, ...]
    schemas: tuple[str, ...]


def document_of(dataset: Dataset, instrument: str | None) -> dict[str, Any]:
    """The record as schemas see it. Parameters are `{name: {"value": …, "unit": …}}` until a schema asks for a unit."""
    found: dict[str, Any] = {
        "title": dataset.title,
        "description": dataset.description,
        "sample": dataset.sample,
        "facility": dataset.facility or None,
        "instrument": instrument,
        "start_time": dataset.start_time.isoformat() if dataset.start_time else None,
        "end_time": dataset.end_time.isoformat() if dataset.end_time else None,
        "techniques": [row.technique for row in dataset.techniques] or None,
        "definitions": list(dataset.definitions or []) or None,
        "licence": dataset.licence,
    }
    kept: dict[str, Any] = {name: value for name, value in found.items() if value not in (None, "")}
    kept["parameters"] = {
        row.name: {"value": row.value if row.value is not None else row.text, "unit": row.unit}
        for row in dataset.parameters
    }
    return kept


def compare(document: dict[str, Any], schemas: Iterable[SchemaDocument]) -> Assessment | None:
    """None when no schema is given."""
    weights: dict[Path, int] = {}
    worst: dict[Path, Finding] = {}
    names: list[str] = []
    for schema in schemas:
        names.append(schema.label)
        for path, severity in _wanted(schema.body):
            weights[path] = max(weights.get(path, 0), _WEIGHT[severity])
        for path, finding in _findings(document, schema):
            weights.setdefault(path, _WEIGHT[finding.severity])
            if path not in worst or _WEIGHT[finding.severity] > _WEIGHT[worst[path].severity]:
                worst[path] = finding
    if not names:
        return None
    total = sum(weights.values())
    lost = sum(weights[path] for path in worst)
    score = round(100 * (total - lost) / total) if total else 100
    ordered = sorted(worst.values(), key=lambda one: (one.severity != "required", one.field))
    return Assessment(score, tuple(ordered[:_MOST_FINDINGS]), tuple(names))


def _wanted(schema: dict[str, Any]) -> Iterator[tuple[Path, Literal["required", "recommended"]]]:
    for severity in ("required", "recommended"):
        for prefix, part in (((), schema), (("parameters",), _parameters(schema))):
            names = part.get(severity, [])
            yield from (((*prefix, name), severity) for name in names if (*prefix, name) != ("parameters",))


def _parameters(schema: dict[str, Any]) -> dict[str, Any]:
    found = schema.get("properties", {}).get("parameters", {})
    return found if isinstance(found, dict) else {}


def _findings(document: dict[str, Any], schema: SchemaDocument) -> Iterator[tuple[Path, Finding]]:
    severities = dict(reversed(list(_wanted(schema.body))))
    values, wrong = _in_units(document, schema.body)
    for path, message in wrong.items():
        yield path, _finding(path, severities.get(path, "required"), message, schema)
    for path, severity in severities.items():
        if _missing(values, path) and path not in wrong:
            yield path, _finding(path, severity, f"{_name(path)} is missing.", schema)
    for error in schema.validator.iter_errors(values):
        path = tuple(str(part) for part in error.absolute_path)
        if error.validator == "required" or path in wrong:
            continue
        yield path, _finding(path, severities.get(path, "required"), _message(path, error, schema.body), schema)


def _in_units(document: dict[str, Any], schema: dict[str, Any]) -> tuple[dict[str, Any], dict[Path, str]]:
    """The document with plain parameter values in the units the schema asks for, and what could not be converted."""
    properties = _parameters(schema).get("properties", {})
    values: dict[str, Any] = {}
    wrong: dict[Path, str] = {}
    for name, given in document["parameters"].items():
        wanted = properties.get(name, {}) if isinstance(properties, dict) else {}
        unit = wanted.get("unit") if isinstance(wanted, dict) else None
        value = given["value"]
        if unit is None or not isinstance(value, float):
            values[name] = value
        elif given["unit"] is None:
            wrong["parameters", name] = f"{_name(('parameters', name))} has no unit; {unit} or one like it is expected."
        else:
            converted = convert(value, given["unit"], unit)
            if converted is None:
                told = f"{_name(('parameters', name))} is given in {given['unit']}, which is no {unit}."
                wrong["parameters", name] = told
            else:
                values[name] = converted
    return {**document, "parameters": values}, wrong


def _missing(document: dict[str, Any], path: Path) -> bool:
    value: Any = document
    for part in path:
        if not isinstance(value, dict) or part not in value:
            return True
        value = value[part]
    return value is None or value == "" or (isinstance(value, float) and math.isnan(value))


def _message(path: Path, error: Any, schema: dict[str, Any]) -> str:
    if error.validator in _COMPARISONS and path[:1] == ("parameters",):
        properties = _parameters(schema).get("properties", {})
        unit = properties.get(path[-1], {}).get("unit")
        word = _COMPARISONS[error.validator]
        after = f" {unit}" if unit else ""
        return f"{_name(path)} is {error.instance:.6g}{after}; it should be {word} {error.validator_value:g}{after}."
    return f"{_name(path)}: {error.message[:200]}."


def _finding(path: Path, severity: str, message: str, schema: SchemaDocument) -> Finding:
    return Finding(".".join(path), "required" if severity == "required" else "recommended", message, schema.label)


def _name(path: Path) -> str:
    words = path[-1].replace("_", " ") if path else "record"
    return words[:1].upper() + words[1:]
