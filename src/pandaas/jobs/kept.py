"""Files that a job keeps beside its result: what it left below `output/files`.

An executed notebook, figures, tables. They are taken out of the job's reach like the result is: regular files only, no
links, so many at most. With a result they become its attachments; of a job that failed they stay with the job, since they
show how it failed.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import structlog

from pandaas.model import PandaasError
from pandaas.runtime import take_back

log = structlog.get_logger(__name__)
FILES = "files"
_MOST = 200
_DEEPEST = 4
_LONGEST = 150


@dataclass(frozen=True)
class KeptFile:
    """A file that a job kept. `size` in bytes."""

    name: str
    path: Path
    size: int


def take_files(output: Path, target: Path) -> list[Path]:
    """Move what lies below `output/files` to `target`, flat, and return what is there. Safe to repeat.

    What is no plain file (links, pipes) stays behind and goes with the job's folder.
    """
    source = output / FILES
    room = _MOST - len(kept_files(target))
    for path in _below(source):
        if room <= 0:
            log.warning("further files not kept", folder=str(source))
            break
        try:
            take_back(path, _free(target, _plain(path.relative_to(source))))
            room -= 1
        except (PandaasError, OSError) as error:
            log.info("file not kept", file=path.name, reason=str(error))
    return [file.path for file in kept_files(target)]


def kept_files(folder: Path) -> list[KeptFile]:
    """What lies there, by name."""
    if not folder.is_dir():
        return []
    found = (path for path in sorted(folder.iterdir()) if path.is_file() and not path.is_symlink())
    return [KeptFile(path.name, path, path.stat().st_size) for path in found]


def _below(folder: Path) -> Iterator[Path]:
    """Files by name, outer ones first; links to folders are not followed, hidden ones are left out."""
    if folder.is_symlink():
        return
    for place, folders, names in os.walk(folder):
        deep = len(Path(place).relative_to(folder).parts) >= _DEEPEST
        folders[:] = [] if deep else sorted(name for name in folders if not name.startswith((".", "__pycache__")))
        yield from (Path(place, name) for name in sorted(names) if not name.startswith("."))


def _plain(path: Path) -> str:
    """A name that every file system, browser and archive takes."""
    joined = "_".join(path.parts).encode("utf-8", "replace").decode()
    return re.sub(r"[^\w.+ -]", "_", joined)[-_LONGEST:].lstrip(". ") or "file"


def _free(folder: Path, name: str) -> Path:
    """`name`, with a number where two files would be called the same."""
    stem, dot, ending = name.rpartition(".")
    number, path = 1, folder / name
    while path.exists():
        number += 1
        path = folder / (f"{stem}-{number}.{ending}" if dot else f"{name}-{number}")
    return path
