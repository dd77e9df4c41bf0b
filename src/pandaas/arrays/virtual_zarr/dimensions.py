"""Names of axes as NXdata gives them, so that xarray finds coordinates (https://manual.nexusformat.org/classes/base_classes/NXdata.html)."""

from __future__ import annotations

import re
from typing import Any

import h5py
import numpy as np

from pandaas.arrays.links import Navigator, NeedsFile, Place, Unresolved
from pandaas.arrays.structure import attribute_text
from pandaas.arrays.virtual_zarr.keys import is_nameable
from pandaas.model import NotFound, UnreadableFile

Names = tuple[str, ...]
_UNTOLD = "."


def dimension_names(navigator: Navigator, group: Place) -> dict[str, Names]:
    """Names of the axes of the arrays in an NXdata group that its `axes` are about; empty for other groups.

    An axis of bin edges is one longer than what it describes: the described axis is then called `<name>_bin`.
    """
    if attribute_text(group.object, "NX_class") != "NXdata":
        return {}
    signal = attribute_text(group.object, "signal")
    axes = _texts(group.object, "axes") or _texts(group.object, f"{signal}_axes")  # NXcanSAS
    shape = _shape(navigator, group, signal) if signal else None
    if signal is None or shape is None or len(axes) != len(shape):
        return {}
    lengths = {name: _shape(navigator, group, name) for name in set(axes) if name != _UNTOLD}
    names: list[str] = []
    for number, (axis, length) in enumerate(zip(axes, shape, strict=True)):
        names.append(_name(axis, length, lengths.get(axis)) or f"{signal}_{number}")
    if len(set(names)) < len(names):
        return {}
    described = {signal, "errors", f"{signal}_errors", *_texts(group.object, "auxiliary_signals")}
    described |= _uncertainties(navigator, group, signal)
    found = {name: tuple(names) for name in described if _shape(navigator, group, name) == shape}
    own = {axis: (axis,) for axis in axes if axis in names or f"{axis}_bin" in names}
    return own | found


def _uncertainties(navigator: Navigator, group: Place, signal: str) -> set[str]:
    """The array of errors that the signal itself names, as NXcanSAS has it."""
    dataset = navigator.child(group, signal.encode()).object
    return {name for word in ("uncertainties", "uncertainty") for name in _texts(dataset, word)}


def _name(axis: str, length: int, own: tuple[int, ...] | None) -> str | None:
    if axis == _UNTOLD or not is_nameable(axis):
        return None
    if own is None or own == (length,):
        return axis
    return f"{axis}_bin" if own == (length + 1,) else None


def _shape(navigator: Navigator, group: Place, name: str) -> tuple[int, ...] | None:
    try:
        found = navigator.child(group, name.encode()).object
    except (NotFound, Unresolved, NeedsFile, UnreadableFile):
        return None
    if not isinstance(found, h5py.Dataset) or found.shape is None:
        return None
    return tuple(int(length) for length in found.shape)


def _texts(group: h5py.HLObject, name: str) -> list[str]:
    """An attribute of one text or several; older files separate names by colons or commas."""
    single = attribute_text(group, name)
    if single is not None:
        return [part for part in re.split(r"[:,\s]+", single.strip("[] ")) if part]
    if name not in group.attrs:
        return []
    values: Any = np.asarray(group.attrs[name]).reshape(-1)
    return [value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value) for value in values[:32]]
