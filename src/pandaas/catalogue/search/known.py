"""Which names and words there are, as far as one person may know: for completion and for what was mistyped.

Names of parameters are few, so all are listed (one index step each) and kept until somebody writes; whether this person
may see a dataset that has one is asked for those that are about to be shown.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, exists, func, literal, or_, select, text
from sqlalchemy.orm import Session

from pandaas.access import Access
from pandaas.catalogue.folding import FIELDS, fold, mark
from pandaas.catalogue.search.conditions import Conditions
from pandaas.db import Database, Memo
from pandaas.db.tables import Dataset, DatasetParameter, DatasetTechnique
from pandaas.model import Action, Principal

_MOST_NAMES = 50_000
_LOOKED_THROUGH = 3_000  # texts in which words are looked for
_WORD_FIELDS = {"title", "sample", "description", "proposal", "technique", "instrument", "file"}


@dataclass(frozen=True)
class NumericName:
    """A parameter with numbers: how many visible datasets have one, in which SI unit (None: as stored), how stored."""

    name: str
    si_unit: str | None
    unit: str | None


class Known:
    """Answers only of what `principal` may discover."""

    def __init__(self, database: Database, access: Access) -> None:
        self._database = database
        self._access = access
        self._names: Memo[tuple[str, ...]] = Memo(database, limit=1)
        self._seen: Memo[bool] = Memo(database)

    def names(self, session: Session, principal: Principal, fit: Iterable[str]) -> list[str]:
        """Those of `fit` (names as stored) that a visible dataset has, in the same order."""
        return [name for name in fit if self._is_visible(session, principal, name)]

    def all_names(self, session: Session) -> tuple[str, ...]:
        """Every name as stored, whoever may see it: never shown without asking `names`."""
        return self._names.get("", lambda: tuple(session.scalars(_NAMES, {"most": _MOST_NAMES})))

    def named(self, session: Session, name: str) -> list[str]:
        """Stored names that `name` may mean: the same but for capitals, else those whose last part it is."""
        folded = name.lower()
        every = self.all_names(session)
        same = [one for one in every if one.lower() == folded]
        return same or [one for one in every if one.lower().endswith("." + folded)]

    def numeric(self, session: Session, principal: Principal, name: str) -> NumericName | None:
        """How a parameter's numbers are measured; None where no visible dataset has a number under this name."""
        query = (
            select(DatasetParameter.si_unit, DatasetParameter.unit)
            .join(Dataset, Dataset.id == DatasetParameter.dataset_id)
            .where(DatasetParameter.name == name, DatasetParameter.value.is_not(None), *self.visible(principal))
            .limit(1)
        )
        row = session.execute(query).first()
        return NumericName(name, row.si_unit, row.unit) if row else None

    def texts_of(self, session: Session, principal: Principal, name: str, part: str, most: int) -> list[str]:
        """Values of a text parameter that hold `part` (folded), the most frequent first."""
        lowered = func.lower(func.coalesce(DatasetParameter.text, ""))
        query = (
            select(DatasetParameter.text, func.count().label("number"))
            .join(Dataset, Dataset.id == DatasetParameter.dataset_id)
            .where(DatasetParameter.name == name, DatasetParameter.text.is_not(None), *self.visible(principal))
            .where(self._conditions().contains(lowered, part) if part else literal(1) == 1)
            .group_by(DatasetParameter.text)
            .order_by(func.count().desc(), DatasetParameter.text)
            .limit(most)
        )
        return [row.text for row in session.execute(query)]

    def values_of(self, session: Session, principal: Principal, field: str, part: str, most: int) -> list[str]:
        """Values of a column of datasets (sample, facility, format) whose folded text holds `part`."""
        column = getattr(Dataset, field)
        within = [self._conditions().in_line(field, part)] if part else []
        query = (
            select(column, func.count().label("number"))
            .where(*self.visible(principal), column.is_not(None), column != "", *within)
            .group_by(column)
            .order_by(func.count().desc(), column)
            .limit(most)
        )
        return [str(value) for value, _ in session.execute(query)]

    def techniques(self, session: Session, principal: Principal) -> list[str]:
        """The PaNET terms that visible datasets have."""
        every = session.scalars(_TECHNIQUES, {"most": _MOST_NAMES})
        return [iri for iri in every if self._has_technique(session, principal, iri)]

    def words(self, session: Session, principal: Principal, parts: Sequence[str]) -> Counter[str]:
        """Words of visible datasets' texts that hold one of `parts` (folded), with the number of datasets looked at."""
        conditions = self._conditions()
        wanted: list[ColumnElement[bool]] = [conditions.contains(Dataset.search_text, part) for part in parts]
        query = select(Dataset.search_text).where(*self.visible(principal), or_(*wanted)).limit(_LOOKED_THROUGH)
        counted: Counter[str] = Counter()
        for found in session.scalars(query):
            counted.update(word for word in words_of(found) if any(part in word for part in parts))
        return counted

    def visible(self, principal: Principal) -> list[ColumnElement[bool]]:
        return [Dataset.is_latest.is_(True), self._access.visible(principal, Dataset, Action.DISCOVER)]

    def _is_visible(self, session: Session, principal: Principal, name: str) -> bool:
        has = (
            select(literal(1))
            .select_from(DatasetParameter)
            .join(Dataset, Dataset.id == DatasetParameter.dataset_id)
            .where(DatasetParameter.name == name, *self.visible(principal))
        )
        return self._seen.get(
            (repr(principal), name), lambda: bool(session.scalar(select(literal(1)).where(exists(has))))
        )

    def _has_technique(self, session: Session, principal: Principal, iri: str) -> bool:
        has = (
            select(literal(1))
            .select_from(DatasetTechnique)
            .join(Dataset, Dataset.id == DatasetTechnique.dataset_id)
            .where(DatasetTechnique.technique == iri, *self.visible(principal))
        )
        return self._seen.get(
            (repr(principal), iri), lambda: bool(session.scalar(select(literal(1)).where(exists(has))))
        )

    def _conditions(self) -> Conditions:
        return Conditions(self._database.clock(), is_sqlite=self._database.is_sqlite)


def words_of(search_text: str) -> set[str]:
    """The words of a folded search text, of the fields that people write."""
    marks = {mark(field) for field in FIELDS if field in _WORD_FIELDS}
    lines = (line[1:] for line in search_text.split("\n") if line[:1] in marks)
    return {word.strip(".,;:()[]\"'|") for line in lines for word in line.split()} - {""}


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
