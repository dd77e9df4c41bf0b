"""Files that the service itself reads from, opened once and kept for a while."""

from __future__ import annotations

import os
import stat
import threading
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from pandaas.arrays.layout import Identity

_KEPT = 256


class Changed(Exception):
    """The file is not, or no longer, in the state that was expected."""


@dataclass
class _Opened:
    descriptor: int
    users: int = 0
    stale: bool = False


class Descriptors:
    """Thread-safe. A descriptor stays open while somebody reads, whatever happens to the file's name."""

    def __init__(self, kept: int = _KEPT) -> None:
        self._limit = kept
        self._opened: OrderedDict[tuple[Path, Identity], _Opened] = OrderedDict()
        self._lock = threading.Lock()

    @contextmanager
    def open(self, path: Path, identity: Identity) -> Iterator[int]:
        """A descriptor of the regular file at this real path. `Changed` unless it is in the state of `identity`, before
        and after the body has read from it; `OSError` when it can't be opened."""
        opened = self._use(path, identity)
        try:
            yield opened.descriptor
            if _identity(opened.descriptor) != identity:
                opened.stale = True
                raise Changed
        finally:
            self._leave(opened)

    def _use(self, path: Path, identity: Identity) -> _Opened:
        with self._lock:
            opened = self._opened.get((path, identity))
            if opened is not None and not opened.stale:
                opened.users += 1
                self._opened.move_to_end((path, identity))
                return opened
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
        if not stat.S_ISREG(os.fstat(descriptor).st_mode) or _identity(descriptor) != identity:
            os.close(descriptor)
            raise Changed
        opened = _Opened(descriptor, users=1)
        with self._lock:
            known = self._opened.pop((path, identity), None)
            if known is not None:
                self._retire(known)
            self._opened[path, identity] = opened
            while len(self._opened) > self._limit:
                self._retire(self._opened.popitem(last=False)[1])
        return opened

    def _leave(self, opened: _Opened) -> None:
        with self._lock:
            opened.users -= 1
            if opened.stale and opened.users == 0:
                self._close(opened)

    def _retire(self, opened: _Opened) -> None:
        opened.stale = True
        if opened.users == 0:
            self._close(opened)

    @staticmethod
    def _close(opened: _Opened) -> None:
        if opened.descriptor >= 0:
            os.close(opened.descriptor)
            opened.descriptor = -1

    def close(self) -> None:
        """Close everything that nobody reads from; the rest is closed when its reader is done."""
        with self._lock:
            for opened in self._opened.values():
                self._retire(opened)
            self._opened.clear()


def _identity(descriptor: int) -> Identity:
    found = os.fstat(descriptor)
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns
