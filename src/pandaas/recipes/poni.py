"""PONI files as far as the server must understand them: whether one can be used, and which quantities it tells.

Format: https://pyfai.readthedocs.io, "PONI-file": lines `Key: value`, later ones replace earlier ones; lengths in metres.
"""

from __future__ import annotations

import math
import os
from pathlib import Path

from pandaas.model import UnreadableFile
from pandaas.runtime import open_regular

_LARGEST = 1_000_000
_NEEDED = ("Distance", "Poni1", "Poni2")
_NUMBERS = (*_NEEDED, "Rot1", "Rot2", "Rot3", "Wavelength")
_FIELDS = ("distance", "beam_center_x", "beam_center_y", "pixel_size_x", "pixel_size_y")


def fault_of(path: str) -> str | None:
    """Why this can't be used as a geometry, in words; None when it can."""
    try:
        values = _values(path)
    except (OSError, ValueError, UnreadableFile):
        return "it can't be read as text"
    missing = [key for key in _NEEDED if key not in values]
    if missing:
        return f"it says no {missing[0]}"
    for key in _NUMBERS:
        if key in values and not math.isfinite(_number(values[key])):
            return f"its {key} is no number: {values[key][:40]}"
    if _number(values["Distance"]) <= 0:
        return "its Distance is not more than zero"
    return None


def known_by(path: str) -> frozenset[str]:
    """The geometry's quantities that it tells; nothing where it can't be used."""
    if fault_of(path) is not None:
        return frozenset()
    wavelength = _number(_values(path).get("Wavelength", ""))
    return frozenset((*_FIELDS, *(("wavelength",) if wavelength > 0 else ())))


def _values(path: str) -> dict[str, str]:
    with os.fdopen(open_regular(Path(path).resolve()), "rb") as stream:  # a pipe would keep the server waiting
        text = stream.read(_LARGEST).decode("utf-8")
    lines = (line.split("#", 1)[0].partition(":") for line in text.splitlines())
    return {key.strip().capitalize(): value.strip() for key, colon, value in lines if colon}


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan
