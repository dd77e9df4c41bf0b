"""A job's own Dask cluster whose workers are Slurm jobs: dask-jobqueue submits and cancels them, its own rule says how many.

What Dask doesn't see is looked after here: a worker's job that Slurm ended before the worker arrived, or refused, is forgotten, so that
another is asked for; where none can come, the job ends and says why. Everything speaks TLS with certificates made for this job.
"""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib import import_module
from pathlib import Path
from typing import Any

from pandaas.runtime.engines.leading import Ended
from pandaas.runtime.engines.slurm.command import SAID_FOR_LATER

NAME = "slurm-workers"  # file in the work's folder with the name of the workers' jobs, as long as there may be some
_WORKER_MB = 512  # Dask's own two processes
_LOOK_S = 3.0
_ENOUGH = 5  # workers that never arrived, one after the other
_LOG_TAIL = 2000


def worker_options(asked: dict[str, Any], folder: Path) -> dict[str, Any]:
    """What `SLURMCluster` is told of a worker's job. `asked`: `runtime.dask.slurm` with what the work needs."""
    place = folder / "dask"
    memory = max(asked["memory_mb"], asked["needs_mb"] + _WORKER_MB)
    return {
        "cores": 1,
        "processes": 1,
        "memory": f"{memory}MB",
        "job_mem": f"{memory}M",
        "queue": asked["partition"],
        "account": asked["account"],
        "walltime": str(-(-int(asked["time_limit_s"]) // 60)),
        "job_name": asked["name"],
        "job_extra_directives": ["--no-requeue", *asked["options"]],
        "log_directory": str(place),
        "local_directory": str(place),
        "shared_temp_directory": str(place),
        "worker_extra_args": ["--no-dashboard", "--memory-limit", "0"],  # the supervisor of each part keeps the limit
        "python": sys.executable,
    }


class SlurmWorkers:
    """The cluster, and a look at whether its workers can still come."""

    def __init__(self, asked: dict[str, Any], folder: Path, output: Path, maximum: int) -> None:
        jobqueue, distributed = import_module("dask_jobqueue"), import_module("distributed")
        (folder / "dask").mkdir(mode=0o700, exist_ok=True)
        (folder / NAME).write_text(asked["name"], "utf-8")
        self._folder, self._output = folder, output
        self._name = asked["name"]
        self._next = 0.0
        self._in_vain = 0
        self._refused = refused = [""]

        class Job(jobqueue.slurm.SLURMJob):  # type: ignore[misc, name-defined]  # has no types
            async def start(self) -> None:
                try:
                    await super().start()
                except RuntimeError as error:
                    refused[0] = _first_error(str(error))
                    raise

        scheduler: dict[str, Any] = {"dashboard": False, "dashboard_address": "127.0.0.1:0"}
        self.cluster = jobqueue.SLURMCluster(
            job_cls=Job,
            protocol="tls://",
            security=distributed.Security.temporary(),
            scheduler_options={**scheduler, **({"host": asked["host"]} if asked["host"] else {})},
            **worker_options(asked, folder),
        )
        logging.getLogger("distributed.deploy").setLevel(logging.CRITICAL)  # refusals are told once, by `look`
        self.cluster.adapt(minimum=min(asked["minimum"], maximum), maximum=maximum)

    def look(self) -> None:
        """Forget workers whose Slurm job is over; raises `Ended` where none seems to come."""
        if time.monotonic() < self._next:
            return
        self._next = time.monotonic() + _LOOK_S
        known = {name: job.job_id for name, job in list(self.cluster.workers.items())}
        alive = self._alive()
        if alive is None:
            return
        arrived = set(self.cluster.observed)
        gone = [name for name, job in known.items() if name not in arrived and job not in alive]
        if arrived:
            self._in_vain = 0
        elif not any(words in self._refused[0].lower() for words in SAID_FOR_LATER):
            self._in_vain += len(gone)
        self.cluster.sync(self._forget, gone)
        if self._in_vain >= _ENOUGH:
            self._give_up()

    async def _forget(self, names: list[str]) -> None:
        for name in names:
            self.cluster.workers.pop(name, None)  # it is still planned, so Dask's rule asks for another

    def _alive(self) -> set[str] | None:
        """The numbers of our workers' jobs that Slurm has in its queue; None where it doesn't answer."""
        command = ["squeue", "-h", "--me", f"--name={self._name}", "-o", "%A"]
        with suppress(OSError, subprocess.TimeoutExpired):
            done = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
            return set(done.stdout.split()) if done.returncode == 0 else None
        return None

    def _give_up(self) -> None:
        """Say why, as the SDK says it of a recipe."""
        why = self._refused[0] or "their Slurm jobs ended before they had begun."
        for log in sorted((self._folder / "dask").glob("*.err"))[-1:]:
            sys.stderr.write(f"The last worker said:\n{log.read_text('utf-8', 'replace')[-_LOG_TAIL:]}\n")
        failure = {"what": f"No Dask worker came: {why}", "remedy": "Choose another engine, or tell the operator."}
        (self._output / "failure.json").write_text(json.dumps(failure), "utf-8")
        raise Ended(1)


@contextmanager
def cluster_on_slurm(wanted: dict[str, Any], folder: Path) -> Iterator[SlurmWorkers]:
    """The cluster for as long as this lasts; its Slurm jobs are cancelled afterwards."""
    place = wanted["cluster"]
    maximum = max(1, min(wanted["cores"], place["workers"]))
    workers = SlurmWorkers(place["slurm"], folder, Path(wanted["output"]), maximum)
    try:
        with workers.cluster:
            yield workers
    finally:
        cancel_workers(folder)


def cancel_workers(folder: Path, conf: Path | None = None) -> None:
    """Cancel the workers' jobs that whoever led them has left; without a Slurm that answers they end by themselves, a minute
    after they miss their scheduler."""
    variables = {**os.environ, **({"SLURM_CONF": str(conf)} if conf else {})}
    with suppress(OSError, subprocess.TimeoutExpired):
        name = (folder / NAME).read_text("utf-8")
        (folder / NAME).unlink()
        command = ["scancel", "--me", f"--name={name}"]
        subprocess.run(command, env=variables, capture_output=True, timeout=10, check=False)


def _first_error(said: str) -> str:
    """Of what dask-jobqueue says of a command that failed: what the command said."""
    lines = [line.strip() for line in said.partition("stderr:")[2].splitlines() if line.strip()]
    return lines[0].removeprefix("sbatch: ").removeprefix("error: ") if lines else said
