"""Arrays put together of others (HDF5 virtual datasets), where every part is a box of a plainly stored array.

Which these are is asked of libhdf5 once (`virtual_map`); then each part is found in its own file and read there. What no part
covers has the fill value.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from pandaas.arrays.chunk_files import ChunkFiles
from pandaas.arrays.layout import INDEX_DTYPE, ChunkIndex, Layout, index_from_bytes, layout_from_json

MAX_PARTS = 2000
Items = tuple[int | slice, ...]


@dataclass(frozen=True)
class Origin:
    """A plainly stored array in a file. `finder` tells where its chunks lie; None where it has none.

    With `files` the chunks are files in the folder `file`.
    """

    file: Path
    layout: Layout
    finder: ChunkIndex | None
    files: ChunkFiles | None = None

    @property
    def nbytes(self) -> int:
        return self.finder.cells.nbytes if self.finder is not None else 0


@dataclass(frozen=True)
class Part:
    """A box of the whole, and where its first element lies in `origin`.

    `axes` says for each axis of the whole which axis of the origin runs along it; None for one that the origin doesn't
    have, along which the box has one element. Of the axes of the origin that are not among these one element is taken.
    """

    origin: Origin
    start: tuple[int, ...]
    shape: tuple[int, ...]
    first: tuple[int, ...]
    axes: tuple[int | None, ...]

    def select(self, items: Sequence[int | slice]) -> tuple[Items, Items] | None:
        """For a selection of the whole (positive steps): what of the origin, and where in the result; None for nothing."""
        inside: list[int | slice] = list(self.first)
        outside: list[int | slice] = []
        for item, begin, length, axis in zip(items, self.start, self.shape, self.axes, strict=True):
            if isinstance(item, int):
                if not begin <= item < begin + length:
                    return None
                if axis is not None:
                    inside[axis] = self.first[axis] + item - begin
                continue
            picked = range(item.start, item.stop, item.step)
            low = max(0, -(-(begin - picked.start) // picked.step))
            high = min(len(picked), -(-(begin + length - picked.start) // picked.step))
            if low >= high:
                return None
            if axis is None:
                outside.append(low)
                continue
            shift = self.first[axis] - begin
            inside[axis] = slice(picked[low] + shift, picked[high - 1] + shift + 1, picked.step)
            outside.append(slice(low, high))
        return tuple(inside), tuple(outside)


def touched_parts(parts: Sequence[Part], items: Sequence[int | slice]) -> Iterator[tuple[Part, Items, Items]]:
    """The parts that hold something of a selection, with what `Part.select` says."""
    for part in parts:
        found = part.select(items)
        if found is not None:
            yield part, *found


def axes_of(shape: Sequence[int], lengths: Sequence[int]) -> tuple[int | None, ...] | None:
    """Which axis of a box of `lengths` runs along each axis of one of `shape`; None where they hold different things."""
    long = [axis for axis, length in enumerate(lengths) if length > 1]
    if [lengths[axis] for axis in long] != [length for length in shape if length > 1]:
        return None
    following = iter(long)
    return tuple(next(following) if length > 1 else None for length in shape)


def parts_from_json(shape: tuple[int, ...], data: dict[str, Any], raw: bytes | memoryview) -> tuple[Part, ...]:
    """The parts of an array of `shape`, as a reader process told them: JSON, the indexes of chunks one after the other.

    Raises `ValueError`, `TypeError` or `KeyError` for what can't be.
    """
    origins, at = [], 0
    for told in data["origins"]:
        layout = layout_from_json(told["layout"])
        size = math.prod(layout.grid) * INDEX_DTYPE.itemsize if layout.chunk is not None else 0
        origins.append(Origin(Path(told["file"]), layout, index_from_bytes(layout, raw[at : at + size])))
        at += size
    if at != len(raw) or len(data["parts"]) > MAX_PARTS:
        raise ValueError("these are no parts")
    return tuple(_part(shape, origins, *told) for told in data["parts"])


def _part(shape: tuple[int, ...], origins: list[Origin], number: int, *boxes: Sequence[int]) -> Part:
    origin = origins[int(number)]
    start, box, first, lengths = (tuple(int(n) for n in numbers) for numbers in boxes)
    axes = axes_of(box, lengths)
    whole = (*zip(start, box, shape, strict=True), *zip(first, lengths, origin.layout.shape, strict=True))
    if axes is None or any(begin < 0 or length < 1 or begin + length > limit for begin, length, limit in whole):
        raise ValueError("this is no part")
    return Part(origin, start, box, first, axes)


def overlap(boxes: Sequence[tuple[Sequence[int], Sequence[int]]]) -> bool:
    """Whether any two of the boxes (start, shape) share an element."""
    if not boxes:
        return False
    starts = np.array([start for start, _ in boxes], np.int64).reshape(len(boxes), -1)
    stops = starts + np.array([shape for _, shape in boxes], np.int64).reshape(len(boxes), -1)
    for number in range(len(boxes) - 1):
        shared = np.minimum(stops[number], stops[number + 1 :]) > np.maximum(starts[number], starts[number + 1 :])
        if shared.all(axis=1).any():
            return True
    return False
