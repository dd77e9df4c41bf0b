"""Which HDF5 datasets are stored plainly, and where their chunks lie; what libhdf5 is asked before `direct` reads."""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import h5py
import numpy as np
from h5py import h5d, h5fd, h5o, h5t
from numpy.typing import NDArray

from pandaas.arrays import direct
from pandaas.arrays.crew import Check
from pandaas.arrays.direct import StoredChunk
from pandaas.arrays.kept import Kept
from pandaas.arrays.layout import (
    INDEX_DTYPE,
    MAX_SENT_INDEX,
    ChunkIndex,
    Finder,
    Layout,
    NotPlain,
    Source,
    Stored,
    is_plain,
)
from pandaas.codecs import NBIT, Filter, packed_bits

_FEW_CHUNKS = 48  # looked up one by one; more are worth walking the whole index once
_INDEX_BYTES = 128 << 20


@dataclass(frozen=True)
class Plain:
    """An open dataset that is stored plainly; `descriptor` belongs to its open file."""

    dataset: h5py.Dataset
    descriptor: int
    layout: Layout

    def source(self, wanted: int) -> Source:
        """To read from `wanted` of its chunks."""
        return Source(self.descriptor, self.layout, finder(self, wanted))


def plain(dataset: h5py.Dataset) -> Plain | None:
    """How `dataset` is stored, or None where only libhdf5 can read it."""
    creation = dataset.id.get_create_plist()
    kind = creation.get_layout()
    dtype = dataset.dtype
    if kind not in (h5d.CHUNKED, h5d.CONTIGUOUS) or creation.get_external_count() or dataset.shape is None:
        return None
    if dtype.kind not in "iuf":
        return None
    filters = tuple(_filter(creation, number) for number in range(creation.get_nfilters()))
    if not _as_numpy(dataset.id.get_type(), dtype, filters):
        return None
    file = dataset.file.id
    if file.get_access_plist().get_driver() != h5fd.SEC2:
        return None
    descriptor = int(file.get_vfd_handle())
    found = os.fstat(descriptor)
    layout = Layout(
        (found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns),
        int(h5o.get_info(dataset.id).addr),
        tuple(int(length) for length in dataset.shape),
        dtype,
        tuple(int(length) for length in creation.get_chunk()) if kind == h5d.CHUNKED else None,
        dataset.id.get_offset() if kind == h5d.CONTIGUOUS else None,
        filters,
        np.asarray(dataset.fillvalue, dtype).tobytes(),
    )
    return Plain(dataset, descriptor, layout) if is_plain(layout) else None


def _as_numpy(stored: h5t.TypeID, dtype: np.dtype[Any], filters: Sequence[Filter]) -> bool:
    """Whether decoded values are those of NumPy's type: stored like it, or as packed bits of it."""
    packed = packed_bits(filters[0].values, dtype.itemsize) if len(filters) == 1 and filters[0].code == NBIT else None
    if packed is None:
        return bool(stored == h5t.py_create(dtype))
    return isinstance(stored, h5t.TypeIntegerID) and stored.get_precision() == packed


def _filter(creation: h5py.h5p.PropDCID, number: int) -> Filter:
    code, _, values, _ = creation.get_filter(number)
    return Filter(int(code), tuple(int(value) for value in values))


def read_plain(
    dataset: h5py.Dataset, items: Sequence[int | slice], into: NDArray[Any], check: Check = lambda: None
) -> bool:
    """Fill `into` with the selected values if `dataset` is stored plainly; False, with nothing promised, if not.

    `items` holds per axis an index or a slice with a positive step; `into` has the shape of the result and the dataset's
    type. Missing chunks give the fill value. Raises `BrokenChunk` for a damaged chunk.
    """
    found = plain(dataset)
    if found is None or not into.size:
        return False
    try:
        direct.read_values(found.source(found.layout.count(items)), items, into, check)
    except (NotPlain, OSError):
        return False
    return True


def stored_plain(dataset: h5py.Dataset, items: Sequence[int | slice]) -> StoredChunk | None:
    """The one stored chunk that is exactly the selection; None where there is none. Raises `BrokenChunk`."""
    found = plain(dataset)
    if found is None:
        return None
    try:
        return direct.stored_chunk(found.source(1), items)
    except NotPlain:
        return None


def finder(found: Plain, wanted: int) -> Finder | None:
    """Finds chunks: a few by asking libhdf5 for each, many from the whole index, which is walked once and kept.

    Raises `NotPlain` for very many chunks: asking for one runs through all before it, which takes longer than reading.
    """
    if found.layout.chunk is None:
        return None
    if math.prod(found.layout.grid) > MAX_SENT_INDEX:
        raise NotPlain
    key = (found.layout.identity, found.layout.address)
    kept = _indexes.get(key)
    if kept is None and wanted > _FEW_CHUNKS:
        kept = walk(found)
        _indexes.put(key, kept, kept.cells.nbytes)
    return kept or _OneByOne(found.dataset)


def walk(found: Plain) -> ChunkIndex:
    """The whole index of chunks (about 4 µs for each). Raises `NotPlain` where it can't be."""
    layout = found.layout
    chunk = layout.chunk or ()
    cells = np.zeros(layout.grid, INDEX_DTYPE)

    def note(info: Any) -> None:
        cell = tuple(first // size for first, size in zip(info.chunk_offset, chunk, strict=True))
        cells[cell] = (info.byte_offset, info.size, info.filter_mask)

    try:
        found.dataset.id.chunk_iter(note)
    except (IndexError, OverflowError) as error:
        raise NotPlain from error
    return ChunkIndex(cells, chunk)


@dataclass(frozen=True)
class _OneByOne:
    dataset: h5py.Dataset

    def find(self, start: tuple[int, ...]) -> Stored:
        info = self.dataset.id.get_chunk_info_by_coord(start)
        offset = info.byte_offset if info.size else None
        return Stored(offset, int(info.size or 0), int(info.filter_mask or 0))


_indexes: Kept[ChunkIndex] = Kept(_INDEX_BYTES)
