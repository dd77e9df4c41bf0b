"""Where the blocks lie in a chunk of HDF5's LZ4 filter.

Layout (https://github.com/HDFGroup/hdf5_plugins, LZ4): 8 bytes with the size of the decoded chunk and 4 with that of a
decoded block, then per block 4 bytes of length and as many compressed bytes (all big-endian).
"""

from __future__ import annotations

import struct

from pandaas.codecs.bitshuffle import MOST_BLOCKS, BrokenChunk

_HEAD = struct.Struct(">QI")
_LENGTH = struct.Struct(">I")


def lz4_blocks(stored: bytes | memoryview, nbytes: int) -> tuple[int, list[tuple[int, int]]]:
    """The size of a decoded block, and per block the range of its compressed bytes, for a chunk that decodes to `nbytes`.

    Raises `BrokenChunk`.
    """
    if len(stored) < _HEAD.size:
        raise BrokenChunk("the chunk is shorter than its head")
    total, block = _HEAD.unpack_from(stored)
    if total != nbytes or not block or nbytes > block * MOST_BLOCKS:
        raise BrokenChunk("the chunk's head doesn't fit the array")
    spans, at = [], _HEAD.size
    for _ in range(-(-nbytes // block)):
        if at + _LENGTH.size > len(stored):
            raise BrokenChunk("the chunk ends within a block")
        (length,) = _LENGTH.unpack_from(stored, at)
        at += _LENGTH.size
        if not 0 < length <= len(stored) - at:
            raise BrokenChunk("the chunk ends within a block")
        spans.append((at, at + length))
        at += length
    return min(block, nbytes), spans
