"""Control groups, version 1 or 2, where the platform may write them: memory and process limits, exact usage.

Standard library only: the supervisor imports it. A group is a dictionary that can travel as JSON:
`{"version": 1 | 2, "paths": {controller: folder}}`.
"""

from __future__ import annotations

import os
import time
from typing import Any

_ROOT = "/sys/fs/cgroup"
_PARENT = "pandaas"
_V1 = ("memory", "pids", "cpuacct")


def probe() -> int:
    """1 or 2 when groups with a memory limit can be made here, else 0."""
    name = f"probe-{os.getpid()}"
    versions = (2,) if os.path.exists(f"{_ROOT}/cgroup.controllers") else (1,)  # noqa: PTH110
    for version in versions:
        group = describe(name, version)
        try:
            create(group, memory_mb=64, processes=64)
        except OSError:
            remove(group)
            continue
        remove(group)
        return version
    return 0


def describe(name: str, version: int) -> dict[str, Any]:
    """The group `name` below ours, not yet made."""
    if version == 2:
        return {"version": 2, "paths": {"unified": f"{_ROOT}/{_PARENT}/{name}"}}
    return {"version": 1, "paths": {controller: f"{_ROOT}/{controller}/{_PARENT}/{name}" for controller in _V1}}


def create(group: dict[str, Any], *, memory_mb: int, processes: int) -> None:
    """Make the group with its limits; OSError when this is not allowed here."""
    limit = str(memory_mb * 1024 * 1024)
    paths: dict[str, str] = group["paths"]
    if group["version"] == 2:
        folder = paths["unified"]
        parent = os.path.dirname(folder)  # noqa: PTH120 - pathlib is slow to import
        os.makedirs(parent, exist_ok=True)  # noqa: PTH103
        _write(f"{_ROOT}/cgroup.subtree_control", "+memory +pids +cpu")
        _write(f"{parent}/cgroup.subtree_control", "+memory +pids +cpu")
        os.makedirs(folder, exist_ok=True)  # noqa: PTH103
        _write(f"{folder}/memory.max", limit)
        _write_if_there(f"{folder}/memory.swap.max", "0")
        _write_if_there(f"{folder}/memory.oom.group", "1")
        _write(f"{folder}/pids.max", str(processes))
        return
    for controller, folder in paths.items():
        if not os.path.exists(f"{_ROOT}/{controller}/cgroup.procs"):  # noqa: PTH110
            raise FileNotFoundError(f"the controller {controller} is not mounted")
        os.makedirs(folder, exist_ok=True)  # noqa: PTH103
    _write(f"{paths['memory']}/memory.limit_in_bytes", limit)
    _write_if_there(f"{paths['memory']}/memory.memsw.limit_in_bytes", limit)
    _write(f"{paths['pids']}/pids.max", str(processes))


def enter(group: dict[str, Any], pid: int = 0) -> None:
    """Move the process (0 = the calling one) into the group; what it starts stays there."""
    for folder in group["paths"].values():
        _write(f"{folder}/cgroup.procs", str(pid))


def processes(group: dict[str, Any]) -> list[int]:
    folder = group["paths"].get("unified") or group["paths"]["memory"]
    return [int(line) for line in (_read(f"{folder}/cgroup.procs") or "").split()]


def out_of_memory(group: dict[str, Any]) -> bool:
    """Has the kernel killed something here because the group was out of memory?"""
    if group["version"] == 2:
        text = _read(f"{group['paths']['unified']}/memory.events")
    else:
        text = _read(f"{group['paths']['memory']}/memory.oom_control")
    for line in (text or "").splitlines():
        name, _, value = line.partition(" ")
        if name == "oom_kill":
            return int(value) > 0
    return False


def cpu_s(group: dict[str, Any]) -> float | None:
    """Processor time of everything that ever ran in the group, in seconds."""
    if group["version"] == 2:
        for line in (_read(f"{group['paths']['unified']}/cpu.stat") or "").splitlines():
            if line.startswith("usage_usec "):
                return int(line.split()[1]) / 1e6
        return None
    text = _read(f"{group['paths']['cpuacct']}/cpuacct.usage")
    return int(text) / 1e9 if text else None


def remove(group: dict[str, Any]) -> None:
    """Take the group away; the kernel needs a moment after its last process."""
    for folder in group["paths"].values():
        for _attempt in range(20):
            try:
                os.rmdir(folder)  # noqa: PTH106
            except FileNotFoundError:
                break
            except OSError:
                time.sleep(0.02)
            else:
                break


def _write(path: str, text: str) -> None:
    with open(path, "w", encoding="ascii") as stream:  # noqa: PTH123
        stream.write(text)


def _write_if_there(path: str, text: str) -> None:
    try:
        _write(path, text)
    except OSError:
        return


def _read(path: str) -> str | None:
    try:
        with open(path, encoding="ascii") as stream:  # noqa: PTH123
            return stream.read()
    except OSError:
        return None
