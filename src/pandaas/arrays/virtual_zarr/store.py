"""What stands under a key."""

from __future__ import annotations

import json
from typing import Any

import h5py

from pandaas.arrays.links import Navigator, Place, Unresolved
from pandaas.arrays.virtual_zarr.chunks import Source, chunk_bytes
from pandaas.arrays.virtual_zarr.dimensions import dimension_names
from pandaas.arrays.virtual_zarr.form import NotOffered, form_of
from pandaas.arrays.virtual_zarr.keys import Key, is_nameable
from pandaas.arrays.virtual_zarr.metadata import array_document, group_document, level_document, pyramid_document
from pandaas.arrays.virtual_zarr.pyramid import Pyramid, contrast, level_bytes, pyramid_of
from pandaas.model import NotFound, UnreadableFile


def value_of(navigator: Navigator, key: Key, limit: int) -> bytes | None:
    """The document or the chunk behind a key; None where the store has no such key.

    `limit` bounds the decoded bytes of a chunk. Raises what `Navigator.find` and `slicing.plan` raise, but for nodes that
    aren't there, and `UnreadableFile` for a chunk of one that isn't.
    """
    try:
        found = _of_pyramid(navigator, key, limit) if key.in_pyramid() else _of_node(navigator, key, limit)
    except (NotFound, NotOffered, Unresolved) as error:
        if key.kind == "metadata":
            return None
        # An absent chunk means the fill value; of an array that can't be found (any more) nobody knows the values.
        raise UnreadableFile(f"There is no array at '{key.path[:200]}' (any more): {error}", field="key") from error
    return found if found is None or isinstance(found, bytes) else _json(found)


def _of_node(navigator: Navigator, key: Key, limit: int) -> bytes | dict[str, Any] | None:
    if key.path != "/" and not all(is_nameable(part) for part in key.path[1:].split("/")):
        raise NotOffered("its name can't be part of an address")
    place = navigator.find(key.path)
    if isinstance(place.object, h5py.Group):
        if key.kind == "chunk":
            raise NotOffered("it is a group")
        return group_document(navigator, place)
    form = form_of(navigator, place)
    if key.kind == "chunk":
        return chunk_bytes(Source(navigator, place, key.path, limit), form, key.indices)
    parent, _, name = key.path.rpartition("/")
    return array_document(place, form, dimension_names(navigator, navigator.find(parent)).get(name), name)


def _of_pyramid(navigator: Navigator, key: Key, limit: int) -> bytes | dict[str, Any] | None:
    path, level = key.in_pyramid() or ("", None)
    place = navigator.find(path)
    pyramid = _pyramid(navigator, place)
    if pyramid is None or (level is not None and level >= pyramid.levels):
        raise NotOffered("there is no such level")
    source = Source(navigator, place, path, limit)
    if key.kind == "metadata":
        if level is not None:
            return level_document(pyramid, level)
        return pyramid_document(pyramid, path.rpartition("/")[2], contrast(source, pyramid))
    if level is None:
        raise NotOffered("it is a group")
    if level == 0:
        return chunk_bytes(source, pyramid.form, key.indices)
    return level_bytes(source, pyramid, level, key.indices)


def _pyramid(navigator: Navigator, place: Place) -> Pyramid | None:
    return None if isinstance(place.object, h5py.Group) else pyramid_of(place, form_of(navigator, place))


def _json(document: dict[str, Any]) -> bytes:
    return json.dumps(document, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode("utf-8", "replace")
