"""One walk over an entry: its groups by NeXus class, its arrays, its single values. Bounded, and safe against circles."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import h5py
import numpy as np
from h5py import h5o

from pandaas.arrays.h5types import numpy_type
from pandaas.arrays.links import Navigator, NeedsFile, Place, Unresolved, link_of
from pandaas.arrays.structure import attribute_text
from pandaas.codecs import is_numeric
from pandaas.model import NotFound, UnreadableFile

_MAX_OBJECTS = 30_000
_MAX_DEPTH = 48
_MAX_TEXT = 2000
_MAX_NOTES = 20


@dataclass(frozen=True)
class Found:
    """An object of the entry; `parent` is the path of its group."""

    path: str
    place: Place
    nx_class: str | None = None
    parent: str = "/"

    @property
    def name(self) -> str:
        return self.path.rpartition("/")[2]


@dataclass(frozen=True)
class Single:
    """One value with its unit."""

    path: str
    value: float | str
    unit: str | None

    @property
    def name(self) -> str:
        return self.path.rpartition("/")[2]


@dataclass
class Survey:
    """What an entry holds. `groups` and `arrays` in the order of their paths, outer ones first."""

    root: str
    groups: list[Found] = field(default_factory=list)
    arrays: list[Found] = field(default_factory=list)
    singles: dict[str, Single] = field(default_factory=dict)
    unread: list[str] = field(default_factory=list)
    classes: dict[str, str | None] = field(default_factory=dict)

    def of_class(self, *classes: str) -> Iterator[Found]:
        return (group for group in self.groups if group.nx_class in classes)

    def single(self, group: str, *names: str) -> Single | None:
        """The first of these values that lies directly in `group`."""
        base = group.rstrip("/")
        for name in names:
            if f"{base}/{name}" in self.singles:
                return self.singles[f"{base}/{name}"]
        return None

    def text(self, group: str, *names: str) -> str | None:
        for name in names:
            found = self.single(group, name)
            if found is not None and str(found.value).strip():
                return str(found.value).strip()
        return None

    def array(self, path: str) -> Found | None:
        return next((item for item in self.arrays if item.path == path), None)


def survey(navigator: Navigator, path: str) -> Survey:
    """Walk everything below `path`, level by level, links included where they may be followed."""
    start = navigator.find(path)
    found = Survey(path)
    seen: set[tuple[str, int]] = set()
    level = [(Found(path, start, _nx_class(start), path), 0)]
    count = 0
    while level:
        following: list[tuple[Found, int]] = []
        for item, depth in level:
            if not _first_time(item.place, seen):
                continue
            count += 1
            if count > _MAX_OBJECTS:
                found.unread.append(f"Only the first {_MAX_OBJECTS} objects were looked at.")
                return found
            _note(found, item)
            if isinstance(item.place.object, h5py.Group) and depth < _MAX_DEPTH:
                following += [(child, depth + 1) for child in _children(navigator, item, found)]
        level = following
    found.arrays.sort(key=lambda item: (item.path.count("/"), item.path))
    return found


def _note(found: Survey, item: Found) -> None:
    target = item.place.object
    if isinstance(target, h5py.Group):
        found.groups.append(item)
        found.classes[item.path] = item.nx_class
    elif isinstance(target, h5py.Dataset):
        try:
            _note_dataset(found, item, target)
        except (OSError, RuntimeError, ValueError, TypeError) as error:
            _complain(found, f"{item.path}: {str(error)[:200]}")


def _note_dataset(found: Survey, item: Found, dataset: h5py.Dataset) -> None:
    dtype = numpy_type(dataset.id.get_type())
    if dtype is None or dataset.shape is None:
        return
    if dataset.size == 1 and dtype.names is None:
        value = single_value(dataset, dtype)
        if value is not None:
            found.singles[item.path] = Single(item.path, value, attribute_text(dataset, "units"))
    if dataset.size > 1 or dtype.names is not None:
        found.arrays.append(item)


def single_value(dataset: h5py.Dataset, dtype: np.dtype[Any]) -> float | str | None:
    """The value of a dataset of one element; None for what is neither number nor (short) text."""
    if dataset.external or dataset.is_virtual:
        return None
    if is_numeric(dtype) and dtype.kind != "c":
        return float(np.asarray(dataset[()]).reshape(-1)[0])
    if dtype.kind == "S" or h5py.check_string_dtype(dtype) is not None:
        if dtype.itemsize > 1 << 20:
            return None
        raw = np.asarray(dataset[()]).reshape(-1)[0]
        text = raw.decode("utf-8", "replace") if isinstance(raw, bytes) else str(raw)
        return text.strip("\0 \r\n\t")[:_MAX_TEXT]
    return None


def _children(navigator: Navigator, parent: Found, found: Survey) -> Iterator[Found]:
    names: list[bytes] = []
    parent.place.object.id.links.iterate(names.append)
    # Ordinary links first, so that an object gets the path it is stored under before that of an alias.
    for name in names[:_MAX_OBJECTS]:
        path = f"{parent.path.rstrip('/')}/{name.decode('utf-8', 'surrogateescape')}"
        try:
            place = navigator.child(parent.place, name)
        except (Unresolved, NeedsFile) as error:
            link = link_of(parent.place.object, name)
            reason = error.reason if isinstance(error, Unresolved) else "it leads out of the dataset's own files"
            _complain(found, f"{path} → {link}: {reason}")
            continue
        except (NotFound, UnreadableFile) as error:
            _complain(found, f"{path}: {error.detail}")
            continue
        yield Found(path, place, _nx_class(place), parent.path)


def _complain(found: Survey, text: str) -> None:
    if len(found.unread) < _MAX_NOTES:
        found.unread.append(text[:500].encode("utf-8", "replace").decode())


def _nx_class(place: Place) -> str | None:
    return attribute_text(place.object, "NX_class") if isinstance(place.object, h5py.Group) else None


def _first_time(place: Place, seen: set[tuple[str, int]]) -> bool:
    key = (place.real, h5o.get_info(place.object.id).addr)
    if key in seen:
        return False
    seen.add(key)
    return True
