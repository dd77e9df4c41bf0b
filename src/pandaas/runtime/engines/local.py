"""The engine `local`: processes of this computer, each under its own detached supervisor.

Admission counts cores and memory. What doesn't fit waits: next is the work of whoever runs least, then the oldest; it is
never overtaken by smaller work, so that large work starts too. Work on GPUs sees all of them, one after the other. All state is in the work's folder: after a restart, `poll`
finds running work by its supervisor's lock and counts it again, and puts work that had not begun back into the line.
"""

from __future__ import annotations

import fcntl
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import structlog

from pandaas.config import RuntimeSettings, package_folder
from pandaas.model import InvalidInput
from pandaas.runtime import cgroups, processes
from pandaas.runtime.choice import Standing
from pandaas.runtime.engines.port import ExitRecord, Handle, Observation, Template, WorkSpec
from pandaas.runtime.engines.spec import describe_template, never_ran, write_spec
from pandaas.runtime.files import read_json
from pandaas.runtime.sandbox import Sandbox
from pandaas.runtime.supervisor import write_atomically
from pandaas.runtime.warm.pool import WarmPool

log = structlog.get_logger(__name__)
_START_TIMEOUT_S = 30


@dataclass(frozen=True)
class _Claim:
    """What a piece of work takes of this computer."""

    folder: Path
    share: str
    cores: int
    memory_mb: int
    warm: bool = False
    gpu: bool = False


class LocalEngine:
    """See the module. `cores` and `memory_mb` are what all work together may take."""

    name = "local"

    def __init__(self, settings: RuntimeSettings, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self.cores = settings.cores or os.cpu_count() or 1
        self.memory_mb = settings.memory_mb or int(psutil.virtual_memory().total * 0.75 / 1024**2)
        self._mutex = threading.RLock()
        self._waiting: list[_Claim] = []
        self._running: dict[Path, _Claim] = {}
        self._cleared: set[Path] = set()
        self._refused: set[Path] = set()  # their supervisor could not be started
        self.pool = WarmPool(settings.warm, self._on_end) if settings.warm.templates and sandbox.works else None

    def submit(self, work: WorkSpec) -> Handle:
        folder = work.folder.absolute()
        warm = self.pool is not None and work.template is not None
        claim = _Claim(folder, work.share, min(work.cores, self.cores), work.memory_mb, warm, work.confinement.gpu)
        if claim.memory_mb > self.memory_mb:
            raise InvalidInput(
                f"This needs {claim.memory_mb} MB of memory; this computer gives {self.memory_mb} MB to analysis.",
                remedy="Choose fewer data, or ask the operator to raise runtime.memory_mb.",
                field="memory_mb",
            )
        with self._mutex:
            known = folder in self._running or any(waiting.folder == folder for waiting in self._waiting)
            if not known and not _was_started(folder):
                self._write(work, claim.cores, self._sandbox.group(work.folder.name))
                self._waiting.append(claim)
            self._admit()
        return {"folder": str(folder)}

    def poll(self, handles: Sequence[Handle]) -> list[Observation]:
        with self._mutex:
            seen = [self._look(Path(str(handle["folder"]))) for handle in handles]
            self._admit()
            return seen

    def cancel(self, handle: Handle) -> None:
        folder = Path(str(handle["folder"]))
        with self._mutex:
            queued = [claim for claim in self._waiting if claim.folder == folder]
            if queued or (folder.is_dir() and not _was_started(folder)):
                self._waiting = [claim for claim in self._waiting if claim.folder != folder]
                write_atomically(str(folder / "exit.json"), never_ran())
                return
            if (folder / "exit.json").exists():
                return
            (folder / "cancel").touch()
            record = read_json(folder / "supervisor.json")
            if isinstance(record, dict) and processes.is_same(int(record["pid"]), record["start_ticks"]):
                os.kill(int(record["pid"]), signal.SIGTERM)

    def keep_warm(self, handle: Handle) -> None:
        """Work like this comes again: have a template for it, where it can have one. Returns at once."""
        if self.pool is not None:
            self.pool.prepare(Path(str(handle["folder"])))

    def import_ahead(self, template: Template) -> None:
        """Work from this template may come soon: let it import, where it takes nobody's place. Returns at once."""
        if self.pool is not None:
            self.pool.import_ahead(describe_template(template, self._sandbox))

    def standing(self, cores: int, memory_mb: int) -> Standing:
        with self._mutex:
            free = self.cores - sum(claim.cores for claim in self._running.values())
            memory = self.memory_mb - sum(claim.memory_mb for claim in self._running.values())
            ahead = len(self._waiting)
        return Standing(not ahead and min(cores, self.cores) <= free and memory_mb <= memory, ahead)

    def outlook(self, cores: int, memory_mb: int) -> str:
        now = self.standing(cores, memory_mb)
        count = min(cores, self.cores)
        where = f"On this computer, {count} core{'s' if count > 1 else ''}"
        if now.starts_now:
            return f"{where}, starts now."
        return f"{where}, starts when running work has ended ({now.waiting} waiting)."

    def _write(self, work: WorkSpec, cores: int, cgroup: dict[str, Any] | None) -> None:
        write_spec(work, self._sandbox, cores=cores, cgroup=cgroup)

    def _true_end(self, folder: Path, record: ExitRecord) -> ExitRecord:  # noqa: ARG002 - for engines that build on this one
        return record

    def _look(self, folder: Path) -> Observation:
        ended = _exit_record(folder)
        if ended is not None:
            self._running.pop(folder, None)
            return Observation("ended", self._true_end(folder, ended))
        if any(claim.folder == folder for claim in self._waiting):
            return Observation("queued")
        if _supervisor_lives(folder):
            if folder not in self._running:
                self._adopt(folder)
            return Observation("running")
        ended = _exit_record(folder)  # it may have ended between the two looks
        self._running.pop(folder, None)
        if ended is not None:
            return Observation("ended", self._true_end(folder, ended))
        if folder not in self._refused and not _was_started(folder):
            claim = _claim(folder)  # waited for an engine that was killed
            if claim is not None:
                self._waiting.append(claim)
                return Observation("queued")
        if folder not in self._cleared:
            self._cleared.add(folder)
            self._clear_up(folder)
        return Observation("unknown", detail=_why_lost(folder))

    def _clear_up(self, folder: Path) -> None:
        """End what a killed supervisor could not end, and take its control group away."""
        spec = read_json(folder / "spec.json", limit=16_777_216)
        if not isinstance(spec, dict) or not (folder / "supervisor.json").exists():
            return
        if not spec.get("isolated"):
            processes.kill_all(processes.marked(str(folder.resolve())))
        if group := spec.get("cgroup"):
            processes.kill_all(cgroups.processes(group))
            cgroups.remove(group)

    def _adopt(self, folder: Path) -> None:
        """Count work that runs since before we started."""
        self._running[folder] = _claim(folder) or _Claim(folder, "", 1, 0)

    def _admit(self) -> None:
        """Start what fits, fairly."""
        for folder in [folder for folder in self._running if _exit_record(folder) is not None]:
            del self._running[folder]
        importing: list[_Claim] = []
        while self._waiting:
            taken: dict[str, int] = {}
            for claim in self._running.values():
                taken[claim.share] = taken.get(claim.share, 0) + claim.cores
            following = min(self._waiting, key=lambda claim: taken.get(claim.share, 0))  # stable: the oldest of equals
            if not self._fits(following):
                break
            self._waiting.remove(following)
            if not self._start(following):
                importing.append(following)
        self._waiting = [*importing, *self._waiting]

    def _fits(self, claim: _Claim) -> bool:
        cores = sum(running.cores for running in self._running.values())
        memory = sum(running.memory_mb for running in self._running.values())
        if claim.gpu and any(running.gpu for running in self._running.values()):
            return False
        return cores + claim.cores <= self.cores and memory + claim.memory_mb <= self.memory_mb

    def _on_end(self, folder: Path) -> None:
        """Warm work has ended: what waits for its cores need not wait for the next look."""
        with self._mutex:
            self._running.pop(folder, None)
            self._admit()

    def _start(self, claim: _Claim) -> bool:
        """False where it waits for its template; it is tried again with the next look."""
        begun = self.pool.start(claim.folder) if claim.warm and self.pool is not None else "cold"
        if begun == "soon":
            return False
        if begun == "warm" or self._start_cold(claim.folder):
            self._running[claim.folder] = claim
        return True

    def _start_cold(self, folder: Path) -> bool:
        environment = {"PATH": os.environ.get("PATH", os.defpath), "PYTHONPATH": str(package_folder().parent)}
        done = subprocess.run(
            [sys.executable, "-S", "-m", "pandaas.runtime.supervisor", str(folder)],
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_START_TIMEOUT_S,
            check=False,
        )
        if done.returncode:
            log.error("supervisor did not start", folder=str(folder), said=done.stderr.decode("utf-8", "replace"))
            self._refused.add(folder)  # poll shows it as unknown, with the reason
        return not done.returncode


def _claim(folder: Path) -> _Claim | None:
    """What the work in this folder takes; None where it was never written down."""
    spec = read_json(folder / "spec.json", limit=16_777_216)
    if not isinstance(spec, dict):
        return None
    return _Claim(
        folder,
        str(spec.get("share", "")),
        int(spec.get("cores", 1)),
        int(spec.get("memory_mb", 0)),
        bool(spec.get("warm")),
        bool(spec.get("gpu")),
    )


def _was_started(folder: Path) -> bool:
    return (folder / "supervisor.json").exists() or (folder / "exit.json").exists()


def _exit_record(folder: Path) -> ExitRecord | None:
    file = folder / "exit.json"
    if not file.exists():
        return None
    return ExitRecord(**json.loads(file.read_text("utf-8")))


def _supervisor_lives(folder: Path) -> bool:
    """Is the lock held? It is as long as the supervisor lives, whatever became of its process id."""
    try:
        descriptor = os.open(folder / "lock", os.O_RDWR | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


def _why_lost(folder: Path) -> str:
    record = read_json(folder / "supervisor.json")
    if not isinstance(record, dict):
        return "It was never started." if folder.is_dir() else "Its folder is gone."
    if record.get("boot") != processes.boot_id():
        return "The computer was restarted while it ran."
    return "Its supervisor was killed while it ran."
