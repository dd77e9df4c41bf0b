"""What the engine does for job arrays besides: their parts, who leads them, what all their tasks used."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import structlog

from pandaas.runtime.engines.parts import in_parts, supervised_by
from pandaas.runtime.engines.port import ExitRecord, Observation, WorkSpec
from pandaas.runtime.engines.slurm.clocks import forget_asked
from pandaas.runtime.engines.slurm.driver import PENDING, RUNNING, Accounted, QueueEntry, SlurmDriver
from pandaas.runtime.files import read_json, read_text
from pandaas.runtime.sandbox import Sandbox
from pandaas.runtime.supervisor import write_atomically

log = structlog.get_logger(__name__)
LEADING_MB = 128  # for the leading process
NODE_PATH = "/usr/local/bin:/usr/bin:/bin"
_LOSSES = 5  # of its task that one part survives
_MAY_LEAD_AGAIN = frozenset({"NODE_FAIL", "BOOT_FAIL", "PREEMPTED", "FAILED", "REVOKED"})


class Arrays:
    """See the module. `counted`, `goes_on` and `outlives` are asked while observing, `keep` by the thread that asks Slurm."""

    def __init__(self, driver: SlurmDriver) -> None:
        self._driver = driver
        self._tasks: dict[Path, int] = {}
        self._again: set[Path] = set()  # their leading task is gone
        self._uncounted: dict[Path, float] = {}  # they have ended: what they used is asked since then

    def is_one(self, folder: Path) -> bool:
        """Is the work in this folder an array?"""
        if folder not in self._tasks:
            tree = read_json(folder / "slurm.json")
            self._tasks[folder] = int(tree.get("tasks", 1)) if isinstance(tree, dict) else 1
        return self._tasks[folder] > 1

    def counted(self, folder: Path, record: ExitRecord, patience_s: float) -> Observation:
        """An array has ended when all its tasks have: what they used together is Slurm's word, else the parts' own."""
        if not record.started:
            return Observation("ended", record)
        told = read_json(folder / "reason.json")
        if isinstance(told, dict) and record.reason == "exit" and not record.succeeded:
            record = replace(record, reason=told["reason"], code=None)
        used = read_json(folder / "slurm-usage.json")
        since = self._uncounted.setdefault(folder, time.monotonic())
        if not isinstance(used, dict) and time.monotonic() - since < patience_s:
            return Observation("running")
        own = read_json(folder / "usage.json")
        cpu_s = record.cpu_s + (float(own["cpu_s"]) if isinstance(own, dict) else 0.0)
        peak = max(record.max_rss_mb, float(own["max_rss_mb"]) if isinstance(own, dict) else 0.0)
        if isinstance(used, dict):
            cpu_s, peak = max(cpu_s, float(used["cpu_s"])), max(peak, float(used["max_rss_mb"]))
        self._uncounted.pop(folder, None)
        return Observation("ended", replace(record, cpu_s=round(cpu_s, 3), max_rss_mb=peak))

    def goes_on(self, folder: Path, state: str) -> bool:
        """The leading task of an array is gone, for the first time: another one shall lead what is left."""
        tree = read_json(folder / "slurm.json") if self.is_one(folder) else None
        if not isinstance(tree, dict) or state not in _MAY_LEAD_AGAIN or tree.get("former"):
            return False
        if (folder / "cancel").exists():
            return False
        self._again.add(folder)
        return True

    def outlives(self, folder: Path, state: str) -> bool:
        """As `goes_on`, where the leading task still wrote a record when it was ended from outside: it is not believed."""
        if not self.goes_on(folder, state):
            return False
        (folder / "exit.json").rename(folder / "exit.json.lost")
        return True

    def forget(self, folder: Path) -> None:
        self._uncounted.pop(folder, None)
        self._tasks.pop(folder, None)
        self._again.discard(folder)

    def keep(self, folder: Path, number: str, tasks: Sequence[QueueEntry]) -> bool:
        """Tell of tasks that ended, end what is left, note the usage; True where it must be submitted again."""
        if not self.is_one(folder):
            return False
        for task in tasks:
            if task.state not in PENDING | RUNNING and task.task and (folder / "parts/ended").is_dir():
                (folder / "parts/ended" / task.task).touch()
        if folder in self._uncounted:
            self._count(folder, number, tasks)
        if folder not in self._again:
            return False
        again = self._lead_again(folder, number)
        self._again.discard(folder)
        return again

    def _lead_again(self, folder: Path, number: str) -> bool:
        """Submit the array once more; the parts that are done stay done. Whoever led before is not believed any more.

        Each step may be the last before a crash: what is left is done then, or the array is led again once more.
        """
        tree = read_json(folder / "slurm.json")
        if not isinstance(tree, dict) or (folder / "exit.json").exists():
            return False
        log.info("array led again", folder=str(folder), job=number)
        self._driver.cancel(number, tree["name"])
        for name in ("claim", "supervisor.json"):
            if (folder / name).exists():
                (folder / name).rename(folder / f"{name}.{number}")
        forget_asked(folder)
        write_atomically(str(folder / "slurm.json"), {**tree, "name": f"{tree['name']}-2", "former": [number]})
        (folder / "slurm-job.json").unlink(missing_ok=True)
        return True

    def _count(self, folder: Path, number: str, known: Sequence[QueueEntry]) -> None:
        """End what is left of an array that has ended; when all its tasks have, note what they used."""
        tree = read_json(folder / "slurm.json")
        if not isinstance(tree, dict) or (folder / "slurm-usage.json").exists():
            return
        if any(entry.state in PENDING | RUNNING for entry in known):
            self._driver.cancel(number, tree["name"])
            return
        own = {"", tree["name"], str(tree["name"]).removesuffix("-2")}
        tasks = [task for task in self._driver.accounted([number, *tree.get("former", [])]) if task.name in own]
        if not tasks or any(task.state in PENDING | RUNNING for task in tasks):
            return
        used = {
            "cpu_s": sum(task.cpu_s for task in tasks),
            "max_rss_mb": max(task.max_rss_mb for task in tasks),
            "tasks": [asdict(task) for task in tasks],
        }
        write_atomically(str(folder / "slurm-usage.json"), used)


def write_parts(work: WorkSpec, sandbox: Sandbox, python: Path, described: Mapping[str, Any]) -> None:
    """The supervised command is the one that leads; the work's own commands are in `parts.json`."""
    folder = work.folder
    supervisor = supervised_by(python)
    supervisor["env"]["PATH"] = NODE_PATH
    wanted = {
        **in_parts(work, sandbox, cores=described["cores"]),
        "output": str(work.confinement.writable[0]),
        "supervisor": supervisor,
        **described,
        "losses": _LOSSES,
    }
    write_atomically(str(folder / "parts.json"), wanted)
    spec = read_json(folder / "spec.json", limit=16_777_216)
    spec |= {
        "argv": [str(python), "-S", "-m", "pandaas.runtime.engines.slurm.lead", str(folder)],
        "env": {**supervisor["env"], "HOME": str(folder)},
        "cwd": str(folder),
        "isolated": False,
        "memory_mb": work.memory_mb + LEADING_MB,
        "warm": None,
    }
    write_atomically(str(folder / "spec.json"), spec)


def leading(folder: Path, entries: Sequence[QueueEntry]) -> QueueEntry | None:
    """How the work stands in the queue: of an array the leading task, before there is one the furthest."""
    if len(entries) < 2:
        return entries[0] if entries else None
    leader = read_text(folder / "claim", limit=64)
    order = [entry for entry in entries if entry.task == leader and entry.state not in PENDING]
    order += [entry for entry in entries if entry.state in RUNNING]
    order += [entry for entry in entries if entry.state in PENDING]
    return (order or entries)[0]


def together(tasks: Sequence[Accounted], leader: str) -> Accounted:
    """The leading task of an array, with what all used."""
    first = next((task for task in tasks if task.task == leader), tasks[0])
    return replace(first, cpu_s=sum(task.cpu_s for task in tasks), max_rss_mb=max(task.max_rss_mb for task in tasks))
