"""Which chunks a selection touches, and what of each goes where. Pure arithmetic, nothing is read.

A chunked array is a grid of boxes of equal shape; the boxes at the upper edges reach beyond the array. A selection with
positive steps (`Selection.ascending`) takes from each box a smaller selection.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class ChunkPart:
    """What is taken from one chunk: `inside` indexes the chunk, `outside` the result, both basic NumPy indices.

    `start` is the chunk's first element in the array. Axes taken by an index are in `inside` only.
    """

    start: tuple[int, ...]
    inside: tuple[int | slice, ...]
    outside: tuple[slice, ...]

    def takes_all(self, chunk: Sequence[int]) -> bool:
        """The whole chunk, every element of it."""
        for item, length in zip(self.inside, chunk, strict=True):  # a loop, since this is asked for each chunk
            if isinstance(item, int):
                if length != 1:
                    return False
            elif item.stop - item.start != length or item.step != 1:
                return False
        return True


def touched(items: Sequence[int | slice], shape: Sequence[int], chunk: Sequence[int]) -> Iterator[ChunkPart]:
    """The parts of a selection, chunk by chunk, in the order of the grid (last axis fastest).

    `items` holds per axis an index or a slice with non-negative bounds and a positive step.
    """
    axes = [_along(item, length, size) for item, length, size in zip(items, shape, chunk, strict=True)]
    for parts in product(*axes):
        yield ChunkPart(
            tuple(start for start, _, _ in parts),
            tuple(inside for _, inside, _ in parts),
            tuple(outside for _, _, outside in parts if outside is not None),
        )


def count_touched(items: Sequence[int | slice], shape: Sequence[int], chunk: Sequence[int]) -> int:
    """How many parts `touched` gives."""
    return math.prod(len(_along(item, length, size)) for item, length, size in zip(items, shape, chunk, strict=True))


def _along(item: int | slice, length: int, size: int) -> list[tuple[int, int | slice, slice | None]]:
    """On one axis: per chunk its start, what is taken inside it, and where that goes in the result."""
    if isinstance(item, int):
        first = item // size * size
        return [(first, item - first, None)]
    picked = range(*item.indices(length))
    found: list[tuple[int, int | slice, slice | None]] = []
    done = 0
    while done < len(picked):
        first = picked[done] // size * size
        inside = range(picked[done], min(picked[-1] + 1, first + size), picked.step)
        found.append(
            (first, slice(inside[0] - first, inside[-1] - first + 1, picked.step), slice(done, done + len(inside)))
        )
        done += len(inside)
    return found


def touched_blocks(inside: Sequence[int | slice], chunk: Sequence[int], block: int) -> NDArray[np.bool_]:
    """Which blocks of `block` consecutive elements of a chunk (C order) hold something of `inside`.

    True for each block that is needed, maybe for a few more where a step on the last axis jumps over whole blocks.
    """
    ranges = [
        range(item, item + 1) if isinstance(item, int) else range(*item.indices(length))
        for item, length in zip(inside, chunk, strict=True)
    ]
    count = -(-math.prod(chunk) // block)
    if not all(ranges):
        return np.zeros(count, bool)
    starts = np.zeros(1, np.int64)
    for picked, length in zip(ranges[:-1], chunk[:-1], strict=True):
        starts = (starts[:, None] * length + np.asarray(picked, np.int64)).reshape(-1)
    starts = starts * chunk[-1]
    edges = np.zeros(count + 1, np.int64)
    np.add.at(edges, (starts + ranges[-1][0]) // block, 1)
    np.add.at(edges, (starts + ranges[-1][-1]) // block + 1, -1)
    return np.cumsum(edges[:-1]) > 0


def runs(wanted: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """The half-open ranges of consecutive True values."""
    steps = np.flatnonzero(np.diff(np.concatenate(([False], wanted, [False])).astype(np.int8)))
    return [(int(first), int(last)) for first, last in steps.reshape(-1, 2)]
