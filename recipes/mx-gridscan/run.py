"""Spots per image of a grid scan, found by DIALS, laid out on the grid."""

from __future__ import annotations

import json
import re
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from parameters import Parameters

from pandaas.sdk import (
    Field,
    Inputs,
    Plot,
    Program,
    ProgramFailed,
    RecipeError,
    current_job,
    installed_program,
    progress,
    warn,
    write_result,
)

_FOUND = re.compile(r"Found \d+ strong pixels on image (\d+)")
_NONE = -1.0  # what DIALS says where no resolution can be estimated


def run(inputs: Inputs, parameters: Parameters, output: Path) -> None:
    """Import, find spots, count, lay out, write."""
    files = [name for source in inputs["images"] for name in source.files]
    _check(files, parameters)
    dials = installed_program()
    with tempfile.TemporaryDirectory() as folder:
        counts = count_spots(dials, files, parameters, folder)
    spots = np.array(counts["n_spots_no_ice" if parameters.no_ice else "n_spots_total"], dtype=float)
    if len(spots) != len(files):
        raise RecipeError(
            f"DIALS counted {len(spots)} images where {len(files)} files were given.",
            "Choose files of one image each.",
            "images",
        )
    resolution = np.array(counts["estimated_d_min"], dtype=float)
    resolution[resolution == _NONE] = np.nan
    intensity = np.array(counts["total_intensity"], dtype=float)
    best = int(np.argmax(spots))
    if spots.max() < 10:
        warn("No image shows more than a few spots: there is no crystal, or the beam missed it.")
    sys.stdout.write(
        f"most spots: {spots[best]:.0f} in image {best + 1}; all: {', '.join(f'{n:.0f}' for n in spots)}\n"
    )
    write_result(
        str(output / "result.nxs"),
        title=f"Spots in {len(files)} images",
        process={"program": "DIALS", "version": dials.version, "parameters": parameters},
        plots=_plots(spots, resolution, intensity, parameters),
        default="map" if parameters.columns else "spots",
        collections={
            "results": [
                Field("best_image", best + 1, "", "With the most spots, counted from 1"),
                Field("most_spots", spots[best]),
                Field("best_resolution", float(resolution[best]), "angstrom", "Estimated from its spots"),
                Field("images", len(files)),
                Field("spots", float(spots.sum())),
            ],
            "files": [Field("names", np.array([Path(name).name for name in files]))],
        },
        inputs=inputs.all(),
    )


def count_spots(dials: Program, files: list[str], parameters: Parameters, folder: str) -> dict[str, list[float]]:
    """DIALS' own table of counts, one entry per image in the order of `files`."""
    job = current_job()
    cores = job.cores if job is not None else 1
    options = {
        "spotfinder.filter.d_min": parameters.d_min,
        "spotfinder.filter.d_max": parameters.d_max,
        "spotfinder.filter.min_spot_size": parameters.min_spot_size,
        "spotfinder.threshold.dispersion.gain": parameters.gain,
        "spotfinder.threshold.dispersion.sigma_strong": parameters.sigma_strong,
    }
    given = [f"{name}={value}" for name, value in options.items() if value is not None]
    number = 0

    def tell(line: str) -> None:
        nonlocal number
        if _FOUND.match(line):
            number += 1
            progress(0.1 + 0.8 * min(number / len(files), 1.0), f"Image {number} of {len(files)}")

    # Names in order: DIALS sorts what it is given by name, and a scan may have begun anew in another folder.
    linked = []
    for place, name in enumerate(files):
        endings = "".join(Path(name).suffixes[-2:]) if name.endswith((".bz2", ".gz", ".xz")) else Path(name).suffix
        link = Path(folder, f"image_{place + 1:06d}{endings}")
        link.symlink_to(name)
        linked.append(link.name)
    progress(0.02, "Reading headers")
    try:
        dials.run("dials.import", [*linked, "output.experiments=images.expt"], folder)
        progress(0.1, "Finding spots")
        words = ["images.expt", f"spotfinder.mp.nproc={cores}", "output.reflections=strong.refl", *given]
        dials.run("dials.find_spots", words, folder, tell)
        progress(0.9, "Counting")
        dials.run("dials.spot_counts_per_image", ["images.expt", "strong.refl", "json=counts.json"], folder)
    except ProgramFailed as error:
        raise RecipeError(
            f"{error.name} can't work on these images: {error.reason}",
            "See the log for all that it said. The images must be diffraction images of one detector.",
            "images",
        ) from error
    found: dict[str, list[float]] = json.loads(Path(folder, "counts.json").read_text("utf-8"))
    return found


def _check(files: list[str], parameters: Parameters) -> None:
    if parameters.columns and len(files) % parameters.columns:
        raise RecipeError(
            f"{len(files)} images don't make whole rows of {parameters.columns}.", "Correct the columns.", "columns"
        )
    missing = next((name for name in files if not Path(name).is_file()), None)
    if missing is not None:
        raise RecipeError(f"'{Path(missing).name}' is not there.", "Choose other images.", "images")


def _plots(
    spots: NDArray[Any], resolution: NDArray[Any], intensity: NDArray[Any], parameters: Parameters
) -> list[Plot]:
    name = "Spots without ice" if parameters.no_ice else "Spots"
    axis = [Field("image", np.arange(1, len(spots) + 1), "", "Image")]
    found = [
        Plot(
            "spots",
            Field("spots", spots, "", name),
            axis,
            errors=np.sqrt(spots),
            title=f"{name} per image",
            scales=("linear", "linear"),
        ),
        Plot(
            "resolution",
            Field("d_min", resolution, "angstrom", "Estimated resolution"),
            axis,
            title="How far each image diffracts (smaller is better)",
            scales=("linear", "linear"),
        ),
        Plot(
            "intensity",
            Field("intensity", intensity, "counts", "Intensity of all spots"),
            axis,
            title="Intensity of all spots",
            scales=("linear", "linear"),
        ),
    ]
    if parameters.columns:
        grid = laid_out(spots, parameters.columns, snake=parameters.snake)
        unit, step = ("um", parameters.step) if parameters.step else ("", 1.0)
        axes = [
            Field(n, (np.arange(size) + (0 if parameters.step else 1)) * step, unit, label)
            for n, size, label in (("row", grid.shape[0], "Row"), ("column", grid.shape[1], "Column"))
        ]
        plot = Plot("map", Field("spots", grid, "", name), axes, np.sqrt(grid), f"{name} over the grid")
        found.insert(0, Plot(**{**vars(plot), "interpretation": "image"}))
    return found


def laid_out(values: NDArray[Any], columns: int, *, snake: bool) -> NDArray[Any]:
    """Rows × columns from the order of exposure."""
    grid = values.reshape(-1, columns).copy()
    if snake:
        grid[1::2] = grid[1::2, ::-1]
    return grid
