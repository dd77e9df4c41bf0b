"""What is done to one sinogram: stripes out, centre of rotation, reconstruction. All by algotom."""

from __future__ import annotations

import os
import tempfile
from typing import Any

os.environ.setdefault("NUMBA_THREADING_LAYER", "workqueue")  # the only one that survives a fork
os.environ["NUMBA_NUM_THREADS"] = (
    "1"  # whatever the job has: algotom's threads lose sums that two add to one pixel at once
)
os.environ.setdefault("NUMBA_CACHE_DIR", f"{tempfile.gettempdir()}/numba")

import numpy as np
from algotom.prep import calculation, removal
from algotom.rec import reconstruction
from numpy.typing import NDArray
from parameters import Parameters

from pandaas.sdk import RecipeError, warn


def without_stripes(sinogram: NDArray[Any], parameters: Parameters) -> NDArray[Any]:
    """The sinogram (projections, columns) of -ln(transmission) with its stripes removed."""
    size = parameters.stripe_size
    if parameters.stripes == "sorting":
        return np.asarray(removal.remove_stripe_based_sorting(sinogram, size))
    if parameters.stripes == "filtering":
        return np.asarray(removal.remove_stripe_based_filtering(sinogram, 3, size))
    if parameters.stripes == "all":
        return np.asarray(removal.remove_all_stripe(sinogram, la_size=2 * size + 9, sm_size=size))
    return sinogram


def find_centre(transmission: NDArray[Any], angles: NDArray[Any], parameters: Parameters) -> float:
    """Vo's centre of rotation, in pixels, from half a turn of the sinogram (projections, columns)."""
    half = np.abs(angles - angles[0]) <= np.pi + 1e-6
    span = float(np.ptp(angles[half]))
    if span < np.deg2rad(170):
        raise RecipeError(
            f"The scan covers {np.rad2deg(span):.0f}°; the centre can't be found from less than half a turn.",
            "Enter the centre.",
            "centre",
        )
    width = transmission.shape[1]
    reach = parameters.centre_search * width
    found = float(
        calculation.find_center_vo(
            transmission[half], start=width // 2 - reach, stop=width // 2 + reach, step=0.25, ncore=1
        )
    )
    if abs(found - width // 2) >= reach - 1:
        warn(f"The centre was found at the end of the range searched ({found:g}): search within a larger share.")
    return found


def reconstruct(
    sinogram: NDArray[Any], centre: float, angles: NDArray[Any], parameters: Parameters
) -> NDArray[np.float32]:
    """One slice (columns, columns) of attenuation per pixel from -ln(transmission) (projections, columns)."""
    options: dict[str, Any] = {
        "angles": angles,
        "ratio": parameters.circle,
        "filter_name": _window(parameters),
        "apply_log": False,
        "ncore": 1,
    }
    if parameters.method == "dfi":
        return np.float32(reconstruction.dfi_reconstruction(sinogram, centre, **options))
    return np.float32(reconstruction.fbp_reconstruction(sinogram, centre, gpu=False, **options))


def fbp_at(
    places: NDArray[Any], sinogram: NDArray[Any], centre: float, angles: NDArray[Any], parameters: Parameters
) -> NDArray[Any]:
    """Some voxels of the slice that algotom's filtered back projection gives: those at `places` (x and y from the middle).

    The whole slice costs as much as its back projection, which algotom has for whole slices only.
    """
    filtered = reconstruction.apply_ramp_filter(sinogram, filter_name=_window(parameters))
    columns = np.arange(sinogram.shape[1])
    found = np.zeros(places.shape[1])
    for line, angle in zip(filtered, angles, strict=True):
        across = places[0] * np.cos(angle) - places[1] * np.sin(angle) + centre
        found += np.interp(across, columns, line, left=0, right=0)
    return found * np.pi / (len(angles) - 1)


def _window(parameters: Parameters) -> str | None:
    return None if parameters.filter == "none" else parameters.filter
