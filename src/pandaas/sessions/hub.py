"""Sessions as a JupyterHub would tell of them: people, each with named servers that can be stopped.

For programs that look after idle servers, such as `jupyterhub-idle-culler`. Stopping is hibernation here: the program ends,
its files stay, its person resumes it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from pandaas.access import Access
from pandaas.db import Database
from pandaas.db.tables import Person, WorkSession
from pandaas.model import Action, Conflict, NotAllowed, NotFound, Principal, PrincipalKind, Role, Scope, SessionState
from pandaas.sessions.activity import Activity
from pandaas.sessions.states import change, tell

ServerState = Literal["ready", "active", "inactive"]
_ALIVE = (SessionState.REQUESTED, SessionState.STARTING, SessionState.READY)
_STOPPED = (SessionState.HIBERNATED,)
_REASON = "Nothing was done in it for a long time; a program of the facility put it to sleep."


@dataclass(frozen=True)
class Server:
    """A session. `pending`: `spawn` while it starts, `stop` while it ends; `last_activity` None: not yet ready."""

    session_id: str
    title: str
    program: str
    datasets: tuple[str, ...]
    ready: bool
    stopped: bool
    pending: str | None
    started: datetime | None
    last_activity: datetime | None


@dataclass(frozen=True)
class HubPerson:
    """A person and her sessions that run, or also those that sleep."""

    user: str
    is_operator: bool
    created: datetime
    servers: tuple[Server, ...]

    @property
    def last_activity(self) -> datetime | None:
        """When something was last done in one of these sessions."""
        return max((one.last_activity for one in self.servers if one.last_activity is not None), default=None)


@dataclass(frozen=True)
class HubPage:
    """Some of the people, by name, and how many there are."""

    people: tuple[HubPerson, ...]
    total: int


class SessionHub:
    """For operators, and for their tokens with the scope `sessions`."""

    def __init__(self, database: Database, access: Access, activity: Activity, settled: Callable[[], None]) -> None:
        self._database = database
        self._access = access
        self._activity = activity
        self._settled = settled

    def require(self, principal: Principal) -> None:
        """`NotAllowed` for everybody else."""
        if principal.kind is PrincipalKind.TOKEN and principal.is_operator and Scope.SESSIONS in principal.scopes:
            return
        if principal.kind is PrincipalKind.TOKEN and principal.is_operator and Scope.ADMIN not in principal.scopes:
            raise NotAllowed(
                "This token may not look after sessions: it lacks the scope sessions.",
                remedy="`pandaas token create --user OPERATOR --scope sessions` makes one that may.",
            )
        self._access.require(principal, Action.OPERATE, what="everybody's sessions")

    def people(
        self, principal: Principal, state: ServerState | None, *, offset: int, limit: int, stopped: bool = False
    ) -> HubPage:
        """Everybody, or who has sessions that are `ready`, that are `active` (also starting or ending), or has none."""
        self.require(principal)
        query = _who(state)
        with self._database.read() as session:
            total = session.scalar(select(func.count()).select_from(query.subquery())) or 0
            found = list(session.scalars(query.order_by(Person.user).offset(offset).limit(limit)))
            return HubPage(self._with_servers(session, found, stopped=stopped), total)

    def person(self, principal: Principal, user: str, *, stopped: bool = False) -> HubPerson:
        """One of them; `NotFound` where there is nobody of this name."""
        self.require(principal)
        with self._database.read() as session:
            found = session.scalars(select(Person).where(Person.user == user)).first()
            if found is None:
                raise NotFound(f"There is nobody called '{user[:64]}'.", field="name")
            return self._with_servers(session, [found], stopped=stopped)[0]

    def stop(self, principal: Principal, user: str, session_id: str) -> bool:
        """Let a person's session hibernate. True when it sleeps already, False while its program still ends."""
        self.require(principal)
        query = select(WorkSession).join(Person).where(Person.user == user, WorkSession.id == session_id)
        with self._database.read() as session:
            row = session.scalars(query).first()
        if row is None:
            raise NotFound(f"'{user[:64]}' has no session '{session_id[:64]}'.")
        if not SessionState(row.state).is_alive:
            return True
        if row.wish is not None:
            return False
        if row.state != SessionState.READY:
            raise Conflict("This session is still starting.", remedy="Try again when it is ready.")
        with self._database.session() as session:
            change(session, row, self._database.clock, wish="hibernate", reason=_REASON, phase="Going to sleep")
            tell(session, row, self._database.clock, "session.put_to_sleep", actor_id=principal.person_id)
        self._settled()
        return False

    def _with_servers(self, session: Session, people: Sequence[Person], *, stopped: bool) -> tuple[HubPerson, ...]:
        states = (*_ALIVE, *_STOPPED) if stopped else _ALIVE
        ids = [person.id for person in people]
        query = select(WorkSession).where(WorkSession.person_id.in_(ids), WorkSession.state.in_(states))
        servers: dict[int, list[Server]] = {}
        for row in session.scalars(query.order_by(WorkSession.created)):
            servers.setdefault(row.person_id, []).append(self._server(row))
        return tuple(
            HubPerson(one.user, one.role == Role.OPERATOR, one.created, tuple(servers.get(one.id, ())))
            for one in people
        )

    def _server(self, row: WorkSession) -> Server:
        runs = row.state == SessionState.READY and row.wish is None
        stopped = not SessionState(row.state).is_alive
        seen = self._activity.of(row.id)
        last = max((time for time in (row.last_active, seen) if time is not None), default=None)
        return Server(
            session_id=row.id,
            title=row.title,
            program=row.program,
            datasets=tuple(one.dataset_pid for one in row.datasets),
            ready=runs,
            stopped=stopped,
            pending=None if runs or stopped else "spawn" if row.wish is None else "stop",
            started=row.started,
            last_activity=last,
        )


def _who(state: ServerState | None) -> Select[Any]:
    if state is None:
        return select(Person)
    sessions = select(WorkSession.person_id).where(WorkSession.state.in_(_ALIVE))
    if state == "ready":
        sessions = sessions.where(WorkSession.state == SessionState.READY, WorkSession.wish.is_(None))
    has = Person.id.in_(sessions)
    return select(Person).where(~has if state == "inactive" else has)
