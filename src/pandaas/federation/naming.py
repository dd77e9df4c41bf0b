"""Techniques as the search API names them, and the deep meaning of conditions on them.

A technique stands for itself and everything narrower. `neq` is about the dataset: it has no tag of the set.
"""

from __future__ import annotations

import fnmatch
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from pandaas.catalogue import Techniques
from pandaas.db.tables import ForeignTechnique
from pandaas.federation.comparing import match, read_pattern
from pandaas.federation.filters import Compare, Text

_DEEP = ("eq", "inq")
_NAMES = {"name", "synonym", "synonyms", "pid", "panetId"}


@dataclass(frozen=True)
class Named:
    """What a technique is called: by the catalogue that it was imported from, else by the vocabulary."""

    key: str
    pid: str
    name: str
    panet: str | None

    def shown(self) -> dict[str, Any]:
        return {"pid": self.pid, "name": self.name, "panetId": self.panet}


class TechniqueNames:
    """The techniques of one request; what was imported is read once."""

    def __init__(self, session: Session, techniques: Techniques) -> None:
        self._techniques = techniques
        self._foreign = {row.key: row for row in session.scalars(select(ForeignTechnique))}

    def named(self, key: str) -> Named:
        row = self._foreign.get(key)
        if row is not None:
            return Named(key, row.pid, row.name, row.panet)
        return Named(key, key, self._techniques.label(key), key)

    def keys(self, asked: Compare | Text) -> frozenset[str]:
        """What datasets may be tagged with to fulfil a condition (its negation left aside)."""
        if isinstance(asked, Text):
            return self._matching(lambda one: asked.words.lower() in one.name.lower())
        if asked.name not in _NAMES:
            return frozenset()
        if asked.operator in _DEEP:
            return self._deep(str(value) for value in asked.values if value is not None)
        if asked.operator == "exists":
            return self._matching(lambda _: bool(asked.values[0]))
        return self._matching(lambda one: _compares(str(getattr(one, _field(asked.name)) or ""), asked))

    def _deep(self, values: Iterable[str]) -> frozenset[str]:
        keys: set[str] = set()
        for value in values:
            keys.add(value)
            keys.update(self._techniques.named(value))
            for row in self._foreign.values():
                if value in (row.pid, row.panet) or value.casefold() == row.name.casefold():
                    keys.update({row.key, row.panet or row.key})
        broad = self._techniques.narrower_of(keys) if keys else frozenset()
        foreign = {row.key for row in self._foreign.values() if row.panet in broad}
        return frozenset(keys | broad | foreign)

    def _matching(self, test: Any) -> frozenset[str]:
        known = {*self._techniques.terms, *self._foreign}
        return frozenset(key for key in known if test(self.named(key)))


def _field(name: str) -> str:
    return {"panetId": "panet", "pid": "pid"}.get(name, "name")


def _compares(text: str, asked: Compare) -> bool:
    first = str(asked.values[0])
    match asked.operator:
        case "like" | "ilike":
            ignore = asked.operator == "ilike" or asked.ignore_case
            return _like(text.lower() if ignore else text, first.lower() if ignore else first)
        case "regexp":
            pattern, ignore = read_pattern(asked)
            return bool(match(text, f"(?i){pattern}" if ignore else pattern))
        case "gt":
            return text > first
        case "gte":
            return text >= first
        case "lt":
            return text < first
        case "lte":
            return text <= first
        case _:
            return first <= text <= str(asked.values[1])


def _like(text: str, pattern: str) -> bool:
    if "%" not in pattern and "_" not in pattern:
        return pattern in text
    whole = pattern if "%" in pattern else f"%{pattern}%"
    replaced = {"%": "*", "_": "?", "*": "[*]", "?": "[?]", "[": "[[]"}
    return fnmatch.fnmatchcase(text, "".join(replaced.get(one, one) for one in whole))


def of_any(column: Any, keys: Iterable[str]) -> Any:
    return or_(column.in_(sorted(keys)))
