"""Reader processes in lanes: structure never waits behind data, one hung or crashed file never stops the others."""

from __future__ import annotations

import select
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from pathlib import Path
from typing import Any

from pandaas.arrays import wire
from pandaas.arrays.limits import too_slow
from pandaas.arrays.sandbox import worker_command, worker_environment
from pandaas.arrays.values import Abandoned
from pandaas.model import Busy, Unavailable, UnreadableFile

_START_S = 60.0
_POLL_S = 0.05
_GRACE_S = 1.0  # to stop when told so; starting a process anew costs as much as a second of work
_WAIT_S = 60.0
_PATIENCE_S = 0.25  # a process is free again sooner than another one has started
Cancelled = Callable[[], bool]


def leaver(cancelled: Cancelled | None) -> Callable[[], None]:
    """Ends the work when nobody waits for it any more."""

    def check() -> None:
        if cancelled is not None and cancelled():
            raise Abandoned

    return check


@lru_cache(maxsize=1)
def _starter() -> ThreadPoolExecutor:
    """The thread that starts all reader processes and never ends: bubblewrap's `--die-with-parent` means the thread."""
    return ThreadPoolExecutor(1, thread_name_prefix="reader-starter")


def _spawn(command: list[str], descriptor: int) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        command,
        pass_fds=[descriptor],
        env=worker_environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


class _Stopped(Abandoned):
    """The process stopped as it was told, and can be used again."""


class WorkerProcess:
    """One reader process and the socket to it. Used by one thread at a time."""

    def __init__(self, folders: Iterable[Path], memory_mb: int, sandbox: str) -> None:
        self.folders = tuple(folders)
        self.used = time.monotonic()
        ours, theirs = socket.socketpair()
        self._connection = ours
        try:
            command = worker_command(theirs.fileno(), memory_mb, self.folders, sandbox)
            self._process = _starter().submit(_spawn, command, theirs.fileno()).result()
        except OSError as error:
            ours.close()
            raise Unavailable(f"No reader process can be started: {error.strerror}.") from error
        finally:
            theirs.close()
        try:
            ready = self._receive(_START_S, None).body
        except (wire.Disconnected, TimeoutError, ValueError) as error:
            self.kill()
            raise Unavailable(
                "A reader process ended while it started.", remedy="See `pandaas doctor`; memory may be short."
            ) from error
        self.broken: dict[str, str] = dict(ready.get("broken") or {})

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

    def sees(self, path: Path) -> bool:
        return any(path.is_relative_to(folder) for folder in self.folders)

    def call(self, body: dict[str, Any], timeout: float, cancelled: Cancelled | None) -> wire.Message:
        """Send a request and wait for its answer.

        Raises `wire.Disconnected` (the process died), `TimeoutError`, `ValueError` (nonsense) or `Abandoned`; after any of
        them but `_Stopped` the process must be killed.
        """
        self._connection.settimeout(timeout)
        wire.send(self._connection, body)
        message = self._receive(timeout, cancelled)
        self.used = time.monotonic()
        return message

    def _receive(self, timeout: float, cancelled: Cancelled | None) -> wire.Message:
        deadline = time.monotonic() + timeout
        told = False
        while True:
            left = deadline - time.monotonic()
            if left <= 0:
                raise Abandoned if told else TimeoutError
            step = left if cancelled is None or told else min(left, _POLL_S)
            readable, _, _ = select.select([self._connection], [], [], step)
            if readable:
                self._connection.settimeout(max(1.0, left))
                message = wire.receive(self._connection)
                if told:
                    self.used = time.monotonic()
                    raise _Stopped
                return message
            if cancelled is not None and not told and cancelled():
                wire.send(self._connection, wire.STOP)
                told, deadline = True, min(deadline, time.monotonic() + _GRACE_S)

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()
        self._connection.close()

    def ended_by(self) -> str:
        """How a dead process ended, in words."""
        code = self._process.wait(5)
        if code >= 0:
            return f"exit code {code}"
        try:
            return f"signal {signal.Signals(-code).name}"
        except ValueError:
            return f"signal {-code}"


class Lane:
    """Up to `size` reader processes for one kind of request, started when needed, ended when idle."""

    def __init__(self, name: str, size: int, start: Callable[[], WorkerProcess]) -> None:
        self.name = name
        self._size = size
        self._start = start
        self._idle: list[WorkerProcess] = []
        self._busy: set[WorkerProcess] = set()
        self._starting = 0
        self._changed = threading.Condition()
        self._closed = False

    def run(self, body: dict[str, Any], path: Path, timeout: float, cancelled: Cancelled | None = None) -> wire.Message:
        """Have one of the processes answer `body`, which is about the file at `path`.

        Raises `UnreadableFile` when the process dies or takes longer than `timeout` seconds, `Busy` when none gets free.
        """
        worker = self._take(path)
        try:
            message = worker.call(body, timeout, cancelled)
        except _Stopped:
            self._give_back(worker)
            raise
        except TimeoutError:
            self._drop(worker)
            raise too_slow(path.name, timeout) from None
        except (wire.Disconnected, ValueError) as error:
            how = self._drop(worker)
            raise UnreadableFile(
                f"Reading {path.name} crashed the reader ({how}).",
                remedy="The file is probably damaged. Only this request failed.",
            ) from error
        except BaseException:  # abandoned, or the service is being stopped: the process is in the middle of an answer
            self._drop(worker)
            raise
        self._give_back(worker)
        return message

    def _take(self, path: Path) -> WorkerProcess:
        began = time.monotonic()
        with self._changed:
            while True:
                if self._closed:
                    raise Unavailable("The array service is closed.")
                worker = self._idle_one(path)
                if worker is not None:
                    self._busy.add(worker)
                    return worker
                waited = time.monotonic() - began
                patient = self._starting > 0 or (bool(self._busy) and waited < _PATIENCE_S)
                if not patient and len(self._idle) + len(self._busy) < self._size:
                    self._starting += 1
                    break
                if waited >= _WAIT_S:
                    raise Busy("All readers are busy.", remedy="Try again in a moment.")
                self._changed.wait(_PATIENCE_S - waited if patient and waited < _PATIENCE_S else _WAIT_S - waited)
        return self._start_one()

    def _idle_one(self, path: Path) -> WorkerProcess | None:
        """The process used last, which has the most in its caches. One that can't see `path` is replaced."""
        while self._idle:
            worker = self._idle.pop()
            if worker.alive and worker.sees(path):
                return worker
            worker.kill()
        return None

    def _start_one(self) -> WorkerProcess:
        try:
            worker = self._start()
        except BaseException:
            with self._changed:
                self._starting -= 1
                self._changed.notify()
            raise
        with self._changed:
            self._starting -= 1
            self._busy.add(worker)
            self._changed.notify_all()  # who waited for the start to end may start another one
        return worker

    def _give_back(self, worker: WorkerProcess) -> None:
        with self._changed:
            self._busy.discard(worker)
            if self._closed:
                worker.kill()
            else:
                self._idle.append(worker)
            self._changed.notify()

    def _drop(self, worker: WorkerProcess) -> str:
        how = worker.ended_by() if not worker.alive else "it was ended"
        worker.kill()
        with self._changed:
            self._busy.discard(worker)
            self._changed.notify()
        return how

    def warm_up(self, path: Path) -> None:
        """Have a process that sees `path` ready. Raises `Unavailable` when none can be started."""
        self._give_back(self._take(path))

    def retire(self, idle_s: float) -> int:
        """End processes unused for `idle_s` seconds; returns how many are left."""
        now = time.monotonic()
        with self._changed:
            old = [worker for worker in self._idle if now - worker.used >= idle_s or not worker.alive]
            self._idle = [worker for worker in self._idle if worker not in old]
            left = len(self._idle) + len(self._busy) + self._starting
        for worker in old:
            worker.kill()
        return left

    def pids(self) -> list[int]:
        with self._changed:
            return [worker.pid for worker in (*self._idle, *self._busy)]

    def close(self) -> None:
        with self._changed:
            self._closed = True
            workers = [*self._idle, *self._busy]
            self._idle.clear()
            self._changed.notify_all()
        for worker in workers:
            worker.kill()
