"""The state machine: every change of a job is fenced and leaves its event in the same transaction.

`WHERE state = … AND attempt = …` makes a change by someone who saw an older state hit no row; nothing happens twice.
"""

from __future__ import annotations

from typing import Any, cast

from sqlalchemy import CursorResult, event, update
from sqlalchemy.orm import Session

from pandaas.db import append
from pandaas.db.tables import Job
from pandaas.model import JOB_TRANSITIONS, Clock, Conflict, JobState

_TOLD = ("state", "phase", "progress", "message")


def move(session: Session, job: Job, state: JobState, clock: Clock, **values: Any) -> None:
    """Bring `job` (as last seen) into `state`; `Conflict` when it has moved on meanwhile."""
    if state not in JOB_TRANSITIONS[JobState(job.state)]:
        raise Conflict(f"The job {job.id} is {job.state}; it can't become {state}.")
    change(session, job, clock, kind="job.state", state=str(state), **values)


def change(session: Session, job: Job, clock: Clock, *, kind: str = "job.progress", **values: Any) -> None:
    """Set columns of `job` if it is still as last seen; the object is brought up to date when this is committed."""
    seen = (Job.id == job.id, Job.state == job.state, Job.attempt == job.attempt)
    statement = update(Job).where(*seen).values(**values).execution_options(synchronize_session=False)
    done = cast("CursorResult[Any]", session.execute(statement))
    if done.rowcount != 1:
        raise Conflict(f"The job {job.id} has changed in the meantime.", remedy="Look at it again.")
    told = {name: values[name] for name in _TOLD if name in values}
    record(session, job, clock, kind, **told, former=job.state)

    def committed(_session: Session) -> None:
        for name, value in values.items():
            setattr(job, name, value)

    event.listen(session, "after_commit", committed, once=True)


def record(session: Session, job: Job, clock: Clock, kind: str, **more: Any) -> None:
    """Write the event that tells of the job as it is now."""
    payload = {**{name: getattr(job, name) for name in _TOLD}, "recipe": job.recipe, **more}
    append(
        session,
        kind,
        job.id,
        actor_id=job.person_id if kind == "job.created" else None,
        proposal_id=job.proposal_id,
        person_id=job.person_id,
        payload=payload,
        clock=clock,
    )
