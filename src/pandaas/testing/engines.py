"""The conformance suite of engines: what the job layer relies on. Subclass it and give `make_engine`.

    class TestMyEngine(EngineConformance):
        def make_engine(self, tmp_path): return MyEngine(...)

`restart(engine)` must give an engine as a restarted platform would make it: knowing nothing but what is on disk or with
the scheduler.
"""

from __future__ import annotations

import secrets
import sys
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from pandaas.model import InvalidInput
from pandaas.runtime import Confinement, Engine, Observation, WorkSpec
from pandaas.runtime.engines.port import Handle
from pandaas.runtime.sandbox import interpreter_binds

_PATIENCE_S = 30.0


class EngineConformance(ABC):
    """All that an engine must do. Work is a short Python program in a folder of its own."""

    @abstractmethod
    def make_engine(self, tmp_path: Path) -> Engine:
        """A fresh engine that can run at least two pieces of work of one core and 256 MB at once."""

    @abstractmethod
    def restart(self, engine: Engine, tmp_path: Path) -> Engine:
        """The engine as a restarted platform makes it."""

    @pytest.fixture
    def engine(self, tmp_path: Path) -> Iterator[Engine]:
        self._handles: list[Handle] = []
        engine = self.make_engine(tmp_path)
        yield engine
        for handle in self._handles:
            engine.cancel(handle)
        for handle in self._handles:
            self.wait(engine, handle)

    def work(self, tmp_path: Path, name: str, code: str, **more: object) -> WorkSpec:
        """Work that runs `code` with `output` as its working folder."""
        folder = tmp_path / "work" / f"{name}-{secrets.token_hex(6)}"  # control groups are named after it
        (folder / "output").mkdir(parents=True)
        (folder / "output").chmod(0o777)
        confinement = Confinement(
            interpreter_binds(Path(sys.executable)), (folder / "output",), cwd=folder / "output", memory_mb=256
        )
        argv = (sys.executable, "-I", "-S", "-c", code)
        spec = WorkSpec(folder, argv, confinement, cores=1, memory_mb=256, time_limit_s=60)
        return replace(spec, **more)  # type: ignore[arg-type]  # the test names fields of WorkSpec

    def submit(self, engine: Engine, work: WorkSpec) -> Handle:
        handle = engine.submit(work)
        self._handles.append(handle)
        return handle

    def wait(self, engine: Engine, handle: Handle, state: str = "ended") -> Observation:
        end = time.monotonic() + _PATIENCE_S
        while time.monotonic() < end:
            [seen] = engine.poll([handle])
            if seen.state in {state, "ended", "unknown"}:
                return seen
            time.sleep(0.02)
        raise AssertionError(f"still {seen.state} after {_PATIENCE_S} s: {seen.detail}")

    def test_work_runs_and_its_end_is_recorded(self, engine: Engine, tmp_path: Path) -> None:
        work = self.work(tmp_path, "plain", "open('made', 'w').write('yes'); print('hello')")
        seen = self.wait(engine, self.submit(engine, work))
        assert seen.exit is not None
        assert seen.exit.succeeded
        assert (work.folder / "output" / "made").read_text() == "yes"
        assert "hello" in (work.folder / "log.txt").read_text()
        assert 0 < seen.exit.wall_s < _PATIENCE_S
        assert seen.exit.ended >= seen.exit.started > 0

    def test_the_exit_code_is_passed_on(self, engine: Engine, tmp_path: Path) -> None:
        seen = self.wait(engine, self.submit(engine, self.work(tmp_path, "three", "raise SystemExit(3)")))
        assert seen.exit is not None
        assert (seen.exit.code, seen.exit.reason, seen.exit.succeeded) == (3, "exit", False)

    def test_what_it_used_is_measured(self, engine: Engine, tmp_path: Path) -> None:
        code = (
            "import time\nheld = bytearray(b'x' * (96 << 20))\n"
            "while time.process_time() < 0.6: pass\ntime.sleep(1.2)"  # long enough to be looked at
        )
        seen = self.wait(engine, self.submit(engine, self.work(tmp_path, "user", code)))
        assert seen.exit is not None
        assert seen.exit.succeeded
        assert 0.5 < seen.exit.cpu_s < 20
        assert 90 < seen.exit.max_rss_mb < 1500  # with what leads it, where something does
        assert seen.exit.wall_s > 1.2

    def test_submitting_twice_runs_once(self, engine: Engine, tmp_path: Path) -> None:
        work = self.work(tmp_path, "twice", "open('runs', 'a').write('x')")
        first = self.submit(engine, work)
        engine.submit(work)
        self.wait(engine, first)
        engine.submit(work)
        assert self.wait(engine, first).state == "ended"
        assert (work.folder / "output" / "runs").read_text() == "x"

    def test_cancelling_ends_it(self, engine: Engine, tmp_path: Path) -> None:
        handle = self.submit(engine, self.work(tmp_path, "long", "import time; time.sleep(60)"))
        self.wait(engine, handle, "running")
        engine.cancel(handle)
        seen = self.wait(engine, handle)
        assert seen.exit is not None
        assert seen.exit.reason == "cancelled"

    def test_cancelling_what_has_ended_changes_nothing(self, engine: Engine, tmp_path: Path) -> None:
        handle = self.submit(engine, self.work(tmp_path, "over", "pass"))
        before = self.wait(engine, handle)
        engine.cancel(handle)
        assert self.wait(engine, handle) == before

    def test_the_time_limit_ends_it(self, engine: Engine, tmp_path: Path) -> None:
        work = self.work(tmp_path, "slow", "import time; time.sleep(60)", time_limit_s=1)
        seen = self.wait(engine, self.submit(engine, work))
        assert seen.exit is not None
        assert seen.exit.reason == "timeout"
        assert seen.exit.wall_s < 20

    def test_the_memory_limit_ends_it(self, engine: Engine, tmp_path: Path) -> None:
        code = "import time\nheld = []\nwhile True: held.append(bytearray(b'x' * (8 << 20))); time.sleep(0.005)"
        seen = self.wait(engine, self.submit(engine, self.work(tmp_path, "greedy", code)))
        assert seen.exit is not None
        assert seen.exit.reason == "memory"

    @pytest.mark.parametrize("linger", ["time.sleep(60)", "pass"])
    def test_the_output_limit_ends_it(self, engine: Engine, tmp_path: Path, linger: str) -> None:
        code = f"import os, time\nos.mkdir('deep')\nopen('deep/a', 'wb').write(b'x' * 3_000_000)\n{linger}"
        seen = self.wait(engine, self.submit(engine, self.work(tmp_path, "writer", code, output_mb=2)))
        assert seen.exit is not None
        assert (seen.exit.reason, seen.exit.succeeded) == ("output", False)
        assert seen.exit.wall_s < 20

    def test_running_work_is_found_again_after_a_restart(self, engine: Engine, tmp_path: Path) -> None:
        code = "import time\nopen('runs', 'a').write('x')\ntime.sleep(1.5)\nopen('done', 'w')"
        work = self.work(tmp_path, "survivor", code)
        handle = self.submit(engine, work)
        self.wait(engine, handle, "running")
        later = self.restart(engine, tmp_path)
        assert later.poll([handle])[0].state == "running"
        later.submit(work)
        seen = self.wait(later, handle)
        assert seen.exit is not None
        assert seen.exit.succeeded
        assert (work.folder / "output" / "runs").read_text() == "x"
        assert (work.folder / "output" / "done").exists()

    def test_work_that_nobody_knows_is_unknown(self, engine: Engine, tmp_path: Path) -> None:
        work = self.work(tmp_path, "never", "pass")
        known = self.submit(engine, self.work(tmp_path, "known", "pass"))
        self.wait(engine, known)
        stranger = {**known, **{key: str(work.folder) for key in known if key == "folder"}}
        [seen] = engine.poll([stranger])
        assert seen.state == "unknown"
        assert seen.detail

    def test_what_can_never_fit_is_refused(self, engine: Engine, tmp_path: Path) -> None:
        work = self.work(tmp_path, "huge", "pass", memory_mb=engine.memory_mb + 1)
        with pytest.raises(InvalidInput, match="memory"):
            engine.submit(work)

    def test_it_says_where_and_when_work_would_start(self, engine: Engine) -> None:
        assert engine.outlook(1, 256)
        now = engine.standing(1, 256)
        assert now.answers
        assert now.waiting >= 0
