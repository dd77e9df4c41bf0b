"""Answers from the tables, kept while nobody writes to the database."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from datetime import datetime, timedelta
from typing import Generic, TypeVar

from pandaas.db.engine import Database

_LONGEST = timedelta(seconds=1)
Value = TypeVar("Value")


class Memo(Generic[Value]):
    """Thread-safe. What it gives is what the tables say now: any commit, by whatever process, makes it forget everything.

    Answers that also depend on the clock are at most a second old.
    """

    def __init__(self, database: Database, limit: int = 4096) -> None:
        self._database = database
        self._limit = limit
        self._version: int | str | None = None
        self._kept: OrderedDict[Hashable, tuple[datetime, Value]] = OrderedDict()
        self._lock = threading.Lock()

    def peek(self, key: Hashable) -> Value | None:
        """The answer if it is kept and the database tells at once, without network, that it still holds."""
        return self._look(key, self._database.version()) if self._database.tells_version_at_once else None

    def get(self, key: Hashable, make: Callable[[], Value]) -> Value:
        """The answer, made by `make` if it is not kept; what `make` raises is not kept."""
        version = self._database.version()
        found = self._look(key, version)
        if found is not None:
            return found
        made = self._database.clock()
        value = make()
        with self._lock:
            if version is not None and self._version == version:
                self._kept[key] = (made, value)
                while len(self._kept) > self._limit:
                    self._kept.popitem(last=False)
        return value

    def _look(self, key: Hashable, version: int | str | None) -> Value | None:
        with self._lock:
            if version is None or version != self._version:
                self._kept.clear()
                self._version = version
                return None
            found = self._kept.get(key)
        if found is None or not timedelta() <= self._database.clock() - found[0] < _LONGEST:
            return None
        return found[1]
