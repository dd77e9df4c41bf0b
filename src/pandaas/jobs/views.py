"""Jobs as a person may see them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, and_, exists, or_, select
from sqlalchemy.orm import Session

from pandaas.access import Access
from pandaas.db.tables import Dataset, Job, JobInput, Person, Proposal, Recipe
from pandaas.jobs.folder import JobFolder
from pandaas.jobs.place import Queue, queue_of
from pandaas.model import Action, JobState, Principal

_ENOUGH = 0.02


@dataclass(frozen=True)
class JobInputView:
    """`hidden`: it exists but this person may not see it; then pid and title say nothing."""

    slot: str
    pid: str
    version: int
    title: str
    hidden: bool


@dataclass(frozen=True)
class JobView:
    """A job with the names around it. `outputs` are pids that this person may read; `queue` is given where one job is
    looked at and waits for its engine."""

    job: Job
    recipe_title: str
    person: str
    proposal: str
    inputs: tuple[JobInputView, ...]
    outputs: tuple[str, ...]
    remaining_s: float | None
    may_cancel: bool
    may_repeat: bool
    queue: Queue | None = None


def visible_jobs(access: Access, principal: Principal) -> ColumnElement[bool]:
    """The rule as a clause on `Job`: one's own, an operator's all; where one may read every input also those of one's
    teams and, for instrument staff, those on data of their instrument in proposals that they may write to."""
    if not principal.signed_in:
        return Job.id.is_(None)
    if access.may(principal, Action.OPERATE):  # a token needs the scope for it
        return Job.id.is_not(None)
    readable = select(Dataset.pid).where(access.visible(principal, Dataset, Action.READ))
    unreadable = exists().where(JobInput.job_id == Job.id, JobInput.dataset_pid.not_in(readable))
    shared: ColumnElement[bool] = Job.proposal_id.in_(list(principal.teams))
    if principal.instruments:
        measured = select(Dataset.pid).where(Dataset.instrument_id.in_(list(principal.instruments)))
        of_instrument = exists().where(JobInput.job_id == Job.id, JobInput.dataset_pid.in_(measured))
        places = select(Proposal.id).where(access.visible(principal, Proposal, Action.WRITE))
        shared = or_(shared, and_(of_instrument, Job.proposal_id.in_(places)))
    return or_(Job.person_id == principal.person_id, and_(shared, ~unreadable))


def views_of(
    session: Session,
    access: Access,
    principal: Principal,
    jobs: Sequence[Job],
    now: datetime,
    *,
    folder_of: Callable[[Job], JobFolder] | None = None,
) -> list[JobView]:
    """The views in the order of `jobs`, in a few queries however many there are; with their places in the queue where
    `folder_of` tells a job's folder."""
    ids = [job.id for job in jobs]
    named = select(Person.id, Person.name).where(Person.id.in_({job.person_id for job in jobs}))
    people = dict(session.execute(named).all())
    places = select(Proposal.id, Proposal.name).where(Proposal.id.in_({job.proposal_id for job in jobs}))
    proposals = dict(session.execute(places).all())
    kept = select(Recipe.content_hash, Recipe.manifest).where(
        Recipe.content_hash.in_({job.recipe_hash for job in jobs})
    )
    titles = {digest: str(manifest.get("title", "")) for digest, manifest in session.execute(kept)}
    seen = _titles(session, access, principal, {given.dataset_pid for job in jobs for given in job.inputs})
    outputs: dict[str, list[str]] = {}
    allowed = access.visible(principal, Dataset, Action.READ)
    made = select(Dataset.job_id, Dataset.pid).where(Dataset.job_id.in_(ids), allowed).order_by(Dataset.id)
    for job_id, pid in session.execute(made):
        outputs.setdefault(str(job_id), []).append(pid)
    operates = access.may(principal, Action.OPERATE)
    return [
        JobView(
            job=job,
            recipe_title=titles.get(job.recipe_hash) or job.recipe,
            person=people.get(job.person_id, ""),
            proposal=proposals.get(job.proposal_id, ""),
            inputs=tuple(_input(given, seen) for given in job.inputs),
            outputs=tuple(outputs.get(job.id, ())),
            remaining_s=_remaining(job, now),
            may_cancel=(operates or job.person_id == principal.person_id) and not JobState(job.state).is_final,
            may_repeat=all(given.dataset_pid in seen for given in job.inputs),
            queue=queue_of(session, job, folder_of(job)) if folder_of is not None else None,
        )
        for job in jobs
    ]


def _titles(session: Session, access: Access, principal: Principal, pids: set[str]) -> dict[str, str]:
    allowed = access.visible(principal, Dataset, Action.READ)
    return dict(session.execute(select(Dataset.pid, Dataset.title).where(Dataset.pid.in_(pids), allowed)).all())


def _input(given: JobInput, seen: dict[str, str]) -> JobInputView:
    title = seen.get(given.dataset_pid)
    if title is None:
        return JobInputView(given.slot, "", given.dataset_version, "A dataset that you may not see", hidden=True)
    return JobInputView(given.slot, given.dataset_pid, given.dataset_version, title, hidden=False)


def _remaining(job: Job, now: datetime) -> float | None:
    """By the time it took so far; None while too little is known."""
    if job.state != JobState.RUNNING or job.started is None or not job.progress or job.progress < _ENOUGH:
        return None
    elapsed = (now - job.started).total_seconds()
    return max(0.0, elapsed * (1 - job.progress) / job.progress)
