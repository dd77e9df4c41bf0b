"""Where the detector of an image stands, and which of its pixels are masked, as NXdetector says.

Fields: NXdetector (distance, beam_center_x/y, x/y_pixel_size, pixel_mask), NXmonochromator and NXbeam (wavelength,
energy), and the one case of NXtransformations that needs no guess: a single translation along the beam.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from pandaas.arrays.h5types import numpy_type
from pandaas.arrays.links import Navigator, NeedsFile, Place, Unresolved
from pandaas.arrays.slicing import plan, read
from pandaas.arrays.structure import attribute_text
from pandaas.arrays.survey import single_value
from pandaas.arrays.values import Geometry
from pandaas.codecs import parse_selection, to_si
from pandaas.model import InvalidInput, NotFound, TooLarge, UnreadableFile

_HC = 1.986445857148928e-25  # J·m
_MAX_MASK = 256 * 1024 * 1024
_DEPTH = 4
_MAX_GROUPS = 2000
_PIXEL_UNITS = ("pixel", "pixels", "px", "")
_Cut = tuple[Place, str]


def geometry_of(navigator: Navigator, path: str) -> Geometry | None:
    """The geometry of the image (stack) at `path`; None where the file doesn't say enough."""
    detector = _detector(navigator, path)
    if detector is None:
        return None
    place, group = detector
    pixel_x = _length(navigator, group, "x_pixel_size")
    pixel_y = _length(navigator, group, "y_pixel_size")
    distance = _length(navigator, group, "distance", "detector_distance") or _translation(navigator, place, group)
    wavelength = _wavelength(navigator, path)
    if not (pixel_x and pixel_y and distance and wavelength):
        return None
    center_x = _center(navigator, group, "beam_center_x", pixel_x)
    center_y = _center(navigator, group, "beam_center_y", pixel_y)
    if center_x is None or center_y is None:
        return None
    mask = _mask_path(navigator, group, _image_shape(navigator, path))
    return Geometry(abs(distance), center_x, center_y, pixel_x, pixel_y, wavelength, mask=mask)


def mask_of(navigator: Navigator, path: str, selection: str | None = None) -> NDArray[Any] | None:
    """The pixel mask (0: valid) of the image (stack) at `path`, cut like the last two axes of `selection`."""
    detector = _detector(navigator, path)
    if detector is None:
        return None
    dataset = navigator.find(path).object
    where = _mask_path(navigator, detector[1], dataset.shape[-2:])
    if where is None:
        return None
    try:
        planned = plan(navigator, where, None, _MAX_MASK)
        mask = read(navigator, planned)
    except (InvalidInput, NotFound):
        return None
    if mask is None:
        return None
    mask = mask.reshape(mask.shape[-2:]) if mask.size == np.prod(mask.shape[-2:]) else mask[0]
    items = parse_selection(selection, tuple(dataset.shape)).items[-2:]
    return np.asarray(mask[items])


def _image_shape(navigator: Navigator, path: str) -> tuple[int, ...]:
    target = navigator.find(path).object
    return tuple(target.shape[-2:]) if isinstance(target, h5py.Dataset) and target.shape else ()


def _detector(navigator: Navigator, path: str) -> _Cut | None:
    """The NXdetector that an array belongs to: its own group, else the entry's one whose data have the same frame."""
    target = navigator.find(path).object
    if not isinstance(target, h5py.Dataset) or not target.shape or len(target.shape) < 2:
        return None
    parent = path.rpartition("/")[0] or "/"
    own = navigator.find(parent)
    if attribute_text(own.object, "NX_class") == "NXdetector":
        return own, parent
    found = [item for item in _groups(navigator, path) if item[2] == "NXdetector"]
    for place, group, _ in found:
        frame = _frame(navigator, group)
        if frame is not None and frame == tuple(target.shape[-2:]):
            return place, group
    # An NXdata links to detector data that may be missing there; one detector alone leaves no doubt.
    return (found[0][0], found[0][1]) if len(found) == 1 and _frame(navigator, found[0][1]) is None else None


def _frame(navigator: Navigator, group: str) -> tuple[int, ...] | None:
    for name in ("data", "counts", "data_000001"):
        dataset = _try(navigator, f"{group}/{name}")
        if isinstance(dataset, h5py.Dataset) and dataset.shape and len(dataset.shape) >= 2:
            return tuple(dataset.shape[-2:])
    return None


def _groups(navigator: Navigator, path: str) -> Iterator[tuple[Place, str, str | None]]:
    """Groups of the entry that holds `path`, level by level, with their NeXus class."""
    entry = "/" + path.strip("/").split("/")[0]
    start = navigator.find(entry)
    level = [(start, entry)] if isinstance(start.object, h5py.Group) else []
    count = 0
    for _ in range(_DEPTH):
        following = []
        for place, here in level:
            names: list[bytes] = []
            place.object.id.links.iterate(names.append)
            for name in names[:_MAX_GROUPS]:
                count += 1
                child = _child(navigator, place, name)
                if count > _MAX_GROUPS or child is None or not isinstance(child.object, h5py.Group):
                    continue
                child_path = f"{here}/{name.decode('utf-8', 'surrogateescape')}"
                following.append((child, child_path))
                yield child, child_path, attribute_text(child.object, "NX_class")
        level = following


def _wavelength(navigator: Navigator, path: str) -> float | None:
    for _, group, nx_class in _groups(navigator, path):
        if nx_class not in ("NXmonochromator", "NXbeam", "NXcrystal", "NXvelocity_selector", "NXinstrument"):
            continue
        found = _length(navigator, group, "wavelength", "incident_wavelength", "lambda")
        if found:
            return found
        energy = _quantity(navigator, group, ("energy", "incident_energy"), "kg·m²/s²")
        if energy and energy > 0:
            return _HC / energy
    return None


def _center(navigator: Navigator, group: str, name: str, pixel: float) -> float | None:
    """A beam centre in pixels: without unit it is, a length is divided by the size of a pixel."""
    value, unit = _value(navigator, f"{group}/{name}")
    if value is None:
        return None
    if (unit or "").strip().lower() in _PIXEL_UNITS:
        return value
    converted = to_si(value, unit)
    return converted[0] / pixel if converted is not None and converted[1] == "m" else None


def _translation(navigator: Navigator, place: Place, group: str) -> float | None:
    """The distance where the detector's `depends_on` is one translation along z that depends on nothing further."""
    first = _value_text(navigator, f"{group}/depends_on")
    if not first:
        return None
    path = first if first.startswith("/") else f"{group}/{first}"
    dataset = _try(navigator, path)
    if not isinstance(dataset, h5py.Dataset) or attribute_text(dataset, "transformation_type") != "translation":
        return None
    vector = np.asarray(dataset.attrs.get("vector", []), dtype=float).reshape(-1)
    if attribute_text(dataset, "depends_on") not in (None, ".") or vector.shape != (3,):
        return None
    if not np.allclose(vector[:2], 0) or np.any(np.asarray(dataset.attrs.get("offset", 0.0), dtype=float)):
        return None
    found = _length(navigator, path.rpartition("/")[0], path.rpartition("/")[2])
    return found * float(vector[2]) if found else None


def _length(navigator: Navigator, group: str, *names: str) -> float | None:
    return _quantity(navigator, group, names, "m")


def _quantity(navigator: Navigator, group: str, names: tuple[str, ...], si_unit: str) -> float | None:
    for name in names:
        value, unit = _value(navigator, f"{group}/{name}")
        if value is None or not value:
            continue
        converted = to_si(value, unit) if unit else None
        if converted is not None and converted[1] == si_unit:
            return converted[0]
        if unit is None and si_unit == "m" and name not in ("wavelength", "incident_wavelength", "lambda"):
            return value  # NXdetector lengths without a unit are metres in practice (DECTRIS, areaDetector)
    return None


def _value(navigator: Navigator, path: str) -> tuple[float | None, str | None]:
    """The one number at `path`, or the first of a series that never changes, with its unit."""
    dataset = _try(navigator, path)
    if not isinstance(dataset, h5py.Dataset) or not dataset.size or dataset.size > 100_000:
        return None, None
    dtype = numpy_type(dataset.id.get_type())
    if dtype is None or dtype.kind not in "iuf" or dataset.external or dataset.is_virtual:
        return None, None
    values = np.asarray(dataset[()], dtype=float).reshape(-1)
    if not np.isfinite(values).all() or not bool((values == values[0]).all()):
        return None, None
    return float(values[0]), attribute_text(dataset, "units")


def _value_text(navigator: Navigator, path: str) -> str | None:
    dataset = _try(navigator, path)
    if not isinstance(dataset, h5py.Dataset) or dataset.size != 1:
        return None
    dtype = numpy_type(dataset.id.get_type())
    found = single_value(dataset, dtype) if dtype is not None else None
    return found if isinstance(found, str) else None


def _mask_path(navigator: Navigator, group: str, frame: tuple[int, ...]) -> str | None:
    for name in ("pixel_mask", "detectorSpecific/pixel_mask", "mask"):
        dataset = _try(navigator, f"{group}/{name}")
        if isinstance(dataset, h5py.Dataset) and dataset.shape and tuple(dataset.shape[-2:]) == tuple(frame):
            return f"{group}/{name}"
    return None


def _try(navigator: Navigator, path: str) -> Any:
    try:
        return navigator.find(path).object
    except (NotFound, Unresolved, NeedsFile, UnreadableFile, TooLarge):
        return None


def _child(navigator: Navigator, place: Place, name: bytes) -> Place | None:
    try:
        return navigator.child(place, name)
    except (NotFound, Unresolved, NeedsFile, UnreadableFile):
        return None
