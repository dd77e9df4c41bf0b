"""The supervisor of one piece of work: `python -m pandaas.runtime.supervisor [--attached] FOLDER`. Standard library only.

It outlives the platform. In FOLDER it reads `spec.json` and keeps

    lock             held (flock) as long as it lives
    supervisor.json  its process id, start time and the computer's boot id
    log.txt          what the work wrote, head and tail when it is longer than the limit
    cancel           made by others to ask for an end (SIGTERM does the same)
    exit.json        how it ended, written atomically, last of all

Starting it again in the same folder does nothing: while it runs the lock is held; afterwards `supervisor.json` tells that
it was started once. The command returns as soon as the supervisor is detached; with `--attached` (under a scheduler, which
keeps it) it returns when the work has ended, and the file `claim` makes sure that only one of several runs the work,
on whatever computers they start.

`spec.json`: {"argv": [...], "env": {...}, "cwd": path, "time_limit_s": n, "memory_mb": n, "processes": n,
"log_limit": bytes, "disk_reserve_mb": n, "writable": [folders], "output_mb": n, "cgroup": group or null,
"isolated": bool}. `output_mb` is the most that the writable folders may hold together. `isolated` says that killing the
command kills all it started (a process namespace); otherwise its descendants are looked for and killed one by one.
"""

from __future__ import annotations

import fcntl
import json
import os
import resource
import select
import signal
import sys
import time
from typing import Any

from pandaas.runtime import cgroups, processes
from pandaas.runtime.written import written_bytes

_TICK_S = 0.1
_SAMPLE_S = 0.5
_SAMPLE_EARLY_S = 0.1  # short work is sampled often enough to be measured
_EARLY_S = 5.0
_COUNT_PAUSE = 20  # counting what was written takes no more than a twentieth of the time
_DRAIN_S = 2.0
_DISK_RESERVE_MB = 512  # twice what the catalogue needs to go on
_DIE_WITH_PARENT = 1  # PR_SET_PDEATHSIG
_ADOPT_ORPHANS = 36  # PR_SET_CHILD_SUBREAPER: the parent of descendants whose own parent ends, so that none escapes
_GPUS = ("CUDA_VISIBLE_DEVICES", "ROCR_VISIBLE_DEVICES", "GPU_DEVICE_ORDINAL", "ZE_AFFINITY_MASK")
_OOM_SCORE = "600"  # the kernel takes user work before the platform


def main(arguments: list[str]) -> int:
    attached = arguments[:1] == ["--attached"]
    if len(arguments) != 1 + attached:
        sys.stderr.write("usage: python -m pandaas.runtime.supervisor [--attached] FOLDER\n")
        return 2
    os.chdir(arguments[-1])
    lock = os.open("lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    if not _take(lock):
        return 0  # it runs
    if os.path.exists("exit.json") or os.path.exists("supervisor.json"):  # noqa: PTH110 - pathlib is slow to import
        return 0  # it ran
    return _attached() if attached else _detach()


def begin() -> bool:
    """For a supervisor that was forked, in the work's folder: become known; False where it runs or ran."""
    lock = os.open("lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    if not _take(lock) or os.path.exists("exit.json") or os.path.exists("supervisor.json"):  # noqa: PTH110
        return False
    _be_known()
    _leave_terminal()
    return True


def _take(lock: int) -> bool:
    """Take the lock; an engine that only looks holds it for a moment, hence a few tries."""
    for _attempt in range(10):
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(0.01)
        else:
            return True
    return False


def _detach() -> int:
    """Fork twice, so that nobody waits for us; the first process returns when the last one has made itself known."""
    ready, tell = os.pipe()
    if os.fork():
        os.close(tell)
        told = os.read(ready, 1)
        return 0 if told else 1
    os.setsid()
    if os.fork():
        os._exit(0)
    os.close(ready)
    status = 1
    try:
        _be_known()
        os.write(tell, b"1")
        os.close(tell)
        _leave_terminal()  # from here on, errors of ours go to supervisor.log
        with open("spec.json", encoding="utf-8") as stream:  # noqa: PTH123
            spec = json.load(stream)
        Supervision(spec).run()
        status = 0
    except Exception as error:  # noqa: BLE001 - the last thing this process does
        sys.stderr.write(f"{type(error).__name__}: {error}\n")
        sys.stderr.flush()
    finally:
        os._exit(status)


def _attached() -> int:
    """Run in the foreground, unless another job of the scheduler has taken this work."""
    try:
        claim = os.open("claim", os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    except FileExistsError:
        return 0
    mine = os.environ.get("SLURM_JOB_ID", "")
    os.write(claim, mine.encode())
    os.close(claim)
    _be_known()
    with open("spec.json", encoding="utf-8") as stream:  # noqa: PTH123
        spec = json.load(stream)
    Supervision(spec, claim=mine).run()
    return 0


def _is_ours(claim: str) -> bool:
    """Another job of the scheduler may have been let on, because this one was thought gone."""
    try:
        with open("claim", encoding="utf-8") as stream:  # noqa: PTH123
            return stream.read() == claim
    except OSError:
        return False


def _be_known() -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # until we listen to it, the file `cancel` tells as well
    pid = os.getpid()
    record = {
        "pid": pid,
        "start_ticks": processes.start_ticks(pid),
        "boot": processes.boot_id(),
        "time": time.time(),
        "host": os.uname().nodename,
    }
    write_atomically("supervisor.json", record)


def _leave_terminal() -> None:
    nothing = os.open(os.devnull, os.O_RDWR)
    own_log = os.open("supervisor.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    for stream, target in ((0, nothing), (1, own_log), (2, own_log)):
        os.dup2(target, stream)
    os.close(nothing)
    os.close(own_log)


class Supervision:
    """One run of one command."""

    def __init__(self, spec: dict[str, Any], claim: str | None = None) -> None:
        self._spec = spec
        self._claim = claim
        self._group: dict[str, Any] | None = spec.get("cgroup")
        self._log = _Log("log.txt", int(spec.get("log_limit", 8 * 1024 * 1024)))
        self._disk_reserve = int(spec.get("disk_reserve_mb", _DISK_RESERVE_MB)) * 1024 * 1024
        self._reason = "exit"
        self._peak_mb = 0.0
        self._cpu_s = 0.0
        self._early_until = time.monotonic() + _EARLY_S
        self._next_sample = self._next_count = 0.0
        self._stop_asked = False
        self._wake_read, self._wake_write = os.pipe()
        os.set_blocking(self._wake_write, False)
        os.set_blocking(self._wake_read, False)

    def run(self) -> None:
        signal.set_wakeup_fd(self._wake_write)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.signal(signal.SIGTERM, self._on_terminate)
        signal.signal(signal.SIGINT, self._on_terminate)
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        self._make_group()
        if not self._spec.get("isolated"):
            _control(_ADOPT_ORPHANS, 1)
            self._spec["env"] = {**self._spec["env"], processes.MARK: os.getcwd()}  # noqa: PTH109
        started, clock = time.time(), time.monotonic()
        pid, output = self._start()
        status, usage = self._watch(pid, output, clock + float(self._spec["time_limit_s"]))
        wall = time.monotonic() - clock
        if self._group is not None and self._reason == "exit" and cgroups.out_of_memory(self._group):
            self._reason = "memory"
        if self._reason == "exit" and self._stop_asked and os.WIFSIGNALED(status):
            self._reason = "cancelled"  # who ended us ended it too, and it was faster
        if self._reason == "exit" and self._wrote_too_much():
            self._reason = "output"
        record = self._record(status, usage, started, wall)
        self._log.close()
        if self._group is not None:
            cgroups.remove(self._group)
        if self._claim is None or _is_ours(self._claim):
            write_atomically("exit.json", record)

    def _on_terminate(self, _signal: int, _frame: object) -> None:
        self._stop_asked = True

    def _make_group(self) -> None:
        if self._group is None:
            return
        try:
            cgroups.create(self._group, memory_mb=int(self._spec["memory_mb"]), processes=int(self._spec["processes"]))
        except OSError as error:
            self._log.write(f"[pandaas] no control group ({error}); memory is watched by sampling\n".encode())
            cgroups.remove(self._group)
            self._group = None

    def _start(self) -> tuple[int, int]:
        output, write = os.pipe()
        ours = os.getpid()
        pid = os.fork()
        if pid == 0:
            self._become(write, ours)
        os.close(write)
        os.set_blocking(output, False)
        return pid, output

    def _become(self, write: int, parent: int) -> None:
        """In the child: turn into the command, or say why not and leave with 127."""
        try:
            if not self._spec.get("isolated"):  # else bubblewrap ends with us and ends all
                _control(_DIE_WITH_PARENT, signal.SIGKILL)
                if os.getppid() != parent:
                    os._exit(127)
            signal.set_wakeup_fd(-1)
            for number in (signal.SIGCHLD, signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
                signal.signal(number, signal.SIG_DFL)
            os.setsid()
            os.dup2(write, 1)
            os.dup2(write, 2)
            with open("/proc/self/oom_score_adj", "w", encoding="ascii") as stream:  # noqa: PTH123
                stream.write(_OOM_SCORE)
            resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
            if self._group is not None:
                cgroups.enter(self._group)
            os.chdir(self._spec.get("cwd") or "/")
            argv = self._spec["argv"]
            os.execvpe(argv[0], argv, {**self._spec["env"], **self._gpus()})  # noqa: S606 - no shell is wanted
        except BaseException as error:  # noqa: BLE001 - nothing may return from the child
            os.write(2, f"[pandaas] the program could not be started: {error}\n".encode())
        finally:
            os._exit(127)

    def _gpus(self) -> dict[str, str]:
        """Which GPUs the scheduler gave us."""
        return {name: os.environ[name] for name in _GPUS if self._spec.get("gpu") and name in os.environ}

    def _watch(self, pid: int, output: int, deadline: float) -> tuple[int, Any]:
        """Wait for the end, copying the log; kill it at a limit or when asked to."""
        while True:
            self._wait_for_something(output)
            self._log.copy(output)
            done, status, usage = self._wait(pid)
            if done:
                break
            reason = self._why_stop(pid, deadline)
            if reason:
                self._reason = reason
                self._kill(pid)
                _, status, usage = self._wait(pid, block=True)
                break
        self._kill_left_over()
        end = time.monotonic() + _DRAIN_S
        while not self._log.copy(output) and time.monotonic() < end:
            select.select([output], [], [], _TICK_S)
        return status, usage

    def _wait(self, pid: int, *, block: bool = False) -> tuple[int, int, Any]:
        """Has it ended? The process (0 = not yet), its status and what it used."""
        return os.wait4(pid, 0 if block else os.WNOHANG)

    def _sources(self, output: int) -> list[int]:
        """What tells that there is something to do."""
        return [self._wake_read] if self._log.ended else [self._wake_read, output]

    def _wait_for_something(self, output: int) -> None:
        select.select(self._sources(output), [], [], _TICK_S)
        try:
            os.read(self._wake_read, 4096)
        except BlockingIOError:
            return

    def _why_stop(self, pid: int, deadline: float) -> str | None:
        if self._stop_asked or os.path.exists("cancel"):  # noqa: PTH110
            return "cancelled"
        now = time.monotonic()
        if now > deadline:
            return "timeout"
        if self._disk_is_full():
            return "disk"
        if now >= self._next_sample:
            self._next_sample = now + (_SAMPLE_EARLY_S if now < self._early_until else _SAMPLE_S)
            return self._sample(pid) or ("output" if now >= self._next_count and self._wrote_too_much() else None)
        return None

    def _disk_is_full(self) -> bool:
        """Work is stopped while the platform, which may keep its database on the same disk, still has room."""
        disk = os.statvfs(".")
        return disk.f_bavail * disk.f_frsize < self._disk_reserve

    def _wrote_too_much(self) -> bool:
        """Counts files; the more there are, the rarer it is done."""
        limit = int(self._spec.get("output_mb", 0)) * 1_000_000
        if not limit:
            return False
        began = time.monotonic()
        written = written_bytes(self._spec.get("writable", ()), limit)
        now = time.monotonic()
        self._next_count = now + _COUNT_PAUSE * (now - began)
        return written > limit

    def _sample(self, pid: int) -> str | None:
        """Take the peak of memory; without a control group this is also the limit."""
        if self._group is not None:
            self._peak_mb = max(self._peak_mb, self._held_mb(cgroups.processes(self._group)))
            return "memory" if cgroups.out_of_memory(self._group) else None
        alive = [pid, *processes.descendants(pid)]
        used = self._held_mb(alive)
        self._cpu_s = max(self._cpu_s, processes.cpu_s(alive))
        self._peak_mb = max(self._peak_mb, used)
        return "memory" if used > float(self._spec["memory_mb"]) else None

    def _held_mb(self, pids: list[int]) -> float:
        return processes.private_memory_mb(pids)

    def _kill(self, pid: int) -> None:
        if not self._spec.get("isolated"):
            processes.kill_all(processes.descendants(pid))
        if self._group is not None:
            processes.kill_all(cgroups.processes(self._group))
        processes.kill_all([pid])

    def _kill_left_over(self) -> None:
        """Nothing that the work started lives longer than the work."""
        for _round in range(50):
            left = cgroups.processes(self._group) if self._group is not None else []
            if not self._spec.get("isolated"):
                left += processes.descendants(os.getpid())
            if not left:
                return
            processes.kill_all(left)
            _reap()
            time.sleep(0.02)

    def _record(self, status: int, usage: Any, started: float, wall: float) -> dict[str, Any]:
        cpu = max(usage.ru_utime + usage.ru_stime, self._cpu_s)
        if self._group is not None:
            cpu = max(cpu, cgroups.cpu_s(self._group) or 0.0)
        number: int | None = os.WTERMSIG(status) if os.WIFSIGNALED(status) else None
        code: int | None = os.WEXITSTATUS(status) if os.WIFEXITED(status) else None
        if code is not None and code > 128:  # the sandbox passes its child's signal on as 128 + n
            number = code - 128
        return {
            "code": code,
            "signal": number,
            "reason": self._reason,
            "wall_s": round(wall, 3),
            "cpu_s": round(cpu, 3),
            "max_rss_mb": round(max(self._peak_mb, usage.ru_maxrss / 1024), 1),
            "started": started,
            "ended": started + wall,
        }


class _Log:
    """The log file: the first half of the limit as it comes, then the last half at the end."""

    def __init__(self, path: str, limit: int) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        self._room = limit // 2
        self._keep = limit // 2
        self._tail = bytearray()
        self._left_out = 0
        self._cut = False
        self.ended = False

    def copy(self, source: int) -> bool:
        """Take what is there; True at the end of the stream. Never more than 1 MB at once, so that limits are kept."""
        for _block in range(16):
            try:
                block = os.read(source, 65_536)
            except BlockingIOError:
                return self.ended
            if not block:
                self.ended = True
                return True
            self.write(block)
        return self.ended

    def write(self, block: bytes) -> None:
        head, rest = block[: self._room], block[self._room :]
        if head:
            os.write(self._file, head)
            self._room -= len(head)
        if not rest:
            return
        if not self._cut:
            self._cut = True
            os.write(self._file, b"\n[pandaas] The log is long; its end follows when the job has ended.\n")
        self._tail += rest
        surplus = len(self._tail) - self._keep
        if surplus > 0:
            del self._tail[:surplus]
            self._left_out += surplus

    def close(self) -> None:
        if self._tail:
            if self._left_out:
                os.write(self._file, f"[pandaas] {self._left_out} bytes are left out here.\n".encode())
            os.write(self._file, bytes(self._tail))
        os.close(self._file)


def write_atomically(path: str, record: dict[str, Any]) -> None:
    """Write JSON so that a reader finds all of it or nothing, also after a power cut."""
    temporary = f"{path}.{os.getpid()}.tmp"
    with open(temporary, "w", encoding="utf-8") as stream:  # noqa: PTH123
        json.dump(record, stream)
        stream.flush()
        os.fsync(stream.fileno())
    os.replace(temporary, path)  # noqa: PTH105


def _control(option: int, value: int) -> None:
    """prctl(2)."""
    import ctypes  # slow to import, needed only without a process namespace

    ctypes.CDLL(None).prctl(option, value, 0, 0, 0)


def _reap() -> None:
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        return


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
