"""Large results are registered after the request: with progress, and on by another process when one dies.

What is small is registered while its person waits. Anything else is noted in the database, one registration of a session at a
time, and copied in a thread of the process that was asked. Since the same bytes are registered once, it may begin anew at any
moment: the leader takes over what nobody has touched for two minutes.
"""

from __future__ import annotations

import os
import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import asdict
from datetime import timedelta
from typing import Any

import structlog
from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError

from pandaas.db import Database, leave_notice
from pandaas.db.tables import SessionRegistration, WorkSession
from pandaas.identity import Identity
from pandaas.model import Conflict, PandaasError, Principal
from pandaas.sessions.results import Registered, ResultRequest, SessionResults

log = structlog.get_logger(__name__)
_SMALL = 64_000_000  # bytes: about a second
_TELL_S = 0.5
_LOOK_S = 10.0
_FORSAKEN = timedelta(minutes=2)
_SHOWN = timedelta(days=1)
_AT_ONCE = 2


class Registering:
    """See the module."""

    def __init__(self, database: Database, identity: Identity, results: SessionResults) -> None:
        self._database = database
        self._identity = identity
        self._results = results
        self._holder = f"{os.uname().nodename}:{os.getpid()}:{secrets.token_hex(4)}"
        self._room = threading.BoundedSemaphore(_AT_ONCE)
        self._looked = float("-inf")

    def register(
        self, principal: Principal, session_id: str, request: ResultRequest
    ) -> list[Registered] | SessionRegistration:
        """What was registered, or how far it is where that takes longer. Errors as of `SessionResults.register`; `Conflict`
        while another registration of this session goes on."""
        total = self._results.size_of(principal, session_id, request)
        if total <= _SMALL:
            return self._results.register(principal, session_id, request)
        now = self._database.clock()
        row = SessionRegistration(
            session_id=session_id,
            person_id=principal.person_id or 0,
            token_id=principal.token_id,
            request=asdict(request),
            state="working",
            done=0,
            total=total,
            registered=[],
            problem={},
            holder=self._holder,
            touched=now,
            created=now,
        )
        try:
            with self._database.session() as session:
                old = session.get(SessionRegistration, session_id, with_for_update=True)
                if old is not None and old.state == "working":
                    raise Conflict(
                        "Results of this session are being registered already.", remedy="Wait until these are done."
                    )
                if old is not None:
                    session.delete(old)
                    session.flush()
                session.add(row)
        except IntegrityError as error:  # two asked at once
            raise Conflict("Results of this session are being registered already.") from error
        self._launch(row)
        return row

    def of(self, session_id: str) -> SessionRegistration | None:
        """The one that goes on, or ended within a day. The caller asks who may see the session's files."""
        with self._database.read() as session:
            row = session.get(SessionRegistration, session_id)
        if row is None or (row.state != "working" and row.touched < self._database.clock() - _SHOWN):
            return None
        return row

    def take_over(self) -> None:
        """For the leader: go on with what a process that died had begun."""
        if time.monotonic() - self._looked < _LOOK_S:
            return
        self._looked = time.monotonic()
        now = self._database.clock()
        forsaken = (SessionRegistration.state == "working", SessionRegistration.touched < now - _FORSAKEN)
        with self._database.read() as session:
            rows = list(session.scalars(select(SessionRegistration).where(*forsaken).limit(_AT_ONCE)))
        for row in rows:
            mine = update(SessionRegistration).where(SessionRegistration.session_id == row.session_id, *forsaken)
            with self._database.session() as session:
                taken = session.execute(mine.values(holder=self._holder, touched=now, done=0))
            if getattr(taken, "rowcount", 0) == 1:
                self._launch(row)

    # --- the work -------------------------------------------------------------------------------------------------

    def _launch(self, row: SessionRegistration) -> None:
        name = f"registration-{row.session_id}"
        threading.Thread(target=self._work, args=(row,), name=name, daemon=True).start()

    def _work(self, row: SessionRegistration) -> None:
        tell = _Told(lambda **values: self._note(row, **values))
        problem: dict[str, Any] = {}
        while not self._room.acquire(timeout=_TELL_S):
            tell.waits()
        try:
            request = ResultRequest(**row.request)
            self._results.register(self._acting(row), row.session_id, request, tell=tell.file, tell_bytes=tell.bytes)
        except PandaasError as error:
            problem = {"detail": error.detail, "remedy": error.remedy, "field": error.field}
        except Exception as error:  # it ends visibly, whatever it met
            log.error("results not registered", session=row.session_id, exc_info=error)
            problem = {"detail": "The platform failed at this.", "remedy": "Try again, or tell the operator."}
        finally:
            self._room.release()
        try:
            self._end(row, tell, problem)
        except PandaasError as error:  # the leader does it again
            log.warning("registration told later", session=row.session_id, reason=str(error))

    def _acting(self, row: SessionRegistration) -> Principal:
        """With the rights that she, or her token, has now."""
        if row.token_id is not None:
            return self._identity.principal_of_started(row.person_id, row.token_id, row.created)
        return self._identity.principal_of_person(row.person_id)

    def _note(self, row: SessionRegistration, **values: Any) -> None:
        mine = (
            SessionRegistration.session_id == row.session_id,
            SessionRegistration.created == row.created,
            SessionRegistration.holder == self._holder,
        )
        with self._database.session() as session:
            session.execute(update(SessionRegistration).where(*mine).values(touched=self._database.clock(), **values))

    def _end(self, row: SessionRegistration, tell: _Told, problem: dict[str, Any]) -> None:
        state = "failed" if problem else "done"
        self._note(row, state=state, done=tell.done, registered=tell.registered, problem=problem)
        fresh = sum(one["is_new"] for one in tell.registered)
        with self._database.session() as session:
            title = session.get_one(WorkSession, row.session_id).title[:200]
            if problem:
                text = f"Results of your session “{title}” could not be registered: {problem['detail'][:300]}"
            else:
                text = f"{fresh} of your session “{title}” {'is a dataset' if fresh == 1 else 'are datasets'} now."
            leave_notice(session, row.person_id, text, link=f"/sessions/{row.session_id}", clock=self._database.clock)


class _Told:
    """How far it is, written at most twice a second."""

    def __init__(self, note: Callable[..., None]) -> None:
        self._note = note
        self._last = time.monotonic()
        self.done = 0
        self.registered: list[dict[str, Any]] = []

    def bytes(self, number: int) -> None:
        self.done += number
        self._write()

    def file(self, one: Registered) -> None:
        self.registered.append({"file": one.file, "dataset": one.pid, "is_new": one.is_new})
        self._write(now=True)

    def waits(self) -> None:
        self._write()

    def _write(self, *, now: bool = False) -> None:
        if not now and time.monotonic() - self._last < _TELL_S:
            return
        self._last = time.monotonic()
        self._note(done=self.done, registered=list(self.registered))
