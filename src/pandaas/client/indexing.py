"""NumPy indexing over the wire: which slices to ask for, and what is still to be done to the block that comes back.

The service knows integers and slices (`0,:,::4`). Everything else that NumPy allows is made of them here: an Ellipsis is
written out, `newaxis` is put in afterwards, and integer and boolean arrays pick from the smallest block that contains
what they select. The rules are NumPy's: https://numpy.org/doc/stable/user/basics.indexing.html
"""

from __future__ import annotations

import operator
from dataclasses import dataclass
from types import EllipsisType
from typing import Any

import numpy as np

Items = tuple[int | slice, ...]
_MOST_REQUESTS = 64


@dataclass(frozen=True)
class Plan:
    """Fetch the `blocks` (per axis a non-negative index, or a slice), put them together, then take `then` of that.

    There is one block, or several that differ in one axis only, for which `axis` is that axis of the result.
    `scalar` says that NumPy gives a scalar, not a 0-d array.
    """

    blocks: tuple[Items, ...]
    axis: int
    then: tuple[Any, ...] | None
    scalar: bool

    def finish(self, block: np.ndarray[Any, Any]) -> Any:
        result = block if self.then is None else block[self.then]
        return result[()] if self.scalar and result.ndim == 0 else result


def plan(key: Any, shape: tuple[int, ...]) -> Plan:
    """What `array[key]` of an array of `shape` needs. Raises `IndexError` where NumPy does."""
    parts = key if isinstance(key, tuple) else (key,)
    items = _expanded(parts, len(shape))
    fancy = any(isinstance(item, np.ndarray) for item in items)
    fetch: list[int | slice] = []
    then: list[Any] = []
    runs: tuple[int, list[slice]] | None = None
    for item in items:
        axis = len(fetch)
        if not _uses_axis(item):
            then.append(item)
        elif isinstance(item, np.ndarray):
            positions = _positions(item, axis, shape[axis])
            slices, local = _bounding(positions) if runs else _runs(positions)
            runs = (axis, slices) if len(slices) > 1 else runs
            fetch.append(slices[0])
            then.append(local)
        elif isinstance(chosen := _basic(item, axis, shape[axis]), slice):
            fetch.append(chosen)
            then.append(slice(None))
        else:  # among index arrays an integer counts as one of them
            fetch.append(slice(chosen, chosen + 1, 1) if fancy else chosen)
            then += [0] if fancy else []
    untouched = all(isinstance(item, slice) for item in then)
    scalar = not fancy and not any(part is Ellipsis for part in parts)
    return Plan(*_blocks(fetch, runs), None if untouched else tuple(then), scalar)


def _blocks(fetch: list[int | slice], runs: tuple[int, list[slice]] | None) -> tuple[tuple[Items, ...], int]:
    if runs is None:
        return (tuple(fetch),), 0
    at, slices = runs
    blocks = tuple((*fetch[:at], part, *fetch[at + 1 :]) for part in slices)
    return blocks, sum(1 for item in fetch[:at] if isinstance(item, slice))


def block_shape(items: Items, shape: tuple[int, ...]) -> tuple[int, ...]:
    """The shape that these items select from an array of `shape`."""
    return tuple(len(range(*item.indices(n))) for item, n in zip(items, shape, strict=True) if isinstance(item, slice))


def _expanded(key: tuple[Any, ...], ndim: int) -> list[Any]:
    """The key with one item per axis (and None, and 0-d booleans): Ellipsis and boolean arrays written out."""
    items: list[Any] = []
    for item in key:
        items.extend(_normal(item))
    used = sum(1 for item in items if _uses_axis(item))
    if used > ndim:
        raise IndexError(f"too many indices for array: array is {ndim}-dimensional, but {used} were indexed")
    dots = [at for at, item in enumerate(items) if item is Ellipsis]
    if len(dots) > 1:
        raise IndexError("an index can only have a single ellipsis ('...')")
    at = dots[0] if dots else len(items)
    fill = [slice(None)] * (ndim - used)
    return [*items[:at], *fill, *items[at + 1 :]]


def _uses_axis(item: Any) -> bool:
    if item is None or item is Ellipsis:
        return False
    return not (isinstance(item, np.ndarray) and item.dtype == bool and item.ndim == 0)


def _normal(item: Any) -> list[int | slice | np.ndarray[Any, Any] | EllipsisType | None]:
    if item is None or item is Ellipsis or isinstance(item, slice):
        return [item]
    if isinstance(item, (bool, np.bool_)):
        return [np.asarray(item)]
    if isinstance(item, (list, tuple, np.ndarray)):
        return _normal_array(np.asarray(item), listed=not isinstance(item, np.ndarray))
    try:
        return [operator.index(item)]
    except TypeError:
        raise IndexError(
            "only integers, slices (`:`), ellipsis (`...`), numpy.newaxis (`None`) and integer or boolean arrays "
            f"are valid indices, not {item!r}"
        ) from None


def _normal_array(array: np.ndarray[Any, Any], *, listed: bool) -> list[Any]:
    if listed and array.size == 0:
        array = array.astype(np.intp)
    if array.dtype == bool:
        return list(_MaskAxis.of(array)) if array.ndim else [array]
    if array.dtype.kind not in "iu":
        raise IndexError("arrays used as indices must be of integer (or boolean) type")
    return [array.astype(np.intp)]


class _MaskAxis(np.ndarray[Any, Any]):
    """The indices that one axis of a boolean mask selects; remembers the length that the mask has there."""

    expected: int | None = None

    @classmethod
    def of(cls, mask: np.ndarray[Any, Any]) -> list[_MaskAxis]:
        found = []
        for axis, indices in enumerate(mask.nonzero()):
            part = indices.view(cls)
            part.expected = mask.shape[axis]
            found.append(part)
        return found


def _positions(indices: np.ndarray[Any, Any], axis: int, length: int) -> np.ndarray[Any, Any]:
    """The indices counted from the start of the axis, or `IndexError` where NumPy raises it."""
    expected = getattr(indices, "expected", None)
    if expected is not None and expected != length:
        raise IndexError(
            f"boolean index did not match indexed array along axis {axis}; size of axis is {length} but size of "
            f"corresponding boolean axis is {expected}"
        )
    plain = np.asarray(indices)
    outside = plain[(plain < -length) | (plain >= length)]
    if outside.size:
        raise IndexError(f"index {outside.flat[0]} is out of bounds for axis {axis} with size {length}")
    return np.where(plain < 0, plain + length, plain)


def _bounding(positions: np.ndarray[Any, Any]) -> tuple[list[slice], np.ndarray[Any, Any]]:
    """The smallest slice that contains all positions, and the positions counted from its start."""
    if positions.size == 0:
        return [slice(0, 0, 1)], positions
    start = int(positions.min())
    return [slice(start, int(positions.max()) + 1, 1)], positions - start


def _runs(positions: np.ndarray[Any, Any]) -> tuple[list[slice], np.ndarray[Any, Any]]:
    """As `_bounding`, but in several slices where the positions lie far apart and few requests spare much."""
    wanted, local = np.unique(positions, return_inverse=True)
    if wanted.size == 0 or wanted[-1] - wanted[0] + 1 < 2 * wanted.size:
        return _bounding(positions)
    breaks = np.flatnonzero(np.diff(wanted) > 1) + 1
    groups = np.split(wanted, breaks)
    if len(groups) > _MOST_REQUESTS:
        return _bounding(positions)
    return [slice(int(group[0]), int(group[-1]) + 1, 1) for group in groups], local.reshape(positions.shape)


def _basic(item: int | slice, axis: int, length: int) -> int | slice:
    if isinstance(item, slice):
        return as_slice(range(length)[item])
    if not -length <= item < length:
        raise IndexError(f"index {item} is out of bounds for axis {axis} with size {length}")
    return item % length


def as_slice(picked: range) -> slice:
    """The slice that gives exactly these indices; `stop` None where a negative step runs down to the first."""
    if len(picked) == 0:
        return slice(0, 0, 1)
    if len(picked) == 1:
        return slice(picked[0], picked[0] + 1, 1)
    stop = picked[-1] + (1 if picked.step > 0 else -1)
    return slice(picked[0], None if stop < 0 else stop, picked.step)
