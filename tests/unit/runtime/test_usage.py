"""What running work uses, read from outside, where there is no control group."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from pandaas.runtime import processes
from pandaas.runtime.usage import usage_now

HOLD = "import sys; held = b'x' * 50_000_000; print(len(held), flush=True); sys.stdin.read()"


@pytest.fixture
def holder() -> Iterator[subprocess.Popen[bytes]]:
    """A process that holds 50 MB."""
    with subprocess.Popen([sys.executable, "-c", HOLD], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        yield process
        process.kill()


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """Of work whose supervisor lives and has no children."""
    with subprocess.Popen(["/bin/sleep", "60"]) as idle:
        record = {"pid": idle.pid, "boot": processes.boot_id(), "start_ticks": processes.start_ticks(idle.pid)}
        (tmp_path / "supervisor.json").write_text(json.dumps(record))
        (tmp_path / "spec.json").write_text(json.dumps({"cgroup": None}))
        yield tmp_path
        idle.kill()


def test_what_was_forked_is_looked_at_though_it_is_no_child_of_its_supervisor(
    folder: Path, holder: subprocess.Popen[bytes]
) -> None:
    before = usage_now(folder)
    (folder / "warm").write_text(str(holder.pid))
    after = usage_now(folder)
    assert before is not None
    assert after is not None
    assert (before.memory_mb, 50 < after.memory_mb < 200) == (0, True)
