"""A real Slurm whose clocks are an hour off: states, times and usage are true, and no job is lost."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from pandaas.runtime import Engine, read_json
from pandaas.testing.slurm import SlurmServer, fake_time
from pandaas.testing.slurm_engines import SlurmConformance

pytestmark = [pytest.mark.integration, pytest.mark.full, pytest.mark.xdist_group("slurm")]


@pytest.fixture(params=[-3600, 3600], ids=["behind", "ahead"], scope="module")
def askew(request: pytest.FixtureRequest) -> Iterator[SlurmServer]:
    reason = SlurmServer.missing() or (None if fake_time() else "libfaketime is not installed")
    if reason:
        pytest.skip(reason)
    server = SlurmServer(request.param)
    try:
        server.start()
        yield server
    finally:
        server.stop()


class TestSlurmWithAnotherClock(SlurmConformance):
    @pytest.fixture(autouse=True)
    def _with_slurm(self, askew: SlurmServer) -> None:
        self.server = askew

    def test_its_times_are_ours(self, engine: Engine, tmp_path: Path) -> None:
        first = self.work(tmp_path, "first", "import time; time.sleep(60)", cores=self.server.cores, time_limit_s=600)
        handle = self.submit(engine, first)
        self.wait(engine, handle, "running")
        later = self.submit(engine, self.work(tmp_path, "later", "pass"))
        end = time.monotonic() + 30
        while (queue := engine.poll([later])[0].queue) is None or queue.expected_start is None:
            assert time.monotonic() < end
            time.sleep(0.1)
        theirs = engine._driver.own()[-1].submitted
        assert 3000 < abs(theirs - time.time()) < 4200  # it is off indeed
        assert time.time() < queue.expected_start < time.time() + 1200
        self.server.ok("scancel", "--signal=KILL", "--full", read_json(first.folder / "slurm-job.json")["job"])
        seen = self.wait(engine, handle)
        assert seen.exit is not None
        assert 0 <= seen.exit.wall_s < 60
        assert time.time() - 90 < seen.exit.started <= seen.exit.ended <= time.time()
