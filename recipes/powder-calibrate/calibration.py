"""pyFAI's own refinement: points on the rings, ring by ring from the centre, and a least-squares geometry."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from parameters import Parameters
from pyFAI.calibrant import CALIBRANT_FACTORY, get_calibrant
from pyFAI.detectors import Detector
from pyFAI.geometry import Geometry
from pyFAI.goniometer import SingleGeometry
from pyFAI.integrator.azimuthal import AzimuthalIntegrator

from pandaas.sdk import RecipeError, progress, warn

_POINTS_PER_DEGREE = 0.5
_POOR_DEG = 0.03
_BINS = 2000
_SEED = 0
_NAMES = ("dist", "poni1", "poni2", "rot1", "rot2")
_HELD = ("wavelength", "rot3")
_TILT = ("rot1", "rot2")


@dataclass(frozen=True)
class Calibration:
    """The refined geometry, what its points say, and the image integrated with it. Angles of curves in degrees."""

    integrator: AzimuthalIntegrator
    sigma: dict[str, float]
    points: NDArray[Any]
    deviation: float
    two_theta: NDArray[Any]
    intensity: NDArray[Any]
    errors: NDArray[Any]
    rings: NDArray[Any]


def calibrate(image: NDArray[Any], mask: NDArray[np.bool_], parameters: Parameters) -> Calibration:
    """Refine the geometry. `RecipeError` when the calibrant is unknown or its rings are not on the image."""
    if parameters.calibrant not in CALIBRANT_FACTORY:
        known = ", ".join(sorted(CALIBRANT_FACTORY.keys())[:15])
        raise RecipeError(f"'{parameters.calibrant}' is not a known calibrant.", f"Known are {known} …", "calibrant")
    calibrant = get_calibrant(parameters.calibrant, wavelength=parameters.wavelength * 1e-10)
    height = parameters.pixel_size_y or parameters.pixel_size_x
    detector = Detector(height * 1e-6, parameters.pixel_size_x * 1e-6, max_shape=image.shape)
    detector.mask = mask
    start = Geometry(detector=detector, wavelength=parameters.wavelength * 1e-10)
    start.setFit2D(parameters.distance, parameters.beam_center_x, parameters.beam_center_y)
    np.random.seed(_SEED)  # pyFAI draws the points of a ring at random
    single = SingleGeometry("image", image, calibrant=calibrant, detector=detector, geometry=start)
    _refine(single, parameters)
    refined = single.geometry_refinement
    points = np.asarray(refined.data, dtype=float)
    deviation = math.degrees(math.sqrt(refined.chi2() / len(points)))
    if deviation > _POOR_DEG:
        warn(
            f"The points lie {deviation:.3f}° off the rings (root mean square): the refinement ended in a wrong minimum."
            " Begin nearer to the truth, check the image's orientation, or use fewer rings."
        )
    integrator = single.get_ai()
    found = integrator.integrate1d(
        image, _BINS, unit="2th_deg", mask=mask, error_model="poisson", method=("bbox", "csr", "cython")
    )
    rings = np.degrees(np.asarray(calibrant.get_2th()))
    inside = rings[(rings > found.radial[0]) & (rings < found.radial[-1])]
    sigma = _sigma(refined, points, parameters)
    return Calibration(integrator, sigma, points, deviation, found.radial, found.intensity, found.sigma, inside)


def _refine(single: SingleGeometry, parameters: Parameters) -> None:
    """Few rings with the detector upright first, then more, with its tilt."""
    stages = sorted({min(number, parameters.rings) for number in (2, 4, 8, parameters.rings)})
    for step, rings in enumerate(stages):
        progress(0.1 + 0.8 * step / len(stages), f"{rings} rings")
        single.extract_cp(max_rings=rings, pts_per_deg=_POINTS_PER_DEGREE)
        count = 0 if single.geometry_refinement.data is None else len(single.geometry_refinement.data)
        if count < 10:
            raise RecipeError(
                f"Only {count} points of the first {rings} rings of {parameters.calibrant} were found on the image.",
                "Check calibrant, wavelength, distance and beam centre.",
                "distance",
            )
        upright = rings <= 4 or not parameters.refine_tilt
        single.geometry_refinement.refine2(fix=[*_HELD, *(_TILT if upright else ())])


def _sigma(refined: Any, points: NDArray[Any], parameters: Parameters) -> dict[str, float]:
    """One standard deviation of each refined number, from the curvature of χ² with the scatter of the points."""
    names = _NAMES if parameters.refine_tilt else _NAMES[:3]
    best = np.array([getattr(refined, name) for name in names], dtype=float)
    rows, columns = points[:, 0], points[:, 1]

    def angles(values: NDArray[Any]) -> NDArray[Any]:
        other = Geometry(detector=refined.detector, **dict(zip(names, values.tolist(), strict=True)))
        if not parameters.refine_tilt:
            other.rot1, other.rot2 = refined.rot1, refined.rot2
        return np.asarray(other.tth(rows, columns))

    steps = np.array([1e-6 if name.startswith("rot") else 1e-7 for name in names])
    jacobian = np.column_stack(
        [
            (angles(best + step * unit) - angles(best - step * unit)) / (2 * step)
            for step, unit in zip(steps, np.eye(len(names)), strict=True)
        ]
    )
    variance = refined.chi2() / max(1, len(points) - len(names))
    covariance = variance * np.linalg.pinv(jacobian.T @ jacobian)
    return dict(zip(names, np.sqrt(np.diag(covariance)).tolist(), strict=True))
