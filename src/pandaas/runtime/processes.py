"""What /proc says about processes: alive or zombie, start time, descendants, memory. Standard library only.

A process is named by its id and its start time together, since ids are used again.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Iterable

MARK = (
    "PANDAAS_WORK"  # a variable that names the folder of the work which a process belongs to, where nothing isolates it
)
_CLOCK_TICKS = os.sysconf("SC_CLK_TCK")


def stat_fields(pid: int) -> list[str] | None:
    """The fields of /proc/PID/stat after the command name (state first), or None when there is no such process."""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as stream:  # noqa: PTH123 - pathlib is slow to import
            text = stream.read()
    except OSError:
        return None
    return text[text.rfind(")") + 2 :].split()


def start_ticks(pid: int) -> int | None:
    """When the process started, in clock ticks since boot; None when it is gone or a zombie."""
    fields = stat_fields(pid)
    if fields is None or fields[0] in "ZX":
        return None
    return int(fields[19])


def is_same(pid: int, ticks: int | None) -> bool:
    """Is the process that was once seen with this start time still alive (and no zombie)?"""
    return ticks is not None and start_ticks(pid) == ticks


def boot_id() -> str:
    try:
        with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as stream:  # noqa: PTH123
            return stream.read().strip()
    except OSError:
        return ""


def descendants(root: int) -> list[int]:
    """All living descendants of `root`, without itself."""
    children: dict[int, list[int]] = {}
    for name in os.listdir("/proc"):  # noqa: PTH208
        if not name.isdigit():
            continue
        fields = stat_fields(int(name))
        if fields is not None and fields[0] not in "ZX":
            children.setdefault(int(fields[1]), []).append(int(name))
    found: list[int] = []
    pending = [root]
    while pending:
        below = children.get(pending.pop(), [])
        found += below
        pending += below
    return found


def marked(folder: str) -> list[int]:
    """All that was started for the work in this folder and not isolated, wherever it has gone since."""
    return with_variable(MARK, folder)


def with_variable(name: str, value: str) -> list[int]:
    """All living processes that were started with this variable."""
    wanted = f"{name}={value}".encode()
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):  # noqa: PTH208
        try:
            with open(f"/proc/{pid}/environ", "rb") as stream:  # noqa: PTH123
                variables = stream.read().split(b"\0")
        except OSError:  # it ended, or is another account's
            continue
        if wanted in variables:
            found.append(int(pid))
    return found


def private_memory_mb(pids: Iterable[int]) -> float:
    """Memory that these processes hold besides mapped files (anonymous and shared), in MB."""
    total_kb = 0
    for pid in pids:
        try:
            with open(f"/proc/{pid}/status", encoding="utf-8", errors="replace") as stream:  # noqa: PTH123
                lines = stream.read().splitlines()
        except OSError:
            continue
        total_kb += sum(int(line.split()[1]) for line in lines if line.startswith(("RssAnon:", "RssShmem:")))
    return total_kb / 1024


def proportional_memory_mb(pids: Iterable[int]) -> float:
    """The same, where what several processes share is divided among them; it takes milliseconds for each."""
    total_kb = 0.0
    for pid in pids:
        try:
            with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as stream:  # noqa: PTH123
                lines = stream.read().splitlines()
        except OSError:  # it ended, or hides itself
            total_kb += 1024 * private_memory_mb([pid])
            continue
        total_kb += sum(int(line.split()[1]) for line in lines if line.startswith(("Pss_Anon:", "Pss_Shmem:")))
    return total_kb / 1024


def cpu_s(pids: Iterable[int]) -> float:
    """Processor time of these processes and of their children that have ended, in seconds."""
    every = [fields for fields in map(stat_fields, pids) if fields is not None]
    return sum(sum(map(int, fields[11:15])) for fields in every) / _CLOCK_TICKS


def kill_all(pids: Iterable[int]) -> None:
    for pid in pids:
        try:
            os.kill(pid, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            continue
