"""Where sessions run: on this computer, and on the cluster where that is offered.

A session on the cluster is one batch job under the same supervisor. Its door is a unix socket as everywhere, which leads in only from the
computer it is on: so it has to run on a node that this platform runs on too.
"""

from __future__ import annotations

import os
from datetime import datetime, timedelta
from pathlib import Path

import psutil

from pandaas.config import RuntimeSettings, SessionSettings
from pandaas.db.tables import WorkSession
from pandaas.model import Conflict, InvalidInput, Unavailable
from pandaas.runtime import Engine, LocalEngine, Runtime, Template, read_json
from pandaas.sessions.elsewhere import ELSEWHERE
from pandaas.sessions.programs import Program
from pandaas.sessions.views import SessionRequest, Size

LOCAL, CLUSTER = "local", "slurm"
RULE = "session"
"""The name under which `runtime.slurm.recipes` sets what Slurm is asked for with sessions."""
_BOOT = Path("/proc/sys/kernel/random/boot_id")


class SessionEngines:
    """See the module."""

    def __init__(self, runtime: Runtime, limits: SessionSettings) -> None:
        self._runtime = runtime
        self.local = LocalEngine(_own_settings(runtime.settings.runtime, limits), runtime.sandbox)
        self._found: dict[str, Engine] = {LOCAL: self.local}
        if limits.slurm and CLUSTER in runtime.engines:
            self._found[CLUSTER] = runtime.engines[CLUSTER]

    @property
    def names(self) -> tuple[str, ...]:
        """Those that a person may choose, this computer first."""
        return tuple(self._found)

    def chosen(self, name: str | None) -> Engine:
        """`InvalidInput` where sessions don't run there."""
        found = self._found.get(name or LOCAL)
        if found is None:
            raise InvalidInput(
                f"Sessions don't run on '{name}' here.", remedy=f"Choose {' or '.join(self._found)}.", field="engine"
            )
        return found

    def largest(self, name: str) -> Size:
        """The most that one session gets there. This computer's cores are shared by all of its sessions."""
        engine = self.chosen(name)
        cores = (os.cpu_count() or 1) if engine is self.local else engine.cores
        return Size(cores, engine.memory_mb, self._runtime.gpus(name, RULE))

    def sizes(self) -> dict[str, Size]:
        """The largest of each."""
        return {name: self.largest(name) for name in self._found}

    def of(self, row: WorkSession) -> Engine:
        """The engine of a session; `Unavailable` where it is not offered any more."""
        if row.engine not in self._found:
            raise Unavailable(
                f"The engine '{row.engine}' is not offered to sessions any more.", remedy="Set sessions.slurm again."
            )
        return self._found[row.engine]

    def import_ahead(self, template: Template) -> None:
        """A session of this program may be started soon, on this computer."""
        self.local.import_ahead(template)

    def keep_warm(self, row: WorkSession) -> None:
        """Its person will start this program again: have it imported by then. Only this computer does so."""
        if row.engine == LOCAL and row.engine_handle is not None:
            self.local.keep_warm(row.engine_handle)


def engine_for(engines: SessionEngines, program: Program, request: SessionRequest) -> str:
    """Where it runs: what she chose, or the program's provider, which gives what it gives. `InvalidInput` for more than
    there is, and for anything else."""
    if program.provider is None:
        name, memory = engines.chosen(request.engine).name, request.memory_mb or program.entry.memory_mb
        largest = engines.largest(name)
        if (request.cores or 1) > largest.cores:
            raise InvalidInput(f"No computer there gives more than {largest.cores} cores.", field="cores")
        if memory > largest.memory_mb:
            raise InvalidInput(f"No computer there gives more than {largest.memory_mb} MB.", field="memory_mb")
        if request.gpu and not largest.gpus:
            raise InvalidInput("Sessions get no GPU there.", remedy="Leave it out, or run it elsewhere.", field="gpu")
        return name
    for name in ("cores", "memory_mb", "gpu"):
        if getattr(request, name):
            raise InvalidInput(f"{program.title} gives what it gives.", remedy="Leave this out.", field=name)
    if request.engine not in {None, LOCAL, program.provider}:
        raise InvalidInput(f"{program.title} runs nowhere else.", remedy="Leave this out.", field="engine")
    return program.provider


def need_extensible(row: WorkSession) -> None:
    """`Conflict` where the end is the scheduler's, which moves it for nobody."""
    if row.engine == CLUSTER:
        raise Conflict(
            "On the cluster a session runs for as long as it asked for.",
            remedy="Let it hibernate and resume it: it gets its whole time again.",
        )


def need_here(row: WorkSession) -> None:
    """`Conflict` for a session that lives elsewhere, into which nobody is led from here."""
    if row.kind == ELSEWHERE:
        raise Conflict(
            "A session that runs elsewhere can't be shared from here.", remedy="Share it there, if it may be."
        )


def latest_end(row: WorkSession, longest: timedelta) -> datetime | None:
    """Beyond which the session can't be extended; None while it was never ready."""
    if row.engine == CLUSTER or row.ready is None:
        return row.expires
    return max(row.ready + longest, row.latest or row.ready)


def is_elsewhere(attempt: Path) -> bool:
    """It runs on another computer than this one."""
    begun = read_json(attempt / "supervisor.json")
    return isinstance(begun, dict) and begun.get("boot") != _BOOT.read_text("utf-8").strip()


def _own_settings(runtime: RuntimeSettings, limits: SessionSettings) -> RuntimeSettings:
    """Sessions wait for people most of the time, so many share the cores and the memory that few use at once."""
    memory = limits.memory_mb or int(psutil.virtual_memory().total * 2 / 1024**2)
    return runtime.model_copy(update={"cores": 4096, "memory_mb": memory, "warm": limits.warm})
