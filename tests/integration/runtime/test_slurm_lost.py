"""A node of a real Slurm is lost with a job on it: the job is started again by itself, and what is left of the first start counts no more."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import cast

import h5py
import pytest
from sqlalchemy import select

from pandaas.db.tables import Dataset
from pandaas.runtime import SlurmEngine
from pandaas.testing.slurm import SlurmServer
from pandaas.testing.workshop import Workshop

pytestmark = [pytest.mark.integration, pytest.mark.xdist_group("slurm")]

# The first start outlives the node's failure and ends with a result of its own.
_SLOW_AT_FIRST = """
import time
import numpy as np
from pandaas import sdk
def run(inputs, parameters, output):
    start = 2 if output.parent.name.endswith('.2') else 1
    (output / 'begun').touch()
    if start == 1: time.sleep(8)
    plot = sdk.Plot('start', sdk.Field('start', np.array([start, start])), [sdk.Field('n', np.arange(2))])
    sdk.write_result(title='Start', process={'program': 't', 'version': '1', 'parameters': {}}, plots=[plot])
"""


def test_a_job_on_a_node_that_is_lost_is_started_again(tmp_path: Path, slurm: SlurmServer) -> None:
    workshop = Workshop(tmp_path, runtime={"slurm": {"enabled": True, "conf": str(slurm.conf), "poll_s": 0.2}})
    cast("SlurmEngine", workshop.runtime.engine("slurm")).settle_s = 1.0
    workshop.write_recipe("slow", _SLOW_AT_FIRST)
    with workshop.running():
        job_id = workshop.start("alice", "slow", workshop.dataset(), engine="slurm")
        first = workshop.jobs.folder(job_id)
        _until((first.output / "begun").exists)
        slurm.kill_part("slurmd")
        slurm.ok("scontrol", "update", "NodeName=localhost", "State=DOWN", "Reason=lost")
        _until(workshop.jobs.folder(job_id, 2).path.exists)
        slurm.start_part("slurmd")
        slurm.ok("scontrol", "update", "NodeName=localhost", "State=RESUME")
        slurm.wait_idle()
        view = workshop.wait(job_id, timeout_s=60)
    assert view.job.state == "succeeded", view.job.failure
    assert view.job.warnings == ["Started again: the node was lost (2nd of 3)."]
    with workshop.database.read() as session:
        assert len(session.scalars(select(Dataset).where(Dataset.job_id == job_id)).all()) == 1
    with h5py.File(workshop.home / "results" / job_id / "result.nxs") as stream:
        assert int(stream["entry/start/start"][0]) == 2
    workshop.close()


def _until(condition: Callable[[], bool], timeout_s: float = 40) -> None:
    end = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)
