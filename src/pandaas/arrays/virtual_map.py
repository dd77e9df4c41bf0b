"""What libhdf5 says of a virtual dataset, where every source is a box of a plainly stored array.

All else (patterns in names, sources that grow or are virtual themselves, strided or overlapping mappings, other types) stays
with libhdf5.
"""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from typing import Any

import h5py
import numpy as np
from h5py import h5s

from pandaas.arrays.layout import INDEX_DTYPE, MAX_SENT_INDEX, Layout, NotPlain, layout_to_json
from pandaas.arrays.links import Navigator, Place
from pandaas.arrays.plain import Plain, plain, walk
from pandaas.arrays.virtual import MAX_PARTS, axes_of, overlap
from pandaas.model import NotFound

Box = tuple[tuple[int, ...], tuple[int, ...]]


def virtual_layout(navigator: Navigator, place: Place) -> tuple[dict[str, Any], bytes] | None:
    """How a virtual dataset is put together, with the indexes of its sources' chunks; None where only libhdf5 can read it.

    All its sources must have been allowed (`Navigator.allow_storage`). Sources that don't exist are left out.
    """
    dataset = place.object
    if not isinstance(dataset, h5py.Dataset) or not dataset.is_virtual or dataset.shape is None:
        return None
    if dataset.dtype.kind not in "iuf" or dataset.id.get_type() != h5py.h5t.py_create(dataset.dtype):
        return None
    try:
        return _told(navigator, place, dataset)
    except NotPlain:
        return None


def _told(navigator: Navigator, place: Place, dataset: h5py.Dataset) -> tuple[dict[str, Any], bytes]:
    creation = dataset.id.get_create_plist()
    count = creation.get_virtual_count()
    if count > MAX_PARTS:
        raise NotPlain
    origins: dict[tuple[str, int], tuple[int, Plain, str]] = {}
    parts, boxes = [], []
    for number in range(count):
        box = _box(creation.get_virtual_vspace(number), dataset.shape)
        source = _source(navigator, place, creation, number)
        if source is None:
            continue
        found = plain(source.object)
        if found is None or found.layout.dtype != dataset.dtype:
            raise NotPlain
        index, _, _ = origins.setdefault((source.real, found.layout.address), (len(origins), found, source.real))
        first, lengths = _box(creation.get_virtual_srcspace(number), found.layout.shape)
        if axes_of(box[1], lengths) is None:
            raise NotPlain
        boxes.append(box)
        parts.append([index, *map(list, (*box, first, lengths))])
    if overlap(boxes):
        raise NotPlain
    raw, told = b"", []
    for _, found, real in origins.values():
        told.append({"file": real, "layout": layout_to_json(found.layout)})
        raw += _index(found, len(raw))
    return {"layout": _frame(dataset), "file": place.real, "origins": told, "parts": parts}, raw


def _frame(dataset: h5py.Dataset) -> dict[str, Any]:
    """The whole as an array of which nothing was ever written: shape, type and fill value."""
    fill = np.asarray(dataset.fillvalue, dataset.dtype).tobytes()
    shape = tuple(int(length) for length in dataset.shape)
    return layout_to_json(Layout((0, 0, 0, 0), 0, shape, dataset.dtype, None, None, (), fill))


def _source(navigator: Navigator, place: Place, creation: h5py.h5p.PropDCID, number: int) -> Place | None:
    """The dataset that a mapping takes from; None where it doesn't exist."""
    name = os.fsencode(creation.get_virtual_filename(number))
    inner = os.fsencode(creation.get_virtual_dsetname(number))
    reals = navigator.sources(place, name)
    if b"%" in name or b"%" in inner or len(reals) > 1:
        raise NotPlain
    if not reals:
        return None
    try:
        found = navigator.inside(place, reals[0], inner)
    except NotFound:
        return None
    if not isinstance(found.object, h5py.Dataset):
        raise NotPlain
    return found


def _box(space: h5s.SpaceID, shape: Sequence[int]) -> Box:
    """The box that is selected in an array of `shape`."""
    if space.get_select_type() == h5s.SEL_ALL:
        return (0,) * len(shape), tuple(int(length) for length in shape)
    if space.get_select_type() != h5s.SEL_HYPERSLABS or not space.is_regular_hyperslab():
        raise NotPlain
    start, stride, count, block = space.get_regular_hyperslab()
    if any(n != 1 and step != size for n, step, size in zip(count, stride, block, strict=True)):
        raise NotPlain
    lengths = tuple(int(n * size) for n, size in zip(count, block, strict=True))
    begin = tuple(int(first) for first in start)
    if len(begin) != len(shape) or any(
        length < 1 or first + length > limit for first, length, limit in zip(begin, lengths, shape, strict=True)
    ):
        raise NotPlain  # also what grows without end
    return begin, lengths


def _index(found: Plain, so_far: int) -> bytes:
    if found.layout.chunk is None:
        return b""
    if so_far // INDEX_DTYPE.itemsize + math.prod(found.layout.grid) > MAX_SENT_INDEX:
        raise NotPlain
    return walk(found).cells.tobytes()
