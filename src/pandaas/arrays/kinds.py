"""What an array looks like to a scientist, judged by shape, type and what NeXus says about it."""

from __future__ import annotations

from typing import Any

import numpy as np

from pandaas.codecs import is_numeric
from pandaas.model import ArrayKind

_IMAGE_EDGE = 16  # pixels an axis has at least before two of them make an image
_TABLE_COLUMNS = 8
_SPECTRAL_AXES = ("energy", "time_of_flight", "tof", "channel", "wavelength", "event_time_offset")


def array_kind(
    shape: tuple[int, ...],
    dtype: np.dtype[Any],
    *,
    interpretation: str | None = None,
    parent_class: str | None = None,
    last_axis: str | None = None,
    detector: bool = False,
    volume: bool = False,
) -> ArrayKind:
    """`interpretation` and the name of the `last_axis` come from NXdata; `detector`: it lies in an NXdetector.

    `volume` says that three axes are space (openPMD meshes, tomographic reconstructions).
    """
    if dtype.names is not None:
        return ArrayKind.TABLE
    if not is_numeric(dtype):
        return ArrayKind.OTHER
    long_axes = [n for n in shape if n != 1]
    if not long_axes:
        return ArrayKind.SCALAR
    if parent_class == "NXevent_data":
        return ArrayKind.EVENTS
    if len(long_axes) == 1:
        return ArrayKind.CURVE
    if interpretation == "spectrum" or _is_spectral(last_axis):
        return ArrayKind.SPECTRA_MAP
    if len(long_axes) == 2:
        return _two_axes(shape, long_axes, interpretation, detector)
    if volume and len(long_axes) == 3:
        return ArrayKind.VOLUME
    image_like = interpretation == "image" or detector or min(shape[-2:]) >= _IMAGE_EDGE
    return ArrayKind.IMAGE_STACK if image_like or len(shape) == 3 else ArrayKind.SPECTRA_MAP


def _two_axes(shape: tuple[int, ...], long_axes: list[int], interpretation: str | None, detector: bool) -> ArrayKind:
    if interpretation == "image" or detector:
        return ArrayKind.IMAGE
    rows, columns = long_axes
    if columns <= _TABLE_COLUMNS < rows and len(shape) == 2:
        return ArrayKind.TABLE
    return ArrayKind.IMAGE


def _is_spectral(axis: str | None) -> bool:
    return axis is not None and axis.rpartition("/")[2].lower() in _SPECTRAL_AXES
