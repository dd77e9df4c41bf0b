"""A long queue of small jobs is drained although the platform is killed again and again: none lost, none twice."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest
from sqlalchemy import func, select

from pandaas.db.tables import Dataset, Event, Job
from pandaas.testing.counted import COUNTED, LEADER, let_leases_go, runs_of
from pandaas.testing.workshop import Workshop

pytestmark = [pytest.mark.integration, pytest.mark.full, pytest.mark.timeout(1500)]
JOBS, KILLS, PATIENCE_S = 1000, 3, 900.0

RUNTIME = {"warm": {"templates": 4}}


def test_a_thousand_jobs_and_three_kills(tmp_path: Path) -> None:
    workshop = Workshop(tmp_path, runtime=RUNTIME)
    workshop.write_recipe("counted", COUNTED)
    pid = workshop.dataset()
    ids = [workshop.start("alice", "counted", pid) for _ in range(JOBS)]
    began, down_s = time.monotonic(), 0.0
    for number in range(KILLS + 1):
        process = subprocess.Popen(
            [sys.executable, "-c", LEADER, str(tmp_path), json.dumps(RUNTIME)], start_new_session=True
        )
        try:
            wanted = JOBS * (number + 1) // (KILLS + 1)
            while _done(workshop) < wanted:
                assert time.monotonic() - began < PATIENCE_S
                time.sleep(0.1)
        finally:
            process.send_signal(signal.SIGKILL)
            process.wait()
        stopped = time.monotonic()
        let_leases_go(workshop)
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
    assert {runs_of(workshop, job_id) for job_id in ids} == {1}
    assert warm > 0.9 * JOBS
    workshop.close()


def _done(workshop: Workshop) -> int:
    with workshop.database.read() as session:
        return session.scalar(select(func.count()).select_from(Job).where(Job.state == "succeeded")) or 0
