"""The frames of sample and buffer, from whatever holds them, on one q grid in 1/Å."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from pandaas.sdk import Input, RecipeError, warn
from pandaas.sdk.curves import Curve, q_factor, read_curve, read_text_curve
from pandaas.sdk.inputs import open_hdf5, text

_RELATIVE_ERROR = 0.05
_TEXT_SUFFIXES = (".dat", ".txt", ".csv", ".xml", ".int", ".abs", ".chi", ".pdh")


@dataclass(frozen=True)
class Series:
    """`intensity` and `sigma` have the shape (frame, q); `q` ascends, in 1/Å."""

    q: NDArray[Any]
    intensity: NDArray[Any]
    sigma: NDArray[Any]
    unit: str

    def __len__(self) -> int:
        return len(self.intensity)


def read_series(sources: Sequence[Input], q_unit: str, q_min: float | None, q_max: float | None) -> Series:
    """All frames of these datasets, in their order, within the q range. `RecipeError` names the slot at fault."""
    parts = [part for source in sources for part in _parts(source, q_unit)]
    q = parts[0].q
    for part in parts[1:]:
        if part.q.shape != q.shape or not np.allclose(part.q, q, rtol=1e-4):
            raise RecipeError(
                "The curves are not measured at the same q values.",
                "Choose frames of one detector and one integration.",
                sources[0].slot,
            )
    intensity = np.concatenate([part.intensity for part in parts])
    sigma = np.concatenate([part.sigma for part in parts])
    usable = np.isfinite(intensity).all(axis=0) & np.isfinite(sigma).all(axis=0) & (sigma > 0).all(axis=0) & (q > 0)
    usable &= (q >= (q_min or 0)) & (q <= (q_max or np.inf))
    if usable.sum() < 20:
        raise RecipeError(
            f"Only {int(usable.sum())} usable points lie in the q range; the data go from {q[0]:.4g} to {q[-1]:.4g} 1/Å.",
            "Widen the range, or check the unit of q.",
            "q_min" if q_min or q_max else sources[0].slot,
        )
    return Series(q[usable], intensity[:, usable], sigma[:, usable], parts[0].unit)


def _parts(source: Input, q_unit: str) -> list[Series]:
    if source.is_hdf5:
        return [_of_hdf5(source, q_unit)]
    names = [name for name in source.files if name.lower().endswith(_TEXT_SUFFIXES)]
    if len(names) <= 1:
        return [_of_curve(read_curve(source, q_unit, _RELATIVE_ERROR))]
    return [_of_curve(read_text_curve(name, q_unit, _RELATIVE_ERROR)) for name in names]


def _of_curve(curve: Curve) -> Series:
    return Series(curve.q, curve.intensity[None, :], curve.sigma[None, :], curve.unit)


def _of_hdf5(source: Input, q_unit: str) -> Series:
    file = open_hdf5(source.master)
    if text(file.attrs.get("file_type", "")) == "RAW_Series":
        return _of_raw_series(source, file, q_unit)
    frames = file.get("entry/frames")
    group = frames if _is_stack(frames) else _parent_of_default(source, file)
    if not _is_stack(group):
        return _of_curve(read_curve(source, q_unit, _RELATIVE_ERROR))
    signal = group[text(group.attrs["signal"])]
    axes = [text(name) for name in np.atleast_1d(group.attrs["axes"])]
    axis = group.get(axes[-1])
    if not isinstance(axis, h5py.Dataset):
        raise RecipeError(f"'{source.title}' names no q axis.", "Choose curves with their q.", source.slot)
    errors = group.get(f"{signal.name.rsplit('/', 1)[-1]}_errors")
    values = np.asarray(signal[()], dtype=float)
    if errors is None:
        warn(f"'{source.title}' carries no uncertainties; {_RELATIVE_ERROR:.0%} of each value is assumed.")
    sigma = _RELATIVE_ERROR * np.abs(values) if errors is None else np.asarray(errors[()], dtype=float)
    return Series(_q_of(axis, q_unit), values, sigma, text(signal.attrs.get("units", "")))


def _of_raw_series(source: Input, file: h5py.File, q_unit: str) -> Series:
    """A series of BioXTAS RAW: `profiles/000000 …` with I and its error; q is kept once, or with each profile."""
    group = file["profiles"]
    names = sorted(name for name in group if name.isdigit())
    if not names:
        raise RecipeError(f"'{source.title}' holds no profiles.", "Choose another series.", source.slot)
    table = np.stack([np.asarray(group[name][()], dtype=float) for name in names])
    if table.shape[2] == 2:
        q_set = next((group[name] for name in ("q", "q_raw") if name in group), None)
        if q_set is None:
            raise RecipeError(f"'{source.title}' holds no q values.", "Save the series again in RAW.", source.slot)
        return Series(_q_of(q_set, q_unit), table[:, :, 0], table[:, :, 1], "")
    return Series(table[0, :, 0] * q_factor(None, q_unit), table[:, :, 1], table[:, :, 2], "")


def _is_stack(group: Any) -> bool:
    if not isinstance(group, h5py.Group) or "signal" not in group.attrs or "axes" not in group.attrs:
        return False
    signal = group.get(text(group.attrs["signal"]))
    return isinstance(signal, h5py.Dataset) and signal.ndim == 2


def _parent_of_default(source: Input, file: h5py.File) -> Any:
    node = file.get(source.default_path())
    return node.parent if node is not None else None


def _q_of(axis: h5py.Dataset, q_unit: str) -> NDArray[Any]:
    unit = axis.attrs.get("units")
    return np.asarray(axis[()], dtype=float) * q_factor(None if unit is None else text(unit), q_unit)
