"""What one process takes: by the clock, of the processor, and of memory at its peak."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

# Starts the command and writes what it used. Small itself: a process takes over the peak memory of the one that starts it.
_STARTING = """
import os, sys
where, *argv = sys.argv[1:]
_, status, usage = os.wait4(os.posix_spawnp(argv[0], argv, os.environ), 0)
with open(where, "w") as file:
    file.write(f"{usage.ru_utime + usage.ru_stime} {usage.ru_maxrss / 1024}")
sys.exit(os.waitstatus_to_exitcode(status) != 0)
"""


@dataclass(frozen=True)
class Taken:
    clock_s: float
    cpu_s: float  # with that of the children it waited for
    memory_mb: float  # the peak of the largest process


def run_measured(argv: Sequence[str], folder: Path, variables: Mapping[str, str]) -> Taken:
    """One run, whose words go to `folder/said` and are the error when it fails."""
    said, used = folder / "said", folder / "used"
    starting = [sys.executable, "-I", "-S", "-c", _STARTING, str(used), *argv]
    began = time.perf_counter()
    with said.open("wb") as stream:
        done = subprocess.run(starting, env=dict(variables), stdout=stream, stderr=stream, check=False)
    clock_s = time.perf_counter() - began
    if done.returncode:
        raise RuntimeError(said.read_text()[-2000:])
    cpu_s, memory_mb = map(float, used.read_text().split())
    return Taken(clock_s, cpu_s, memory_mb)
