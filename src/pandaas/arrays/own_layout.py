"""Layouts that readers of other formats than HDF5 give, so that the service finds the values itself.

A reader says where its numbers lie; before that is passed on, the values at both ends are compared with those that the
reader decodes itself, so that whatever it overlooked costs speed only.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pandaas.arrays import direct
from pandaas.arrays.chunk_files import ChunkFiles, FileSource, fits, read_files
from pandaas.arrays.descriptors import Changed
from pandaas.arrays.layout import INDEX_DTYPE, MAX_SENT_INDEX, ChunkIndex, Identity, Layout, NotPlain, Source, is_plain
from pandaas.codecs import BrokenChunk, Filter, Selection, parse_selection
from pandaas.model import UnreadableFile

_MAX_PIECE = 1 << 32
_MAX_COMPARED = 1 << 20


@dataclass(frozen=True)
class OwnLayout:
    """`index` tells where the chunks of `layout` lie; None where it has none, or where they are `files` of their own."""

    layout: Layout
    index: ChunkIndex | None
    files: ChunkFiles | None = None


Whereabouts = Callable[[], OwnLayout | None]


def state(path: Path) -> Identity:
    """What tells this state of a file from others; to be asked before it is opened."""
    found = path.stat()
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns


def in_one_piece(identity: Identity, shape: tuple[int, ...], dtype: np.dtype[Any], offset: int) -> OwnLayout | None:
    """All values in C order from `offset` on; None where the file ends before."""
    if not 0 <= offset <= identity[2] - math.prod(shape) * dtype.itemsize:
        return None
    return _plain(Layout(identity, 0, shape, dtype, None, offset, (), bytes(dtype.itemsize)), None)


def in_chunks(
    identity: Identity,
    shape: tuple[int, ...],
    dtype: np.dtype[Any],
    chunk: tuple[int, ...],
    pieces: Sequence[tuple[int, int]],
    *,
    filters: tuple[Filter, ...] = (),
) -> OwnLayout | None:
    """Chunks at these offsets, of these sizes in the file, in C order of their grid.

    None where they don't fit shape or file.
    """
    layout = Layout(identity, 0, shape, dtype, chunk, None, filters, bytes(dtype.itemsize))
    if not all(chunk) or math.prod(layout.grid) != len(pieces) or len(pieces) > MAX_SENT_INDEX:
        return None
    if any(not (0 < size < _MAX_PIECE and 0 <= offset <= identity[2] - size) for offset, size in pieces):
        return None
    if not filters and any(size != layout.nbytes for _, size in pieces):
        return None
    cells = np.zeros(len(pieces), INDEX_DTYPE)
    cells["offset"] = [offset for offset, _ in pieces]
    cells["size"] = [size for _, size in pieces]
    return _plain(layout, ChunkIndex(cells.reshape(layout.grid), chunk))


def in_files(
    identity: Identity,
    shape: tuple[int, ...],
    dtype: np.dtype[Any],
    chunk: tuple[int, ...],
    files: ChunkFiles,
    *,
    filters: tuple[Filter, ...] = (),
    fill: bytes | None = None,
) -> OwnLayout | None:
    """Chunks that are files of their own; `fill` is one element as bytes (None: 0)."""
    if len(chunk) != len(shape) or not all(chunk):
        return None
    layout = Layout(identity, 0, shape, dtype, chunk, None, filters, bytes(dtype.itemsize) if fill is None else fill)
    return OwnLayout(layout, None, files) if is_plain(layout) and fits(files, layout) else None


def _plain(layout: Layout, index: ChunkIndex | None) -> OwnLayout | None:
    return OwnLayout(layout, index) if is_plain(layout) else None


def confirmed(path: Path, found: OwnLayout, read: Callable[[Selection], NDArray[Any]]) -> bool:
    """Whether the file is still the one that was described, and both ends of the array are what `read` gives for them."""
    try:
        for text in _ends(found.layout):
            selection = parse_selection(text, found.layout.shape)
            if not _same(values_of(path, found, selection), np.asarray(read(selection))):
                return False
    except (NotPlain, BrokenChunk, OSError, UnreadableFile, Changed):
        return False
    return True


def values_of(path: Path, found: OwnLayout, selection: Selection) -> NDArray[Any]:
    """The selected values of a file in the state that was described; `NotPlain` for another, `BrokenChunk`, `OSError`."""
    items, turn = selection.ascending()
    into = np.empty(selection.shape, found.layout.dtype)
    if found.files is not None:
        read_files(FileSource(path, found.files, found.layout), items, into)
        return into[turn]
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
    try:
        opened = os.fstat(descriptor)
        if (opened.st_dev, opened.st_ino, opened.st_size, opened.st_mtime_ns) != found.layout.identity:
            raise NotPlain
        direct.read_values(Source(descriptor, found.layout, found.index), items, into)
        return into[turn]
    finally:
        os.close(descriptor)


def _same(ours: NDArray[Any], theirs: NDArray[Any]) -> bool:
    if theirs.shape != ours.shape or theirs.dtype.newbyteorder("=") != ours.dtype.newbyteorder("="):
        return False
    return theirs.astype(ours.dtype).tobytes() == ours.tobytes()


def _ends(layout: Layout) -> list[str]:
    """The first and the last image; where they are large, rows at both ends of them."""
    *leading, _ = layout.shape if len(layout.shape) > 1 else (1, *layout.shape)
    width = layout.shape[-1] * layout.dtype.itemsize
    count = max(1, min(leading[-1], _MAX_COMPARED // max(1, width)))
    first = [*("0" for _ in leading[:-1]), f"0:{count}"]
    last = [*(str(length - 1) for length in leading[:-1]), f"{leading[-1] - count}:{leading[-1]}"]
    rows = slice(0 if len(layout.shape) > 1 else 1, None)
    return list(dict.fromkeys(",".join([*end[rows], ":"]) for end in (first, last)))
