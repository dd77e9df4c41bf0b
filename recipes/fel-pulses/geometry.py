"""Where the detector's pixels stand: EXtra-geom, from a CrystFEL geometry file or from the quadrants' positions."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Any

import extra_geom
import numpy as np
from numpy.typing import NDArray
from parameters import Parameters
from pyFAI.integrator.azimuthal import AzimuthalIntegrator

from pandaas.sdk import Input, RecipeError, warn

# EXtra-geom's class, its own example of the quadrants' positions (pixels for AGIPD, else mm), shape of a module.
DETECTORS: dict[str, tuple[Any, tuple[tuple[float, float], ...]]] = {
    "AGIPD1M": (extra_geom.AGIPD_1MGeometry, ((-525, 625), (-550, -10), (520, -160), (542.5, 475))),
    "LPD1M": (extra_geom.LPD_1MGeometry, ((11.4, 299), (-11.5, 8), (254.5, -16), (278.5, 275))),
    "DSSC1M": (extra_geom.DSSC_1MGeometry, ((-124.1, 3.112), (-133.068, -110.604), (0.988, -125.236), (4.528, -4.912))),
}
_HC = 1.23984198e-9  # keV m
_MAX_OVERLAP = 0.02  # of a module's area; rounding makes neighbours touch


@dataclass(frozen=True)
class Geometry:
    """`modules` is EXtra-geom's geometry, `integrator` pyFAI's for all modules below each other; `source` in words."""

    modules: Any
    integrator: Any
    source: str


def resolve(run: Input, detector: str, parameters: Parameters) -> Geometry:
    """The geometry that the form, the file beside the run or EXtra-geom's example gives, in this order."""
    kind, example = DETECTORS[detector]
    files = [name for name in run.attachments if name.lower().endswith(".geom")]
    if parameters.quadrants:
        corners = [tuple(float(number) for number in pair.split(",")) for pair in parameters.quadrants.split(";")]
        modules, source = kind.from_quad_positions(corners), "positions of the quadrants"
    elif len(files) > 1:
        raise RecipeError(
            f"{len(files)} geometry files lie beside the run.", "Leave one, or enter the quadrants.", "quadrants"
        )
    elif files:
        modules, source = _from_file(kind, files[0]), files[0].rsplit("/", 1)[-1]
    else:
        warn("No geometry was given: EXtra-geom's example positions are used, so q is approximate near the beam.")
        modules, source = kind.from_quad_positions(list(example)), "EXtra-geom's example"
    _check(modules, "quadrants")
    integrator = AzimuthalIntegrator(
        dist=parameters.distance / 1e3, detector=modules.to_pyfai_detector(), wavelength=_HC / parameters.photon_energy
    )
    integrator.empty = np.nan
    return Geometry(modules, integrator, source)


def _from_file(kind: Any, path: str) -> Any:
    name = path.rsplit("/", 1)[-1]
    try:
        return kind.from_crystfel_geom(path)
    except Exception as error:
        raise RecipeError(
            f"{name} is no geometry of this detector: {type(error).__name__} {error}.",
            "Put the run's own CrystFEL geometry file beside it, or enter the quadrants.",
            "quadrants",
        ) from error


def _check(modules: Any, field: str) -> None:
    """Modules can't stand on one another; where they seem to, the positions are wrong."""
    positions: NDArray[Any] = modules.get_pixel_positions()[..., :2]
    if not np.isfinite(positions).all() or np.abs(positions).max() > 5:
        raise RecipeError("The geometry puts modules metres away from the beam.", "Check its unit.", field)
    flat = positions.reshape(len(positions), -1, 2)
    low, high = flat.min(axis=1), flat.max(axis=1)
    for one, other in itertools.combinations(range(len(flat)), 2):
        sides = np.minimum(high[one], high[other]) - np.maximum(low[one], low[other])
        if (sides > 0).all() and sides.prod() > _MAX_OVERLAP * (high[one] - low[one]).prod():
            raise RecipeError(
                f"With this geometry module {one} lies on module {other}.",
                "Check the positions: quadrants counted from the upper left against the clock, AGIPD in pixels, others in mm.",
                field,
            )
