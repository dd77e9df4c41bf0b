"""How much work has written: the disk space of folders. Standard library only, since the supervisor imports it."""

from __future__ import annotations

import os
from collections.abc import Iterable

_LEAST = 4096  # what a file or folder costs at least
_BLOCK = 512  # the unit of st_blocks, whatever the file system's own is
_DEPTH = 100
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


def written_bytes(folders: Iterable[str], enough: int) -> int:
    """Bytes of disk below the folders; holes of sparse files cost nothing, links are not followed.

    Counting ends above `enough`. Folders that are closed to us or nested very deep count as more than enough: nothing
    honest makes them. The work may rename things while we count, hence descriptors instead of paths.
    """
    total = 0
    linked: set[tuple[int, int]] = set()
    for folder in folders:
        try:
            descriptor = os.open(folder, _FOLDER)
        except OSError:  # closed to us, taken away or replaced
            return enough + 1
        try:
            total += _below(descriptor, enough - total, _DEPTH, linked)
        finally:
            os.close(descriptor)
    return total


def _below(folder: int, enough: int, depth: int, linked: set[tuple[int, int]]) -> int:
    total = 0
    with os.scandir(folder) as entries:
        for entry in entries:
            try:
                total += _entry(entry, folder, enough - total, depth, linked)
            except (FileNotFoundError, NotADirectoryError):  # removed or replaced while we count
                continue
            except OSError:
                return enough + 1
            if total > enough:
                break
    return total


def _entry(entry: os.DirEntry[str], folder: int, enough: int, depth: int, linked: set[tuple[int, int]]) -> int:
    found = entry.stat(follow_symlinks=False)
    own = max(found.st_blocks * _BLOCK, _LEAST)
    if not entry.is_dir(follow_symlinks=False):
        name = (found.st_dev, found.st_ino)
        if found.st_nlink > 1:
            if name in linked:
                return 0
            linked.add(name)
        return own
    try:
        inside = os.open(entry.name, _FOLDER, dir_fd=folder)
    except PermissionError:
        return enough + 1
    try:
        return own + (_below(inside, enough - own, depth - 1, linked) if depth else enough)
    finally:
        os.close(inside)
