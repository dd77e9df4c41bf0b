"""What may stand next in the search box, as it is typed: fields, names of parameters, values, units, words."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Literal

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from pandaas.catalogue.folding import fold, storable
from pandaas.catalogue.search.known import Known, starts
from pandaas.catalogue.search.language import ARRAY_KINDS, HAS, KINDS, STATES, Token, is_field, tokens
from pandaas.catalogue.search.units import units_for
from pandaas.catalogue.vocabulary import TechniqueTerm, Vocabulary
from pandaas.db import Database
from pandaas.db.tables import Dataset, Instrument, Proposal
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
            found = (
                self._of_value(session, principal, token) if token.field else self._of_any(session, principal, token)
            )
            items = tuple(
                Completion(sign + one.text, one.label, one.kind, one.detail) for one in islice(_once(found), _MOST)
            )
        return Completions(token.start, token.end, items)

    def _of_any(self, session: Session, principal: Principal, token: Token) -> Iterator[Completion]:
        """A word that may become anything: a field, a parameter, a value, or stay a word."""
        part = fold(storable(token.value.strip('"')))
        for field, detail in _FIELDS.items():
            if field.startswith(part):
                yield Completion(f"{field}:", f"{field}:", "field", detail)
        if not part:
            return
        yield from islice(self._parameters(session, principal, part), _SHARE)
        for values in (self._techniques, self._instruments, self._proposals):
            yield from islice(values(session, principal, part), _SHARE)
        if len(part) >= 2:
            for sample in self._known.values_of(session, principal, "sample", part, _SHARE):
                yield _value("sample", sample, "sample")
            counted = self._known.words(session, principal, [part])
            begun = [(word, number) for word, number in counted.items() if word.startswith(part) and word != part]
            for word, _ in sorted(begun, key=lambda one: (-one[1], one[0]))[:_SHARE]:
                yield Completion(_quoted(word), word, "word")

    def _of_value(self, session: Session, principal: Principal, token: Token) -> Iterable[Completion]:
        name, part = (token.field or "").lower(), fold(storable(token.value.strip('"')))
        listed: dict[str, Iterable[str]] = {"kind": sorted({*KINDS}), "state": sorted(STATES)}
        if name in listed:
            return [_value(name, one) for one in listed[name] if one.startswith(part)]
        match name:
            case "technique":
                return self._techniques(session, principal, part)
            case "instrument" | "beamline":
                return self._instruments(session, principal, part)
            case "proposal":
                return self._proposals(session, principal, part)
            case "sample" | "facility" | "format":
                found = self._known.values_of(session, principal, name, part, _MOST)
                return [_value(name, one) for one in found]
            case "has":
                simple = [_value("has", one) for one in sorted({*HAS, *ARRAY_KINDS}) if one.startswith(part)]
                named = self._parameters(session, principal, part) if part else iter(())
                return [*simple, *(Completion(f"has:{one.label}", one.label, "value", "parameter") for one in named)]
            case "title" | "description" | "file" if len(part) >= 2:
                counted = self._known.words(session, principal, [part])
                return [_value(name, word) for word, _ in counted.most_common(_MOST) if word.startswith(part)]
        return () if is_field(name) else self._of_parameter(session, principal, token, part)

    def _of_parameter(self, session: Session, principal: Principal, token: Token, part: str) -> Iterator[Completion]:
        """Units after a number, else the texts that this parameter has."""
        field = token.field or ""
        for name in self._known.names(session, principal, self._known.named(session, field)[:_SHARE]):
            numeric = self._known.numeric(session, principal, name)
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
            for value in self._known.texts_of(session, principal, name, part, _MOST):
                yield _value(field, value)

    def _parameters(self, session: Session, principal: Principal, part: str) -> Iterator[Completion]:
        every = self._known.all_names(session)
        fit = sorted(
            (name for name in every if starts(name, part)),
            key=lambda name: (not fold(name).startswith(part), len(name), name),
        )
        for name in fit[:200]:
            if self._known.names(session, principal, [name]):
                yield Completion(f"{name}:", name, "parameter", "parameter")

    def _techniques(self, session: Session, principal: Principal, part: str) -> Iterator[Completion]:
        """Terms by any of their names that a visible dataset has, itself or a narrower one."""
        techniques = self._vocabulary.techniques()
        used = self._known.techniques(session, principal)
        branches = {iri for one in used for iri in (one, *(techniques.get(one) or _NOTHING).ancestors)}
        found = techniques.search(part, _LOOKED_UP) if part else [t for iri in used if (t := techniques.get(iri))]
        for term in found:
            if term.iri in branches and any(starts(name, part) for name in techniques.names(term.iri)):
                yield _value("technique", term.short, term.label if term.label != term.short else "technique")

    def _instruments(self, session: Session, principal: Principal, part: str) -> Iterator[Completion]:
        has = exists().where(Dataset.instrument_id == Instrument.id, *self._known.visible(principal))
        for row in session.execute(select(Instrument.name, Instrument.title).where(has).order_by(Instrument.name)):
            if starts(row.name, part) or starts(row.title, part) or part in fold(row.name):
                yield _value("instrument", row.name, row.title if row.title != row.name else "instrument")

    def _proposals(self, session: Session, principal: Principal, part: str) -> Iterator[Completion]:
        has = exists().where(Dataset.proposal_id == Proposal.id, *self._known.visible(principal))
        query = select(Proposal.name, Proposal.title).where(has).order_by(Proposal.id.desc())
        for row in session.execute(query):
            if part in fold(row.name) or starts(row.title, part):
                yield _value("proposal", row.name, row.title if row.title != row.name else "proposal")


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


def _once(found: Iterable[Completion]) -> Iterator[Completion]:
    seen: set[str] = set()
    for one in found:
        if one.text not in seen:
            seen.add(one.text)
            yield one
