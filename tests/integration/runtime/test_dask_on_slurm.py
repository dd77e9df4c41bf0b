"""The engine dask with workers that dask-jobqueue has started as jobs of a real Slurm: the conformance suite, the bits of this computer,
workers' jobs cancelled in the middle, nothing left behind."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pandaas.config import RuntimeSettings
from pandaas.runtime import Engine, Sandbox, WorkSpec
from pandaas.runtime.engines.dask.engine import DaskEngine
from pandaas.testing.engines import EngineConformance
from pandaas.testing.slurm import SlurmServer
from pandaas.testing.sums import add_sums, sums
from pandaas.testing.workshop import Workshop

pytestmark = [pytest.mark.integration, pytest.mark.full, pytest.mark.xdist_group("slurm"), pytest.mark.timeout(300)]
WORKERS = 2


def _settings(slurm: SlurmServer, **more: Any) -> dict[str, Any]:
    workers = {"enabled": True, "conf": str(slurm.conf), "host": "127.0.0.1", "partition": "main", **more}
    return {"enabled": True, "workers": WORKERS, "slurm": workers}


class TestDaskOnSlurm(EngineConformance):
    @pytest.fixture(autouse=True)
    def _with_slurm(self, slurm: SlurmServer) -> None:
        self.slurm = slurm
        self.settings = RuntimeSettings.model_validate({"memory_mb": 8192, "dask": _settings(slurm)})
        self.sandbox = Sandbox(self.settings)

    def make_engine(self, tmp_path: Path) -> Engine:
        return DaskEngine(self.settings, self.sandbox)

    def restart(self, engine: Engine, tmp_path: Path) -> Engine:
        return DaskEngine(self.settings, self.sandbox)

    def hit_a_worker(self, work: WorkSpec) -> None:
        _cancel_a_worker(self.slurm, work.folder)


@pytest.fixture(scope="module")
def workshop(slurm: SlurmServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workshop]:
    runtime = {"dask": _settings(slurm), "memory_mb": 8192}
    made = Workshop(tmp_path_factory.mktemp("dask-slurm"), runtime=runtime)
    add_sums(made)
    with made.running():
        yield made
    made.close()


@pytest.fixture(scope="module")
def local(workshop: Workshop) -> tuple[str, bytes]:
    """The dataset, and its result on this computer."""
    pid = workshop.dataset(values=np.random.default_rng(7).normal(size=(24, 50)))
    return pid, sums(workshop, workshop.start("alice", "sums", pid, engine="local", cores=1))


def _started(workshop: Workshop, pid: str) -> tuple[str, Path]:
    job_id = workshop.start("alice", "sums", pid, engine="dask", cores=WORKERS)
    return job_id, workshop.jobs.folder(job_id).path


def test_the_bits_are_those_of_this_computer(workshop: Workshop, slurm: SlurmServer, local: tuple[str, bytes]) -> None:
    pid, wanted = local
    job_id, folder = _started(workshop, pid)
    _until(lambda: len(_queued(slurm, "RUNNING")) == WORKERS)  # it grows to what it may have
    assert sums(workshop, job_id) == wanted
    job = workshop.jobs.job(workshop.principal("alice"), job_id).job
    assert (job.engine, job.attempt) == ("dask", 1)
    assert (job.cpu_s or 0) > 0
    _until(lambda: not _queued(slurm))
    assert not list(folder.glob("dask/.dask-jobqueue*")), "keys are left"


@pytest.mark.parametrize("killed", [1, WORKERS])
def test_cancelled_workers_are_replaced_and_no_bit_changes(
    workshop: Workshop, slurm: SlurmServer, local: tuple[str, bytes], killed: int
) -> None:
    pid, wanted = local
    job_id, folder = _started(workshop, pid)
    _until(lambda: len(_queued(slurm, "RUNNING")) == WORKERS and _parts_at_work(folder))
    before = _queued(slurm, "RUNNING")
    assert slurm.ok("scancel", *before[:killed])
    assert sums(workshop, job_id) == wanted
    assert workshop.jobs.job(workshop.principal("alice"), job_id).job.attempt == 1


def test_a_job_that_is_cancelled_takes_its_workers_with_it(
    workshop: Workshop, slurm: SlurmServer, local: tuple[str, bytes]
) -> None:
    job_id, _ = _started(workshop, local[0])
    _until(lambda: bool(_queued(slurm, "RUNNING")))
    workshop.jobs.cancel(workshop.principal("alice"), job_id)
    assert workshop.wait(job_id).job.state == "cancelled"
    _until(lambda: not _queued(slurm))


@pytest.mark.parametrize(
    ("wrong", "said"),
    [({"account": "nobodys"}, "Invalid account"), ({"options": ["--wckey=x", "--no-such-option"]}, "no-such-option")],
)
def test_what_slurm_refuses_is_said(
    workshop: Workshop,
    slurm: SlurmServer,
    local: tuple[str, bytes],
    wrong: dict[str, Any],
    said: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    settings = RuntimeSettings.model_validate({"memory_mb": 8192, "dask": _settings(slurm, **wrong)})
    monkeypatch.setitem(workshop.runtime.engines, "dask", DaskEngine(settings, workshop.runtime.sandbox))
    job_id, folder = _started(workshop, local[0])
    view = workshop.wait(job_id, timeout_s=120)
    assert view.job.state == "failed"
    assert said in (folder / "log.txt").read_text()
    assert said in str(view.job.failure)


def _cancel_a_worker(slurm: SlurmServer, folder: Path) -> None:
    """Of those that do a part."""
    _until(lambda: bool(_queued(slurm, "RUNNING")) and _parts_at_work(folder))
    assert slurm.ok("scancel", _queued(slurm, "RUNNING")[0])


def _parts_at_work(folder: Path) -> bool:
    return any(not found.with_name("exit.json").exists() for found in folder.glob("tries/*/supervisor.json"))


def _queued(slurm: SlurmServer, *states: str) -> list[str]:
    """Numbers of workers' jobs that Slurm has, or has in these states."""
    rows = [line.split() for line in slurm.said("squeue", "-h", "-o", "%A %T %j").splitlines()]
    return [
        number for number, state, name in rows if name.startswith("pandaas-dask-") and (not states or state in states)
    ]


def _until(condition: Callable[[], bool], timeout_s: float = 60) -> None:
    end = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)
