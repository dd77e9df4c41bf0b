"""openPMD: units of records, and the axes of meshes, which are grids instead of arrays.

Source: https://github.com/openPMD/openPMD-standard, versions 1.0 to 2.0 (`unitSI`, `unitDimension`, `gridSpacing`,
`gridGlobalOffset`, `gridUnitSI`, `axisLabels`, `position`, `geometry`, `time`), and its extension for beam physics
(`unitSymbol`).
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import h5py
import numpy as np

from pandaas.model import RegularAxis

_MAX_VALUES = 64
_BASE = ("m", "kg", "s", "A", "K", "mol", "cd")
_AS_WRITTEN = (1, 0, 2, 3, 4, 5, 6)  # kg m/s
# Powers of length, mass, time and current that have a name of their own.
_NAMED: dict[tuple[int, ...], str] = {
    (1, 1, -3, -1): "V/m",
    (0, 1, -2, -1): "T",
    (1, 1, -2, -1): "T m",
    (2, 1, -3, -1): "V",
    (0, 0, 1, 1): "C",
    (-3, 0, 1, 1): "C m^-3",
    (2, 1, -2, 0): "J",
    (-1, 1, -2, 0): "J m^-3",
    (1, 1, -2, 0): "N",
    (2, 1, -3, 0): "W",
    (1, 1, -1, 0): "kg m/s",
    (1, 0, -1, 0): "m/s",
}
_ANGLES = frozenset({"theta", "phi"})
_UNREADABLE = (OSError, TypeError, ValueError, RuntimeError, KeyError)


def unit_of(dataset: h5py.Dataset) -> str | None:
    """The unit of a record component as text ('V/m', 'eV/c'); with its factor where the file's unit is not SI's."""
    factor = number(dataset, "unitSI")
    if factor is None:
        return None
    symbol = "".join(texts(dataset, "unitSymbol")[:1])
    if symbol:
        return "s" if symbol == "sec" else symbol
    text = _dimension(numbers(record(dataset, "unitDimension"), "unitDimension"))
    return text if text is None or factor == 1 else f"{factor:.6g} {text}"


def grid_of(dataset: h5py.Dataset) -> tuple[RegularAxis | None, ...]:
    """The axes of a mesh in metres (angles in radians), one per dimension; empty for what is no mesh.

    The first dimension of a mesh in azimuthal modes (`thetaMode`) counts the modes' parts.
    """
    mesh = record(dataset, "gridSpacing")
    labels = texts(mesh, "axisLabels")
    steps, starts = numbers(mesh, "gridSpacing"), numbers(mesh, "gridGlobalOffset")
    count = len(labels)
    if not count or len(steps) != count or len(starts) != count or not all(steps):
        return ()
    factors = numbers(mesh, "gridUnitSI") or [1.0]
    factors = factors if len(factors) == count else factors[:1] * count
    inside = numbers(dataset, "position")[:count]
    inside = inside if len(inside) == count else [0.0] * count
    axes: list[RegularAxis | None] = [
        RegularAxis(label, (start + place * step) * factor, step * factor, "rad" if label in _ANGLES else "m")
        for label, start, step, factor, place in zip(labels, starts, steps, factors, inside, strict=True)
    ]
    if texts(mesh, "dataOrder") == ["F"]:
        axes.reverse()
    if texts(mesh, "geometry") == ["thetaMode"] and dataset.ndim == count + 1:
        axes.insert(0, RegularAxis("part of mode", 0.0, 1.0))
    return tuple(axes) if len(axes) == dataset.ndim else ()


def is_volume(dataset: h5py.Dataset) -> bool:
    """A mesh over three axes in space."""
    return len(grid_of(dataset)) == 3 and texts(record(dataset, "geometry"), "geometry") == ["cartesian"]


def record(dataset: h5py.Dataset, attribute: str) -> h5py.HLObject:
    """Where an attribute of the record stands: at the array for scalars, at its group for vectors."""
    if attribute in dataset.attrs:
        return dataset
    return next(upwards(dataset), dataset)


def upwards(dataset: h5py.Dataset) -> Iterator[h5py.Group]:
    """The groups around an array, the innermost first."""
    here: h5py.HLObject = dataset
    for _ in range(5):
        try:
            here = here.parent
        except _UNREADABLE:
            return
        yield here


def _dimension(powers: list[float]) -> str | None:
    """Powers of the seven base quantities as text; None for a pure number."""
    if len(powers) != 7 or not any(powers) or any(power != int(power) for power in powers):
        return None
    whole = tuple(int(power) for power in powers)
    if whole[:4] in _NAMED and not any(whole[4:]):
        return _NAMED[whole[:4]]
    factors = ((_BASE[index], whole[index]) for index in _AS_WRITTEN if whole[index])
    return " ".join(unit if power == 1 else f"{unit}^{power}" for unit, power in factors)


def number(target: h5py.HLObject, name: str) -> float | None:
    """An attribute that holds one finite number, else None."""
    values = numbers(target, name)
    return values[0] if len(values) == 1 else None


def numbers(target: h5py.HLObject, name: str) -> list[float]:
    """An attribute of a few finite numbers; empty for anything else."""
    try:
        values = [float(value) for value in _values(target, name)]
    except (TypeError, ValueError, OverflowError):
        return []
    return values if all(math.isfinite(value) for value in values) else []


def texts(target: h5py.HLObject, name: str) -> list[str]:
    """The texts of an attribute; empty for anything else."""
    found = (value.decode("utf-8", "replace") if isinstance(value, bytes) else value for value in _values(target, name))
    return [text.strip("\0 ")[:100] for text in found if isinstance(text, str)]


def _values(target: h5py.HLObject, name: str) -> list[Any]:
    """The values of a small attribute; none where there is no such attribute."""
    try:
        if name not in target.attrs:
            return []
        shape = target.attrs.get_id(name).shape
        if shape is None or math.prod(shape) > _MAX_VALUES:
            return []
        return list(np.asarray(target.attrs[name]).reshape(-1))
    except _UNREADABLE:
        return []
