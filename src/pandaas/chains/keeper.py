"""Brings runs forward: takes in what became of the steps' jobs, starts what can start, ends what has ended.

It holds no state. A step gets its job in one transaction that writes the job, notes it with the step, and holds only while the
step still waits and the run is in the attempt that was seen; so a kill between two steps, or two processes at once, start each
step once. How a job comes to its end is the business of the room `jobs`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

import structlog
from sqlalchemy import CursorResult, select, update
from sqlalchemy.orm import Session

from pandaas.chains.acting import Acting
from pandaas.chains.definition import ChainDefinition, definition_of
from pandaas.chains.planning import RunState, StepState, plan
from pandaas.chains.starting import tell
from pandaas.db import Database
from pandaas.db.tables import ChainRun, ChainRunStep, Dataset, Job, Proposal
from pandaas.jobs import JobRequest, JobService
from pandaas.model import Busy, Conflict, JobState, PandaasError

log = structlog.get_logger(__name__)
_ENDS = {
    JobState.SUCCEEDED: StepState.SUCCEEDED,
    JobState.FAILED: StepState.FAILED,
    JobState.LOST: StepState.FAILED,
    JobState.CANCELLED: StepState.CANCELLED,
}


class Keeper:
    """See the module; `advance` can be called by anyone at any time."""

    def __init__(self, database: Database, jobs: JobService, acting: Acting) -> None:
        self._database = database
        self._jobs = jobs
        self._acting = acting

    def active(self) -> list[str]:
        query = select(ChainRun.id).where(ChainRun.state == RunState.RUNNING).order_by(ChainRun.created, ChainRun.id)
        with self._database.read() as session:
            return list(session.scalars(query))

    def advance(self, run_id: str) -> RunState:
        """One round for one run; the state that it is in then."""
        with self._database.read() as session:
            run = session.get_one(ChainRun, run_id)
            jobs = {job.id: job for job in session.scalars(select(Job).where(Job.id.in_(_jobs_of(run))))}
            made = set(session.scalars(select(Dataset.job_id).where(Dataset.job_id.in_(list(jobs)))))
        if RunState(run.state).is_final:
            return RunState(run.state)
        try:
            return self._advance(run, jobs, made)
        except Conflict as error:  # somebody else was faster: the next round sees what they did
            log.info("run changed meanwhile", run=run_id, reason=str(error))
            return RunState.RUNNING

    def _advance(self, run: ChainRun, jobs: Mapping[str, Job], made: set[str | None]) -> RunState:
        chain = definition_of(run.definition)
        if run.cancel_requested and any(_works(job) for job in jobs.values()):
            self._jobs.cancel_parts(run.id)
        changes = self._ended(run, jobs, made)
        states = {step.name: StepState(step.state) for step in run.steps}
        states |= {name: StepState(values["state"]) for name, values in changes.items()}
        found = plan(states, chain.needs(), cancelled=run.cancel_requested)
        for name, state in found.ended.items():
            changes[name] = {"state": state}
        if changes or found.run is not RunState.RUNNING:
            self._write(run, changes, found.run)
        if not run.cancel_requested:
            for name in found.ready:
                self._start(run, chain, name)
        return found.run

    def _ended(self, run: ChainRun, jobs: Mapping[str, Job], made: set[str | None]) -> dict[str, dict[str, Any]]:
        """What became of the running steps: column values by step."""
        changes: dict[str, dict[str, Any]] = {}
        for step in run.steps:
            job = jobs.get(step.job_id or "")
            if step.state != StepState.RUNNING or (job is not None and not JobState(job.state).is_final):
                continue
            if job is None:
                changes[step.name] = _failed("Its job is gone.", "Restart from this step.")
            elif job.state == JobState.SUCCEEDED and job.id not in made:
                changes[step.name] = _failed("Its job has left no result.", "Tell the recipe's author.")
            else:
                state = _ENDS[JobState(job.state)]
                changes[step.name] = {"state": state, "failure": job.failure, "remedy": job.remedy}
        return changes

    def _write(self, run: ChainRun, changes: Mapping[str, Mapping[str, Any]], state: RunState) -> None:
        now = self._database.clock()
        seen = {step.name: step for step in run.steps}
        with self._database.session() as session:
            ended = {"ended": now} if state.is_final else {}
            self._hold(session, run, state=state, **ended)
            for name, values in changes.items():
                _move(session, seen[name], values)
            if state is not RunState.RUNNING:
                run_now = session.get_one(ChainRun, run.id)
                session.refresh(run_now)
                tell(session, run_now, self._database)
            else:
                tell(session, run, self._database, steps=sorted(changes))

    def _start(self, run: ChainRun, chain: ChainDefinition, name: str) -> None:
        """A job for a step whose sources are there; what forbids it becomes the step's failure."""
        step = next(one for one in run.steps if one.name == name)
        try:
            with self._database.read() as session:
                current = session.get_one(ChainRun, run.id)
                principal = self._acting.of_run(session, current)
                inputs = self._sources(session, current, chain, name)
                place = session.get_one(Proposal, run.proposal_id)
            wanted = chain.step(name)
            self._jobs.start_as_part(
                principal,
                JobRequest(
                    recipe=step.recipe,
                    inputs=inputs,
                    parameters=wanted.parameters if wanted else {},
                    proposal=None if run.attachment_id is not None else place.name,
                ),
                of=run.id,
                recipe_hash=step.recipe_hash,
                place=place if run.attachment_id is not None else None,
                also=lambda session, job: self._note(session, run, step, job),
            )
        except (Conflict, Busy):
            raise
        except PandaasError as error:
            log.info("step not started", run=run.id, step=name, reason=str(error))
            values = _failed(error.detail, error.remedy)
            self._write(run, {name: values}, RunState.RUNNING)

    def _note(self, session: Session, run: ChainRun, step: ChainRunStep, job: str) -> None:
        self._hold(session, run)
        _move(session, step, {"state": StepState.RUNNING, "job_id": job, "failure": None, "remedy": None})
        tell(session, run, self._database, steps=[step.name])

    def _hold(self, session: Session, run: ChainRun, **values: Any) -> None:
        """Lock the run's row for this transaction, if it is still in the attempt that was seen and not cancelled since."""
        same = (
            ChainRun.id == run.id,
            ChainRun.attempt == run.attempt,
            ChainRun.state == RunState.RUNNING,
            ChainRun.cancel_requested.is_(run.cancel_requested),
        )
        statement = update(ChainRun).where(*same).values(**{"attempt": run.attempt, **values})
        _one_row(session, statement.execution_options(synchronize_session=False), f"The run {run.id}")

    def _sources(self, session: Session, run: ChainRun, chain: ChainDefinition, name: str) -> dict[str, list[str]]:
        step = chain.step(name)
        given: dict[str, list[str]] = {}
        for one in run.inputs:
            given.setdefault(one.name, []).append(one.dataset_pid)
        for done in run.steps:
            if done.state == StepState.SUCCEEDED and done.job_id:
                result = session.scalars(select(Dataset.pid).where(Dataset.job_id == done.job_id).order_by(Dataset.id))
                given[done.name] = list(result)[:1]
        wired = step.inputs if step is not None else {}
        found = {slot: [pid for source in sources for pid in given.get(source, [])] for slot, sources in wired.items()}
        return {slot: pids for slot, pids in found.items() if pids}


def _jobs_of(run: ChainRun) -> list[str]:
    return [step.job_id for step in run.steps if step.job_id]


def _works(job: Job) -> bool:
    return not JobState(job.state).is_final and not job.cancel_requested


def _failed(what: str, remedy: str | None) -> dict[str, Any]:
    return {"state": StepState.FAILED, "failure": what, "remedy": remedy}


def _move(session: Session, step: ChainRunStep, values: Mapping[str, Any]) -> None:
    """Change a step if it is as it was seen."""
    job = ChainRunStep.job_id.is_(None) if step.job_id is None else ChainRunStep.job_id == step.job_id
    same = (ChainRunStep.run_id == step.run_id, ChainRunStep.name == step.name, ChainRunStep.state == step.state, job)
    statement = update(ChainRunStep).where(*same).values(**values).execution_options(synchronize_session=False)
    _one_row(session, statement, f"The step {step.name}")


def _one_row(session: Session, statement: Any, what: str) -> None:
    done = cast("CursorResult[Any]", session.execute(statement))
    if done.rowcount != 1:
        raise Conflict(f"{what} has changed in the meantime.", remedy="Look at it again.")
