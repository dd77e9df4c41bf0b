"""The three ways in which delay-line hits are stored, read as rows (trains, or a stretch of a long list)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from pandaas.sdk import Input, RecipeError
from pandaas.sdk.inputs import open_hdf5

Hits = dict[str, NDArray[Any]]  # x, y, t: steps, of the same length; row: which train each belongs to


@dataclass(frozen=True)
class HitFile:
    """`paths` of x, y, t; `layout` 'trains' (row, hit), 'list' (hit) or 'channels' (row, channel, hit)."""

    source: Input
    layout: str
    paths: tuple[str, str, str]
    rows: int
    width: int

    def read(self, start: int, stop: int) -> Hits:
        """Every hit of the rows start … stop-1. Padding is 0 (trains) or no number (channels) and left out."""
        file = open_hdf5(self.source.master)
        if self.layout == "channels":
            node = file[self.paths[0]][start:stop]
            x, y, t = node[:, _X], node[:, _Y], np.floor(node[:, _T] / _SECTORS)
            real = np.isfinite(x) & np.isfinite(y) & np.isfinite(t)
        else:
            x, y, t = (file[path][start:stop] for path in self.paths)
            real = np.ones(x.shape, dtype=bool)
            if self.layout == "trains":
                real = (x > 0) & (y > 0) & (t > 0)
        row = np.broadcast_to(np.arange(start, stop).reshape(-1, *([1] * (x.ndim - 1))), x.shape)
        return {name: np.asarray(part)[real].astype(float) for name, part in zip("xyt", (x, y, t), strict=True)} | {
            "row": row[real]
        }


_X, _Y, _T = 1, 0, 3  # channels of FLASH's DLD1
_SECTORS = 8  # its arrival time carries the detector's sector in the lowest three bits


def find_hits(source: Input) -> HitFile:
    """Where the file keeps its hits. `RecipeError` when it keeps none."""
    if not source.is_hdf5:
        raise RecipeError(f"'{source.title}' is no HDF5 file.", "Choose events of a delay-line detector.", source.slot)
    file = open_hdf5(source.master)
    found: list[HitFile] = []

    def visit(name: str, node: Any) -> None:
        if found or not isinstance(node, h5py.Dataset):
            return
        parent, _, last = name.rpartition("/")
        if name == "Stream_0":
            paths = ("Stream_0", "Stream_1", "Stream_2")
            if all(path in file and file[path].shape == node.shape for path in paths) and node.ndim == 1:
                found.append(HitFile(source, "list", paths, node.shape[0], 1))
        elif last == "x" and node.ndim == 2:
            paths = (f"{parent}/x", f"{parent}/y", f"{parent}/t")
            if all(path in file and file[path].shape == node.shape for path in paths):
                found.append(HitFile(source, "trains", paths, *node.shape))
        elif "/DLD" in name and last == "value" and node.ndim == 3 and node.shape[1] > _T:
            found.append(HitFile(source, "channels", (name, name, name), node.shape[0], node.shape[2]))

    file.visititems(visit)
    if not found:
        raise RecipeError(
            f"'{source.title}' holds no hits of a delay-line detector.",
            "Choose a file with x, y and t per train, Stream_0 to Stream_2, or DLD1.",
            source.slot,
        )
    return found[0]
