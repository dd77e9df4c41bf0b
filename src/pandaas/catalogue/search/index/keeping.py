"""Where the index comes from and how it stays right: loads or builds it, follows the log, builds anew when much changed.

Every server process keeps one of its own. The snapshot on disk is shared: one process at a time builds, the others take
the new one over.
"""

from __future__ import annotations

import fcntl
import gc
import multiprocessing
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event as Flag

import structlog
from sqlalchemy import func, select

from pandaas.catalogue.search.index import snapshot
from pandaas.catalogue.search.index.building import build, build_apart, fingerprint
from pandaas.catalogue.search.index.catalogue_index import CatalogueIndex
from pandaas.catalogue.search.index.following import Follower
from pandaas.catalogue.search.index.snapshot import Damaged, Snapshot
from pandaas.codecs import warm_units
from pandaas.config import Settings
from pandaas.db import Database
from pandaas.db.tables import Dataset

log = structlog.get_logger(__name__)
_BEHIND = 500  # events that a query waits for; for more it asks SQL
_ROUND = 5_000
_LOOK_S = 0.25
_SMALL = 20_000  # datasets, up to which building takes seconds and happens in this process
_CHANGED = 5_000  # rows that changed since the index was built, from which on it is built anew …
_OLD = 100_000  # events since it was built, which every start would have to go through
_PART = 0.01  # … when they are also this part of it


def index_folder(settings: Settings) -> Path:
    """Where the snapshots of this home lie; they may be deleted at any time."""
    return settings.home / "cache" / "search"


class Keeper:
    def __init__(self, database: Database, folder: Path) -> None:
        self.lock = threading.RLock()  # of the index in memory
        self._database = database
        self._folder = folder
        self._held: tuple[CatalogueIndex, Follower, Path] | None = None

    def current(self) -> CatalogueIndex | None:
        """The index, with all that was committed before this call; None while there is none or it lags far behind."""
        held = self._held
        if held is None:
            return None
        index, follower, _ = held
        return index if follower.catch_up(_BEHIND) else None

    def load(self) -> CatalogueIndex:
        """Take the snapshot on disk, or build one, and bring it up to date."""
        place = snapshot.newest(self._folder)
        if place is not None:
            try:
                return self._take(place)
            except Damaged as error:
                log.warning("search index built anew", reason=str(error))
        return self.rebuild()

    def rebuild(self) -> CatalogueIndex:
        """Build from the tables, whatever is on disk; or take what another process built while this one waited for it."""
        before = snapshot.newest(self._folder)
        with self._alone():
            place = snapshot.newest(self._folder)
            if place is not None and place != before:
                try:
                    return self._take(place)
                except Damaged as error:
                    log.warning("search index built anew", reason=str(error))
            return self._take(self._build())

    def run(self, stop: Flag) -> None:
        """Load, then follow until `stop` is set."""
        warm_units()
        if self._held is None:
            self.load()
        while not stop.wait(_LOOK_S):
            if self._held is None:
                return
            index, follower, place = self._held
            follower.catch_up(_ROUND)
            newest = snapshot.newest(self._folder)
            if newest is not None and newest != place:
                self._take(newest)
            elif follower.taken > _OLD or len(index.maps.recent) > max(_CHANGED, _PART * index.maps.base_length):
                self.rebuild()

    def _take(self, place: Path) -> CatalogueIndex:
        read = snapshot.read(place)
        self._check(read)
        index = CatalogueIndex(read)
        follower = Follower(self._database, index, read.position, self.lock)
        while not follower.catch_up(_ROUND):
            pass
        with self._database.read() as session:
            number = session.scalar(select(func.count()).select_from(Dataset)) or 0
        if number != len(index.maps.live) and follower.catch_up(_ROUND):
            raise Damaged(f"It holds {len(index.maps.live)} datasets of {number}.")
        self._held = (index, follower, place)
        gc.collect()
        gc.freeze()  # the collector need not go through all of it again and again, which took a fifth of a second each time
        return index

    def _check(self, read: Snapshot) -> None:
        if fingerprint(self._database, read.position) != read.last:
            raise Damaged("It is of another database.")

    def _build(self) -> Path:
        with self._database.read() as session:
            number = session.scalar(select(func.count()).select_from(Dataset)) or 0
        if number <= _SMALL:
            return snapshot.write(build(self._database), self._folder)
        before = snapshot.newest(self._folder)
        url = self._database.url.render_as_string(hide_password=False)
        child = multiprocessing.get_context("spawn").Process(target=build_apart, args=(url, self._folder), daemon=True)
        child.start()
        child.join()
        place = snapshot.newest(self._folder)
        if child.exitcode or place is None or place == before:
            log.warning("search index built in this process", exit=child.exitcode)
            return snapshot.write(build(self._database), self._folder)
        return place

    @contextmanager
    def _alone(self) -> Iterator[None]:
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        handle = os.open(self._folder / "lock", os.O_CREAT | os.O_RDWR, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield
        finally:
            os.close(handle)
