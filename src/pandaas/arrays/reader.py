"""The reader port: one reader per format turns a file into a tree of groups and arrays with attributes.

The tree is an h5py file: the file itself where it is HDF5, else a description in memory in the NeXus way, built with the
functions of `readers.describe`. Arrays that should not be loaded for that are declared there with their shape and type
and named in `Contents.lazy`, with the function that reads a part of them; where their numbers lie in the file as they are,
`Contents.own_layouts` names the function that tells where. Everything else of the room (structure,
metadata, links, slices, h5grove) works on `Contents` alone.

Readers register under the entry point group `pandaas.readers`, the built-in ones too. They run in worker processes. A
reader that can't be imported is left out and named in `ReaderRegistry.broken`.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import h5py
from h5py import h5o
from numpy.typing import NDArray

from pandaas.arrays.own_layout import Whereabouts
from pandaas.codecs import Selection
from pandaas.model import NotFound, UnreadableFile

ENTRY_POINTS = "pandaas.readers"
HEAD_BYTES = 4096
LazyArray = Callable[[Selection], NDArray[Any]]


@dataclass
class Contents:
    """An opened file. `file` is the tree; `lazy` maps inner paths to what reads them.

    `on_disk` is True where `file` is the file itself, whose links may lead elsewhere. `techniques` are PaNET IRIs that the
    format or its header makes certain; `unread` says what could not be read and why. `close` ends it all.
    """

    path: Path
    format: str
    file: h5py.File
    lazy: dict[str, LazyArray] = field(default_factory=dict)
    own_layouts: dict[str, Whereabouts] = field(default_factory=dict)
    on_disk: bool = False
    techniques: tuple[str, ...] = ()
    unread: tuple[str, ...] = ()
    facility: str | None = None
    others: dict[str, tuple[Any, h5py.File]] = field(default_factory=dict)
    storage: dict[Any, Any] = field(default_factory=dict)
    closers: list[Callable[[], None]] = field(default_factory=list)

    def lazy_for(self, dataset: h5py.Dataset) -> LazyArray | None:
        """What reads `dataset`, by whichever path it was reached; None where its values are in the tree."""
        if not self.lazy:
            return None
        path = self._path_of(dataset)
        return self.lazy[path] if path is not None else None

    def own_layout_for(self, dataset: h5py.Dataset) -> Whereabouts | None:
        """What tells where the values of a lazy `dataset` lie; None where only its reader can decode them."""
        path = self._path_of(dataset) if self.own_layouts else None
        return self.own_layouts.get(path) if path is not None else None

    def _path_of(self, dataset: h5py.Dataset) -> str | None:
        if "lazy" not in self.storage:
            self.storage["lazy"] = {h5o.get_info(self.file[path].id).addr: path for path in self.lazy}
        found: str | None = self.storage["lazy"].get(h5o.get_info(dataset.id).addr)
        return found

    def close(self) -> None:
        for _, other in self.others.values():
            other.close()
        self.others.clear()
        self.file.close()
        for closer in self.closers:
            closer()


@runtime_checkable
class Reader(Protocol):
    """What a format needs. Readers hold no state; `open` may be called for many files at once."""

    name: str
    formats: frozenset[str]

    def claims(self, path: Path, head: bytes) -> int:
        """How sure the reader is that `path` is its own, by name and first bytes: 0 not at all, 100 certain.

        `head` is empty for a folder. Nothing is read beyond it.
        """
        ...

    def open(self, path: Path) -> Contents:
        """Open `path`; raises `UnreadableFile` with the reason and a remedy."""
        ...


class ReaderRegistry:
    """All readers that could be loaded; `broken` maps the others to the reason."""

    def __init__(self) -> None:
        self.readers: list[Reader] = []
        self.broken: dict[str, str] = {}
        for entry in sorted(entry_points(group=ENTRY_POINTS), key=lambda point: point.name):
            try:
                reader = entry.load()()
                if not isinstance(reader, Reader):
                    raise TypeError("it is no reader: name, formats, claims or open is missing")
            except Exception as error:  # noqa: BLE001 - whatever a plug-in does wrong disables it, not the program
                self.broken[entry.name] = f"{type(error).__name__}: {error}"
            else:
                self.readers.append(reader)

    def find(self, path: Path, format: str | None = None) -> Reader | None:
        """The reader for `path`: the one that reads `format` if it is known, else the one that is most sure."""
        if format is not None:
            for reader in self.readers:
                if format in reader.formats:
                    return reader
        head = read_head(path)
        claims = [(reader.claims(path, head), -index) for index, reader in enumerate(self.readers)]
        best, index = max(claims, default=(0, 0))
        return self.readers[-index] if best > 0 else None

    def open(self, path: Path, format: str | None = None) -> Contents:
        """Open `path`. Raises `NotFound` when there is nothing, `UnreadableFile` when nothing reads it."""
        reader = self.find(path, format)
        if reader is None:
            raise UnreadableFile(
                f"No reader knows the format of {path.name}.",
                remedy="See the list of formats in the reference, or convert it to NeXus.",
            )
        return reader.open(path)


def read_head(path: Path) -> bytes:
    """The first bytes of a regular file, b"" for a folder.

    Named pipes, devices and sockets are refused before they are opened (opening them could wait for ever).
    """
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        raise NotFound(f"{path.name} doesn't exist any more.") from None
    except OSError as error:
        raise UnreadableFile(f"{path.name} can't be reached: {error.strerror}.") from error
    if stat.S_ISDIR(mode):
        return b""
    if not stat.S_ISREG(mode):
        raise UnreadableFile(f"{path.name} is no regular file.", remedy="Only files and folders hold data.")
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except PermissionError:
        raise UnreadableFile(
            f"{path.name} may not be read by the platform's account.", remedy="Ask its owner for read permission."
        ) from None
    except OSError as error:
        raise UnreadableFile(f"{path.name} can't be opened: {error.strerror}.") from error
    try:
        head = os.read(descriptor, HEAD_BYTES)
    except OSError as error:
        raise UnreadableFile(f"{path.name} can't be read: {error.strerror}.") from error
    finally:
        os.close(descriptor)
    if not head:
        raise UnreadableFile(f"{path.name} is empty.", remedy="Copy it again from where it was measured.")
    return head
