"""Is somebody still writing this file?

HDF5 tells in two ways: its writer holds an exclusive lock, and files of the newer kind carry a flag in their head from
opening until closing (HDF5 File Format Specification 3.0, II.A, file consistency flags).
"""

from __future__ import annotations

import fcntl
import os
import time
from pathlib import Path

_SIGNATURE = b"\x89HDF\r\n\x1a\n"
_OPEN_FOR_WRITE = 0b101  # opened for write, or by a single writer with many readers
_FORGOTTEN_S = 3600.0  # a flag that nobody removed for so long was left by a writer that died


def is_being_written(path: Path, *, now: float | None = None) -> bool:
    """True while a writer has the file open, as far as the file shows it; folders are judged by their age alone."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return False
    try:
        if _is_locked(handle):
            return True
        flagged = _is_flagged(os.pread(handle, 16, 0))
        return flagged and (now or time.time()) - os.fstat(handle).st_mtime < _FORGOTTEN_S
    except OSError:
        return False
    finally:
        os.close(handle)


def _is_locked(handle: int) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:  # this file system knows no locks
        return False
    fcntl.flock(handle, fcntl.LOCK_UN)
    return False


def _is_flagged(head: bytes) -> bool:
    return len(head) >= 12 and head.startswith(_SIGNATURE) and head[8] >= 2 and bool(head[11] & _OPEN_FOR_WRITE)
