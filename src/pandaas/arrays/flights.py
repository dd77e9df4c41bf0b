"""The same thing is made once, however many ask for it at the same time."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

_POLL_S = 0.05


@dataclass(eq=False)
class _Flight:
    lock: threading.Lock = field(default_factory=threading.Lock)
    users: int = 0


class Flights:
    """Thread-safe. Who comes second for a key waits, and then mostly finds made what she came for."""

    def __init__(self) -> None:
        self._flights: dict[Hashable, _Flight] = {}
        self._lock = threading.Lock()

    @contextmanager
    def one(self, key: Hashable, check: Callable[[], None] = lambda: None) -> Iterator[None]:
        """The body runs for one at a time; `check` is called while waiting and may raise."""
        with self._lock:
            flight = self._flights.setdefault(key, _Flight())
            flight.users += 1
        try:
            while not flight.lock.acquire(timeout=_POLL_S):
                check()
            try:
                yield
            finally:
                flight.lock.release()
        finally:
            with self._lock:
                flight.users -= 1
                if not flight.users:
                    del self._flights[key]
