"""A metadata schema: a JSON Schema (2020-12) of a dataset's record, with a few words of our own.

`x-pandaas` names it and says what it applies to: `name`, and `techniques` (short or full labels, or IRIs), `instruments`,
`kinds` (empty or left out: all). Beside `required` an object may say `recommended`. A parameter's schema may say
`unit`: the value is compared in that unit, whatever it was stored in.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import jsonschema
from jsonschema.protocols import Validator

from pandaas.codecs import parse_unit
from pandaas.model import DatasetKind, InvalidInput, technique

LARGEST = 200_000  # characters
_DEEPEST = 32
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")
_APPLIES = {"name", "techniques", "instruments", "kinds"}


@dataclass(frozen=True)
class SchemaDocument:
    """A schema that was checked. `techniques` are PaNET IRIs; an empty list applies to all."""

    name: str
    version: int
    title: str
    techniques: tuple[str, ...]
    instruments: tuple[str, ...]
    kinds: tuple[str, ...]
    body: dict[str, Any] = field(hash=False, repr=False)

    @cached_property
    def validator(self) -> Validator:
        return jsonschema.Draft202012Validator(self.body)

    @property
    def label(self) -> str:
        return f"{self.name}/{self.version}"

    def applies(self, *, techniques: frozenset[str], instrument: str | None, kind: str) -> bool:
        return (
            (not self.techniques or not techniques.isdisjoint(self.techniques))
            and (not self.instruments or instrument in self.instruments)
            and (not self.kinds or kind in self.kinds)
        )


def read_schema(text: str | dict[str, Any], version: int = 1) -> SchemaDocument:
    """The schema in `text`, or `InvalidInput` that says where it is wrong."""
    body = _parsed(text) if isinstance(text, str) else text
    about = body.get("x-pandaas")
    if not isinstance(about, dict) or not isinstance(about.get("name"), str):
        raise InvalidInput(
            "The schema doesn't say its name.",
            remedy='Add "x-pandaas": {"name": "saxs", "techniques": ["SAXS"]}.',
            field="x-pandaas",
        )
    if unknown := sorted(set(about) - _APPLIES):
        raise InvalidInput(
            f"'x-pandaas' has no '{unknown[0][:60]}'.",
            remedy=f"It takes {', '.join(sorted(_APPLIES))}.",
            field="x-pandaas",
        )
    if not _NAME.fullmatch(about["name"]):
        raise InvalidInput(
            f"'{about['name'][:80]}' can't name a schema.",
            remedy="Use up to 64 small letters, digits and '-'.",
            field="x-pandaas.name",
        )
    _check(body)
    title = body.get("title")
    return SchemaDocument(
        name=about["name"],
        version=version,
        title=title if isinstance(title, str) else about["name"],
        techniques=tuple(_technique(one) for one in _texts(about, "techniques")),
        instruments=tuple(_texts(about, "instruments")),
        kinds=tuple(_kind(one) for one in _texts(about, "kinds")),
        body=body,
    )


def _parsed(text: str) -> dict[str, Any]:
    if len(text) > LARGEST:
        raise InvalidInput(f"A schema has at most {LARGEST:,} characters.", field="schema")
    try:
        body = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InvalidInput(f"This is no JSON: {error}.", field="schema") from error
    if not isinstance(body, dict):
        raise InvalidInput("A schema is a JSON object.", field="schema")
    return body


def _check(body: dict[str, Any]) -> None:
    for place, key, value in _walk(body, "schema", 0):
        if key in {"$ref", "$dynamicRef"} and not (isinstance(value, str) and value.startswith("#")):
            raise InvalidInput("A schema refers only to itself.", remedy="Copy the other schema in.", field=place)
        if key == "unit" and isinstance(value, str) and parse_unit(value) is None:
            raise InvalidInput(f"'{value[:40]}' is no unit that is understood.", field=place)
        is_list = isinstance(value, list) and all(isinstance(one, str) for one in value)
        if key == "recommended" and not (is_list or isinstance(value, dict)):
            raise InvalidInput("'recommended' is a list of names.", field=place)
    try:
        jsonschema.Draft202012Validator.check_schema(body)
    except jsonschema.SchemaError as error:
        where = "/".join(str(part) for part in error.absolute_path) or "schema"
        raise InvalidInput(f"This is no JSON Schema: {error.message[:300]}", field=where) from error


def _walk(value: Any, place: str, depth: int) -> Any:
    """(place, key, value) of every member of every object inside."""
    if depth > _DEEPEST:
        raise InvalidInput(f"A schema is nested at most {_DEEPEST} deep.", field=place)
    if isinstance(value, dict):
        for key, inner in value.items():
            yield f"{place}/{key}", key, inner
            yield from _walk(inner, f"{place}/{key}", depth + 1)
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _walk(inner, f"{place}/{index}", depth + 1)


def _texts(about: dict[str, Any], name: str) -> list[str]:
    found = about.get(name, [])
    if not isinstance(found, list) or not all(isinstance(one, str) for one in found):
        raise InvalidInput(f"'{name}' is a list of texts.", field=f"x-pandaas.{name}")
    return found


def _technique(text: str) -> str:
    found = technique(text) or technique(text.lower())
    if found is not None:
        return found.iri
    if text.startswith("http"):
        return text
    raise InvalidInput(
        f"'{text[:80]}' is no technique of the vocabulary.",
        remedy="Use a PaNET label or IRI.",
        field="x-pandaas.techniques",
    )


def _kind(text: str) -> str:
    if text not in set(DatasetKind):
        raise InvalidInput(
            f"There is no kind '{text[:40]}'.", remedy=f"Kinds are {', '.join(DatasetKind)}.", field="x-pandaas.kinds"
        )
    return text
