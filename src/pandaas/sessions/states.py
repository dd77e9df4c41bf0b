"""Every change of a session is fenced (`WHERE state = … AND attempt = …`) and leaves its event in the same transaction."""

from __future__ import annotations

from typing import Any, cast

from sqlalchemy import CursorResult, delete, event, update
from sqlalchemy.orm import Session

from pandaas.db import append
from pandaas.db.tables import SessionKey, WorkSession
from pandaas.model import SESSION_TRANSITIONS, Clock, Conflict, SessionState

_TOLD = ("state", "phase", "reason")


def move(session: Session, row: WorkSession, state: SessionState, clock: Clock, **values: Any) -> None:
    """Bring the session (as last seen) into `state`; `Conflict` when it has moved on meanwhile.

    With the end of its program, all keys to it end too.
    """
    if state not in SESSION_TRANSITIONS[SessionState(row.state)]:
        raise Conflict(f"The session {row.id} is {row.state}; it can't become {state}.")
    change(session, row, clock, kind="session.state", state=str(state), **values)
    if not state.is_alive:
        session.execute(delete(SessionKey).where(SessionKey.session_id == row.id))


def change(session: Session, row: WorkSession, clock: Clock, *, kind: str = "session.changed", **values: Any) -> None:
    """Set columns of the session if it is still as last seen; the object is brought up to date with the commit."""
    seen = (WorkSession.id == row.id, WorkSession.state == row.state, WorkSession.attempt == row.attempt)
    statement = update(WorkSession).where(*seen).values(**values).execution_options(synchronize_session=False)
    done = cast("CursorResult[Any]", session.execute(statement))
    if done.rowcount != 1:
        raise Conflict(f"The session {row.id} has changed in the meantime.", remedy="Look at it again.")
    told = {name: values.get(name, getattr(row, name)) for name in _TOLD}
    tell(session, row, clock, kind, **told)

    def committed(_session: Session) -> None:
        for name, value in values.items():
            setattr(row, name, value)

    event.listen(session, "after_commit", committed, once=True)


def tell(
    session: Session, row: WorkSession, clock: Clock, kind: str, *, actor_id: int | None = None, **more: Any
) -> None:
    """Write an event about the session, for its person."""
    payload = {"program": row.program, "datasets": [one.dataset_pid for one in row.datasets], **more}
    append(session, kind, row.id, actor_id=actor_id, person_id=row.person_id, payload=payload, clock=clock)
