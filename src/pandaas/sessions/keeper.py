"""The keeper: brings every session forward, and ends what must end. One process leads, under the lease `sessions`.

It holds no state that matters: whoever leads next finds all sessions in the database and their programs by the engine, so
a restart of the platform loses none.
"""

from __future__ import annotations

import os
import secrets
import shutil
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import structlog
from sqlalchemy import select

from pandaas.access import Access
from pandaas.config import Settings
from pandaas.db import Database, hold, release
from pandaas.db.tables import Dataset, Person, WorkSession
from pandaas.identity import Identity
from pandaas.model import Action, Conflict, PandaasError, SessionState, Unavailable
from pandaas.runtime import ExitRecord, Observation, Runtime
from pandaas.sessions.activity import Activity
from pandaas.sessions.elsewhere import ELSEWHERE, Elsewhere, Providers, Watched
from pandaas.sessions.engines import SessionEngines, is_elsewhere
from pandaas.sessions.folder import uid_of
from pandaas.sessions.gathering import Gathering
from pandaas.sessions.kernels import OpenNotebook, open_notebooks
from pandaas.sessions.keys import Keys
from pandaas.sessions.life import Life, Remembered, tell_person
from pandaas.sessions.orders import LEASE, Drains, drained, this_node
from pandaas.sessions.reach import Doorway, ask, greets, responds
from pandaas.sessions.registering import Registering
from pandaas.sessions.starting import Starting
from pandaas.sessions.states import change, move

log = structlog.get_logger(__name__)
_LEASE_S = 30.0
_RENEW_S = 8.0
_FOLLOW_S = 0.1  # while one starts
_IDLE_S = 1.0
_CALM_S, _LATE_S = 15.0, 150.0  # after it is ready: its page has loaded; it ran before this keeper led
_RIGHTS_S = 4.0  # access ends within 10 s
_QUEUE_S = 15.0
_CLEAN_S = 3600.0
_ALIVE = (SessionState.REQUESTED, SessionState.STARTING, SessionState.READY)


@dataclass
class _Seen:
    """What the leader remembers of one attempt of a session between two looks."""

    busy: bool = False
    cancelled: bool = False
    kept_warm: bool = False
    open: Sequence[OpenNotebook] = ()  # when it went to sleep
    unknown_since: float | None = None
    life: Remembered = field(default_factory=Remembered)
    elsewhere: Watched = field(default_factory=Watched)


class Keeper:
    """See the module. `run(stop)` leads while it holds the lease; `wake()` makes it look at once."""

    def __init__(
        self,
        settings: Settings,
        database: Database,
        *,
        identity: Identity,
        access: Access,
        runtime: Runtime,
        engines: SessionEngines,
        starting: Starting,
        keys: Keys,
        activity: Activity,
        gathering: Gathering,
        registering: Registering,
        providers: Providers,
    ) -> None:
        self._settings = settings
        self._limits = settings.sessions
        self._database = database
        self._identity = identity
        self._access = access
        self._runtime = runtime
        self._engines = engines
        self._starting = starting
        self._keys = keys
        self._activity = activity
        self._gathering = gathering
        self._life = Life(
            database, settings.sessions, activity=activity, folder=starting.folder, door=self.door, wish=self._wish
        )
        self._drains = Drains({}, this_node())
        self._registering = registering
        self._elsewhere = Elsewhere(settings, database, providers, finish=self._finish, wish=self._wish)
        self._woken = threading.Event()
        self._seen: dict[tuple[str, int], _Seen] = {}
        self._renewed = self._rights_looked = self._cleaned = float("-inf")
        self._holder = f"{this_node()}:{os.getpid()}:{secrets.token_hex(4)}"

    def wake(self) -> None:
        self._woken.set()

    def leads(self) -> bool:
        """Does this process start the sessions?"""
        return time.monotonic() - self._renewed < _LEASE_S

    def run(self, stop: threading.Event) -> None:
        """Lead until `stop` is set; wait for the lease where another process leads."""
        try:
            while not stop.is_set():
                if not self._leads():
                    self._seen.clear()
                    self._activity.hand_over(self._database)
                    stop.wait(_RENEW_S / 4)
                    continue
                hurry = self.step()
                if self._woken.wait(_FOLLOW_S if hurry else _IDLE_S):
                    self._woken.clear()
        finally:
            release(self._database, LEASE, self._holder)

    def step(self) -> bool:
        """One round over all living sessions; True while one of them starts or ends."""
        with self._database.read() as session:
            query = select(WorkSession).where(WorkSession.state.in_(_ALIVE)).order_by(WorkSession.created)
            rows = list(session.scalars(query))
            self._drains = drained(session, self._database.clock())
        self._seen = {key: self._seen.get(key, _Seen()) for key in map(_attempt, rows)}
        for row in rows:
            seen = self._seen[_attempt(row)]
            if seen.busy:
                continue
            try:
                self._advance(row, seen)
            except Conflict:
                continue  # it has changed meanwhile: the next round sees it
            except (Unavailable, OSError) as error:
                log.warning("session looked at later", session=row.id, reason=str(error))
        if time.monotonic() - self._rights_looked >= _RIGHTS_S:
            self._rights_looked = time.monotonic()
            self._end_without_rights(rows)
        self._gathering.look()
        self._registering.take_over()
        self._clean()
        return any(row.state != SessionState.READY or row.wish is not None for row in rows)

    def _leads(self) -> bool:
        now = time.monotonic()
        if now - self._renewed < _RENEW_S:
            return True
        if not hold(self._database, LEASE, self._holder, seconds=_LEASE_S):
            return False
        self._renewed = now
        return True

    # --- one session ----------------------------------------------------------------------------------------------

    def _advance(self, row: WorkSession, seen: _Seen) -> None:
        if row.state == SessionState.REQUESTED and row.wish is not None:
            self._finish(row, SessionState.HIBERNATED if row.wish == "hibernate" else SessionState.ENDED)
        elif row.kind == ELSEWHERE:
            self._advance_elsewhere(row, seen)
        elif row.state == SessionState.REQUESTED:
            self._in_background(seen, self._starting.start, row)
        else:
            self._follow(row, seen)

    def _advance_elsewhere(self, row: WorkSession, seen: _Seen) -> None:
        """The clock is looked at here, the network is asked in the background."""
        if row.state == SessionState.READY and row.wish is None:
            self._life.look(row, seen.life, self._drains)
        if time.monotonic() < seen.elsewhere.next_look and not (row.wish and seen.elsewhere.steady):
            return
        work = self._elsewhere.start if row.state == SessionState.REQUESTED else self._elsewhere.look
        self._in_background(seen, work, row, seen.elsewhere)

    def _follow(self, row: WorkSession, seen: _Seen) -> None:
        engine = self._engines.of(row)
        [observed] = engine.poll([row.engine_handle or {}])
        if observed.state == "unknown":
            self._perhaps_lost(row, seen, observed)
            return
        seen.unknown_since = None
        self._perhaps_keep_warm(row, seen, ended=observed.exit is not None)
        if observed.exit is not None:
            self._ended(row, seen, observed.exit)
            return
        if row.wish is not None:
            if not seen.cancelled:
                seen.cancelled = True
                self._in_background(seen, self._let_go, row, seen)
            return
        if row.state == SessionState.STARTING and self._life.wait(row, self._drains):
            return
        if observed.state == "queued" and row.engine != "local":
            self._wait_in_queue(row, observed)
        elif row.state == SessionState.STARTING:
            self._look_whether_ready(row)
        else:
            self._life.look(row, seen.life, self._drains)

    def _let_go(self, row: WorkSession, seen: _Seen) -> None:
        """End its program; of what will be lost, remember what Jupyter tells. It may take seconds to do so."""
        try:
            if row.kind == "jupyter" and row.wish == "hibernate":
                door = self.door(row)
                try:
                    seen.open = open_notebooks(door)
                finally:
                    door.close()
        except (PandaasError, OSError) as error:
            log.info("notebooks not listed", session=row.id, reason=str(error))
        finally:
            self._engines.of(row).cancel(row.engine_handle or {})

    def _perhaps_keep_warm(self, row: WorkSession, seen: _Seen, *, ended: bool) -> None:
        """Its program worked, so its person may start it again. Not beside the page that loads now."""
        if seen.kept_warm or row.ready is None:
            return
        age = (self._database.clock() - row.ready).total_seconds()
        if ended or _CALM_S <= age <= _LATE_S:
            seen.kept_warm = True
            self._engines.keep_warm(row)

    def _wait_in_queue(self, row: WorkSession, observed: Observation) -> None:
        """Say what it waits for; its time to start begins when it has left the queue."""
        now, phase = self._database.clock(), (observed.detail or "Waiting in the queue")[:200]
        told = row.started is not None and (now - row.started).total_seconds() < _QUEUE_S
        if row.phase != phase or not told:
            with self._database.session() as session:
                change(session, row, self._database.clock, phase=phase, started=now)

    def _look_whether_ready(self, row: WorkSession) -> None:
        now = self._database.clock()
        if row.engine != "local" and is_elsewhere(self._starting.folder(row).attempt(row.attempt)):
            self._wish(row, "end", "It started on a node of the cluster that browsers can't be led to from here.")
            return
        if self._answers(row):
            lifetime = timedelta(seconds=row.lifetime_s)
            values = {"ready": now, "expires": now + lifetime, "last_active": now, "phase": "", "warned": None}
            with self._database.session() as session:
                move(session, row, SessionState.READY, self._database.clock, **values)
            self._keys.forget()
        elif row.started is not None and (now - row.started).total_seconds() > self._limits.start_timeout_s:
            self._wish(row, "end", f"It was not usable after {self._limits.start_timeout_s:.0f} seconds.")

    def _answers(self, row: WorkSession) -> bool:
        try:
            door = self.door(row)
        except Unavailable:
            return False
        try:
            if row.kind == "jupyter":
                return ask(door, "/api/status") is not None
            if row.kind == "app":
                return responds(door)
            run = self._starting.folder(row).run(row.attempt)
            return (run / "window").exists() and greets(door)
        finally:
            door.close()

    def door(self, row: WorkSession) -> Doorway:
        """The session's socket, opened; `Unavailable` while there is none."""
        with self._database.read() as session:
            posix = session.get_one(Person, row.person_id).posix_account
        file = self._starting.folder(row).socket(row.attempt, row.kind)
        return Doorway.open(file, uid_of(self._runtime, row, posix))

    def _wish(self, row: WorkSession, wish: str, reason: str) -> None:
        """End its program; what becomes of the session follows when the program has ended."""
        with self._database.session() as session:
            change(session, row, self._database.clock, wish=wish, reason=reason, phase="Ending")
        self._keys.forget()

    def _ended(self, row: WorkSession, seen: _Seen, record: ExitRecord) -> None:
        used = {"cpu_s": record.cpu_s, "memory_used_mb": record.max_rss_mb}
        if row.wish == "hibernate":
            self._finish(row, SessionState.HIBERNATED, **used, notices=lost_in_sleep(row.kind, seen.open))
        elif row.wish == "end" and row.state == SessionState.STARTING:
            self._finish(row, SessionState.FAILED if row.reason else SessionState.ENDED, **used)
        elif row.wish == "end" or (record.succeeded and row.state == SessionState.READY):
            self._finish(row, SessionState.ENDED, **used)
        else:
            reason, remedy = _why_failed(record, self._starting.log_of(row))
            self._finish(row, SessionState.FAILED, **used, reason=reason, remedy=remedy)

    def _finish(self, row: WorkSession, state: SessionState, **values: Any) -> None:
        with self._database.session() as session:
            now = self._database.clock()
            move(session, row, state, self._database.clock, ended=now, phase="", wish=None, **values)
            if (row.reason and state is not SessionState.ENDED) or values.get("reason"):
                text = f"Your session “{row.title[:200]}” {_WORDS[state]}: {values.get('reason') or row.reason}"
                level = "info" if state is SessionState.HIBERNATED else "failure"
                tell_person(session, row, text, clock=self._database.clock, level=level)
        self._keys.forget()
        if self._limits.nginx_doors is not None:
            (self._limits.nginx_doors / row.id).unlink(missing_ok=True)
        folder = self._starting.folder(row)
        shutil.rmtree(folder.attempt(row.attempt) / "inputs", ignore_errors=True)

    def _perhaps_lost(self, row: WorkSession, seen: _Seen, observed: Observation) -> None:
        now = time.monotonic()
        seen.unknown_since = seen.unknown_since or now
        if now - seen.unknown_since >= self._settings.runtime.lost_grace_s:
            reason = f"The platform lost track of it. {observed.detail}".strip()
            remedy = "Start it again: your home and your results are kept."
            self._finish(row, SessionState.LOST, reason=reason, remedy=remedy)

    # --- rights ---------------------------------------------------------------------------------------------------

    def _end_without_rights(self, rows: list[WorkSession]) -> None:
        for row in rows:
            if row.wish is not None:
                continue
            try:
                why = self._right_lost(row)
                if why is not None:
                    self._wish(row, "end", why)
                    self._woken.set()
            except Conflict:
                continue

    def _right_lost(self, row: WorkSession) -> str | None:
        """Why this session's person may not use its data any more, or None."""
        try:
            principal = self._identity.principal_of_person(row.person_id)
        except PandaasError:
            return "Its person may not sign in any more."
        pids = [one.dataset_pid for one in row.datasets]
        with self._database.read() as session:
            datasets = list(session.scalars(select(Dataset).where(Dataset.pid.in_(pids))))
            protected = self._access.protect(session, datasets)
        if len(datasets) < len(pids):
            return "A dataset that it was opened on is gone."
        for dataset, guard in zip(datasets, protected, strict=True):
            if dataset.state == "withdrawn" or not self._access.may(principal, Action.ANALYSE, guard):
                return "The right to use its data has ended."
        return None

    # --- housekeeping ---------------------------------------------------------------------------------------------

    def _clean(self) -> None:
        """Used-up keys go, and hibernated sessions that nobody woke for long end; their results stay."""
        if time.monotonic() - self._cleaned < _CLEAN_S:
            return
        self._cleaned = time.monotonic()
        self._keys.tidy()
        oldest = self._database.clock() - timedelta(days=self._limits.keep_days)
        with self._database.read() as session:
            query = select(WorkSession).where(WorkSession.state == SessionState.HIBERNATED, WorkSession.ended < oldest)
            rows = list(session.scalars(query))
        for row in rows:
            self._finish(row, SessionState.ENDED, reason=f"It slept for {self._limits.keep_days:g} days.")

    def _in_background(self, seen: _Seen, work: Callable[..., None], *arguments: Any) -> None:
        seen.busy = True

        def task() -> None:
            try:
                work(*arguments)
            except Conflict as error:
                log.info("session changed meanwhile", reason=str(error))
            except Exception as error:  # the loop and the other sessions go on; it is tried again
                log.error("session not brought forward", exc_info=error)
                time.sleep(_IDLE_S)
            finally:
                seen.busy = False
                self._woken.set()

        threading.Thread(target=task, name="session-start", daemon=True).start()


_WORDS: Mapping[SessionState, str] = {
    SessionState.ENDED: "has ended",
    SessionState.FAILED: "failed",
    SessionState.LOST: "was lost",
    SessionState.HIBERNATED: "hibernates",
}


def _attempt(row: WorkSession) -> tuple[str, int]:
    """A session that is resumed between two looks starts anew: nothing of its last attempt is remembered."""
    return row.id, row.attempt


def lost_in_sleep(kind: str, notebooks: Sequence[OpenNotebook]) -> list[str]:
    """What its person reads of it: each notebook whose kernel was stopped, and what comes back."""
    if kind != "jupyter":
        return ["Programs were stopped and start again on the same data; what was not saved is gone."]
    lost = [
        f"“{one.name.rpartition('/')[2]}”: its kernel was stopped{' while it computed' * (one.state == 'busy')}; its variables are gone."
        for one in notebooks
    ]
    others = [] if lost else ["Kernels were stopped: variables are gone."]
    return [*lost, *others, "Saved notebooks and open tabs come back; run their cells again."]


def _why_failed(record: ExitRecord, said: str) -> tuple[str, str]:
    match record.reason:
        case "memory":
            return "It needed more memory than it was given.", "Start it again with more memory, or load less at once."
        case "output" | "disk":
            return (
                "Its home and results hold more than they may, or the disk is full.",
                "Delete what you don't need, or ask the operator for more (sessions.home_mb).",
            )
        case "node":
            return (
                "The computer of the cluster that it ran on failed or was switched off.",
                "Start it again: your home and your results are kept; what was not saved is gone.",
            )
        case "cancelled":
            return "It was ended from outside, by an operator of the cluster or of this computer.", "Start it again."
        case "refused":
            return f"The cluster refused it: {record.detail}", "Choose less, or this computer."
        case "timeout":
            return "It ran for as long as sessions may.", "Start it again; your home and your results are kept."
    last = said.strip().splitlines()[-1:] or [f"exit code {record.code}"]
    return f"Its program ended by itself: {last[0][:300]}", "Start it again; your home and your results are kept."
