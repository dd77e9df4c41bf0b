"""The engine `slurm` on a real Slurm: the conformance suite, what is shown of the queue, and what outages do."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from pandaas.config import RuntimeSettings, SlurmSettings, package_folder
from pandaas.model import InvalidInput
from pandaas.runtime import Engine, Sandbox, SlurmEngine, read_json
from pandaas.runtime.engines.slurm.command import CommandDriver
from pandaas.testing.slurm import SlurmServer
from pandaas.testing.slurm_engines import SlurmConformance

pytestmark = [pytest.mark.integration, pytest.mark.xdist_group("slurm")]


class TestSlurmEngine(SlurmConformance):
    @pytest.fixture(autouse=True)
    def _with_slurm(self, slurm: SlurmServer) -> None:
        self.server = slurm

    def test_what_it_waits_for_is_said(self, engine: Engine, tmp_path: Path) -> None:
        first = self.work(tmp_path, "first", "import time; time.sleep(60)", cores=self.server.cores, time_limit_s=600)
        self.wait(engine, self.submit(engine, first), "running")
        handles = [self.submit(engine, self.work(tmp_path, f"w{n}", "pass", time_limit_s=300)) for n in range(2)]
        said: list[str] = []

        def seen() -> bool:
            said[:] = [observation.detail for observation in engine.poll(handles)]
            return "1st of 2 in main" in said[0] and "2nd of 2 in main" in said[1] and "expected to start" in said[0]

        _until(seen)
        queue = engine.poll(handles)[1].queue
        assert queue is not None
        assert (queue.place, queue.of, bool(queue.reason)) == (2, 2, True)
        engine.cancel(handles[1])
        ended = self.wait(engine, handles[1])
        assert ended.exit is not None
        assert (ended.exit.reason, ended.exit.started) == ("cancelled", 0)

    def test_what_slurm_refuses_is_refused_in_its_words(self, tmp_path: Path) -> None:
        engine = self.make_engine(tmp_path, partition="nowhere", cores=2, memory_mb=1024)
        work = self.work(tmp_path, "refused", "pass")
        with pytest.raises(InvalidInput, match="Invalid partition"):
            engine.submit(work)
        assert engine.poll([{"folder": str(work.folder)}])[0].state == "ended"

    def test_rules_for_a_recipe_reach_slurm(self, tmp_path: Path) -> None:
        self._handles = []
        rule = {"recipe": "heavy", "partition": "closed", "time_limit_s": 120}
        engine = self.make_engine(tmp_path, recipes=[rule])
        work = self.work(tmp_path, "rule", "pass", recipe="heavy")
        handle = self.submit(engine, work)
        _until(lambda: "the partition is down" in engine.poll([handle])[0].detail)
        number = read_json(work.folder / "slurm-job.json")["job"]
        assert self.server.said("squeue", "-h", "-j", number, "-o", "%P %l").split() == ["closed", "3:00"]
        engine.cancel(handle)
        self.wait(engine, handle)

    def test_work_ended_in_slurm_by_another_is_lost_not_cancelled(self, engine: Engine, tmp_path: Path) -> None:
        work = self.work(tmp_path, "ended", "import time; time.sleep(60)")
        handle = self.submit(engine, work)
        _until((work.folder / "supervisor.json").exists)
        self.server.ok("scancel", read_json(work.folder / "slurm-job.json")["job"])
        seen = self.wait(engine, handle)
        assert seen.exit is not None
        assert (seen.exit.reason, "Slurm says: cancelled" in seen.exit.detail) == ("node", True)

    def test_only_the_job_of_its_own_name_is_cancelled(self, engine: Engine, tmp_path: Path) -> None:
        """A killed controller gives the numbers of jobs that it has forgotten to others."""
        handle = self.submit(engine, self.work(tmp_path, "another", "import time; time.sleep(60)"))
        self.wait(engine, handle, "running")
        number = read_json(Path(str(handle["folder"])) / "slurm-job.json")["job"]
        CommandDriver(SlurmSettings(enabled=True, conf=self.server.conf)).cancel(number, "pandaas-a-forgotten-one")
        time.sleep(1)
        assert engine.poll([handle])[0].state == "running"

    def test_a_second_job_for_the_same_work_does_nothing(self, engine: Engine, tmp_path: Path) -> None:
        """A crash between sbatch and our note of it, with the name unseen, must not run the work twice."""
        work = self.work(tmp_path, "double", "import time; open('runs', 'a').write('x'); time.sleep(1)")
        self.submit(engine, work)
        (work.folder / "slurm-job.json").unlink()
        (work.folder / "slurm-asked").unlink()
        later = self.restart(engine, tmp_path)
        handle = self.submit(later, work)
        seen = self.wait(later, handle)
        assert seen.exit is not None
        assert seen.exit.succeeded
        time.sleep(0.5)
        assert (work.folder / "output/runs").read_text() == "x"

    def test_a_job_submitted_just_before_a_crash_is_found_by_its_name(self, engine: Engine, tmp_path: Path) -> None:
        work = self.work(tmp_path, "crash", "import time; time.sleep(1)")
        self.submit(engine, replace(work, cores=1))
        number = read_json(work.folder / "slurm-job.json")["job"]
        (work.folder / "slurm-job.json").unlink()
        later = self.restart(engine, tmp_path)
        self.wait(later, later.submit(work))
        if (work.folder / "slurm-job.json").exists():  # else it had begun, which is as good
            assert read_json(work.folder / "slurm-job.json")["job"] == number

    def test_a_killed_supervisor_is_told_by_slurm(self, engine: Engine, tmp_path: Path) -> None:
        work = self.work(tmp_path, "orphan", "import time; time.sleep(60)")
        handle = self.submit(engine, work)
        _until((work.folder / "supervisor.json").exists)
        subprocess.run(["kill", "-9", str(read_json(work.folder / "supervisor.json")["pid"])], check=True)
        seen = self.wait(engine, handle)
        assert seen.exit is not None
        assert not seen.exit.succeeded
        assert "Slurm says" in seen.exit.detail

    def test_an_unprivileged_account_submits_and_runs(
        self, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        place = tmp_path_factory.mktemp("shared")
        for folder in (place, *place.parents):
            if folder.stat().st_uid == 0 and folder.name.startswith(("pytest", "popen", "shared")):
                folder.chmod(0o755)
        for name in ("__init__.py", "runtime"):
            source = package_folder() / name
            copy = shutil.copytree if source.is_dir() else shutil.copy
            (place / "pandaas").mkdir(exist_ok=True)
            copy(source, place / "pandaas" / name)
        monkeypatch.setattr("pandaas.runtime.engines.slurm.engine.package_folder", lambda: place / "pandaas")
        account = pwd.getpwnam("games")
        self.server.add_user("games")
        work = replace(self.work(place, "mine", ""), argv=("/bin/sh", "-c", "id -u"))
        work = replace(work, confinement=replace(work.confinement, account=None))
        for folder in (work.folder, work.folder / "output"):
            os.chown(folder, account.pw_uid, account.pw_gid)
        asked = SlurmSettings(enabled=True, conf=self.server.conf, poll_s=0.1, python=Path("/usr/bin/python3"))
        settings = RuntimeSettings(slurm=asked, sandbox="none")
        become = ["setpriv", f"--reuid={account.pw_uid}", f"--regid={account.pw_gid}", "--clear-groups"]
        engine = SlurmEngine(settings, Sandbox(settings), CommandDriver(asked, prefix=become))
        engine.submit(work)
        os.chown(work.folder / "spec.json", account.pw_uid, account.pw_gid)
        seen = self.wait(engine, {"folder": str(work.folder)})
        assert seen.exit is not None
        assert seen.exit.succeeded, seen
        assert (work.folder / "log.txt").read_text().strip() == str(account.pw_uid)

    def test_controller_and_node_killed_while_it_runs(self, engine: Engine, tmp_path: Path) -> None:
        work = self.work(tmp_path, "outage", "import time; open('runs', 'a').write('x'); time.sleep(2)")
        handle = self.submit(engine, work)
        _until((work.folder / "supervisor.json").exists)
        waiting = self.work(tmp_path, "meanwhile", "open('runs', 'a').write('x')")
        for part in ("slurmctld", "slurmd"):
            self.server.kill_part(part)
        try:
            later = self.submit(engine, waiting)
            assert engine.poll([later])[0].state == "queued"
            assert "does not answer" in engine.outlook(1, 256)
        finally:
            for part in ("slurmctld", "slurmd"):
                self.server.start_part(part)
        ends = [self.wait(engine, each).exit for each in (handle, later)]
        assert all(end is not None and end.succeeded for end in ends)
        assert [(each.folder / "output/runs").read_text() for each in (work, waiting)] == ["x", "x"]

    def test_without_the_accounting_database_work_runs_and_ends(self, engine: Engine, tmp_path: Path) -> None:
        for part in ("slurmdbd", "mariadb"):
            self.server.kill_part(part)
        try:
            seen = self.wait(engine, self.submit(engine, self.work(tmp_path, "nodb", "pass")))
            assert seen.exit is not None
            assert seen.exit.succeeded
        finally:
            for part in ("mariadb", "slurmdbd"):
                self.server.start_part(part)
        _until(lambda: self.server.ok("sacctmgr", "-n", "show", "cluster"))


def _until(condition: Callable[[], bool], timeout_s: float = 30) -> None:
    end = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)
