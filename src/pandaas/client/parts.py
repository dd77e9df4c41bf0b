"""Large selections in parts: stored chunks where these travel compressed, else pieces of a size that one answer may have."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product

from pandaas.client.indexing import Items, as_slice, block_shape
from pandaas.codecs import count_touched, touched

SMALLEST_CHUNK = 64 << 10  # bytes decoded: smaller ones are not worth a request each


@dataclass(frozen=True)
class Part:
    """One request: what is asked for, and where in the block it goes."""

    items: Items
    outside: tuple[slice, ...]


def is_mostly_whole(items: Items, shape: tuple[int, ...], chunk: Sequence[int]) -> bool:
    """Whether a selection takes most of the chunks it touches: of others the service sends less than the chunks."""
    if any(isinstance(item, slice) and item.step != 1 for item in items):
        return False
    return 2 * math.prod(block_shape(items, shape)) >= count_touched(items, shape, chunk) * math.prod(chunk)


def chunk_parts(items: Items, shape: Sequence[int], chunk: Sequence[int]) -> list[Part]:
    """One part for each stored chunk that a selection with positive steps touches."""
    return [
        Part(tuple(_shifted(item, start) for item, start in zip(part.inside, part.start, strict=True)), part.outside)
        for part in touched(items, shape, chunk)
    ]


def sized_parts(
    items: Items, shape: tuple[int, ...], itemsize: int, limit: int, chunk: Sequence[int] | None
) -> list[Part]:
    """Parts of at most `limit` bytes (one element at least), along stored chunks where more than one fits."""
    block = block_shape(items, shape)
    aligned = [1] * len(block)
    if chunk is not None:
        kept = [(size, item) for size, item in zip(chunk, items, strict=True) if isinstance(item, slice)]
        aligned = [size if item.step in (1, None) and item.start % size == 0 else 1 for size, item in kept]
    box = _box(block, itemsize, limit, aligned)
    ranges = [
        range(*item.indices(length)) for item, length in zip(items, shape, strict=True) if isinstance(item, slice)
    ]
    return [Part(_picked(items, ranges, outside), outside) for outside in _boxes(block, box)]


def _box(block: tuple[int, ...], itemsize: int, limit: int, aligned: Sequence[int]) -> tuple[int, ...]:
    box = list(block)
    for axis, length in enumerate(block):
        rest = math.prod(block[axis + 1 :]) * itemsize
        if length * rest <= limit:
            break
        room = max(1, limit // max(1, rest))
        box[axis] = room - room % aligned[axis] if room > aligned[axis] else room
        if room > 1:
            break
    return tuple(box)


def _boxes(block: tuple[int, ...], box: tuple[int, ...]) -> Iterator[tuple[slice, ...]]:
    steps = [
        [slice(start, min(start + size, length)) for start in range(0, length, max(1, size))]
        for length, size in zip(block, box, strict=True)
    ]
    return product(*steps)


def _picked(items: Items, ranges: list[range], outside: tuple[slice, ...]) -> Items:
    taken = iter(zip(ranges, outside, strict=True))
    result: list[int | slice] = []
    for item in items:
        if isinstance(item, int):
            result.append(item)
        else:
            picked, part = next(taken)
            result.append(as_slice(picked[part]))
    return tuple(result)


def _shifted(item: int | slice, start: int) -> int | slice:
    return item + start if isinstance(item, int) else slice(item.start + start, item.stop + start, item.step)
