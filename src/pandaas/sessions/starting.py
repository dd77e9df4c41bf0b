"""Starting: a requested session gets its environment and folders, and its program goes to the engine."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import selectinload

from pandaas.access import not_found
from pandaas.config import Settings
from pandaas.db import Database
from pandaas.db.tables import Dataset, Person, WorkSession
from pandaas.model import PandaasError, SessionState, Unavailable
from pandaas.runtime import BuildProgress, Environment, Runtime, read_bytes
from pandaas.sessions.engines import SessionEngines
from pandaas.sessions.folder import SessionFolder, write_session
from pandaas.sessions.life import tell_person
from pandaas.sessions.orders import closed, drained, this_node
from pandaas.sessions.programs import Programs
from pandaas.sessions.states import change, move

_TELL_S = 0.5
_LOG_TAIL = 1500
_LATER = "It is kept: resume it when the computer is back."


class Starting:
    """Brings a session from requested to starting. Safe to repeat after a crash at any point."""

    def __init__(
        self, settings: Settings, database: Database, runtime: Runtime, programs: Programs, engines: SessionEngines
    ) -> None:
        self._settings = settings
        self._database = database
        self._runtime = runtime
        self._programs = programs
        self._engines = engines

    def folder(self, row: WorkSession) -> SessionFolder:
        home = self._settings.home
        return SessionFolder(home / "sessions" / row.id, home / "homes" / str(row.person_id))

    def start(self, row: WorkSession) -> None:
        """A session that can't be started fails with the reason."""
        clock = self._database.clock
        try:
            self._start(row)
        except PandaasError as error:
            with self._database.session() as session:
                values = {"reason": error.detail, "remedy": error.remedy, "ended": clock(), "phase": ""}
                move(session, row, SessionState.FAILED, clock, **values)
        except OSError as error:
            with self._database.session() as session:
                why = f"It could not be prepared: {error.strerror or error}."
                remedy = "Tell the operator; the disk may be full."
                move(session, row, SessionState.FAILED, clock, reason=why, remedy=remedy, ended=clock(), phase="")

    def log_of(self, row: WorkSession, limit: int = _LOG_TAIL) -> str:
        """The end of what the program of the current attempt wrote."""
        file = self.folder(row).attempt(row.attempt) / "log.txt"
        size = file.stat().st_size if file.is_file() else 0
        return read_bytes(file, offset=max(0, size - limit), limit=limit).decode("utf-8", "replace")

    def _start(self, row: WorkSession) -> None:
        program = self._programs.get(row.program)
        if program.problem:
            raise Unavailable(program.problem, remedy=program.remedy)
        if self._put_off(row):
            return
        environment = self._environment(row)
        if self._put_off(row):  # that took a while
            return
        datasets, posix = self._datasets(row)
        folder = self.folder(row)
        work = write_session(
            folder,
            row,
            program,
            datasets=datasets,
            environment=environment,
            runtime=self._runtime,
            limits=self._settings.sessions,
            posix=posix,
        )
        handle = self._engines.of(row).submit(work)
        clock = self._database.clock
        if environment is not None:
            self._runtime.environments.touch(environment.key)
        with self._database.session() as session:
            move(
                session,
                row,
                SessionState.STARTING,
                clock,
                engine_handle=handle,
                environment_key=environment.key if environment is not None else None,
                isolation=self._runtime.sandbox.level,
                started=clock(),
                node=this_node(),
                phase=f"Starting {program.title}",
            )

    def _put_off(self, row: WorkSession) -> bool:
        """Is this computer drained, perhaps since the session was asked for? It goes to sleep then, and its person is told."""
        clock = self._database.clock
        with self._database.read() as session:
            drain = drained(session, self._database.clock()).on.get(this_node())
        if drain is None:
            return False
        why = closed(drain)
        with self._database.session() as session:
            move(session, row, SessionState.HIBERNATED, clock, reason=why, remedy=_LATER, ended=clock(), phase="")
            text = f"Your session “{row.title[:120]}” was not started. {why} {_LATER}"
            tell_person(session, row, text, clock=clock, level="warning")
        return True

    def _environment(self, row: WorkSession) -> Environment | None:
        """Built first where needed, which is shown as the session's phase."""
        if row.environment is None:
            return None
        told = [float("-inf")]

        def tell(step: BuildProgress) -> None:
            if time.monotonic() - told[0] < _TELL_S:
                return
            told[0] = time.monotonic()
            with self._database.session() as session:
                change(session, row, self._database.clock, phase=f"Preparing the software: {step.message}"[:200])

        return self._runtime.environments.ensure(row.environment, tell)

    def _datasets(self, row: WorkSession) -> tuple[list[Dataset], str | None]:
        pids = [one.dataset_pid for one in row.datasets]
        parts = (Dataset.files, Dataset.arrays, Dataset.parameters, Dataset.techniques)
        query = select(Dataset).where(Dataset.pid.in_(pids)).options(*map(selectinload, parts))
        with self._database.read() as session:
            found = {dataset.pid: dataset for dataset in session.scalars(query)}
            posix = session.get_one(Person, row.person_id).posix_account
        for pid in pids:
            if pid not in found:
                raise not_found(f"dataset '{pid}'")
        chosen = [found[pid] for pid in pids]
        _check_files(chosen)
        return chosen, posix


def _check_files(datasets: Sequence[Dataset]) -> None:
    for dataset in datasets:
        for file in dataset.files:
            if not Path(file.path).is_file():
                raise Unavailable(
                    f"The file '{file.name}' of '{dataset.title}' is missing on disk.",
                    remedy="Ask the instrument's staff to restore it.",
                )
