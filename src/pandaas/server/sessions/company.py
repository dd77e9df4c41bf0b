"""Who is at a session now, where the others point, and that something was said: told to every page that shows it.

It is kept in memory; what other processes know of the same sessions is brought by `neighbours`. A page that is slow gets
the latest of everything, never a queue; it loses nothing by that, since presence and pointers are states, and what was
said is asked for.
"""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from pandaas.sessions import Entry, Present

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
    at: tuple[int, int] | None = None

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
    """One per application. It is used from the event loop, `stir` from any thread.

    `changed` is set when somebody has come or gone; `shared` are the sessions at which somebody is through another process.
    """

    def __init__(self) -> None:
        self.changed = asyncio.Event()
        self._seats: dict[str, set[Seat]] = defaultdict(set)
        self._elsewhere: dict[str, list[Present]] = {}
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
                self._elsewhere.pop(entry.session_id, None)

    def is_full(self, session_id: str) -> bool:
        return len(self._seats.get(session_id, ())) >= _MOST_SEATS

    def people(self, session_id: str) -> list[dict[str, Any]]:
        """Everybody who is there, once, the session's person first. `inside`: she has its program open."""
        found = _once([*self._seated(session_id), *self._elsewhere.get(session_id, ())])
        told = [
            {"who": one.who, "name": one.name, "may": one.may, "role": one.role, "inside": one.inside} for one in found
        ]
        return sorted(told, key=lambda one: (one["role"] != "owner", one["name"]))

    def here(self) -> list[Present]:
        """Everybody at any session through this process, once for each session."""
        return [one for session_id in self._seats for one in _once(self._seated(session_id))]

    @property
    def shared(self) -> set[str]:
        return {session_id for session_id, others in self._elsewhere.items() if others}

    def hear(self, others: Iterable[Present]) -> None:
        """Who is at the sessions of this process through other processes, and points where: all of them as they are now."""
        before, self._elsewhere = self._elsewhere, {}
        for one in others:
            if one.session_id in self._seats:
                self._elsewhere.setdefault(one.session_id, []).append(one)
        for session_id in before.keys() | self._elsewhere.keys():
            old, new = (_once(found.get(session_id, ())) for found in (before, self._elsewhere))
            if [replace(one, at=None) for one in old] != [replace(one, at=None) for one in new]:
                self._tell_people(session_id)
            places = {one.who: one.at for one in new}
            for one in old:
                places.setdefault(one.who, None)
            for who in places.keys() - {one.who for one in old if one.at == places[one.who]}:
                self._show(session_id, who, places[who])

    def _seated(self, session_id: str) -> Iterator[Present]:
        for seat in self._seats.get(session_id, ()):
            entry = seat.entry
            yield Present(session_id, str(entry.who), entry.name, entry.may, entry.role, seat.inside, seat.at)

    def newly_in(self, entry: Entry) -> bool:
        """Was she outside for some minutes? A connection that was lost for a moment is no new visit."""
        now, who = time.monotonic(), str(entry.who)
        self._left = {key: when for key, when in self._left.items() if now - when < _AGAIN_S}
        there = any(seat.inside and str(seat.entry.who) == who for seat in self._seats.get(entry.session_id, ()))
        return not there and (entry.session_id, who) not in self._left

    def point(self, seat: Seat, place: tuple[int, int] | None) -> None:
        """Show the others where she points; None: nowhere any more."""
        seat.at = place
        self._show(seat.entry.session_id, str(seat.entry.who), place, without=seat)

    def _show(self, session_id: str, who: str, place: tuple[int, int] | None, without: Seat | None = None) -> None:
        for other in self._seats.get(session_id, ()):
            if other is not without and not other.inside:
                other.pointers[who] = place
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
        self.changed.set()
        self._tell_people(session_id)

    def _tell_people(self, session_id: str) -> None:
        for seat in self._seats.get(session_id, ()):
            seat.people = True
            seat.stirred.set()


def _once(found: Iterable[Present]) -> list[Present]:
    """Each of them once, of one session: inside when she is so anywhere, pointing where she does anywhere."""
    merged: dict[str, Present] = {}
    for one in found:
        other = merged.get(one.who)
        merged[one.who] = (
            one if other is None else replace(other, inside=other.inside or one.inside, at=other.at or one.at)
        )
    return sorted(merged.values(), key=lambda one: one.who)
