"""Kill a process at every place where it touches the disk or the database, and look at what is left.

`for point in points(action):` runs `action` in a forked process that kills itself (SIGKILL) at the first, second, third …
such place, until it comes to the end; the body of the loop checks, and puts things back for the next round.
"""

from __future__ import annotations

import os
import signal
import sys
import traceback
from collections.abc import Callable, Iterator
from itertools import count
from typing import Any

from sqlalchemy import Engine, event

_TOUCHES = frozenset(
    {"os.rename", "os.mkdir", "os.remove", "os.rmdir", "os.chmod", "os.utime", "os.truncate", "sqlite3.connect"}
)


def points(action: Callable[[], object], *, step: int = 1) -> Iterator[int]:
    """Yield the number of the place at which `action` was killed, then 0 when it ended by itself."""
    for point in count(1, step):
        if not _killed_at(point, action):
            yield 0
            return
        yield point


def _killed_at(point: int, action: Callable[[], object]) -> bool:
    child = os.fork()
    if child == 0:
        _die_at(point, action)
    _pid, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL:
        return True
    if status:
        raise AssertionError(f"the action failed with status {status}; its traceback is on standard error")
    return False


def _die_at(point: int, action: Callable[[], object]) -> None:
    left = point

    def touch() -> None:
        nonlocal left
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    def statement(_connection: object, _cursor: object, words: str, *_rest: object) -> None:
        if not words.lstrip().upper().startswith(("SELECT", "PRAGMA")):
            touch()

    def audit(name: str, arguments: tuple[Any, ...]) -> None:
        if name in _TOUCHES or (name == "open" and _writes(arguments)):
            touch()

    event.listen(Engine, "before_cursor_execute", statement)
    event.listen(Engine, "commit", lambda *_arguments: touch())
    sys.addaudithook(audit)
    try:
        action()
    except BaseException:  # noqa: BLE001 - whatever it is, the parent has to see it
        traceback.print_exc()
        os._exit(1)
    os._exit(0)


def _writes(arguments: tuple[Any, ...]) -> bool:
    _path, mode, flags = arguments
    if isinstance(mode, str):
        return any(letter in mode for letter in "wax+")
    return bool(flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT))
