"""Memory between forbidden pages, for tests of decoders that get bytes from anywhere."""

from __future__ import annotations

import ctypes
import mmap
import os

FUZZ_INPUTS = 1_000_000 if os.environ.get("PANDAAS_TEST_FULL") else 8_000


class Guarded:
    """Memory that ends at a page that must not be touched: one byte too far kills the process."""

    def __init__(self, room: int) -> None:
        pages = -(-room // mmap.PAGESIZE)
        self._memory = mmap.mmap(-1, (pages + 2) * mmap.PAGESIZE)
        start = ctypes.addressof(ctypes.c_char.from_buffer(self._memory))
        protect = ctypes.CDLL(None, use_errno=True).mprotect
        protect.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]
        self.end = (pages + 1) * mmap.PAGESIZE
        for page in (0, self.end):
            assert protect(start + page, mmap.PAGESIZE, 0) == 0

    def last(self, length: int) -> memoryview:
        """The `length` bytes before the forbidden page."""
        return memoryview(self._memory)[self.end - length : self.end]
