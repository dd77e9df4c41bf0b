"""Leads the job of an array: `python -m pandaas.runtime.engines.slurm.lead FOLDER`, under a supervisor. Standard library only.

`plan` here, `process` of groups of blocks in all tasks (this one's cores too), `finish` here, which merges the partials in the order
of blocks, so the bits are those of one computer. Groups of a task that is gone are done again. A leader that takes over from
one that is gone finds what is done.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from pandaas.runtime.engines.leading import Ended, groups_of, outcome, run_here, tell
from pandaas.runtime.engines.slurm.board import Board
from pandaas.runtime.engines.slurm.member import claimed_by
from pandaas.runtime.supervisor import write_atomically

_LOOK_S = 0.2
_REPLACED = 75


class _Lead:
    """The leading of one job."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._wanted = json.loads((folder / "parts.json").read_text("utf-8"))
        self._output = Path(self._wanted["output"])
        self._board = Board(folder / "parts")
        self._name = claimed_by(folder)
        self._own: subprocess.Popen[bytes] | None = None
        self._partials: dict[int, str] = {}
        self._used = {"cpu_s": 0.0, "max_rss_mb": 0.0}  # by other tasks than this one
        self._tasks: set[str] = set()

    def run(self) -> int:
        try:
            plan = self._planned()
            groups = plan["groups"]
            while len(self._partials) < len(groups):
                self._check()
                self._collect(plan)
                self._take_back()
                self._work(len(groups))
                time.sleep(_LOOK_S)
            self._check()
            if len(self._tasks) > 1:
                sys.stderr.write(f"{len(groups)} parts were done by {len(self._tasks)} tasks.\n")
            command = self._wanted["finish"]
            run_here(
                {**command, "argv": [*command["argv"], *(self._partials[number] for number in range(len(groups)))]}
            )
        except Ended as end:
            return end.code
        finally:
            if self._own is not None:
                self._own.terminate()
            write_atomically(str(self._folder / "usage.json"), self._used)
        shutil.rmtree(self._folder / "tries", ignore_errors=True)
        return 0

    def _planned(self) -> dict[str, Any]:
        plan = self._board.plan()
        if plan is None:
            blocks = json.loads(run_here(self._wanted["plan"]))["blocks"]
            groups = groups_of(len(blocks), self._wanted["tasks"], self._wanted["cores"])
            self._board.announce(groups, sum(stop - start for start, stop in blocks))
            plan = self._board.plan()
        if plan is None:
            raise Ended(2)
        return plan

    def _check(self) -> None:
        """Another task leads when Slurm said that this one is gone."""
        if claimed_by(self._folder) != self._name:
            raise Ended(_REPLACED)

    def _collect(self, plan: dict[str, Any]) -> None:
        count = len(plan["groups"])
        for number in sorted(self._board.done() - set(self._partials)):
            told = self._board.told(number)
            if told is None:
                continue
            heading = f"[part {number + 1} of {count}, task {told['task']} on {told['host']}]"
            code = outcome(told, self._folder, self._output, heading)
            if code:
                raise Ended(code)
            self._count(told)
            self._partials[number] = f"{told['folder']}/output/partial.npz"
            said = f"{len(self._partials)} of {count} parts of {plan['total']}, {len(self._tasks)} tasks"
            tell(self._output, 0.97 * len(self._partials) / count, said)

    def _count(self, told: dict[str, Any]) -> None:
        self._tasks.add(told["task"])
        if told["task"] != self._name:
            self._used["cpu_s"] += told["exit"]["cpu_s"]
            self._used["max_rss_mb"] = max(self._used["max_rss_mb"], told["exit"]["max_rss_mb"])

    def _take_back(self) -> None:
        for number, task in self._board.silent(float(self._wanted["lost_s"])):
            losses = self._board.give_back(number)
            sys.stderr.write(f"Task {task} is gone; its part {number + 1} is done again.\n")
            if losses > self._wanted["losses"]:
                sys.stderr.write(f"Part {number + 1} was lost {losses} times.\n")
                raise Ended(1)

    def _work(self, count: int) -> None:
        """Use this task's own cores as long as there is something free."""
        if self._own is not None and self._own.poll() is None:
            return
        if len(self._board.taken()) >= count:
            return
        words = [sys.executable, "-S", "-m", "pandaas.runtime.engines.slurm.member", str(self._folder)]
        self._own = subprocess.Popen([*words, "--serve", self._name], stdin=subprocess.DEVNULL)


if __name__ == "__main__":
    sys.exit(_Lead(Path(sys.argv[1])).run())
