"""Values out of what a reader process answered."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pandaas.arrays.lanes import Cancelled
from pandaas.arrays.pool import Reply
from pandaas.arrays.values import StoredBytes
from pandaas.codecs import dtype_from
from pandaas.model import UnreadableFile


@dataclass(frozen=True)
class StoreValue:
    """A value of a virtual Zarr store before it is read. `finished`: the dataset will stay as it is.

    `read`, given what says that nobody waits any more, gives None where nothing stands under the key.
    """

    etag: str
    finished: bool
    read: Callable[[Cancelled | None], memoryview | None]


def stored_of(reply: Reply) -> StoredBytes | None:
    """The stored chunk that came; None where values did."""
    found = reply.result
    if found["form"] != "stored":
        return None
    shape = tuple(int(n) for n in found["shape"])
    return StoredBytes(memoryview(reply.raw), found["stored"], shape, dtype_from(found["dtype"]))


def values_of(reply: Reply) -> NDArray[Any]:
    """The values of a reply: a view of the bytes that came, or an object array."""
    described = reply.result
    form = described["form"]
    if form == "null":
        empty = np.empty((), object)
        empty[()] = None
        return empty
    shape = tuple(int(n) for n in described["shape"])
    if form == "json":
        return _objects(described["values"], shape)
    dtype = dtype_from(described["dtype"])
    count = math.prod(shape)
    if count == 0 or dtype.itemsize == 0:
        return np.empty(shape, dtype)
    if count * dtype.itemsize > len(reply.raw):
        raise UnreadableFile("The reader gave fewer bytes than it said.")
    return np.frombuffer(reply.raw, dtype, count).reshape(shape)


def _objects(values: Any, shape: tuple[int, ...]) -> NDArray[Any]:
    """Nested lists of depth `len(shape)` as an object array; what lies deeper stays a list."""
    result = np.empty(shape, object)
    for index in np.ndindex(*shape):
        item = values
        for position in index:
            item = item[position]
        result[index] = item
    return result
