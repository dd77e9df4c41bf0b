"""Work that its engine lost without the person's doing is started again by itself, `runtime.starts` times in all.

Each start has a folder of its own, the only one that its sandbox shows, so whatever is perhaps left of an earlier start can neither
reach the results of a later one nor be counted besides it. See decision 0058.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Session

from pandaas.db.tables import Job
from pandaas.jobs.states import move
from pandaas.model import Clock, JobState, ordinal

NODE = "the node was lost"
TRACE = "the platform lost track of it"


def may_start_again(job: Job, starts: int) -> bool:
    """Not when somebody wants its end, nor more often than this."""
    return not job.cancel_requested and job.attempt < starts


def start_again(session: Session, job: Job, why: str, starts: int, clock: Clock) -> None:
    """Bring the lost job back to the beginning; what is told of it says so from now on."""
    told = f"Started again: {why} ({ordinal(job.attempt + 1)} of {starts})"
    values: dict[str, Any] = {"progress": None, "message": "", "preview": None, "started": None, "queued": None}
    move(
        session,
        job,
        JobState.REQUESTED,
        clock,
        attempt=job.attempt + 1,
        engine_handle=None,
        phase=told[:200],
        warnings=[*job.warnings, f"{told}."],
        **values,
    )
