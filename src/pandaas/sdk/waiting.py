"""A template: a process that has imported the codes of a recipe and waits. Each job runs in a fresh fork of it.

`python -m pandaas.sdk wait RECIPE` imports what the recipe's files import, never the recipe itself: no code of a recipe
runs here, so nothing of one job can stay for another. On its standard input, a socket, it is given one socket per job;
the fork at the other end of that first confines itself (`pandaas.sdk.confining`), is looked at from outside, and only
then loads the recipe and sees the job's inputs.

On a job's socket, in this order: `ready` from the fork; the description of the job with two descriptors, the file system
and the log, to it; `confined` from it; `go` to it; the end, with what it used, from it. When the platform's side closes,
the fork ends. Standard library only, until the codes are imported.

`wait --import MODULE …` does the same without a recipe, for the program of a session; its fork then takes the verb `begin`.
"""

from __future__ import annotations

import ast
import atexit
import contextlib
import gc
import importlib
import json
import os
import resource
import select
import signal
import socket
import sys
import time
import traceback
from typing import Any, Iterator, Optional, Sequence

from pandaas.sdk import confining
from pandaas.sdk.threads import thread_count

_LARGEST = 262_144
_OOM_SCORE = "600"  # the kernel takes user work before the platform
_OWN = ("blockwise", "whole", "recipe", "report", "job", "journal", "inputs", "result", "frames", "stored", "pool")


def wait(recipe: Optional[str], modules: Sequence[str] = ()) -> int:
    """Import, say that we are ready, and serve until the other side closes; ends after the last job has ended."""
    control = socket.socket(fileno=os.dup(0))
    nothing = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(nothing, stream)
    os.close(nothing)
    if recipe is not None:
        _import_codes(recipe)
    _import_named(modules)
    gc.collect()
    gc.freeze()  # the collector doesn't touch, and so copy, what all forks share
    threads = thread_count()
    if threads > 1:
        _say(control, {"refused": f"importing its codes started {threads - 1} threads, which don't survive a fork"})
        return 0
    _say(control, {"ready": True})
    _serve(control)
    return 0


def imported_names(folder: str) -> dict[str, tuple[str, ...]]:
    """The modules that the files of a recipe import, and what from them, without those of the recipe itself."""
    found: dict[str, tuple[str, ...]] = {}
    files = sorted(name for name in os.listdir(folder) if name.endswith(".py"))
    for name in files:
        with open(os.path.join(folder, name), encoding="utf-8") as stream:
            try:
                tree = ast.parse(stream.read())
            except (SyntaxError, ValueError, RecursionError, MemoryError):
                continue
        for module, names in _imports(tree):
            found[module] = (*found.get(module, ()), *names)
    own = {name[:-3] for name in files} | set(os.listdir(folder))
    return {module: names for module, names in found.items() if module.split(".")[0] not in own}


def _imports(tree: ast.AST) -> Iterator[tuple[str, tuple[str, ...]]]:
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, ()) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            if node.module and not node.level:
                yield node.module, tuple(alias.name for alias in node.names)
        elif isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test):
            continue
        else:
            yield from _imports(node)


def _import_codes(recipe: str) -> None:
    wanted = [(f"pandaas.sdk.{name}", ()) for name in _OWN] + list(imported_names(recipe).items())
    for module, names in wanted:
        with contextlib.suppress(BaseException):  # the job will meet and tell it, if it matters
            found = importlib.import_module(module)
            for name in names:
                getattr(found, name, None)  # some modules load their parts on first use
    pydantic = sys.modules.get("pydantic")
    if pydantic is not None:
        _use(pydantic)


def _import_named(modules: Sequence[str]) -> None:
    for module in modules:
        with contextlib.suppress(BaseException):  # the program will meet and tell it, if it matters
            importlib.import_module(module)


def _use(pydantic: Any) -> None:
    """It loads most of itself with the first model."""
    with contextlib.suppress(Exception):  # a version that works otherwise
        number = (float, pydantic.Field(1.0, gt=0))
        pydantic.create_model("Parameters", number=number).model_validate({"number": 2}).model_dump()


def _serve(control: socket.socket) -> None:
    while True:
        readable, _, _ = select.select([control], [], [], 1.0)
        _reap()
        if not readable:
            continue
        try:
            given, descriptors, _, _ = socket.recv_fds(control, 16, 1)
        except OSError:  # the other side was killed
            break
        if not given:
            break
        if os.fork() == 0:
            control.close()
            _fork(socket.socket(fileno=descriptors[0]))
        os.close(descriptors[0])
    while True:
        try:
            os.wait()
        except ChildProcessError:
            return


def _reap() -> None:
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        return


def _fork(job: socket.socket) -> None:
    """In the fork: namespaces of our own, their first process, and at its end what it used. Never returns."""
    try:
        os.setsid()
        confining.leave_namespaces()
        first = os.fork()
        if first == 0:
            _first_process(job)
        confining.hide()
        _, status, used = os.wait4(first, 0)
        _say(job, {"status": status, "utime": used.ru_utime, "stime": used.ru_stime, "max_rss_kb": used.ru_maxrss})
    except BaseException as error:  # noqa: BLE001 - nothing may return from the fork
        _say(job, {"failed": f"{type(error).__name__}: {error}"})
    finally:
        os._exit(0)


def _first_process(job: socket.socket) -> None:
    """Confine, run the work in a child, and end with it or with the platform's side. Never returns."""
    code = 127
    try:
        confining.hide()
        _say(job, {"ready": True})
        described, descriptors, _, _ = socket.recv_fds(job, _LARGEST, 2)
        if not described:
            os._exit(127)
        work = json.loads(described)
        tree, output = descriptors
        confining.enter(tree)
        _say(job, {"confined": True})
        if job.recv(16) != b"go":
            os._exit(127)
        pid = os.fork()
        if pid == 0:
            job.close()
            _run(work, output)
        os.close(output)
        code = _until_the_end(job, pid)
    except BaseException as error:  # noqa: BLE001 - nothing may return from the fork
        _say(job, {"failed": f"{type(error).__name__}: {error}"})
    finally:
        os._exit(code)  # with the first process of a table all others end


def _until_the_end(job: socket.socket, pid: int) -> int:
    """Wait for the work, taking in orphans of its; the exit code, 128 + n where signal n ended it."""
    woken, wake = os.pipe()
    os.set_blocking(wake, False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(wake)
    while True:
        try:
            ended, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return 127
        if ended == pid:
            return 128 + os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status)
        if ended:
            continue
        readable, _, _ = select.select([job.fileno(), woken], [], [])
        if job.fileno() in readable:  # nobody watches any more
            return 128 + signal.SIGKILL
        os.read(woken, 4096)


def _run(work: dict[str, Any], output: int) -> None:
    """The job itself, as the command line would run it. Never returns."""
    code = 2
    try:
        os.setsid()
        confining.hide(hidden=False)
        os.dup2(output, 1)
        os.dup2(output, 2)
        os.closerange(3, 8192)
        os.environ.clear()
        os.environ.update(work["env"])
        os.chdir(work["cwd"])
        with open("/proc/self/oom_score_adj", "w", encoding="ascii") as stream:
            stream.write(_OOM_SCORE)
        for limit, number in ((resource.RLIMIT_CORE, 0), (resource.RLIMIT_NPROC, 2 * work["processes"])):
            resource.setrlimit(limit, (number, number))
        _seed()
        code = _main(work["arguments"])
    except SystemExit as asked:
        code = asked.code if isinstance(asked.code, int) else 0 if asked.code is None else 1
    except BaseException:  # noqa: BLE001 - nothing may return from the fork
        traceback.print_exc()
    finally:
        try:
            atexit._run_exitfuncs()
            sys.stdout.flush()
            sys.stderr.flush()
        finally:
            os._exit(code)


def _main(arguments: list[str]) -> int:
    from pandaas.sdk.__main__ import main

    time.tzset()
    sys.argv = ["pandaas.sdk", *arguments]
    return main(arguments)


def _seed() -> None:
    """Forks must not draw the same random numbers; Python's own generator sees to that itself."""
    numpy = sys.modules.get("numpy")
    if numpy is not None:
        numpy.random.seed(int.from_bytes(os.urandom(4), "little"))


def _say(channel: socket.socket, what: dict[str, Any]) -> None:
    try:
        channel.send(json.dumps(what).encode())
    except OSError:
        return
