"""When somebody last did something in a session, as the proxy saw it: kept in memory, the keeper writes it down."""

from __future__ import annotations

from datetime import datetime
from threading import Lock

from pandaas.model import Clock


class Activity:
    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = Lock()
        self._last: dict[str, datetime] = {}

    def note(self, session_id: str) -> None:
        """Somebody typed, clicked or sent something now."""
        with self._lock:
            self._last[session_id] = self._clock()

    def of(self, session_id: str) -> datetime | None:
        with self._lock:
            return self._last.get(session_id)
