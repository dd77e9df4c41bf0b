"""Help with what was typed, in front of any engine: names of parameters by their last part, and one typo forgiven.

The query is rewritten as text, so an engine needs to know nothing of this; each rewritten term says so in its `note`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from pandaas.catalogue.search.known import Known, KnownTo
from pandaas.catalogue.search.language import ARRAY_KINDS, HAS, Between, Has, ParameterText, Term, Words, parse
from pandaas.catalogue.search.typos import is_one_typo
from pandaas.catalogue.search.units import scale
from pandaas.catalogue.values import Card, FacetCount, SearchQuery, SearchResult, UnderstoodTerm
from pandaas.catalogue.vocabulary import Vocabulary
from pandaas.db import Database
from pandaas.db.tables import Dataset, DatasetParameter
from pandaas.model import Principal

if TYPE_CHECKING:
    from pandaas.catalogue.search import Search

PreferredUnits = Callable[[Principal], Mapping[str, str]]  # SI unit → the unit that this person prefers

_SHOWN = 3
_SHORTEST = 4  # letters of a word in which a typo is looked for
_LONGEST_VALUE = 80
_MOST_WORDS = 6  # of one query
_DATASET, _PARAMETER = Dataset.__table__.c, DatasetParameter.__table__.c
_MATCHED = (
    select(
        _DATASET.pid,
        _PARAMETER.name,
        _PARAMETER.value,
        _PARAMETER.text,
        _PARAMETER.unit,
        _PARAMETER.si_value,
        _PARAMETER.si_unit,
    )
    .join_from(Dataset.__table__, DatasetParameter.__table__, _DATASET.id == _PARAMETER.dataset_id)
    .where(_DATASET.pid.in_(bindparam("pids", expanding=True)), _PARAMETER.name.in_(bindparam("names", expanding=True)))
    .order_by(_PARAMETER.name)
)


class GuidedSearch:
    """`Search` in front of another: what the other finds, for what was probably meant."""

    def __init__(
        self, engine: Search, database: Database, known: Known, vocabulary: Vocabulary, units: PreferredUnits
    ) -> None:
        self._engine = engine
        self._units = units
        self._database = database
        self._known = known
        self._vocabulary = vocabulary

    def search(self, principal: Principal, query: SearchQuery) -> SearchResult:
        terms = parse(query.text, self._vocabulary.techniques())
        written = self.resolved(principal, terms)
        chosen, query = query, self._with_narrower(query)
        result = self._engine.search(principal, replace(query, text=_joined(written)))
        if not result.total and any(isinstance(term.condition, (Words, ParameterText, Between)) for term in terms):
            forgiven = self._forgiven(principal, terms, written)
            if forgiven != written:
                second = self._engine.search(principal, replace(query, text=_joined(forgiven)))
                if second.total:
                    took = round(result.took_ms + second.took_ms, 2)
                    result, written = replace(second, took_ms=took), forgiven
        meant = parse(_joined(written), self._vocabulary.techniques())
        cards = self._explained(principal, result.results, meant)
        facets = result.facets | {"technique": _as_chosen(result.facets.get("technique", ()), chosen)}
        return replace(result, understood=_told(result.understood, terms, written), facets=facets, results=cards)

    def _explained(self, principal: Principal, cards: Sequence[Card], terms: Sequence[Term]) -> tuple[Card, ...]:
        """Cards that say with which values they matched, where parameters were asked for."""
        names = {name for term in terms if not term.negated and (name := _name(term)) is not None}
        if not names or not cards:
            return tuple(cards)
        of_these = {"pids": [card.pid for card in cards], "names": _cases(names)}
        told: dict[str, list[str]] = {}
        units = self._units(principal)
        with self._database.read() as session:
            for row in session.execute(_MATCHED, of_these):
                told.setdefault(row.pid, []).append(f"{row.name}: {_value_text(row, units)}")
        return tuple(
            replace(card, snippet=" · ".join([*([card.snippet] if card.snippet else []), *told[card.pid]]))
            if card.pid in told
            else card
            for card in cards
        )

    def meant(self, principal: Principal, query: SearchQuery) -> SearchQuery:
        """The query with names of parameters and narrower techniques written out, for any other answer about its hits."""
        terms = parse(query.text, self._vocabulary.techniques())
        return replace(self._with_narrower(query), text=_joined(self.resolved(principal, terms)))

    def _with_narrower(self, query: SearchQuery) -> SearchQuery:
        """A chosen technique is a branch: whatever is narrower counts as chosen too."""
        chosen = query.selected.get("technique")
        if not chosen:
            return query
        every = tuple(sorted(self._vocabulary.techniques().narrower_of(chosen)))
        return replace(query, selected=query.selected | {"technique": every})

    def resolved(self, principal: Principal, terms: Sequence[Term]) -> list[_Written]:
        """The terms with names as stored. A name that may mean several is left, and that is said."""
        if not any(_name(term) for term in terms):
            return [_Written(term.shown.text) for term in terms]
        with self._database.read() as session:
            seen = self._known.to(session, principal)
            return [self._named(session, seen, term) for term in terms]

    def _named(self, session: Session, seen: KnownTo, term: Term) -> _Written:
        name = _name(term)
        if name is None:
            return _Written(term.shown.text)
        found = self._known.named(session, seen, name, _SHOWN + 1)
        if not found or found[0] in (name, name.lower()):
            return _Written(term.shown.text)
        if len(found) == 1 or _same(found, name):
            return _Written(_renamed(term, found[0]), f"{name} is {found[0]}")
        told = ", ".join(found[:_SHOWN]) + (" …" if len(found) > _SHOWN else "")
        return _Written(_renamed(term, found[0]), f"{name} may mean {told}; shown is {found[0]}")

    def _forgiven(self, principal: Principal, terms: Sequence[Term], written: Sequence[_Written]) -> list[_Written]:
        """Each word and name that nothing visible has, replaced by the most frequent that is one typo away."""
        made = list(written)
        with self._database.read() as session:
            seen = self._known.to(session, principal)
            tried = 0
            for index, term in enumerate(terms):
                if term.negated or term.condition is None or tried >= _MOST_WORDS:
                    continue
                if isinstance(term.condition, Words):
                    better = self._word(seen, term.condition)
                    tried += 1
                else:
                    better = self._name_near(session, seen, term)
                if better:
                    others = f"; also near: {', '.join(better[1:_SHOWN])}" if better[1:] else ""
                    typed = term.condition.text if isinstance(term.condition, Words) else _name(term) or ""
                    note = f"Nothing has “{typed}”: shown is “{better[0]}”{others}"
                    made[index] = _Written(_reworded(term, better[0]), note)
        return made

    def _word(self, seen: KnownTo, condition: Words) -> list[str]:
        words = condition.text.split()
        if len(words) != 1 or len(words[0]) < _SHORTEST or seen.stands(condition):
            return []
        near = seen.near(words[0])
        return sorted(near, key=lambda word: (-near[word], word))

    def _name_near(self, session: Session, seen: KnownTo, term: Term) -> list[str]:
        name = _name(term)
        if name is None or len(name) < _SHORTEST or self._known.named(session, seen, name, 1):
            return []
        folded = name.lower()
        near = [
            one
            for one in self._known.all_names(session)
            if is_one_typo(folded, one.lower()) or is_one_typo(folded, one.lower().rpartition(".")[2])
        ]
        return seen.names(near[:20])


@dataclass(frozen=True)
class _Written:
    """A term as the engine is asked it, with what is to be said about it."""

    text: str
    note: str | None = None


def _name(term: Term) -> str | None:
    """The name of the parameter that a term asks for."""
    match term.condition:
        case Between(name=name) | ParameterText(name=name):
            return name
        case Has(what=what) if what not in HAS and what not in ARRAY_KINDS:
            return what
    return None


def _cases(names: Iterable[str]) -> list[str]:
    return sorted({case for name in names for case in (name, name.lower())})


def _value_text(row: Any, units: Mapping[str, str]) -> str:
    """A stored value, in the unit that is preferred for what it measures (SI unit → unit)."""
    if row.value is None:
        return (row.text or "")[:_LONGEST_VALUE]
    value, unit = row.value, row.unit
    wanted = units.get(row.si_unit) if row.si_value is not None else None
    if wanted and (by := scale(row.si_unit, wanted)):
        value, unit = by[0] * row.si_value + by[1], wanted
    return f"{value:.6g}" + (f" {unit}" if unit else "")


def _same(found: Sequence[str], name: str) -> bool:
    return all(one.lower() == name.lower() for one in found)


def _renamed(term: Term, name: str) -> str:
    sign = "-" if term.negated else ""
    if isinstance(term.condition, Has):
        return f"{sign}has:{name}"
    _, _, value = term.shown.text.removeprefix("-").partition(":")
    return f"{sign}{name}:{value}"


def _reworded(term: Term, word: str) -> str:
    if not isinstance(term.condition, Words):
        return _renamed(term, word)
    quoted = f'"{word}"' if ":" in word or word.startswith("-") else word
    return f"{term.shown.field}:{quoted}" if term.shown.field else quoted


def _joined(written: Iterable[_Written]) -> str:
    return " ".join(one.text for one in written)


def _as_chosen(values: Sequence[FacetCount], query: SearchQuery) -> tuple[FacetCount, ...]:
    """Techniques as the person chose them: narrower ones came along, but she did not choose them."""
    chosen = set(query.selected.get("technique", ()))
    marked = [
        value if value.selected == (value.value in chosen) else replace(value, selected=not value.selected)
        for value in values
    ]
    return tuple(value for value in marked if value.count or value.selected)


def _told(
    understood: Sequence[UnderstoodTerm], terms: Sequence[Term], written: Sequence[_Written]
) -> tuple[UnderstoodTerm, ...]:
    """What the engine understood, at the places where it stands in the box."""
    if len(understood) != len(terms):
        return tuple(term.shown for term in terms)
    return tuple(
        replace(one, text=term.shown.text, note=one.note or said.note)
        for one, term, said in zip(understood, terms, written, strict=True)
    )
