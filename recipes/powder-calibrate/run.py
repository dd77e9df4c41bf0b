"""Geometry of a detector from the rings of a calibrant, with pyFAI."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pyFAI
from calibration import Calibration, calibrate
from numpy.typing import NDArray
from parameters import Parameters

from pandaas.sdk import Field, Frames, Inputs, Plot, RecipeError, progress, write_result

_FLIPS = {
    "as_stored": (1, 1),
    "flip_vertical": (-1, 1),
    "flip_horizontal": (1, -1),
    "rotate_180": (-1, -1),
}


def run(inputs: Inputs, parameters: Parameters, output: Path) -> None:
    """Read the image, refine, write the pattern with the rings, the geometry and a PONI text."""
    source = inputs.one("image")
    rows, columns = _FLIPS[parameters.orientation]
    stored = Frames(source, parameters.array).frame(0)
    image = np.ascontiguousarray(stored[::rows, ::columns])
    mask = _invalid(image, parameters.maximum_counts)
    values = np.where(mask, 0, image).astype(np.float64)
    if mask.all() or not np.any(values > 0):
        raise RecipeError("The image holds no counts.", "Choose another image.", "image")
    progress(0.05, "Looking for rings")
    found = calibrate(values, mask, parameters)
    _say(found)
    progress(0.95, "Writing the result")
    write_result(
        str(output / "result.nxs"),
        title=f"Geometry from {parameters.calibrant}: {source.title}",
        process={"program": "pyFAI", "version": pyFAI.version, "parameters": parameters},
        plots=_plots(found, parameters),
        default="pattern",
        collections={"geometry": _geometry(found)},
        inputs=inputs.all(),
    )


def _invalid(image: NDArray[Any], maximum: float | None) -> NDArray[np.bool_]:
    """Pixels without a measurement: not finite, negative, the largest value of unsigned integers, saturated."""
    invalid = ~np.isfinite(image) | (image < 0)
    if image.dtype.kind == "u":
        invalid |= image == np.iinfo(image.dtype).max
    if maximum is not None:
        invalid |= image > maximum
    return np.asarray(invalid)


def _plots(found: Calibration, parameters: Parameters) -> list[Plot]:
    nearest = np.abs(found.two_theta[:, None] - found.rings[None, :]).min(axis=1) if len(found.rings) else np.ones(1)
    step = float(found.two_theta[1] - found.two_theta[0])
    # Below the pattern, which they would hide: a comb whose teeth end just under zero.
    sticks = float(np.nanmax(found.intensity)) * np.where(nearest <= step / 2, -0.01, -0.05)
    pixels = found.points[:, :2]
    expected = found.points[:, 2].astype(int)
    order = np.argsort(expected, kind="stable")
    measured = np.degrees(found.integrator.tth(pixels[:, 0], pixels[:, 1]))
    from pyFAI.calibrant import get_calibrant

    calibrant = get_calibrant(parameters.calibrant, wavelength=parameters.wavelength * 1e-10)
    literature = np.degrees(np.asarray(calibrant.get_2th()))[expected]
    return [
        Plot(
            "pattern",
            Field("I", found.intensity, "counts", "Intensity"),
            [Field("two_theta", found.two_theta, "deg", "Scattering angle 2θ")],
            errors=found.errors,
            auxiliary=[Field("rings", sticks, "counts", f"Rings of {parameters.calibrant}")],
            title=f"{parameters.calibrant} with the refined geometry; points within {found.deviation:.4f}° of the rings",
        ),
        Plot(
            "deviation",
            Field("deviation", (measured - literature)[order], "deg", "2θ of the points less 2θ of the ring"),
            [Field("point", np.arange(len(order)), None, "Point, from the innermost ring outwards")],
            title="Distance of each point from its ring",
        ),
    ]


def _geometry(found: Calibration) -> list[Field]:
    integrator = found.integrator
    fit2d = integrator.getFit2D()
    rows: list[tuple[str, str, str]] = [
        ("dist", "m", "Distance to the point of normal incidence"),
        ("poni1", "m", "Point of normal incidence, along columns"),
        ("poni2", "m", "Point of normal incidence, along rows"),
        ("rot1", "rad", "Rotation about the vertical"),
        ("rot2", "rad", "Rotation about the horizontal"),
    ]
    fields = [
        Field(
            name,
            float(getattr(integrator, name)),
            unit,
            label,
            {"uncertainty": found.sigma[name]} if name in found.sigma else {},
        )
        for name, unit, label in rows
    ]
    return [
        *fields,
        Field("wavelength", float(integrator.wavelength), "m"),
        Field("pixel1", float(integrator.pixel1), "m"),
        Field("pixel2", float(integrator.pixel2), "m"),
        Field("distance_along_beam", float(fit2d["directDist"]), "mm", "From sample to detector along the beam"),
        Field("beam_center_x", float(fit2d["centerX"]), "pixel"),
        Field("beam_center_y", float(fit2d["centerY"]), "pixel"),
        Field("tilt", float(fit2d["tilt"]), "deg"),
        Field("points", len(found.points)),
        Field("deviation", found.deviation, "deg", "Root mean square distance of the points from their rings"),
        Field("poni", _poni(integrator), label="The geometry as a PONI file"),
    ]


def _poni(integrator: Any) -> str:
    lines = {
        "PixelSize1": integrator.pixel1,
        "PixelSize2": integrator.pixel2,
        "Distance": integrator.dist,
        "Poni1": integrator.poni1,
        "Poni2": integrator.poni2,
        "Rot1": integrator.rot1,
        "Rot2": integrator.rot2,
        "Rot3": integrator.rot3,
        "Wavelength": integrator.wavelength,
    }
    return "".join(f"{name}: {float(value)!r}\n" for name, value in lines.items())


def _say(found: Calibration) -> None:
    units = {"dist": "m", "poni1": "m", "poni2": "m", "rot1": "rad", "rot2": "rad"}
    lines = [
        f"{name} = {float(getattr(found.integrator, name)):.8g} ± {sigma:.2g} {units[name]}"
        for name, sigma in found.sigma.items()
    ]
    lines.append(f"{len(found.points)} points within {found.deviation:.4f}° of the rings")
    sys.stdout.write("\n".join(lines) + "\n" + _poni(found.integrator))
