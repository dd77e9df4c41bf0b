"""Files that hold a vocabulary of techniques: OWL in RDF/XML, ROBOT's CSV, or resolved JSON."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from pandaas.catalogue.folding import storable
from pandaas.catalogue.vocabulary.naming import Named, tidy
from pandaas.catalogue.vocabulary.owl import read_owl
from pandaas.catalogue.vocabulary.reasoning import Axioms, subsumers
from pandaas.catalogue.vocabulary.robot import read_robot
from pandaas.catalogue.vocabulary.terms import TechniqueTerm, is_technique
from pandaas.model import PANET, InvalidInput

_LARGEST = 50_000_000
_MOST_TERMS = 20_000
_LONGEST_IRI = 100
_LONGEST_NAME = 300
_REMEDY = "Give PaNET as OWL in RDF/XML, as its CSV source or as resolved JSON."


def read_terms(file: Path) -> tuple[list[TechniqueTerm], str | None]:
    """The techniques in `file` in its order, and the version it says; `InvalidInput` says what is wrong with it."""
    size = file.stat().st_size
    if size > _LARGEST:
        raise InvalidInput(f"'{file.name}' is larger than {_LARGEST:,} bytes.", remedy=_REMEDY, field="file")
    content = file.read_bytes()
    start = content.lstrip(b"\xef\xbb\xbf \t\r\n")[:1]
    if start == b"<":
        named, axioms, version = read_owl(content)
        terms = _reasoned(named, axioms)
    elif start in (b"[", b"{"):
        terms, version = _resolved(_json(_text(content))), None
    else:
        named, axioms, version = read_robot(_text(content))
        terms = _reasoned(named, axioms)
    if not terms:
        raise InvalidInput(f"'{file.name}' holds no technique.", remedy=_REMEDY, field="file")
    return terms, version


def _reasoned(named: Iterable[Named], axioms: Axioms) -> list[TechniqueTerm]:
    return _placed(named, subsumers(axioms, {one.iri for one in named}))


def _placed(named: Iterable[Named], broader: dict[str, set[str]]) -> list[TechniqueTerm]:
    """Terms with the direct parents among all broader ones."""
    kept: dict[str, Named] = {}
    for one in named:
        if one.label and one.iri not in kept:
            kept[one.iri] = _checked(one)
    if any(iri.startswith(PANET) for iri in kept):  # terms of other vocabularies only stand beside it
        kept = {iri: one for iri, one in kept.items() if is_technique(iri)}
    if len(kept) > _MOST_TERMS:
        raise InvalidInput(f"More than {_MOST_TERMS:,} terms are no vocabulary of techniques.", field="file")
    ancestors = {iri: frozenset(broader.get(iri, set()) & kept.keys()) - {iri} for iri in kept}
    return [
        TechniqueTerm(
            iri=iri,
            label=one.label,
            synonyms=tuple(name for name in dict.fromkeys(one.synonyms) if name != one.label),
            definition=one.definition,
            parents=tuple(sorted(_direct(iri, ancestors))),
            ancestors=ancestors[iri],
        )
        for iri, one in kept.items()
    ]


def _direct(iri: str, ancestors: dict[str, frozenset[str]]) -> set[str]:
    """The ancestors with nothing in between; a term that means the same is no parent."""
    above = {other for other in ancestors[iri] if iri not in ancestors[other]}
    between = {far for near in above for far in ancestors[near] if near not in ancestors[far]}
    return above - between


def _checked(one: Named) -> Named:
    if len(one.iri) > _LONGEST_IRI or ":" not in one.iri or any(c.isspace() for c in one.iri):
        raise InvalidInput(f"'{one.iri[:120]}' is no IRI of at most {_LONGEST_IRI} characters.", field="file")
    return Named(
        storable(one.iri),
        storable(one.label)[:_LONGEST_NAME],
        tuple(storable(name)[:_LONGEST_NAME] for name in one.synonyms),
        storable(one.definition) if one.definition else None,
    )


def _text(content: bytes) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InvalidInput("This is no text in UTF-8.", remedy=_REMEDY, field="file") from error


def _json(text: str) -> list[Any]:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InvalidInput(f"This is no readable JSON: {error}.", remedy=_REMEDY, field="file") from error
    if not isinstance(value, list):
        raise InvalidInput("This JSON is no list of terms.", remedy=_REMEDY, field="file")
    return value


def _resolved(items: list[Any]) -> list[TechniqueTerm]:
    named, broader = [], {}
    for number, item in enumerate(items, start=1):
        if not isinstance(item, dict):
            raise _wrong(number, "object")
        iri, label = _string(item, "id", number), tidy(_string(item, "label", number))
        definition = item.get("definition")
        named.append(
            Named(
                iri,
                label,
                tuple(map(tidy, _strings(item, "altLabels", number))),
                tidy(definition) if isinstance(definition, str) else None,
            )
        )
        broader[iri] = {*_strings(item, "ancestors", number), *_strings(item, "parents", number)}
    return _placed(named, _closed(broader))


def _closed(broader: dict[str, set[str]]) -> dict[str, set[str]]:
    """What follows when everything broader than something broader is broader too."""
    axioms = Axioms()
    for iri, others in broader.items():
        for other in others:
            axioms.subclass(iri, other)
    return subsumers(axioms, {*broader})


def _string(item: dict[str, Any], key: str, number: int) -> str:
    value = item.get(key)
    if not isinstance(value, str) or not value.strip():
        raise _wrong(number, f"'{key}'")
    return value


def _strings(item: dict[str, Any], key: str, number: int) -> list[str]:
    value = item.get(key)
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        raise _wrong(number, f"list of texts '{key}'")
    return value


def _wrong(number: int, what: str) -> InvalidInput:
    return InvalidInput(f"Term {number} of this JSON has no usable {what}.", remedy=_REMEDY, field="file")
