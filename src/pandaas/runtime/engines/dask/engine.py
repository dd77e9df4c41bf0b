"""The engine `dask`: a job's blocks are processed by Dask workers, led by one process here under the usual supervisor.

Admission, limits, log, record of the end and restarts are the local engine's: what is supervised is the leading process (`drive`), which
outlives the platform. Each task on a worker runs in the job's sandbox under a supervisor of its own.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import sys
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from pandaas.config import RuntimeSettings, package_folder
from pandaas.model import InvalidInput, Unavailable
from pandaas.runtime.engines.dask.on_slurm import cancel_workers
from pandaas.runtime.engines.local import LocalEngine
from pandaas.runtime.engines.parts import in_parts, numbers_of, supervised_by
from pandaas.runtime.engines.port import ExitRecord, WorkSpec
from pandaas.runtime.engines.spec import describe_spec, write_spec
from pandaas.runtime.files import read_json
from pandaas.runtime.sandbox import Sandbox
from pandaas.runtime.supervisor import write_atomically

_OWN_MB = 1024  # the leading process, its scheduler and the workers, besides the work's memory


class DaskEngine(LocalEngine):
    """See the module."""

    name = "dask"
    shapes = ("blockwise",)

    def __init__(self, settings: RuntimeSettings, sandbox: Sandbox) -> None:
        if find_spec("distributed") is None:
            raise Unavailable("the package 'distributed' is not installed (pip install 'pandaas[distributed]')")
        self._dask = settings.dask
        if self._dask.slurm.enabled:
            _check_slurm()
        workers = self._dask.workers or os.cpu_count() or 1
        own = settings.model_copy(
            update={"cores": self._dask.cores or workers, "memory_mb": self._dask.memory_mb or settings.memory_mb}
        )
        own = own.model_copy(update={"warm": own.warm.model_copy(update={"templates": 0})})
        super().__init__(own, sandbox)
        self._workers = workers

    def outlook(self, cores: int, memory_mb: int) -> str:
        where = "as Slurm jobs" if self._dask.slurm.enabled else "here"
        place = f"the scheduler {self._dask.scheduler}" if self._dask.scheduler else f"{self._workers} workers {where}"
        now = self.standing(cores, memory_mb)
        when = "starts now" if now.starts_now else f"starts when running work has ended ({now.waiting} waiting)"
        return f"On Dask ({place}), {when}."

    def _write(self, work: WorkSpec, cores: int, cgroup: dict[str, Any] | None) -> None:
        """The supervised command is the leading process; the work's own commands are in `dask.json`."""
        folder = work.folder.absolute()
        write_atomically(str(folder / "dask.json"), self._described(replace(work, folder=folder), cores))
        write_spec(work, self._sandbox, cores=cores, cgroup=cgroup)
        spec = read_json(folder / "spec.json", limit=16_777_216)
        path = str(package_folder().parent)
        spec |= {
            "argv": [sys.executable, "-m", "pandaas.runtime.engines.dask.drive", str(folder)],
            "env": {
                "PATH": os.environ.get("PATH", os.defpath),
                "PYTHONPATH": path,
                "HOME": str(folder),
                **self._slurm_conf(),
            },
            "cwd": str(folder),
            "isolated": False,  # its workers are looked for and ended one by one
            "memory_mb": work.memory_mb * cores + _OWN_MB,
            "cgroup": None,
            "warm": None,
        }
        write_atomically(str(folder / "spec.json"), spec)

    def _clear_up(self, folder: Path) -> None:
        """Also on workers: Dask can't end a task that has begun, but it looks for this file."""
        super()._clear_up(folder)
        if folder.is_dir():
            (folder / "lost").touch()
        cancel_workers(folder, self._dask.slurm.conf)

    def _described(self, work: WorkSpec, cores: int) -> dict[str, Any]:
        chosen = self._dask
        found: dict[str, Any] = {
            "cores": cores,
            "cluster": {
                "scheduler": chosen.scheduler,
                "workers": self._workers,
                "slurm": self._on_slurm(work) if chosen.slurm.enabled else None,
                **{name: str(getattr(chosen, name) or "") for name in ("ca", "cert", "key")},
            },
            "scratch": str(work.folder / "dask"),
            "output": str(work.confinement.writable[0]) if work.confinement.writable else str(work.folder),
            "supervisor": supervised_by(Path(sys.executable)),
            "blocks": None,
        }
        if work.blocks is None:
            whole = self._sandbox.command(work.argv, work.confinement)
            return {
                **found,
                "whole": {"spec": describe_spec(work, whole, cores=1, cgroup=None), "job": None, **numbers_of(work)},
            }
        return {**found, **in_parts(work, self._sandbox, cores=1)}

    def _on_slurm(self, work: WorkSpec) -> dict[str, Any]:
        """What the leading process needs to know to have workers submitted."""
        chosen = self._dask.slurm
        if any(letter.isspace() for letter in f"{work.folder}{sys.executable}"):  # dask-jobqueue quotes no path
            raise InvalidInput(
                f"Dask workers on Slurm can't be started from '{work.folder}': its path or that of Python has a space.",
                remedy="Choose another engine, or tell the operator.",
            )
        asked = chosen.model_dump(mode="json", exclude={"enabled", "conf"})
        digest = hashlib.sha256(str(work.folder).encode()).hexdigest()[:8]
        return asked | {
            "name": f"pandaas-dask-{work.folder.name}-{digest}",
            "needs_mb": work.memory_mb,
            "time_limit_s": chosen.time_limit_s or work.time_limit_s,
        }

    def _slurm_conf(self) -> dict[str, str]:
        chosen = self._dask.slurm
        return {"SLURM_CONF": str(chosen.conf)} if chosen.enabled and chosen.conf else {}

    def _true_end(self, folder: Path, record: ExitRecord) -> ExitRecord:
        """A limit that a worker's supervisor kept is the reason of the whole; what workers used counts. Whoever led them may have
        been killed before it took them away."""
        cancel_workers(folder, self._dask.slurm.conf)
        used = read_json(folder / "usage.json")
        if isinstance(used, dict):
            peak = max(record.max_rss_mb, used["max_rss_mb"])
            record = replace(record, cpu_s=record.cpu_s + used["cpu_s"], max_rss_mb=peak)
        told = read_json(folder / "reason.json")
        if isinstance(told, dict) and record.reason == "exit":
            return replace(record, reason=told["reason"], code=None)
        return record


def _check_slurm() -> None:
    if find_spec("dask_jobqueue") is None:
        raise Unavailable("the package 'dask-jobqueue' is not installed (pip install 'pandaas[jobqueue]')")
    missing = [name for name in ("sbatch", "squeue", "scancel") if shutil.which(name) is None]
    if missing:
        raise Unavailable(f"{', '.join(missing)} not found: Dask workers are submitted with Slurm's commands")
