"""Preparing: a requested job gets its environment and folder, and goes to its engine."""

from __future__ import annotations

import time
from collections.abc import Callable

import structlog
from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from pandaas.db import Database, append
from pandaas.db.tables import Dataset, Job, Person
from pandaas.jobs.collection import Collector
from pandaas.jobs.folder import JobFolder, write_job
from pandaas.jobs.states import change, move
from pandaas.model import Busy, JobState, PandaasError, Unavailable
from pandaas.recipes import RecipeRegistry
from pandaas.runtime import BuildProgress, Environment, Runtime

log = structlog.get_logger(__name__)
_TELL_S = 0.5
_BUSY_S = 1.0
_LONGEST_WAIT_S = 30.0


class Preparation:
    """Brings a job from requested to queued. Safe to repeat after a crash at any point."""

    def __init__(
        self,
        database: Database,
        runtime: Runtime,
        recipes: RecipeRegistry,
        collector: Collector,
        folder_of: Callable[[Job], JobFolder],
    ) -> None:
        self._database = database
        self._runtime = runtime
        self._recipes = recipes
        self._collector = collector
        self._folder_of = folder_of
        self._waiting: dict[str, tuple[float, float]] = {}  # job → not before this time, seconds waited last

    def submit(self, job: Job) -> None:
        """Prepare and submit; a job that can't be prepared fails with the reason, one whose engine is silent waits for it."""
        if time.monotonic() < self._waiting.get(job.id, (0.0, 0.0))[0]:
            return
        try:
            self._submit(job)
            self._waiting.pop(job.id, None)
        except _EngineIsSilent as silent:
            self._wait_for_engine(job, silent.error)
        except Busy:
            self._waiting[job.id] = (time.monotonic() + _BUSY_S, 0.5)
        except PandaasError as error:
            self._collector.fail(job, error.detail, error.remedy)
        except OSError as error:
            self._collector.fail(
                job, f"It could not be prepared: {error.strerror or error}.", "Tell the operator; the disk may be full."
            )

    def _submit(self, job: Job) -> None:
        recipe = self._recipes.by_hash(job.recipe_hash)
        environment = self._environment(job)
        clock = self._database.clock
        with self._database.read() as session:
            inputs = _inputs(session, job)
            person = session.get_one(Person, job.person_id)
        folder = self._folder_of(job)
        work = write_job(
            folder,
            job,
            recipe,
            environment=environment,
            inputs=inputs,
            runtime=self._runtime,
            person=person.name,
            posix=person.posix_account,
        )
        try:
            handle = self._runtime.engine(job.engine).submit(work)
        except Unavailable as error:
            raise _EngineIsSilent(error) from error
        self._runtime.environments.touch(environment.key)
        with self._database.session() as session:
            move(
                session,
                job,
                JobState.QUEUED,
                clock,
                queued=clock(),
                engine_handle=handle,
                environment_key=environment.key,
                isolation=self._runtime.sandbox.level,
                phase="Waiting for free cores" if job.attempt == 1 else job.phase,
            )

    def _environment(self, job: Job) -> Environment:
        """The recorded environment for repetitions, else the current one; its building is shown as the job's phase."""
        environments = self._runtime.environments
        if job.environment is None:
            raise Unavailable("The job names no environment.")
        told = [float("-inf")]

        def tell(step: BuildProgress) -> None:
            if time.monotonic() - told[0] < _TELL_S:
                return
            told[0] = time.monotonic()
            with self._database.session() as session:
                change(session, job, self._database.clock, phase=f"Preparing the software: {step.message}"[:200])
                told_all = {"state": "building", "message": step.message, "fraction": step.fraction}
                append(session, "environment.state", str(job.environment), payload=told_all, clock=self._database.clock)

        if job.environment_key is not None:
            return environments.ensure_key(job.environment, job.environment_key, tell)
        return environments.ensure(job.environment, tell)

    def _wait_for_engine(self, job: Job, error: Unavailable) -> None:
        """A scheduler that is restarted loses no job: it is asked again, ever less often, until somebody cancels."""
        waited = min(2 * self._waiting.get(job.id, (0.0, 0.5))[1], _LONGEST_WAIT_S)
        self._waiting[job.id] = (time.monotonic() + waited, waited)
        phase = f"{error.detail} It is tried again."[:200]
        if job.phase != phase:
            with self._database.session() as session:
                change(session, job, self._database.clock, phase=phase)


class _EngineIsSilent(Exception):
    def __init__(self, error: Unavailable) -> None:
        super().__init__(error.detail)
        self.error = error


def _inputs(session: Session, job: Job) -> dict[str, list[Dataset]]:
    query = (
        select(Dataset)
        .where(Dataset.pid.in_({given.dataset_pid for given in job.inputs}))
        .options(
            selectinload(Dataset.files),
            selectinload(Dataset.arrays),
            selectinload(Dataset.parameters),
            selectinload(Dataset.techniques),
        )
    )
    found = {dataset.pid: dataset for dataset in session.scalars(query)}
    inputs: dict[str, list[Dataset]] = {}
    for given in job.inputs:
        inputs.setdefault(given.slot, []).append(found[given.dataset_pid])
    return inputs
