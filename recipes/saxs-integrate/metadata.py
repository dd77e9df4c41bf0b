"""Geometry as it is written in files: NeXus groups, headers of image files, and the catalogue's parameters.

All values are in SI units, the beam centre in pixels. Sources: the NeXus definitions of NXdetector, NXmonochromator and
NXbeam; DECTRIS' miniCBF header; the ESRF's EDF header keys.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

import h5py
import numpy as np
from units import energy_to_wavelength, is_pixel, to_metres

from pandaas.sdk import Input, warn
from pandaas.sdk.inputs import open_hdf5, open_image, text
from pandaas.sdk.pixels import find_detector, groups_of


class Found(NamedTuple):
    """A value in SI (or pixels) and where it was read."""

    value: float
    source: str


Values = dict[str, Found]

_DETECTOR_KEYS = {
    "distance": ("distance", "detector_distance"),
    "pixel_size_x": ("x_pixel_size",),
    "pixel_size_y": ("y_pixel_size",),
}
_BEAM_KEYS = ("wavelength", "incident_wavelength")
_ENERGY_KEYS = ("energy", "incident_energy", "photon_energy")
_CATALOGUE = {
    "distance": ("detector_distance", "distance", "sample_detector_distance"),
    "pixel_size_x": ("x_pixel_size", "pixel_size_x"),
    "pixel_size_y": ("y_pixel_size", "pixel_size_y"),
    "wavelength": ("wavelength", "incident_wavelength"),
    "photon_energy": ("photon_energy", "incident_energy", "energy"),
    "beam_center_x": ("beam_center_x",),
    "beam_center_y": ("beam_center_y",),
}


def from_file(source: Input, array_path: str | None) -> Values:
    """What the dataset's own file says about the geometry, completed by what the catalogue read from it."""
    values = from_catalogue(source)
    values.update(from_nexus(source, array_path) if source.is_hdf5 else from_header(source))
    return values


def from_nexus(source: Input, array_path: str | None) -> Values:
    file = open_hdf5(source.master)
    values: Values = {}
    detector = find_detector(file, array_path)
    if detector is not None:
        for name, keys in _DETECTOR_KEYS.items():
            for key in keys:
                _put(values, name, detector.get(key), to_metres)
        for axis in ("x", "y"):
            _put_centre(values, detector, axis)
    for group in groups_of(file, ("NXmonochromator", "NXbeam", "NXcrystal")):
        for key in _BEAM_KEYS:
            _put(values, "wavelength", group.get(key), _wavelength)
    for group in groups_of(file, ("NXmonochromator", "NXbeam")):  # not NXsource: that is the electrons' energy
        for key in _ENERGY_KEYS:
            _put(values, "wavelength", group.get(key), energy_to_wavelength)
    return values


def from_header(source: Input) -> Values:
    """Headers of PILATUS CBF and TIFF (`# Detector_distance …`) and of the ESRF's EDF."""
    header: Mapping[str, Any] = open_image(source.master).header
    values: Values = {}
    comment = "\n".join(str(value) for key, value in header.items() if "#" in str(value) or "contents" in key.lower())
    _pilatus(values, comment)
    for name, key, factor in (
        ("distance", "SampleDistance", 1.0),
        ("pixel_size_x", "PSize_1", 1.0),
        ("pixel_size_y", "PSize_2", 1.0),
        ("wavelength", "WaveLength", 1.0),
        ("beam_center_x", "Center_1", 1.0),
        ("beam_center_y", "Center_2", 1.0),
    ):
        number = _number(header.get(key))
        if number is not None and number > 0:
            values.setdefault(name, Found(number * factor, f"header {key}"))
    return values


def from_catalogue(source: Input) -> Values:
    """The catalogue's parameters of the dataset."""
    values: Values = {}
    for name, keys in _CATALOGUE.items():
        for key in keys:
            quantity = source.parameters.get(key)
            number = _number(quantity.value) if quantity else None
            if quantity is None or number is None:
                continue
            try:
                if name.startswith("beam_center"):
                    if is_pixel(quantity.unit):
                        values.setdefault(name, Found(number, f"metadata {key}"))
                elif name == "photon_energy":
                    values.setdefault(
                        "wavelength", Found(energy_to_wavelength(number, quantity.unit), f"metadata {key}")
                    )
                else:
                    values.setdefault(name, Found(to_metres(number, quantity.unit), f"metadata {key}"))
            except (KeyError, ZeroDivisionError):
                continue  # an unreadable unit: the file itself is asked next
    return values


def _pilatus(values: Values, comment: str) -> None:
    for name, pattern, convert in (
        ("distance", r"Detector_distance\s+([-+.\deE]+)\s*(\w+)", to_metres),
        ("wavelength", r"Wavelength\s+([-+.\deE]+)\s*(\w+)", _wavelength),
    ):
        match = re.search(pattern, comment)
        if match and float(match[1]) > 0:
            values[name] = Found(convert(float(match[1]), match[2]), "header")
    match = re.search(r"Beam_xy\s+\(\s*([-+.\deE]+),\s*([-+.\deE]+)\s*\)", comment)
    if match and (float(match[1]), float(match[2])) != (0.0, 0.0):
        values["beam_center_x"] = Found(float(match[1]), "header")
        values["beam_center_y"] = Found(float(match[2]), "header")
    match = re.search(r"Pixel_size\s+([-+.\deE]+)\s*(\w+)\s*x\s*([-+.\deE]+)\s*(\w+)", comment)
    if match:
        values["pixel_size_x"] = Found(to_metres(float(match[1]), match[2]), "header")
        values["pixel_size_y"] = Found(to_metres(float(match[3]), match[4]), "header")


def _put_centre(values: Values, detector: h5py.Group, axis: str) -> None:
    """The beam centre in pixels; NXsas writes it as a length, DECTRIS as pixels, some files as both."""
    name = f"beam_center_{axis}"
    for key in (f"{name}_pixel", name):
        node = detector.get(key)
        number = _scalar(node)
        if number is None or (name in values and values[name].source.startswith("/")):
            continue
        unit = _unit(node)
        if is_pixel(unit):
            values[name] = Found(number, node.name)
        elif f"pixel_size_{axis}" in values:
            try:
                values[name] = Found(to_metres(number, unit) / values[f"pixel_size_{axis}"].value, node.name)
            except KeyError:
                warn(f"The unit '{unit}' of {node.name} is unknown; this beam centre is not used.")


def _put(values: Values, name: str, node: Any, convert: Any) -> None:
    number = _scalar(node)
    if number is None or number <= 0 or (name in values and values[name].source.startswith("/")):
        return
    try:
        values[name] = Found(convert(number, _unit(node)), node.name)
    except KeyError:
        warn(f"The unit '{_unit(node)}' of {node.name} is unknown; this value is not used.")


def _wavelength(value: float, unit: str | None) -> float:
    return to_metres(value, unit or "angstrom")


def _scalar(node: Any) -> float | None:
    if not isinstance(node, h5py.Dataset) or node.size < 1 or node.dtype.kind not in "iuf":
        return None
    number = float(np.asarray(node[()]).ravel()[0]) if node.size <= 100_000 else None
    return number if number is not None and np.isfinite(number) else None


def _unit(node: h5py.Dataset) -> str | None:
    unit = node.attrs.get("units")
    return text(unit) if unit is not None else None


def _number(value: Any) -> float | None:
    try:
        number = float(str(value).split()[0])
    except (TypeError, ValueError, IndexError):
        return None
    return number if np.isfinite(number) else None
