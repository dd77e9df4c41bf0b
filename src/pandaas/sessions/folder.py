"""A session's folders, and the work its program is for the engine.

    $PANDAAS_HOME/sessions/<id>/results/      what its program leaves for the platform
    $PANDAAS_HOME/sessions/<id>/<id>-<n>/     one start of the program: what the supervisor writes, session.json, and
                                              run/, where the program makes its socket
    $PANDAAS_HOME/homes/<person>/             the person's home, the same in all her sessions

The platform owns the folders above these, so a program can replace none of them by a link.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pandaas.config import SessionSettings, package_folder
from pandaas.db.tables import Dataset, WorkSession
from pandaas.jobs import describe_dataset, show_files
from pandaas.runtime import (
    Account,
    Bind,
    Confinement,
    Environment,
    Runtime,
    Template,
    WorkSpec,
    give_whole,
    write_atomically,
)
from pandaas.sessions.engines import CLUSTER, RULE
from pandaas.sessions.programs import Program

INSIDE = Path("/opt/pandaas-session")
SOCKET = {"jupyter": "http.sock", "desktop": "rfb.sock", "app": "http.sock"}
VIEW_PASSWORD = b"viewonly"
"""What names, to a desktop's screen, the right to watch only; `inside/desktop.py` writes it down for the screen."""
_PROCESSES = 512


@dataclass(frozen=True)
class SessionFolder:
    """The places of one session."""

    path: Path
    home: Path

    @property
    def results(self) -> Path:
        return self.path / "results"

    def attempt(self, number: int) -> Path:
        """Its name names the control group too, so it is this session's alone."""
        return self.path / f"{self.path.name}-{number}"

    def run(self, number: int) -> Path:
        return self.attempt(number) / "run"

    def socket(self, number: int, kind: str) -> Path:
        return self.run(number) / SOCKET[kind]


def write_session(
    folder: SessionFolder,
    row: WorkSession,
    program: Program,
    *,
    datasets: Sequence[Dataset],
    environment: Environment | None,
    runtime: Runtime,
    limits: SessionSettings,
    posix: str | None,
) -> WorkSpec:
    """Make the folders for this attempt and return the work for the engine."""
    attempt, run = folder.attempt(row.attempt), folder.run(row.attempt)
    account = runtime.sandbox.account_for(row.person_id, posix)
    for place in (folder.path, attempt):
        place.mkdir(parents=True, exist_ok=True, mode=0o700)
    for place in (run, folder.results, folder.home):
        place.mkdir(parents=True, exist_ok=True, mode=0o700)
        give_whole(place, account)
    files = [Path(file.path) for dataset in datasets for file in dataset.files]
    binds, account = show_files(files, account, attempt / "inputs")
    told = attempt / "session.json"
    described = _told(folder, row, program, datasets, environment)
    write_atomically(str(told), described | {"sdk": str(runtime.sdk_path), "told": str(told)})
    told.chmod(0o644)
    python = environment.python if environment is not None else Path("/usr/bin/python3")
    own = (*environment.binds, runtime.sdk.bind()) if environment is not None else ()
    inside = Bind(package_folder() / "sessions" / "inside", INSIDE)
    script = str(INSIDE / f"{row.kind}.py")
    confinement = Confinement(
        read_only=(*own, inside, Bind(program.folder), Bind(told), *binds),
        writable=(run, folder.results, folder.home),
        variables={"HOME": str(folder.home), "PANDAAS_RESULTS": str(folder.results)},
        account=account,
        memory_mb=row.memory_mb,
        cores=row.cores,
        gpu=row.gpus > 0,
        processes=_PROCESSES,
        network=has_network(program, limits),
    )
    return WorkSpec(
        folder=attempt,
        argv=(str(python), "-I", script, str(told)),
        confinement=confinement,
        cores=row.cores,
        memory_mb=row.memory_mb,
        time_limit_s=_longest_s(row, limits),
        output_mb=limits.home_mb,
        share=str(row.person_id),
        recipe=RULE,
        template=template_of(
            row.person_id,
            program,
            cores=row.cores,
            environment=environment,
            runtime=runtime,
            account=account,
            home=folder.home,
            words=(script, str(told)),
        )
        if environment is not None
        and not (confinement.network or confinement.gpu)  # what is forked has the template's, which has none
        else None,
    )


def template_of(
    person_id: int,
    program: Program,
    *,
    cores: int,
    environment: Environment,
    runtime: Runtime,
    account: Account | None,
    home: Path,
    words: tuple[str, ...] = (),
) -> Template | None:
    """What this person's sessions with this program can be forked from: it sees the software, and nothing of hers.

    Numerical libraries fix their threads while they are imported, so a desktop with several cores starts cold; notebooks compute
    in kernels, which are new programs. Her home is not there, but named: JupyterLab remembers from its import where settings and
    open tabs lie.
    """
    modules = program.entry.imports
    if not modules or (cores > 1 and program.kind != "jupyter"):
        return None
    named = tuple(word for module in modules for word in ("--import", module))
    return Template(
        argv=(str(environment.python), "-m", "pandaas.sdk", "wait", *named),
        confinement=Confinement(
            read_only=(*environment.binds, runtime.sdk.bind()),
            variables={"PYTHONPATH": str(runtime.sdk_path), "MPLBACKEND": "", "HOME": str(home)},
            account=account,
            memory_mb=runtime.settings.sessions.warm.memory_mb,
        ),
        arguments=("begin", *words),
        owner=f"session/{person_id}",
        awaited=True,
    )


def has_network(program: Program, limits: SessionSettings) -> bool:
    """Its entry asks for it, and the operator agrees."""
    return program.entry.network and program.id in limits.network


def _longest_s(row: WorkSession, limits: SessionSettings) -> int:
    """The keeper ends it before. A cluster is not asked for more time than the session has."""
    if row.engine == CLUSTER:
        return row.lifetime_s + int(limits.start_timeout_s) + 600
    return int(limits.longest_of_all * 3600) + 3600


def uid_of(runtime: Runtime, row: WorkSession, posix: str | None) -> int | None:
    """The uid that the session's program runs under, None for our own."""
    account = runtime.sandbox.account_for(row.person_id, posix)
    return account.uid if account is not None else None


def _told(
    folder: SessionFolder,
    row: WorkSession,
    program: Program,
    datasets: Sequence[Dataset],
    environment: Environment | None,
) -> dict[str, Any]:
    described = [describe_dataset(dataset) for dataset in datasets]
    files = [file for one in described for file in (one["files"] or one["attachments"])]
    python = environment.python if environment is not None else None
    return {
        "format": 1,
        "session": row.id,
        "title": program.title,
        "run": str(folder.run(row.attempt)),
        "home": str(folder.home),
        "results": str(folder.results),
        "command": program.command(python, folder.home, files),
        "imports": program.entry.imports,
        "datasets": described,
    }
