"""What was made before, as much of it as fits."""

from __future__ import annotations

import threading
from collections import Counter, OrderedDict
from typing import Any, Generic, TypeVar

Value = TypeVar("Value")


class Kept(Generic[Value]):
    """Thread-safe: the values used last, as many as fit into `limit` bytes.

    Values can lie in one piece of memory, which is free when the last of them goes: it counts as a whole until then.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._size = 0
        self._values: OrderedDict[Any, tuple[Value, int, Any]] = OrderedDict()
        self._sharing: Counter[int] = Counter()  # how many values lie in a piece of memory, by its id
        self._lock = threading.Lock()

    def get(self, key: Any) -> Value | None:
        with self._lock:
            found = self._values.get(key)
            if found is None:
                return None
            self._values.move_to_end(key)
            return found[0]

    def put(self, key: Any, value: Value, nbytes: int, memory: object = None) -> None:
        """`nbytes` are those of `memory`, where other values lie in it too."""
        if nbytes > self._limit:
            return
        with self._lock:
            self._forget(self._values.pop(key, None))
            self._values[key] = (value, nbytes, memory)
            self._sharing[id(memory)] += memory is not None
            self._size += nbytes if self._sharing[id(memory)] < 2 else 0
            while self._size > self._limit:
                self._forget(self._values.popitem(last=False)[1])

    def _forget(self, kept: tuple[Value, int, Any] | None) -> None:
        if kept is None:
            return
        _, nbytes, memory = kept
        self._sharing[id(memory)] -= memory is not None
        if self._sharing[id(memory)] < 1:
            self._size -= nbytes
            del self._sharing[id(memory)]
