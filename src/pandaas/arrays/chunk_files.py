"""Arrays whose chunks are files of their own (Zarr): found by name, then read and decoded like any other chunk.

A `ChunkFiles` says how the files of an array are called; what it says is not trusted. Names are made here of numbers and
checked parts, a file is opened only where no link stands on the way to it, and of each chunk as many bytes are decoded as
the layout gives, whatever the file holds. Chunks that have no file hold the fill value.

A shard (Zarr 3) is a file of many chunks with a table of where they lie, which is looked up for each state of the file.
"""

from __future__ import annotations

import contextlib
import math
import os
import stat
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from operator import floordiv
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pandaas.arrays.crew import Check, nothing, side_by_side, workspace
from pandaas.arrays.descriptors import Changed
from pandaas.arrays.direct import read_chunk
from pandaas.arrays.kept import Kept
from pandaas.arrays.layout import Layout, NotPlain, Source, Stored
from pandaas.codecs import BrokenChunk, ChunkPart, checksum_holds, touched

DOCUMENTS = ("zarr.json", ".zgroup", ".zarray", ".zmetadata")  # what describes a group or an array
_SEPARATORS = ("/", ".")
_PREFIXES = ("", "c")
_MOST_IN_A_SHARD = 1 << 20
_TABLES_BYTES = 32 << 20
_MOST_STATES = 4096
_MOST_DOCUMENTS = 16
_WORTH_A_THREAD = 1 << 20
_CHECKSUM = 4
_NOWHERE = (1 << 64) - 1
_tables: Kept[NDArray[np.uint64]] = Kept(_TABLES_BYTES)


@dataclass(frozen=True)
class Shards:
    """Files of `shape` elements that hold many chunks each.

    Their table stands at the start or the end; `checked` says that a checksum (CRC-32C) follows it.
    """

    shape: tuple[int, ...]
    at_start: bool
    checked: bool


@dataclass(frozen=True)
class ChunkFiles:
    """How the files of an array's chunks are called: `folder` / `prefix`, then the indices joined by `separator`.

    `folder` is relative to the store's. `order` lists the axes as they lie in a chunk, the slowest first. `documents` are the
    files of the store whose state all this hangs on.
    """

    folder: str
    prefix: str
    separator: str
    order: tuple[int, ...]
    documents: tuple[str, ...]
    shards: Shards | None = None

    def name(self, cell: Sequence[int]) -> str:
        """The file of a chunk (a shard), relative to the store."""
        own = self.separator.join([*([self.prefix] if self.prefix else []), *map(str, cell)])
        return f"{self.folder}/{own}" if self.folder else own

    def step(self, layout: Layout) -> tuple[int, ...]:
        """What one file covers."""
        return self.shards.shape if self.shards is not None else layout.chunk or ()


def to_json(files: ChunkFiles) -> dict[str, Any]:
    shards = files.shards
    return {
        "folder": files.folder,
        "prefix": files.prefix,
        "separator": files.separator,
        "order": list(files.order),
        "documents": list(files.documents),
        "shards": [list(shards.shape), shards.at_start, shards.checked] if shards is not None else None,
    }


def from_json(data: dict[str, Any], layout: Layout) -> ChunkFiles:
    """The inverse; the data come from a process that a hostile file may have taken over.

    Raises `ValueError`, `TypeError` or `KeyError` for what can't be.
    """
    told = data["shards"]
    shards = Shards(tuple(map(int, told[0])), bool(told[1]), bool(told[2])) if told is not None else None
    files = ChunkFiles(
        _inside(data["folder"]),
        str(data["prefix"]),
        str(data["separator"]),
        tuple(map(int, data["order"])),
        tuple(_inside(name) for name in data["documents"][:_MOST_DOCUMENTS]),
        shards,
    )
    if not fits(files, layout):
        raise ValueError("these are no files of chunks")
    return files


def fits(files: ChunkFiles, layout: Layout) -> bool:
    """Whether these can be the files of such an array."""
    chunk = layout.chunk
    if not chunk or files.separator not in _SEPARATORS or files.prefix not in _PREFIXES or not files.documents:
        return False
    if sorted(files.order) != list(range(len(chunk))):
        return False
    shards = files.shards
    if shards is None:
        return True
    if len(shards.shape) != len(chunk) or min(shards.shape) < 1:
        return False
    whole = all(size % inner == 0 for size, inner in zip(shards.shape, chunk, strict=True))
    return whole and math.prod(map(floordiv, shards.shape, chunk)) <= _MOST_IN_A_SHARD


def _inside(name: Any) -> str:
    """A name relative to the store that stays inside it."""
    text = str(name)
    if text.startswith("/") or "\0" in text or any(part in ("", ".", "..") for part in text.split("/") if text):
        raise ValueError("the name leads out of the store")
    return text


@dataclass(frozen=True)
class FileSource:
    """An array in the store whose folder has this real path."""

    store: Path
    files: ChunkFiles
    layout: Layout


def read_files(source: FileSource, items: Sequence[int | slice], into: NDArray[Any], check: Check = nothing) -> None:
    """Fill `into` with the selected values of an array.

    `items` and `into` as for `direct.read_values`, which raises the same; `Changed` where a file was written to meanwhile.
    """
    layout = source.layout
    parts = touched(items, layout.shape, layout.chunk or ())

    def one(part: ChunkPart) -> None:
        _read_part(source, part, into)

    with workspace():
        if layout.filters and layout.count(items) * layout.nbytes > 2 * _WORTH_A_THREAD:
            side_by_side(one, parts, check)
            return
        for part in parts:
            check()
            one(part)


def _read_part(source: FileSource, part: ChunkPart, into: NDArray[Any]) -> None:
    files, layout = source.files, source.layout
    places: tuple[Any, ...] = (*part.outside, ...)
    target = into[places]
    path = source.store / files.name(tuple(map(floordiv, part.start, files.step(layout))))
    with _opened(path) as descriptor:
        stored = _stored(descriptor, path, source, part.start) if descriptor is not None else None
        if stored is None or descriptor is None:
            target[...] = layout.fill_value
            return
        inner = Source(descriptor, layout, None)
        if files.order == tuple(range(len(files.order))):
            read_chunk(inner, stored, part, target)
        else:
            _read_turned(inner, stored, files.order, part, target)


def _read_turned(source: Source, stored: Stored, order: Sequence[int], part: ChunkPart, target: NDArray[Any]) -> None:
    """A chunk whose axes lie in another order."""
    chunk = source.layout.chunk or ()
    lying = tuple(chunk[axis] for axis in order)
    values = np.empty(lying, source.layout.dtype)
    everything = tuple(slice(0, length, 1) for length in lying)
    alone = replace(source, layout=replace(source.layout, shape=lying, chunk=lying))
    read_chunk(alone, stored, ChunkPart((0,) * len(lying), everything, everything), values)
    target[...] = values.transpose(np.argsort(order))[part.inside]


@contextmanager
def _opened(path: Path) -> Iterator[int | None]:
    """The regular file at this very path, no link on the way; None for none. `Changed` where it was written to meanwhile."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
    except FileNotFoundError:
        yield None
        return
    try:
        before = os.fstat(descriptor)
        if not stat.S_ISREG(before.st_mode) or os.readlink(f"/proc/self/fd/{descriptor}") != str(path):  # noqa: PTH115
            raise NotPlain
        try:
            yield descriptor
        finally:
            after = os.fstat(descriptor)
            if (after.st_size, after.st_mtime_ns) != (before.st_size, before.st_mtime_ns):
                raise Changed
    finally:
        os.close(descriptor)


def _stored(descriptor: int, path: Path, source: FileSource, start: Sequence[int]) -> Stored | None:
    """Where a chunk lies in its file; None for one that was never written."""
    files, layout = source.files, source.layout
    size = os.fstat(descriptor).st_size
    if files.shards is None:
        if not layout.filters and size != layout.nbytes:
            raise BrokenChunk("the file of a chunk has the wrong size")
        return Stored(0, size, 0)
    table = _table(descriptor, path, files.shards, layout.chunk or ())
    inner = tuple(
        first % outer // length
        for first, outer, length in zip(start, files.shards.shape, layout.chunk or (), strict=True)
    )
    offset, length = map(int, table[inner])
    if (offset, length) == (_NOWHERE, _NOWHERE):
        return None
    if offset > size or length > size - offset or (not layout.filters and length != layout.nbytes):
        raise BrokenChunk("a chunk lies outside its shard")
    return Stored(offset, length, 0)


def _table(descriptor: int, path: Path, shards: Shards, chunk: Sequence[int]) -> NDArray[np.uint64]:
    """Offset and length of each chunk of a shard, shape (chunks along each axis …, 2)."""
    found = os.fstat(descriptor)
    key = (str(path), found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, shards, tuple(chunk))
    table = _tables.get(key)
    if table is None:
        grid = tuple(map(floordiv, shards.shape, chunk))
        nbytes = 16 * math.prod(grid)
        room = nbytes + _CHECKSUM * shards.checked
        if found.st_size < room:
            raise BrokenChunk("the file is shorter than the table of its chunks")
        raw = os.pread(descriptor, room, 0 if shards.at_start else found.st_size - room)
        if len(raw) != room or (shards.checked and not checksum_holds(raw)):
            raise BrokenChunk("the table of a shard's chunks is damaged")
        table = np.frombuffer(raw, "<u8", nbytes // 8).reshape(*grid, 2)
        _tables.put(key, table, nbytes)
    return table


def states(source: FileSource, items: Sequence[int | slice]) -> list[str] | None:
    """What tells the state of all files that a selection comes from; None where these are too many to ask."""
    step = source.files.step(source.layout)
    if any(map(_is_nothing, items)):
        return []
    axes = [_cells(item, size) for item, size in zip(items, step, strict=True)]
    if math.prod(len(axis) for axis in axes) > _MOST_STATES:
        return None
    found = []
    for number in np.ndindex(*map(len, axes)):
        cell = [axis[at] // size for axis, at, size in zip(axes, number, step, strict=True)]
        text = "-"
        with contextlib.suppress(OSError):
            one = (source.store / source.files.name(cell)).lstat()
            text = f"{one.st_ino}:{one.st_size}:{one.st_mtime_ns}"
        found.append(text)
    return found


def _cells(item: int | slice, size: int) -> range:
    """An element of each file that an axis of a selection comes from; nothing is counted one by one, axes may be endless."""
    wanted = _range(item)
    if wanted.step > size:
        return wanted
    return range(wanted[0] // size * size, wanted[-1] + 1, size)


def _is_nothing(item: int | slice) -> bool:
    return not _range(item)


def _range(item: int | slice) -> range:
    return range(item, item + 1) if isinstance(item, int) else range(item.start, item.stop, item.step)
