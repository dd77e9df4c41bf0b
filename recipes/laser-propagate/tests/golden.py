"""lasy called directly: the radius in each plane that the recipe must give. Runs in its environment.

python golden.py image.nxs side time_side points time_points focal_or_0 first last planes out.json
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import h5py
import numpy as np
from lasy.laser import Laser
from lasy.optical_elements import ParabolicMirror
from lasy.profiles import CombinedLongitudinalTransverseProfile
from lasy.profiles.longitudinal import GaussianLongitudinalProfile
from lasy.profiles.transverse import TransverseProfileFromData
from lasy.propagators import FresnelChirpZPropagator
from lasy.utils.exp_data_utils import find_d4sigma
from lasy.utils.grid import Grid
from lasy.utils.laser_utils import get_laser_fluence

path, (side, tau, pixel), (points, time_points, planes), (focal, first, last, spot_side), out = (
    sys.argv[1],
    [float(word) for word in sys.argv[2:5]],
    [int(word) for word in sys.argv[5:8]],
    [float(word) for word in sys.argv[8:12]],
    sys.argv[12],
)
with h5py.File(path) as file:
    image = file["entry/data/near_field"][()]
half = (image.shape[1] * pixel / 2, image.shape[0] * pixel / 2)
profile = CombinedLongitudinalTransverseProfile(
    wavelength=800e-9,
    pol=(1, 0),
    long_profile=GaussianLongitudinalProfile(800e-9, tau, 0.0),
    trans_profile=TransverseProfileFromData(image, (-half[0], -half[1]), half),
    laser_energy=1e-3,
)
radii, peaks = [], []
for distance in np.linspace(first, last, planes):
    low, high = (-side, -side, -3 * tau), (side, side, 3 * tau)
    laser = Laser("xyt", low, high, (points, points, time_points), profile)
    if focal:
        laser.apply_optics(ParabolicMirror(focal))
        laser.add_propagator(FresnelChirpZPropagator())
        grid = Grid("xyt", (-spot_side, -spot_side, low[2]), (spot_side, spot_side, high[2]), laser.grid.npoints)
        laser.propagate(distance, grid_out=grid)
    elif distance:
        laser.propagate(distance, verbose=False)
    fluence = get_laser_fluence(laser.grid)
    step = laser.grid.axes[0][1] - laser.grid.axes[0][0]
    radii.append(find_d4sigma(fluence)[1] / 2 * step)  # its second value goes along the first axis
    peaks.append(float(fluence.max()))
Path(out).write_text(json.dumps({"radius_x": radii, "peak_fluence": peaks}))
