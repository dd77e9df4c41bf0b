"""The measured trace with its axes: delay in s (or insertion in m) ascending, angular frequency ascending."""

from __future__ import annotations

import io
import lzma
from dataclasses import dataclass
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray
from parameters import Parameters

from pandaas.sdk import Input, RecipeError, warn
from pandaas.sdk.inputs import open_hdf5, text

_LIGHT = 299_792_458.0
_SECONDS = {"s": 1.0, "second": 1.0, "seconds": 1.0, "ps": 1e-12, "fs": 1e-15, "femtosecond": 1e-15}
_METRES = {"m": 1.0, "mm": 1e-3, "um": 1e-6, "µm": 1e-6, "nm": 1e-9, "angstrom": 1e-10}
_HERTZ = {"hz": 1.0, "1/s": 1.0, "ghz": 1e9, "thz": 1e12, "phz": 1e15}
_XZ = b"\xfd7zXZ"


@dataclass(frozen=True)
class Trace:
    """`values[delay, frequency]`, normalised to 1; `frequency` is angular, in rad/s."""

    values: NDArray[Any]
    delay: NDArray[Any]
    frequency: NDArray[Any]


def read_trace(source: Input, parameters: Parameters) -> Trace:
    """The trace without background. `RecipeError` names the input or the axis at fault."""
    values, axes = _read(source)
    if values.ndim != 2 or min(values.shape) < 8:
        raise RecipeError(
            f"The array has the shape {values.shape}, which is no trace.",
            "Choose an image of at least 8 delays and 8 frequencies.",
            source.slot,
        )
    if parameters.transposed:
        values, axes = values.T, axes[::-1]
    if not np.isfinite(values).all():
        warn(f"{int((~np.isfinite(values)).sum())} pixels are no numbers and are taken as zero.")
        values = np.nan_to_num(values, nan=0.0, posinf=0.0, neginf=0.0)
    delay = _delay(axes[0], values.shape[0], parameters)
    frequency, values = _spectral(axes[1], values, parameters)
    order = np.argsort(delay, kind="stable")
    delay, values = delay[order], values[order]
    if np.any(np.diff(delay) <= 0) or np.any(np.diff(frequency) <= 0):
        raise RecipeError("An axis of the trace holds the same value twice.", "Choose another trace.", source.slot)
    if parameters.background == "edges":
        edge = max(1, len(delay) // 32)
        values = values - np.median(np.concatenate([values[:edge], values[-edge:]]), axis=0)
    if values.max() <= 0:
        raise RecipeError("The trace is empty: nothing rises above its edges.", "Choose another trace.", source.slot)
    _warn_if_cut(values)
    return Trace(values / values.max(), delay, frequency)


def _read(source: Input) -> tuple[NDArray[Any], list[h5py.Dataset | None]]:
    if source.is_hdf5:
        file = open_hdf5(source.master)
        node = file.get(source.default_path())
    else:
        file = _unpacked(source)
        node = file.get("default")
    if not isinstance(node, h5py.Dataset):
        raise RecipeError(f"'{source.title}' holds no trace.", "Choose an image of a FROG or d-scan.", source.slot)
    names = [text(name) for name in np.atleast_1d(node.parent.attrs.get("axes", []))]
    axes = [node.parent.get(name) if name != "." else None for name in names]
    found = [axis if isinstance(axis, h5py.Dataset) and axis.ndim == 1 else None for axis in axes]
    return np.asarray(node[()], dtype=float), found if len(found) == node.ndim else [None, None]


def _unpacked(source: Input) -> h5py.File:
    """pypret's archives are HDF5 packed with xz as a whole."""
    with open(source.master, "rb") as packed:  # noqa: PTH123 - the first bytes decide
        if packed.read(5) != _XZ:
            raise RecipeError(f"'{source.title}' is no HDF5 file.", "Choose a trace in NeXus or HDF5.", source.slot)
    with lzma.open(source.master) as stream:
        content = stream.read(1 << 28)
    return h5py.File(io.BytesIO(content), "r")


def _delay(axis: h5py.Dataset | None, count: int, parameters: Parameters) -> NDArray[Any]:
    scan = parameters.method.endswith("dscan")
    if parameters.delay_step is not None:
        step = parameters.delay_step * (1e-6 if scan else 1e-15)
        return (np.arange(count) - count // 2) * step
    units = _METRES if scan else _SECONDS
    unit = text(axis.attrs.get("units", "")).strip().lower() if axis is not None else ""
    if axis is None or unit not in units:
        what = "insertion of the glass" if scan else "delay"
        raise RecipeError(
            f"The file doesn't say the {what} of each row" + (f" (its unit is '{unit}')." if axis is not None else "."),
            f"Give the step of the {what}.",
            "delay_step",
        )
    return np.asarray(axis[()], dtype=float) * units[unit]


def _spectral(
    axis: h5py.Dataset | None, values: NDArray[Any], parameters: Parameters
) -> tuple[NDArray[Any], NDArray[Any]]:
    """Angular frequency ascending, and the trace per frequency: a wavelength axis needs the Jacobian λ²."""
    count = values.shape[1]
    if parameters.centre_frequency is not None and parameters.frequency_step is not None:
        offset = (np.arange(count) - count // 2) * parameters.frequency_step
        frequency = 2 * np.pi * 1e12 * (parameters.centre_frequency + offset)
    else:
        unit = text(axis.attrs.get("units", "")).strip().lower() if axis is not None else ""
        if axis is None or unit not in {**_METRES, **_HERTZ, "rad/s": 1.0}:
            raise RecipeError(
                "The file doesn't say the frequency or wavelength of each column"
                + (f" (its unit is '{unit}')." if axis is not None else "."),
                "Give centre and step of the spectral axis.",
                "centre_frequency",
            )
        numbers = np.asarray(axis[()], dtype=float)
        if unit in _METRES:
            wavelength = numbers * _METRES[unit]
            values = values * (wavelength / wavelength.mean()) ** 2
            frequency = 2 * np.pi * _LIGHT / wavelength
        else:
            frequency = numbers if unit == "rad/s" else 2 * np.pi * numbers * _HERTZ[unit]
    if frequency.min() <= 0:
        raise RecipeError(
            "The spectral axis reaches zero or below.", "Correct centre and step of the axis.", "centre_frequency"
        )
    order = np.argsort(frequency, kind="stable")
    return frequency[order], values[:, order]


def _warn_if_cut(values: NDArray[Any]) -> None:
    rim = max(values[0].max(), values[-1].max(), values[:, 0].max(), values[:, -1].max())
    if rim > 0.05 * values.max():
        warn(
            f"The trace reaches {rim / values.max():.0%} of its maximum at the rim: it is cut, and the pulse wrong there."
        )
