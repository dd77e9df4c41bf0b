"""The `zarr.json` documents: groups with everything below them (consolidated), arrays, pyramids."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import h5py
from h5py import h5o

from pandaas.arrays.links import Navigator, NeedsFile, Place, Unresolved
from pandaas.arrays.structure import attributes
from pandaas.arrays.virtual_zarr.dimensions import dimension_names
from pandaas.arrays.virtual_zarr.form import Form, NotOffered, form_of
from pandaas.arrays.virtual_zarr.keys import PYRAMID, is_nameable
from pandaas.arrays.virtual_zarr.pyramid import Pyramid, pyramid_of
from pandaas.model import NotFound, UnreadableFile

Document = dict[str, Any]
LEFT_OUT = "not_in_zarr"
_MOST_NODES = 5000
_DEEPEST = 32
_MOST_REASONS = 1000
_WITH_CHANNELS = 4  # axes: from here on NGFF takes one for colours


@dataclass
class _Walk:
    """What a walk through a group has met."""

    navigator: Navigator
    nodes: dict[str, Document] = field(default_factory=dict)
    whole: bool = True

    def descend(self, place: Place, prefix: str, above: tuple[tuple[str, int], ...]) -> Document:
        """The document of a group; those of what lies in it go to `nodes`."""
        left_out: dict[str, str] = {}
        dimensions = dimension_names(self.navigator, place)
        for name, child in _children(self.navigator, place, left_out):
            if len(self.nodes) >= _MOST_NODES or len(above) >= _DEEPEST:
                self.whole = False
                break
            here = f"{prefix}{name}"
            if isinstance(child.object, h5py.Group):
                identity = _identity(child)
                if identity in above:
                    left_out[name] = "it leads back to a group above"
                    continue
                self.nodes[here] = {}  # before what is in it
                self.nodes[here] = self.descend(child, f"{here}/", (*above, identity))
            else:
                try:
                    form = form_of(self.navigator, child)
                    self.nodes[here] = array_document(child, form, dimensions.get(name), name)
                except NotOffered as reason:
                    left_out[name] = str(reason)
                except (OSError, RuntimeError, ValueError, TypeError, KeyError) as error:  # damaged; the rest is not
                    left_out[name] = f"it can't be read: {(str(error).splitlines() or [''])[0][:200]}"
        return _group(attributes(place) | ({LEFT_OUT: _bounded(left_out)} if left_out else {}))


def group_document(navigator: Navigator, place: Place) -> Document:
    """A group with its attributes and the documents of everything below.

    Where that is more than one document may hold, it is left out: nodes are then opened by their path.
    """
    walk = _Walk(navigator)
    document = walk.descend(place, "", (_identity(place),))
    if walk.whole:
        document["consolidated_metadata"] = {"kind": "inline", "must_understand": False, "metadata": walk.nodes}
    else:
        more = {"…": f"more than {_MOST_NODES} groups and arrays: open them by their path"}
        document["attributes"] = document["attributes"] | {LEFT_OUT: more}
    return document


def array_document(place: Place, form: Form, dimensions: tuple[str, ...] | None, name: str) -> Document:
    """An array. `dimensions` are the names of its axes where its group tells them."""
    extra = {"ome_zarr": name + PYRAMID} if pyramid_of(place, form) is not None else {}
    names = dimensions or tuple(f"{name}_{axis}" for axis in range(len(form.shape)))
    return _array(form.shape, form.chunk, names, attributes(place) | extra) | _types(form)


def pyramid_document(pyramid: Pyramid, name: str, window: dict[str, float] | None) -> Document:
    """The group of an image's levels, described as OME-NGFF 0.5 does, with the documents of the levels.

    `window` is the contrast that shows something.
    """
    levels = {str(level): level_document(pyramid, level) for level in range(pyramid.levels)}
    said: Document = {"version": "0.5", "multiscales": [pyramid.multiscale()]}
    if window is not None and len(pyramid.form.shape) < _WITH_CHANNELS:
        said["omero"] = {"channels": [{"active": True, "color": "FFFFFF", "label": name, "window": window}]}
    document = _group({"ome": said})
    document["consolidated_metadata"] = {"kind": "inline", "must_understand": False, "metadata": levels}
    return document


def level_document(pyramid: Pyramid, level: int) -> Document:
    """One level; level 0 is the array itself."""
    if level == 0:
        form = pyramid.form
        return _array(form.shape, form.chunk, pyramid.axis_names, {}) | _types(form)
    types = {"data_type": pyramid.form.data_type, "fill_value": 0, "codecs": list(pyramid.codecs)}
    return _array(pyramid.shape(level), pyramid.chunk(level), pyramid.axis_names, {}) | types


def _array(shape: tuple[int, ...], chunk: tuple[int, ...], names: tuple[str, ...], said: Document) -> Document:
    return {
        "zarr_format": 3,
        "node_type": "array",
        "shape": list(shape),
        "chunk_grid": {"name": "regular", "configuration": {"chunk_shape": list(chunk)}},
        "chunk_key_encoding": {"name": "default", "configuration": {"separator": "/"}},
        "dimension_names": list(names),
        "attributes": said,
        "storage_transformers": [],
    }


def _types(form: Form) -> Document:
    return {"data_type": form.data_type, "fill_value": form.fill, "codecs": list(form.codecs)}


def _group(said: Document) -> Document:
    return {"zarr_format": 3, "node_type": "group", "attributes": said}


def _children(navigator: Navigator, parent: Place, left_out: dict[str, str]) -> Iterator[tuple[str, Place]]:
    """What lies in a group, through links; why the rest can't be reached goes to `left_out`."""
    names: list[bytes] = []

    def note(name: bytes) -> bool | None:
        names.append(name)
        return True if len(names) > _MOST_NODES else None

    parent.object.id.links.iterate(note)
    for raw in names:
        name = raw.decode("utf-8", "replace")
        try:
            child = navigator.child(parent, raw)
        except NeedsFile:
            left_out[name] = "its file has not been asked for yet"
        except (Unresolved, NotFound, UnreadableFile) as error:
            left_out[name] = error.reason if isinstance(error, Unresolved) else error.detail
        else:
            if is_nameable(name):
                yield name, child
            else:
                left_out[name] = "its name can't be part of an address"


def _bounded(reasons: dict[str, str]) -> dict[str, str]:
    return dict(list(reasons.items())[:_MOST_REASONS])


def _identity(place: Place) -> tuple[str, int]:
    return place.real, int(h5o.get_info(place.object.id).addr)
