"""Collecting: what an ended job left becomes its final state, a registered result, a comparison, a notice.

Safe to repeat: the result is moved out of the job's reach first, then registered in the transaction that ends the job; a
crash in between finds the moved file and goes on.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

import structlog
from sqlalchemy import select
from sqlalchemy.orm import Session

from pandaas.config import Settings
from pandaas.db import Database
from pandaas.db.tables import Dataset, Job, JobInput, Person, Proposal
from pandaas.jobs.ending import Ending, ending_of, warnings_of
from pandaas.jobs.folder import RESULT, JobFolder
from pandaas.jobs.kept import FILES, kept_files, take_files
from pandaas.jobs.notices import leave_notice, mail_if_long
from pandaas.jobs.progress import ProgressTail
from pandaas.jobs.states import move
from pandaas.jobs.verification import compare, registered_file
from pandaas.model import Conflict, JobState, PandaasError
from pandaas.recipes import RecipeRegistry
from pandaas.runtime import ExitRecord, Runtime, take_back

log = structlog.get_logger(__name__)


class Results(Protocol):
    """What jobs need of the catalogue."""

    def prepare_result(self, file: Path, attachments: Sequence[Path] = ()) -> Any:
        """Read the file (in a worker process, outside of transactions); `UnreadableFile` when it is no result.

        `attachments` are files that go with it.
        """
        ...

    def register_result(
        self,
        session: Session,
        job: Job,
        file: Any,
        *,
        title: str,
        inputs: Mapping[str, Sequence[str]],
        proposal: Proposal,
    ) -> str:
        """Make what was prepared a dataset in the caller's transaction, made from `inputs` (slot → pids)."""
        ...


class Collector:
    """Ends jobs. Thread-safe; each job is ended once, whoever tries."""

    def __init__(
        self, settings: Settings, database: Database, catalogue: Results, runtime: Runtime, recipes: RecipeRegistry
    ) -> None:
        self._settings = settings
        self._database = database
        self._catalogue = catalogue
        self._runtime = runtime
        self._recipes = recipes
        self._results = settings.home / "results"

    def collect(self, job: Job, folder: JobFolder, record: ExitRecord) -> None:
        """Bring the job (running or lost) into its final state."""
        last = ProgressTail(folder.output).read()
        values: dict[str, Any] = {
            "phase": "",
            "exit_code": record.code,
            "started": job.started or _time(record.started),
            "ended": _time(record.ended) or self._database.clock(),
            "wall_s": record.wall_s,
            "cpu_s": record.cpu_s,
            "max_rss_mb": record.max_rss_mb,
            "warnings": [*job.warnings, *warnings_of(folder)],
        }
        if last is not None:
            values |= {"progress": last.fraction, "message": last.message}
            values |= {"preview": last.preview} if last.preview else {}
        ending = self._resume(folder, job) or ending_of(job, folder, record)
        file = None
        if job.verifies is None:
            take_files(folder.output, self.kept_folder(job.id))
        if ending.state is JobState.SUCCEEDED:
            try:
                file = self._secure(job, folder)
            except (PandaasError, OSError) as error:
                ending = Ending(JobState.FAILED, f"Its result can't be used: {error}", "Tell the recipe's author.")
        try:
            self._end(job, ending, values, file)
        except Conflict:
            log.info("job was ended by someone else", job=job.id)
            return
        folder.clear()

    def fail(self, job: Job, what: str, remedy: str | None, *, state: JobState = JobState.FAILED) -> None:
        """End a job that never ran, or that nobody knows any more."""
        ending = Ending(state, what, remedy)
        try:
            now = self._database.clock()
            wall = {"wall_s": (now - job.started).total_seconds()} if job.started else {}
            self._end(job, ending, {"phase": "", "ended": now, **wall}, None)
        except Conflict:
            log.info("job was ended by someone else", job=job.id)

    def result_file(self, job_id: str) -> Path:
        """Where the job's result lies once it was taken back."""
        return self._results / job_id / RESULT

    def kept_folder(self, job_id: str) -> Path:
        """Where the files lie that the job kept beside its result, or before it failed."""
        return self._results / job_id / FILES

    def _resume(self, _folder: JobFolder, job: Job) -> Ending | None:
        """The result was taken back already, by an attempt to end the job that was interrupted."""
        return Ending(JobState.SUCCEEDED) if self.result_file(job.id).is_file() else None

    def _secure(self, job: Job, folder: JobFolder) -> Path:
        """Take the result out of the job's reach; from here on only the platform writes it."""
        target = self.result_file(job.id)
        if not target.is_file():
            take_back(folder.output / RESULT, target)
        return target

    def _end(self, job: Job, ending: Ending, values: dict[str, Any], file: Path | None) -> None:
        values = {**values, "failure": ending.failure, "remedy": ending.remedy}
        if file is not None and job.verifies:
            ending, values = self._compared(job, file, ending, values)
            file = None
        try:
            kept = [found.path for found in kept_files(self.kept_folder(job.id))]
            prepared = self._catalogue.prepare_result(file, kept) if file is not None else None
            self._write(job, ending, values, prepared)
        except PandaasError as error:
            if isinstance(error, Conflict) or file is None:
                raise
            log.warning("result not registered", job=job.id, reason=str(error))
            failed = Ending(JobState.FAILED, f"Its result could not be registered: {error.detail}", error.remedy)
            self._write(job, failed, {**values, "failure": failed.failure, "remedy": failed.remedy}, None)

    def _write(self, job: Job, ending: Ending, values: dict[str, Any], prepared: Any) -> None:
        title = self._title(job)
        with self._database.session() as session:
            move(session, job, ending.state, self._database.clock, **values)
            if prepared is not None:
                self._register(session, job, prepared, title)
            ended = session.get_one(Job, job.id)
            about = _about(session, ended, title)
            leave_notice(session, ended, about, self._database.clock)
            person = session.get(Person, job.person_id)
        mail_if_long(self._settings, ended, person, about)

    def _register(self, session: Session, job: Job, prepared: Any, title: str) -> None:
        """The result becomes a dataset, in the transaction that ends the job."""
        given = list(session.scalars(select(JobInput).where(JobInput.job_id == job.id).order_by(JobInput.id)))
        main = session.scalars(select(Dataset).where(Dataset.pid == given[0].dataset_pid)).first()
        called = f"{title}: {main.title}" if main is not None else title
        inputs: dict[str, list[str]] = {}
        for item in given:
            inputs.setdefault(item.slot, []).append(item.dataset_pid)
        place = session.get_one(Proposal, job.proposal_id)
        self._catalogue.register_result(session, job, prepared, title=called[:500], inputs=inputs, proposal=place)

    def _compared(self, job: Job, file: Path, ending: Ending, values: dict[str, Any]) -> tuple[Ending, dict[str, Any]]:
        """For a verification: compare instead of registering; the repeated result is not kept."""
        try:
            with self._database.read() as session:
                registered = registered_file(session, job.verifies or "")
            recipe = self._recipes.by_hash(job.recipe_hash)
            environment = self._runtime.environments.ensure_key(job.environment or "", job.environment_key or "")
            found = compare(self._runtime, environment, registered, file, recipe.manifest)
        except PandaasError as error:
            failed = Ending(JobState.FAILED, str(error.detail), error.remedy)
            return failed, {**values, "failure": failed.failure, "remedy": failed.remedy}
        file.unlink()
        file.parent.rmdir()
        return ending, {**values, "comparison": found.to_json()}

    def _title(self, job: Job) -> str:
        try:
            return self._recipes.by_hash(job.recipe_hash).manifest.title
        except PandaasError:
            return job.recipe


def _about(session: Session, job: Job, title: str) -> str:
    """`Azimuthal integration of “Silica in water” and 2 more`."""
    query = select(Dataset.title).join(JobInput, JobInput.dataset_pid == Dataset.pid)
    names = list(session.scalars(query.where(JobInput.job_id == job.id).order_by(JobInput.id)))
    if not names:
        return title
    more = f" and {len(names) - 1} more" if len(names) > 1 else ""
    return f"{'Verification: ' if job.verifies else ''}{title} of “{names[0][:200]}”{more}"


def _time(seconds: float) -> datetime | None:
    return datetime.fromtimestamp(seconds, UTC) if seconds else None
