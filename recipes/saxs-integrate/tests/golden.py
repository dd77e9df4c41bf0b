"""pyFAI called directly, as a person would in a notebook: what the recipe must give. Runs in the recipe's environment.

python golden.py data.h5 out.npz unit npt splitting
"""

from __future__ import annotations

import sys

import h5py
import numpy as np
import pyFAI.detectors
from pyFAI.integrator.azimuthal import AzimuthalIntegrator

source, target, unit, npt, splitting = sys.argv[1:6]
with h5py.File(source) as file:
    images = file["entry/data/data"][()]
    detector = file["entry/instrument/detector"]
    pixel = float(detector["x_pixel_size"][()])
    integrator = AzimuthalIntegrator(detector=pyFAI.detectors.Detector(pixel, pixel, max_shape=images.shape[1:]))
    integrator.setFit2D(
        float(detector["distance"][()]) * 1e3,
        float(detector["beam_center_x"][()]),
        float(detector["beam_center_y"][()]),
        wavelength=float(file["entry/instrument/monochromator/wavelength"][()]),
    )
    mask = (detector["pixel_mask"][()] != 0) | (images[0] == np.iinfo(images.dtype).max)
results = [
    integrator.integrate1d(
        image,
        int(npt),
        unit=unit,
        mask=mask,
        error_model="poisson",
        method=(splitting, "csc", "cython"),
        dummy=float(np.iinfo(images.dtype).max),
        delta_dummy=float(np.iinfo(images.dtype).max) * 2.0**-22,
    )
    for image in images
]
np.savez(
    target,
    radial=results[0].radial,
    intensity=np.stack([result.intensity for result in results]),
    sigma=np.stack([result.sigma for result in results]),
    signal=sum(result.sum_signal for result in results),
    variance=sum(result.sum_variance for result in results),
    norm=sum(result.sum_normalization for result in results),
)
