"""algotom called directly, as in its documentation: what the recipe must give. Runs in the recipe's environment.

python golden.py scan.h5 out.npz dfi|fbp
"""

from __future__ import annotations

import os
import sys

os.environ["NUMBA_NUM_THREADS"] = "1"

import algotom.prep.calculation as calculation
import algotom.prep.removal as removal
import algotom.rec.reconstruction as reconstruction
import h5py
import numpy as np

with h5py.File(sys.argv[1]) as file:
    raw = file["exchange/data"][:, 0].astype(np.float32)
    flat = file["exchange/data_white"][()].mean(axis=0, dtype=np.float64)[0].astype(np.float32)
    dark = file["exchange/data_dark"][()].mean(axis=0, dtype=np.float64)[0].astype(np.float32)
    angles = np.deg2rad(file["exchange/theta"][()])
transmission = np.clip((raw - dark) / (flat - dark), 1e-4, None)
centre = calculation.find_center_vo(transmission, ncore=1)
sinogram = removal.remove_stripe_based_sorting(-np.log(transmission), 21)
options = {"angles": angles, "apply_log": False, "filter_name": "hann", "ncore": 1}
if sys.argv[3] == "dfi":
    found = reconstruction.dfi_reconstruction(sinogram, centre, **options)
else:
    found = reconstruction.fbp_reconstruction(sinogram, centre, gpu=False, **options)
np.savez(sys.argv[2], slice=found, centre=centre)
