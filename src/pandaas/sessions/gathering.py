"""Results that register themselves: finished NeXus files with an NXprocess group, while a session runs and when it has ended.

A file is finished when nobody has it open for writing and it has not changed for `sessions.settled_s`; with the session's
program ended, at once. Only bytes are compared here; whether it is what it looks like the reader says, of a private copy in
a worker process, as when a person registers it (`SessionResults.register_processed`). What can't be registered is set aside
with the reason until it changes, so that nothing hostile is read twice. Everything that matters is in the database: whoever
leads next goes on.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import structlog
from sqlalchemy import func, or_, select, update

from pandaas.config import SessionSettings
from pandaas.db import Database, leave_notice
from pandaas.db.tables import SessionResult, WorkSession
from pandaas.identity import Identity
from pandaas.model import Conflict, InvalidInput, NotAllowed, NotFound, PandaasError, Principal, SessionState, TooLarge
from pandaas.sessions.folder import SessionFolder
from pandaas.sessions.looking import Found, files_below, is_open_for_writing, mentions_process
from pandaas.sessions.results import Registered, SessionResults

log = structlog.get_logger(__name__)
_LOOK_S = 5.0
_AGAIN_S = 300.0  # after something that may be different later, such as a full disk
_MOST = 100  # of one session; more register by hand
_MOST_SET_ASIDE = 50
_ALIVE = (SessionState.REQUESTED, SessionState.STARTING, SessionState.READY)
_FULL = f"{_MOST} results of this session registered themselves, which is the most; register further ones here."


class Gathering:
    """See the module; `look()` starts a round in a thread of its own, unless one is going on."""

    def __init__(
        self,
        database: Database,
        limits: SessionSettings,
        *,
        identity: Identity,
        results: SessionResults,
        folder: Callable[[WorkSession], SessionFolder],
    ) -> None:
        self._database = database
        self._limits = limits
        self._identity = identity
        self._results = results
        self._folder = folder
        self._thread: threading.Thread | None = None
        self._looked = float("-inf")
        self._plain: set[tuple[str, str, int, int]] = set()  # files looked through that are something else
        self._not_before: dict[str, float] = {}

    def look(self) -> None:
        now = time.monotonic()
        if now - self._looked < _LOOK_S or (self._thread is not None and self._thread.is_alive()):
            return
        self._looked = now
        self._thread = threading.Thread(target=self._round, name="session-results", daemon=True)
        self._thread.start()

    def round(self) -> None:
        """One look at all sessions whose results register themselves."""
        over = WorkSession.state.not_in(_ALIVE) & (WorkSession.gathered < WorkSession.attempt)
        query = select(WorkSession).where(WorkSession.automatic, or_(WorkSession.state == SessionState.READY, over))
        with self._database.read() as session:
            rows = list(session.scalars(query))
        if not rows:
            self._plain.clear()
        for row in rows:
            if time.monotonic() < self._not_before.get(row.id, 0.0):
                continue
            try:
                self._gather(row)
            except (PandaasError, OSError) as error:
                self._not_before[row.id] = time.monotonic() + _AGAIN_S
                log.warning("results of a session gathered later", session=row.id, reason=str(error))

    def _round(self) -> None:
        try:
            self.round()
        except Exception as error:  # the next round tries again
            log.error("results of sessions not gathered", exc_info=error)

    # --- one session ----------------------------------------------------------------------------------------------

    def _gather(self, row: WorkSession) -> None:
        over = not SessionState(row.state).is_alive
        try:
            principal = self._identity.principal_of_person(row.person_id)
        except PandaasError:
            principal = None  # she may not sign in any more, so nothing is registered in her name
        if principal is not None:
            self._register(row, principal, over)
        if over:
            same = (WorkSession.id == row.id, WorkSession.attempt == row.attempt)
            with self._database.session() as session:
                session.execute(update(WorkSession).where(*same).values(gathered=row.attempt))

    def _register(self, row: WorkSession, principal: Principal, over: bool) -> None:
        left = _MOST - self._count(row.id)
        done: list[Registered] = []
        aside: dict[str, Any] = dict(row.set_aside)
        for one in self._finished(row, over):
            if len(done) >= left:
                aside[one.name] = {"state": [one.size, one.mtime_ns], "why": _FULL}
                continue
            try:
                found = self._results.register_processed(principal, row.id, one.name)
            except Conflict:
                continue  # it is being written after all
            except (NotAllowed, NotFound):
                break  # the right to use its data has ended
            except (InvalidInput, TooLarge) as error:
                aside[one.name] = {"state": [one.size, one.mtime_ns], "why": error.detail}
                continue
            if found is None:
                self._plain.add((row.id, one.name, one.size, one.mtime_ns))
            elif found.is_new:
                done.append(found)
        if done:
            self._announce(row, done)
        self._set_aside(row, aside)

    def _set_aside(self, row: WorkSession, aside: dict[str, Any]) -> None:
        if aside == row.set_aside:
            return
        kept = dict(list(aside.items())[-_MOST_SET_ASIDE:])
        with self._database.session() as session:
            session.execute(update(WorkSession).where(WorkSession.id == row.id).values(set_aside=kept))

    def _finished(self, row: WorkSession, over: bool) -> list[Found]:
        """Files that look like results, are complete and neither registered in this state nor set aside."""
        folder = self._folder(row).results
        known = self._results.known(row.id)
        settled = timedelta(0) if over else timedelta(seconds=self._limits.settled_s)
        latest_ns = (self._database.clock() - settled).timestamp() * 1e9
        found = []
        for one in files_below(folder):
            state = (one.size, one.mtime_ns)
            registered = known.get(one.name)
            if one.problem is not None or (not over and one.changed_ns > latest_ns):
                continue
            if registered is not None and (registered.size, registered.mtime_ns) == state:
                continue
            if row.set_aside.get(one.name, {}).get("state") == list(state) or (row.id, one.name, *state) in self._plain:
                continue
            if not mentions_process(folder, one.name):
                self._plain.add((row.id, one.name, *state))
            elif over or not is_open_for_writing(folder, one.name):
                found.append(one)
        return found

    def _count(self, session_id: str) -> int:
        query = select(func.count()).where(SessionResult.session_id == session_id, SessionResult.automatic)
        with self._database.read() as session:
            return session.scalar(query) or 0

    def _announce(self, row: WorkSession, done: list[Registered]) -> None:
        names = ", ".join(one.file for one in done[:3]) + (f" and {len(done) - 3} more" if len(done) > 3 else "")
        text = (
            f"{names} of your session “{row.title[:200]}” {'is a dataset' if len(done) == 1 else 'are datasets'} now."
        )
        link = f"/datasets/{done[0].pid}" if len(done) == 1 else f"/sessions/{row.id}"
        with self._database.session() as session:
            leave_notice(session, row.person_id, text, link=link, clock=self._database.clock)
