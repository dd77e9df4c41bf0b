"""How long a running session goes on: what was done in it, when it hibernates, and that its person is told before.

Four things end a session: its time, that nothing is done in it, an operator, and that its computer is drained. It
hibernates then; nothing is deleted. What was told stands in the database, so nobody is told twice after a restart.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog

from pandaas.config import SessionSettings
from pandaas.db import Database, leave_notice
from pandaas.db.tables import WorkSession
from pandaas.model import PandaasError
from pandaas.runtime import usage_now
from pandaas.sessions.activity import Activity
from pandaas.sessions.folder import SessionFolder
from pandaas.sessions.kernels import last_computed
from pandaas.sessions.orders import Drains, Order, order_of, waits
from pandaas.sessions.reach import Doorway
from pandaas.sessions.states import change
from pandaas.sessions.times import Times

log = structlog.get_logger(__name__)
_USAGE_S = 15.0
_GRACE = timedelta(minutes=5)
_BUSY_SHARE = 0.05  # of a core: a program that computes is not idle


@dataclass
class Remembered:
    """What is remembered of one attempt of a session between two looks."""

    looked: float = float("-inf")
    cpu: tuple[float, float] | None = None  # (time, CPU seconds)
    asking: bool = False
    computed: datetime | None = None  # as Jupyter said


class Life:
    """See the module. `wish(row, "hibernate", why)` ends the session's program."""

    def __init__(
        self,
        database: Database,
        limits: SessionSettings,
        *,
        activity: Activity,
        folder: Callable[[WorkSession], SessionFolder],
        door: Callable[[WorkSession], Doorway],
        wish: Callable[[WorkSession, str, str], None],
    ) -> None:
        self._database = database
        self._limits = limits
        self._times = Times(database, limits)
        self._activity = activity
        self._folder = folder
        self._door = door
        self._wish = wish

    def look(self, row: WorkSession, seen: Remembered, drains: Drains) -> None:
        """Let it hibernate where its time has come, tell its person where it comes near."""
        now = self._database.clock()
        order = order_of(row, drains)
        if order is not None and now >= order.when:
            self._wish(row, "hibernate", order.why)
            return
        self._tell_of_order(row, order)
        if row.expires is not None and self._over(row, now, row.expires, "since its time is over then"):
            self._wish(row, "hibernate", "Its time was over.")
            return
        if time.monotonic() - seen.looked < _USAGE_S:
            return
        seen.looked = time.monotonic()
        idle_end = self._last_active(row, seen, now) + self._times.idle(row)
        if row.expires is not None and idle_end >= row.expires:
            self._forget_warning(row, now, row.expires)
        elif self._over(row, now, idle_end, "since nothing is done in it"):
            self._wish(row, "hibernate", "Nothing was done in it for a long time.")
        else:
            self._forget_warning(row, now, idle_end)

    def wait(self, row: WorkSession, drains: Drains) -> bool:
        """One that has yet to start: tell its person what was ordered meanwhile. True when it may not start any more."""
        order = order_of(row, drains)
        if order is not None and self._database.clock() >= order.when:
            self._wish(row, "hibernate", order.why)
            return True
        self._tell_of_order(row, order)
        return False

    # --- what was done --------------------------------------------------------------------------------------------

    def _last_active(self, row: WorkSession, seen: Remembered, now: datetime) -> datetime:
        """Input through the proxy, computation, what Jupyter says of its kernels; also notes what it uses."""
        found = [row.last_active or now, self._activity.of(row.id) or row.last_active or now]
        values: dict[str, Any] = {}
        usage = usage_now(self._folder(row).attempt(row.attempt))
        if usage is not None:
            clock = time.monotonic()
            if seen.cpu is not None and usage.cpu_s - seen.cpu[1] > _BUSY_SHARE * (clock - seen.cpu[0]):
                found.append(now)
            seen.cpu = (clock, usage.cpu_s)
            values |= {"cpu_s": round(usage.cpu_s, 2), "memory_used_mb": round(usage.memory_mb, 1)}
        if row.kind == "jupyter":
            self._ask_kernels(row, seen)
            found += [seen.computed] if seen.computed is not None else []
        active = max(found)
        if row.last_active is None or active > row.last_active:  # else another process may have written a later one
            values["last_active"] = active
        if values:
            with self._database.session() as session:
                change(session, row, self._database.clock, **values)
        return active

    def _ask_kernels(self, row: WorkSession, seen: Remembered) -> None:
        """Beside the others: a Jupyter that does not answer keeps nobody waiting. The answer counts at the next look."""
        if seen.asking:
            return
        seen.asking = True

        def asking() -> None:
            try:
                door = self._door(row)
                try:
                    now = self._database.clock()
                    seen.computed = last_computed(door, now) or seen.computed
                finally:
                    door.close()
            except (PandaasError, OSError) as error:
                log.info("kernels not asked", session=row.id, reason=str(error))
            finally:
                seen.asking = False

        threading.Thread(target=asking, name="session-kernels", daemon=True).start()

    # --- telling --------------------------------------------------------------------------------------------------

    def _tell_of_order(self, row: WorkSession, order: Order | None) -> None:
        """Each order once, at once; also that it was taken back."""
        when = order.when if order is not None else None
        if when == row.told_end:
            return
        name = f"Your session “{row.title[:120]}”"
        if order is None:
            text = f"{name} goes on: what was to stop it was taken back."
        else:
            minutes = max(1, round((order.when - self._database.clock()).total_seconds() / 60))
            advice = (
                "It is kept; you can resume it later." if waits(row) else "Save your work; you can resume it later."
            )
            text = f"{name} hibernates in {_minutes(minutes)}{', started or not' * waits(row)}. {order.why} {advice}"
        with self._database.session() as session:
            change(session, row, self._database.clock, told_end=when)
            tell_person(session, row, text, clock=self._database.clock, level="warning" if order else "info")

    def _over(self, row: WorkSession, now: datetime, end: datetime, why: str) -> bool:
        """Has it come to this end? Warns when that comes near, and after an end that nobody was warned of (the platform was
        down) leaves some minutes still."""
        ahead = timedelta(minutes=self._limits.warn_minutes)
        if row.warned is None and ahead and end - now <= ahead:
            end = max(end, now + min(ahead, _GRACE))
            minutes = max(1, round((end - now).total_seconds() / 60))
            text = f"Your session “{row.title[:200]}” hibernates in {_minutes(minutes)}, {why}. Open it to go on or to extend it."
            with self._database.session() as session:
                change(session, row, self._database.clock, warned=now)
                tell_person(session, row, text, clock=self._database.clock, level="warning")
            return False
        late = row.warned is not None and row.warned > end - min(ahead, _GRACE)
        return now >= (row.warned + min(ahead, _GRACE) if late and row.warned is not None else end)

    def _forget_warning(self, row: WorkSession, now: datetime, end: datetime) -> None:
        """It was extended, or somebody went on."""
        if row.warned is not None and end - now > timedelta(minutes=self._limits.warn_minutes):
            with self._database.session() as session:
                change(session, row, self._database.clock, warned=None)


def tell_person(
    session: Any, row: WorkSession, text: str, *, clock: Callable[[], datetime], level: str = "info", mail: bool = True
) -> None:
    """A notice to the session's person that leads to its page, also by mail where the facility sends any."""
    leave_notice(
        session,
        row.person_id,
        text,
        level=level,
        link=f"/sessions/{row.id}",
        mail=f"Your session “{row.title[:100]}”" if mail else None,
        clock=clock,
    )


def _minutes(number: int) -> str:
    if number >= 120:
        return f"{round(number / 60)} hours"
    return "a minute" if number == 1 else f"{number} minutes"
