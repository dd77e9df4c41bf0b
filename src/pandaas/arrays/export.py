"""Selections of any size: read block by block, in C order, while they are sent.

Everything that one answer may not hold goes this way. Blocks are small, so that others read between them, and who may read
and whether the files are still the same is asked anew for each.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from pandaas.arrays.lanes import Cancelled, leaver
from pandaas.arrays.turns import LONG_BYTES, Turns
from pandaas.arrays.values import Node
from pandaas.codecs import Selection, is_numeric, parse_selection, selection_text
from pandaas.model import Conflict, InvalidInput, Principal

BLOCK_BYTES = 8 << 20
Read = Callable[[str], NDArray[Any]]


@dataclass(frozen=True)
class Export:
    """The values of a selection as a row of bytes. `etag` stands for their state; `read` gives a part of at most `limit` bytes."""

    selection: Selection
    dtype: np.dtype[Any]
    etag: str
    read: Read
    etag_now: Callable[[], str]
    limit: int

    @property
    def shape(self) -> tuple[int, ...]:
        return self.selection.shape

    @property
    def nbytes(self) -> int:
        return self.selection.nbytes(self.dtype.itemsize)

    def pieces(self, start: int, stop: int) -> Iterator[memoryview]:
        """The bytes from `start` up to `stop`, in pieces of a few MB.

        Raises `Conflict` when a file changes meanwhile, and what `ArrayService.read` raises.
        """
        for first, items in self._blocks(start, stop):
            values = np.ascontiguousarray(self.read(selection_text(items)))
            if self.etag_now() != self.etag:
                raise Conflict("The data changed while they were sent.", remedy="Ask for them again.")
            part = values.reshape(-1).view(np.uint8)[max(0, start - first) : stop - first]
            if part.size:
                yield part.data

    def _blocks(self, start: int, stop: int) -> Iterator[tuple[int, tuple[int | slice, ...]]]:
        """Where each block of `start:stop` begins, and what to read for it."""
        if stop <= start:
            return
        axis, rows = self._cut()
        inner = self.dtype.itemsize * math.prod(self.shape[axis + 1 :])
        length = self.shape[axis] if self.shape else 1
        per_place = -(-length // rows)
        whole = length * inner
        place, rest = divmod(start, whole)
        block = place * per_place + rest // (rows * inner)
        while True:
            place, within = divmod(block, per_place)
            first = place * whole + within * rows * inner
            if first >= stop:
                return
            outer = np.unravel_index(place, self.shape[:axis]) if axis else ()
            yield first, self._items(tuple(map(int, outer)), axis, within * rows, rows)
            block += 1

    def _cut(self) -> tuple[int, int]:
        """The axis along which blocks are cut, and how many of its elements one has."""
        shape, itemsize, most = self.shape, self.dtype.itemsize, min(BLOCK_BYTES, self.limit)
        for axis in range(len(shape)):
            inner = itemsize * math.prod(shape[axis + 1 :])
            if inner <= most or axis == len(shape) - 1:
                return axis, max(1, min(shape[axis], most // inner))
        return 0, 1

    def _items(self, outer: tuple[int, ...], axis: int, first: int, rows: int) -> tuple[int | slice, ...]:
        """The selection's items with everything before `axis` at one place, and a few of that axis."""
        found: list[int | slice] = []
        seen = 0
        for item, length in zip(self.selection.items, self.selection.source, strict=True):
            if isinstance(item, int):
                found.append(item)
                continue
            picked = range(*item.indices(length))
            if seen < axis:
                found.append(picked[outer[seen]])
            elif seen == axis:
                found.append(_as_slice(picked[first : first + rows]))
            else:
                found.append(item)
            seen += 1
        return tuple(found)


class Values(Protocol):
    """What is needed of the array service."""

    def tree(self, principal: Principal, pid: str, path: str, depth: int) -> Node: ...

    def etag(self, principal: Principal, pid: str, path: str, selection: str | None, format: str) -> str: ...

    def read(
        self,
        principal: Principal,
        pid: str,
        path: str,
        selection: str | None,
        *,
        limit: int | None = None,
        cancelled: Cancelled | None = None,
    ) -> NDArray[Any]: ...


class Exports:
    """Thread-safe. All exports share one lane beside that of slices, in which each person has her turn."""

    def __init__(self, values: Values, limit: int) -> None:
        """`limit` is how many bytes one answer may hold."""
        self._values = values
        self._limit = limit
        self._turns = Turns(long=1)

    def export(
        self,
        principal: Principal,
        pid: str,
        path: str,
        selection: str | None = None,
        *,
        cancelled: Cancelled | None = None,
    ) -> Export:
        """A selection of any size, to be read block by block.

        Raises `InvalidInput` for what holds no numbers or is no array, and what `ArrayService.read` raises.
        """
        shape = self._values.tree(principal, pid, path, 0).shape or ()
        nothing = ",".join(["0:0"] * len(shape))
        dtype = self._values.read(principal, pid, path, nothing, cancelled=cancelled).dtype
        if not is_numeric(dtype):
            raise InvalidInput(
                f"'{path[:200]}' holds no numbers.", remedy="Ask for it as data with format=json.", field="path"
            )
        leave = leaver(cancelled)

        def read(part: str) -> NDArray[Any]:
            with self._turns.take(principal.person_id, LONG_BYTES, leave):
                return self._values.read(principal, pid, path, part, cancelled=cancelled)

        def etag() -> str:
            return self._values.etag(principal, pid, path, selection, "export")

        return Export(parse_selection(selection, shape), dtype, etag(), read, etag, self._limit)

    def several(
        self,
        principal: Principal,
        pid: str,
        wanted: Sequence[tuple[str, str]],
        *,
        cancelled: Cancelled | None = None,
    ) -> list[NDArray[Any]]:
        """The values of several paths and selections, which together are no larger than one answer.

        Raises what `ArrayService.read` raises.
        """
        room = self._limit
        found = []
        for path, selection in wanted:
            found.append(self._values.read(principal, pid, path, selection, limit=room, cancelled=cancelled))
            room -= found[-1].nbytes
        return found


def _as_slice(picked: range) -> slice:
    stop = picked[-1] + (1 if picked.step > 0 else -1)
    return slice(picked[0], None if stop < 0 else stop, picked.step)
