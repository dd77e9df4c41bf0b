"""Between arrays of row numbers and bitmaps."""

from __future__ import annotations

from array import array
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pyroaring import BitMap

Rids = NDArray[np.uint32]


def bitmap_of(rids: NDArray[Any]) -> BitMap:
    """The bitmap of these row numbers, in any order, repeated or not."""
    whole = array("I")
    whole.frombytes(np.sort(rids).astype(np.uint32, copy=False).tobytes())
    return BitMap(whole)


def rids_of(bitmap: BitMap) -> Rids:
    """The row numbers in a bitmap, ascending."""
    return np.frombuffer(bitmap.to_array(), np.uint32)


def mask_of(bitmap: BitMap, length: int) -> NDArray[np.bool_]:
    mask = np.zeros(length, np.bool_)
    mask[rids_of(bitmap)] = True
    return mask


def union(bitmaps: list[BitMap]) -> BitMap:
    return BitMap.union(*bitmaps) if bitmaps else BitMap()


def ranges(starts: NDArray[Any], lengths: NDArray[Any]) -> NDArray[np.int64]:
    """The positions start, start + 1, … of all ranges, one after the other."""
    lengths = lengths.astype(np.int64)
    ends = np.cumsum(lengths)
    total = int(ends[-1]) if len(ends) else 0
    steps = np.repeat(starts.astype(np.int64) - (ends - lengths), lengths)
    return steps + np.arange(total, dtype=np.int64)
