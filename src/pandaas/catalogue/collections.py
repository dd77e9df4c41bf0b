"""Collections: datasets that a person gathers to download, share or analyse together.

A collection opens nothing. Whoever looks at one, its owner too, sees those of its datasets that she may discover.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import Select, delete, func, or_, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from pandaas.access import MOST_AT_ONCE, Access, ReleaseSet
from pandaas.catalogue.folding import storable
from pandaas.catalogue.records import Records
from pandaas.catalogue.values import Card
from pandaas.db import Database, append, leave_notice
from pandaas.db.tables import Collection, CollectionItem, CollectionReader, Dataset, Person, ReviewerLink
from pandaas.identity import principal_of
from pandaas.model import ANONYMOUS, Action, Conflict, InvalidInput, NotFound, NotSignedIn, Principal

COLLECTION_PAGE = 50
_MOST = 200  # of one person
_MOST_ITEMS = 10_000


@dataclass(frozen=True)
class CollectionView:
    """`count` is of those of its datasets that the reader may see, `opened` of those that everyone may read.

    `datasets` is a page of the former, in order; `readers` are told to the owner only.
    """

    id: int
    name: str
    description: str | None
    owner: str
    mine: bool
    count: int
    opened: int
    changed: datetime
    datasets: tuple[Card, ...] = ()
    readers: tuple[str, ...] = ()


class Collections:
    def __init__(self, database: Database, access: Access, records: Records) -> None:
        self._database = database
        self._access = access
        self._records = records

    def all(self, principal: Principal) -> list[CollectionView]:
        """Her own and those shared with her, the latest changed first."""
        person = _person(principal)
        shared = select(CollectionReader.collection_id).where(CollectionReader.person_id == person)
        query = (
            select(Collection)
            .where(or_(Collection.person_id == person, Collection.id.in_(shared)))
            .order_by(Collection.changed.desc(), Collection.id.desc())
        )
        with self._database.read() as session:
            return [self._view(session, principal, row) for row in session.scalars(query)]

    def show(
        self, principal: Principal, collection_id: int, *, limit: int = COLLECTION_PAGE, offset: int = 0
    ) -> CollectionView:
        """With at most `limit` of its datasets in order, as far as this person may know of them."""
        with self._database.read() as session:
            row = self._readable(session, principal, collection_id)
            pids = self._seen(session, principal, row)[offset : offset + limit]
            view = self._view(session, principal, row, readers=True)
        return replace(view, datasets=tuple(self._records.cards(principal, pids)))

    def pids(self, principal: Principal, collection_id: int) -> list[str]:
        """All its datasets in order, as far as this person may know of them."""
        with self._database.read() as session:
            return self._seen(session, principal, self._readable(session, principal, collection_id))

    def create(
        self, principal: Principal, name: str, pids: Sequence[str] = (), description: str | None = None
    ) -> CollectionView:
        """`Conflict` when she has one of this name, or too many."""
        person, now = _person(principal), self._database.clock()
        row = Collection(person_id=person, name=_name(name), description=_text(description), created=now, changed=now)
        try:
            with self._database.session() as session:
                count = select(func.count()).select_from(Collection).where(Collection.person_id == person)
                if (session.scalar(count) or 0) >= _MOST:
                    raise Conflict(f"You have {_MOST} collections.", remedy="Delete some first.")
                session.add(row)
                session.flush()
                self._add(session, principal, row, pids)
        except IntegrityError as error:
            raise Conflict(
                f"You have a collection '{row.name}' already.", remedy="Choose another name.", field="name"
            ) from error
        return self.show(principal, row.id)

    def change(
        self, principal: Principal, collection_id: int, *, name: str | None = None, description: str | None = None
    ) -> CollectionView:
        try:
            with self._database.session() as session:
                row = self._own(session, principal, collection_id)
                if name is not None:
                    row.name = _name(name)
                if description is not None:
                    row.description = _text(description)
                row.changed = self._database.clock()
        except IntegrityError as error:
            raise Conflict(
                f"You have a collection '{name}' already.", remedy="Choose another name.", field="name"
            ) from error
        return self.show(principal, collection_id)

    def delete(self, principal: Principal, collection_id: int) -> None:
        """The collection goes, its datasets stay; a reader leaves it instead."""
        with self._database.session() as session:
            row = self._readable(session, principal, collection_id)
            if row.person_id == principal.person_id:
                session.delete(row)
            else:
                session.execute(
                    delete(CollectionReader).where(
                        CollectionReader.collection_id == row.id, CollectionReader.person_id == principal.person_id
                    )
                )

    def add(self, principal: Principal, collection_id: int, pids: Sequence[str]) -> CollectionView:
        """Add datasets behind what is there; what is in already stays. `NotFound` names one she may not see."""
        with self._database.session() as session:
            row = self._own(session, principal, collection_id)
            self._add(session, principal, row, pids)
            row.changed = self._database.clock()
        return self.show(principal, collection_id)

    def remove(self, principal: Principal, collection_id: int, pids: Sequence[str]) -> CollectionView:
        with self._database.session() as session:
            row = self._own(session, principal, collection_id)
            session.execute(
                delete(CollectionItem).where(
                    CollectionItem.collection_id == row.id, CollectionItem.dataset_pid.in_(pids)
                )
            )
            row.changed = self._database.clock()
        return self.show(principal, collection_id)

    def share(
        self, principal: Principal, collection_id: int, user: str, expires: datetime | None = None
    ) -> CollectionView:
        """Share every dataset in it that she sees with `user`, all or none, and show that person the collection."""
        with self._database.session() as session:
            row = self._own(session, principal, collection_id)
            person = session.scalars(select(Person).where(Person.user == user, Person.disabled.is_(False))).first()
            if person is None or person.id == principal.person_id:
                raise NotFound(f"There is no other active person '{user[:64]}'.", field="user")
            pids = self._seen(session, principal, row)
            her = principal_of(session, person, self._database.clock())
            unreadable = self._unreadable(session, her, pids)
            if unreadable:
                self._access.share_in(session, principal, unreadable, person.id, expires)
            if session.get(CollectionReader, (row.id, person.id)) is None:
                session.add(CollectionReader(collection_id=row.id, person_id=person.id))
            leave_notice(
                session,
                person.id,
                f"{principal.name} shared the collection “{row.name}” with you.",
                link=f"/collections/{row.id}",
                clock=self._database.clock,
            )
            append(
                session,
                "collection.shared",
                str(row.id),
                actor_id=principal.person_id,
                person_id=person.id,
                payload={"datasets": len(pids), "user": user},
                clock=self._database.clock,
            )
        return self.show(principal, collection_id)

    def unshare(self, principal: Principal, collection_id: int, user: str) -> CollectionView:
        """Take it back: that person sees the collection no more, nor those of its datasets that its owner shared with her,
        save those that another collection of hers still shares."""
        with self._database.session() as session:
            row = self._own(session, principal, collection_id)
            person = session.scalars(select(Person).where(Person.user == user)).first()
            reader = session.get(CollectionReader, (row.id, person.id)) if person is not None else None
            if person is None or reader is None:
                raise NotFound(f"The collection is not shared with '{user[:64]}'.", field="user")
            session.delete(reader)
            session.flush()
            elsewhere = set(session.scalars(_shared_with(row.person_id, person.id)))
            pids = [pid for pid in _pids(session, row) if pid not in elsewhere]
            self._access.unshare_in(session, principal, pids, person.id)
            append(
                session,
                "collection.unshared",
                str(row.id),
                actor_id=principal.person_id,
                person_id=person.id,
                payload={"user": user},
                clock=self._database.clock,
            )
        return self.show(principal, collection_id)

    def link(
        self, principal: Principal, collection_id: int, label: str, *, days: float = 60
    ) -> tuple[ReviewerLink, str]:
        """A reviewer's link to what she sees in it now; its secret is told once. What is added later is not in it."""
        with self._database.read() as session:
            row = self._own(session, principal, collection_id)
            pids = self._seen(session, principal, row)
        if not pids:
            raise InvalidInput("Nothing is in this collection.", remedy="Add datasets to it.", field="datasets")
        return self._access.create_link(principal, pids, label, days=days)

    def ask_release(self, principal: Principal, collection_id: int, release_time: datetime, reason: str) -> ReleaseSet:
        """Ask to open what she sees in it to everyone on one day: all that is not open yet, or nothing."""
        with self._database.read() as session:
            row = self._own(session, principal, collection_id)
            pids = self._seen(session, principal, row)
        if not 0 < len(pids) <= MOST_AT_ONCE:
            raise InvalidInput(f"1 to {MOST_AT_ONCE:,} datasets can be released together.", field="datasets")
        return self._access.ask_release_set(principal, pids, release_time, reason)

    def _unreadable(self, session: Session, principal: Principal, pids: Sequence[str]) -> list[str]:
        seen: set[str] = set()
        for start in range(0, len(pids), 500):
            visible = self._access.visible(principal, Dataset, Action.READ)
            query = select(Dataset.pid).where(Dataset.pid.in_(pids[start : start + 500]), visible)
            seen.update(session.scalars(query))
        return [pid for pid in pids if pid not in seen]

    def _add(self, session: Session, principal: Principal, row: Collection, pids: Sequence[str]) -> None:
        wanted = list(dict.fromkeys(pids))
        seen = {card.pid for card in self._records.cards(principal, wanted)}
        if missing := [pid for pid in wanted if pid not in seen]:
            raise NotFound(
                f"There is no dataset '{missing[0][:64]}', or you may not see it.",
                remedy="Check the name.",
                field="datasets",
            )
        inside = _pids(session, row)
        if len(inside) + len(wanted) > _MOST_ITEMS:
            raise InvalidInput(f"A collection holds {_MOST_ITEMS:,} datasets at most.", field="datasets")
        for position, pid in enumerate((pid for pid in wanted if pid not in set(inside)), start=len(inside)):
            session.add(CollectionItem(collection_id=row.id, dataset_pid=pid, position=position))
        session.flush()

    def _seen(self, session: Session, principal: Principal, row: Collection) -> list[str]:
        """Those of its datasets that this person may discover, in order."""
        query = select(CollectionItem.dataset_pid).join(Dataset, Dataset.pid == CollectionItem.dataset_pid)
        visible = self._access.visible(principal, Dataset, Action.DISCOVER)
        query = query.where(CollectionItem.collection_id == row.id, visible)
        return list(session.scalars(query.order_by(CollectionItem.position, CollectionItem.dataset_pid)))

    def _count(self, session: Session, principal: Principal, row: Collection, *, read: bool = False) -> int:
        query = select(func.count()).select_from(CollectionItem)
        query = query.join(Dataset, Dataset.pid == CollectionItem.dataset_pid)
        query = query.where(
            CollectionItem.collection_id == row.id, self._access.visible(principal, Dataset, Action.DISCOVER)
        )
        if read:
            query = query.where(self._access.visible(ANONYMOUS, Dataset, Action.READ))
        return session.scalar(query) or 0

    def _view(
        self, session: Session, principal: Principal, row: Collection, *, readers: bool = False
    ) -> CollectionView:
        mine = row.person_id == principal.person_id
        shared = (
            select(Person.user)
            .join(CollectionReader)
            .where(CollectionReader.collection_id == row.id)
            .order_by(Person.user)
        )
        return CollectionView(
            id=row.id,
            name=row.name,
            description=row.description,
            owner=session.get_one(Person, row.person_id).name,
            mine=mine,
            count=self._count(session, principal, row),
            opened=self._count(session, principal, row, read=True),
            changed=row.changed,
            readers=tuple(session.scalars(shared)) if mine and readers else (),
        )

    def _readable(self, session: Session, principal: Principal, collection_id: int) -> Collection:
        row = session.get(Collection, collection_id)
        person = _person(principal)
        reads = row is not None and session.get(CollectionReader, (row.id, person)) is not None
        if row is None or (row.person_id != person and not reads):
            raise NotFound(f"You have no collection {collection_id}.")
        return row

    def _own(self, session: Session, principal: Principal, collection_id: int) -> Collection:
        row = session.get(Collection, collection_id)
        if row is None or row.person_id != _person(principal):
            raise NotFound(f"You have no collection {collection_id} of your own.")
        return row


def _pids(session: Session, row: Collection) -> list[str]:
    query = select(CollectionItem.dataset_pid).where(CollectionItem.collection_id == row.id)
    return list(session.scalars(query.order_by(CollectionItem.position, CollectionItem.dataset_pid)))


def _shared_with(owner_id: int, person_id: int) -> Select[str]:
    """What collections of this owner share with this person."""
    return (
        select(CollectionItem.dataset_pid)
        .join(Collection, Collection.id == CollectionItem.collection_id)
        .join(CollectionReader, CollectionReader.collection_id == Collection.id)
        .where(Collection.person_id == owner_id, CollectionReader.person_id == person_id)
    )


def _person(principal: Principal) -> int:
    if principal.person_id is None:
        raise NotSignedIn("Only a person has collections.", remedy="Sign in.")
    return principal.person_id


def _name(name: str) -> str:
    told = " ".join(storable(name).split())
    if not 1 <= len(told) <= 120:
        raise InvalidInput("A name has 1 to 120 characters.", field="name")
    return told


def _text(text: str | None) -> str | None:
    return storable(text)[:5000] if text else None
