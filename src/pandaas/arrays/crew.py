"""A few threads that decode side by side, and the memory in which each of them works."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import lru_cache
from typing import Any, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

Check = Callable[[], None]
Work = TypeVar("Work")
_KEPT_SCRATCH = 64 << 20
_memory = threading.local()


def nothing() -> None:
    """No check at all."""


def threads() -> int:
    return len(os.sched_getaffinity(0))


@lru_cache(maxsize=1)
def _decoders() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(threads(), thread_name_prefix="decode")


class _Crew(Generic[Work]):
    """A few threads that do pieces of work until there are none or one fails."""

    def __init__(self, do: Callable[[Work], None], work: Iterator[Work]) -> None:
        self._do = do
        self._work = work
        self._lock = threading.Lock()
        self._failed = False

    def labour(self, check: Check = nothing) -> None:
        with workspace():
            self._labour(check)

    def _labour(self, check: Check) -> None:
        try:
            while not self._failed:
                with self._lock:
                    one = next(self._work, None)
                if one is None:
                    return
                check()
                self._do(one)
        except BaseException:
            self._failed = True
            raise


def side_by_side(do: Callable[[Work], None], work: Iterator[Work], check: Check) -> None:
    """Do all of `work` with a few threads, this one among them; the first error ends it and is raised."""
    crew = _Crew(do, work)
    helpers = [_decoders().submit(crew.labour) for _ in range(threads() - 1)]
    try:
        crew.labour(check)
    finally:
        running = [helper for helper in helpers if not helper.cancel()]
        errors = [helper.exception() for helper in running]
    for error in errors:
        if error is not None:
            raise error


class Workspace:
    """Memory that is used again for chunks, so that its pages are not fetched anew for each of them."""

    def __init__(self) -> None:
        self._stored = self._decoded = np.empty(0, np.uint8)

    def stored(self, nbytes: int) -> NDArray[np.uint8]:
        if nbytes > self._stored.nbytes:
            self._stored = np.empty(nbytes, np.uint8)
        return self._stored[:nbytes]

    def decoded(self, nbytes: int) -> NDArray[np.uint8]:
        if nbytes > self._decoded.nbytes:
            self._decoded = np.empty(nbytes, np.uint8)
        return self._decoded[:nbytes]

    @property
    def is_small(self) -> bool:
        return self._stored.nbytes + self._decoded.nbytes <= _KEPT_SCRATCH


@contextmanager
def workspace() -> Iterator[None]:
    """One for this thread while it reads. So there are only as many as threads that read (`turns`), not as threads."""
    if getattr(_memory, "space", None) is not None:
        yield
        return
    try:
        mine = _spaces.pop()
    except IndexError:
        mine = Workspace()
    _memory.space = mine
    try:
        yield
    finally:
        _memory.space = None
        if mine.is_small and len(_spaces) < 2 * threads():
            _spaces.append(mine)


def space() -> Workspace:
    found: Workspace = _memory.space
    return found


def scratch(nbytes: int, dtype: np.dtype[Any]) -> NDArray[Any]:
    """Memory of this thread until it asks again."""
    return space().decoded(nbytes).view(dtype)


_spaces: list[Workspace] = []
