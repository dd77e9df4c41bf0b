"""How an array is stored: asked of libhdf5 once, after which its values are found without it.

What is stored plainly (in one piece, or in chunks with filters that `codecs` knows, numbers as NumPy has them) gets a
`Layout`; everything else stays with libhdf5. A layout travels from the reader process that opened the file to the service
as JSON, the index of the chunks as bytes beside it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from operator import floordiv
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from pandaas.codecs import (
    BlockCompressor,
    Filter,
    StoredForm,
    block_compressor,
    can_decode,
    count_touched,
    describe_dtype,
    dtype_from,
    plain_dtype,
    stored_form,
)

INDEX_DTYPE = np.dtype([("offset", "<u8"), ("size", "<u4"), ("mask", "<u4")])
MAX_CHUNK = 256 << 20  # larger ones are left to reader processes, whose memory is limited
MAX_SENT_INDEX = 500_000  # chunks; nobody waits for the index of more, it is made aside
MAX_INDEX = 4_000_000  # chunks; arrays of more are always read by reader processes
MAX_OFFSET = 1 << 62
Identity = tuple[int, int, int, int]


class NotPlain(Exception):
    """This is left to libhdf5."""


@dataclass(frozen=True)
class Stored:
    """Where a chunk lies in the file; `offset` is None for one that was never written."""

    offset: int | None
    size: int
    mask: int


class Finder(Protocol):
    """Tells where the chunk lies that starts at these indices."""

    def find(self, start: tuple[int, ...]) -> Stored: ...


@dataclass(frozen=True)
class Layout:
    """How an array is stored. `identity` is that of the open file: another state of it has another one.

    Without `chunk` all values lie in one piece at `offset` (None: never written). `fill` is one element as bytes.
    """

    identity: Identity
    address: int
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    chunk: tuple[int, ...] | None
    offset: int | None
    filters: tuple[Filter, ...]
    fill: bytes

    @cached_property
    def nbytes(self) -> int:
        """Size of a decoded chunk."""
        return math.prod(self.chunk or self.shape) * self.dtype.itemsize

    @cached_property
    def grid(self) -> tuple[int, ...]:
        """Number of chunks along each axis."""
        return tuple(-(-length // size) for length, size in zip(self.shape, self.chunk or self.shape, strict=True))

    @cached_property
    def compressor(self) -> BlockCompressor | None:
        """How the blocks of a chunk are compressed, where they can be decoded one by one."""
        return block_compressor(self.filters, self.dtype.itemsize)

    @cached_property
    def form(self) -> StoredForm | None:
        """How a whole chunk can be sent as it is stored."""
        return stored_form(self.filters, self.dtype.itemsize)

    @cached_property
    def coding(self) -> str:
        """What tells how bytes of the file become a chunk's values; text, since that is hashed once."""
        return repr((self.identity, self.chunk, self.dtype.str, self.filters))

    @property
    def fill_value(self) -> Any:
        """The fill value as a NumPy scalar."""
        return np.frombuffer(self.fill, self.dtype)[0]

    def is_edge(self, start: Sequence[int]) -> bool:
        """Does the chunk at `start` reach beyond the array?"""
        chunk = self.chunk or self.shape
        return any(first + size > length for first, size, length in zip(start, chunk, self.shape, strict=True))

    def count(self, items: Sequence[int | slice]) -> int:
        """How many chunks a selection touches."""
        return count_touched(items, self.shape, self.chunk) if self.chunk else 1


@dataclass(frozen=True)
class Source:
    """An array in an open file. `finder` tells where its chunks lie; None where it has none."""

    descriptor: int
    layout: Layout
    finder: Finder | None


@dataclass(frozen=True)
class ChunkIndex:
    """Where all chunks lie: `cells` has one `INDEX_DTYPE` per chunk and the shape of the grid; size 0 is a missing one."""

    cells: NDArray[Any]
    chunk: tuple[int, ...]

    @cached_property
    def _columns(self) -> tuple[Any, Any, Any]:
        """What gives one number of one chunk; indexing records is several times slower."""
        return self.cells["offset"].item, self.cells["size"].item, self.cells["mask"].item

    def find(self, start: tuple[int, ...]) -> Stored:
        cell = tuple(map(floordiv, start, self.chunk))
        offset, size, mask = self._columns
        nbytes = size(cell)
        return Stored(offset(cell) if nbytes else None, nbytes, mask(cell))


def is_plain(layout: Layout) -> bool:
    """Whether `direct` can read it."""
    if layout.dtype.kind not in "iuf" or layout.dtype.itemsize > 8:
        return False
    if layout.chunk is None:
        return not layout.filters
    if layout.nbytes > MAX_CHUNK or not all(layout.chunk):
        return False
    return layout.compressor is not None or can_decode(layout.filters, layout.dtype.itemsize)


def layout_to_json(layout: Layout) -> dict[str, Any]:
    return {
        "identity": list(layout.identity),
        "address": layout.address,
        "shape": list(layout.shape),
        "dtype": describe_dtype(plain_dtype(layout.dtype)),
        "chunk": list(layout.chunk) if layout.chunk is not None else None,
        "offset": layout.offset,
        "filters": [[step.code, list(step.values)] for step in layout.filters],
        "fill": layout.fill.hex(),
    }


def layout_from_json(data: dict[str, Any]) -> Layout:
    """The inverse; the data come from a process that a hostile file may have taken over.

    Raises `ValueError`, `TypeError` or `KeyError` for what can't be.
    """
    dtype = dtype_from(data["dtype"])
    device, inode, size, mtime_ns = (int(number) for number in data["identity"])
    shape = tuple(int(length) for length in data["shape"])
    chunk = tuple(int(length) for length in data["chunk"]) if data["chunk"] is not None else None
    layout = Layout(
        (device, inode, size, mtime_ns),
        int(data["address"]),
        shape,
        dtype,
        chunk,
        int(data["offset"]) if data["offset"] is not None else None,
        tuple(Filter(int(code), tuple(map(int, values))) for code, values in data["filters"]),
        bytes.fromhex(data["fill"]),
    )
    wrong = (
        min((*shape, 0)) < 0
        or (chunk is not None and (len(chunk) != len(shape) or min((*chunk, 1)) < 1))
        or (layout.offset is not None and not 0 <= layout.offset < MAX_OFFSET)
        or len(layout.fill) != dtype.itemsize
    )
    if wrong or not is_plain(layout):
        raise ValueError("this is no layout")
    return layout


def index_from_bytes(layout: Layout, raw: bytes | memoryview) -> ChunkIndex | None:
    """The index that came beside a layout in chunks; raises `ValueError` where it doesn't fit.

    `raw` is used as it is: nobody else may be able to write to it.
    """
    if layout.chunk is None:
        return None
    cells = np.frombuffer(raw, INDEX_DTYPE).reshape(layout.grid)
    if (cells["offset"] >= MAX_OFFSET).any():
        raise ValueError("a chunk lies beyond every file")
    return ChunkIndex(cells, layout.chunk)
