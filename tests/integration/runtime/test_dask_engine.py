"""The engine dask: the conformance suite, the same bits as on one computer, and workers killed in the middle."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import psutil
import pytest

from pandaas.config import RuntimeSettings
from pandaas.runtime import Engine, Sandbox, WorkSpec, read_json
from pandaas.runtime.engines.dask.engine import DaskEngine
from pandaas.testing.dask import DaskServer
from pandaas.testing.engines import EngineConformance
from pandaas.testing.sums import SUMS, add_sums, sums
from pandaas.testing.workshop import Workshop

pytestmark = [pytest.mark.integration, pytest.mark.xdist_group("dask")]
DASK = {"enabled": True, "workers": 2}


@pytest.fixture(scope="module")
def sandbox() -> Sandbox:
    return Sandbox(RuntimeSettings())


@pytest.fixture(scope="module")
def scheduler() -> Iterator[DaskServer]:
    """A cluster that is there already; jobs that make their own take longer to start."""
    server = DaskServer()
    try:
        server.start()
        yield server
    finally:
        server.stop()


class TestDaskEngine(EngineConformance):
    @pytest.fixture(autouse=True)
    def _with_scheduler(self, sandbox: Sandbox, scheduler: DaskServer) -> None:
        self.sandbox = sandbox
        self.settings = RuntimeSettings(cores=2, memory_mb=8192, dask=scheduler.settings)

    def make_engine(self, tmp_path: Path) -> Engine:
        return DaskEngine(self.settings, self.sandbox)

    def restart(self, engine: Engine, tmp_path: Path) -> Engine:
        return DaskEngine(self.settings, self.sandbox)

    def hit_a_worker(self, work: WorkSpec) -> None:
        _kill_a_busy_worker(work.folder)


@pytest.fixture(scope="module")
def workshop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workshop]:
    made = Workshop(tmp_path_factory.mktemp("dask"), runtime={"dask": DASK, "memory_mb": 8192})
    add_sums(made)
    with made.running():
        yield made
    made.close()


@pytest.fixture
def on_scheduler(workshop: Workshop, scheduler: DaskServer, monkeypatch: pytest.MonkeyPatch) -> Workshop:
    settings = RuntimeSettings(memory_mb=8192, dask=scheduler.settings)
    monkeypatch.setitem(workshop.runtime.engines, "dask", DaskEngine(settings, workshop.runtime.sandbox))
    return workshop


@pytest.fixture(scope="module")
def local(workshop: Workshop) -> tuple[str, bytes]:
    """The dataset, and its result on this computer."""
    pid = workshop.dataset(values=np.random.default_rng(7).normal(size=(4, 50)))
    return pid, sums(workshop, workshop.start("alice", "sums", pid, engine="local", cores=1))


def test_the_bits_are_those_of_this_computer(workshop: Workshop, local: tuple[str, bytes]) -> None:
    pid, wanted = local
    job_id = workshop.start("alice", "sums", pid, engine="dask", cores=2)
    assert sums(workshop, job_id) == wanted
    job = workshop.jobs.job(workshop.principal("alice"), job_id).job
    assert (job.engine, job.engine_reason) == ("dask", "You chose it.")
    assert not (workshop.jobs.folder(job_id).path / "tries").exists()


def test_a_recipe_that_fails_on_a_worker_says_why(on_scheduler: Workshop) -> None:
    workshop = on_scheduler
    pid = workshop.dataset(values=np.zeros((2, 2, 2), dtype="f4"))
    code = workshop.recipe_folder / "sums" / "run.py"
    code.write_text(SUMS.replace("time.sleep(0.15)", "raise sdk.RecipeError('No beam.', 'Open the shutter.')"))
    workshop.recipes.refresh(force=True)
    try:
        view = workshop.wait(workshop.start("alice", "sums", pid, engine="dask"), timeout_s=120)
    finally:
        code.write_text(SUMS)
        workshop.recipes.refresh(force=True)
    assert (view.job.state, view.job.failure, view.job.remedy) == ("failed", "No beam.", "Open the shutter.")


def test_whole_recipes_are_not_offered_there(workshop: Workshop) -> None:
    manifest = workshop.recipes.get("sum-whole").manifest
    candidates, _ = workshop.jobs.engines(workshop.principal("alice"), manifest, [])
    assert {one.name: one.barred is None for one in candidates} == {"local": True, "dask": False}


def _kill_a_busy_worker(folder: Path) -> None:
    """The parent of a supervisor that works on blocks is a Dask worker."""
    end = time.monotonic() + 60
    while time.monotonic() < end:
        for found in folder.glob("tries/*/supervisor.json"):
            record = read_json(found)
            if not isinstance(record, dict) or found.with_name("exit.json").exists():
                continue
            try:
                worker = psutil.Process(int(record["pid"])).parent()
            except psutil.NoSuchProcess:
                continue
            if worker is not None and "multiprocessing" in " ".join(worker.cmdline()):
                os.kill(worker.pid, signal.SIGKILL)
                return
        time.sleep(0.02)
    raise AssertionError("no worker was seen at work")
