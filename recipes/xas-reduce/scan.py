"""The scan as it goes into the reduction: energy in eV and µ, from columns or from a NeXus plot."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray
from parameters import Parameters

from pandaas.sdk import Input, RecipeError, warn
from pandaas.sdk.curves import read_columns
from pandaas.sdk.inputs import open_hdf5, text

_ENERGY = re.compile(r"energy|^e$|^ev$", re.IGNORECASE)
_MU = re.compile(r"^(xmu|mu.*|norm.*|flat)$", re.IGNORECASE)
_I0 = re.compile(r"^(i0|io|i_?0.*|mon(itor)?)$", re.IGNORECASE)
_TRANSMITTED = re.compile(r"^(itrans|it|i1|itr|i_?1.*)$", re.IGNORECASE)
_FLUORESCENCE = re.compile(r"^(ifluor|if|iff|ifl|fluor.*)$", re.IGNORECASE)
_ELEMENT = re.compile(r"^[A-Z][a-z]?[ _]?[KL](a|b|alpha|beta)?\d?[ _]?(mca|ch|det|sca)[ _]?\d+$")
_LEAST_POINTS = 20
_KILO = 150.0  # a scan whose energies are all below this is in keV: no edge lies there in eV that air lets through


@dataclass(frozen=True)
class Scan:
    """`energy` ascending, in eV; `formula` says in words what µ is."""

    energy: NDArray[Any]
    mu: NDArray[Any]
    formula: str


def read_scan(source: Input, parameters: Parameters) -> Scan:
    """Energy and µ of the dataset. `RecipeError` names the input or the column at fault."""
    energy, mu, formula, unit = _of_nexus(source) if source.is_hdf5 else _of_columns(source, parameters)
    good = np.isfinite(energy) & np.isfinite(mu)
    left_out = int((~good).sum())
    if left_out:
        warn(f"{left_out} of {len(good)} points are no numbers (zero or negative intensities) and are left out.")
    if good.sum() < _LEAST_POINTS:
        raise RecipeError(
            f"Only {int(good.sum())} of {len(good)} points give a µ.",
            "Choose a scan with an incident intensity above zero, or other columns.",
            "i0_column" if "I0" in formula or "/" in formula else source.slot,
        )
    energy, mu = energy[good], mu[good]
    kilo = unit.lower() == "kev" if unit else energy.max() < _KILO
    if parameters.energy_unit == "keV" or (parameters.energy_unit == "auto" and kilo):
        energy = energy * 1000
    order = np.argsort(energy, kind="stable")
    energy, first = np.unique(energy[order], return_index=True)
    if len(energy) < _LEAST_POINTS:
        raise RecipeError(f"The scan has only {len(energy)} different energies.", "Choose an energy scan.", source.slot)
    return Scan(energy, mu[order][first], formula)


def _of_nexus(source: Input) -> tuple[NDArray[Any], NDArray[Any], str, str]:
    signal = open_hdf5(source.master).get(source.default_path())
    group = signal.parent if isinstance(signal, h5py.Dataset) else None
    names = [text(name) for name in np.atleast_1d(group.attrs.get("axes", []))] if group is not None else []
    axis = group.get(names[-1]) if group is not None and names else None
    if axis is None:
        axis = next((group[n] for n in group or () if _ENERGY.search(n)), None) if group is not None else None
    if not isinstance(axis, h5py.Dataset) or signal.ndim != 1 or axis.shape != signal.shape:
        raise RecipeError("The dataset's plot is no curve over energy.", "Choose a scan with µ(E).", source.slot)
    unit = text(axis.attrs.get("units", ""))
    return np.asarray(axis[()], dtype=float), np.asarray(signal[()], dtype=float), text(signal.name), unit


def _of_columns(source: Input, parameters: Parameters) -> tuple[NDArray[Any], NDArray[Any], str, str]:
    table = read_columns(source)
    names, unit = _names(Path(source.master), table.shape[1])
    energy = _column(parameters.energy_column, "energy_column", names)
    if energy is None:
        energy = next((i for i, name in enumerate(names) if _ENERGY.search(name)), 0)
    mode, signals, incident = _roles(parameters, names, energy, source)
    signal = table[:, signals].sum(axis=1)
    label = " + ".join(names[i] for i in signals)
    if mode == "mu" or incident is None:
        return table[:, energy], signal, label, unit
    i0 = table[:, incident]
    mu = np.full(len(i0), np.nan)
    if mode == "fluorescence":
        np.divide(signal, i0, out=mu, where=i0 > 0)
        return table[:, energy], mu, f"({label}) / {names[incident]}", unit
    usable = (i0 > 0) & (signal > 0)
    mu[usable] = np.log(i0[usable] / signal[usable])
    return table[:, energy], mu, f"ln({names[incident]} / {label})", unit


def _roles(parameters: Parameters, names: list[str], energy: int, source: Input) -> tuple[str, list[int], int | None]:
    """What was measured, the columns of the signal, and that of I0."""
    given = [_column(part, "signal_columns", names) for part in parameters.signal_columns.split(",")]
    signals = [index for index in given if index is not None]
    others = [i for i in range(len(names)) if i != energy]
    incident = _column(parameters.i0_column, "i0_column", names)
    if incident is None:
        incident = next((i for i in others if _I0.match(names[i])), None)
    found = {
        "mu": [i for i in others if _MU.match(names[i])][:1] or (others if len(names) == 2 else []),
        "fluorescence": _many(names, others) or [i for i in others if _FLUORESCENCE.match(names[i])][:1],
        "transmission": [i for i in others if _TRANSMITTED.match(names[i])][:1],
    }
    mode: str = parameters.measured
    if mode == "auto":
        order = (
            ("mu", "fluorescence", "transmission") if _many(names, others) else ("mu", "transmission", "fluorescence")
        )
        possible = [name for name in order if found[name] and (name == "mu" or incident is not None)]
        mode = possible[0] if possible else ("transmission" if signals and incident is not None else "mu")
    if not signals:
        signals = found[mode]
    if not signals:
        raise RecipeError(
            f"The columns' names don't say where the signal is: {', '.join(names)}.",
            "Say what was measured, and the columns by name or number.",
            "signal_columns",
        )
    if mode != "mu" and incident is None:
        raise RecipeError(
            f"No column is named as the incident intensity: {', '.join(names)}.", "Name the column of I0.", "i0_column"
        )
    return mode, signals, incident


def _many(names: list[str], others: list[int]) -> list[int]:
    """The elements of a fluorescence detector, as `Fe_Ka_mca1`."""
    found = [i for i in others if _ELEMENT.match(names[i])]
    return found if len(found) > 1 else []


def _column(wanted: str, field: str, names: list[str]) -> int | None:
    wanted = wanted.strip()
    if not wanted:
        return None
    if wanted.isdigit() and 1 <= int(wanted) <= len(names):
        return int(wanted) - 1
    lower = [name.lower() for name in names]
    if wanted.lower() in lower:
        return lower.index(wanted.lower())
    raise RecipeError(f"There is no column '{wanted}'; there are {', '.join(names)}.", "Choose one of them.", field)


def _names(path: Path, count: int) -> tuple[list[str], str]:
    """Names of the columns and the energy's unit: `Column.N: name unit` of XDI, else the last line that names as many."""
    head = [line for line in path.read_bytes().decode("utf-8", "replace").splitlines()[:2000] if not _is_row(line)]
    names = [f"column {number + 1}" for number in range(count)]
    unit = ""
    for line in head:
        match = re.match(r"#\s*Column\.(\d+):\s*(\S+)\s*(\S*)", line, re.IGNORECASE)
        if match and 1 <= int(match[1]) <= count:
            names[int(match[1]) - 1] = match[2]
            if _ENERGY.search(match[2]) and match[3].lower() in {"ev", "kev"}:
                unit = unit or match[3]
    if any(not name.startswith("column ") for name in names):
        return names, unit
    for line in reversed(head):
        words = line.strip().lstrip("#;%! ").rstrip()
        for parts in (re.split(r"\s{2,}|\t+|(?<=\*)\s|,\s*", words), words.split()):
            labels = [part.strip(" *\"'") for part in parts if part.strip(" *\"'")]
            if len(labels) == count:
                return labels, "keV" if re.search(r"\(keV\)|\[keV\]", line) else ""
    return names, unit


def _is_row(line: str) -> bool:
    try:
        return len([float(part) for part in re.split(r"[,;\s]+", line.strip())]) > 1
    except ValueError:
        return False
