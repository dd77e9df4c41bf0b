"""Memory for values on their way out: used again, and never more than the limit.

Fetching the pages of fresh memory for a detector image takes longer than decoding it.
"""

from __future__ import annotations

import mmap
import threading
import time
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pandaas.model import Busy

_SMALL = 64 << 10  # left to NumPy
_STEP = 1 << 20
_WAIT_S = 30.0


class _Lent:
    """Memory that goes back to its pool when the last array that shows it is gone."""

    def __init__(self, pool: Buffers, memory: mmap.mmap) -> None:
        whole = np.frombuffer(memory, np.uint8)
        self.__array_interface__ = whole.__array_interface__
        self._whole = whole
        self._pool = pool
        self._memory = memory

    def __del__(self) -> None:
        del self._whole
        self._pool.take_back(self._memory)


class Buffers:
    """Thread-safe. `limit` bytes at most are lent or kept at one time; a single larger array is lent when nothing else is."""

    def __init__(self, limit: int, *, wait_s: float = _WAIT_S) -> None:
        self._limit = limit
        self._wait_s = wait_s
        self._free: list[mmap.mmap] = []
        self._lent = 0
        self._kept = 0
        self._changed = threading.Condition(threading.RLock())  # an array can die while this thread holds it

    @property
    def lent(self) -> int:
        """Bytes that somebody holds now."""
        return self._lent

    @property
    def kept(self) -> int:
        """Bytes that wait to be used again."""
        return self._kept

    def array(self, shape: tuple[int, ...], dtype: np.dtype[Any]) -> NDArray[Any]:
        """An array of this shape, C order, holding anything; `Busy` when others hold all memory for too long."""
        count = int(np.prod(shape, dtype=np.int64)) if shape else 1
        nbytes = count * dtype.itemsize
        if nbytes <= _SMALL:
            return np.empty(shape, dtype)
        memory = self._take(-(-nbytes // _STEP) * _STEP)
        return np.asarray(_Lent(self, memory))[:nbytes].view(dtype).reshape(shape)

    def _take(self, size: int) -> mmap.mmap:
        deadline = time.monotonic() + self._wait_s
        with self._changed:
            while self._lent and self._lent + size > self._limit:
                if not self._changed.wait(max(0.0, deadline - time.monotonic())):
                    raise Busy("Many large answers are on their way.", remedy="Try again in a moment, or select less.")
            fitting = [memory for memory in self._free if size <= len(memory) <= 2 * size]
            if fitting:
                memory = min(fitting, key=len)
                self._free.remove(memory)
                self._kept -= len(memory)
            else:
                memory = mmap.mmap(-1, size)
            self._lent += len(memory)
            self._shrink()
            return memory

    def take_back(self, memory: mmap.mmap) -> None:
        """Called when nobody sees the memory any more."""
        with self._changed:
            self._lent -= len(memory)
            self._kept += len(memory)
            self._free.append(memory)
            self._shrink()
            self._changed.notify_all()

    def _shrink(self) -> None:
        while self._free and self._lent + self._kept > self._limit:
            self._kept -= len(self._free.pop(0))
