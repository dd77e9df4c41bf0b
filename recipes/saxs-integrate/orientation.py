"""Does the image lie the way the geometry says? Cameras and programs disagree on the first row, and the answer is silently wrong.

An isotropic pattern is constant on circles around the beam. For each way of turning the image the share of the pixels'
variance that the radius explains is computed; the right one explains most. Counts are transformed to unit variance first
(Anscombe: 2√(N + 3/8), Biometrika 35, 246, 1948), so that noise weighs the same everywhere. A pattern centred on the
detector looks the same in all four orientations; then nothing is said.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from masking import _FLIPS, turned
from numpy.typing import NDArray
from pyFAI.calibrant import CALIBRANT_FACTORY, get_calibrant
from pyFAI.integrator.azimuthal import AzimuthalIntegrator

from pandaas.sdk import RecipeError, warn

_BINS = 400
_PIXELS = 500_000  # a sample of this many pixels decides as well as all
_RESIDUAL_RATIO = 0.75  # another orientation leaves at most this share of the unexplained variance, or
_GAIN = (1.5, 0.1)  # explains this many times as much, and at least this share of all more
_RING_TOLERANCE_DEG = 0.15
ORIENTATIONS = tuple(_FLIPS)
_WORDS = {
    "as_stored": "as stored",
    "flip_vertical": "flipped vertically",
    "flip_horizontal": "flipped horizontally",
    "rotate_180": "rotated by 180°",
}


def explained_variance(stored: NDArray[Any], stored_mask: NDArray[np.bool_], radius: NDArray[Any]) -> dict[str, float]:
    """For each orientation the share (0..1) of the variance on the image that the radius explains.

    `stored` and `stored_mask` are as stored; `radius` is the radial coordinate of the turned image's pixels.
    """
    step = max(1, round((stored.size / _PIXELS) ** 0.5))
    edges = np.linspace(radius.min(), radius.max(), _BINS + 1)[1:-1]
    bins = np.searchsorted(edges, radius[::step, ::step].ravel())
    shares = {}
    for orientation in ORIENTATIONS:
        image = turned(stored, orientation)[::step, ::step].ravel()
        valid = ~turned(stored_mask, orientation)[::step, ::step].ravel()
        shares[orientation] = _share(image[valid], bins[valid])
    return shares


def check_orientation(
    stored: NDArray[Any], stored_mask: NDArray[np.bool_], integrator: AzimuthalIntegrator, chosen: str
) -> str | None:
    """Warn when another orientation fits clearly better; returns that orientation, else None."""
    radius = integrator.array_from_unit(stored.shape, "center", "r_mm")
    shares = explained_variance(stored, stored_mask, radius)
    best = max(shares, key=lambda name: shares[name])
    if best == chosen or not _is_clearly_better(shares[best], shares[chosen]):
        return None
    warn(
        f"The image seems to lie differently from what the geometry says: {_WORDS[best]} the distance from the beam"
        f" explains {shares[best]:.0%} of its variation, {_WORDS[chosen]} only {shares[chosen]:.0%}."
        f" Run again with the image orientation '{best}', and compare."
    )
    return best


def _is_clearly_better(other: float, chosen: float) -> bool:
    factor, margin = _GAIN
    return 1 - other <= _RESIDUAL_RATIO * (1 - chosen) or (other >= factor * chosen and other - chosen >= margin)


def check_calibrant(name: str, two_theta_deg: NDArray[Any], intensity: NDArray[Any], wavelength: float) -> None:
    """Warn when fewer than half of the calibrant's rings on the detector are where they should be.

    `two_theta_deg` in ascending order, `wavelength` in metres. A ring counts as found when the highest point within
    ±0.15° stands out of its surroundings and lies in the inner half of that window.
    """
    if name not in CALIBRANT_FACTORY:
        known = ", ".join(sorted(CALIBRANT_FACTORY.keys())[:12])
        raise RecipeError(f"'{name}' is not a known calibrant.", f"Known are {known} …", "calibrant")
    expected = np.degrees(np.asarray(get_calibrant(name, wavelength=wavelength).get_2th()))
    valid = np.isfinite(intensity)
    angle, curve = two_theta_deg[valid], intensity[valid]
    inside = expected[(expected > angle[0] + 0.3) & (expected < angle[-1] - 0.3)][:10]
    if len(inside) == 0:
        warn(f"No ring of {name} falls on the detector with this geometry.")
        return
    found = sum(_has_ring(angle, curve, position) for position in inside)
    if found < len(inside) / 2:
        warn(
            f"Only {found} of the first {len(inside)} rings of {name} are where the geometry puts them."
            " Check distance, wavelength, beam centre and image orientation."
        )


def _has_ring(angle: NDArray[Any], curve: NDArray[Any], position: float) -> bool:
    near = np.abs(angle - position) <= _RING_TOLERANCE_DEG
    around = np.abs(angle - position) <= 4 * _RING_TOLERANCE_DEG
    if near.sum() < 3:
        return False
    peak = int(np.argmax(np.where(near, curve, -np.inf)))
    level, spread = np.median(curve[around]), np.median(np.abs(curve[around] - np.median(curve[around])))
    centred = abs(angle[peak] - position) <= _RING_TOLERANCE_DEG / 2
    return bool(centred and curve[peak] > level + 3 * max(spread, 1e-12))


def _share(values: NDArray[Any], bins: NDArray[Any]) -> float:
    """1 - (variance within bins / total variance) of the variance-stabilised counts, spots clipped."""
    counts = np.maximum(values.astype(float), 0)
    steady = 2 * np.sqrt(np.minimum(counts, np.quantile(counts, 0.999)) + 0.375)
    number = np.bincount(bins, minlength=_BINS)
    mean = np.bincount(bins, weights=steady, minlength=_BINS) / np.maximum(number, 1)
    total = float(steady.var())
    return 1 - float(np.mean((steady - mean[bins]) ** 2)) / total if total > 0 else 0.0
