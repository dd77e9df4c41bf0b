"""Finding the files to ingest, safely: nothing outside the allowed folders, no loops, no devices, no half files.

Every file is taken by its real path. A symbolic link is followed only to where data may lie anyway; where it leads out
of there it is refused with the reason.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from pandaas.model import InvalidInput

_TEMPORARY = (".part", ".partial", ".tmp", ".swp", "~")
_STORES = (".zgroup", ".zarray", ".zmetadata", "zarr.json")
_DEEPEST = 64


@dataclass(frozen=True)
class FoundFile:
    """A file (or a Zarr folder) to read. `given`: it really lies below a path that was named in the call."""

    path: Path
    size: int
    mtime_ns: int
    given: bool = True


@dataclass(frozen=True)
class RefusedFile:
    path: Path
    reason: str
    remedy: str | None = None


def walk(
    paths: Iterable[Path], allowed: Iterable[Path], given: Iterable[Path] | None = None
) -> Iterator[FoundFile | RefusedFile]:
    """All files below `paths`, each real file once, in a stable order. `allowed` are folders links may lead into.

    `given` are the paths that were named by somebody who may; the same as `paths` unless these were found by watching.

    Raises `InvalidInput` when a named path doesn't exist.
    """
    start = list(paths)
    named = tuple(_real(path) for path in (start if given is None else given))
    reach = _Reach(named, tuple(_real(root) for root in allowed if root.exists()))
    seen: set[Path] = set()
    for path in start:
        yield from _visit(path, reach, seen, 0)


def measure(path: Path) -> tuple[int, int]:
    """Size in bytes and latest modification (ns) of a file, or of all files of a folder."""
    found = path.stat()
    if not stat.S_ISDIR(found.st_mode):
        return found.st_size, found.st_mtime_ns
    size, latest = 0, 0
    for file in files_below(path):
        inner = file.lstat()
        size, latest = size + inner.st_size, max(latest, inner.st_mtime_ns)
    return size, latest


def files_below(folder: Path) -> Iterator[Path]:
    """The regular files below a folder in a stable order, without following links."""
    for entry in sorted(os.scandir(folder), key=lambda one: one.name):
        if entry.is_dir(follow_symlinks=False):
            yield from files_below(Path(entry.path))
        elif entry.is_file(follow_symlinks=False):
            yield Path(entry.path)


def is_below(path: Path, folder: Path) -> bool:
    return path == folder or folder in path.parents


@dataclass(frozen=True)
class _Reach:
    given: tuple[Path, ...]
    allowed: tuple[Path, ...]

    def is_given(self, path: Path) -> bool:
        return any(is_below(path, folder) for folder in self.given)

    def is_allowed(self, path: Path) -> bool:
        return self.is_given(path) or any(is_below(path, folder) for folder in self.allowed)


def _visit(path: Path, reach: _Reach, seen: set[Path], depth: int) -> Iterator[FoundFile | RefusedFile]:
    try:
        real = _real(path)
        if not reach.is_allowed(real):
            yield RefusedFile(
                path, "This link leads out of the storage roots.", "Copy the file here, or make its folder a root."
            )
            return
        if real in seen:
            return
        str(real).encode()
        seen.add(real)
        found = real.stat()
        if stat.S_ISDIR(found.st_mode) and not _is_store(real):
            yield from _enter(real, reach, seen, depth)
        elif stat.S_ISREG(found.st_mode) or stat.S_ISDIR(found.st_mode):
            size, mtime_ns = measure(real)
            yield FoundFile(real, size, mtime_ns, given=reach.is_given(real))
    except InvalidInput as error:  # a link to nowhere, or one that leads to itself
        yield RefusedFile(path, error.detail, error.remedy)
    except UnicodeEncodeError:
        yield RefusedFile(path, "Its name is not valid UTF-8 text.", "Rename the file.")
    except PermissionError:
        yield RefusedFile(path, "The platform may not read this.", "Give its account the right to read.")
    except OSError as error:
        yield RefusedFile(path, f"This can't be read: {error.strerror or error}.", "Check the file system.")


def _enter(folder: Path, reach: _Reach, seen: set[Path], depth: int) -> Iterator[FoundFile | RefusedFile]:
    if depth >= _DEEPEST:
        yield RefusedFile(folder, f"Folders are nested more than {_DEEPEST} deep.", "Ingest the inner folder itself.")
        return
    for inner in sorted(folder.iterdir()):
        if not inner.name.startswith(".") and not inner.name.endswith(_TEMPORARY):
            yield from _visit(inner, reach, seen, depth + 1)


def _real(path: Path) -> Path:
    try:
        return path.resolve(strict=True)
    except FileNotFoundError:
        raise InvalidInput(f"There is no file or folder '{path}'.", remedy="Check the path.", field="path") from None
    except (RuntimeError, OSError, ValueError) as error:  # a loop of links, a name too long, a NUL
        reason = getattr(error, "strerror", None) or "it is no usable path"
        raise InvalidInput(f"'{path}' can't be followed: {reason}.", field="path") from error


def _is_store(folder: Path) -> bool:
    """A Zarr store is a folder that is read as one file."""
    return any((folder / name).is_file() for name in _STORES)
