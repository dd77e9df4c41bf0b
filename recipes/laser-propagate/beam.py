"""The beam as a pulse of lasy: from a camera's image with a Gaussian in time, or from openPMD."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from lasy.laser import Laser
from lasy.profiles import CombinedLongitudinalTransverseProfile, FromOpenPMDProfile
from lasy.profiles.longitudinal import GaussianLongitudinalProfile
from lasy.profiles.transverse import TransverseProfileFromData
from lasy.utils.exp_data_utils import find_d4sigma
from lasy.utils.laser_utils import compute_laser_energy
from numpy.typing import NDArray
from parameters import Parameters

from pandaas.sdk import Input, RecipeError, warn

_TO_METRES = {"m": 1.0, "mm": 1e-3, "um": 1e-6, "µm": 1e-6, "micron": 1e-6, "nm": 1e-9}
_BAD_SHARE = 0.05


@dataclass(frozen=True)
class Beam:
    """`laser` where the beam was given; `radius` its 1/e² radius by second moments, in m; `energy` in J."""

    laser: Laser
    wavelength: float
    radius: float
    energy: float


def read_beam(source: Input, parameters: Parameters) -> Beam:
    """The beam that `source` holds. `RecipeError` names the input or the parameter that it can't be."""
    path = next((array.path for array in source.arrays if array.path.endswith("/laserEnvelope")), None)
    return _pulse(source) if path is not None else _image(source, parameters)


def moments(fluence: NDArray[Any], axes: list[NDArray[Any]]) -> tuple[float, ...]:
    """1/e² radii along the axes by second moments (ISO 11146): twice the standard deviation, of a radial profile √2 ⟨r²⟩½."""
    if len(axes) == 1:  # fluence over r
        weights = fluence * axes[0]
        return (math.sqrt(2 * np.average(axes[0] ** 2, weights=weights)),)
    found = []
    for index, axis in enumerate(axes):
        weights = fluence.sum(axis=1 - index)
        middle = np.average(axis, weights=weights)
        found.append(2 * math.sqrt(np.average((axis - middle) ** 2, weights=weights)))
    return tuple(found)


def _pulse(source: Input) -> Beam:
    try:
        profile = FromOpenPMDProfile(source.master, envelope_name="laserEnvelope")
    except Exception as error:  # whatever lasy and openPMD-api raise for files that they don't understand
        raise RecipeError(
            f"lasy can't read '{source.title}': {error}.", "Choose a pulse that lasy wrote.", source.slot
        ) from error
    if not np.isfinite(profile.array).all() or not np.abs(profile.array).any():
        raise RecipeError(f"The pulse of '{source.title}' is empty or no number.", "Choose another.", source.slot)
    names = ["x", "y", "t"] if profile.dim == "xyt" else ["r", "t"]
    axes = [np.asarray(profile.axes[name]) for name in names]
    low = [0.0 if name == "r" else float(axis[0]) for name, axis in zip(names, axes, strict=True)]
    high = [float(axis[-1]) for axis in axes]
    modes = (profile.array.shape[0] + 1) // 2 if profile.dim == "rt" else 1
    laser = Laser(profile.dim, low, high, tuple(len(axis) for axis in axes), profile, n_azimuthal_modes=modes)
    radius = max(moments(fluence_of(laser.grid), laser.grid.axes[:-1]))
    return Beam(laser, profile.lambda0, radius, float(compute_laser_energy(laser.dim, laser.grid)))


def fluence_of(grid: Any) -> NDArray[Any]:
    """J/m² over (x, y), or over r: of azimuthal modes the average over all angles."""
    from lasy.utils.laser_utils import get_laser_fluence

    found = get_laser_fluence(grid)
    return found.sum(axis=0) if len(grid.axes) == 2 and found.ndim == 2 else found


def _image(source: Input, parameters: Parameters) -> Beam:
    array = source.array()
    if len(array.shape) != 2 or min(array.shape) < 8:
        raise RecipeError(
            f"'{source.title}' holds no image of a beam but an array of shape {array.shape}.",
            "Choose an image of at least 8 × 8 pixels.",
            source.slot,
        )
    steps = _pixels(source, array.path, array.shape, parameters)
    image = _cleaned(source, np.asarray(array[...], dtype=float), parameters)
    across, down = (size / 2 for size in find_d4sigma(image))
    radius = max(down * steps[0], across * steps[1])
    if min(across, down) < 1.5:
        raise RecipeError(
            f"The beam is {min(across, down):.1f} pixels wide, too few for its shape.", "Magnify it.", source.slot
        )
    if max(across / image.shape[1], down / image.shape[0]) > 0.45:
        warn("The beam is about as wide as the image: what is cut at the rim is missing in all planes.")
    wavelength, tau = parameters.wavelength * 1e-9, parameters.duration * 1e-15 / math.sqrt(2 * math.log(2))
    half = (image.shape[1] * steps[1] / 2, image.shape[0] * steps[0] / 2)
    profile = CombinedLongitudinalTransverseProfile(
        wavelength=wavelength,
        pol=(1, 0),
        long_profile=GaussianLongitudinalProfile(wavelength, tau, 0.0),
        trans_profile=TransverseProfileFromData(image, (-half[0], -half[1]), half),
        laser_energy=parameters.energy * 1e-3,
    )
    side = _side(radius, parameters, wavelength)
    laser = Laser(
        "xyt",
        (-side, -side, -3 * tau),
        (side, side, 3 * tau),
        (parameters.points | 1, parameters.points | 1, parameters.time_points | 1),
        profile,
    )
    return Beam(laser, wavelength, radius, parameters.energy * 1e-3)


def _side(radius: float, parameters: Parameters, wavelength: float) -> float:
    """Half the grid's side: with a mirror the beam only shrinks on this grid, without one it grows along the way."""
    if parameters.focal_length is not None:
        return parameters.window * radius
    rayleigh = math.pi * radius**2 / wavelength
    ends = [(end or 0.0) * 1e-3 for end in (parameters.first, parameters.last)]
    far = max(abs(end) for end in ends) if parameters.last is not None else max(2 * rayleigh, abs(ends[0]))
    return parameters.window * radius * math.hypot(1, far / rayleigh)


def _pixels(source: Input, path: str, shape: tuple[int, ...], parameters: Parameters) -> tuple[float, float]:
    """Distances of the pixels in m, down and across."""
    if parameters.pixel_size is not None:
        return parameters.pixel_size * 1e-6, parameters.pixel_size * 1e-6
    found = []
    group = source.open()[path.rpartition("/")[0] or "/"]
    names = [
        name.decode() if isinstance(name, bytes) else str(name) for name in np.atleast_1d(group.attrs.get("axes", []))
    ]
    for name, length in zip(names, shape, strict=False):
        unit = str(group[name].attrs.get("units", "")) if name in group else ""
        if name in group and group[name].shape == (length,) and unit in _TO_METRES:
            found.append(abs(float(np.mean(np.diff(group[name][()])))) * _TO_METRES[unit])
    if len(found) != 2 or min(found) <= 0:
        raise RecipeError(f"'{source.title}' doesn't say how large a pixel is.", "Give the pixel size.", "pixel_size")
    return found[0], found[1]


def _cleaned(source: Input, image: NDArray[Any], parameters: Parameters) -> NDArray[Any]:
    """Without background and noise; pixels that are no numbers hold no light."""
    bad = ~np.isfinite(image)
    if bad.mean() > _BAD_SHARE:
        raise RecipeError(f"{bad.mean():.0%} of the pixels are no numbers.", "Choose another image.", source.slot)
    if bad.any():
        warn(f"{int(bad.sum())} pixels are no numbers and count as dark.")
    image = np.where(bad, 0.0, image)
    rim = np.concatenate([image[0], image[-1], image[:, 0], image[:, -1]])
    if parameters.background == "rim":
        image = image - np.median(rim)
    if image.max() <= 0:
        raise RecipeError(
            f"'{source.title}' shows no light.", "Choose another image, or background 'none'.", source.slot
        )
    share = parameters.threshold
    least = 3 * float(rim.std()) if share is None else share * float(image.max())
    return np.where(image < max(least, 0.0), 0.0, image)
