"""Through a whole stack: figures of a region or profiles along a line for every frame.

Everything is read block by block, so that memory stays bounded whatever is asked for. What takes long is cut: an answer
holds as many frames as were done in about a second, and says where to go on. So a curve grows while it is computed, other
people have their turn in between, and work ends soon after nobody wants it any more.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pandaas.codecs import (
    Line,
    Selection,
    figures_along,
    invalid_pixels,
    parse_selection,
    profiles_along,
)
from pandaas.model import InvalidInput

_BLOCK_BYTES = 48 << 20
_FIRST_FRAMES = 32  # then as many as take a part of a second, whatever they cost
_MOST_FRAMES = 512  # each may lie in a chunk of its own
_GROWTH = 8.0
_BLOCK_S = 0.3
_ENOUGH_S = 0.8
_LARGEST_ITEM = 8
_SMALLEST_DETECTOR = 16
Read = Callable[[str], NDArray[Any]]


@dataclass(frozen=True)
class Stack:
    """An array of numbers to be read block by block.

    `read` gives the values of a selection with all axes kept, `mask` (of the last two axes, True: masked) what is cut like
    such a selection; None where the array has none.
    """

    shape: tuple[int, ...]
    read: Read
    mask: Callable[[str], NDArray[Any] | None]

    @property
    def is_detector(self) -> bool:
        return len(self.shape) >= 2 and min(self.shape[-2:]) >= _SMALLEST_DETECTOR


@dataclass(frozen=True)
class Through:
    """`values` has one row for each frame that was done; `next` is how many of the frames asked for these are."""

    values: NDArray[Any]
    next: int
    asked: int


def series(stack: Stack, selection: str | None, along: int) -> Through:
    """`codecs.FIGURES` of everything selected, for each selected index of the axis `along`. Float64, shape (n, 4).

    Left out are masked pixels, detectors' sentinels, NaN and infinity. Raises `InvalidInput` for a wrong axis or selection,
    `TooLarge`, and what `read` raises.
    """
    parts = _parts(stack, selection, along)

    def figures(block: _Block) -> NDArray[Any]:
        return figures_along(block.values, along, block.invalid)

    return _block_by_block(stack, parts, along, figures)


def profiles(stack: Stack, selection: str | None, along: int, image: tuple[int, int], line: Line) -> Through:
    """The profile along a line for each selected index of the axis `along`. Float32, shape (n, positions).

    `image` are the axes of rows and columns, which the line's pixels count along; on them the selection is ignored.
    Raises what `series` raises.
    """
    if len({along, *image}) != 3 or not all(0 <= axis < len(stack.shape) for axis in image):
        raise InvalidInput("Rows, columns and frames are three axes of the array.", field="rows")
    rows, columns = line.pixels()
    parts = _parts(stack, selection, along)
    corner = []
    for axis, pixels in zip(image, (rows, columns), strict=True):
        first, last = _inside(pixels, stack.shape[axis])
        parts[axis] = slice(first, last)
        corner.append(first)
    if any(_count(part) != 1 for axis, part in enumerate(parts) if axis not in (along, *image)):
        raise InvalidInput("A profile needs one index on every other axis.", field="selection")

    def means(block: _Block) -> NDArray[Any]:
        frames = _as_frames(block.values, along, image)
        wrong = _as_frames(block.invalid, along, image) if block.invalid is not None else None
        return profiles_along(frames, rows - corner[0], columns - corner[1], wrong)

    return _block_by_block(stack, parts, along, means)


@dataclass(frozen=True)
class _Block:
    values: NDArray[Any]
    invalid: NDArray[np.bool_] | None


def _block_by_block(stack: Stack, parts: list[slice], along: int, work: Callable[[_Block], NDArray[Any]]) -> Through:
    began = time.monotonic()
    asked = _count(parts[along])
    elements = math.prod(_count(part) for axis, part in enumerate(parts) if axis != along)
    negatives = _negatives(stack, parts, along) if asked else False
    done: list[NDArray[Any]] = []
    at, frames = 0, min(_FIRST_FRAMES, _fitting(elements, _LARGEST_ITEM))
    while at < asked and (not done or time.monotonic() - began < _ENOUGH_S):
        started = time.monotonic()
        text = _text(parts, along, at, at + frames)
        values = stack.read(text)
        done.append(work(_Block(values, _invalid(values, stack.mask(text), negatives=negatives))))
        at = min(at + frames, asked)
        faster = _BLOCK_S / max(time.monotonic() - started, 1e-3)
        frames = max(1, min(int(frames * min(faster, _GROWTH)), _fitting(elements, values.dtype.itemsize)))
    found = np.concatenate(done) if done else work(_Block(np.zeros([_count(part) for part in parts]), None))
    return Through(found, at, asked)


def _invalid(values: NDArray[Any], mask: NDArray[Any] | None, *, negatives: bool) -> NDArray[np.bool_] | None:
    invalid, _ = invalid_pixels(values, mask=mask)
    if not negatives or values.dtype.kind != "i":
        return invalid
    gaps: NDArray[np.bool_] = (values == -1) | (values == -2)
    return gaps if invalid is None else invalid | gaps


def _fitting(elements: int, itemsize: int) -> int:
    """How many frames are read at once at most."""
    return min(_MOST_FRAMES, max(1, _BLOCK_BYTES // max(1, elements * itemsize)))


def _negatives(stack: Stack, parts: list[slice], along: int) -> bool:
    """Whether -1 and -2 are a detector's gaps, which only a whole frame can tell (see `invalid_pixels`)."""
    if not stack.is_detector:
        return False
    one = [slice(part.start, part.start + 1) for part in parts]
    if stack.read(_text(one, along, 0, 1)).dtype.kind != "i":
        return False
    one[-2:] = [slice(0, length) for length in stack.shape[-2:]]
    _, sentinel = invalid_pixels(stack.read(_text(one, along, 0, _count(one[along]))), detector=True)
    return sentinel is not None


def _parts(stack: Stack, selection: str | None, along: int) -> list[slice]:
    if not 0 <= along < len(stack.shape):
        raise InvalidInput(f"The array has no axis {along}.", field="along")
    return _as_slices(parse_selection(selection, stack.shape))


def _as_slices(selection: Selection) -> list[slice]:
    """The same with all axes kept; negative steps are refused, since frames come in the order they were taken."""
    parts = [slice(item, item + 1, 1) if isinstance(item, int) else item for item in selection.items]
    if any(part.step < 0 for part in parts):
        raise InvalidInput("Steps are positive here.", field="selection")
    return parts


def _count(part: slice) -> int:
    return len(range(part.start, part.stop, part.step or 1))


def _text(parts: list[slice], axis: int, start: int, stop: int) -> str:
    """The selection of `parts` with only its elements `start` to `stop` along `axis`."""
    chosen = range(parts[axis].start, parts[axis].stop, parts[axis].step or 1)[start:stop]
    cut = slice(chosen.start, chosen.stop, chosen.step)
    written = (cut if number == axis else part for number, part in enumerate(parts))
    return ",".join(f"{part.start}:{part.stop}:{part.step or 1}" for part in written)


def _inside(pixels: NDArray[np.intp], length: int) -> tuple[int, int]:
    """The range of an axis that a line touches; one pixel where it lies beside the image."""
    first = min(max(int(pixels.min()), 0), max(length - 1, 0))
    return first, max(first, min(int(pixels.max()), length - 1)) + 1


def _as_frames(values: NDArray[Any], along: int, image: tuple[int, int]) -> NDArray[Any]:
    """(frames, rows, columns); all other axes have one element."""
    moved = np.moveaxis(values, (along, *image), (0, 1, 2))
    return moved.reshape(moved.shape[:3])
