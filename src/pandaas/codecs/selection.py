"""NumPy basic indexing as text: `0,:,::4`, `-1`, `...,10:20`, and what shape and size it gives, before any reading.

The rules are those of NumPy (https://numpy.org/doc/stable/user/basics.indexing.html) without `newaxis`, boolean and
integer arrays.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

from pandaas.model import InvalidInput

_INTEGER = re.compile(r"[+-]?[0-9]{1,19}")
_MAX_TEXT = 1000


@dataclass(frozen=True)
class Selection:
    """A part of an array of shape `source`: per axis an index or a slice with non-negative bounds.

    `shape` is the shape of the result; axes taken by an index are gone from it. A slice with a negative step has
    `stop` None when it runs down to the first element, as in NumPy.
    """

    source: tuple[int, ...]
    items: tuple[int | slice, ...]
    shape: tuple[int, ...]

    @property
    def size(self) -> int:
        """Number of elements in the result."""
        return math.prod(self.shape)

    @property
    def is_all(self) -> bool:
        """The whole array, unchanged."""
        return all(
            isinstance(item, slice) and (item.start, item.stop, item.step) == (0, length, 1)
            for item, length in zip(self.items, self.source, strict=True)
        )

    def nbytes(self, itemsize: int) -> int:
        return self.size * itemsize

    def ascending(self) -> tuple[tuple[int | slice, ...], tuple[slice, ...]]:
        """The same elements with positive steps only, and the slices that then put the result into order.

        HDF5 and most readers know no negative steps: read the first, apply the second.
        """
        forward: list[int | slice] = []
        turn: list[slice] = []
        for item, length in zip(self.items, self.source, strict=True):
            if isinstance(item, int):
                forward.append(item)
            elif item.step > 0:
                forward.append(item)
                turn.append(slice(None))
            else:
                picked = range(*item.indices(length))
                low, high = (picked[-1], picked[0] + 1) if picked else (0, 0)
                forward.append(slice(low, high, -item.step))
                turn.append(slice(None, None, -1))
        return tuple(forward), tuple(turn)

    def bounds(self) -> tuple[tuple[int, int], ...]:
        """Per axis the half-open range of indices that contains everything selected."""
        result = []
        for item, length in zip(self.items, self.source, strict=True):
            picked = range(item, item + 1) if isinstance(item, int) else range(*item.indices(length))
            result.append((min(picked[0], picked[-1]), max(picked[0], picked[-1]) + 1) if picked else (0, 0))
        return tuple(result)


def parse_selection(text: str | None, shape: tuple[int, ...]) -> Selection:
    """Read `text` as an index of an array of `shape`; None or empty text selects everything.

    Raises `InvalidInput` naming the axis that can't be read or is out of range.
    """
    members = _members(text, len(shape))
    items: list[int | slice] = []
    result: list[int] = []
    for axis, (member, length) in enumerate(zip(members, shape, strict=True)):
        item = _item(member, axis, length)
        items.append(item)
        if isinstance(item, slice):
            result.append(len(range(*item.indices(length))))
    return Selection(shape, tuple(items), tuple(result))


def selection_text(items: tuple[int | slice, ...]) -> str:
    """`(0, slice(0, 10, 2))` as `0,0:10:2`. Slices are written with the bounds they have."""
    return ",".join(str(item) if isinstance(item, int) else _slice_text(item) for item in items)


def _slice_text(item: slice) -> str:
    step = "" if item.step in (1, None) else f":{item.step}"
    return f"{item.start}:{'' if item.stop is None else item.stop}{step}"


def _members(text: str | None, ndim: int) -> list[str]:
    cleaned = "" if text is None else text.strip()
    if cleaned.startswith(("(", "[")) and cleaned.endswith((")", "]")):
        cleaned = cleaned[1:-1].strip()
    if len(cleaned) > _MAX_TEXT:
        raise _wrong(f"The selection is longer than {_MAX_TEXT} characters.")
    members = [member.strip() for member in cleaned.split(",")] if cleaned else []
    if members and members[-1] == "" and len(members) > 1:  # trailing comma, as in Python's one-element tuples
        members.pop()
    dots = members.count("...")
    if dots > 1:
        raise _wrong(f"The selection '{cleaned}' has more than one '...'.")
    given = len(members) - dots
    if given > ndim:
        raise _wrong(f"The selection '{cleaned[:80]}' has {given} axes, but the array has {ndim}.")
    at = members.index("...") if dots else len(members)
    return members[:at] + [":"] * (ndim - given) + members[at + dots :]


def _item(member: str, axis: int, length: int) -> int | slice:
    if ":" not in member:
        index = _integer(member, axis)
        if index is None:
            raise _wrong(f"Axis {axis} of the selection is empty.")
        if not -length <= index < length:
            raise _wrong(f"Index {index} is out of range for axis {axis}, which has {length} elements.")
        return index % length
    parts = member.split(":")
    if len(parts) > 3:
        raise _wrong(f"'{member[:40]}' on axis {axis} of the selection is no slice.")
    start, stop, step = (_integer(part.strip(), axis) for part in [*parts, "", ""][:3])
    if step == 0:
        raise _wrong(f"The step on axis {axis} of the selection is 0.")
    first, last, every = slice(start, stop, step).indices(length)
    return slice(first, None if every < 0 and last < 0 else last, every)


def _integer(text: str, axis: int) -> int | None:
    if text == "":
        return None
    if not _INTEGER.fullmatch(text):
        raise _wrong(f"'{text[:40]}' on axis {axis} of the selection is no integer.")
    return int(text)


def _wrong(detail: str) -> InvalidInput:
    return InvalidInput(detail, remedy="Write it like '0,:,10:20' or '...,::4'.", field="selection")
