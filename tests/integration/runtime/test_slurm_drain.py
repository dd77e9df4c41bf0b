"""A long queue of small jobs on a real Slurm, while the platform, `slurmctld` and `slurmd` are killed (-9) again and again.

None is done twice, none that had not begun is lost, and each state is true. A controller that was killed before it had saved that a job runs
ends it when it is back: such a job is told as failed with its node, or as lost, and never as anything else.
"""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import cycle
from pathlib import Path
from typing import Any

import h5py
import pytest
from sqlalchemy import delete, func, select

from pandaas.db.tables import Dataset, Event, Job, Lease
from pandaas.testing.slurm import SlurmServer
from pandaas.testing.workshop import Workshop

pytestmark = [
    pytest.mark.integration,
    pytest.mark.full,
    pytest.mark.timeout(2400),
    pytest.mark.xdist_group("slurm"),
]
JOBS, KILLS, PATIENCE_S = 1000, 12, 2100.0

_LEADER = """
import json, sys, threading
from pathlib import Path
from pandaas.testing.workshop import Workshop
made = Workshop(Path(sys.argv[1]), fresh=False, runtime=json.loads(sys.argv[2]))
made.jobs.run_reconciler(threading.Event())
"""

_COUNTED = """
import numpy as np
from pandaas import sdk
def run(inputs, parameters, output):
    with open(output / 'runs', 'a') as stream: stream.write('x')
    runs = len(open(output / 'runs').read())
    plot = sdk.Plot('runs', sdk.Field('runs', np.array([runs, runs])), [sdk.Field('n', np.arange(2))])
    sdk.write_result(title='Runs', process={'program': 't', 'version': '1', 'parameters': {}}, plots=[plot])
"""


class Platform:
    """The process that leads the jobs; killed and started again."""

    def __init__(self, workshop: Workshop, runtime: dict[str, Any]) -> None:
        self._workshop, self._runtime = workshop, runtime
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        words = [sys.executable, "-c", _LEADER, str(self._workshop.home), json.dumps(self._runtime)]
        self._process = subprocess.Popen(words, start_new_session=True)

    def kill(self) -> None:
        assert self._process is not None
        assert self._process.poll() is None, "it ended by itself"
        self._process.send_signal(signal.SIGKILL)
        self._process.wait()
        with self._workshop.database.session() as session:
            session.execute(delete(Lease))  # runs out after 30 s; the test doesn't wait for that


@pytest.fixture
def runtime(slurm: SlurmServer) -> dict[str, Any]:
    asked = {"enabled": True, "conf": str(slurm.conf), "poll_s": 0.3, "timeout_s": 5}
    return {"slurm": asked, "lost_grace_s": 60}


@contextmanager
def led(platform: Platform) -> Iterator[None]:
    platform.start()
    try:
        yield
    finally:
        platform.kill()


def test_a_thousand_jobs_and_twelve_kills(tmp_path: Path, slurm: SlurmServer, runtime: dict[str, Any]) -> None:
    workshop = Workshop(tmp_path, runtime=runtime)
    small = "[resources]\ncores = 1\nmemory_mb = 256\ntime_limit_s = 600\n"
    workshop.write_recipe("counted", _COUNTED, manifest=small)
    pid = workshop.dataset()
    ids = [workshop.start("alice", "counted", pid, engine="slurm") for _ in range(JOBS)]
    platform, began = Platform(workshop, runtime), time.monotonic()

    def kill_platform() -> None:
        platform.kill()
        platform.start()

    def kill(part: str) -> Callable[[], None]:
        def kill_it() -> None:
            slurm.kill_part(part)
            time.sleep(2)
            slurm.start_part(part)
            slurm.wait_idle()

        return kill_it

    ways = cycle([kill("slurmctld"), kill_platform, kill("slurmd")])
    with led(platform):
        for number in range(KILLS + 1):
            wanted = JOBS * (number + 1) // (KILLS + 1)
            while _ended(workshop) < wanted:
                assert time.monotonic() - began < PATIENCE_S, _states(workshop, ids)
                time.sleep(0.1)
            if number < KILLS:
                next(ways)()
    took = time.monotonic() - began
    with workshop.database.read() as session:
        rows = list(session.scalars(select(Job).where(Job.id.in_(ids))))
        results = Counter(session.scalars(select(Dataset.job_id).where(Dataset.job_id.in_(ids))))
        changes = session.scalars(select(Event).where(Event.kind == "job.state")).all()
    ends = Counter(event.subject for event in changes if event.payload["state"] in {"succeeded", "failed", "lost"})
    good = [row.id for row in rows if row.state == "succeeded"]
    others = [row for row in rows if row.state != "succeeded"]
    bad = [(row.state, row.failure) for row in others]
    print(f"{JOBS} jobs in {took:.0f} s with {KILLS} kills; not succeeded: {Counter(bad)}")
    assert all((workshop.jobs.folder(row.id).path / "claim").exists() for row in others), Counter(bad)  # they had begun
    assert all(
        "node" in (failure or "").lower() if state == "failed" else state == "lost" and "no record" in (failure or "")
        for state, failure in bad
    ), Counter(bad)
    assert len(bad) <= KILLS // 3 * slurm.cores  # those that ran when the controller or slurmd was killed
    assert ends == dict.fromkeys(ids, 1)
    assert results == dict.fromkeys(good, 1)
    assert {_runs(workshop, job_id) for job_id in good} == {1}
    assert not slurm.said("squeue", "-h", "-t", "PD,R", "-o", "%i").strip()
    workshop.close()


def _ended(workshop: Workshop) -> int:
    with workshop.database.read() as session:
        query = select(func.count()).select_from(Job).where(Job.state.in_(["succeeded", "failed", "lost"]))
        return session.scalar(query) or 0


def _states(workshop: Workshop, ids: list[str]) -> Counter[str]:
    with workshop.database.read() as session:
        return Counter(session.scalars(select(Job.state).where(Job.id.in_(ids))))


def _runs(workshop: Workshop, job_id: str) -> int:
    with h5py.File(workshop.home / "results" / job_id / "result.nxs") as stream:
        return int(stream["entry/runs/runs"][0])
