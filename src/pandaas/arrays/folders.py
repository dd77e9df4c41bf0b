"""The state of a folder as a whole: a Zarr store changes with any of its files, and to know it all are looked at.

That takes a second where there are very many. A walk that took long is therefore believed for some time, so that one twentieth of
the time goes into walking, and no answer is older than two seconds.
"""

from __future__ import annotations

import os
import time
from pathlib import Path

State = tuple[int, int, int]
_MAX_FILES = 50_000
_SHORT_S = 0.005
_TIMES = 20
_LONGEST_S = 2.0
_MOST = 1024
_walked: dict[tuple[str, int, int], tuple[State, float]] = {}


def folder_state(folder: Path) -> State:
    """Number, sizes and latest time (in ns) of the files in `folder`; up to two seconds old where finding it takes long.

    A folder that was replaced, or got or lost a name at its top, is walked anew. Raises `OSError` where it is gone.
    """
    own = folder.stat()
    key = (str(folder), own.st_ino, own.st_mtime_ns)
    found = _walked.get(key)
    began = time.monotonic()
    if found is not None and began < found[1]:
        return found[0]
    state = _walk(folder)
    ended = time.monotonic()
    if ended - began > _SHORT_S:
        if len(_walked) >= _MOST:
            _walked.clear()
        _walked[key] = state, ended + min(_LONGEST_S, _TIMES * (ended - began))
    return state


def _walk(folder: Path) -> State:
    count = size = latest = 0
    for where, _, names in os.walk(folder):
        for name in names:
            found = os.lstat(os.path.join(where, name))  # noqa: PTH118 - a Path per file is slow
            count, size, latest = count + 1, size + found.st_size, max(latest, found.st_mtime_ns)
            if count >= _MAX_FILES:
                return count, size, latest
    return count, size, latest
