"""What leads the parts of a job, on whatever workers: groups of blocks, the outcome of a part, commands that run here.

Standard library only: it runs on nodes where nothing but Python is installed.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

_GROUPS_PER_WORKER = 4


class Ended(Exception):
    """The work ended before its end, with this exit code."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


def groups_of(blocks: int, workers: int, cores: int = 1) -> list[tuple[int, int]]:
    """Consecutive blocks (first, last + 1); a few groups per worker of so many cores, so that a slow one holds nobody up."""
    size = max(1, min(cores, -(-blocks // workers)), blocks // (_GROUPS_PER_WORKER * workers))
    return [(first, min(first + size, blocks)) for first in range(0, blocks, size)]


def outcome(told: dict[str, Any], folder: Path, output: Path, heading: str = "") -> int:
    """The exit code of a part (`told` by `task.run_in_folder`); what it wrote and why it failed becomes the job's."""
    tried = Path(told["folder"])
    if (tried / "log.txt").exists():
        text = (tried / "log.txt").read_text("utf-8", "replace")
        sys.stderr.write(f"{heading}\n{text}" if heading and text.strip() else text)
        sys.stderr.flush()
    record = told["exit"]
    if record is None:
        sys.stderr.write("The supervisor on the worker left no record.\n")
        return 2
    if record["reason"] != "exit":
        (folder / "reason.json").write_text(json.dumps({"reason": record["reason"]}), "utf-8")
        return 1
    for name in ("failure.json", "warnings.json"):
        if (tried / "output" / name).is_file() and not (tried / "output" / name).is_symlink():
            shutil.copyfile(tried / "output" / name, output / name)
    code = record["code"]
    return int(code) if code is not None else 128 + int(record["signal"] or 9)


def run_here(command: dict[str, Any]) -> str:
    """Run one of the SDK's commands here, in its sandbox; its standard output. Raises `Ended` where it fails."""
    done = subprocess.run(
        command["argv"], env=command["env"], cwd=command["cwd"], stdout=subprocess.PIPE, text=True, check=False
    )
    if done.returncode:
        raise Ended(done.returncode if done.returncode > 0 else 128 - done.returncode)
    return done.stdout


def tell(output: Path, fraction: float, message: str) -> None:
    """A line of progress, as the SDK writes it."""
    line = {"t": time.time(), "fraction": fraction, "message": message}
    with (output / "progress.jsonl").open("a", encoding="utf-8") as stream:
        stream.write(json.dumps(line) + "\n")
