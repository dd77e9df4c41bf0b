"""Who is at a session now, where the others point, and that something was said: told to every page that shows it.

It is kept in memory, of this process alone. A page that is slow gets the latest of everything, never a queue; it loses
nothing by that, since presence and pointers are states, and what was said is asked for.
"""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from pandaas.sessions import Entry

_AGAIN_S = 300.0
_MOST_SEATS = 100  # of one session


@dataclass(eq=False)
class Seat:
    """One connection: a page beside the session, or a way into its program (`inside`)."""

    entry: Entry
    inside: bool
    stirred: asyncio.Event = field(default_factory=asyncio.Event)
    people: bool = True
    chat: bool = True
    pointers: dict[str, tuple[int, int] | None] = field(default_factory=dict)

    def news(self) -> Iterator[dict[str, Any]]:
        """What to tell the page now; afterwards there is nothing new."""
        self.stirred.clear()
        if self.chat:
            self.chat = False
            yield {"type": "chat"}
        pointers, self.pointers = self.pointers, {}
        for who, place in pointers.items():
            yield {"type": "pointer", "who": who, "at": place}


class Company:
    """One per application. It is used from the event loop, `stir` from any thread."""

    def __init__(self) -> None:
        self._seats: dict[str, set[Seat]] = defaultdict(set)
        self._left: dict[tuple[str, str], float] = {}
        self._loop: asyncio.AbstractEventLoop | None = None

    @contextmanager
    def present(self, entry: Entry, *, inside: bool) -> Iterator[Seat]:
        """A seat for as long as the connection lasts."""
        self._loop = asyncio.get_running_loop()
        seat = Seat(entry, inside)
        seats = self._seats[entry.session_id]
        seats.add(seat)
        self._changed(entry.session_id)
        try:
            yield seat
        finally:
            seats.discard(seat)
            if inside:
                self._left[entry.session_id, str(entry.who)] = time.monotonic()
            self.point(seat, None)
            self._changed(entry.session_id)
            if not seats:
                self._seats.pop(entry.session_id, None)

    def is_full(self, session_id: str) -> bool:
        return len(self._seats.get(session_id, ())) >= _MOST_SEATS

    def people(self, session_id: str) -> list[dict[str, Any]]:
        """Everybody who is there, once, the session's person first. `inside`: she has its program open."""
        found: dict[str, dict[str, Any]] = {}
        for seat in self._seats.get(session_id, ()):
            entry, who = seat.entry, str(seat.entry.who)
            one = found.setdefault(
                who, {"who": who, "name": entry.name, "may": entry.may, "role": entry.role, "inside": False}
            )
            one["inside"] = one["inside"] or seat.inside
        return sorted(found.values(), key=lambda one: (one["role"] != "owner", one["name"]))

    def newly_in(self, entry: Entry) -> bool:
        """Was she outside for some minutes? A connection that was lost for a moment is no new visit."""
        now, who = time.monotonic(), str(entry.who)
        self._left = {key: when for key, when in self._left.items() if now - when < _AGAIN_S}
        there = any(seat.inside and str(seat.entry.who) == who for seat in self._seats.get(entry.session_id, ()))
        return not there and (entry.session_id, who) not in self._left

    def point(self, seat: Seat, place: tuple[int, int] | None) -> None:
        """Show the others where she points; None: nowhere any more."""
        for other in self._seats.get(seat.entry.session_id, ()):
            if other is not seat and not other.inside:
                other.pointers[str(seat.entry.who)] = place
                other.stirred.set()

    def stir(self, session_id: str) -> None:
        """Something was said."""
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._said, session_id)

    def _said(self, session_id: str) -> None:
        for seat in self._seats.get(session_id, ()):
            seat.chat = True
            seat.stirred.set()

    def _changed(self, session_id: str) -> None:
        for seat in self._seats.get(session_id, ()):
            seat.people = True
            seat.stirred.set()
