"""Where a waiting job stands: its scheduler's word, kept in the job's folder, else the jobs that came before it here."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import UTC, datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from pandaas.db.tables import Job
from pandaas.jobs.folder import JobFolder
from pandaas.model import JobState
from pandaas.runtime import QueuePlace, read_json, write_atomically


@dataclass(frozen=True)
class Queue:
    """`place` (from 1) `of` so many waiting jobs; `reason` in words; None or empty = not known. Where people take turns, a
    place is a bound, not a promise."""

    place: int | None
    of: int | None
    reason: str
    expected_start: datetime | None


def write_queue(folder: JobFolder, told: QueuePlace | None) -> None:
    """Keep what the scheduler said; nothing where it said nothing."""
    if told is None:
        folder.queue.unlink(missing_ok=True)
    elif folder.path.is_dir():
        write_atomically(str(folder.queue), asdict(told))


def queue_of(session: Session, job: Job, folder: JobFolder) -> Queue | None:
    """Where the job stands; None where it doesn't wait for an engine."""
    if job.state != JobState.QUEUED:
        return None
    told = read_json(folder.queue)
    if isinstance(told, dict):
        start = told.get("expected_start")
        when = datetime.fromtimestamp(float(start), UTC) if start else None
        return Queue(told.get("place"), told.get("of"), str(told.get("reason") or ""), when)
    waiting = (Job.state == JobState.QUEUED, Job.engine == job.engine)
    count = select(func.count()).select_from(Job)
    before = session.scalar(count.where(*waiting, Job.created < job.created)) or 0
    return Queue(before + 1, session.scalar(count.where(*waiting)) or 1, "waits for free cores", None)
