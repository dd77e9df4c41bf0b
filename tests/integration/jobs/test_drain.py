"""A long queue of small jobs is drained although the platform is killed again and again: none lost, none twice."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest
from sqlalchemy import func, select

from pandaas.db.tables import Dataset, Event, Job, Lease
from pandaas.testing.workshop import Workshop

pytestmark = [pytest.mark.integration, pytest.mark.full, pytest.mark.timeout(1500)]
JOBS, KILLS, PATIENCE_S = 1000, 3, 900.0

_LEADER = """
import sys, threading
from pathlib import Path
from pandaas.testing.workshop import Workshop
Workshop(Path(sys.argv[1]), fresh=False, runtime={"warm": {"templates": 4}}).jobs.run_reconciler(threading.Event())
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


def test_a_thousand_jobs_and_three_kills(tmp_path: Path) -> None:
    workshop = Workshop(tmp_path, runtime={"warm": {"templates": 4}})
    workshop.write_recipe("counted", _COUNTED)
    pid = workshop.dataset()
    ids = [workshop.start("alice", "counted", pid) for _ in range(JOBS)]
    began, down_s = time.monotonic(), 0.0
    for number in range(KILLS + 1):
        process = subprocess.Popen([sys.executable, "-c", _LEADER, str(tmp_path)], start_new_session=True)
        try:
            wanted = JOBS * (number + 1) // (KILLS + 1)
            while _done(workshop) < wanted:
                assert time.monotonic() - began < PATIENCE_S
                time.sleep(0.1)
        finally:
            process.send_signal(signal.SIGKILL)
            process.wait()
        stopped = time.monotonic()
        _let_lease_go(workshop)
        down_s += time.monotonic() - stopped
    took = time.monotonic() - began - down_s
    with workshop.database.read() as session:
        states = Counter(session.scalars(select(Job.state).where(Job.id.in_(ids))))
        results = Counter(session.scalars(select(Dataset.job_id).where(Dataset.job_id.in_(ids))))
        ends = Counter(
            event.subject
            for event in session.scalars(select(Event).where(Event.kind == "job.state"))
            if event.payload["state"] == "succeeded"
        )
    warm = sum((workshop.jobs.folder(job_id).path / "warm").exists() for job_id in ids)
    print(f"{JOBS / took:.1f} jobs/s in {took:.0f} s with {KILLS} kills, {warm} of {JOBS} warm")
    assert states == {"succeeded": JOBS}
    assert results == dict.fromkeys(ids, 1)
    assert ends == dict.fromkeys(ids, 1)
    assert {_runs(workshop, job_id) for job_id in ids} == {1}
    assert warm > 0.9 * JOBS
    workshop.close()


def _done(workshop: Workshop) -> int:
    with workshop.database.read() as session:
        return session.scalar(select(func.count()).select_from(Job).where(Job.state == "succeeded")) or 0


def _runs(workshop: Workshop, job_id: str) -> int:
    import h5py

    with h5py.File(workshop.home / "results" / job_id / "result.nxs") as stream:
        return int(stream["entry/runs/runs"][0])


def _let_lease_go(workshop: Workshop) -> None:
    """A killed leader's lease runs out after 30 s; tests don't wait for that."""
    with workshop.database.session() as session:
        for lease in session.scalars(select(Lease)):
            session.delete(lease)
