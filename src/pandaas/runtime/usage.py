"""What running work uses now, read from outside: its control group where there is one, else its processes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from pandaas.runtime import cgroups, processes
from pandaas.runtime.files import read_json


@dataclass(frozen=True)
class RunningUsage:
    """`cpu_s` since it began, `memory_mb` held now besides mapped files."""

    cpu_s: float
    memory_mb: float


def usage_now(folder: Path) -> RunningUsage | None:
    """Of the work in this folder; None where it doesn't run on this computer."""
    record, spec = read_json(folder / "supervisor.json"), read_json(folder / "spec.json", limit=16_777_216)
    if not isinstance(record, dict) or not isinstance(spec, dict) or (folder / "exit.json").exists():
        return None
    pid = int(record.get("pid", 0))
    if record.get("boot") != processes.boot_id() or not processes.is_same(pid, record.get("start_ticks")):
        return None
    group = spec.get("cgroup")
    inside = cgroups.processes(group) if group else []
    alive = inside or _all_of(folder, pid)
    cpu = (cgroups.cpu_s(group) if group and inside else None) or processes.cpu_s(alive)
    return RunningUsage(cpu, processes.proportional_memory_mb(alive))


def _all_of(folder: Path, supervisor: int) -> list[int]:
    """What was forked from a template is no child of its supervisor, which wrote down who it is."""
    try:
        top = int((folder / "warm").read_text("ascii"))
    except (OSError, ValueError):
        return processes.descendants(supervisor)
    return [top, *processes.descendants(top)]
