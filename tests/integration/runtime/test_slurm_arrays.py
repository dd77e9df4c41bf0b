"""Recipes in blocks as job arrays of a real Slurm: the same bits, nothing lost with a task, one job for whoever looks."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from pandaas.runtime import SlurmEngine, read_json
from pandaas.testing.slurm import SlurmServer
from pandaas.testing.sums import SUMS, add_sums, sums
from pandaas.testing.workshop import Workshop

pytestmark = [pytest.mark.integration, pytest.mark.xdist_group("slurm")]
TASKS = 2


# How Slurm is reached makes no difference to arrays, beyond what the suites of both drivers show.
@pytest.fixture(scope="module", params=["command", pytest.param("rest", marks=pytest.mark.full)])
def workshop(
    slurm: SlurmServer, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Workshop]:
    asked: dict[str, object] = {"enabled": True, "poll_s": 0.1, "timeout_s": 5, "array_tasks": TASKS, "array_cores": 1}
    if request.param == "rest":
        slurm.start_part("slurmrestd")
        asked |= {"rest_url": slurm.rest_url, "rest_user": "root", "rest_key": str(slurm.folder / "etc/jwt.key")}
    else:
        asked["conf"] = str(slurm.conf)
    made = Workshop(tmp_path_factory.mktemp("arrays"), runtime={"slurm": asked, "memory_mb": 8192})
    engine = made.runtime.engine("slurm")
    assert isinstance(engine, SlurmEngine)
    engine.settle_s, engine.lost_s = 5.0, 8.0
    add_sums(made)
    with made.running():
        yield made
    made.close()
    if request.param == "rest":
        slurm.stop_part("slurmrestd")


@pytest.fixture(scope="module")
def local(workshop: Workshop) -> tuple[str, bytes]:
    """The dataset, and its result on this computer."""
    pid = workshop.dataset(values=np.random.default_rng(7).normal(size=(8, 50)))
    return pid, sums(workshop, workshop.start("alice", "sums", pid, engine="local", cores=2))


def _started(workshop: Workshop, pid: str) -> tuple[str, Path]:
    job_id = workshop.start("alice", "sums", pid, engine="slurm", cores=TASKS)
    return job_id, workshop.jobs.folder(job_id).path


def test_the_bits_are_those_of_this_computer(workshop: Workshop, local: tuple[str, bytes]) -> None:
    pid, wanted = local
    job_id, folder = _started(workshop, pid)
    assert sums(workshop, job_id) == wanted
    used = read_json(folder / "slurm-usage.json")
    job = workshop.jobs.job(workshop.principal("alice"), job_id).job
    assert len(used["tasks"]) == TASKS
    assert job.cores == TASKS
    assert (job.cpu_s or 0) + 0.001 >= sum(task["cpu_s"] for task in used["tasks"]) > 0
    log = (folder / "log.txt").read_text()
    assert len({line.split("task ")[1] for line in log.splitlines() if line.startswith("[part")}) <= TASKS
    assert not (folder / "tries").exists()


@pytest.mark.full
def test_parts_of_a_killed_task_are_done_again(workshop: Workshop, local: tuple[str, bytes]) -> None:
    pid, wanted = local
    job_id, folder = _started(workshop, pid)
    _kill(_a_part_of(folder))
    assert sums(workshop, job_id) == wanted
    assert list((folder / "parts/lost").iterdir())


@pytest.mark.full  # that the bits are the same then, the conformance suite shows
def test_a_killed_leader_is_replaced_once_and_what_is_done_stays(
    workshop: Workshop, slurm: SlurmServer, local: tuple[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    pid, wanted = local
    monkeypatch.setattr(workshop.runtime.engine("slurm"), "settle_s", 1.0)
    job_id, folder = _started(workshop, pid)
    _until(lambda: any((folder / "parts/done").glob("*.json")))
    before = {path.name for path in (folder / "parts/done").glob("*.json")}
    number = read_json(folder / "slurm-job.json")["job"]
    _kill(int(read_json(folder / "supervisor.json")["pid"]))
    assert sums(workshop, job_id) == wanted
    assert before <= {path.name for path in (folder / "parts/done").iterdir()}
    assert read_json(folder / "slurm.json")["former"] == [number]
    assert not slurm.said("squeue", "-h", "-j", number, "-t", "PD,R").strip()


@pytest.mark.full
@pytest.mark.parametrize("by", ["the operator", "a crash of slurmd, whose orphans go on"])
def test_a_lost_node_is_waited_for_and_what_is_done_stays(
    workshop: Workshop, slurm: SlurmServer, local: tuple[str, bytes], by: str
) -> None:
    pid, wanted = local
    job_id, folder = _started(workshop, pid)
    _until(lambda: any((folder / "parts/done").glob("*.json")))
    before = {path.name: path.read_bytes() for path in (folder / "parts/done").glob("*.json")}
    number = read_json(folder / "slurm-job.json")["job"]
    if by == "the operator":
        assert slurm.ok("scontrol", "update", "NodeName=localhost", "State=DOWN", "Reason=gone")
    else:
        slurm.kill_part("slurmd")
    try:
        _until(lambda: "down" in slurm.said("sinfo", "-h", "-o", "%T"), timeout_s=60)
    finally:
        if by == "the operator":
            slurm.ok("scontrol", "update", "NodeName=localhost", "State=RESUME")
        else:
            slurm.start_part("slurmd")
        slurm.wait_idle()
    assert sums(workshop, job_id) == wanted
    assert {name: (folder / "parts/done" / name).read_bytes() for name in before} == before
    assert not slurm.said("squeue", "-h", "-j", number, "-t", "PD,R").strip()


@pytest.mark.full
def test_cancelling_ends_all_tasks(workshop: Workshop, slurm: SlurmServer, local: tuple[str, bytes]) -> None:
    job_id, folder = _started(workshop, local[0])
    _until(lambda: any((folder / "parts/claims").glob("*")))
    number = read_json(folder / "slurm-job.json")["job"]
    workshop.jobs.cancel(workshop.principal("alice"), job_id)
    assert workshop.wait(job_id).job.state == "cancelled"
    _until(lambda: not slurm.said("squeue", "-h", "-j", number, "-t", "PD,R,CG").strip())


@pytest.mark.full
def test_a_part_that_fails_says_why(workshop: Workshop) -> None:
    pid = workshop.dataset(values=np.zeros((4, 2, 2), dtype="f4"))
    code = workshop.recipe_folder / "sums" / "run.py"
    code.write_text(SUMS.replace("time.sleep(0.15)", "raise sdk.RecipeError('No beam.', 'Open the shutter.')"))
    workshop.recipes.refresh(force=True)
    try:
        view = workshop.wait(_started(workshop, pid)[0], timeout_s=60)
    finally:
        code.write_text(SUMS)
        workshop.recipes.refresh(force=True)
    assert (view.job.state, view.job.failure, view.job.remedy) == ("failed", "No beam.", "Open the shutter.")


def _a_part_of(folder: Path) -> int:
    """The process of a task that does a part and doesn't lead."""
    found: list[int] = []

    def seen() -> bool:
        leader = (folder / "claim").read_text() if (folder / "claim").exists() else ""
        tasks = {path.read_text() for path in (folder / "parts/claims").glob("*")} - {"", leader}
        for process in Path("/proc").glob("[0-9]*"):
            try:
                words = (process / "cmdline").read_bytes().split(b"\0")
                variables = dict(
                    item.split(b"=", 1) for item in (process / "environ").read_bytes().split(b"\0") if b"=" in item
                )
            except OSError:
                continue
            task = variables.get(b"SLURM_JOB_ID", b"").decode()
            if str(folder).encode() in words and b"pandaas.runtime.engines.slurm.member" in words and task in tasks:
                found[:] = [int(process.name)]
                return True
        return False

    _until(seen)
    return found[0]


def _kill(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)


def _until(condition: Callable[[], bool], timeout_s: float = 30) -> None:
    end = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)
