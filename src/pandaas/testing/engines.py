"""The conformance suite of engines: what the job layer relies on. Subclass it and give `make_engine`.

    class TestMyEngine(EngineConformance):
        def make_engine(self, tmp_path): return MyEngine(...)

`restart(engine)` must give an engine as a restarted platform would make it: knowing nothing but what is on disk or with
the scheduler. An engine that spreads work in blocks over several computers also says with `make_spreading` how to have it do so
with two cores, and with `hit_a_worker` how one of those is killed.
"""

from __future__ import annotations

import os
import secrets
import signal
import subprocess
import sys
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from pandaas.model import InvalidInput
from pandaas.runtime import Confinement, Engine, Observation, WorkSpec, read_json
from pandaas.runtime.engines.port import Handle
from pandaas.runtime.files import read_text
from pandaas.runtime.sandbox import interpreter_binds
from pandaas.testing.blockwork import bits_of, block_work

_PATIENCE_S = 30.0
_LONG_S = 120.0
_STARTS = 3  # as often as the job layer starts lost work


class EngineConformance(ABC):
    """All that an engine must do. Work is a short Python program in a folder of its own."""

    @abstractmethod
    def make_engine(self, tmp_path: Path) -> Engine:
        """A fresh engine that can run at least two pieces of work of one core and 256 MB at once."""

    @abstractmethod
    def restart(self, engine: Engine, tmp_path: Path) -> Engine:
        """The engine as a restarted platform makes it."""

    def lose(self, work: WorkSpec) -> None:
        """Have the running work lost, as a crash of its computer does it: here by `kill -9` of its supervisor."""
        os.kill(read_json(work.folder / "supervisor.json")["pid"], signal.SIGKILL)

    def make_spreading(self, tmp_path: Path) -> Engine:
        """As `make_engine`, where work in blocks of two cores is done by two workers."""
        return self.make_engine(tmp_path)

    def hit_a_worker(self, work: WorkSpec) -> None:
        """`kill -9` something that does a part of the work in blocks, which has begun."""
        self.lose(work)

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

    def wait(
        self, engine: Engine, handle: Handle, state: str = "ended", patience_s: float = _PATIENCE_S
    ) -> Observation:
        end = time.monotonic() + patience_s
        while time.monotonic() < end:
            [seen] = engine.poll([handle])
            if seen.state in {state, "ended", "unknown"}:
                return seen
            time.sleep(0.02)
        raise AssertionError(f"still {seen.state} after {patience_s} s: {seen.detail}")

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

    def test_lost_work_is_said_to_be_lost_or_ended_and_never_cancelled(self, engine: Engine, tmp_path: Path) -> None:
        """Work that is `unknown` or ended with the reason `node` is started again by the job layer, in another folder."""
        beat = "import time\nwhile True: open('beats', 'a').write('x'); time.sleep(0.05)"
        code = f"import subprocess, sys, time\nsubprocess.Popen([sys.executable, '-c', {beat!r}], start_new_session=True)\ntime.sleep(60)"
        work = self.work(tmp_path, "lost", code)
        handle = self.submit(engine, work)
        end = time.monotonic() + _PATIENCE_S
        while not (work.folder / "output/beats").exists() or not (work.folder / "supervisor.json").exists():
            assert time.monotonic() < end
            time.sleep(0.02)
        self.lose(work)
        seen = self.wait(engine, handle)
        if seen.exit is not None:
            assert (seen.exit.succeeded, seen.exit.reason) in {(False, "node"), (False, "exit")}
        else:
            assert seen.state == "unknown"
            assert seen.detail
        self.until_quiet(work.folder / "output/beats")

    def test_blocks_give_the_same_bits_whoever_does_them_and_after_a_kill(self, tmp_path: Path) -> None:
        """The bits of one core without an engine; after a kill with as many starts as the job layer makes."""
        self._handles = []
        alone = block_work(tmp_path, "alone", 1)
        variables = {**os.environ, **alone.confinement.variables}
        subprocess.run(alone.argv, env=variables, cwd=alone.folder / "output", check=True, capture_output=True)
        engine = self.make_spreading(tmp_path)
        for kill in (False, True):
            work = self.started_until_it_succeeds(engine, tmp_path, kill=kill)
            assert bits_of(work) == bits_of(alone)

    def started_until_it_succeeds(self, engine: Engine, tmp_path: Path, *, kill: bool) -> WorkSpec:
        for start in range(_STARTS):
            work = block_work(tmp_path, f"{'hit' if kill else 'calm'}{start}", 2)
            handle = self.submit(engine, work)
            if kill and start == 0:
                self.until_it_works(work)
                self.hit_a_worker(work)
            seen = self.wait(engine, handle, patience_s=_LONG_S)
            if seen.exit is not None and seen.exit.succeeded:
                return work
            assert kill, (seen, read_text(work.folder / "log.txt"))
        raise AssertionError(f"it was killed once, and failed {_STARTS} times: {seen}")

    def until_it_works(self, work: WorkSpec) -> None:
        end = time.monotonic() + _PATIENCE_S
        while not any((work.folder / "output").glob("progress.jsonl")) and not any(work.folder.glob("parts/claims/*")):
            assert time.monotonic() < end
            time.sleep(0.02)

    def until_quiet(self, file: Path) -> None:
        """Wait until nobody writes to it any more."""
        end, before = time.monotonic() + _PATIENCE_S, -1
        while (size := file.stat().st_size) != before:
            assert time.monotonic() < end, "it runs on, though it was lost"
            before = size
            time.sleep(0.5)

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
