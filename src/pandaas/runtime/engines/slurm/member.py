"""One task of a job array: `python -m pandaas.runtime.engines.slurm.member FOLDER`. Standard library only.

The task that comes first leads the job, under a supervisor as any job's; the others do parts of it until none is left. With
`--serve TASK` after the folder it only does parts, which is how the leading task uses its own cores.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import threading
import time
from pathlib import Path
from typing import Any

from pandaas.runtime import supervisor
from pandaas.runtime.engines import task
from pandaas.runtime.engines.slurm.board import Board

_LOOK_S = 0.2
_BEAT_S = 2.0


def main(arguments: list[str]) -> int:
    folder = Path(arguments[0])
    if len(arguments) == 3 and arguments[1] == "--serve":
        serve(folder, arguments[2])
        return 0
    name = os.environ.get("SLURM_JOB_ID", "")
    supervisor.main(["--attached", str(folder)])
    if not is_over(folder) and claimed_by(folder) != name:
        serve(folder, name)
    if is_final(folder):
        shutil.rmtree(folder / "tries", ignore_errors=True)
    return 0


def is_final(folder: Path) -> bool:
    """It has ended and nobody will lead it again: what its parts left is of no more use."""
    try:
        record = json.loads((folder / "exit.json").read_text("utf-8"))
    except (OSError, ValueError):
        return False
    return (folder / "cancel").exists() or not was_lost({"exit": record})


def claimed_by(folder: Path) -> str:
    """The task that leads; empty while none does."""
    try:
        return (folder / "claim").read_text("utf-8")
    except OSError:
        return ""


def is_over(folder: Path) -> bool:
    """Nothing more is to be done: it has ended, or shall end, or is gone."""
    return (folder / "exit.json").exists() or (folder / "cancel").exists() or not (folder / "parts.json").exists()


def serve(folder: Path, name: str) -> None:
    """Do parts until none is free."""
    wanted = json.loads((folder / "parts.json").read_text("utf-8"))
    board = Board(folder / "parts")
    threading.Thread(target=_beat, args=(board, name), daemon=True).start()
    while not is_over(folder):
        plan = board.plan()
        if plan is None:
            time.sleep(_LOOK_S)
            continue
        number = board.take(len(plan["groups"]), name)
        if number is None:
            return
        first, last = plan["groups"][number]
        piece = json.loads(json.dumps(wanted["process"]).replace("@BLOCKS@", f"{first}:{last}"))
        told = task.run_in_folder(str(folder / "tries"), piece, wanted["supervisor"])
        lost = was_lost(told)
        if lost and is_over(folder):
            return  # whoever leads next takes the part back from a silent task
        if lost and board.give_back(number) < wanted["losses"]:
            continue
        board.put(number, name, {**told, "task": name, "host": os.uname().nodename})


def was_lost(told: dict[str, Any]) -> bool:
    """It was ended from outside, or its supervisor was: that says nothing of the work."""
    record = told["exit"]
    if record is None:
        return True
    return record["reason"] == "cancelled" or (record["reason"] == "exit" and record["signal"] in {9, 15})


def _beat(board: Board, name: str) -> None:
    while True:
        try:
            board.beat(name)
        except OSError:
            return  # the folder is gone
        time.sleep(_BEAT_S)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
