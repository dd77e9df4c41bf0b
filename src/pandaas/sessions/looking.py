"""Looking at a session's results folder, in which everything is hostile: no link is followed and no file is parsed."""

from __future__ import annotations

import errno
import fcntl
import os
import signal
import stat
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from pandaas.model import PandaasError
from pandaas.runtime import open_beneath

MOST = 500  # files that are listed
_DEEPEST = 4
_EDGE = 2 * 1024**2
_BLOCK = 8 * 1024**2
_SEARCHED = 4 * 1024**3
_HDF5 = b"\x89HDF\r\n\x1a\n"
_PROCESS = b"NXprocess"
_LINK = "It is a link or something else than a file; copy the file itself there."
_HARD = "It has a second name elsewhere (a hard link); copy it to a new file with cp."
_NAMED = "Its name has characters that can't be shown; rename it."


@dataclass(frozen=True)
class Found:
    """A file. `name` is its path in the folder, `problem` says why it can't be registered, `changed_ns` is the later of
    when it was written and when anything of it changed."""

    name: str
    size: int
    mtime_ns: int
    problem: str | None
    changed_ns: int


def files_below(folder: Path) -> Iterator[Found]:
    """Everything but folders and hidden files, without following a link; a little more than is listed at most."""
    try:
        top = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:
        return
    left = MOST + 1
    try:
        for place, folders, names, here in os.fwalk(".", dir_fd=top, follow_symlinks=False):
            parts = [part for part in place.split("/") if part != "."]
            linked = [name for name in folders if _is_link(name, here)]
            folders[:] = sorted(name for name in folders if not name.startswith(".") and name not in linked)
            if len(parts) >= _DEEPEST:
                folders.clear()
            for name in sorted([*names, *linked]):
                if name.startswith("."):
                    continue
                with suppress(OSError):
                    yield _look_at("/".join([*parts, name]), os.stat(name, dir_fd=here, follow_symlinks=False))
                    left -= 1
                if left <= 0:
                    return
    finally:
        os.close(top)


def _is_link(name: str, here: int) -> bool:
    try:
        return stat.S_ISLNK(os.stat(name, dir_fd=here, follow_symlinks=False).st_mode)
    except OSError:
        return True


def _look_at(name: str, found: os.stat_result) -> Found:
    problem = None
    if not name.isprintable():
        problem = _NAMED
        name = "".join(one if one.isprintable() else "\ufffd" for one in name)
    elif not stat.S_ISREG(found.st_mode):
        problem = _LINK
    elif found.st_nlink > 1:
        problem = _HARD
    return Found(name, found.st_size, found.st_mtime_ns, problem, max(found.st_mtime_ns, found.st_ctime_ns))


def looks_processed(folder: Path, name: str) -> bool:
    """Does it look like NeXus with an NXprocess group? Only bytes are compared here: readers run in workers, on copies."""
    return _any_hdf5(folder, name, _at_the_edges)


def mentions_process(folder: Path, name: str) -> bool:
    """Is it HDF5 with NXprocess somewhere in its first 4 GiB? Of bytes again; reads the whole file where it is not."""
    return _any_hdf5(folder, name, _anywhere)


def _any_hdf5(folder: Path, name: str, holds: Callable[[int], bool]) -> bool:
    """Is it HDF5, and does its descriptor hold that? False for what can't be read."""
    try:
        handle = open_beneath(folder, name)
    except PandaasError:
        return False
    try:
        return os.pread(handle, len(_HDF5), 0) == _HDF5 and holds(handle)
    except OSError:
        return False
    finally:
        os.close(handle)


def _at_the_edges(handle: int) -> bool:
    size = os.fstat(handle).st_size
    return any(_PROCESS in os.pread(handle, _EDGE, start) for start in {0, max(0, size - _EDGE)})


def _anywhere(handle: int) -> bool:
    place, rest = 0, b""
    while place < _SEARCHED and (block := os.pread(handle, _BLOCK, place)):
        if _PROCESS in rest + block:
            return True
        place, rest = place + len(block), block[-len(_PROCESS) :]
    return False


def is_open_for_writing(folder: Path, name: str) -> bool:
    """Does some program on this computer hold it open for writing? False also where the system doesn't tell.

    The kernel gives a read lease only on files that nobody has open for writing. Somebody who opens it just then waits
    for a moment, and we would be told by a signal: SIGURG, which is ignored.
    """
    try:
        handle = open_beneath(folder, name)
    except PandaasError:
        return True
    try:
        fcntl.fcntl(handle, fcntl.F_SETSIG, signal.SIGURG)
        fcntl.fcntl(handle, fcntl.F_SETLEASE, fcntl.F_RDLCK)
        fcntl.fcntl(handle, fcntl.F_SETLEASE, fcntl.F_UNLCK)
    except OSError as error:
        return error.errno == errno.EAGAIN
    finally:
        os.close(handle)
    return False
