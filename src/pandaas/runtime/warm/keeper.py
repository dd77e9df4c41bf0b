"""The keeper of the warm pool: `python -S -m pandaas.runtime.warm.keeper`, with a socket as its standard input.

It keeps templates within the number and memory it may use, the least used leave first, and forks the supervisor of each warm
job, which takes 5 ms where a new program takes 50. It sees no data and runs nothing of a recipe. When the platform's end
of the socket closes it lets the templates go, which end after their last job; supervisors live on by themselves.

    {"run": folder}     → {"started": true} or {"started": false, "why": …}; then the work must be started cold
                          {"soon": true} where the work waits for its template, which imports: ask again
    {"prepare": folder} → {"prepared": true} or false: a template for work like this is made, or there
    {"ahead": {"key", "template"}} → the same, for work that may come; it takes no other's place and waits for some minutes only
    {"settings": {…}}   number, memory_mb, idle_s, after (jobs of a kind until it gets a template)
    {"look": true}      → {"templates": [{"key", "state", "jobs", "memory_mb", "why"}]}
    told unasked        {"ended": folder}

Standard library only.
"""

from __future__ import annotations

import json
import os
import select
import signal
import socket
import struct
import sys
import time
from dataclasses import dataclass, field
from typing import Any

from pandaas.runtime import processes, supervisor
from pandaas.runtime.warm.supervision import WarmSupervision

_LARGEST = 65_536
_START_S = 600.0  # an import may take minutes; longer ones hang
_MEASURE_S = 2.0
_KEEP_WRONG_S = 600.0
_AHEAD_S = 300.0
_AWAITED_S = 60.0
_PASS_CREDENTIALS, _CREDENTIALS = 16, 2


@dataclass
class Template:
    """A template: `starting`, `ready` or `refused`."""

    key: str
    control: socket.socket | None
    process: int
    state: str = "starting"
    began: float = field(default_factory=time.monotonic)
    used: float = field(default_factory=time.monotonic)
    pid: int = 0
    jobs: int = 0
    memory_mb: float = 0.0
    why: str = ""
    ahead: bool = False  # no work has asked for it yet


class Keeper:
    """See the module."""

    def __init__(self, platform: socket.socket) -> None:
        self._platform = platform
        self._number, self._memory_mb, self._idle_s, self._after = 0, 0.0, 900.0, 2
        self._templates: dict[str, Template] = {}
        self._asked: dict[str, tuple[int, float]] = {}
        self._running: dict[int, tuple[str, str]] = {}  # life pipe of a supervisor → folder, key
        self._measured = time.monotonic()

    def run(self) -> None:
        while True:
            controls = {t.control.fileno(): t for t in self._templates.values() if t.control is not None}
            sources = [self._platform.fileno(), *controls, *self._running]
            readable, _, _ = select.select(sources, [], [], _MEASURE_S)
            _reap()
            for source in readable:
                if source in controls:
                    self._hear(controls[source])
                elif source in self._running:
                    self._ended(source)
            if self._platform.fileno() in readable and not self._answer():
                return
            self._tidy()

    # --- the platform -----------------------------------------------------------------------------------------------

    def _answer(self) -> bool:
        asked = self._platform.recv(_LARGEST)
        if not asked:
            return False
        message = json.loads(asked)
        if "settings" in message:
            chosen = message["settings"]
            self._number, self._memory_mb = int(chosen["number"]), float(chosen["memory_mb"])
            self._idle_s, self._after = float(chosen["idle_s"]), int(chosen["after"])
            return True
        if "look" in message:
            self._measure()
            self._tell({"templates": [_described(template) for template in self._templates.values()]})
            return True
        if "prepare" in message:
            self._tell({"prepared": self._prepare(str(message["prepare"]))})
            return True
        if "ahead" in message:
            self._tell({"prepared": self._import_ahead(message["ahead"])})
            return True
        try:
            why = self._begin(str(message["run"]))
        except (OSError, ValueError, KeyError, TypeError) as error:
            why = f"{type(error).__name__}: {error}"
        self._tell({"soon": True} if why is None else {"started": not why, "why": why})
        return True

    def _tell(self, what: dict[str, Any]) -> None:
        try:
            self._platform.send(json.dumps(what).encode())
        except OSError:
            return  # it is gone: the next look finds out

    def _begin(self, folder: str) -> str | None:
        """Fork the supervisor of the work in this folder; why not, in words, or nothing. None: not yet."""
        spec = _spec(folder)
        warm = spec["warm"]
        key = str(warm["key"])
        template = self._templates.get(key)
        if template is None:
            self._perhaps_make(key, warm["template"])
            return "there is no template yet"
        template.used, template.ahead = time.monotonic(), False
        if warm.get("awaited") and template.state == "starting" and template.used - template.began < _AWAITED_S:
            return None
        if template.state != "ready" or template.control is None:
            return template.why or "the template is still importing"
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        ours.setsockopt(socket.SOL_SOCKET, _PASS_CREDENTIALS, 1)  # before anything is said
        try:
            socket.send_fds(template.control, [b"job"], [theirs.fileno()])
        except OSError:
            self._gone(template, "it ended")
            return "the template is gone"
        finally:
            theirs.close()
        life, their_life = os.pipe()
        spec["warm"]["beside"] = template.pid
        known = self._fork(folder, spec, ours, their_life)
        os.close(their_life)
        ours.close()
        self._running[life] = (folder, key)
        template.jobs += 1
        return "" if known else "its supervisor could not be started"

    def _fork(self, folder: str, spec: dict[str, Any], job: socket.socket, life: int) -> bool:
        """A supervisor that is nobody's child; True when it has made itself known, or the work was started before."""
        ready, tell = os.pipe()
        if os.fork() == 0:
            if os.fork():
                os._exit(0)
            os.close(ready)
            self._supervise(folder, spec, job, tell, life)
        os.close(tell)
        told = os.read(ready, 1)
        os.close(ready)
        return bool(told)

    def _supervise(self, folder: str, spec: dict[str, Any], job: socket.socket, tell: int, life: int) -> None:
        """In the fork. Never returns."""
        status = 1
        try:
            os.setsid()
            self._forget(job.fileno(), tell, life)
            os.chdir(folder)
            if not supervisor.begin():
                os.write(tell, b"0")
                os._exit(0)
            os.write(tell, b"1")
            os.close(tell)
            supervision = WarmSupervision(spec, job)
            supervision.run()
            if supervision.went_wrong:
                os.write(life, supervision.went_wrong[:1000].encode())
            status = 0
        except BaseException as error:  # noqa: BLE001 - nothing may return from the fork
            sys.stderr.write(f"{type(error).__name__}: {error}\n")
        finally:
            os._exit(status)

    def _forget(self, *kept: int) -> None:
        """Close what a supervisor has no business with: the platform, templates, other supervisors."""
        for template in self._templates.values():
            if template.control is not None:
                template.control.close()
        for life in self._running:
            os.close(life)
        if self._platform.fileno() not in kept:
            self._platform.close()

    def _ended(self, life: int) -> None:
        wrong = os.read(life, 1000)
        folder, key = self._running[life]
        if wrong:
            template = self._templates.get(key)
            if template is not None:
                self._refuse(template, wrong.decode("utf-8", "replace"))
            return
        os.close(life)
        del self._running[life]
        self._tell({"ended": folder})

    # --- templates --------------------------------------------------------------------------------------------------

    def _perhaps_make(self, key: str, command: dict[str, Any]) -> None:
        """Only what comes again gets a template; the one least used leaves for it."""
        now = time.monotonic()
        times, since = self._asked.get(key, (0, now))
        times = times + 1 if now - since < self._idle_s else 1
        self._asked[key] = (times, now)
        if times >= self._after:
            self._make_room_for(key, command)

    def _prepare(self, folder: str) -> bool:
        try:
            warm = _spec(folder)["warm"]
            key = str(warm["key"])
            if key not in self._templates:
                self._make_room_for(key, warm["template"])
        except (OSError, ValueError, KeyError, TypeError):
            return False
        return key in self._templates

    def _import_ahead(self, described: dict[str, Any]) -> bool:
        key = str(described["key"])
        if key in self._templates:
            self._templates[key].used = time.monotonic()
        elif sum(template.state != "refused" for template in self._templates.values()) < self._number:
            self._make(key, described["template"])
            self._templates[key].ahead = True
        return key in self._templates

    def _make_room_for(self, key: str, command: dict[str, Any]) -> None:
        if not self._number:
            return
        alive = [template for template in self._templates.values() if template.state != "refused"]
        if len(alive) >= self._number:
            self._retire(min(alive, key=lambda template: template.used))
        self._make(key, command)

    def _make(self, key: str, command: dict[str, Any]) -> None:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        ours.setsockopt(socket.SOL_SOCKET, _PASS_CREDENTIALS, 1)
        pid = os.fork()
        if pid == 0:
            try:
                os.setsid()
                nothing = os.open(os.devnull, os.O_RDWR)
                for stream, target in ((0, theirs.fileno()), (1, nothing), (2, nothing)):
                    os.dup2(target, stream)
                os.chdir("/")
                os.execvpe(command["argv"][0], command["argv"], command["env"])  # noqa: S606 - no shell is wanted
            finally:
                os._exit(127)
        theirs.close()
        self._templates[key] = Template(key, ours, pid)

    def _hear(self, template: Template) -> None:
        if template.control is None:
            return
        try:
            said, more, _, _ = template.control.recvmsg(_LARGEST, socket.CMSG_SPACE(12))
        except OSError:  # it was killed
            said, more = b"", []
        if not said:
            self._gone(template, "it ended while importing" if template.state == "starting" else "it ended")
            return
        told = json.loads(said)
        if "ready" in told:
            template.state = "ready"
            for level, kind, data in more:
                if (level, kind) == (socket.SOL_SOCKET, _CREDENTIALS):
                    template.pid = int(struct.unpack("3i", data[:12])[0])
            self._measured = 0.0
        else:
            self._refuse(template, str(told.get("refused", told)))

    def _refuse(self, template: Template, why: str) -> None:
        template.state, template.why, template.used = "refused", why, time.monotonic()
        self._close(template)

    def _gone(self, template: Template, why: str) -> None:
        if template.state == "starting":
            self._refuse(template, why)
        else:
            self._retire(template)

    def _retire(self, template: Template) -> None:
        """Let it go; it ends after its last job."""
        self._close(template)
        if self._templates.get(template.key) is template:
            del self._templates[template.key]

    def _close(self, template: Template) -> None:
        if template.control is not None:
            template.control.close()
            template.control = None

    def _tidy(self) -> None:
        now = time.monotonic()
        for template in list(self._templates.values()):
            if template.state == "starting" and now - template.began > _START_S:
                processes.kill_all([template.process])
                self._refuse(template, f"importing its codes took more than {_START_S:.0f} s")
            elif template.state == "refused" and now - template.used > _KEEP_WRONG_S:
                del self._templates[template.key]
            elif template.state == "ready" and now - template.used > (_AHEAD_S if template.ahead else self._idle_s):
                self._retire(template)
        if now - self._measured >= _MEASURE_S:
            self._measure()

    def _measure(self) -> None:
        """Memory that only the templates hold; while it is too much, the one least used leaves."""
        self._measured = time.monotonic()
        ready = [template for template in self._templates.values() if template.state == "ready"]
        for template in ready:
            template.memory_mb = processes.private_memory_mb([template.pid])
        while ready and sum(template.memory_mb for template in ready) > self._memory_mb:
            least = min(ready, key=lambda template: template.used)
            ready.remove(least)
            why = f"{least.memory_mb:.0f} MB don't fit into the pool's {self._memory_mb:.0f} MB"
            if least.memory_mb > self._memory_mb:
                self._refuse(least, why)
            else:
                self._retire(least)


def _spec(folder: str) -> dict[str, Any]:
    with open(f"{folder}/spec.json", encoding="utf-8") as stream:  # noqa: PTH123 - pathlib is slow to import
        found: dict[str, Any] = json.load(stream)
    return found


def _described(template: Template) -> dict[str, Any]:
    return {
        "key": template.key,
        "state": template.state,
        "pid": template.pid,
        "jobs": template.jobs,
        "memory_mb": round(template.memory_mb, 1),
        "why": template.why,
    }


def _reap() -> None:
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        return


def main() -> int:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # it goes with the platform's socket, not with its terminal
    platform = socket.socket(fileno=os.dup(0))
    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, 0)
    os.close(nothing)
    Keeper(platform).run()
    return 0


if __name__ == "__main__":
    sys.exit(main())
