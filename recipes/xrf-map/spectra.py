"""The map with its energies: spectra read row by row, so that a map may be larger than the memory."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from pandaas.sdk import Field, Input, RecipeError, warn
from pandaas.sdk.inputs import open_hdf5, text

_BLOCK = 1 << 24  # numbers read at once
_PARTS = 32  # at least, where there are so many rows: work for several processes


@dataclass(frozen=True)
class Spectra:
    """`node[..., channel]`; `energy` in keV ascending, of the channels from `first` on; `total`: their sum over all pixels."""

    node: h5py.Dataset
    energy: NDArray[Any]
    total: NDArray[Any]
    first: int = 0

    @property
    def shape(self) -> tuple[int, ...]:
        return tuple(self.node.shape[:-1])

    def window(self, low: float, high: float) -> Spectra:
        """The channels between these energies; where the file ends before, empty ones follow."""
        first = int(np.searchsorted(self.energy, low))
        step = float(np.mean(np.diff(self.energy)))
        count = int(np.ceil((high - self.energy[first]) / step)) + 1
        energy = self.energy[first : first + count]
        energy = np.append(energy, energy[-1] + step * np.arange(1, count - len(energy) + 1))
        total = _filled(self.total[None, first : first + count], count)[0]
        return Spectra(self.node, energy, total, self.first + first)

    def block(self, part: slice) -> NDArray[Any]:
        """The spectra of a part of the first axis, as (pixel, channel), of these channels only."""
        count = len(self.energy)
        return _filled(_read(self.node, part)[:, self.first : self.first + count], count)


def _filled(block: NDArray[Any], count: int) -> NDArray[Any]:
    return np.pad(block, ((0, 0), (0, count - block.shape[1])))


def read_spectra(source: Input) -> Spectra:
    """Find the spectra and add them up. `RecipeError` names the input at fault."""
    node = open_hdf5(source.master).get(source.default_path()) if source.is_hdf5 else None
    if not isinstance(node, h5py.Dataset) or node.ndim < 2 or node.shape[-1] < 32:
        shape = f"an array of shape {tuple(node.shape)}" if isinstance(node, h5py.Dataset) else "no array"
        raise RecipeError(
            f"'{source.title}' shows {shape}, which holds no spectra over positions.",
            "Choose a fluorescence map whose last axis is the energy.",
            source.slot,
        )
    if node.size == 0:
        raise RecipeError(f"The map is empty: its shape is {tuple(node.shape)}.", "Choose another map.", source.slot)
    energy = _energies(node, source)
    total, bad = np.zeros(node.shape[-1]), 0
    for part in parts(node):
        block = _read(node, part)
        bad += int((~np.isfinite(block)).sum())
        total += np.nan_to_num(block, nan=0.0, posinf=0.0, neginf=0.0).sum(axis=0)
    if bad:
        warn(f"{bad} counts are no numbers and are taken as zero.")
    if total.sum() <= 0:
        raise RecipeError("No pixel of the map holds a count.", "Choose another map.", source.slot)
    return Spectra(node, energy, total)


def parts(node: h5py.Dataset) -> list[slice]:
    """Pieces of the first axis, the same however many processes share them: results don't depend on that."""
    row, rows = int(np.prod(node.shape[1:])), node.shape[0]
    step = max(1, min(_BLOCK // row, -(-rows // _PARTS)))
    return [slice(start, min(start + step, rows)) for start in range(0, rows, step)]


def _read(node: h5py.Dataset, part: slice) -> NDArray[Any]:
    return np.asarray(node[part], dtype=float).reshape(-1, node.shape[-1])


def _energies(node: h5py.Dataset, source: Input) -> NDArray[Any]:
    group = node.parent
    names = [text(name) for name in np.atleast_1d(group.attrs.get("axes", []))]
    candidates = [names[-1]] if len(names) == node.ndim else []
    axis = next((group[n] for n in [*candidates, "energy"] if n in group and group[n].shape == node.shape[-1:]), None)
    if axis is None:
        raise RecipeError(
            "The spectra name no energy axis.", "Choose a map with the energy of each channel.", source.slot
        )
    energy = np.asarray(axis[()], dtype=float)
    if text(axis.attrs.get("units", "")).lower() == "ev" or energy.max() > 250:
        energy = energy / 1000
    if not np.all(np.diff(energy) > 0):
        raise RecipeError("The energies don't ascend.", "Choose a map with a calibrated energy axis.", source.slot)
    return energy


def positions(node: h5py.Dataset) -> list[Field]:
    """The axes of the positions, which the file has as one number for each row and column or for every pixel; else pixels."""
    group = node.parent
    names = [text(name) for name in np.atleast_1d(group.attrs.get("axes", []))]
    shape, found = node.shape[:-1], []
    for index, length in enumerate(shape):
        named = names[index : index + 1]
        straight = [name for name in named if name in group and group[name].shape == (length,)]
        grids = [name for name in names if name in group and group[name].shape == shape and len(shape) > 1]
        values = {name: group[name][()] for name in straight} or {
            name: line for name in grids if (line := _line(group[name][()], index)) is not None
        }
        name = next(iter(values), None)
        if name is None:
            found.append(_pixels(index, shape))
            continue
        unit = text(group[name].attrs.get("units", "")).strip()
        found.append(Field(name, values[name], unit, name if unit else f"{name} (the file names no unit)"))
    return found


def _pixels(index: int, shape: tuple[int, ...]) -> Field:
    name = {1: "column", 2: "row"}.get(len(shape) - index, f"direction_{index + 1}")
    return Field(name, np.arange(shape[index]), "pixel", f"{name.replace('_', ' ').capitalize()} (pixel)")


def _line(grid: NDArray[Any], index: int) -> NDArray[Any] | None:
    """The values along one direction of a grid whose values change along no other."""
    lines = np.moveaxis(grid, index, -1).reshape(-1, grid.shape[index])
    step = np.ptp(lines[0]) / max(1, lines.shape[1] - 1)
    if step == 0 or not np.all(np.ptp(lines, axis=0) < 0.1 * step):
        return None
    return np.asarray(lines.mean(axis=0))
