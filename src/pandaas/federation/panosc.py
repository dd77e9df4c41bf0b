"""The PaNOSC search API: `Datasets`, `Documents` and `Instruments` for whoever asks."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from pandaas.access import Access
from pandaas.catalogue import Narrowing, Vocabulary
from pandaas.db import Database
from pandaas.federation.comparing import LOWER, REGEXP, Comparing, lower, match
from pandaas.federation.conditions import Conditions
from pandaas.federation.filters import FilterError, Scope, read_filter, read_where
from pandaas.federation.naming import TechniqueNames
from pandaas.federation.narrowing import Narrower
from pandaas.federation.rows import Row, Rows, said_of
from pandaas.federation.scoring import Scoring
from pandaas.federation.sources import Source, World
from pandaas.model import NotFound, Principal

LONGEST_S = 20.0
_CHECKED_EVERY = 20_000  # steps of SQLite's machine


NarrowingFor = Callable[[Session, Principal], Narrowing | None]


@dataclass(frozen=True)
class Answer:
    """What is sent, and remarks on the filter (names that no model has)."""

    body: Any
    remarks: tuple[str, ...] = ()


class PanoscSearch:
    """Reads the database at every call; the access rule decides what is there at all for `principal`.

    `model` is Dataset, Document or Instrument. Filters come as the JSON texts of the address; `FilterError` says what
    is wrong with one, `NotFound` that there is no such row for this principal. `narrowing` is what the search index
    knows of what a principal may discover; without it, or while it is None, the tables answer alone.
    """

    def __init__(
        self, database: Database, access: Access, vocabulary: Vocabulary, narrowing: NarrowingFor | None = None
    ) -> None:
        self._narrowing = narrowing
        self._database = database
        self._access = access
        self._vocabulary = vocabulary

    def find(self, principal: Principal, model: str, filter_text: str | None, query: str | None = None) -> Answer:
        scope = read_filter(filter_text)
        words = scope.query if scope.query is not None else query
        with self._asking(principal) as asking:
            source = asking.source(model)
            if words is None or not words.strip():
                found = asking.rows.find(source, scope)
            else:
                scoring = Scoring(asking.session, asking.comparing, source, words[:500])
                found = asking.rows.find(source, scope, [scoring.matches()], scoring.score())
            return asking.answer([said_of(row, scope) | {"score": _score(row)} for row in found])

    def find_by_id(self, principal: Principal, model: str, pid: str, filter_text: str | None) -> Answer:
        """One row by any of its identifiers; a filter may include and choose fields."""
        asked = read_filter(filter_text)
        scope = Scope(where=asked.where, include=asked.include, fields=asked.fields, hidden=asked.hidden, limit=1)
        with self._asking(principal) as asking:
            source = asking.source(model)
            found = asking.rows.find(source, scope, [asking.identified(source, pid)])
            if not found:
                raise NotFound(
                    f"There is no {model} '{pid[:200]}'.", remedy="Write its identifier URL-encoded: '/' is %2F."
                )
            return asking.answer(said_of(found[0], scope))

    def count(self, principal: Principal, model: str, where_text: str | None) -> Answer:
        condition = read_where(where_text)
        with self._asking(principal) as asking:
            return asking.answer({"count": asking.rows.count(asking.source(model), condition)})

    def files(self, principal: Principal, pid: str, filter_text: str | None) -> Answer:
        """The files of a dataset that are asked for."""
        scope = read_filter(filter_text)
        with self._asking(principal) as asking:
            dataset = asking.one(pid)
            found: list[Row] = []
            for path in dataset.source.make().relations["files"].paths:
                source, on = _of(dataset, path)
                whole = Scope(scope.where, scope.include, order=scope.order, limit=None)
                found += asking.rows.find(source, whole, [on])
            last = scope.skip + scope.limit if scope.limit else None
            return asking.answer([said_of(row, scope) for row in found[scope.skip : last]])

    def count_files(self, principal: Principal, pid: str, where_text: str | None) -> Answer:
        condition = read_where(where_text)
        with self._asking(principal) as asking:
            dataset = asking.one(pid)
            number = 0
            for path in dataset.source.make().relations["files"].paths:
                source, on = _of(dataset, path)
                number += asking.rows.count(source, condition, [on])
            return asking.answer({"count": number})

    @contextmanager
    def _asking(self, principal: Principal) -> Iterator[_Asking]:
        techniques = self._vocabulary.techniques()
        world = World(principal, self._database.clock(), self._access, techniques)
        comparing = Comparing(is_sqlite=self._database.is_sqlite)
        with self._database.read() as session, _bounded(session, is_sqlite=self._database.is_sqlite):
            names = TechniqueNames(session, techniques)
            conditions = Conditions(comparing, names)
            known = self._narrowing(session, principal) if self._narrowing else None
            narrower = Narrower(session, conditions, known) if known else None
            yield _Asking(session, world, comparing, conditions, Rows(session, conditions, names, comparing, narrower))


@dataclass(frozen=True)
class _Asking:
    session: Session
    world: World
    comparing: Comparing
    conditions: Conditions
    rows: Rows

    def source(self, model: str) -> Source:
        made: Source = getattr(self.world, model.lower())()
        return made

    def identified(self, source: Source, pid: str) -> Any:
        prop = source.properties["pid"]
        wanted = pid.replace("\0", "")
        return prop.named([wanted]) if prop.named else prop.expression == wanted

    def one(self, pid: str) -> Row:
        source = self.world.dataset()
        found = self.rows.find(source, Scope(limit=1), [self.identified(source, pid)])
        if not found:
            raise NotFound(
                f"There is no Dataset '{pid[:200]}'.", remedy="Write its identifier URL-encoded: '/' is %2F."
            )
        return found[0]

    def answer(self, body: Any) -> Answer:
        return Answer(body, tuple(dict.fromkeys(self.conditions.unknown)))


def _of(dataset: Row, path: Any) -> tuple[Source, Any]:
    source, _ = path()
    return source, source.aliases[0].dataset_id == dataset.key


def _score(row: Row) -> float:
    return 0 if row.score is None else min(max(round(row.score, 6), 1e-6), 1 - 1e-6)


@contextmanager
def _bounded(session: Session, *, is_sqlite: bool) -> Iterator[None]:
    """A question that takes too long is ended; what SQLite doesn't know is given to the connection."""
    if not is_sqlite:
        session.execute(text(f"SET LOCAL statement_timeout = {int(LONGEST_S * 1000)}"))
        with _told():
            yield
        return
    connection: Any = session.connection().connection.driver_connection
    connection.create_function(REGEXP, 2, match, deterministic=True)
    connection.create_function(LOWER, 1, lower, deterministic=True)
    end = time.monotonic() + LONGEST_S
    connection.set_progress_handler(lambda: int(time.monotonic() > end), _CHECKED_EVERY)
    try:
        with _told():
            yield
    finally:
        connection.set_progress_handler(None, 0)


@contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except DBAPIError as error:
        reason = str(error.orig)
        if "interrupted" in reason or "statement timeout" in reason:
            raise FilterError(
                f"This takes longer than {LONGEST_S:g} seconds.",
                remedy="Ask for less, or narrow it down.",
                field="filter",
            ) from error
        if "regular expression" in reason:
            raise FilterError(
                "The database can't use this regular expression.", remedy="Write it more simply.", field="regexp"
            ) from error
        raise
