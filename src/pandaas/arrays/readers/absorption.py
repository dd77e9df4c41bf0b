"""X-ray absorption spectra in columns: which curve is µ(E), and computing it from intensities where no column holds it.

Names are those of the XDI dictionary (https://github.com/XraySpectroscopy/XAS-Data-Interchange) and of common beamline
programs. Transmission: µ = ln(I0/I1), fluorescence: µ ∝ If/I0 (without corrections for dead time or self-absorption).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pandaas.arrays.readers.columns import Column

_NAMED = ("xmu", "mu", "mutrans", "mufluor", "norm", "normtrans", "normfluor", "flat")
_ABSORPTION = re.compile(r"^(xmu|mu.*|norm.*|flat)$", re.IGNORECASE)
_INCIDENT = ("i0", "io")
_TRANSMITTED = ("itrans", "it", "i1", "itr")
_FLUORESCENCE = ("ifluor", "if", "iff", "ifl", "fluor")
# Counts of one emission line per detector element, as "Fe_Ka_mca1".
_ELEMENT = re.compile(
    r"^(?P<line>(?P<element>[A-Z][a-z]?)[ _]?[KL](?:a|b|alpha|beta)?\d?)[ _]?(?:mca|ch|det|sca)?[ _]?\d+$"
)


@dataclass(frozen=True)
class Derived:
    """A curve that is in none of the columns. `formula` says in words how it was computed from them."""

    name: str
    formula: str
    sign: str
    values: NDArray[np.float64]

    @property
    def label(self) -> str:
        return f"µ(E) {self.sign} {self.formula}, computed"


def is_scan(columns: list[Column]) -> bool:
    """Energy and absorption, or energy and the intensities that it is computed from."""
    names = _lower(columns)
    measured = (*_TRANSMITTED, *_FLUORESCENCE, "i2")
    return _is_energy(names) and "i0" in names and any(_ABSORPTION.match(n) or n in measured for n in names[1:])


def named(columns: list[Column]) -> int | None:
    """The column that holds µ(E), by the names that say so for certain."""
    names = _lower(columns)
    if not _is_energy(names):
        return None
    return next((names.index(wanted) for wanted in _NAMED if wanted in names[1:]), None)


def is_absorption(column: Column) -> bool:
    return bool(_ABSORPTION.match(column.name))


def derived(columns: list[Column], values: NDArray[np.float64], element: str | None) -> list[Derived]:
    """µ(E) from intensities, what the scan was probably made for first; empty where the columns allow none.

    `values` has a row per energy; where an intensity is not positive, or I0 is 0, the result is NaN. `element` is the
    scanned one, where the file says it: a detector of several elements was counting its line because the sample lets
    too little through, so that comes before transmission; a single fluorescence channel comes after it.
    """
    names = _lower(columns)
    incident = next((names.index(name) for name in _INCIDENT if name in names), None)
    if not _is_energy(names) or incident is None:
        return []
    i0 = values[:, incident]
    made: list[Derived | None] = [_many(columns, values, i0, incident, element)]
    transmitted = next((names.index(name) for name in _TRANSMITTED if name in names), None)
    if transmitted is not None:
        formula = f"ln({columns[incident].name}/{columns[transmitted].name})"
        made.append(_checked("mu_transmission", formula, "=", _logarithm(i0, values[:, transmitted])))
    fluorescence = next((names.index(name) for name in _FLUORESCENCE if name in names), None)
    if fluorescence is not None and made[0] is None:
        formula = f"{columns[fluorescence].name}/{columns[incident].name}"
        made.append(_checked("mu_fluorescence", formula, "∝", _ratio(values[:, fluorescence], i0)))
    return [one for one in made if one is not None]


def _many(
    columns: list[Column], values: NDArray[np.float64], i0: NDArray[np.float64], incident: int, element: str | None
) -> Derived | None:
    """The sum over the elements of a detector of the counts in the scanned element's line."""
    lines: dict[str, list[int]] = {}
    for index, column in enumerate(columns):
        match = _ELEMENT.match(column.name)
        if match and element and match["element"].lower() == element.lower():
            lines.setdefault(match["line"], []).append(index)
    line, channels = max(lines.items(), key=lambda item: len(item[1]), default=("", []))
    if len(channels) < 2:
        return None
    formula = f"sum of {len(channels)} {line}/{columns[incident].name}"
    return _checked("mu_fluorescence", formula, "∝", _ratio(values[:, channels].sum(axis=1), i0))


def _checked(name: str, formula: str, sign: str, values: NDArray[np.float64]) -> Derived | None:
    return Derived(name, formula, sign, values) if np.isfinite(values).sum() > len(values) / 2 else None


def _logarithm(i0: NDArray[np.float64], it: NDArray[np.float64]) -> NDArray[np.float64]:
    usable = (i0 > 0) & (it > 0)
    made = np.full(len(i0), np.nan)
    made[usable] = np.log(i0[usable] / it[usable])
    return made


def _ratio(counts: NDArray[np.float64], i0: NDArray[np.float64]) -> NDArray[np.float64]:
    made = np.full(len(i0), np.nan)
    np.divide(counts, i0, out=made, where=i0 != 0)
    return made


def _lower(columns: list[Column]) -> list[str]:
    return [column.name.lower() for column in columns]


def _is_energy(names: list[str]) -> bool:
    return "energy" in names[0] and len(names) > 1
