"""Arrays in numbers and pictures: statistics, previews, tiles and bricks, without the pixels that don't count."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pandaas.arrays.crew import Check
from pandaas.arrays.layout import Layout
from pandaas.arrays.masks import Mask, Masks
from pandaas.arrays.pool import Reply
from pandaas.arrays.reduced import Array, Cell, Pyramid, Reductions, pyramid
from pandaas.arrays.remembered import MayRead
from pandaas.arrays.through import Stack
from pandaas.codecs import (
    Statistics,
    dtype_from,
    finite_statistics,
    parse_selection,
    reduce_by_maximum,
    statistics,
)
from pandaas.model import InvalidInput, PandaasError

_DETECTOR_EDGE = 16  # pixels
MASKED = ("preview", "tile", "brick")  # answers that leave masked pixels out


@dataclass(frozen=True)
class Subject:
    """An array as one asker may read it: `read` gives the values of a selection, `ask` has a reader process do an
    operation on it, `layout` says how it is stored where that is known, `tag` stands for the state of its files."""

    real: Path
    path: str
    read: Callable[[str | None], NDArray[Any]]
    ask: Callable[[str], Reply]
    may_read: MayRead
    layout: Callable[[], Layout | None]
    tag: Callable[[], str]
    check: Check


@dataclass(frozen=True)
class _Form:
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    chunk: tuple[int, ...]


class Pictures:
    """Thread-safe. Keeps at most `level_bytes` of levels."""

    def __init__(self, level_bytes: int) -> None:
        self._masks = Masks()
        self._reductions = Reductions(level_bytes)

    def statistics(self, subject: Subject, selection: str | None) -> Statistics:
        values, mask = self._with_mask(subject, selection)
        return statistics(values, mask=mask, detector=_is_detector(values.shape))

    def finite_statistics(self, subject: Subject, selection: str | None) -> dict[str, Any]:
        return finite_statistics(_values(subject, selection))

    def preview(self, subject: Subject, selection: str | None, max_size: int) -> NDArray[np.float32]:
        values, mask = self._with_mask(subject, selection)
        return reduce_by_maximum(values, max_size, mask=mask, detector=_is_detector(values.shape))

    def pyramid(self, subject: Subject) -> Pyramid:
        form = _form(subject)
        return pyramid(form.shape, form.dtype)

    def cell(self, subject: Subject, cell: Cell) -> NDArray[np.float32]:
        form, mask = _form(subject), self._mask(subject)
        pixels = mask.pixels if mask.pixels is not None and mask.pixels.shape == form.shape[-2:] else None
        state = (subject.tag(), mask.files)
        is_detector = _is_detector(form.shape)
        array = Array(state, form.shape, form.dtype, form.chunk, subject.read, pixels, is_detector, subject.check)
        return self._reductions.cell(array, cell)

    def stack(self, subject: Subject, *, masked: bool) -> Stack:
        """The array to be gone through block by block, with or without its mask."""
        shape = _form(subject).shape
        pixels = self._mask(subject).pixels if masked and len(shape) >= 2 else None

        def mask(selection: str) -> NDArray[np.bool_] | None:
            fits = pixels is not None and pixels.shape == shape[-2:]
            return pixels[parse_selection(selection, shape).items[-2:]] if pixels is not None and fits else None

        return Stack(shape, lambda selection: _values(subject, selection), mask)

    def state_of_mask(self, subject: Subject) -> str:
        """What changes with the files that the mask comes from."""
        try:
            return repr(self._mask(subject).files)
        except PandaasError:  # reading says what is wrong
            return "none"

    def _mask(self, subject: Subject) -> Mask:
        return self._masks.find(subject.real, subject.path, subject.may_read, subject.ask)

    def _with_mask(self, subject: Subject, selection: str | None) -> tuple[NDArray[Any], NDArray[np.bool_] | None]:
        """The selected values, and which of their pixels don't count."""
        values = _values(subject, selection)
        if values.ndim < 2:
            return values, None
        shape, mask = _form(subject).shape, self._mask(subject)
        if mask.pixels is None or mask.pixels.shape != shape[-2:]:
            return values, None
        part = mask.cut(parse_selection(selection, shape).items)
        return values, part if part is not None and part.shape == values.shape[-part.ndim :] else None


def _values(subject: Subject, selection: str | None) -> NDArray[Any]:
    values = subject.read(selection)
    if values.dtype.hasobject and values.shape == () and values[()] is None:
        raise InvalidInput("This array is empty.", field="path")
    return values


def _form(subject: Subject) -> _Form:
    """Shape, type and chunk (one element where there is none) of an array."""
    layout = subject.layout()
    if layout is not None:
        return _Form(layout.shape, layout.dtype, layout.chunk or (1,) * len(layout.shape))
    found = subject.ask("shape").result
    shape = tuple(int(length) for length in found["shape"])
    return _Form(shape, dtype_from(found["dtype"]), tuple(map(int, found["chunk"] or (1,) * len(shape))))


def _is_detector(shape: tuple[int, ...]) -> bool:
    return len(shape) >= 2 and min(shape[-2:]) >= _DETECTOR_EDGE
