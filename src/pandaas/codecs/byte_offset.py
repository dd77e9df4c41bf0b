"""Pixels as differences of the pixel before: the byte-offset compression of CBF files (x-CBF_BYTE_OFFSET).

Layout (https://www.bernstein-plus-sons.com/software/CBF/doc/CBFlib.html, section 3.3.3): each difference is one signed byte; -128 says
that two bytes follow instead, -32768 in these that four follow, and -2³¹ in these that eight do, all little-endian. Sums wrap
around at the size of a pixel.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from pandaas.codecs.bitshuffle import BrokenChunk
from pandaas.codecs.blosc2 import UnknownChunk

BYTE_OFFSET = 1 << 20  # beyond the numbers that HDF5 gives to filters
_ESCAPE = 0x80
_PADDING = 16
_LENGTHS = (3, 7, 15)  # of an escape and what follows it


def decode_byte_offset(stored: bytes | memoryview, into: NDArray[Any]) -> None:
    """Fill `into` (contiguous, whole numbers of 1 to 8 bytes); bytes that are left over are ignored.

    Raises `BrokenChunk` where there are fewer pixels, `UnknownChunk`.
    """
    count = into.size
    source = np.zeros(len(stored) + _PADDING, np.uint8)
    source[: len(stored)] = np.frombuffer(stored, np.uint8)
    places, lengths, wide = _escapes(source, len(stored))
    if into.itemsize < 8 and (lengths == _LENGTHS[2]).any():
        raise UnknownChunk("differences of eight bytes between smaller pixels, which programs read differently")
    begins = np.ones(len(stored), bool)  # where a difference begins
    for length in _LENGTHS:
        at = places[lengths == length]
        for after in range(1, length):
            begins[np.minimum(at + after, len(stored) - 1)] = False
    begins[places[places + lengths > len(stored)]] = False  # cut
    number = np.int64 if into.itemsize == 8 else np.int32
    differences = source[: len(stored)].view(np.int8)[begins].astype(number)
    whole = places + lengths <= len(stored)
    ordinals = places[whole] - _hidden_before(lengths[whole])
    differences[ordinals] = wide[whole].astype(number)
    if differences.size < count:
        raise BrokenChunk("the image ends before its pixels do")
    np.cumsum(differences[:count], dtype=number, out=differences[:count])
    into.reshape(-1)[:] = differences[:count].astype(into.dtype)


def _hidden_before(lengths: NDArray[np.int64]) -> NDArray[np.int64]:
    """Before each escape, how many bytes began no difference."""
    return np.cumsum(lengths - 1) - (lengths - 1)


def _escapes(source: NDArray[np.uint8], end: int) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Where escapes begin, their lengths, and the differences that they give. Zeros follow the `end` of `source`."""
    found = np.flatnonzero(source[:end] == _ESCAPE)
    small, middle, large = (
        _words(source, found + skipped, kind) for skipped, kind in ((1, "<i2"), (3, "<i4"), (7, "<i8"))
    )
    longer, longest = small == np.iinfo(np.int16).min, middle == np.iinfo(np.int32).min
    lengths = np.where(longer, np.where(longest, _LENGTHS[2], _LENGTHS[1]), _LENGTHS[0])
    wide = np.where(longer, np.where(longest, large, middle), small)
    kept = _reached(np.searchsorted(found, found + lengths))
    return found[kept], lengths[kept], wide[kept]


def _words(source: NDArray[np.uint8], places: NDArray[np.int64], kind: str) -> NDArray[np.int64]:
    """The numbers that begin at these bytes; 0 beyond the end."""
    size = np.dtype(kind).itemsize
    every = np.ndarray((len(source) - size + 1,), kind, source, strides=(1,))
    return every[np.minimum(places, len(every) - 1)].astype(np.int64)


def _reached(following: NDArray[np.int64]) -> NDArray[np.int64]:
    """Which of the signs are escapes: the first, the one that follows it, and so on; others lie within what an escape means."""
    jumps: list[int] = following.tolist()
    reached, at = [], 0
    while at < len(jumps):
        reached.append(at)
        at = jumps[at]
    return np.asarray(reached, np.int64)
