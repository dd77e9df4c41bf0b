"""Who does which part of a job: files in its folder that all its tasks see, so nothing else has to connect them.

    plan.json              {"groups": [[first block, last + 1], …], "total": items}
    claims/N               the task that does group N; made exclusively
    lost/N-K               claims that were taken back, because their task is gone
    done/N.TASK.json       what `task.run_in_folder` told of group N
    alive/TASK             changes as long as the task lives
    ended/TASK             made by the platform: Slurm says that this task has ended

A part that is done twice, because a task was thought lost, does no harm: each try has a folder of its own. Standard library only.
"""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import Any

from pandaas.runtime.supervisor import write_atomically


class Board:
    """See the module."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for name in ("claims", "lost", "done", "alive", "ended"):
            (folder / name).mkdir(parents=True, exist_ok=True)
        self._heard: dict[str, tuple[str, float]] = {}

    def plan(self) -> dict[str, Any] | None:
        """The plan, None before the leader has made it."""
        return _json(self.folder / "plan.json")

    def announce(self, groups: list[tuple[int, int]], total: int) -> None:
        write_atomically(str(self.folder / "plan.json"), {"groups": groups, "total": total})

    def take(self, count: int, task: str) -> int | None:
        """A group that nobody does, now this task's; None when there is none."""
        taken = self.taken()
        for number in range(count):
            if number in taken:
                continue
            try:
                claim = os.open(self.folder / "claims" / str(number), os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            except FileExistsError:
                continue
            os.write(claim, task.encode())
            os.close(claim)
            return number
        return None

    def put(self, number: int, task: str, told: dict[str, Any]) -> None:
        write_atomically(str(self.folder / "done" / f"{number}.{task}.json"), told)

    def done(self) -> set[int]:
        """Groups that are done."""
        return {int(told.name.split(".")[0]) for told in (self.folder / "done").glob("*.json")}

    def taken(self) -> set[int]:
        """Groups that are done or that a task does."""
        return self.done() | {int(claim.name) for claim in (self.folder / "claims").iterdir()}

    def told(self, number: int) -> dict[str, Any] | None:
        found = sorted((self.folder / "done").glob(f"{number}.*.json"))
        return _json(found[0]) if found else None

    def give_back(self, number: int) -> int:
        """Its task is gone: others may do it. How often that has happened now."""
        losses = len(list((self.folder / "lost").glob(f"{number}-*"))) + 1
        try:
            (self.folder / "claims" / str(number)).rename(self.folder / "lost" / f"{number}-{losses}")
        except FileNotFoundError:
            losses -= 1
        return losses

    def beat(self, task: str) -> None:
        """This task lives."""
        (self.folder / "alive" / task).write_text(str(time.time()), "utf-8")

    def silent(self, patience_s: float) -> list[tuple[int, str]]:
        """Groups, with their task, whose task has ended or has said nothing for so long by this computer's clock."""
        done, found = self.done(), []
        for claim in list((self.folder / "claims").iterdir()):
            if int(claim.name) in done:
                continue
            task = _text(claim)
            said, now = _text(self.folder / "alive" / task) if task else "", time.monotonic()
            before = self._heard.get(task)
            if before is None or before[0] != said:
                before = self._heard[task] = (said, now)
            if (task and (self.folder / "ended" / task).exists()) or now - before[1] > patience_s:
                found.append((int(claim.name), task))
        return found


def _text(file: Path) -> str:
    try:
        return file.read_text("utf-8")
    except OSError:
        return ""


def _json(file: Path) -> dict[str, Any] | None:
    try:
        found = json.loads(_text(file) or "null")
    except ValueError:
        return None
    return found if isinstance(found, dict) else None
