"""Locks on a home, held by the kernel: they end with the process, however it ends."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pandaas.model import Conflict


@contextmanager
def exclusive(home: Path) -> Iterator[None]:
    """One upgrade or restore of a home at a time; a second one waits."""
    with _locked(home / ".upgrade.lock", fcntl.LOCK_EX):
        yield


@contextmanager
def serving(home: Path) -> Iterator[None]:
    """Held by everything that serves this home, for as long as it does; a restore refuses meanwhile."""
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    with _locked(home / ".serving.lock", fcntl.LOCK_SH):
        yield


@contextmanager
def not_serving(home: Path) -> Iterator[None]:
    """`Conflict` while somebody serves this home; nobody starts to while this is held."""
    try:
        with _locked(home / ".serving.lock", fcntl.LOCK_EX | fcntl.LOCK_NB):
            yield
    except BlockingIOError as error:
        raise Conflict(f"The platform is running in {home}.", remedy="Stop it first.") from error


@contextmanager
def _locked(file: Path, how: int) -> Iterator[None]:
    descriptor = os.open(file, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        fcntl.flock(descriptor, how)
        yield
    finally:
        os.close(descriptor)
