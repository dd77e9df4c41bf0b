"""Chunks as they are stored, sent to who decodes them: how each form is called, and the decoding.

A form names what a chunk went through when it was written: Bitshuffle's blocks with LZ4 or Zstandard
(`codecs.bitshuffle`), or HDF5's own filters (`codecs.filters`): gzip (a zlib stream), LZ4 (a head and blocks) and Zstandard
(a frame), with shuffle before them or without, and shuffle alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from pandaas.codecs.bitshuffle import BlockCompressor, blocks_available, decode_chunk
from pandaas.codecs.filters import GZIP, LZ4, SHUFFLE, ZSTD, Filter, block_compressor, can_decode, decode_filters

StoredForm = Literal[
    "bitshuffle-lz4",
    "bitshuffle-zstd",
    "gzip",
    "shuffle-gzip",
    "lz4",
    "shuffle-lz4",
    "zstd",
    "shuffle-zstd",
    "shuffle",
]
# How a stored chunk is called in `Accept` and `Content-Type`.
STORED_MEDIA_TYPES: dict[StoredForm, str] = {form: f"application/vnd.pandaas.{form}" for form in get_args(StoredForm)}
_BLOCKS: dict[StoredForm, BlockCompressor] = {"bitshuffle-lz4": "lz4", "bitshuffle-zstd": "zstd"}
_PIPELINES: dict[StoredForm, tuple[int, ...]] = {
    "gzip": (GZIP,),
    "shuffle-gzip": (SHUFFLE, GZIP),
    "lz4": (LZ4,),
    "shuffle-lz4": (SHUFFLE, LZ4),
    "zstd": (ZSTD,),
    "shuffle-zstd": (SHUFFLE, ZSTD),
    "shuffle": (SHUFFLE,),
}
_FORMS = {codes: form for form, codes in _PIPELINES.items()}


def stored_form(pipeline: Sequence[Filter], itemsize: int) -> StoredForm | None:
    """The form of chunks that went through these filters; None where they have none, or are plain values."""
    compressor = block_compressor(pipeline, itemsize)
    if compressor is not None:
        return blocks_form(compressor)
    codes = tuple(step.code for step in pipeline if step.code != SHUFFLE or itemsize > 1)
    return _FORMS.get(codes) if can_decode(pipeline, itemsize) else None


def blocks_form(compressor: BlockCompressor) -> StoredForm:
    """The form of a Bitshuffle chunk."""
    return "bitshuffle-lz4" if compressor == "lz4" else "bitshuffle-zstd"


def decodable_forms() -> tuple[StoredForm, ...]:
    """The forms that `decode_stored` takes here: without hdf5plugin those that need no library."""
    every: tuple[StoredForm, ...] = get_args(StoredForm)
    return every if blocks_available() else ("gzip", "shuffle-gzip", "shuffle")


def decode_stored(
    stored: bytes | memoryview,
    shape: tuple[int, ...],
    dtype: np.dtype[Any],
    form: StoredForm,
    *,
    into: NDArray[Any] | None = None,
) -> NDArray[Any]:
    """The values of a whole stored chunk, in `into` where that has room for just them; raises `BrokenChunk`."""
    if form in _BLOCKS:
        return decode_chunk(stored, shape, dtype, _BLOCKS[form], into=into)
    if into is None or into.shape != shape or into.dtype != dtype or not into.flags.c_contiguous:
        into = np.empty(shape, dtype)
    decode_filters(stored, [Filter(code) for code in _PIPELINES[form]], 0, into, np.empty(into.nbytes, np.uint8))
    return into
