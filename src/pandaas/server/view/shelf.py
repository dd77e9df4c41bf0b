"""Names instead of paths: what lies in the folders and files that `pandaas view` was given, and nothing else.

An address is a path below the one folder, or begins with the name of one of several. It is served if its real path lies
in one of them, so neither `..` nor a symbolic link leads out. Hidden files are not served.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pandaas.arrays import is_zarr
from pandaas.model import InvalidInput, NotFound


@dataclass(frozen=True)
class Root:
    """One of the given paths. `name` is what addresses call it, `path` its real path; a Zarr store counts as a file."""

    name: str
    path: Path
    is_folder: bool


@dataclass(frozen=True)
class Place:
    """Something that is served. `root` is None for the list of several roots, which is no folder on disk."""

    address: str
    real: Path
    root: Root | None
    is_folder: bool

    @property
    def name(self) -> str:
        return self.address.rpartition("/")[2] or self.real.name


class Shelf:
    """The given paths, opened as they are now; what comes into a folder later is found too."""

    def __init__(self, paths: Sequence[Path]) -> None:
        """Raises `InvalidInput` for a path that doesn't exist, may not be read or is neither file nor folder."""
        reals = dict.fromkeys(_real(path) for path in paths)
        if not reals:
            raise InvalidInput("There is nothing to view.", remedy="Name a file or a folder.", field="PATH")
        self.roots = tuple(_named(list(reals)))
        first = self.roots[0]
        self.only = first if len(self.roots) == 1 else None
        self._whole = first if self.only and first.is_folder else None

    @property
    def folders(self) -> tuple[Path, ...]:
        """The folders that readers must see: with a file the one it lies in, which holds what its links lead to."""
        return tuple(dict.fromkeys(root.path if root.is_folder else root.path.parent for root in self.roots))

    def place(self, address: str) -> Place:
        """What `address` names; `NotFound` for everything that isn't served, whether it exists or not."""
        parts = [part for part in address.split("/") if part]
        if not parts and self._whole is None:
            return Place("", Path(), None, is_folder=True)
        root = self._whole or next((root for root in self.roots if parts and root.name == parts[0]), None)
        below = parts if self._whole is not None else parts[1:]
        if root is None or (below and not root.is_folder) or any(map(_is_hidden, below)):
            raise _nothing(address)
        real = _resolved(root.path, below)
        if real is None or not self.holds(real):
            raise _nothing(address)
        return Place("/".join(parts), real, root, is_folder=real.is_dir() and not is_zarr(real))

    def holds(self, real: Path) -> bool:
        """May the file or folder at this real path be served?"""
        return any(
            real == root.path
            or (root.is_folder and real.is_relative_to(root.path) and not _has_hidden(real.relative_to(root.path)))
            for root in self.roots
        )


def shown(name: str) -> str:
    r"""A file name as text that addresses can hold: bytes that are no UTF-8 or control something are written as `\xff`."""
    text = os.fsencode(name).decode("utf-8", "backslashreplace")
    return "".join(f"\\x{ord(c):02x}" if ord(c) < 32 or ord(c) == 127 else c for c in text)


def _real(path: Path) -> Path:
    try:
        real = path.expanduser().resolve(strict=True)
    except FileNotFoundError:
        raise InvalidInput(f"'{path}' doesn't exist.", remedy="Check the path.", field="PATH") from None
    except (OSError, RuntimeError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise InvalidInput(f"'{path}' can't be reached: {reason}.", remedy="Check the path.", field="PATH") from None
    if not (real.is_dir() or real.is_file()):
        raise InvalidInput(f"'{path}' is neither a file nor a folder.", field="PATH")
    if not os.access(real, os.R_OK | os.X_OK if real.is_dir() else os.R_OK):
        raise InvalidInput(f"'{path}' may not be read by you.", remedy="Ask its owner for the right.", field="PATH")
    return real


def _named(reals: Sequence[Path]) -> list[Root]:
    """Each path under its own name; where two have the same, the later ones with a number."""
    roots: list[Root] = []
    for real in reals:
        base = shown(real.name) or "files"
        taken = {root.name for root in roots}
        name = next(
            name for n in range(1, len(reals) + 2) if (name := base if n == 1 else f"{base} ({n})") not in taken
        )
        roots.append(Root(name, real, is_folder=real.is_dir() and not is_zarr(real)))
    return roots


def _resolved(folder: Path, parts: Sequence[str]) -> Path | None:
    try:
        here = folder
        for part in parts:
            here = _child(here, part)
        return here.resolve(strict=True)
    except (OSError, RuntimeError, ValueError):
        return None


def _child(folder: Path, part: str) -> Path:
    child = folder / part
    if "\\x" in part and not os.path.lexists(child):
        with os.scandir(folder) as entries:
            return folder / next((entry.name for entry in entries if shown(entry.name) == part), part)
    return child


def _is_hidden(part: str) -> bool:
    return part.startswith(".")


def _has_hidden(path: Path) -> bool:
    return any(map(_is_hidden, path.parts))


def _nothing(address: str) -> NotFound:
    return NotFound(
        f"There is no '{address[:200]}' here.",
        remedy="It may have been moved, be hidden, or lie outside what `pandaas view` was given.",
    )
