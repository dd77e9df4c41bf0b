"""The face of the room: start, watch, cancel, repeat and verify jobs."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session, selectinload

from pandaas.access import Access, not_found
from pandaas.config import Settings
from pandaas.db import Database
from pandaas.db.tables import Dataset, DatasetFile, Job, JobInput, Notice, Proposal
from pandaas.jobs.collection import Collector, Results
from pandaas.jobs.engines import EngineChoice
from pandaas.jobs.folder import JobFolder, folder_names
from pandaas.jobs.kept import KeptFile, kept_files
from pandaas.jobs.preparation import Preparation
from pandaas.jobs.reconciler import Reconciler
from pandaas.jobs.request import JobRequest, Slots, allowed_inputs, parameters_for, place_of_result, split
from pandaas.jobs.states import record
from pandaas.jobs.verification import Comparison, recorded_comparison
from pandaas.jobs.views import JobView, views_of, visible_jobs
from pandaas.model import (
    Action,
    InvalidInput,
    JobState,
    NotAllowed,
    NotFound,
    NotSignedIn,
    Principal,
    PrincipalKind,
    RecipeManifest,
    Scope,
    Unavailable,
    check_pid,
    new_pid,
)
from pandaas.recipes import Offer, Offers, RecipeRegistry, RecipeVersion
from pandaas.runtime import Candidate, Choice, Runtime, read_bytes

_ACTIVE = (JobState.REQUESTED, JobState.QUEUED, JobState.RUNNING)
_NO_JOB = "There is no job '{}', or you may not see it."


@dataclass(frozen=True)
class JobLog:
    """A piece of a log: bytes from `offset`, the next piece begins at `next_offset`."""

    text: bytes
    offset: int
    next_offset: int
    size: int


@dataclass(frozen=True)
class JobPage:
    """A page of a list of jobs; `total` is how many there are altogether."""

    total: int
    jobs: list[JobView]


class JobService:
    """Everything about jobs that others ask for; `run_reconciler` is the background work."""

    def __init__(  # noqa: PLR0917 - the rooms below, in their order
        self,
        database: Database,
        settings: Settings,
        access: Access,
        catalogue: Results,
        runtime: Runtime,
        recipes: RecipeRegistry,
    ) -> None:
        self._database = database
        self._access = access
        self._runtime = runtime
        self._recipes = recipes
        self._folders = settings.home / "jobs"
        self._offers = Offers(database, access, recipes)
        self._engines = EngineChoice(settings, database, runtime)
        collector = self._collector = Collector(settings, database, catalogue, runtime, recipes)
        preparation = Preparation(database, runtime, recipes, collector, self._folder_of)
        self._reconciler = Reconciler(
            settings, database, runtime, preparation=preparation, collector=collector, folder_of=self._folder_of
        )

    # --- starting -------------------------------------------------------------------------------------------------

    def offers(self, principal: Principal, pids: Sequence[str]) -> list[Offer]:
        """The recipes that accept these datasets, best first, with inputs and parameters filled in."""
        return self._offers.offers(principal, pids)

    def engines(
        self, principal: Principal, manifest: RecipeManifest, pids: Sequence[str]
    ) -> tuple[list[Candidate], Choice | None]:
        """The engines for this person and recipe, and the one that a job over these datasets would get."""
        candidates = self._engines.candidates(principal, manifest)
        try:
            return candidates, self._engines.choose(principal, manifest, pids)
        except NotAllowed:
            return candidates, None

    def start(self, principal: Principal, request: JobRequest) -> list[str]:
        """One job, or one per dataset where the recipe says so. Errors name the field of the request at fault."""
        need_run(principal)
        recipe = self._recipes.get(request.recipe, request.version, person_id=principal.person_id)
        if not recipe.usable:
            raise Unavailable(
                f"'{recipe.manifest.title}' can't be run now: {recipe.problem}", remedy="Tell the operator."
            )
        with self._database.read() as session:
            groups = split(recipe.manifest, allowed_inputs(session, self._access, principal, request))
            parameters = [parameters_for(session, self._offers, recipe, slots, request) for slots in groups]
        jobs = []
        for slots, chosen in zip(groups, parameters, strict=True):
            place = place_of_result(self._database, self._access, principal, slots, request.proposal)
            pids = [dataset.pid for given in slots.values() for dataset in given]
            where = self._engines.choose(principal, recipe.manifest, pids, request.engine, gpu=request.gpu)
            jobs.append(self._new_job(principal, recipe, request, place, chosen, where=where))
        with self._database.session() as session:
            for job, slots in zip(jobs, groups, strict=True):
                self._add(session, job, slots)
        self._reconciler.wake()
        return [job.id for job in jobs]

    def start_as_part(
        self,
        principal: Principal,
        request: JobRequest,
        *,
        of: str,
        recipe_hash: str,
        place: Proposal | None,
        also: Callable[[Session, str], None],
    ) -> str:
        """One job that is a step of the chain's run `of`, with exactly this recipe; its id.

        `also(session, job)` belongs to the transaction that writes the job: when it raises, there is no job. With `place`
        the result goes there without asking whether the principal may write there, for what the platform runs by itself.
        """
        need_run(principal)
        recipe = self._recipes.by_hash(recipe_hash)
        with self._database.read() as session:
            groups = split(recipe.manifest, allowed_inputs(session, self._access, principal, request))
            if len(groups) > 1:
                raise InvalidInput(
                    f"'{recipe.manifest.title}' would be {len(groups)} jobs; a step is one.",
                    remedy="Start a run for each dataset.",
                    field="inputs",
                )
            chosen = parameters_for(session, self._offers, recipe, groups[0], request)
        where_to = place or place_of_result(self._database, self._access, principal, groups[0], request.proposal)
        pids = [dataset.pid for given in groups[0].values() for dataset in given]
        where = self._engines.choose(principal, recipe.manifest, pids, request.engine, gpu=request.gpu)
        job = self._new_job(principal, recipe, request, where_to, chosen, where=where)
        job.chain_run = of
        with self._database.session() as session:
            also(session, job.id)
            self._add(session, job, groups[0])
        self._reconciler.wake()
        return job.id

    def cancel_parts(self, of: str) -> int:
        """Ask for the end of all active jobs of the chain's run `of`; how many there were. The caller asks who may."""
        with self._database.session() as session:
            jobs = list(session.scalars(select(Job).where(Job.chain_run == of, Job.state.in_(_ACTIVE))))
            for job in jobs:
                job.cancel_requested, job.phase = True, "Cancelling"
                record(session, job, self._database.clock, "job.progress")
        self._reconciler.wake()
        return len(jobs)

    def retry(self, principal: Principal, job_id: str) -> str:
        """A new job with the same recipe version, inputs and parameters."""
        need_run(principal)
        former = self.job(principal, job_id).job
        recipe = self._recipes.by_hash(former.recipe_hash)
        request = replace(self._request_of(former), repeats=former.id)
        return self._start_again(principal, recipe, request, former)

    def verify(self, principal: Principal, pid: str) -> str:
        """Re-execute the job that made this result, with the recorded recipe and environment; returns the job's id.

        The new result is compared with the registered one and not kept; see `verification`.
        """
        need_run(principal)
        former = self._job_of_result(principal, pid)
        recipe = self._recipes.by_hash(former.recipe_hash)
        return self._start_again(principal, recipe, self._request_of(former), former, verifies=pid)

    def verification(self, principal: Principal, pid: str) -> tuple[Job, Comparison | None] | None:
        """The latest verification of this result and how it compared; None when there was none."""
        self._job_of_result(principal, pid)
        with self._database.read() as session:
            query = select(Job).where(Job.verifies == pid).order_by(Job.created.desc(), Job.id.desc()).limit(1)
            job = session.scalars(query).first()
        return (job, recorded_comparison(job)) if job is not None else None

    # --- watching -------------------------------------------------------------------------------------------------

    def jobs(
        self,
        principal: Principal,
        *,
        states: Sequence[str] = (),
        proposal: str | None = None,
        recipe: str | None = None,
        mine: bool = True,
        limit: int = 50,
        offset: int = 0,
    ) -> JobPage:
        """A page of the jobs that this person may see, the newest first."""
        query = select(Job).where(visible_jobs(self._access, principal))
        if mine:
            query = query.where(Job.person_id == principal.person_id)
        if states:
            query = query.where(Job.state.in_(states))
        if recipe:
            query = query.where(Job.recipe == recipe)
        if proposal:
            query = query.where(Job.proposal_id.in_(select(Proposal.id).where(Proposal.name == proposal)))
        with self._database.read() as session:
            total = session.scalar(select(func.count()).select_from(query.subquery())) or 0
            page = query.order_by(Job.created.desc(), Job.id.desc()).limit(limit).offset(offset)
            return JobPage(total, self._views(session, principal, list(session.scalars(page))))

    def job(self, principal: Principal, job_id: str) -> JobView:
        """One job; `NotFound` also when this person may not see it."""
        query = select(Job).where(Job.id == check_pid(job_id), visible_jobs(self._access, principal))
        with self._database.read() as session:
            found = session.scalars(query).first()
            if found is None:
                raise NotFound(_NO_JOB.format(job_id), remedy="Check its number.")
            return self._views(session, principal, [found], folder_of=self._folder_of)[0]

    def may_see(self, principal: Principal, job_id: str) -> bool:
        """For event streams: may this principal see the job now?"""
        query = select(Job.id).where(Job.id == job_id, visible_jobs(self._access, principal))
        with self._database.read() as session:
            return session.scalars(query).first() is not None

    def log(self, principal: Principal, job_id: str, offset: int = 0, limit: int = 262_144) -> JobLog:
        """The log from byte `offset` on; a negative offset counts from the end."""
        file = self._folder_of(self.job(principal, job_id).job).log
        size = file.stat().st_size if file.is_file() else 0
        start = max(0, size + offset) if offset < 0 else offset
        text = read_bytes(file, offset=start, limit=max(0, limit)) if start < size else b""
        return JobLog(text, start, start + len(text), size)

    def kept(self, principal: Principal, job_id: str) -> list[KeptFile]:
        """The files of a job that failed; those of a result are the result's. Only for who may read all its inputs."""
        view = self.job(principal, job_id)
        if view.job.state == JobState.SUCCEEDED or not view.may_repeat:
            return []
        return kept_files(self._collector.kept_folder(job_id))

    def kept_file(self, principal: Principal, job_id: str, name: str) -> KeptFile:
        found = next((file for file in self.kept(principal, job_id) if file.name == name), None)
        if found is None:
            raise NotFound(
                f"The job keeps no file '{name[:100]}', or you may not see it.", remedy="Open the job's page."
            )
        return found

    def typical_duration_s(self, recipe: str) -> float | None:
        """Median wall time of the last successful runs."""
        query = (
            select(Job.wall_s)
            .where(Job.recipe == recipe, Job.state == JobState.SUCCEEDED, Job.wall_s.is_not(None))
            .order_by(Job.ended.desc())
            .limit(25)
        )
        with self._database.read() as session:
            found = sorted(float(value) for value in session.scalars(query) if value is not None)
        return found[len(found) // 2] if found else None

    # --- ending ---------------------------------------------------------------------------------------------------

    def cancel(self, principal: Principal, job_id: str) -> None:
        """Ask for the end; the job's state follows within a moment. Harmless when it has ended."""
        need_run(principal)
        view = self.job(principal, job_id)
        if JobState(view.job.state).is_final:
            return
        if not view.may_cancel:
            raise NotAllowed("Only the person who started a job may cancel it.", remedy=f"Ask {view.person}.")
        clock = self._database.clock
        with self._database.session() as session:
            session.execute(update(Job).where(Job.id == job_id).values(cancel_requested=True, phase="Cancelling"))
            job = session.get_one(Job, job_id)
            record(session, job, clock, "job.progress")
        self._reconciler.wake()

    def cancel_all(self, principal: Principal) -> int:
        """Ask for the end of all active jobs (the demo stops); for operators. How many there were."""
        self._access.require(principal, Action.OPERATE, what="everybody's jobs")
        with self._database.session() as session:
            ids = list(session.scalars(select(Job.id).where(Job.state.in_(_ACTIVE))))
            session.execute(update(Job).where(Job.id.in_(ids)).values(cancel_requested=True))
        self._reconciler.wake()
        return len(ids)

    def notices(self, principal: Principal) -> list[Notice]:
        query = select(Notice).where(Notice.person_id == principal.person_id, Notice.dismissed.is_(None))
        with self._database.read() as session:
            return list(session.scalars(query.order_by(Notice.created.desc()).limit(100)))

    def dismiss_notice(self, principal: Principal, notice_id: int) -> None:
        with self._database.session() as session:
            notice = session.get(Notice, notice_id)
            if notice is None or notice.person_id != principal.person_id:
                raise NotFound("There is no such notice.")
            notice.dismissed = self._database.clock()

    def run_reconciler(self, stop: threading.Event) -> None:
        """The background work, under the lease `jobs`; returns when `stop` is set."""
        self._reconciler.run(stop)

    def folder(self, job_id: str, start: int = 1) -> JobFolder:
        """The folder of this start of the job."""
        return JobFolder(self._folders / folder_names(check_pid(job_id), start)[-1])

    # --- inside ---------------------------------------------------------------------------------------------------

    def _folder_of(self, job: Job) -> JobFolder:
        return self.folder(job.id, job.attempt)

    def _views(
        self,
        session: Session,
        principal: Principal,
        jobs: Sequence[Job],
        folder_of: Callable[[Job], JobFolder] | None = None,
    ) -> list[JobView]:
        return views_of(session, self._access, principal, jobs, self._database.clock(), folder_of=folder_of)

    def _start_again(
        self,
        principal: Principal,
        recipe: RecipeVersion,
        request: JobRequest,
        former: Job,
        *,
        verifies: str | None = None,
    ) -> str:
        request = replace(request, repeats=former.id)
        with self._database.read() as session:
            slots = allowed_inputs(session, self._access, principal, request)
            parameters = parameters_for(session, self._offers, recipe, slots, request)
            place = session.get_one(Proposal, former.proposal_id)
        if verifies is None:
            wanted = place.name if former.person_id == principal.person_id else None
            place = place_of_result(self._database, self._access, principal, slots, wanted)
        pids = [dataset.pid for given in slots.values() for dataset in given]
        where = self._engines.again(principal, recipe.manifest, pids, former.engine)
        job = self._new_job(principal, recipe, request, place, parameters, where=where)
        job.memory_mb, job.verifies = former.memory_mb, verifies
        if verifies is not None:
            job.environment, job.environment_key = former.environment, former.environment_key
            job.gpus = self._runtime.gpus(job.engine, job.recipe) if former.gpus else 0
        with self._database.session() as session:
            self._add(session, job, slots)
        self._reconciler.wake()
        return job.id

    def _new_job(
        self,
        principal: Principal,
        recipe: RecipeVersion,
        request: JobRequest,
        place: Proposal,
        parameters: dict[str, Any],
        *,
        where: Choice,
    ) -> Job:
        engine = self._runtime.engine(where.engine)
        wanted = recipe.manifest.resources
        software = self._engines.software(principal, where.engine, recipe.manifest, gpu=request.gpu)
        return Job(
            id=new_pid("job"),
            person_id=principal.person_id,
            proposal_id=place.id,
            recipe=recipe.manifest.id,
            recipe_version=recipe.manifest.version,
            recipe_hash=recipe.content_hash,
            parameters=parameters,
            environment=software.environment,
            gpus=software.gpus,
            engine=where.engine,
            engine_reason=" ".join(filter(None, (where.reason, software.why)))[:300],
            state=JobState.REQUESTED,
            phase="Preparing",
            attempt=1,
            cancel_requested=False,
            message="",
            cores=min(request.cores or wanted.cores, self._runtime.cores(where.engine, recipe.manifest)),
            memory_mb=min(wanted.memory_mb, engine.memory_mb),
            time_limit_s=request.time_limit_s or wanted.time_limit_s,
            created=self._database.clock(),
            repeats=request.repeats,
            warnings=[],
        )

    def _add(self, session: Session, job: Job, slots: Slots) -> None:
        """Write the job with its inputs, their versions and checksums, and the event that tells of it."""
        pids = [dataset.pid for given in slots.values() for dataset in given]
        rows = session.scalars(select(Dataset).where(Dataset.pid.in_(pids)).options(selectinload(Dataset.files)))
        found = {row.pid: row for row in rows}
        job.inputs = [
            JobInput(
                slot=slot,
                dataset_pid=dataset.pid,
                dataset_version=found[dataset.pid].version,
                checksums=_checksums(found[dataset.pid].files),
            )
            for slot, given in slots.items()
            for dataset in given
        ]
        session.add(job)
        session.flush()
        record(session, job, self._database.clock, "job.created")

    def _request_of(self, job: Job) -> JobRequest:
        inputs: dict[str, list[str]] = {}
        for given in job.inputs:
            inputs.setdefault(given.slot, []).append(given.dataset_pid)
        return JobRequest(
            recipe=job.recipe,
            inputs=inputs,
            version=job.recipe_version,
            parameters=job.parameters,
            engine=job.engine,
            cores=job.cores,
            time_limit_s=job.time_limit_s,
        )

    def _job_of_result(self, principal: Principal, pid: str) -> Job:
        with self._database.read() as session:
            found = self._access.find(session, check_pid(pid))
            if found is None:
                raise not_found(f"dataset '{pid}'")
            dataset = found[0]
            self._access.require(principal, Action.READ, found[1], what=f"dataset '{pid}'")
            job = session.get(Job, dataset.job_id) if dataset.job_id else None
            if job is None:
                raise InvalidInput(
                    f"'{dataset.title}' is no result of a job.", remedy="Only results can be verified.", field="pid"
                )
            return job


def _checksums(files: Sequence[DatasetFile]) -> dict[str, str]:
    return {file.name: file.sha256 for file in files}


def need_run(principal: Principal) -> None:
    """Errors say why this principal may start nothing at all."""
    if not principal.signed_in:
        raise NotSignedIn("Running an analysis needs a sign-in.", remedy="Sign in and try again.")
    if principal.kind is PrincipalKind.TOKEN and Scope.RUN not in principal.scopes:
        raise NotAllowed("This token may not run analyses: it lacks the scope run.", remedy="Use a token that has it.")
