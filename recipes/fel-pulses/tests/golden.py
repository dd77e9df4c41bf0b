"""EXtra-data, EXtra-geom and pyFAI called directly on a whole run: what the recipe must give. Runs in its environment.

python golden.py run-folder out.npz [npt]
"""

from __future__ import annotations

import sys

import extra_geom
import numpy as np
from extra_data import RunDirectory
from extra_data.components import AGIPD1M
from pyFAI.integrator.azimuthal import AzimuthalIntegrator

npt = int(sys.argv[3]) if len(sys.argv) > 3 else 500
detector = AGIPD1M(RunDirectory(sys.argv[1]))
frames = detector.masked_data("image.data").ndarray(module_gaps=True)
pulses = detector["image.data"].pulse_id_coordinates()
geometry = extra_geom.AGIPD_1MGeometry.from_quad_positions([(-525, 625), (-550, -10), (520, -160), (542.5, 475)])
integrator = AzimuthalIntegrator(dist=0.2, detector=geometry.to_pyfai_detector(), wavelength=1.23984198e-9 / 9.3)
integrator.empty = np.nan
curves = np.stack(
    [
        integrator.integrate1d(
            frames[:, n].reshape(-1, 128), npt, unit="q_nm^-1", method=("no", "csr", "cython"), correctSolidAngle=True
        ).intensity
        for n in range(frames.shape[1])
    ]
).astype(float)
assembled, _ = geometry.position_modules(np.nanmean(frames.astype(float), axis=1).astype(np.float32))
level = np.nanmean(frames.astype(float), axis=(0, 2, 3))
numbers = np.unique(pulses)
np.savez(
    sys.argv[2],
    average=np.nanmean(curves, axis=0),
    error=np.nanstd(curves, axis=0) / np.sqrt(len(curves) - 1),
    pulse_curves=np.stack([np.nanmean(curves[pulses == number], axis=0) for number in numbers]),
    level=np.array([level[pulses == number].mean() for number in numbers]),
    image=assembled,
)
