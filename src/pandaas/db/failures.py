"""What a database says when it can't go on, in the words of the platform's errors."""

from __future__ import annotations

import errno
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from pandaas.model import Busy, DiskFull, PandaasError, Unavailable

_NO_SPACE = {errno.ENOSPC, errno.EDQUOT}
_LOCKED = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}
_RETRY = {"40001", "40P01", "55P03"}  # serialisation failure, deadlock, lock not available


@contextmanager
def understood() -> Iterator[None]:
    """Turn a full disk, a lock held too long and a lost server into `DiskFull`, `Busy` and `Unavailable`."""
    try:
        yield
    except DBAPIError as error:
        known = _of_driver(error)
        if known is None:
            raise
        raise known from error
    except PoolTimeout as error:  # all connections are in use
        raise Busy("The database is busy.", remedy="Try again shortly.") from error
    except OSError as error:
        if not is_disk_full(error):
            raise
        raise disk_full() from error


def is_disk_full(error: OSError) -> bool:
    return error.errno in _NO_SPACE


def disk_full() -> DiskFull:
    return DiskFull(
        "The storage is full; nothing was changed.", remedy="An operator has to free space; then try again."
    )


def _of_driver(error: DBAPIError) -> PandaasError | None:
    code = getattr(error.orig, "sqlite_errorcode", None)
    if code is not None:
        return _of_sqlite(code & 0xFF)
    state = getattr(error.orig, "sqlstate", None)
    if state == "53100":
        return disk_full()
    if state in _RETRY:
        return Busy("Two changes met in the database.", remedy="Try again.")
    if error.connection_invalidated or (state or "").startswith(("08", "57P")) or _lost(error):
        return Unavailable("The database can't be reached.", remedy="Ask the operator; `pandaas doctor` says more.")
    return None


def _of_sqlite(code: int) -> PandaasError | None:
    if code == sqlite3.SQLITE_FULL:
        return disk_full()
    if code in _LOCKED:
        return Busy("The database is busy.", remedy="Try again shortly.")
    if code in {sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_IOERR}:
        return Unavailable(
            "The database file can't be read or written.",
            remedy="Check the folder's rights and free space; `pandaas doctor` says more.",
        )
    return None


def _lost(error: DBAPIError) -> bool:
    return type(error.orig).__name__ == "OperationalError" and getattr(error.orig, "sqlstate", "") is None
