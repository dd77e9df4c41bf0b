"""The local engine: the conformance suite, and admission with real processes."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from pandaas.config import RuntimeSettings, package_folder
from pandaas.model import Unavailable
from pandaas.runtime import Engine, LocalEngine, Sandbox, read_json
from pandaas.testing.engines import EngineConformance

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def sandbox() -> Sandbox:
    return Sandbox(RuntimeSettings())


class TestLocalEngine(EngineConformance):
    settings = RuntimeSettings(cores=2, memory_mb=1024)

    @pytest.fixture(autouse=True)
    def _with_sandbox(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox

    def make_engine(self, tmp_path: Path) -> Engine:
        return LocalEngine(self.settings, self.sandbox)

    def restart(self, engine: Engine, tmp_path: Path) -> Engine:
        return LocalEngine(self.settings, self.sandbox)

    def test_what_does_not_fit_waits_and_then_runs(self, engine: Engine, tmp_path: Path) -> None:
        nap = "import time; time.sleep(0.7)"
        handles = [self.submit(engine, self.work(tmp_path, f"nap{n}", nap)) for n in range(3)]
        assert [seen.state for seen in engine.poll(handles)] == ["running", "running", "queued"]
        ends = [self.wait(engine, handle).exit for handle in handles]
        assert all(end is not None and end.succeeded for end in ends)
        assert ends[2].started >= min(ends[0].ended, ends[1].ended) - 0.05

    def test_waiting_work_can_be_cancelled(self, engine: Engine, tmp_path: Path) -> None:
        handles = [self.submit(engine, self.work(tmp_path, f"w{n}", "import time; time.sleep(1)")) for n in range(3)]
        engine.cancel(handles[2])
        seen = engine.poll([handles[2]])[0]
        assert seen.exit is not None
        assert seen.exit.reason == "cancelled"
        assert not (tmp_path / "work" / "w2" / "supervisor.json").exists()

    def test_work_that_runs_counts_after_a_restart(self, engine: Engine, tmp_path: Path) -> None:
        nap = "import time; time.sleep(1)"
        handles = [self.submit(engine, self.work(tmp_path, f"old{n}", nap)) for n in range(2)]
        later = self.restart(engine, tmp_path)
        later.poll(handles)
        new = self.submit(later, self.work(tmp_path, "new", "pass"))
        assert later.poll([new])[0].state == "queued"
        assert self.wait(later, new).exit is not None

    def test_work_that_waited_runs_once_after_a_restart(self, engine: Engine, tmp_path: Path) -> None:
        count = "import time; open('runs', 'a').write('x'); time.sleep(0.5)"
        works = [self.work(tmp_path, f"line{n}", count) for n in range(5)]
        handles = [self.submit(engine, work) for work in works]
        later = self.restart(engine, tmp_path)
        states = [seen.state for seen in later.poll(handles)]
        assert states == ["running", "running", "queued", "queued", "queued"]
        ends = [self.wait(later, handle).exit for handle in handles]
        assert all(end is not None and end.succeeded for end in ends)
        assert [(work.folder / "output" / "runs").read_text() for work in works] == ["x"] * 5

    def test_work_whose_supervisor_does_not_start_is_not_tried_for_ever(
        self, engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(sys, "executable", "/bin/false")
        handle = self.submit(engine, self.work(tmp_path, "refused", "pass"))
        assert [engine.poll([handle])[0].state for _ in range(3)] == ["unknown"] * 3

    def test_a_killed_supervisor_leaves_it_unknown_and_nothing_running(self, engine: Engine, tmp_path: Path) -> None:
        work = self.work(
            tmp_path, "orphan", "import time\nwhile True:\n    open('beat', 'a').write('.'); time.sleep(0.05)"
        )
        handle = self.submit(engine, work)
        beat = work.folder / "output" / "beat"
        _until(beat.exists)
        os.kill(read_json(work.folder / "supervisor.json")["pid"], signal.SIGKILL)
        seen = self.wait(engine, handle, "unknown")
        assert (seen.state, "killed" in seen.detail) == ("unknown", True)
        _until(lambda: _is_quiet(beat))
        engine.submit(work)
        assert self.wait(engine, handle, "unknown").state == "unknown"  # never repeated

    def test_a_reused_process_id_is_not_taken_for_the_supervisor(self, engine: Engine, tmp_path: Path) -> None:
        work = self.work(tmp_path, "reused", "pass")
        (work.folder / "supervisor.json").write_text(f'{{"pid": {os.getpid()}, "start_ticks": 1, "boot": "x"}}')
        handle = {"folder": str(work.folder)}
        assert engine.poll([handle])[0].state == "unknown"
        engine.cancel(handle)  # must not signal this test
        time.sleep(0.05)


class TestWithoutSandbox(EngineConformance):
    """Where nothing isolates, limits are kept by watching, and all that was started is found and ended."""

    settings = RuntimeSettings(cores=2, memory_mb=1024, sandbox="none")

    def make_engine(self, tmp_path: Path) -> Engine:
        sandbox = Sandbox(self.settings)
        sandbox.cgroup_version = 0
        return LocalEngine(self.settings, sandbox)

    def restart(self, engine: Engine, tmp_path: Path) -> Engine:
        return self.make_engine(tmp_path)

    @pytest.mark.full  # as TestLocalEngine's
    def test_blocks_give_the_same_bits_whoever_does_them_and_after_a_kill(self, tmp_path: Path) -> None:
        super().test_blocks_give_the_same_bits_whoever_does_them_and_after_a_kill(tmp_path)

    def test_what_it_left_behind_is_ended(self, engine: Engine, tmp_path: Path) -> None:
        beat = "import time\nwhile True: open('beat', 'a').write('.'); time.sleep(0.05)"
        code = f"import subprocess, sys, time\nsubprocess.Popen([sys.executable, '-c', {beat!r}], start_new_session=True)\ntime.sleep(0.5)"
        work = self.work(tmp_path, "leaver", code)
        self.wait(engine, self.submit(engine, work))
        assert _is_quiet(work.folder / "output" / "beat")


def test_a_long_log_keeps_its_head_and_its_end(sandbox: Sandbox, tmp_path: Path) -> None:
    suite = TestLocalEngine()
    engine = LocalEngine(RuntimeSettings(), sandbox)
    suite._handles = []
    work = suite.work(tmp_path, "chatty", "print('first'); [print('x' * 99) for _ in range(200_000)]; print('last')")
    suite.wait(engine, suite.submit(engine, work))
    log = (work.folder / "log.txt").read_bytes()
    assert len(log) < 9 * 1024 * 1024
    assert log.startswith(b"first\n")
    assert log.rstrip().endswith(b"last")
    assert b"bytes are left out here" in log


def test_the_supervisor_starts_quickly() -> None:
    code = "import pandaas.runtime.supervisor, sys; print([n for n in sys.modules if n.startswith(('pydantic', 'sqlalchemy', 'numpy'))])"
    argv = [sys.executable, "-S", "-c", code]
    environment = {"PYTHONPATH": str(package_folder().parent)}
    seconds = []
    for _ in range(3):
        start = time.perf_counter()
        done = subprocess.run(argv, env=environment, capture_output=True, text=True, check=True)
        seconds.append(time.perf_counter() - start)
    assert done.stdout.strip() == "[]"
    assert min(seconds) < 0.3  # 30 ms on an idle machine


def test_without_a_place_to_write_the_engine_says_so(sandbox: Sandbox, tmp_path: Path) -> None:
    suite = TestLocalEngine()
    work = suite.work(tmp_path, "gone", "pass")
    (work.folder / "output").rmdir()
    work.folder.rmdir()
    with pytest.raises(Unavailable, match="written down"):
        LocalEngine(RuntimeSettings(), sandbox).submit(work)


def _until(condition: object, timeout_s: float = 10) -> None:
    end = time.monotonic() + timeout_s
    while not condition():  # type: ignore[operator]
        assert time.monotonic() < end
        time.sleep(0.02)


def _is_quiet(file: Path) -> bool:
    before = file.stat().st_size
    time.sleep(0.3)
    return file.stat().st_size == before


def test_work_is_stopped_before_it_fills_the_disk(tmp_path: Path) -> None:
    all_of_it = shutil.disk_usage(tmp_path).total // 1024**2
    spec = {
        "argv": [sys.executable, "-c", "import time; time.sleep(60)"],
        "env": {},
        "cwd": str(tmp_path),
        "time_limit_s": 60,
        "memory_mb": 256,
        "processes": 16,
        "disk_reserve_mb": all_of_it,
    }
    (tmp_path / "spec.json").write_text(json.dumps(spec))
    environment = dict(os.environ, PYTHONPATH=str(package_folder().parent))
    command = [sys.executable, "-m", "pandaas.runtime.supervisor", str(tmp_path)]
    subprocess.run(command, env=environment, check=True)
    end = time.monotonic() + 20
    while not (tmp_path / "exit.json").exists() and time.monotonic() < end:
        time.sleep(0.05)
    record = json.loads((tmp_path / "exit.json").read_text("utf-8"))
    assert record["reason"] == "disk"
    assert record["wall_s"] < 10
