"""Server-sent events: one tail of the event log per process, fanned out to browsers that may see each event.

An open stream asks who its reader is anew every few seconds, so that a revocation is felt within 10 s.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from threading import Event as Flag
from threading import Thread
from typing import Any

from anyio import to_thread

from pandaas.db import Database, EventTail, Position
from pandaas.model import Principal
from pandaas.server import metrics
from pandaas.server.again import RECHECK_S

PUBLIC_KINDS = frozenset(
    {
        "dataset.registered",
        "dataset.changed",
        "dataset.removed",
        "job.created",
        "job.state",
        "job.progress",
        "chain.run",
        "session.created",
        "session.state",
        "session.changed",
        "session.announced",
        "session.time_asked",
        "session.shared",
        "session.unshared",
        "session.joined",
        "session.visited",
        "session.asked",
        "session.admitted",
        "session.refused",
        "session.control",
        "session.staff_left",
        "notice.created",
        "quarantine.changed",
        "environment.state",
        "proposal.changed",
        "logbook.changed",
        "help.asked",
        "help.answered",
        "help.written",
        "help.assigned",
        "help.closed",
        "help.reopened",
        "help.shared",
    }
)
_QUEUE = 500
_BEAT_S = 15.0


@dataclass(frozen=True)
class StreamEvent:
    """One event as a browser gets it; `proposal_id`, `person_id` decide who may."""

    position: Position
    kind: str
    subject: str
    proposal_id: int | None
    person_id: int | None
    payload: dict[str, Any]

    def encode(self) -> bytes:
        data = json.dumps({"subject": self.subject, "payload": self.payload}, separators=(",", ":"))
        return f"id: {self.position}\nevent: {self.kind}\ndata: {data}\n\n".encode()


@dataclass(eq=False)
class _Reader:
    loop: asyncio.AbstractEventLoop
    queue: asyncio.Queue[StreamEvent | None] = field(default_factory=lambda: asyncio.Queue(_QUEUE))

    def offer(self, event: StreamEvent | None) -> None:
        """From the tail's thread. A reader that can't keep up is told to reload (None) instead of slowing others."""
        self.loop.call_soon_threadsafe(self._put, event)

    def _put(self, event: StreamEvent | None) -> None:
        if self.queue.full():
            while not self.queue.empty():
                self.queue.get_nowait()
            event = None
        self.queue.put_nowait(event)


class EventHub:
    """Owns the tail's thread; `subscribe` gives one browser its stream."""

    def __init__(self, database: Database) -> None:
        self._tail = EventTail(database)
        self._database = database
        self._stop = Flag()
        self._readers: set[_Reader] = set()
        self._thread = Thread(target=self._run, name="event-tail", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """End all streams; returns at once."""
        self._stop.set()
        for reader in list(self._readers):
            reader.offer(None)

    def close(self) -> None:
        self.stop()
        self._thread.join(timeout=5)

    def _run(self) -> None:
        for row in self._tail.follow(self._stop):
            if row.kind not in PUBLIC_KINDS:
                continue
            event = _of_row(row)
            for reader in list(self._readers):
                reader.offer(event)

    async def subscribe(
        self,
        who: Callable[[], Principal | None],
        may_see: Callable[[Principal, StreamEvent], bool],
        after: Position | None,
    ) -> AsyncIterator[bytes]:
        """The bytes of one stream. `who` resolves the reader again (None ends it); `after` resumes behind an event."""
        reader = _Reader(asyncio.get_running_loop())
        self._readers.add(reader)
        metrics.stream_opened()
        try:
            yield b"retry: 2000\n\n"
            principal = await to_thread.run_sync(who)
            missed = await to_thread.run_sync(self._since, after) if after is not None else []
            checked = beat = asyncio.get_running_loop().time()
            last = after or Position()
            pending: list[StreamEvent] = list(missed)
            while not self._stop.is_set():
                now = asyncio.get_running_loop().time()
                if now - checked >= RECHECK_S:
                    principal, checked = await to_thread.run_sync(who), now
                if principal is None:
                    yield b"event: session.expired\ndata: {}\n\n"
                    return
                for event in pending:
                    if event.position > last:
                        last = event.position
                        if await to_thread.run_sync(may_see, principal, event):
                            yield event.encode()
                            beat = now
                pending = []
                try:
                    found = await asyncio.wait_for(reader.queue.get(), timeout=1.0)
                except TimeoutError:
                    if now - beat >= _BEAT_S:
                        yield b": still here\n\n"
                        beat = now
                    continue
                if found is None:
                    yield b"event: resync\ndata: {}\n\n"
                else:
                    pending = [found]
        finally:
            self._readers.discard(reader)
            metrics.stream_closed()

    def _since(self, after: Position) -> list[StreamEvent]:
        rows = EventTail(self._database, after).batch(_QUEUE)
        return [_of_row(row) for row in rows if row.kind in PUBLIC_KINDS]


def _of_row(row: Any) -> StreamEvent:
    position = Position(row.transaction, row.id)
    return StreamEvent(position, row.kind, row.subject, row.proposal_id, row.person_id, row.payload)
