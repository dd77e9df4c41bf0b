"""Brings sessions that live elsewhere forward, for the keeper: start, follow, stop, and say what a provider says.

The network is asked in the background and seldom: every second while one starts or stops, else every few. A provider that
does not answer ends no session: it stays as it was last seen, and says so.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Protocol

from sqlalchemy import select

from pandaas.config import SessionProviderSettings, Settings
from pandaas.db import Database
from pandaas.db.tables import LinkedIdentity, Person, WorkSession
from pandaas.model import NotFound, PandaasError, SessionState, Unavailable
from pandaas.sessions.elsewhere.port import Condition, Order
from pandaas.sessions.elsewhere.providers import Providers
from pandaas.sessions.states import change, move

_SOON_S, _SELDOM_S = 1.0, 5.0
_NOTICEABLE = timedelta(seconds=30)


class Finish(Protocol):
    """How the keeper writes the end of a session down."""

    def __call__(self, row: WorkSession, state: SessionState, **values: Any) -> None: ...


@dataclass
class Watched:
    """What is remembered of one attempt between two looks. `steady`: it ran when it was last looked at; `silent_since`:
    when the provider stopped answering."""

    next_look: float = float("-inf")
    steady: bool = False
    silent_since: float | None = None


class Elsewhere:
    """See the module. Both `start` and `look` ask the network."""

    def __init__(
        self,
        settings: Settings,
        database: Database,
        providers: Providers,
        *,
        finish: Finish,
        wish: Callable[[WorkSession, str, str], None],
    ) -> None:
        self._settings = settings
        self._database = database
        self._providers = providers
        self._finish = finish
        self._wish = wish

    def start(self, row: WorkSession, watched: Watched) -> None:
        """From requested to starting. A provider that does not answer is asked again for as long as starting may take."""
        try:
            settings, speaker = self._providers.speaker(row.engine)
            handle = speaker.start(self._order(row, settings))
        except Unavailable as error:
            if self._silent_for(watched) > self._settings.sessions.start_timeout_s:
                self._finish(row, SessionState.FAILED, reason=error.detail, remedy="Start it again later.")
            else:
                self._tell(row, phase=error.detail)
                watched.next_look = time.monotonic() + _SELDOM_S
            return
        except PandaasError as error:
            self._finish(row, SessionState.FAILED, reason=error.detail, remedy=error.remedy)
            return
        watched.silent_since, watched.next_look = None, float("-inf")
        clock = self._database.clock
        values = {
            "engine_handle": dict(handle),
            "started": clock(),
            "phase": f"Starting at {settings.title}",
            "node": None,
        }
        with self._database.session() as session:
            move(session, row, SessionState.STARTING, clock, **values)

    def look(self, row: WorkSession, watched: Watched) -> None:
        """Ask how it stands, and stop it where that is wished."""
        watched.steady = row.state == SessionState.READY and row.wish is None
        watched.next_look = time.monotonic() + (_SELDOM_S if watched.steady else _SOON_S)
        handle = row.engine_handle or {}
        try:
            _, speaker = self._providers.speaker(row.engine)
            if row.wish is not None:
                speaker.stop(handle)
            condition = speaker.poll(handle)
        except PandaasError as error:
            self._no_answer(row, watched, error)
            return
        watched.silent_since = None
        if row.wish is not None:
            self._stopping(row, condition)
        elif condition.state in {"gone", "failed"}:
            self._over(row, condition)
        elif row.state == SessionState.STARTING:
            self._starting(row, condition)
        else:
            self._running(row, condition)

    # --- what was seen --------------------------------------------------------------------------------------------

    def _starting(self, row: WorkSession, condition: Condition) -> None:
        now, limit = self._database.clock(), self._settings.sessions.start_timeout_s
        if condition.state == "ready":
            values = {"ready": now, "expires": now + timedelta(seconds=row.lifetime_s), "last_active": now}
            told = {"engine_handle": {**(row.engine_handle or {}), "address": condition.address}}
            with self._database.session() as session:
                move(session, row, SessionState.READY, self._database.clock, **values, **told, phase="", warned=None)
        elif row.started is not None and (now - row.started).total_seconds() > limit:
            self._wish(row, "end", f"It was not usable after {limit:.0f} seconds.")
        else:
            title = self._title(row)
            self._tell(row, phase=f"{title}: {condition.words}" if condition.words else f"Starting at {title}")

    def _running(self, row: WorkSession, condition: Condition) -> None:
        title = self._title(row)
        values: dict[str, Any] = {"phase": f"{title}: {condition.words}" if condition.state == "starting" else ""}
        seen = condition.last_active
        if seen is not None and (row.last_active is None or seen - row.last_active > _NOTICEABLE):
            values["last_active"] = min(seen, self._database.clock())
        if condition.cpu_s is not None:
            values["cpu_s"] = condition.cpu_s
        if condition.memory_mb is not None:
            values["memory_used_mb"] = condition.memory_mb
        self._tell(row, **values)

    def _stopping(self, row: WorkSession, condition: Condition) -> None:
        if condition.state not in {"gone", "failed"}:
            return
        if row.wish == "hibernate":
            self._sleep(row)
        elif row.state == SessionState.STARTING and row.reason:
            self._finish(row, SessionState.FAILED, remedy="Start it again later.")
        else:
            self._finish(row, SessionState.ENDED)

    def _over(self, row: WorkSession, condition: Condition) -> None:
        """It ended without us."""
        if row.state == SessionState.READY:
            self._sleep(
                row, reason=condition.words or f"It was stopped at {self._title(row)}: by you, or by its rules."
            )
            return
        reason = condition.words or f"It ended at {self._title(row)} before it could be used."
        self._finish(row, SessionState.FAILED, reason=reason, remedy=condition.remedy or "Start it again.")

    def _sleep(self, row: WorkSession, **values: Any) -> None:
        kept = f"Its server at {self._title(row)} was stopped: variables are gone, what you saved there is kept."
        self._finish(row, SessionState.HIBERNATED, notices=[kept], **values)

    def _no_answer(self, row: WorkSession, watched: Watched, error: PandaasError) -> None:
        """It stays as it was last seen. What shall end does not wait for ever."""
        if row.wish is not None and self._silent_for(watched) > self._settings.runtime.lost_grace_s:
            reason = f"{error.detail} Whether it still runs there isn't known."
            self._finish(row, SessionState.LOST, reason=reason, remedy=f"Look at {self._title(row)} itself.")
            return
        self._silent_for(watched)
        watched.next_look = time.monotonic() + _SOON_S
        self._tell(row, phase=f"{error.detail} This is how it was last seen.")

    # --- small things ---------------------------------------------------------------------------------------------

    def _silent_for(self, watched: Watched) -> float:
        watched.silent_since = watched.silent_since or time.monotonic()
        return time.monotonic() - watched.silent_since

    def _tell(self, row: WorkSession, **values: Any) -> None:
        """Write down what has changed, and nothing where nothing has."""
        values["phase"] = values.get("phase", row.phase)[:200]
        if all(getattr(row, name) == value for name, value in values.items()):
            return
        with self._database.session() as session:
            change(session, row, self._database.clock, **values)

    def _title(self, row: WorkSession) -> str:
        found = self._providers.get(row.engine)
        return found.settings.title if found is not None else row.engine

    def _order(self, row: WorkSession, settings: SessionProviderSettings) -> Order:
        datasets = tuple(one.dataset_pid for one in row.datasets)
        platform = self._settings.server.public_url or ""
        return Order(row.id, self._user(row, settings), self._providers.offer(row.program), datasets, platform)

    def _user(self, row: WorkSession, settings: SessionProviderSettings) -> str:
        """What the session's person is called there."""
        with self._database.read() as session:
            person = session.get_one(Person, row.person_id)
            if settings.user_name == "user":
                return person.user
            found = person.posix_account
            if settings.user_name == "subject":
                query = select(LinkedIdentity.subject).where(
                    LinkedIdentity.person_id == person.id, LinkedIdentity.issuer == settings.issuer
                )
                found = session.scalars(query.order_by(LinkedIdentity.last_used.desc())).first()
        if not found:
            what = "sign-in" if settings.user_name == "subject" else "POSIX account"
            raise NotFound(
                f"{settings.title} can't be told who you are: no {what} of yours is known here for it.",
                remedy="Sign in here by the provider that you use there, once."
                if what == "sign-in"
                else "Ask the operator.",
            )
        return found
