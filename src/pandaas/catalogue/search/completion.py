"""What may stand next in the search box, as it is typed: fields, names of parameters, values, units, words."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from typing import Literal

from sqlalchemy.orm import Session

from pandaas.catalogue.folding import fold, storable
from pandaas.catalogue.search.known import Known, KnownTo, starts
from pandaas.catalogue.search.language import ARRAY_KINDS, HAS, KINDS, STATES, Token, is_field, tokens
from pandaas.catalogue.search.units import units_for
from pandaas.catalogue.vocabulary import TechniqueTerm, Vocabulary
from pandaas.db import Database
from pandaas.model import Principal

Kind = Literal["field", "parameter", "value", "unit", "word"]
_MOST = 12
_LOOKED_UP = 60  # terms of the vocabulary
_NOTHING = TechniqueTerm("", "")
_SHARE = 5  # of one kind of value, where several kinds are offered
_FIELDS = {
    "technique": "technique:SAXS, its kinds included",
    "instrument": "name of an instrument",
    "proposal": "number or title of a proposal",
    "sample": "what was measured",
    "title": "words of the title",
    "facility": "where it was measured",
    "year": "year:2024, year:2020..2024",
    "date": "date:2025-06, date:2025-06-01..2025-06-07",
    "state": "open, embargoed, complete …",
    "kind": "raw, derived, calibration, mask",
    "has": "thumbnail, image, a parameter …",
    "format": "format of the file",
    "file": "name of a file",
    "definition": "NeXus application definition",
    "description": "words of the description",
    "pid": "the identifier itself",
}
_NUMBER_UNIT = re.compile(r"(?P<before>(?:[<>=≤≥]{1,2})?.*?\d\s*)(?P<unit>[^\W\d][^\s]*|[°Å%µ][^\s]*)?")


@dataclass(frozen=True)
class Completion:
    """`text` takes the place of the term being typed; `label` is what the list shows, `detail` stands beside it."""

    text: str
    label: str
    kind: Kind
    detail: str = ""


@dataclass(frozen=True)
class Completions:
    """`items` replace the characters from `start` to `end` of the box."""

    start: int
    end: int
    items: tuple[Completion, ...]


class Completer:
    """Offers only what stands in datasets that this person may discover."""

    def __init__(self, database: Database, known: Known, vocabulary: Vocabulary) -> None:
        self._database = database
        self._vocabulary = vocabulary
        self._known = known

    def complete(self, principal: Principal, text: str, caret: int) -> Completions:
        """Completions of the term at `caret` (a place in `text`, 0 … its length); at most 12."""
        at = max(0, min(caret, len(text)))
        token = _token_at(text, at)
        sign = "-" if token.negated else ""
        with self._database.read() as session:
            asked = _Asked(self._known.to(session, principal), self._known, session, self._vocabulary)
            found = asked.of_value(token) if token.field else asked.of_any(token)
            items = tuple(
                Completion(sign + one.text, one.label, one.kind, one.detail) for one in islice(_once(found), _MOST)
            )
        return Completions(token.start, token.end, items)


class _Asked:
    """One completion of one person."""

    def __init__(self, seen: KnownTo, known: Known, session: Session, vocabulary: Vocabulary) -> None:
        self._seen = seen
        self._known = known
        self._session = session
        self._vocabulary = vocabulary

    def of_any(self, token: Token) -> Iterator[Completion]:
        """A word that may become anything: a field, a parameter, a value, or stay a word."""
        part = fold(storable(token.value.strip('"')))
        for field, detail in _FIELDS.items():
            if field.startswith(part):
                yield Completion(f"{field}:", f"{field}:", "field", detail)
        if not part:
            return
        yield from islice(self._parameters(part), _SHARE)
        for values in (self._techniques, self._instruments, self._proposals):
            yield from islice(values(part), _SHARE)
        if len(part) >= 2:
            for sample in self._seen.values_of("sample", part, _SHARE):
                yield _value("sample", sample, "sample")
            begun = [word for word in _commonest(self._seen.begun(part)) if word != part]
            for word in begun[:_SHARE]:
                yield Completion(_quoted(word), word, "word")

    def of_value(self, token: Token) -> Iterable[Completion]:
        name, part = (token.field or "").lower(), fold(storable(token.value.strip('"')))
        listed: dict[str, Iterable[str]] = {"kind": sorted({*KINDS}), "state": sorted(STATES)}
        if name in listed:
            return [_value(name, one) for one in listed[name] if one.startswith(part)]
        match name:
            case "technique":
                return self._techniques(part)
            case "instrument" | "beamline":
                return self._instruments(part)
            case "proposal":
                return self._proposals(part)
            case "sample" | "facility" | "format":
                found = self._seen.values_of(name, part, _MOST)
                return [_value(name, one) for one in found]
            case "has":
                simple = [_value("has", one) for one in sorted({*HAS, *ARRAY_KINDS}) if one.startswith(part)]
                named = self._parameters(part) if part else iter(())
                return [*simple, *(Completion(f"has:{one.label}", one.label, "value", "parameter") for one in named)]
            case "title" | "description" | "file" if len(part) >= 2:
                return [_value(name, word) for word in _commonest(self._seen.begun(part))[:_MOST]]
        return () if is_field(name) else self._of_parameter(token, part)

    def _of_parameter(self, token: Token, part: str) -> Iterator[Completion]:
        """Units after a number, else the texts that this parameter has."""
        field = token.field or ""
        for name in self._known.named(self._session, self._seen, field, _SHARE):
            numeric = self._seen.numeric(name)
            typed = _NUMBER_UNIT.fullmatch(token.value)
            if numeric is not None and typed is not None:
                begun = (typed["unit"] or "").lower()
                for unit in units_for(numeric.si_unit, numeric.unit):
                    if unit.lower().startswith(begun):
                        whole = f"{field}:{typed['before'].strip()}{unit}"
                        yield Completion(whole, whole, "unit", "")
            elif numeric is not None and not token.value:
                unit = next(iter(units_for(numeric.si_unit, numeric.unit)), numeric.unit or "")
                for pattern, detail in (("{}..{}", "from … to …"), (">{}", "larger than"), ("<{}", "smaller than")):
                    example = pattern.format(1, 2)
                    yield Completion(f"{field}:{example}{unit}", f"{field}:{example} {unit}".strip(), "unit", detail)
            for value in self._seen.texts_of(name, part, _MOST):
                yield _value(field, value)

    def _parameters(self, part: str) -> Iterator[Completion]:
        every = self._known.all_names(self._session)
        fit = sorted(
            (name for name in every if starts(name, part)),
            key=lambda name: (not fold(name).startswith(part), len(name), name),
        )
        for name in fit[:200]:
            if self._seen.names([name]):
                yield Completion(f"{name}:", name, "parameter", "parameter")

    def _techniques(self, part: str) -> Iterator[Completion]:
        """Terms by any of their names that a visible dataset has, itself or a narrower one."""
        techniques = self._vocabulary.techniques()
        used = self._seen.techniques()
        branches = {iri for one in used for iri in (one, *(techniques.get(one) or _NOTHING).ancestors)}
        found = techniques.search(part, _LOOKED_UP) if part else [t for iri in used if (t := techniques.get(iri))]
        for term in found:
            if term.iri in branches and any(starts(name, part) for name in techniques.names(term.iri)):
                yield _value("technique", term.short, term.label if term.label != term.short else "technique")

    def _instruments(self, part: str) -> Iterator[Completion]:
        for name, title in self._seen.instruments():
            if starts(name, part) or starts(title, part) or part in fold(name):
                yield _value("instrument", name, title if title != name else "instrument")

    def _proposals(self, part: str) -> Iterator[Completion]:
        def fits(name: str, title: str) -> bool:
            return part in _folded(name) or (part in _folded(title) and starts(title, part))

        for name, title in self._seen.proposals(fits):
            yield _value("proposal", name, title if title != name else "proposal")


def _token_at(text: str, caret: int) -> Token:
    """The term that the caret stands in or behind; an empty one between terms."""
    for token in tokens(text):
        if token.start < caret <= token.end:
            return token
    return Token(caret, caret, negated=False, field=None, value="")


def _value(field: str, value: str, detail: str = "") -> Completion:
    text = f"{field}:{_quoted(value)}"
    return Completion(text, text, "value", detail)


def _quoted(value: str) -> str:
    plain = value.replace('"', "")
    return f'"{plain}"' if re.search(r"\s", plain) or plain.startswith("-") else plain


@lru_cache(maxsize=65_536)
def _folded(text: str) -> str:
    return fold(text)


def _commonest(counted: Counter[str]) -> list[str]:
    return sorted(counted, key=lambda word: (-counted[word], word))


def _once(found: Iterable[Completion]) -> Iterator[Completion]:
    seen: set[str] = set()
    for one in found:
        if one.text not in seen:
            seen.add(one.text)
            yield one
