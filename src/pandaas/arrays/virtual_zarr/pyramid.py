"""Images at lower resolutions, as OME-NGFF 0.5 multiscales (https://ngff.openmicroscopy.org/0.5/).

Level 0 is the array itself. Each further level halves the last two axes; its chunks are whole images, the means of blocks
of the image's own pixels, computed when they are asked for. There are levels only where that is cheap.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import h5py
import numpy as np

from pandaas.arrays.links import Place
from pandaas.arrays.virtual_zarr import grid
from pandaas.arrays.virtual_zarr.chunks import Source, filled, zstd
from pandaas.arrays.virtual_zarr.form import ZSTD, Codec, Form
from pandaas.codecs import bin_by_mean, statistics

_SMALLEST_EDGE = 16
_ENOUGH = 512  # pixels: a level this small needs no smaller one
_MOST_LEVELS = 6
_MOST_DECODED = 128 << 20  # bytes decoded for one image
_MOST_AXES = 5  # of NGFF


@dataclass(frozen=True)
class Pyramid:
    """The levels of an image or of a stack of images."""

    form: Form
    levels: int

    @property
    def axis_names(self) -> tuple[str, ...]:
        return ("t", "c", "z", "y", "x")[-len(self.form.shape) :]

    @property
    def codecs(self) -> tuple[Codec, ...]:
        """Of the levels above 0."""
        own: Codec = {"name": "bytes"}
        if self.form.dtype.itemsize > 1:
            own["configuration"] = {"endian": "little"}
        return own, ZSTD

    def shape(self, level: int) -> tuple[int, ...]:
        *outer, rows, columns = self.form.shape
        return (*outer, -(-rows // (1 << level)), -(-columns // (1 << level)))

    def chunk(self, level: int) -> tuple[int, ...]:
        """Of a level above 0: one image."""
        shape = self.shape(level)
        return (*[1] * (len(shape) - 2), *shape[-2:])

    def multiscale(self) -> dict[str, Any]:
        """What NGFF says of the levels. Pixels of a level lie in the middle of those they stand for."""
        outer = len(self.form.shape) - 2
        datasets = []
        for level in range(self.levels):
            factor = float(1 << level)
            middle = (factor - 1) / 2
            steps: list[dict[str, Any]] = [{"type": "scale", "scale": [1.0] * outer + [factor, factor]}]
            if level:
                steps.append({"type": "translation", "translation": [0.0] * outer + [middle, middle]})
            datasets.append({"path": str(level), "coordinateTransformations": steps})
        axes: list[dict[str, str]] = [_axis(name) for name in self.axis_names]
        return {"axes": axes, "datasets": datasets, "type": "mean"}


def pyramid_of(place: Place, form: Form) -> Pyramid | None:
    """The pyramid of an image-like array, None for other arrays and where an image costs too much to decode."""
    dataset = place.object
    if not isinstance(dataset, h5py.Dataset) or form.dtype.kind not in "iuf" or form.is_text:
        return None
    if not 2 <= len(form.shape) <= _MOST_AXES or min(form.shape[-2:]) < _SMALLEST_EDGE or not math.prod(form.shape):
        return None
    if _decoded(dataset, form) > _MOST_DECODED:
        return None
    longest = max(form.shape[-2:])
    levels = 1 + max(0, math.ceil(math.log2(longest / _ENOUGH)))
    return Pyramid(form, min(levels, _MOST_LEVELS))


def level_bytes(source: Source, pyramid: Pyramid, level: int, indices: tuple[int, ...]) -> bytes | None:
    """One image of a level above 0; None outside the array."""
    chunk = pyramid.chunk(level)
    cells = grid.count(pyramid.shape(level), chunk)
    if len(indices) != len(cells) or any(index >= cell for index, cell in zip(indices, cells, strict=True)):
        return None
    text = ",".join(str(index) for index in indices[:-2])
    binned = bin_by_mean(np.asarray(source.read(f"{text},:,:" if text else "")), 1 << level)
    return zstd(filled(binned.reshape(chunk), chunk, 0, pyramid.form.dtype.newbyteorder("<")).tobytes())


def contrast(source: Source, pyramid: Pyramid) -> dict[str, float] | None:
    """Between which values the first image shows something, as NGFF's `omero` says it; None where nothing was measured.

    Programs would otherwise take the largest value for white, which on detectors is the sentinel.
    """
    outer = ["0"] * (len(pyramid.form.shape) - 2)
    found = statistics(source.read(",".join([*outer, ":", ":"])), detector=True)
    if found.minimum is None or found.maximum is None:
        return None
    low, high = found.percentiles["1"], found.percentiles["99.9"]
    end = high if high > low else max(found.maximum, low + 1)
    return {"min": found.minimum, "max": max(found.maximum, end), "start": low, "end": end}


def _decoded(dataset: h5py.Dataset, form: Form) -> int:
    """Bytes that libhdf5 decodes for one image."""
    if not dataset.chunks:
        return math.prod(form.shape[-2:]) * form.dtype.itemsize
    chunk = dataset.chunks
    touched = math.prod(grid.count(form.shape[-2:], chunk[-2:]))
    return int(touched * math.prod(chunk) * form.dtype.itemsize)


def _axis(name: str) -> dict[str, str]:
    kinds = {"t": "time", "c": "channel"}
    return {"name": name, "type": kinds.get(name, "space")}
