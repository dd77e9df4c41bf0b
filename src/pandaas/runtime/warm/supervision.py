"""Supervision of work that is forked from a template instead of being started by bubblewrap. Standard library only.

Before the work gets anything, the supervisor looks from outside at the process that asks for it: whether it has left all of
our namespaces and the template's, and has no privileges. Whatever goes wrong until the work is let go, the work is
started by bubblewrap instead: nothing of the recipe has run by then.
"""

from __future__ import annotations

import json
import os
import select
import socket
import struct
import sys
from types import SimpleNamespace
from typing import Any

from pandaas.runtime import cgroups, processes
from pandaas.runtime.supervisor import Supervision
from pandaas.runtime.warm.tree import build

_LARGEST = 65_536
_PATIENCE_S = 10.0
_NAMESPACES = ("user", "mnt", "pid", "ipc", "net", "uts", "cgroup")
_CREDENTIALS = 2  # SCM_CREDENTIALS
_GROWN = 1.1


class WarmSupervision(Supervision):
    """`job` is our end of the socket whose other end a template was given. `went_wrong` says why it was not used."""

    def __init__(self, spec: dict[str, Any], job: socket.socket) -> None:
        super().__init__(spec)
        self._job = job
        self._warm = False
        self._ended: dict[str, Any] | None = None
        self._counted_mb = self._shared_mb = 0.0
        self.went_wrong: str | None = None

    def _start(self) -> tuple[int, int]:
        output, write = os.pipe()
        try:
            pid = self._let_go(write)
        except (OSError, ValueError, KeyError) as error:
            self.went_wrong = f"{type(error).__name__}: {error}"
            sys.stderr.write(f"not forked warm: {self.went_wrong}\n")
            os.close(output)
            self._job.close()
            os.close(write)
            return super()._start()
        os.close(write)
        os.set_blocking(output, False)
        self._warm = True
        return pid, output

    def _let_go(self, write: int) -> int:
        self._job.settimeout(_PATIENCE_S)
        pid = self._hear_of("ready")
        warm = self._spec["warm"]
        tree = build(warm["words"])
        described = {
            "env": self._spec["env"],
            "cwd": warm["cwd"],
            "arguments": warm["arguments"],
            "processes": self._spec["processes"],
        }
        if self._group is not None:
            cgroups.enter(self._group, pid)
        socket.send_fds(self._job, [json.dumps(described).encode()], [tree, write])
        os.close(tree)
        self._hear_of("confined")
        _check_confined(pid, [os.getpid(), *filter(None, [warm.get("beside")])], warm.get("uid"))
        self._job.send(b"go")
        with open("warm", "w", encoding="ascii") as stream:  # noqa: PTH123 - says how it was started, and what to look at
            stream.write(str(pid))
        return pid

    def _hear_of(self, what: str) -> int:
        """Wait for that word; the process id, in our own table, of who said it."""
        said, more, _, _ = self._job.recvmsg(_LARGEST, socket.CMSG_SPACE(12))
        heard = json.loads(said) if said else {"failed": "the template is gone"}
        if what not in heard:
            raise OSError(str(heard.get("failed", heard)))
        for level, kind, data in more:
            pid = struct.unpack("3i", data[:12])[0] if (level, kind) == (socket.SOL_SOCKET, _CREDENTIALS) else 0
            if pid > 1:
                return int(pid)
        raise OSError("who speaks is not known")

    def _sources(self, output: int) -> list[int]:
        more = [self._job.fileno()] if self._warm and self._ended is None else []
        return [*super()._sources(output), *more]

    def _wait(self, pid: int, *, block: bool = False) -> tuple[int, int, Any]:
        """The end as the fork's parent tells it; a silent end means that something killed it."""
        if not self._warm:
            return super()._wait(pid, block=block)
        if self._ended is None:
            readable, _, _ = select.select([self._job], [], [], _PATIENCE_S if block else 0)
            if not readable and not block:
                return 0, 0, None
            self._ended = self._hear_the_end(pid) if readable else {}
        told = self._ended
        used = SimpleNamespace(
            ru_utime=float(told.get("utime", 0)),
            ru_stime=float(told.get("stime", 0)),
            ru_maxrss=float(told.get("max_rss_kb", 0)),
        )
        return pid, int(told.get("status", 9)), used

    def _held_mb(self, pids: list[int]) -> float:
        """Forks share what their template imported, which a sum over processes counts for each. How much that is is looked at
        anew when the sum has grown, or would end the work."""
        summed = super()._held_mb(pids)
        most = float(self._spec["memory_mb"])
        if self._warm and (summed > _GROWN * self._counted_mb or summed - self._shared_mb > most):
            self._counted_mb = summed
            self._shared_mb = max(0.0, summed - processes.proportional_memory_mb(pids))
        return summed - self._shared_mb

    def _hear_the_end(self, pid: int) -> dict[str, Any]:
        try:
            said = self._job.recv(_LARGEST)
            told = json.loads(said) if said else {}
        except (OSError, ValueError):
            told = {}
        self._kill(pid)  # already gone, or nobody will tell of it
        return told if "status" in told else {}


def _check_confined(pid: int, others: list[int], uid: int | None) -> None:
    """Has this process left every namespace of the others, and has it no privileges? OSError with what is wrong."""
    for name in _NAMESPACES:
        shared = [os.stat(f"/proc/{other}/ns/{name}").st_ino for other in others]  # noqa: PTH116
        if os.stat(f"/proc/{pid}/ns/{name}").st_ino in shared:  # noqa: PTH116
            raise OSError(f"the fork has no {name} namespace of its own")
    with open(f"/proc/{pid}/status", encoding="utf-8", errors="replace") as stream:  # noqa: PTH123
        fields = dict(line.split(":", 1) for line in stream.read().splitlines() if ":" in line)
    held = [int(fields[name], 16) for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")]
    if any(held) or fields["NoNewPrivs"].strip() != "1":
        raise OSError("the fork has kept privileges")
    if uid is not None and set(fields["Uid"].split()) != {str(uid)}:
        raise OSError("the fork runs under another account")
