"""A full disk is a state of the facility, not a crash: it becomes `DiskFull`, and nothing half-written stays."""

from __future__ import annotations

import errno
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy.exc import OperationalError

from pandaas.model import DiskFull

_FULL = {errno.ENOSPC, errno.EDQUOT}
_RESERVE = 256 * 1024**2  # always left for the database and logs


@contextmanager
def tells_when_full() -> Iterator[None]:
    """Turn 'no space left' of the file system or of the database into `DiskFull`."""
    try:
        yield
    except OSError as error:
        if is_full(error):
            raise _full() from error
        raise
    except OperationalError as error:
        if "disk is full" in str(error.orig) or "No space left" in str(error.orig):
            raise _full() from error
        raise


def require_space(folder: Path, wanted: int) -> None:
    """`DiskFull` when `wanted` bytes don't fit beside what must stay free."""
    if shutil.disk_usage(folder).free < wanted + _RESERVE:
        raise _full()


def is_full(error: OSError) -> bool:
    return error.errno in _FULL


def _full() -> DiskFull:
    return DiskFull(
        "There is no space left where the platform keeps its data; nothing was changed.",
        remedy="Ask an operator to free space, then try again.",
    )
