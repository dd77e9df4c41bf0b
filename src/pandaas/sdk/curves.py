"""Reads one I(Q) curve from whatever holds it, into Q in 1/Å, I in the file's unit, dI and dQ where they exist."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from pandaas.sdk.errors import RecipeError
from pandaas.sdk.inputs import Input, NDArray, open_hdf5, text
from pandaas.sdk.report import warn

_MAX_TEXT = 50_000_000
_PER_ANGSTROM = {"1/angstrom": 1.0, "1/a": 1.0, "1/å": 1.0, "1/nm": 0.1, "1/m": 1e-10, "1/cm": 1e-8}


@dataclass(frozen=True)
class Curve:
    """`q` ascending, in 1/Å; `sigma` is one standard deviation of `intensity`; `dq` the resolution (1σ, 1/Å) or None."""

    q: NDArray
    intensity: NDArray
    sigma: NDArray
    dq: NDArray | None
    unit: str
    sigma_assumed: bool = False


@dataclass
class _Raw:
    q: NDArray
    intensity: NDArray
    sigma: NDArray | None = None
    dq: NDArray | None = None
    q_unit: str | None = None
    unit: str = ""


def read_curve(source: Input, q_unit: str = "auto", relative_error: float = 0.05) -> Curve:
    """The curve of a dataset: NeXus or NXcanSAS, CanSAS XML, or two to four columns of text (Q, I, dI, dQ).

    `q_unit` is 1/angstrom, 1/nm or auto (the file's, else 1/Å with a warning); `relative_error` is assumed where the data
    carry no uncertainties. Raises `RecipeError`, naming the slot, when there is no curve, or more than can be told apart.
    """
    try:
        raw = _from_nexus(source) if source.is_hdf5 else _from_text(_text_of(source.master, source.title))
        return _cleaned(raw, q_unit, relative_error)
    except RecipeError as error:
        raise RecipeError(error.what, error.remedy, error.field or source.slot) from error


def read_text_curve(path: str, q_unit: str = "auto", relative_error: float = 0.05) -> Curve:
    """The curve in one text or CanSAS XML file, as `read_curve` reads it."""
    return _cleaned(_from_text(_text_of(path, Path(path).name)), q_unit, relative_error)


def read_columns(source: Input) -> NDArray:
    """The longest block of equal rows of numbers in a text file, shape (rows, columns). Raises `RecipeError`."""
    try:
        return _table(_text_of(source.master, source.title))
    except RecipeError as error:
        raise RecipeError(error.what, error.remedy, error.field or source.slot) from error


def _from_text(content: str) -> _Raw:
    return _from_xml(content) if content.lstrip().startswith("<") else _from_columns(content)


def _cleaned(raw: _Raw, q_unit: str, relative_error: float) -> Curve:
    factor = q_factor(raw.q_unit, q_unit)
    valid = np.isfinite(raw.q) & np.isfinite(raw.intensity) & (raw.q > 0)
    assumed = raw.sigma is None or not np.any(raw.sigma > 0)
    if assumed or raw.sigma is None:
        sigma = np.maximum(relative_error * np.abs(raw.intensity), 1e-300)
        warn(f"The data carry no uncertainties; {relative_error:.0%} of each value is assumed, so χ² is not a test.")
    else:
        sigma = raw.sigma
        bad = valid & ~(np.isfinite(sigma) & (sigma > 0))
        if bad.any():
            warn(f"{int(bad.sum())} points without a positive uncertainty are left out.")
        valid &= ~bad
    if valid.sum() < 3:
        raise RecipeError("The curve has fewer than three usable points.", "Choose another dataset.")
    order = np.argsort(raw.q[valid], kind="stable")
    dq = raw.dq if raw.dq is not None and np.all(np.isfinite(raw.dq[valid])) and np.all(raw.dq[valid] > 0) else None
    return Curve(
        raw.q[valid][order] * factor,
        raw.intensity[valid][order],
        sigma[valid][order],
        None if dq is None else dq[valid][order] * factor,
        raw.unit,
        assumed,
    )


def q_factor(found: str | None, wanted: str) -> float:
    """What turns a q of the unit `found` into 1/Å; `wanted` (1/angstrom, 1/nm) overrides, auto takes 1/Å if none is known."""
    if wanted != "auto":
        return _PER_ANGSTROM[wanted]
    if not found:
        warn("The file doesn't say the unit of Q; 1/Å is taken. If it is 1/nm, choose that and run again.")
        return 1.0
    key = _plain_unit(found)
    if key not in _PER_ANGSTROM:
        raise RecipeError(f"The unit of Q, '{found}', is unknown.", "Choose the unit of Q.", "q_unit")
    return _PER_ANGSTROM[key]


def _plain_unit(unit: str) -> str:
    """`nm^-1`, `1/nm`, `nm-1`, `A^-1`, `1/Angstrom` … as '1/x'."""
    plain = unit.strip().lower().replace(" ", "").replace("**", "^").replace("⁻¹", "^-1").replace("å", "a")
    match = re.fullmatch(r"\(?(\w+?)\)?\^?\(?-1\)?", plain)
    if match:
        plain = f"1/{match[1]}"
    return {"1/angstroms": "1/angstrom", "1/ang": "1/angstrom", "1/nanometer": "1/nm"}.get(plain, plain)


# --- NeXus -----------------------------------------------------------------------------------------------------------


def _from_nexus(source: Input) -> _Raw:
    file = open_hdf5(source.master)
    signal = file.get(_signal_path(source, file))
    if not isinstance(signal, h5py.Dataset):
        raise RecipeError(f"'{source.title}' holds no curve.", "Choose a dataset with I(Q).")
    group = signal.parent
    axis = _axis_of(group, signal)
    if signal.ndim != 1 or axis is None or axis.shape != signal.shape:
        raise RecipeError(
            f"{signal.name} is no curve I(Q): its shape is {signal.shape}"
            + ("." if axis is not None else " and it names no Q axis."),
            "Choose a dataset with one curve, for example the result of an azimuthal integration.",
        )
    errors = _named(
        group, signal, "uncertainties", (f"{_name(signal)}_errors", f"{_name(signal)}dev", "Idev", "errors")
    )
    dq = _named(group, axis, "resolutions", ("dQw", "Qdev", f"{_name(axis)}_errors"))
    return _Raw(
        np.asarray(axis[()], dtype=float),
        np.asarray(signal[()], dtype=float),
        errors,
        dq,
        _unit(axis),
        _unit(signal) or "",
    )


def _signal_path(source: Input, file: h5py.File) -> str:
    """The default plot, else the first SASdata of a file that carries no NeXus defaults."""
    try:
        return source.default_path()
    except RecipeError:
        found: list[str] = []

        def visit(_: str, node: Any) -> None:
            if isinstance(node, h5py.Group) and text(node.attrs.get("canSAS_class", "")) == "SASdata":
                found.extend([f"{node.name}/I"] if "I" in node else [])

        file.visititems(visit)
        if not found:
            raise
        return found[0]


def _axis_of(group: h5py.Group, signal: h5py.Dataset) -> h5py.Dataset | None:
    names: list[str] = []
    for owner, key in ((group, "I_axes"), (group, "axes"), (signal, "axes")):
        value = owner.attrs.get(key)
        if value is not None:
            names += [text(part) for part in np.atleast_1d(value)]
    parts = [part.strip() for name in names for part in re.split(r"[,:]", name)]
    for name in [*parts, "Q", "q"]:
        node = group.get(name) if name and name != "." else None
        if isinstance(node, h5py.Dataset):
            return node
    return None


def _named(group: h5py.Group, node: h5py.Dataset, attribute: str, names: tuple[str, ...]) -> NDArray | None:
    pointer = node.attrs.get(attribute)
    for name in ([text(pointer)] if pointer is not None else []) + list(names):
        found = group.get(name)
        if isinstance(found, h5py.Dataset) and found.shape == node.shape and found.name != node.name:
            return np.asarray(found[()], dtype=float)
    return None


def _name(node: h5py.Dataset) -> str:
    return str(node.name).rsplit("/", 1)[-1]


def _unit(node: h5py.Dataset) -> str | None:
    for key in ("units", "unit"):
        if key in node.attrs:
            return text(node.attrs[key])
    return None


# --- text and XML ----------------------------------------------------------------------------------------------------


def _text_of(name: str, title: str) -> str:
    path = Path(name)
    if path.stat().st_size > _MAX_TEXT:
        raise RecipeError(f"'{title}' is too large for a curve.", "Choose a dataset with I(Q).")
    return path.read_bytes().decode("utf-8", "replace")


def _from_xml(content: str) -> _Raw:
    """CanSAS 1-D XML: the first SASdata; units stand at each value."""
    if "<!ENTITY" in content:
        raise RecipeError("The XML file defines entities, which a CanSAS file never does.", "Remove them.")
    try:
        root = ET.fromstring(content)  # noqa: S314 - no entities, and this process is sandboxed
    except ET.ParseError as error:
        raise RecipeError(f"The XML file is damaged: {error}.", "Choose another file.") from error
    data = next((node for node in root.iter() if _tag(node) == "SASdata"), None)
    points = [node for node in data.iter() if _tag(node) == "Idata"] if data is not None else []
    if not points:
        raise RecipeError("The XML file holds no SASdata.", "Choose a CanSAS file.")
    columns: dict[str, list[float]] = {}
    units: dict[str, str] = {}
    for point in points:
        values = {_tag(child): child for child in point}
        for name in ("Q", "I", "Idev", "Qdev"):
            child = values.get(name)
            columns.setdefault(name, []).append(_number(child.text if child is not None else None))
            if child is not None and name not in units:
                units[name] = child.get("unit", "")
    arrays = {name: np.array(values) for name, values in columns.items()}
    return _Raw(
        arrays["Q"],
        arrays["I"],
        arrays["Idev"] if np.isfinite(arrays["Idev"]).any() else None,
        arrays["Qdev"] if np.isfinite(arrays["Qdev"]).any() else None,
        units.get("Q"),
        units.get("I", ""),
    )


def _tag(node: ET.Element) -> str:
    return node.tag.rsplit("}", 1)[-1]


def _number(value: str | None) -> float:
    try:
        return float(value) if value is not None else float("nan")
    except ValueError:
        return float("nan")


def _table(content: str) -> NDArray:
    """The longest run of equal rows; what stands before it is a header."""
    best: list[list[float]] = []
    run: list[list[float]] = []
    lines = content.splitlines()
    for line in [*lines, ""]:
        row = _row(line)
        if row is not None and (not run or len(row) == len(run[0])):
            run.append(row)
            continue
        best = max(best, run, key=len)
        run = [row] if row is not None else []
    best = max(best, run, key=len)
    if len(best) < 3:
        raise RecipeError("The file holds no columns of numbers.", "Choose a file with Q and I in columns.")
    return np.array(best)


def _from_columns(content: str) -> _Raw:
    """Two to four columns Q, I, dI, dQ."""
    table = _table(content)
    head = " ".join(line for line in content.splitlines()[:200] if _row(line) is None)
    return _Raw(
        table[:, 0],
        table[:, 1],
        table[:, 2] if table.shape[1] > 2 else None,
        table[:, 3] if table.shape[1] > 3 else None,
        _unit_in_header(head),
    )


def _row(line: str) -> list[float] | None:
    parts = re.split(r"[,;\s]+", line.strip())
    if len(parts) < 2:
        return None
    try:
        return [float(part) for part in parts]
    except ValueError:
        return None


def _unit_in_header(head: str) -> str | None:
    if re.search(r"(1/nm|nm\s*\^?-1|nm⁻¹)", head, re.IGNORECASE):
        return "1/nm"
    if re.search(r"(1/(a|å|angstrom)\b|\b(a|å|angstrom)\s*\^?-1)", head, re.IGNORECASE):
        return "1/angstrom"
    return None
