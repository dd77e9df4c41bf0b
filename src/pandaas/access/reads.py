"""Reads of data, counted beside the requests: a request adds to a number in memory, a thread writes the numbers.

One number per person (or link, or nobody), dataset, door and minute. They are written every two seconds; a process that
is killed loses at most what it counted since. The audit takes the minutes over when they have passed.
"""

from __future__ import annotations

import threading
from datetime import datetime

import structlog
from sqlalchemy.dialects import postgresql, sqlite

from pandaas.db import Database
from pandaas.db.tables import AccessCount
from pandaas.model import Principal, Unavailable

log = structlog.get_logger(__name__)
EVERY_S = 2.0
_MOST = 20_000  # numbers kept while the database can't be written; what is beyond is not counted, and that is logged
_KEY = ("who", "viewer_id", "dataset_pid", "door", "minute")
Key = tuple[str, int, str, str, datetime]


class ReadCounter:
    """Thread-safe. `note` takes about a microsecond and never waits for the database."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._counts: dict[Key, list[int]] = {}
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self.dropped = 0

    def start(self) -> None:
        self._thread = threading.Thread(target=self._run, name="read-counts", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Write what is left and stop."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join(timeout=10)
        self.flush()

    def note(self, principal: Principal, pid: str, door: str, size: int) -> None:
        """Count one answered request for data of `pid` through `door`, of `size` bytes."""
        minute = self._database.clock().replace(second=0, microsecond=0)
        viewer = principal.viewer.person_id if principal.viewer is not None else None
        key = (_who(principal), viewer or 0, pid[:64], door, minute)
        with self._lock:
            found = self._counts.get(key)
            if found is not None:
                found[0] += 1
                found[1] += size
            elif len(self._counts) < _MOST:
                self._counts[key] = [1, size]
            else:
                self.dropped += 1

    def flush(self) -> None:
        """Write the numbers; where the database can't take them now they are kept for the next time."""
        with self._lock:
            taken, self._counts = self._counts, {}
            dropped, self.dropped = self.dropped, 0
        if dropped:
            log.warning("reads not counted", requests=dropped)
        if not taken:
            return
        rows = [
            dict(zip(_KEY, key, strict=True)) | {"requests": count, "bytes": size}
            for key, (count, size) in taken.items()
        ]
        try:
            self._write(rows)
        except Unavailable as error:
            log.warning("reads not written yet", reason=str(error))
            self._put_back(taken)

    def _write(self, rows: list[dict[str, object]]) -> None:
        with self._database.session() as session:
            for start in range(0, len(rows), 100):
                part = rows[start : start + 100]
                made = sqlite.insert(AccessCount) if self._database.is_sqlite else postgresql.insert(AccessCount)
                statement = made.values(part)
                added = {
                    name: getattr(AccessCount, name) + getattr(statement.excluded, name)
                    for name in ("requests", "bytes")
                }
                session.execute(statement.on_conflict_do_update(index_elements=list(_KEY), set_=added))

    def _put_back(self, taken: dict[Key, list[int]]) -> None:
        with self._lock:
            for key, (count, size) in taken.items():
                found = self._counts.setdefault(key, [0, 0])
                found[0] += count
                found[1] += size

    def _run(self) -> None:
        while not self._stop.wait(EVERY_S):
            self.flush()


def _who(principal: Principal) -> str:
    if principal.link_id is not None:
        return f"link {principal.link_id}"
    return f"person {principal.person_id}" if principal.person_id is not None else "anonymous"
