"""A long queue of small jobs on a real Slurm, while the platform, `slurmctld` and `slurmd` are killed (-9) again and again.

None is lost, none is done twice.
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

import pytest
from sqlalchemy import func, select

from pandaas.db.tables import Dataset, Event, Job
from pandaas.testing.counted import COUNTED, LEADER, let_leases_go, runs_of
from pandaas.testing.slurm import SlurmServer
from pandaas.testing.workshop import Workshop

pytestmark = [
    pytest.mark.integration,
    pytest.mark.full,
    pytest.mark.timeout(2400),
    pytest.mark.xdist_group("slurm"),
]
JOBS, KILLS, PATIENCE_S = 1000, 12, 2100.0
ENDS = ("succeeded", "failed", "lost", "cancelled")


class Platform:
    """The process that leads the jobs; killed and started again."""

    def __init__(self, workshop: Workshop, runtime: dict[str, Any]) -> None:
        self._workshop, self._runtime = workshop, runtime
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        words = [sys.executable, "-c", LEADER, str(self._workshop.home), json.dumps(self._runtime)]
        self._process = subprocess.Popen(words, start_new_session=True)

    def kill(self) -> None:
        assert self._process is not None
        assert self._process.poll() is None, "it ended by itself"
        self._process.send_signal(signal.SIGKILL)
        self._process.wait()
        let_leases_go(self._workshop)


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
    workshop.write_recipe("counted", COUNTED, manifest=small)
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
                stands = _states(workshop, ids), slurm.said("sinfo")
                assert time.monotonic() - began < PATIENCE_S, stands
                slurm.is_up()
                time.sleep(0.5)
            if number < KILLS:
                next(ways)()
    took = time.monotonic() - began
    with workshop.database.read() as session:
        rows = list(session.scalars(select(Job).where(Job.id.in_(ids))))
        results = Counter(session.scalars(select(Dataset.job_id).where(Dataset.job_id.in_(ids))))
        changes = session.scalars(select(Event).where(Event.kind == "job.state")).all()
    ends = Counter(event.subject for event in changes if event.payload["state"] in ENDS)
    good = [row.id for row in rows if row.state == "succeeded"]
    bad = Counter((row.state, row.failure) for row in rows if row.state != "succeeded")
    print(f"{JOBS} jobs in {took:.0f} s with {KILLS} kills; not succeeded: {bad}")
    assert not bad
    assert ends == dict.fromkeys(ids, 1)
    assert results == dict.fromkeys(good, 1)
    assert {runs_of(workshop, job_id) for job_id in good} == {1}
    assert not slurm.said("squeue", "-h", "-t", "PD,R", "-o", "%i").strip()
    workshop.close()


def _ended(workshop: Workshop) -> int:
    with workshop.database.read() as session:
        query = select(func.count()).select_from(Job).where(Job.state.in_(ENDS))
        return session.scalar(query) or 0


def _states(workshop: Workshop, ids: list[str]) -> Counter[str]:
    with workshop.database.read() as session:
        return Counter(session.scalars(select(Job.state).where(Job.id.in_(ids))))
