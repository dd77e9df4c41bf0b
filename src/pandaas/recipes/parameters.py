"""A recipe's parameters in the server: checked against the stored JSON Schema, completed, filled from metadata."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError, ValidationError, best_match
from referencing import Registry

from pandaas.codecs import convert
from pandaas.model import InvalidInput, Parameter

_MAX_BYTES = 262_144
_PHOTON_NAMES = {"photon_energy"}


def check_schema(schema: Any) -> dict[str, Any]:
    """Return the schema if it is one that forms and checks can be made from, else `InvalidInput`."""
    if not isinstance(schema, dict) or schema.get("type") != "object":
        raise InvalidInput("The parameters' JSON Schema is no object.", remedy="parameters.py defines 'Parameters'.")
    try:
        Draft202012Validator.check_schema(schema)
    except SchemaError as error:
        raise InvalidInput(f"The parameters' JSON Schema is wrong: {error.message}.") from error
    if any(not str(target).startswith("#") for target in _references(schema)):
        raise InvalidInput("The parameters' JSON Schema refers to something outside of it.")
    return schema


def _references(node: Any) -> Iterator[Any]:
    if isinstance(node, dict):
        if "$ref" in node and not isinstance(node["$ref"], dict):
            yield node["$ref"]
        for value in node.values():
            yield from _references(value)
    elif isinstance(node, list):
        for value in node:
            yield from _references(value)


def complete_parameters(schema: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """The given parameters with the recipe's defaults for the rest. `InvalidInput` names the field at fault."""
    properties = schema.get("properties", {})
    unknown = sorted(set(given) - set(properties))
    if unknown:
        raise InvalidInput(
            f"This recipe has no parameter '{unknown[0]}'.",
            remedy=f"It has: {', '.join(properties) or 'none'}.",
            field=unknown[0],
        )
    _refuse_odd(given)
    validator = Draft202012Validator(schema, registry=Registry())  # an empty registry: nothing is fetched
    found = best_match(validator.iter_errors(dict(given)))
    if found is not None:
        raise _complaint(found, properties)
    complete = {**defaults_from_schema(schema), **given}
    _refuse_what_does_not_go_together(schema, complete)
    return complete


def _refuse_what_does_not_go_together(schema: Mapping[str, Any], values: Mapping[str, Any]) -> None:
    """What JSON Schema has no word for: `x-ordered` lists [low, "<" or "<=", high], `x-together` names of which all or none are given."""
    properties = schema.get("properties", {})
    for low, sign, high in schema.get("x-ordered", ()):
        first, last = values.get(low), values.get(high)
        if first is None or last is None or first < last or (sign == "<=" and first == last):
            continue
        bound = "larger than" if sign == "<" else "at least"
        raise InvalidInput(
            f"'{_title(high, properties)}' ({high}) must be {bound} '{_title(low, properties)}' ({low}); {high} is {last:g} and {low} {first:g}.",
            remedy="Change one of them.",
            field=high,
        )
    for names in schema.get("x-together", ()):
        missing = [name for name in names if values.get(name) is None]
        if missing and len(missing) < len(names):
            given = next(name for name in names if name not in missing)
            raise InvalidInput(
                f"'{_title(missing[0], properties)}' ({missing[0]}) is needed with '{_title(given, properties)}' ({given}).",
                remedy="Give both, or none.",
                field=missing[0],
            )


def defaults_from_schema(schema: Mapping[str, Any]) -> dict[str, Any]:
    properties: Mapping[str, Mapping[str, Any]] = schema.get("properties", {})
    return {name: field["default"] for name, field in properties.items() if "default" in field}


def default_from_metadata(
    field: Mapping[str, Any], parameters: Mapping[str, Parameter]
) -> tuple[float | str, Parameter] | None:
    """The value of the first dataset parameter that the field's `from` names, in the field's `unit`."""
    wanted = field.get("from") or ()
    for name in [wanted] if isinstance(wanted, str) else wanted:
        parameter = parameters.get(name)
        value = in_unit(parameter, field.get("unit")) if parameter else None
        if parameter is not None and value is not None:
            return _as_type(field, value), parameter
    return None


def in_unit(parameter: Parameter, unit: str | None) -> float | str | None:
    """The parameter's value in `unit`; None where that is impossible. Text and unitless values stay as they are."""
    if isinstance(parameter.value, str):
        return parameter.value if not unit else None
    if not unit or unit == parameter.unit:
        return parameter.value
    if parameter.unit is not None:
        photon = parameter.name in _PHOTON_NAMES  # energy and wavelength of a photon are one quantity
        found = convert(parameter.value, parameter.unit, unit, photon=photon)
        if found is not None:
            return found
    if parameter.si_value is None or parameter.si_unit is None:
        return None
    return convert(parameter.si_value, parameter.si_unit, unit)


def _refuse_odd(given: Mapping[str, Any]) -> None:
    for name, value in given.items():
        if isinstance(value, float) and not math.isfinite(value):
            raise InvalidInput(f"'{name}' must be a number.", remedy="Give a finite number.", field=name)
    try:
        size = len(json.dumps(given, allow_nan=False))
    except (ValueError, TypeError) as error:
        raise InvalidInput(f"The parameters can't be written down: {error}.", field="parameters") from error
    if size > _MAX_BYTES:
        raise InvalidInput("The parameters are too long.", remedy="Give long lists as a dataset.", field="parameters")


def _complaint(error: ValidationError, properties: Mapping[str, Any]) -> InvalidInput:
    path = [str(part) for part in error.absolute_path]
    wanted: Any = error.validator_value
    instance: Any = error.instance
    field = ".".join(path)
    if error.validator == "required":
        missing = next((name for name in wanted if name not in instance), "")
        field = ".".join([*path, missing])
        return InvalidInput(f"'{_title(field, properties)}' is needed.", remedy="Give a value.", field=field)
    unit = properties.get(path[0], {}).get("unit", "") if path else ""
    shown = json.dumps(error.instance)[:100]
    if error.validator in _BOUNDS:
        limit = f"{wanted} {unit}".strip()
        text = f"'{_title(field, properties)}' must be {_BOUNDS[str(error.validator)]} {limit}; it is {shown}."
        around: Any = error.schema
        bounds = [f"{words} {around[name]:g}" for name, words in _BOUNDS.items() if name in around]
        remedy = f"Give a value that is {' and '.join(bounds)} {unit}".strip() + "."
        return InvalidInput(text, remedy=remedy, field=field)
    if error.validator == "enum":
        choices = ", ".join(map(str, wanted))
        return InvalidInput(
            f"'{_title(field, properties)}' can't be {shown}.", remedy=f"Choose {choices}.", field=field
        )
    return InvalidInput(f"'{_title(field, properties)}': {error.message[:300]}.", remedy="Change it.", field=field)


_BOUNDS = {
    "minimum": "at least",
    "maximum": "at most",
    "exclusiveMinimum": "more than",
    "exclusiveMaximum": "less than",
}


def _title(field: str, properties: Mapping[str, Any]) -> str:
    return str(properties.get(field, {}).get("title") or field or "parameters")


def _as_type(field: Mapping[str, Any], value: float | str) -> float | str:
    kinds = {field.get("type"), *(option.get("type") for option in field.get("anyOf", ()))}
    if isinstance(value, float) and "integer" in kinds and "number" not in kinds:
        return round(value)
    return float(f"{value:.12g}") if isinstance(value, float) else value
