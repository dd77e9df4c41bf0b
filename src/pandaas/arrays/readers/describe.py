"""Describing a file that is not HDF5 as a NeXus tree in memory (an h5py file without a place on disk)."""

from __future__ import annotations

import itertools
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from pandaas.arrays.reader import LazyArray

_serial = itertools.count()
_MAX_TEXT = 60_000  # an attribute holds at most 64 kB
_DEFAULTS = {("NXroot", "NXentry"), ("NXentry", "NXdata")}


def memory_file() -> h5py.File:
    """An empty HDF5 file in memory, as NeXus names its root."""
    file = h5py.File(f"memory-{next(_serial)}.h5", "w", driver="core", backing_store=False, libver=("earliest", "v110"))
    file.attrs["NX_class"] = "NXroot"
    return file


def entry(file: h5py.File, *, title: str | None = None, definition: str | None = None) -> h5py.Group:
    """`/entry`."""
    made = group(file, "entry", "NXentry")
    if title:
        text(made, "title", title)
    if definition:
        text(made, "definition", definition)
    return made


def group(parent: h5py.Group, name: str, nx_class: str, **attributes: Any) -> h5py.Group:
    """A group of this class; the first entry of a file and the first NXdata of an entry become its default."""
    made = parent.require_group(safe_name(name))
    made.attrs["NX_class"] = nx_class
    if (parent.attrs.get("NX_class"), nx_class) in _DEFAULTS and "default" not in parent.attrs:
        parent.attrs["default"] = made.name.rpartition("/")[2]
    for key, value in attributes.items():
        made.attrs[key] = value
    return made


def text(parent: h5py.Group, name: str, value: str) -> None:
    """A text; a second one of the same name is left out."""
    key = safe_name(name)
    if key not in parent:
        parent[key] = value.replace("\0", "")


def number(parent: h5py.Group, name: str, value: float, unit: str | None = None) -> None:
    key = safe_name(name)
    if key not in parent:
        parent[key] = value
        if unit:
            parent[key].attrs["units"] = unit


def array(
    parent: h5py.Group, name: str, values: NDArray[Any], *, unit: str | None = None, long_name: str | None = None
) -> h5py.Dataset:
    made = parent.create_dataset(safe_name(name), data=values)
    if unit:
        made.attrs["units"] = unit
    if long_name:
        made.attrs["long_name"] = long_name
    return made


def declared(
    parent: h5py.Group,
    name: str,
    shape: tuple[int, ...],
    dtype: np.dtype[Any],
    *,
    lazy: dict[str, LazyArray],
    read: LazyArray,
    chunks: tuple[int, ...] | None = None,
    unit: str | None = None,
) -> h5py.Dataset:
    """An array that is only described; `read` gives a part of it when asked. `chunks` are those it is stored in."""
    stored = chunks or tuple(min(length, 1024) for length in shape)
    chunks = tuple(max(1, min(part, length)) for part, length in zip(stored, shape, strict=True)) if shape else None
    made = parent.create_dataset(safe_name(name), shape=shape, dtype=dtype, chunks=chunks)
    lazy[made.name] = read
    if unit:
        made.attrs["units"] = unit
    return made


def header(parent: h5py.Group, values: dict[str, Any], name: str = "header") -> None:
    """A file's own header, as a collection of texts and numbers under their own names."""
    if not values:
        return
    made = group(parent, name, "NXcollection")
    for key, value in itertools.islice(values.items(), 1000):
        if isinstance(value, (bool, int, float)) and -(2**63) <= value < 2**63:
            number(made, str(key), value)
        elif value is not None:
            text(made, str(key), str(value)[:_MAX_TEXT])


def safe_name(name: str) -> str:
    """`name` as one link name: no '/', not empty, not '.'."""
    cleaned = name.replace("/", "_").replace("\0", "").strip()[:200]
    return cleaned if cleaned not in ("", ".", "..") else "unnamed"
