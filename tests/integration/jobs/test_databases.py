"""The circle of a job on each database, as its migrations make it."""

from __future__ import annotations

from pathlib import Path

import pytest

from pandaas.testing.workshop import Workshop

pytestmark = pytest.mark.integration


def test_a_job_runs_and_is_verified(database_url: str, tmp_path: Path) -> None:
    workshop = Workshop(tmp_path, database={"url": database_url})
    alice = workshop.principal("alice")
    with workshop.running():
        view = workshop.wait(workshop.start("alice", "sum-blocks", workshop.dataset()))
        assert view.job.state == "succeeded", view.job.failure
        workshop.wait(workshop.jobs.verify(alice, view.outputs[0]))
        assert workshop.jobs.jobs(alice, states=["succeeded"], mine=False).total == 2
        assert workshop.jobs.jobs(workshop.principal("bob"), mine=False).total == 0
    found = workshop.jobs.verification(alice, view.outputs[0])
    assert found is not None
    assert found[1] is not None
    assert found[1].bit_equal
    workshop.close()
