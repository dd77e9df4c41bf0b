"""Keeps an index right: takes over what the event log says has changed."""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import TypeVar

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session, aliased

from pandaas.catalogue.search.index.catalogue_index import CatalogueIndex
from pandaas.catalogue.search.index.maps import Maps
from pandaas.catalogue.search.index.rows import NEVER, Row, microseconds, read_rows
from pandaas.db import Database, EventTail, Position
from pandaas.db.tables import Dataset, DatasetAncestor, Event, Proposal, Relation

_BATCH = 500
Key = TypeVar("Key", int, str)
_NOTHING_STORED = ("proposal.member", "proposal.release")
_IN_PLACE = {"release_time", "datasets", "reason"}  # told of a proposal whose datasets' texts stay as they are


class Follower:
    """Brings `index` up to the event log. One thread at a time works; the index changes under `lock`."""

    def __init__(self, database: Database, index: CatalogueIndex, position: Position, lock: threading.RLock) -> None:
        self._database = database
        self._index = index
        self._lock = lock
        self._tail = EventTail(database, position)
        self._early: set[int] = set()  # events taken over although an older transaction is still running
        self._seen: int | str | None = None  # version of the database up to which all is taken over
        self._busy = threading.Lock()
        self.taken = 0  # events gone through since the index was built

    @property
    def position(self) -> Position:
        return self._tail.position

    def catch_up(self, most: int) -> bool:
        """Take over all that is committed, if it is not more than `most` events; True when nothing is left."""
        version = self._database.version()
        if version is not None and version == self._seen:
            return True
        with self._busy:
            version = self._database.version()  # before reading: what comes after it is seen next time
            done = 0
            while done < most:
                before = self._tail.position, self._early
                events = self._next()
                if not events:
                    self._seen = version
                    return True
                try:
                    self._take_over(events)
                except BaseException:  # taken over again next time; nothing that was done of it is wrong
                    self._tail.position, self._early = before
                    raise
                done += len(events)
                self.taken += len(events)
            return False

    def _next(self) -> list[Event]:
        settled = [event for event in self._tail.batch(_BATCH) if event.id not in self._early]
        if settled or self._database.is_sqlite:
            return settled
        waiting = [event for event in self._tail.unsettled(_BATCH) if event.id not in self._early]
        self._early = {event.id for event in self._tail.unsettled(_BATCH)}
        return waiting

    def _take_over(self, events: Sequence[Event]) -> None:
        pids = {event.subject for event in events if event.kind.startswith("dataset.")}
        registered = {event.subject for event in events if event.kind == "dataset.registered"}
        proposals: dict[int, set[str]] = {}
        for event in events:
            if event.proposal_id and _changes_a_proposal(event):
                proposals.setdefault(event.proposal_id, set()).update(event.payload)
        with self._database.read() as session:
            ids = _ids_of(session, pids | _sources(session, registered))
            ids |= self._proposals(session, proposals)
            anew = [proposal for proposal, changed in proposals.items() if not changed <= _IN_PLACE]
            for some in _batches(anew):
                ids.update(session.scalars(select(Dataset.id).where(Dataset.proposal_id.in_(some))))
            self._releases(session, _made_from(ids))
            rows = list(_rows(session, sorted(ids)))
        with self._lock:
            self._index.put(rows)

    def _proposals(self, session: Session, changed: Collection[int]) -> set[int]:
        """Take over the type of these proposals and the release times of their data; the ids of datasets not known yet."""
        unknown: set[int] = set()
        for some in _batches(changed):
            for proposal, type_ in session.execute(select(Proposal.id, Proposal.type).where(Proposal.id.in_(some))):
                with self._lock:
                    self._index.maps.set_type(proposal, type_)
            source = aliased(Dataset)
            made = (
                select(DatasetAncestor.dataset_id)
                .join(source, source.id == DatasetAncestor.ancestor_id)
                .where(source.proposal_id.in_(some))
            )
            unknown |= self._releases(session, [Dataset.proposal_id.in_(some), Dataset.id.in_(made)])
        return unknown

    def _releases(self, session: Session, of: Iterable[ColumnElement[bool]]) -> set[int]:
        """Take over the release times of these datasets; what was made from data follows them. The ids of unknown ones."""
        unknown: set[int] = set()
        for clause in of:
            found = session.execute(select(Dataset.id, Dataset.release_time).where(clause)).all()
            with self._lock:
                unknown |= {row.id for row in found if not _set_release(self._index.maps, row.id, row.release_time)}
        return unknown


def _changes_a_proposal(event: Event) -> bool:
    """Whether it may have changed what the index holds: principals are made anew, and releases come by the clock."""
    if not event.kind.startswith("proposal.") or event.kind.startswith(_NOTHING_STORED):
        return False
    return set(event.payload) != {"opened"}


def _made_from(ids: Iterable[int]) -> Iterable[ColumnElement[bool]]:
    """What was made from these."""
    ordered = sorted(ids)
    for start in range(0, len(ordered), _BATCH):
        some = DatasetAncestor.ancestor_id.in_(ordered[start : start + _BATCH])
        yield Dataset.id.in_(select(DatasetAncestor.dataset_id).where(some))


def _set_release(maps: Maps, id_: int, time: datetime | None) -> bool:
    return maps.set_release(id_, NEVER if time is None else microseconds(time))


def _ids_of(session: Session, pids: Iterable[str]) -> set[int]:
    found: set[int] = set()
    for some in _batches(pids):
        found.update(session.scalars(select(Dataset.id).where(Dataset.pid.in_(some))))
    return found


def _sources(session: Session, pids: Iterable[str]) -> set[str]:
    """What these datasets were made from: they have results now."""
    found: set[str] = set()
    for some in _batches(pids):
        found.update(session.scalars(select(Relation.object_pid).where(Relation.subject_pid.in_(some))))
    return found


def _batches(keys: Iterable[Key]) -> Iterable[list[Key]]:
    ordered = sorted(keys)
    return (ordered[start : start + _BATCH] for start in range(0, len(ordered), _BATCH))


def _rows(session: Session, ids: Sequence[int]) -> Iterable[Row]:
    for start in range(0, len(ids), _BATCH):
        yield from read_rows(session, ids[start : start + _BATCH])
