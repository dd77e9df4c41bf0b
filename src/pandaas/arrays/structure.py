"""Trees, attributes and paths of opened contents, in our words and in h5grove's."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any, Literal

import h5py
import numpy as np
from h5py import h5a

from pandaas.arrays.h5types import dtype_as_text, enum_names, numpy_type, type_class, type_metadata
from pandaas.arrays.links import LinkTarget, Navigator, NeedsFile, Place, Unresolved, link_of
from pandaas.arrays.openpmd import grid_of, unit_of
from pandaas.codecs import jsonable
from pandaas.model import InvalidInput, NotFound, TooLarge, UnreadableFile

Resolve = Literal["none", "only_valid", "all"]
_MAX_CHILDREN = 50_000
_MAX_PATHS = 200_000
_MAX_DEPTH = 16
_MAX_ATTRIBUTE = 16 * 1024 * 1024
_MAX_TEXT = 64 * 1024


def tree(navigator: Navigator, path: str, depth: int, default: str | None) -> dict[str, Any]:
    """The node at `path` with its attributes, and children down to `depth` levels; `default` is the plotted array."""
    clean = "/" + "/".join(part for part in path.split("/") if part)
    place = navigator.find(clean)
    node = _node(place, clean, default)
    node["attributes"] = attributes(place)
    if isinstance(place.object, h5py.Group) and depth > 0:
        node["children"] = _children(navigator, place, clean, min(depth, _MAX_DEPTH), default)
    return node


def _children(navigator: Navigator, parent: Place, path: str, depth: int, default: str | None) -> list[dict[str, Any]]:
    found = []
    for name in _names(parent.object):
        child_path = _join(path, name)
        try:
            child = navigator.child(parent, name)
        except NeedsFile:
            found.append(_unresolved(parent, name, child_path, "its file has not been asked for yet"))
            continue
        except (Unresolved, NotFound, UnreadableFile) as error:
            reason = error.reason if isinstance(error, Unresolved) else error.detail
            found.append(_unresolved(parent, name, child_path, reason))
            continue
        node = _node(child, child_path, default)
        link = link_of(parent.object, name)
        if link is not None:
            node["target"] = str(link)
        if depth > 1 and isinstance(child.object, h5py.Group):
            node["children"] = _children(navigator, child, child_path, depth - 1, default)
        found.append(node)
    return found


def _node(place: Place, path: str, default: str | None) -> dict[str, Any]:
    target = place.object
    node: dict[str, Any] = {"name": path.rpartition("/")[2], "path": path}
    if isinstance(target, h5py.Group):
        count = int(target.id.get_num_objs())
        return {**node, "kind": "group", "nx_class": attribute_text(target, "NX_class"), "child_count": count}
    if isinstance(target, h5py.Datatype):
        return {**node, "kind": "datatype", "type_class": type_class(target.id)}
    kind = target.id.get_type()
    dtype = numpy_type(kind)
    return {
        **node,
        "kind": "dataset",
        "shape": None if target.shape is None else list(target.shape),
        "dtype": None if dtype is None else dtype_as_text(dtype),
        "type_class": type_class(kind),
        "enum": enum_names(kind),
        "chunks": list(target.chunks) if target.chunks else None,
        "filters": [item["name"] for item in filters(target) or []],
        "unit": attribute_text(target, "units") or unit_of(target),
        "grid": [asdict(axis) if axis else None for axis in grid_of(target)],
        "is_default": path == default,
    }


def _unresolved(parent: Place, name: bytes, path: str, reason: str) -> dict[str, Any]:
    link = link_of(parent.object, name)
    target = f"{link}: {reason}" if link is not None else reason
    return {"name": _text(name), "path": path, "kind": "unresolved", "target": target}


def _names(group: h5py.Group) -> list[bytes]:
    count = group.id.get_num_objs()
    if count > _MAX_CHILDREN:
        raise TooLarge(
            f"This group has {count} children, more than {_MAX_CHILDREN}.", remedy="Read them by their path."
        )
    names: list[bytes] = []
    group.id.links.iterate(names.append)
    return names


# --- attributes -----------------------------------------------------------------------------------------------------


def attributes(place: Place, names: list[str] | None = None) -> dict[str, Any]:
    """Attributes as JSON values; an asked one that doesn't exist is `NotFound`."""
    if names is None:
        return {name: _attribute(place.object, name) for name in attribute_names(place.object)}
    for name in names:
        if name not in place.object.attrs:
            raise NotFound(f"There is no attribute '{name[:100]}'.", field="attr_keys")
    return {name: _attribute(place.object, name) for name in names}


def attribute_names(target: h5py.HLObject) -> list[str]:
    return sorted(target.attrs)


def _attribute(target: h5py.HLObject, name: str) -> Any:
    size = _attribute_size(target, name)
    if size > _MAX_ATTRIBUTE:
        return f"(not shown: {size} bytes)"
    try:
        value = target.attrs[name]
    except (OSError, TypeError, ValueError, RuntimeError) as error:
        return f"(not readable: {error})"
    return None if isinstance(value, h5py.Empty) else jsonable(value)


def _attribute_size(target: h5py.HLObject, name: str) -> int:
    """Bytes of an attribute's value (of variable length: of its references), 0 for a null dataspace."""
    handle = target.attrs.get_id(name)
    return 0 if handle.shape is None else math.prod(handle.shape) * int(handle.get_type().get_size())


def attribute_text(target: h5py.HLObject, name: str) -> str | None:
    """An attribute that should hold one text, also where it is stored as an array of one."""
    if not h5a.exists(target.id, name.encode()):
        return None
    try:
        if _attribute_size(target, name) > _MAX_TEXT:
            return None
        value = target.attrs[name]
    except (OSError, TypeError, ValueError, RuntimeError):
        return None
    if isinstance(value, np.ndarray):
        value = value.reshape(-1)[0] if value.size == 1 else None
    if isinstance(value, bytes):
        value = value.decode("utf-8", "replace")
    return value.strip("\0 ") if isinstance(value, str) else None


# --- in h5grove's words -----------------------------------------------------------------------------------------------


def h5grove_meta(navigator: Navigator, path: str, resolve: Resolve) -> dict[str, Any]:
    """The `/meta` answer for `path`."""
    link = navigator.link_at(path)
    if link is not None and resolve == "none":
        return _link_meta(link, path.rpartition("/")[2])
    try:
        place = navigator.find(path)
    except NeedsFile:
        if link is None or resolve == "all":
            raise
    except (Unresolved, NotFound, UnreadableFile) as error:
        if link is None:
            raise
        if resolve == "all":
            raise NotFound(f"Cannot resolve the link at {path[:200]}.", field="path") from error
    else:
        return _entity_meta(navigator, place, path.rpartition("/")[2], with_children=True)
    return _link_meta(link, path.rpartition("/")[2])


def _link_meta(link: LinkTarget, name: str) -> dict[str, Any]:
    """A link that is not, or not to be, resolved."""
    if link.file is None:
        return {"kind": "soft_link", "name": name, "target_path": link.path}
    return {"kind": "external_link", "name": name, "target_file": link.file, "target_path": link.path}


def _entity_meta(navigator: Navigator, place: Place, name: str, *, with_children: bool) -> dict[str, Any]:
    target = place.object
    meta: dict[str, Any] = {
        "name": name,
        "attributes": [_attribute_meta(target, attribute) for attribute in attribute_names(target)],
    }
    if isinstance(target, h5py.Group):
        meta["kind"] = "group"
        if with_children:
            meta["children"] = [_child_meta(navigator, place, child) for child in sorted(_names(target))]
    elif isinstance(target, h5py.Dataset):
        meta |= {
            "kind": "dataset",
            "chunks": list(target.chunks) if target.chunks else None,
            "filters": filters(target),
            "shape": None if target.shape is None else list(target.shape),
            "type": type_metadata(target.id.get_type()),
        }
    else:
        meta |= {"kind": "datatype", "type": type_metadata(target.id)}
    return _sorted(meta)


def _child_meta(navigator: Navigator, parent: Place, name: bytes) -> dict[str, Any]:
    """As h5grove does, links of children are resolved where they can be, whatever was asked for the group itself."""
    try:
        return _entity_meta(navigator, navigator.child(parent, name), _text(name), with_children=False)
    except (NeedsFile, Unresolved, NotFound, UnreadableFile):
        link = link_of(parent.object, name)
        return _link_meta(link, _text(name)) if link is not None else {"kind": "other", "name": _text(name)}


def _attribute_meta(target: h5py.HLObject, name: str) -> dict[str, Any]:
    handle = target.attrs.get_id(name)
    shape = handle.shape
    return {
        "name": name,
        "shape": None if shape is None else list(shape),
        "type": type_metadata(handle.get_type()),
    }


def filters(dataset: h5py.Dataset) -> list[dict[str, Any]] | None:
    """Identifier and name of each filter of the pipeline; None without one."""
    creation = dataset.id.get_create_plist()
    count = creation.get_nfilters()
    if count <= 0:
        return None
    found = (creation.get_filter(index) for index in range(count))
    return [{"id": int(item[0]), "name": _text(item[3])} for item in found]


def paths(navigator: Navigator, path: str, resolve: Resolve) -> list[str]:
    """`path` and everything below it, by hard links; soft and external links are named, not followed."""
    clean = path or "/"
    place = navigator.find(clean)
    if not isinstance(place.object, h5py.Group):
        raise InvalidInput(f"'{path[:200]}' is no group.", field="path")
    names: list[bytes] = []

    def add(name: bytes) -> bool | None:
        names.append(name)
        return True if len(names) > _MAX_PATHS else None

    place.object.id.links.visit(add)
    if len(names) > _MAX_PATHS:
        raise TooLarge(f"There are more than {_MAX_PATHS} paths.", remedy="Ask for a group further down.", field="path")
    found = [clean, *(_join(clean, name) for name in names)]
    if resolve == "all":
        for item in _links_among(navigator, found[1:]):
            h5grove_meta(navigator, item, resolve)
    return found


def _links_among(navigator: Navigator, found: list[str]) -> Iterator[str]:
    return (path for path in found if navigator.link_at(path) is not None)


def _sorted(meta: dict[str, Any]) -> dict[str, Any]:
    return dict(sorted(meta.items()))


def _join(path: str, name: bytes) -> str:
    return f"{path.rstrip('/')}/{_text(name)}"


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "surrogateescape") if not _valid(raw) else raw.decode("utf-8")


def _valid(raw: bytes) -> bool:
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True
