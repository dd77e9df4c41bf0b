"""Into what boxes an array is cut where the stored ones won't do."""

from __future__ import annotations

import math
from collections.abc import Sequence

TARGET = 1 << 20  # decoded bytes of a chunk: large enough for the network, small enough to look at a part
MAX_FRAME = 32 << 20  # whole images of a stack stay whole up to this size
SMALLEST = 128 << 10  # what is smaller takes longer to ask for than to send
LARGEST = 64 << 20
Shape = tuple[int, ...]


def is_usable(chunk: Shape, itemsize: int) -> bool:
    """Whether stored chunks have a size that is worth a request each and fits into an answer."""
    return SMALLEST <= math.prod(chunk) * itemsize <= LARGEST


def virtual_grid(shape: Sequence[int], itemsize: int) -> Shape:
    """Boxes of about 1 MiB: rows of what is flat, whole images of stacks (several where they are small)."""
    chunk = [1] * len(shape)
    inner = len(shape)
    if len(shape) > 2 and math.prod(shape[-2:]) * itemsize <= MAX_FRAME:
        inner = len(shape) - 2
        chunk[inner:] = [max(1, length) for length in shape[-2:]]
    _grow(chunk, shape, range(inner - 1, -1, -1), itemsize)
    return tuple(chunk)


def merged_grid(stored: Shape, limits: Sequence[int | None], itemsize: int) -> Shape:
    """Boxes of about 1 MiB made of whole small chunks. `limits` are the largest lengths the array can have (None: any).

    They don't depend on how long a growing array is now: its readers know the grid of a moment ago.
    """
    chunk = list(stored)
    for axis in range(len(chunk) - 1, -1, -1):
        room = max(1, TARGET // max(1, math.prod(chunk) * itemsize))
        limit = limits[axis]
        most = room if limit is None else -(-max(1, limit) // stored[axis])
        chunk[axis] *= min(room, most)
    return tuple(chunk)


def count(shape: Sequence[int], chunk: Sequence[int]) -> Shape:
    """How many boxes there are along each axis."""
    return tuple(-(-length // size) for length, size in zip(shape, chunk, strict=True))


def _grow(chunk: list[int], shape: Sequence[int], axes: range, itemsize: int) -> None:
    for axis in axes:
        room = TARGET // max(1, math.prod(chunk) * itemsize)
        chunk[axis] = max(1, min(shape[axis], room))
