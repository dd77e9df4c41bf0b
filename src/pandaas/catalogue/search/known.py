"""Which names and words there are, as far as one person may know: for completion and for what was mistyped.

Names of parameters are few, so all are listed (one index step each) and kept until somebody writes; whether this person
may see a dataset that has one is asked for those that are about to be shown.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, Protocol

from sqlalchemy import ColumnElement, exists, func, literal, or_, select, text
from sqlalchemy.orm import Session

from pandaas.access import Access
from pandaas.catalogue.folding import FIELDS, fold, mark
from pandaas.catalogue.search.conditions import Conditions
from pandaas.catalogue.search.language import Words
from pandaas.catalogue.search.typos import is_one_typo, parts_of
from pandaas.db import Database, Memo
from pandaas.db.tables import Dataset, DatasetParameter, DatasetTechnique, Instrument, Proposal
from pandaas.model import Action, Principal

_MOST_NAMES = 50_000
_LOOKED_THROUGH = 3_000  # texts in which words are looked for
WORD_FIELDS = [
    f for f in FIELDS if f in {"title", "sample", "description", "proposal", "technique", "instrument", "file"}
]


@dataclass(frozen=True)
class NumericName:
    """A parameter with numbers: in which SI unit they are compared (None: as stored), in which one is stored."""

    name: str
    si_unit: str | None
    unit: str | None


class KnownTo(Protocol):
    """What there is of the datasets that one person may discover."""

    def names(self, fit: Iterable[str]) -> list[str]:
        """Those of `fit` (names of parameters as stored) that a visible dataset has, in the same order."""
        ...

    def numeric(self, name: str) -> NumericName | None:
        """How a parameter's numbers are measured; None where no visible dataset has a number under this name."""
        ...

    def texts_of(self, name: str, part: str, most: int) -> list[str]:
        """Values of a text parameter that hold `part` (folded), the most frequent first."""
        ...

    def values_of(self, field: str, part: str, most: int) -> list[str]:
        """Values of a column of datasets (sample, facility, format) whose folded text holds `part`."""
        ...

    def techniques(self) -> list[str]:
        """The PaNET terms that visible datasets have."""
        ...

    def instruments(self) -> Iterable[tuple[str, str]]:
        """Name and title of the instruments that measured visible datasets, by name."""
        ...

    def proposals(self, fits: Callable[[str, str], bool]) -> Iterable[tuple[str, str]]:
        """Name and title of the proposals that fit and have visible datasets, the newest first."""
        ...

    def begun(self, part: str) -> Counter[str]:
        """Words of visible datasets' texts that begin with `part` (folded), with the number of datasets."""
        ...

    def near(self, word: str) -> Counter[str]:
        """Words of visible datasets' texts that are one typo away from `word` (folded), with the number of datasets."""
        ...

    def stands(self, words: Words) -> bool:
        """A visible dataset has these words."""
        ...


class Index(Protocol):
    """What answers the same faster; None while it can't."""

    def known_to(self, session: Session, principal: Principal) -> KnownTo | None: ...

    def names(self) -> tuple[str, ...] | None: ...


class Known:
    """`KnownTo` of each person, and the names of parameters, whoever may see them."""

    def __init__(self, database: Database, access: Access, index: Index | None = None) -> None:
        self._database = database
        self._access = access
        self._index = index
        self._names: Memo[tuple[str, ...]] = Memo(database, limit=1)
        self._seen: Memo[bool] = Memo(database)

    def to(self, session: Session, principal: Principal) -> KnownTo:
        counted = self._index.known_to(session, principal) if self._index else None
        return counted or TablesKnown(session, principal, self._database, self._access, self._seen)

    def all_names(self, session: Session) -> tuple[str, ...]:
        """Every name as stored, whoever may see it: never shown without asking `KnownTo.names`."""
        counted = self._index.names() if self._index else None
        if counted is not None:
            return counted
        return self._names.get("", lambda: tuple(session.scalars(_NAMES, {"most": _MOST_NAMES})))

    def named(self, session: Session, seen: KnownTo, name: str, most: int) -> list[str]:
        """At most `most` names of what is seen that `name` may mean: the same but for capitals, else those whose last part
        it is. A name that only hidden data have counts as little as one that nothing has."""
        folded = name.lower()
        every = self.all_names(session)
        for fit in (
            (one for one in every if one.lower() == folded),
            (one for one in every if one.lower().endswith("." + folded)),
        ):
            if found := list(islice((one for one in fit if seen.names([one])), most)):
                return found
        return []


class TablesKnown:
    """`KnownTo` from the tables. Words are those of some thousand datasets."""

    def __init__(
        self, session: Session, principal: Principal, database: Database, access: Access, seen: Memo[bool]
    ) -> None:
        self._session = session
        self._principal = principal
        self._visible = [Dataset.is_latest.is_(True), access.visible(principal, Dataset, Action.DISCOVER)]
        self._conditions = Conditions(database.clock(), is_sqlite=database.is_sqlite)
        self._seen = seen

    def names(self, fit: Iterable[str]) -> list[str]:
        return [name for name in fit if self._has(DatasetParameter, DatasetParameter.name, name)]

    def numeric(self, name: str) -> NumericName | None:
        query = (
            select(DatasetParameter.si_unit, DatasetParameter.unit)
            .join(Dataset, Dataset.id == DatasetParameter.dataset_id)
            .where(DatasetParameter.name == name, DatasetParameter.value.is_not(None), *self._visible)
            .limit(1)
        )
        row = self._session.execute(query).first()
        return NumericName(name, row.si_unit, row.unit) if row else None

    def texts_of(self, name: str, part: str, most: int) -> list[str]:
        lowered = func.lower(func.coalesce(DatasetParameter.text, ""))
        query = (
            select(DatasetParameter.text, func.count().label("number"))
            .join(Dataset, Dataset.id == DatasetParameter.dataset_id)
            .where(DatasetParameter.name == name, DatasetParameter.text.is_not(None), *self._visible)
            .where(self._conditions.contains(lowered, part) if part else literal(1) == 1)
            .group_by(DatasetParameter.text)
            .order_by(func.count().desc(), DatasetParameter.text)
            .limit(most)
        )
        return [row.text for row in self._session.execute(query)]

    def values_of(self, field: str, part: str, most: int) -> list[str]:
        column = getattr(Dataset, field)
        within = [self._conditions.in_line(field, part)] if part else []
        query = (
            select(column, func.count().label("number"))
            .where(*self._visible, column.is_not(None), column != "", *within)
            .group_by(column)
            .order_by(func.count().desc(), column)
            .limit(most)
        )
        return [str(value) for value, _ in self._session.execute(query)]

    def techniques(self) -> list[str]:
        every = self._session.scalars(_TECHNIQUES, {"most": _MOST_NAMES})
        return [iri for iri in every if self._has(DatasetTechnique, DatasetTechnique.technique, iri)]

    def instruments(self) -> Iterable[tuple[str, str]]:
        has = exists().where(Dataset.instrument_id == Instrument.id, *self._visible)
        query = select(Instrument.name, Instrument.title).where(has).order_by(Instrument.name)
        return ((row.name, row.title) for row in self._session.execute(query))

    def proposals(self, fits: Callable[[str, str], bool]) -> Iterable[tuple[str, str]]:
        has = exists().where(Dataset.proposal_id == Proposal.id, *self._visible)
        query = select(Proposal.name, Proposal.title).where(has).order_by(Proposal.id.desc())
        return ((row.name, row.title) for row in self._session.execute(query) if fits(row.name, row.title))

    def begun(self, part: str) -> Counter[str]:
        return _fitting(self._words([part]), lambda word: word.startswith(part))

    def near(self, word: str) -> Counter[str]:
        return _fitting(self._words(parts_of(word)), lambda one: is_one_typo(word, one))

    def stands(self, words: Words) -> bool:
        clause = self._conditions.clause(words)
        found = select(literal(1)).select_from(Dataset).where(*self._visible, clause).limit(1)
        return self._session.scalar(found) is not None

    def _words(self, parts: Sequence[str]) -> Counter[str]:
        wanted: list[ColumnElement[bool]] = [self._conditions.contains(Dataset.search_text, part) for part in parts]
        query = select(Dataset.search_text).where(*self._visible, or_(*wanted)).limit(_LOOKED_THROUGH)
        counted: Counter[str] = Counter()
        for found in self._session.scalars(query):
            counted.update(words_of(found))
        return counted

    def _has(self, table: Any, column: Any, value: str) -> bool:
        """A visible dataset has a row in `table` with this value."""
        rows = (
            select(literal(1))
            .select_from(table)
            .join(Dataset, Dataset.id == table.dataset_id)
            .where(column == value, *self._visible)
        )
        return self._seen.get(
            (repr(self._principal), table.__tablename__, value),
            lambda: bool(self._session.scalar(select(literal(1)).where(exists(rows)))),
        )


def _fitting(counted: Counter[str], fits: Callable[[str], bool]) -> Counter[str]:
    return Counter({word: number for word, number in counted.items() if fits(word)})


def words_of(search_text: str) -> set[str]:
    """The words of a folded search text, of the fields that people write."""
    marks = {mark(field) for field in WORD_FIELDS}
    lines = (line[1:] for line in search_text.split("\n") if line[:1] in marks)
    return {bare(word) for line in lines for word in line.split()} - {""}


def bare(word: str) -> str:
    """A word without the marks around it."""
    return word.strip(".,;:()[]\"'|")


def starts(text: str, part: str) -> bool:
    """A word of `text` begins with `part` (folded)."""
    folded = fold(text)
    return folded.startswith(part) or any(
        f"{separator}{part}" in folded for separator in (" ", "-", "_", ".", "/", "(")
    )


# Loose index scans: the next value after each, however many rows carry it.
_NEXT = (
    "WITH RECURSIVE found(name) AS (SELECT min({column}) FROM {table} UNION ALL "
    "SELECT (SELECT min(p.{column}) FROM {table} p WHERE p.{column} > found.name) FROM found "
    "WHERE found.name IS NOT NULL) SELECT name FROM found WHERE name IS NOT NULL LIMIT :most"
)
_NAMES = text(_NEXT.format(table="dataset_parameter", column="name"))
_TECHNIQUES = text(_NEXT.format(table="dataset_technique", column="technique"))
