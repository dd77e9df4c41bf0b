"""Tomographic reconstruction with algotom, in blocks of slices that fit into the memory."""

from __future__ import annotations

import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray
from parameters import Parameters
from scan import Scan, check_angles, read_scan

from pandaas.sdk import Blocks, Field, Inputs, Plot, RecipeError, current_job, progress, write_result
from pandaas.sdk.pool import run_in_order

_BLOCK_BYTES = 128 << 20
_STRIP_HEIGHT = 256
_LEAST_LEVEL = 128
_NOISE_GRID = 64


def run(inputs: Inputs, parameters: Parameters, output: Path) -> None:
    """Centre and preview from one row, then all rows block by block, slice after slice into the result."""
    scan = read_scan(inputs, parameters)
    check_angles(scan.angles, parameters)
    rows = _rows(scan, parameters)
    row = parameters.preview_slice if parameters.preview_slice is not None else (rows.start + rows.stop) // 2
    if not 0 <= row < scan.rows:
        raise RecipeError(f"The detector has no row {row}; the last is {scan.rows - 1}.", "Change it.", "preview_slice")
    if parameters.centre is not None and parameters.centre >= scan.width:
        raise RecipeError(f"The centre lies outside of the {scan.width} columns.", "Change it.", "centre")
    progress(0.02, "Looking for the centre of rotation")
    from slices import (  # algotom takes seconds to load: what is wrong before it is said at once
        find_centre,
        without_stripes,
    )

    transmission = scan.transmission(row, row + 1)[:, 0]
    centre = parameters.centre if parameters.centre is not None else find_centre(transmission, scan.angles, parameters)
    sys.stdout.write(f"centre of rotation {centre:g} pixels, found in row {row}\n")
    sinogram = without_stripes(-np.log(transmission), parameters)
    plots = _preview(sinogram, centre, scan, parameters)
    quality = _quality(sinogram, centre, scan, parameters, row)
    if parameters.only_preview:
        if not plots:
            raise RecipeError("A preview of no centres was asked for.", "Give 'Centres to each side'.", "preview_steps")
        _write(inputs, parameters, output, plots, {"quality": quality})
        return
    with h5py.File(output / "volume.h5.part", "w", libver=("earliest", "v110")) as draft:
        volume = _volume(draft, scan, rows, centre, parameters)
        levels = _pyramid(draft, volume)
        plots.insert(0, _volume_plot(volume, rows, parameters))
        _write(inputs, parameters, output, plots, {"quality": quality, "pyramid": levels})
    (output / "volume.h5.part").unlink()


def _rows(scan: Scan, parameters: Parameters) -> range:
    last = scan.rows - 1 if parameters.last_row is None else parameters.last_row
    for name, row in (("first_row", parameters.first_row), ("last_row", last)):
        if row >= scan.rows:
            raise RecipeError(f"The detector has no row {row}; the last is {scan.rows - 1}.", "Change it.", name)
    return range(parameters.first_row, last + 1)


def _volume(draft: h5py.File, scan: Scan, rows: range, centre: float, parameters: Parameters) -> h5py.Dataset:
    """Slices in parallel, blocks in order; never more than a few blocks are in memory."""
    from slices import reconstruct, without_stripes

    width = scan.width
    volume = draft.create_dataset(
        "attenuation", (len(rows), width, width), np.float32, chunks=(1, width, width), compression="gzip",
        compression_opts=1, shuffle=True,
    )  # fmt: skip
    one = max(width * width * 4, len(scan.angles) * width * 4)
    blocks = Blocks.of(len(rows), max(1, min(_BLOCK_BYTES // one, -(-len(rows) // 16))), most=1 << 20)
    scale = _per_length(parameters)

    def work(number: int) -> NDArray[np.float32]:
        start, stop = blocks[number]
        sinograms = -np.log(scan.transmission(rows.start + start, rows.start + stop))
        return np.stack(
            [
                reconstruct(without_stripes(sinograms[:, row], parameters), centre, scan.angles, parameters) * scale
                for row in range(stop - start)
            ]
        )

    job = current_job()
    cores = job.cores if job else 1
    for number, found in run_in_order(work, range(len(blocks)), min(cores, len(blocks))):
        start, stop = blocks[number]
        volume[start:stop] = found
        progress(0.1 + 0.85 * stop / len(rows), f"Slice {stop} of {len(rows)}")
    return volume


def _pyramid(draft: h5py.File, volume: h5py.Dataset) -> list[Field]:
    """Copies of half, a quarter … of the resolution along all three axes, averaged; two slices in memory at once."""
    levels: list[Field] = []
    finer = volume
    while finer.shape[1] >= 2 * _LEAST_LEVEL:
        depth, size = -(-finer.shape[0] // 2), finer.shape[1] // 2
        coarser = draft.create_dataset(
            f"level_{len(levels) + 1}", (depth, size, size), np.float32, chunks=(1, size, size)
        )
        for index in range(depth):
            pair = finer[2 * index : 2 * index + 2, : 2 * size, : 2 * size]
            coarser[index] = pair.reshape(len(pair), size, 2, size, 2).mean(axis=(0, 2, 4))
        levels.append(Field(coarser.name.lstrip("/"), coarser, label=f"Attenuation at 1/{2 ** (len(levels) + 1)}"))
        finer = coarser
    return levels


def _preview(sinogram: NDArray[Any], centre: float, scan: Scan, parameters: Parameters) -> list[Plot]:
    """The middle band of one slice for centres around the one taken."""
    from slices import reconstruct

    if parameters.preview_steps == 0:
        return []
    steps = np.arange(-parameters.preview_steps, parameters.preview_steps + 1) * parameters.preview_step + centre
    steps = steps[(steps >= 0) & (steps < scan.width)]
    middle = scan.width // 2
    band = slice(max(0, middle - _STRIP_HEIGHT // 2), min(scan.width, middle + _STRIP_HEIGHT // 2))
    strips = []
    for number, step in enumerate(steps):
        strips.append(reconstruct(sinogram, float(step), scan.angles, parameters)[band] * _per_length(parameters))
        progress(0.04 + 0.05 * (number + 1) / len(steps), f"Preview with the centre {step:g}")
    return [
        Plot(
            "centres",
            Field("attenuation", np.stack(strips), _attenuation_unit(parameters), "Attenuation"),
            [
                Field("centre", steps, "pixel", "Centre of rotation"),
                _axis("y", np.arange(band.start, band.stop), parameters),
                _axis("x", np.arange(scan.width), parameters),
            ],
            title=f"One slice with several centres (taken: {centre:g})",
            interpretation="image",
        )
    ]


def _quality(
    sinogram: NDArray[Any], centre: float, scan: Scan, parameters: Parameters, row: int
) -> list[Field]:  # fmt: skip
    """The noise of a slice: half the scatter between the slices of the even and of the odd projections, of some voxels."""
    from slices import fbp_at

    places = noise_places(scan.width, parameters.circle)
    even, odd = (fbp_at(places, sinogram[part::2], centre, scan.angles[part::2], parameters) for part in (0, 1))
    noise = float(np.std(even - odd) / 2) * _per_length(parameters)
    return [
        Field("centre", centre, "pixel", "Centre of rotation"),
        Field("centre_uncertainty", 0.25 if parameters.centre is None else 0.0, "pixel", "Step of the search"),
        Field("centre_row", row, label="Row that it was found in"),
        Field(
            "noise", noise, _attenuation_unit(parameters), "Standard deviation of a voxel (even and odd projections)"
        ),
        Field("projections", len(scan.angles)),
    ]


def noise_places(width: int, circle: float) -> NDArray[Any]:
    """A grid over the region kept, as (x, y) from the middle of the slice: enough voxels to know their scatter to some per cent."""
    x, y = np.meshgrid(*(2 * [np.arange(0, width, max(1, width // _NOISE_GRID)) - (width - 1) / 2]))
    inside = np.hypot(x, y) < 0.9 * circle * width / 2
    return np.stack([x[inside], y[inside]])


def _volume_plot(volume: h5py.Dataset, rows: range, parameters: Parameters) -> Plot:
    width = volume.shape[1]
    return Plot(
        "volume",
        Field("attenuation", volume, _attenuation_unit(parameters), "Attenuation"),
        [
            _axis("z", np.arange(rows.start, rows.stop), parameters),
            _axis("y", np.arange(width), parameters),
            _axis("x", np.arange(width), parameters),
        ],
        title="Reconstructed volume",
        interpretation="image",
    )


def _axis(name: str, pixels: NDArray[Any], parameters: Parameters) -> Field:
    if parameters.pixel_size is None:
        return Field(name, pixels.astype(float), "pixel", f"{name} (pixels)")  # viewers leave this unit out
    return Field(name, pixels * parameters.pixel_size, "um", name)


def _per_length(parameters: Parameters) -> np.float32:
    """Per pixel to 1/cm."""
    return np.float32(1.0 if parameters.pixel_size is None else 1e4 / parameters.pixel_size)


def _attenuation_unit(parameters: Parameters) -> str:
    return "1/pixel" if parameters.pixel_size is None else "1/cm"


def _write(
    inputs: Inputs, parameters: Parameters, output: Path, plots: list[Plot], collections: dict[str, list[Field]]
) -> None:
    source = inputs.one("projections")
    write_result(
        str(output / "result.nxs"),
        title=f"Reconstruction of {source.sample or source.title}",
        process={"program": "algotom", "version": version("algotom"), "parameters": parameters},
        plots=plots,
        collections=collections,
        inputs=inputs.all(),
    )
