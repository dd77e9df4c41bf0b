"""`kill -9` of the process that runs the reconciler: no job is lost, none is repeated, running ones are found again."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

from pandaas.db.tables import Dataset, Event, Job
from pandaas.runtime import read_json
from pandaas.testing.leader import leader
from pandaas.testing.workshop import Workshop

pytestmark = pytest.mark.integration

_SLOW = """
import time
import numpy as np
from pandaas import sdk
def run(inputs, parameters, output):
    with open(output / 'runs', 'a') as f: f.write('x')
    for n in range(12):
        sdk.progress(n / 12, f'step {n}')
        time.sleep(0.1)
    runs = len(open(output / 'runs').read())
    plot = sdk.Plot('runs', sdk.Field('runs', np.array([runs, runs])), [sdk.Field('n', np.arange(2))])
    sdk.write_result(title='Runs', process={'program': 't', 'version': '1', 'parameters': {}}, plots=[plot])
"""


@pytest.fixture
def workshop(tmp_path: Path) -> Iterator[Workshop]:
    made = Workshop(tmp_path)
    made.write_recipe("slow", _SLOW)
    yield made
    made.close()


def test_a_running_job_is_found_again(workshop: Workshop) -> None:
    with leader(workshop):
        job_id = workshop.start("alice", "slow", workshop.dataset())
        workshop.wait(job_id, state="running")
        supervisor = read_json(workshop.jobs.folder(job_id).path / "supervisor.json")
    assert Path(f"/proc/{supervisor['pid']}").exists()  # the job goes on without the platform
    with leader(workshop):
        view = workshop.wait(job_id)
    assert view.job.state == "succeeded", view.job.failure
    assert _runs(workshop, view.outputs) == [1]
    assert _count(workshop, job_id, "running") == 1


def test_what_ended_while_the_platform_was_down_is_collected(workshop: Workshop) -> None:
    with leader(workshop):
        job_id = workshop.start("alice", "slow", workshop.dataset())
        workshop.wait(job_id, state="running")
    _until((workshop.jobs.folder(job_id).path / "exit.json").exists)
    with leader(workshop):
        view = workshop.wait(job_id)
    assert view.job.state == "succeeded"
    assert _runs(workshop, view.outputs) == [1]


def test_kills_at_any_moment_lose_and_repeat_nothing(workshop: Workshop) -> None:
    """Eight jobs on two cores, the leader killed every so often, each time at another point of their lives."""
    pid = workshop.dataset()
    ids = [workshop.start("alice", "slow" if n % 4 == 0 else "sum-whole", pid) for n in range(8)]
    for patience in (0.1, 0.3, 0.6, 0.9, 1.2):
        with leader(workshop):
            time.sleep(patience)
    with leader(workshop):
        views = [workshop.wait(job_id, timeout_s=90) for job_id in ids]
    assert [(view.job.state, view.job.failure) for view in views] == [("succeeded", None)] * 8
    assert all(len(view.outputs) == 1 for view in views)
    assert set(_runs(workshop, [pid for view in views[::4] for pid in view.outputs])) == {1}
    assert all(_count(workshop, job_id, "succeeded") == 1 for job_id in ids)


def test_a_job_whose_supervisor_was_killed_is_started_again(workshop: Workshop) -> None:
    with workshop.running():
        job_id = workshop.start("alice", "slow", workshop.dataset())
        _kill_supervisor(workshop, job_id, 1)
        view = workshop.wait(job_id)
    assert view.job.state == "succeeded"
    assert view.job.warnings == ["Started again: the platform lost track of it (2nd of 3)."]
    assert _runs(workshop, view.outputs) == [1]
    assert not workshop.jobs.folder(job_id).output.exists()


def test_a_job_lost_for_the_last_time_is_lost_and_explained(workshop: Workshop) -> None:
    with workshop.running():
        job_id = workshop.start("alice", "slow", workshop.dataset())
        for start in (1, 2, 3):
            _kill_supervisor(workshop, job_id, start)
        view = workshop.wait(job_id)
    assert view.job.state == "lost"
    assert len(view.job.warnings) == 2
    assert (view.job.wall_s or 0) > 0  # long ones are told by mail
    assert "supervisor was killed" in (view.job.failure or "")
    assert view.job.remedy


def test_an_interrupted_registration_is_finished(workshop: Workshop) -> None:
    """The result was taken back, then the platform died before it was registered."""
    with leader(workshop):
        job_id = workshop.start("alice", "sum-whole", workshop.dataset())
        _until((workshop.jobs.folder(job_id).path / "supervisor.json").exists)
    folder = workshop.jobs.folder(job_id)
    _until((folder.path / "exit.json").exists)
    target = workshop.home / "results" / job_id
    target.mkdir(parents=True)
    (folder.output / "result.nxs").rename(target / "result.nxs")
    with leader(workshop):
        view = workshop.wait(job_id)
    assert view.job.state == "succeeded"
    assert len(view.outputs) == 1


def _kill_supervisor(workshop: Workshop, job_id: str, start: int) -> None:
    file = workshop.jobs.folder(job_id, start).path / "supervisor.json"
    _until(lambda: read_json(file) is not None)
    workshop.wait(job_id, state="running")
    os.kill(read_json(file)["pid"], signal.SIGKILL)


def _runs(workshop: Workshop, pids: object) -> list[int]:
    import h5py

    counts = []
    for pid in pids:  # type: ignore[attr-defined]
        with workshop.database.read() as session:
            file = session.scalars(select(Dataset).where(Dataset.pid == pid)).one().files[0].path
        with h5py.File(file) as stream:
            counts.append(int(stream["entry/runs/runs"][0]))
    return counts


def _count(workshop: Workshop, job_id: str, state: str) -> int:
    with workshop.database.read() as session:
        events = session.scalars(select(Event).where(Event.subject == job_id, Event.kind == "job.state"))
        assert session.get_one(Job, job_id)
        return sum(event.payload["state"] == state for event in events)


def _until(condition: Callable[[], bool], timeout_s: float = 20) -> None:
    end = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)
