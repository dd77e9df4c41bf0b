"""Whole numbers of any number of bits, packed by HDF5's N-bit filter.

Layout (`H5Znbit.c` of HDF5): the bits of each number, the highest first, one number after the other, without gaps; a byte at the
end may be filled up. The filter's values say: how many values these are, whether nothing was packed, how many numbers, then 1 for
plain numbers, their bytes, byte order, bits and where in the bytes these lie.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from pandaas.codecs.bitshuffle import BrokenChunk

NBIT = 5
MOST_BITS = 57  # with up to seven bits before them they fit into a word
_PLAIN_NUMBERS = 1
_WORD = 8


def packed_bits(values: tuple[int, ...], itemsize: int) -> int | None:
    """How many bits of each number are stored; None for what isn't packed, or not in this manner."""
    if len(values) < 8 or values[1] or values[3] != _PLAIN_NUMBERS or values[4] != itemsize:
        return None
    return (
        values[6] if 1 <= values[6] <= min(MOST_BITS, itemsize * 8) and values[7] + values[6] <= itemsize * 8 else None
    )


def unpack_bits(stored: bytes | memoryview, bits: int, into: NDArray[Any]) -> None:
    """Fill `into` (contiguous, whole numbers; signed ones get their sign). Raises `BrokenChunk`."""
    count = into.size
    needed = -(-count * bits // 8)
    if not needed <= len(stored) <= needed + 1:
        raise BrokenChunk("the chunk has the wrong size")
    if not count:
        return
    groups = -(-count // 8)  # of eight numbers, which begin at the same bits of a byte as those of every other group
    source = np.zeros(groups * bits + _WORD, np.uint8)
    source[:needed] = np.frombuffer(stored, np.uint8, needed)
    numbers = np.empty((groups, 8), np.int64 if into.dtype.kind == "i" else np.uint64)
    for place in range(8):
        byte, before = divmod(place * bits, 8)
        word = np.ndarray((groups,), ">u8", source, byte, (bits,)).astype(np.uint64)
        numbers[:, place] = (word << np.uint64(before)).view(numbers.dtype) >> (64 - bits)
    into.reshape(-1)[:] = numbers.reshape(-1)[:count]
