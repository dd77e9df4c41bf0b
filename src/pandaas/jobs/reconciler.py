"""The reconciler: brings every job forward by what its engine says. One process leads, under the lease `jobs`.

It holds no state that matters: whatever process leads next finds all jobs in the database, asks the engines about them and
goes on. Submission and collection can be repeated, so a kill at any point loses no job and repeats none.
"""

from __future__ import annotations

import os
import secrets
import shutil
import socket
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import structlog
from sqlalchemy import select

from pandaas.config import Settings
from pandaas.db import Database, hold, release
from pandaas.db.tables import Job
from pandaas.jobs.collection import Collector
from pandaas.jobs.folder import JobFolder, folder_names
from pandaas.jobs.losses import NODE, TRACE, may_start_again, start_again
from pandaas.jobs.place import write_queue
from pandaas.jobs.preparation import Preparation
from pandaas.jobs.progress import ProgressTail, Throttle
from pandaas.jobs.states import change, move
from pandaas.model import Conflict, JobState, PandaasError, Progress, ordinal
from pandaas.runtime import Observation, Runtime

log = structlog.get_logger(__name__)
LEASE = "jobs"
_LEASE_S = 30.0
_RENEW_S = 8.0
_FOLLOW_S = 0.08  # between looks at running jobs: progress is seen within 100 ms
_IDLE_S = 1.0
_RELOAD_S = 0.5  # requests made through other processes are seen within this time
_LOST_AGAIN_S = 60.0
_CLEAN_S = 3600.0
_AT_ONCE = 16
_ACTIVE = (JobState.REQUESTED, JobState.QUEUED, JobState.RUNNING)


@dataclass
class _Followed:
    """What the leader remembers of an active job between two looks."""

    job: Job
    tail: ProgressTail | None = None
    throttle: Throttle = field(default_factory=Throttle)
    pending: Progress | None = None
    unknown_since: float | None = None
    cancelled: bool = False
    busy: bool = False  # a thread prepares or collects it


class Reconciler:
    """See the module. `run(stop)` leads while it holds the lease; `wake()` makes it look at once."""

    def __init__(
        self,
        settings: Settings,
        database: Database,
        runtime: Runtime,
        *,
        preparation: Preparation,
        collector: Collector,
        folder_of: Callable[[Job], JobFolder],
    ) -> None:
        self._settings = settings
        self._database = database
        self._runtime = runtime
        self._preparation = preparation
        self._collector = collector
        self._folder_of = folder_of
        self._woken = threading.Event()
        self._followed: dict[str, _Followed] = {}
        self._loaded = self._renewed = self._lost_looked = self._cleaned = float("-inf")
        self._holder = f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"

    def wake(self) -> None:
        self._woken.set()

    def run(self, stop: threading.Event) -> None:
        """Lead until `stop` is set; wait for the lease where another process leads."""
        try:
            while not stop.is_set():
                if not self._leads():
                    self._followed.clear()
                    stop.wait(_RENEW_S / 4)
                    continue
                self.step()
                self._rest(stop)
        finally:
            release(self._database, LEASE, self._holder)

    def step(self) -> None:
        """One round over all active jobs."""
        self._reload()
        for followed in list(self._followed.values()):
            if not followed.busy and followed.job.state == JobState.REQUESTED:
                self._advance_requested(followed)
        self._advance_submitted()
        self._look_for_lost()
        self._clean()

    def _leads(self) -> bool:
        now = time.monotonic()
        if now - self._renewed < _RENEW_S:
            return True
        if not hold(self._database, LEASE, self._holder, seconds=_LEASE_S):
            return False
        self._renewed = now
        return True

    def _rest(self, stop: threading.Event) -> None:
        """Short while jobs run; a request from this process ends it at once."""
        if self._woken.wait(_FOLLOW_S if self._followed else _RELOAD_S):
            self._woken.clear()
            self._loaded = float("-inf")
        if stop.is_set():
            return

    def _reload(self) -> None:
        """See what requests, cancellations and other processes have changed in the database."""
        now = time.monotonic()
        if now - self._loaded < _RELOAD_S:
            return
        self._loaded = now
        busy = {job_id for job_id, seen in self._followed.items() if seen.busy}  # may change while we read
        with self._database.read() as session:
            rows = list(session.scalars(select(Job).where(Job.state.in_(_ACTIVE)).order_by(Job.created, Job.id)))
        active = {row.id for row in rows}
        for gone in set(self._followed) - active - busy:
            del self._followed[gone]
        for row in rows:
            seen = self._followed.setdefault(row.id, _Followed(row))
            if row.id not in busy:
                seen.job = row

    def _advance_requested(self, followed: _Followed) -> None:
        job = followed.job
        if job.cancel_requested:
            self._collector.fail(job, "It was cancelled before it started.", None, state=JobState.CANCELLED)
            return
        self._in_background(followed, self._preparation.submit, job)

    def _advance_submitted(self) -> None:
        by_engine: dict[str, list[_Followed]] = {}
        for followed in self._followed.values():
            submitted = followed.job.state in {JobState.QUEUED, JobState.RUNNING} and followed.job.engine_handle
            if submitted and not followed.busy:
                by_engine.setdefault(followed.job.engine, []).append(followed)
        for name, group in by_engine.items():
            try:
                engine = self._runtime.engine(name)
                seen = engine.poll([followed.job.engine_handle or {} for followed in group])
                for followed in group:
                    if followed.job.cancel_requested and not followed.cancelled:
                        engine.cancel(followed.job.engine_handle or {})
                        followed.cancelled = True
            except PandaasError as error:  # not reachable now: ask again, nothing is concluded
                log.warning("engine does not answer", engine=name, reason=str(error))
                continue
            self._take_in(group, seen)

    def _take_in(self, group: Sequence[_Followed], seen: Sequence[Observation]) -> None:
        for followed, observation in zip(group, seen, strict=True):
            try:
                self._observe(followed, observation)
            except Conflict:
                self._loaded = float("-inf")  # someone else changed it: look again

    def _observe(self, followed: _Followed, observation: Observation) -> None:
        job = followed.job
        if observation.state == "unknown":
            self._perhaps_lost(followed, observation)
            return
        followed.unknown_since = None
        if observation.state in {"running", "ended"} and job.state == JobState.QUEUED:
            self._begin(job)
        if observation.state == "queued":
            self._tell_what_it_waits_for(job, observation)
        elif observation.state == "running":
            self._follow(followed)
        elif observation.exit is not None and observation.exit.reason == "node" and self._may_start_again(job):
            self._start_again(followed, NODE)
        elif observation.exit is not None:
            self._in_background(followed, self._collector.collect, job, self._folder_of(job), observation.exit)

    def _tell_what_it_waits_for(self, job: Job, observation: Observation) -> None:
        """The words tell all that the fields do, so they change together; fields first, as the event is told with the words."""
        detail = observation.detail
        if job.state == JobState.QUEUED and detail and detail != job.phase and not job.cancel_requested:
            write_queue(self._folder_of(job), observation.queue)
            with self._database.session() as session:
                change(session, job, self._database.clock, phase=detail[:200])

    def _begin(self, job: Job) -> None:
        clock = self._database.clock
        with self._database.session() as session:
            phase = "Running" if job.attempt == 1 else f"Running, the {ordinal(job.attempt)} time"
            move(session, job, JobState.RUNNING, clock, started=clock(), phase=phase)

    def _follow(self, followed: _Followed) -> None:
        """Store what the job tells, no more often than the throttle lets through."""
        if followed.tail is None:
            followed.tail = ProgressTail(self._folder_of(followed.job).output)
        followed.pending = _merged(followed.pending, followed.tail.read())
        if followed.pending is None or not followed.throttle.is_due():
            return
        told, followed.pending = followed.pending, None
        values: dict[str, Any] = {"progress": told.fraction, "message": told.message}
        if told.preview is not None:
            values["preview"] = told.preview
        with self._database.session() as session:
            change(session, followed.job, self._database.clock, **values)

    def _may_start_again(self, job: Job) -> bool:
        """Not where its result was taken back already: then only the end of the job is missing."""
        taken_back = self._collector.result_file(job.id).is_file()
        return not taken_back and may_start_again(job, self._settings.runtime.starts)

    def _start_again(self, followed: _Followed, why: str) -> None:
        """The new start has a folder of its own; of the former one the log stays."""
        job, starts, former = followed.job, self._settings.runtime.starts, self._folder_of(followed.job)
        log.warning("job started again", job=job.id, reason=why, start=job.attempt + 1, of=starts)
        with self._database.session() as session:
            start_again(session, job, why, starts, self._database.clock)
        followed.tail, followed.pending, followed.unknown_since = None, None, None
        self._in_background(followed, former.clear)

    def _end_what_is_left(self, job: Job, handle: dict[str, Any]) -> None:
        """It may run somewhere out of sight: its results count no more, and it need not go on. Only after the job has left it,
        since a job whose work is found cancelled is cancelled."""
        try:
            self._runtime.engine(job.engine).cancel(handle)
        except PandaasError as error:
            log.info("lost job not ended", job=job.id, reason=error.detail)

    def _perhaps_lost(self, followed: _Followed, observation: Observation) -> None:
        job, now = followed.job, time.monotonic()
        if followed.unknown_since is None:
            followed.unknown_since = now
        if now - followed.unknown_since < self._settings.runtime.lost_grace_s:
            return
        if self._may_start_again(job):
            handle = job.engine_handle or {}
            self._start_again(followed, TRACE)
            self._end_what_is_left(job, handle)
        else:
            what = f"The platform lost track of it. {observation.detail}".strip()
            self._collector.fail(job, what, "Run it again; nothing was registered.", state=JobState.LOST)

    def _look_for_lost(self) -> None:
        """An exit record that turns up after all corrects `lost`."""
        now = time.monotonic()
        if now - self._lost_looked < _LOST_AGAIN_S:
            return
        self._lost_looked = now
        recent = self._database.clock() - timedelta(days=1)
        with self._database.read() as session:
            rows = list(session.scalars(select(Job).where(Job.state == JobState.LOST, Job.ended >= recent)))
        for job in rows:
            if job.engine_handle is None:
                continue
            try:
                [seen] = self._runtime.engine(job.engine).poll([job.engine_handle])
            except PandaasError as error:  # not reachable now, or no longer there: the job stays lost
                log.info("lost job not looked for", job=job.id, reason=error.detail)
                continue
            if seen.exit is not None:
                self._collector.collect(job, self._folder_of(job), seen.exit)

    def _clean(self) -> None:
        """Logs and scratch files of jobs that ended long ago go; results and records stay."""
        now = time.monotonic()
        if now - self._cleaned < _CLEAN_S:
            return
        self._cleaned = now
        oldest = self._database.clock() - timedelta(days=self._settings.runtime.keep_job_days)
        with self._database.read() as session:
            old = session.execute(select(Job.id, Job.attempt).where(Job.ended < oldest)).all()
        for job_id, starts in old:
            for name in folder_names(job_id, starts):
                shutil.rmtree(self._settings.home / "jobs" / name, ignore_errors=True)

    def _in_background(self, followed: _Followed, work: Callable[..., None], *arguments: Any) -> None:
        """Preparing may take minutes (an environment is built), collecting seconds; others don't wait for it.

        Only so many at once: the rest has its turn in a later round.
        """
        if sum(seen.busy for seen in self._followed.values()) >= _AT_ONCE:
            return
        followed.busy = True

        def task() -> None:
            try:
                work(*arguments)
            except Conflict as error:
                log.info("job changed meanwhile", job=followed.job.id, reason=str(error))
            except Exception as error:  # the loop and the other jobs go on; it is tried again
                log.error("job not brought forward", job=followed.job.id, exc_info=error)
                time.sleep(_IDLE_S)
            finally:
                followed.busy = False
                self._woken.set()

        threading.Thread(target=task, name=f"job-{followed.job.id}", daemon=True).start()


def _merged(older: Progress | None, newer: Progress | None) -> Progress | None:
    """The newer line, with the older one's curve if it has none of its own."""
    if newer is None or older is None:
        return newer or older
    return Progress(newer.fraction, newer.message, newer.preview or older.preview)
