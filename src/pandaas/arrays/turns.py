"""Who reads next: long work leaves room for short, and one person's many requests don't hold up another's."""

from __future__ import annotations

import os
import threading
import time
from collections import Counter
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from pandaas.model import Busy

LONG_BYTES = 64 << 20  # decoded; about the time in which a person notices that she waits
_WAIT_S = 60.0
_LINE = 48  # each who waits takes a thread of the server; with the two lines there are, a quarter stays free
_POLL_S = 0.05
_REMEMBERED = 4096


@dataclass(frozen=True, eq=False)
class _Waiting:
    who: Hashable
    long: bool
    number: int


class Turns:
    """Thread-safe. At most `long` long and `short` short pieces of work run at once.

    Of those who wait, it is the turn of whoever has least running, then of whose last turn is longest ago, then of the
    request that came first.
    """

    def __init__(self, long: int | None = None, short: int | None = None, line: int = _LINE) -> None:
        """At most `line` wait; who comes then is told to come again."""
        self._line = line
        cores = len(os.sched_getaffinity(0))
        self._room = {True: long or max(1, cores // 2), False: short or 2 * cores}
        self._running: Counter[tuple[Hashable, bool]] = Counter()
        self._last: dict[tuple[Hashable, bool], int] = {}
        self._waiting: list[_Waiting] = []
        self._changed = threading.Condition()
        self._number = 0
        self._turn = 0

    @contextmanager
    def take(self, who: Hashable, cost: int, check: Callable[[], None]) -> Iterator[None]:
        """Wait for a turn to decode `cost` bytes; `check` is called meanwhile and may raise.

        `Busy` after a minute, and at once where too many wait already.
        """
        mine = self._enter(who, long=cost >= LONG_BYTES, check=check)
        try:
            yield
        finally:
            with self._changed:
                self._running[mine.who, mine.long] -= 1
                if not self._running[mine.who, mine.long]:
                    del self._running[mine.who, mine.long]
                self._changed.notify_all()

    def _enter(self, who: Hashable, *, long: bool, check: Callable[[], None]) -> _Waiting:
        deadline = time.monotonic() + _WAIT_S
        with self._changed:
            if len(self._waiting) >= self._line:
                raise _busy()
            self._number += 1
            mine = _Waiting(who, long, self._number)
            self._waiting.append(mine)
            try:
                while self._next(long=long) is not mine:
                    self._changed.wait(_POLL_S)
                    check()
                    if time.monotonic() > deadline:
                        raise _busy()
                self._running[who, long] += 1
                self._note_turn(who, long)
            finally:
                self._waiting.remove(mine)
                self._changed.notify_all()
        return mine

    def _note_turn(self, who: Hashable, long: bool) -> None:
        """What was noted longest ago stands first, and goes first where there are too many people."""
        self._last.pop((who, long), None)
        self._turn += 1
        self._last[who, long] = self._turn
        if len(self._last) > _REMEMBERED:
            del self._last[next(iter(self._last))]

    def _next(self, *, long: bool) -> _Waiting | None:
        running = sum(count for (_, kind), count in self._running.items() if kind == long)
        if running >= self._room[long]:
            return None
        waiting = (one for one in self._waiting if one.long == long)
        return min(waiting, key=self._rank, default=None)

    def _rank(self, one: _Waiting) -> tuple[int, int, int]:
        mine = (one.who, one.long)
        return self._running[mine], self._last.get(mine, 0), one.number


def _busy() -> Busy:
    return Busy("Many large selections are being read.", remedy="Try again in a moment, or select less.")
