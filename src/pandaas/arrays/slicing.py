"""From a selection to values: plan (what would be read, how large), then read."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from pandaas.arrays.crew import Check
from pandaas.arrays.direct import StoredChunk
from pandaas.arrays.h5types import numpy_type
from pandaas.arrays.limits import check_size, in_words, undecodable
from pandaas.arrays.links import Navigator, Place
from pandaas.arrays.plain import read_plain, stored_plain
from pandaas.codecs import BrokenChunk, Selection, is_numeric, parse_selection
from pandaas.model import InvalidInput, TooLarge, UnreadableFile

_MAX_CHUNK = 1 << 30
_MOMENT_S = 0.02
_OBJECT_BYTES = 64  # what one value of variable length takes at least
Allocate = Callable[[tuple[int, ...], np.dtype[Any]], NDArray[Any]]


@dataclass(frozen=True)
class Plan:
    """What reading would give. `selection` is None for a null dataspace, which holds no value at all."""

    place: Place
    path: str
    selection: Selection | None
    dtype: np.dtype[Any]
    nbytes: int


def plan(navigator: Navigator, path: str, text: str | None, limit: int) -> Plan:
    """Work out what a selection of the array at `path` would give, without reading it.

    Raises `InvalidInput` (no array, wrong selection), `TooLarge` (more than `limit` bytes decoded, or stored in chunks too
    large to decode), and what `Navigator.find` raises.
    """
    place = navigator.find(path)
    dataset = place.object
    if not isinstance(dataset, h5py.Dataset):
        raise InvalidInput(f"'{path[:200]}' is no array.", remedy="Choose one of the arrays in it.", field="path")
    dtype = numpy_type(dataset.id.get_type())
    if dtype is None:
        raise UnreadableFile(f"The values of '{path[:200]}' have a type that can't be shown.")
    if dataset.shape is None:
        return Plan(place, path, None, dtype, 0)
    selection = parse_selection(text, tuple(int(n) for n in dataset.shape))
    itemsize = _OBJECT_BYTES if dtype.hasobject else dtype.itemsize
    nbytes = check_size(path, selection, itemsize, limit)
    if dataset.chunks and math.prod(dataset.chunks) * dtype.itemsize > _MAX_CHUNK:
        raise TooLarge(f"'{path[:200]}' is stored in chunks of more than {in_words(_MAX_CHUNK)}.", field="path")
    navigator.allow_storage(place)
    return Plan(place, path, selection, dtype, nbytes)


def read(
    navigator: Navigator, planned: Plan, allocate: Allocate = np.empty, check: Check = lambda: None
) -> NDArray[Any] | None:
    """The values of a plan (None for a null dataspace). `check` is called now and then and may raise.

    Numbers are read straight into what `allocate` gives, so that large ones are copied once only. Values of variable
    length (text, ragged arrays, references) come as an object array.
    """
    selection = planned.selection
    if selection is None:
        return None
    dataset = planned.place.object
    lazy = navigator.contents.lazy_for(dataset)
    if lazy is not None:
        return _into(np.asarray(lazy(selection)), selection, planned.dtype, allocate)
    items, turn = selection.ascending()
    try:
        if is_numeric(planned.dtype) and selection.size and dataset.dtype.metadata is None:
            values = allocate(selection.shape, planned.dtype)
            if not read_plain(dataset, items, values, check):
                _read_hdf5(dataset, items, values, check)
        else:
            values = np.asarray(dataset[items or ()])
    except (OSError, RuntimeError, ValueError, MemoryError) as error:
        raise undecodable(planned.path, error) from error
    if any(part.step == -1 for part in turn):
        extra = (slice(None),) * (values.ndim - len(turn))
        values = np.ascontiguousarray(values[(*turn, *extra)])
    return values


def as_stored(navigator: Navigator, planned: Plan) -> StoredChunk | None:
    """The bytes of the file that a plan would decode, where that is one whole chunk of a kind that clients decode."""
    dataset = planned.place.object
    if planned.selection is None or navigator.contents.lazy_for(dataset) is not None:
        return None
    items, turn = planned.selection.ascending()
    if any(part.step == -1 for part in turn):
        return None
    try:
        return stored_plain(dataset, items)
    except BrokenChunk as error:
        raise undecodable(planned.path, error) from error


def _read_hdf5(dataset: h5py.Dataset, items: tuple[int | slice, ...], into: NDArray[Any], check: Check) -> None:
    """In pieces along the first axis that has several, each of whole chunks and as large as is read in a moment."""
    axis = next((number for number, item in enumerate(items) if isinstance(item, slice)), None)
    if not into.shape or axis is None:
        into[...] = dataset[items]
        return
    whole = items[axis]
    assert isinstance(whole, slice)  # noqa: S101 - found as one
    picked = range(*whole.indices(dataset.shape[axis]))
    unit = dataset.chunks[axis] if dataset.chunks else 1
    done, units = 0, 1
    while done < len(picked):
        check()
        began = time.monotonic()
        boundary = (picked[done] // unit + units) * unit
        last = min(len(picked), done + 1 + (boundary - 1 - picked[done]) // picked.step)
        piece = slice(picked[done], picked[last - 1] + 1, picked.step)
        dataset.read_direct(
            into, source_sel=(*items[:axis], piece, *items[axis + 1 :]), dest_sel=(slice(done, last), ...)
        )
        done = last
        if time.monotonic() - began < _MOMENT_S:
            units *= 2


def _into(values: NDArray[Any], selection: Selection, dtype: np.dtype[Any], allocate: Allocate) -> NDArray[Any]:
    if values.shape != selection.shape:
        raise UnreadableFile(f"The reader gave {values.shape} where {selection.shape} was asked for.")
    if not values.shape or dtype.hasobject:
        return values.astype(dtype, copy=False)
    result = allocate(selection.shape, dtype)
    result[...] = values
    return result
