"""Saved searches: a query by name, alerts of what it finds anew, and its feed.

New is what was registered, or released, since the search was last looked at, and what the person may see: so a dataset is
told once, when it can first be opened. Alerts are notices, by mail as well where that is wanted.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Literal

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from pandaas.catalogue.cards import cards_of
from pandaas.catalogue.folding import storable
from pandaas.catalogue.search import Finder
from pandaas.catalogue.values import FACETS, Card, SearchQuery
from pandaas.db import Database, leave_notice
from pandaas.db.tables import Dataset, Person, SavedSearch
from pandaas.identity import digest, new_secret, principal_of
from pandaas.model import Conflict, InvalidInput, NotFound, NotSignedIn, Principal, PrincipalKind, Scope

Alert = Literal["none", "page", "mail"]
_MOST = 100  # of one person
_FEED = 50  # entries
_NAMED = 3
_LAPSE = timedelta(seconds=2)  # rows are dated before their transaction ends
_READER = frozenset({Scope.READ})


@dataclass(frozen=True)
class Saved:
    """A saved search. `has_feed`: an address with a key exists; the key itself is shown once."""

    id: int
    name: str
    query: SearchQuery
    alert: Alert
    has_feed: bool
    created: datetime


@dataclass(frozen=True)
class Feed:
    """What a feed shows: the newest hits that its owner may see."""

    id: int
    name: str
    query: SearchQuery
    owner: str
    updated: datetime
    entries: tuple[Card, ...]


class SavedSearches:
    """Every search belongs to one person and is answered with what she may see at that moment."""

    def __init__(self, database: Database, finder: Finder) -> None:
        self._database = database
        self._finder = finder

    def all(self, principal: Principal) -> list[Saved]:
        """This person's searches by name."""
        person = _person(principal)
        with self._database.read() as session:
            rows = session.scalars(
                select(SavedSearch).where(SavedSearch.person_id == person).order_by(SavedSearch.name)
            )
            return [_saved(row) for row in rows]

    def save(self, principal: Principal, name: str, query: SearchQuery, alert: Alert = "none") -> Saved:
        """Keep a query; `Conflict` when the name is taken or there are 100 already."""
        person, now = _person(principal), self._database.clock()
        row = SavedSearch(person_id=person, name=_name(name), alert=alert, created=now, checked=now, feed_hash=None)
        row.query = storable(query.text)[:2000]
        row.selected = {facet: list(query.selected[facet]) for facet in FACETS if query.selected.get(facet)}
        try:
            with self._database.session() as session:
                count = select(func.count()).select_from(SavedSearch).where(SavedSearch.person_id == person)
                if (session.scalar(count) or 0) >= _MOST:
                    raise Conflict(f"You have {_MOST} saved searches.", remedy="Delete some first.")
                session.add(row)
                session.flush()
        except IntegrityError as error:
            raise Conflict(
                f"You have a search '{row.name}' already.", remedy="Choose another name.", field="name"
            ) from error
        return _saved(row)

    def change(
        self, principal: Principal, search_id: int, *, name: str | None = None, alert: Alert | None = None
    ) -> Saved:
        """Rename a search, or say how she hears of new hits; from now on, not of what was there before."""
        try:
            with self._database.session() as session:
                row = _own(session, principal, search_id)
                if name is not None:
                    row.name = _name(name)
                if alert is not None and alert != row.alert:
                    row.checked = self._database.clock() if row.alert == "none" else row.checked
                    row.alert = alert
                session.flush()
                return _saved(row)
        except IntegrityError as error:
            raise Conflict(
                f"You have a search '{name}' already.", remedy="Choose another name.", field="name"
            ) from error

    def delete(self, principal: Principal, search_id: int) -> None:
        with self._database.session() as session:
            session.delete(_own(session, principal, search_id))

    def open_feed(self, principal: Principal, search_id: int) -> str:
        """A new key for the feed's address, shown now and never again; an older one ends."""
        secret = new_secret()
        with self._database.session() as session:
            _own(session, principal, search_id).feed_hash = digest(secret)
        return secret

    def close_feed(self, principal: Principal, search_id: int) -> None:
        with self._database.session() as session:
            _own(session, principal, search_id).feed_hash = None

    def feed(self, secret: str) -> Feed:
        """The newest hits as the owner may see them now; `NotFound` when the key doesn't work (any more)."""
        with self._database.read() as session:
            row = session.scalars(select(SavedSearch).where(SavedSearch.feed_hash == digest(secret))).first()
            person = session.get(Person, row.person_id) if row is not None else None
            if row is None or person is None or person.disabled:
                raise NotFound("This feed has ended.", remedy="Make a new one on the page of saved searches.")
            reader = principal_of(session, person, self._database.clock(), kind=PrincipalKind.TOKEN, scopes=_READER)
            query = self._finder.guide.meant(reader, _query(row))
            ids = self._finder.hits(session, reader, query).last_registered(_FEED)
            cards = cards_of(session, ids, self._database.clock())
            entries = tuple(cards[one] for one in ids)
            return Feed(
                row.id,
                row.name,
                _query(row),
                person.name,
                max((c.created for c in entries), default=row.created),
                entries,
            )

    def tell(self) -> int:
        """Leave a notice for every search with an alert that finds something new; how many were left."""
        until = self._database.clock() - _LAPSE
        with self._database.read() as session:
            due = select(SavedSearch.id).where(SavedSearch.alert != "none", SavedSearch.checked < until)
            ids = list(session.scalars(due.order_by(SavedSearch.checked)))
        return sum(self._tell(search_id, until) for search_id in ids)

    def _tell(self, search_id: int, until: datetime) -> bool:
        with self._database.read() as session:
            row = session.get(SavedSearch, search_id)
            person = session.get(Person, row.person_id) if row else None
            if row is None or person is None or person.disabled:
                return False
            reader = principal_of(session, person, self._database.clock())
            query = self._finder.guide.meant(reader, _query(row))
            fresh = list(session.scalars(select(Dataset.id).where(_between(row.checked, until))))
            found = self._finder.hits(session, reader, query).among(fresh) if fresh else []
            number = len(found)
            titles = [card.title for card in cards_of(session, sorted(found)[: -_NAMED - 1 : -1], until).values()]
        with self._database.session() as session:
            row = session.get(SavedSearch, search_id)
            if row is None:
                return False
            row.checked = until
            if number:
                self._leave(session, row, number, titles)
        return bool(number)

    def _leave(self, session: Session, row: SavedSearch, number: int, titles: Sequence[str]) -> None:
        new = "1 new dataset" if number == 1 else f"{number:,} new datasets"
        more = " …" if number > len(titles) else ""
        leave_notice(
            session,
            row.person_id,
            f"{new} in “{row.name}”: {'; '.join(titles)}{more}",
            link=f"/saved?open={row.id}",
            mail=f"{new} in “{row.name}”" if row.alert == "mail" else None,
            clock=self._database.clock,
        )


def _between(start: datetime, end: datetime) -> ColumnElement[bool]:
    """Registered or released after `start`, until `end`."""
    registered = and_(Dataset.created > start, Dataset.created <= end)
    return or_(registered, and_(Dataset.release_time > start, Dataset.release_time <= end))


def _own(session: Session, principal: Principal, search_id: int) -> SavedSearch:
    row = session.get(SavedSearch, search_id)
    if row is None or row.person_id != _person(principal):
        raise NotFound(f"You have no saved search {search_id}.")
    return row


def _person(principal: Principal) -> int:
    if principal.person_id is None:
        raise NotSignedIn("Only a person has saved searches.", remedy="Sign in.")
    return principal.person_id


def _name(name: str) -> str:
    told = " ".join(storable(name).split())
    if not 1 <= len(told) <= 120:
        raise InvalidInput("A name has 1 to 120 characters.", field="name")
    return told


def _query(row: SavedSearch) -> SearchQuery:
    selected: dict[str, Any] = row.selected
    return SearchQuery(row.query, {facet: tuple(map(str, selected[facet])) for facet in FACETS if selected.get(facet)})


def _saved(row: SavedSearch) -> Saved:
    alert: Alert = "mail" if row.alert == "mail" else "page" if row.alert == "page" else "none"
    return Saved(row.id, row.name, replace(_query(row), sort="newest"), alert, row.feed_hash is not None, row.created)
