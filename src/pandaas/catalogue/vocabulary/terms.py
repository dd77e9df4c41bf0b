"""Techniques as a vocabulary: terms with names, and the index that finds them, their narrower terms and their tree."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from pandaas.catalogue.folding import fold
from pandaas.model import BY_IRI, PANET

_ROOT = PANET + "PaNET00001"  # photon and neutron technique: everything, so it is nowhere shown as a branch
_DEFINED_BY = tuple(PANET + f"PaNET0000{number}" for number in (2, 3, 4, 5))
_TECHNIQUE_NUMBER = re.compile(r"PaNET\d{5}")
_WORD_BREAK = re.compile(r"[\W_]+")


@dataclass(frozen=True)
class TechniqueTerm:
    """One technique. `parents` are its directly broader terms, `ancestors` all broader ones, itself not among them.

    Terms that mean the same are ancestors of each other, but not parents.
    """

    iri: str
    label: str
    synonyms: tuple[str, ...] = ()
    definition: str | None = None
    parents: tuple[str, ...] = ()
    ancestors: frozenset[str] = frozenset()

    @property
    def short(self) -> str:
        """What fits on a chip: the platform's own short name, or the label."""
        known = BY_IRI.get(self.iri)
        return known.short if known else self.label


@dataclass(frozen=True)
class Release:
    """Where the vocabulary in use comes from. `loaded` False: the few terms that the platform itself knows."""

    source: str
    version: str | None = None
    loaded: bool = False


class Techniques:
    """Terms by IRI and by name; immutable, cheap to ask."""

    def __init__(self, terms: Iterable[TechniqueTerm], release: Release) -> None:
        self.release = release
        self.terms: dict[str, TechniqueTerm] = {term.iri: term for term in terms}
        self._narrower: dict[str, set[str]] = {iri: {iri} for iri in self.terms}
        self._children: dict[str, list[str]] = {iri: [] for iri in self.terms}
        self._named: dict[str, list[str]] = {}
        for term in self.terms.values():
            self._place(term)
        for names in self._children.values():
            names.sort(key=self.label)

    def _place(self, term: TechniqueTerm) -> None:
        for ancestor in term.ancestors:
            self._narrower.setdefault(ancestor, {ancestor}).add(term.iri)
        for parent in term.parents:
            self._children.setdefault(parent, []).append(term.iri)
        for name in dict.fromkeys(map(_plain, (term.label, *term.synonyms, term.short))):
            self._named.setdefault(name, []).append(term.iri)

    def __len__(self) -> int:
        return len(self.terms)

    def get(self, iri: str) -> TechniqueTerm | None:
        return self.terms.get(iri)

    def label(self, iri: str) -> str:
        """The label of a term, or the last part of an IRI that is not known."""
        term = self.terms.get(iri)
        return term.label if term else _number(iri)

    def short(self, iri: str) -> str:
        term = self.terms.get(iri)
        return term.short if term else _number(iri)

    def names(self, iri: str) -> tuple[str, ...]:
        """Every name of a term: short name, label, synonyms."""
        term = self.terms.get(iri)
        return tuple(dict.fromkeys((term.short, term.label, *term.synonyms))) if term else ()

    def narrower(self, iri: str) -> frozenset[str]:
        """The term itself and everything narrower, over any number of steps."""
        return frozenset(self._narrower.get(iri, {iri}))

    def narrower_of(self, iris: Iterable[str]) -> frozenset[str]:
        return frozenset().union(*(self.narrower(iri) for iri in iris))

    def named(self, name: str) -> tuple[str, ...]:
        """The terms of this very IRI, number (`PaNET01124`), label, synonym or short name; case and accents don't count."""
        iri = name.strip()
        for known in (iri, PANET + iri):
            if known in self.terms:
                return (known,)
        return tuple(self._named.get(_plain(name), ()))

    def search(self, text: str, limit: int = 20) -> tuple[TechniqueTerm, ...]:
        """Terms with all words of `text` in one of their names, best first: the name itself, its beginning, a word in it."""
        words = _plain(text).split()
        found = []
        for term in self.terms.values():
            ranks = [rank for name in self.names(term.iri) if (rank := _rank(_plain(name), words)) is not None]
            if ranks:
                found.append((min(ranks), len(term.label), term.label, term.iri))
        return tuple(self.terms[iri] for *_, iri in sorted(found)[:limit])

    def is_tag(self, iri: str) -> bool:
        """Whether data may be tagged with it: not with the root, nor with the categories that only order the tree."""
        return iri != _ROOT and iri not in _DEFINED_BY

    def roots(self) -> tuple[str, ...]:
        """Where the tree begins: the "defined by" categories, then by label what stands below none of them."""
        first = [iri for iri in _DEFINED_BY if iri in self.terms]
        tops = [
            iri
            for iri, term in self.terms.items()
            if iri != _ROOT and iri not in first and not set(term.parents) - {_ROOT}
        ]
        return (*first, *sorted(tops, key=self.label))

    def children(self, iri: str) -> tuple[str, ...]:
        """The directly narrower terms, by label; a term with several parents is a child of each."""
        return tuple(self._children.get(iri, ()))


def is_technique(iri: str) -> bool:
    """Whether an IRI is PaNET's and names a technique (five digits), not a specifier or relation."""
    return iri.startswith(PANET) and _TECHNIQUE_NUMBER.fullmatch(iri.removeprefix(PANET)) is not None


def _plain(name: str) -> str:
    return _WORD_BREAK.sub(" ", fold(name)).strip()


def _rank(name: str, words: list[str]) -> int | None:
    """0 the name itself, 1 it begins so, 2 a word begins so, 3 somewhere in it; None: not all words are in it."""
    wanted = " ".join(words)
    if not words or not all(word in name for word in words):
        return None
    if name == wanted:
        return 0
    if name.startswith(wanted):
        return 1
    return 2 if all(f" {word}" in f" {name}" for word in words) else 3


def _number(iri: str) -> str:
    return iri.rstrip("/").rsplit("/", 1)[-1].rsplit("#", 1)[-1]
