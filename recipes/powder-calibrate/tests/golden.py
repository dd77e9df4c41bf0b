"""pyFAI called directly: what the recipe must give. Runs in its environment.

python golden.py image.npy wavelength(m) pixel(m) distance(mm) x y out.json
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
from pyFAI.calibrant import get_calibrant
from pyFAI.detectors import Detector
from pyFAI.geometry import Geometry
from pyFAI.goniometer import SingleGeometry

np.random.seed(0)
image = np.load(sys.argv[1]).astype(float)
wavelength, pixel, distance, x, y = map(float, sys.argv[2:7])
detector = Detector(pixel, pixel, max_shape=image.shape)
geometry = Geometry(detector=detector, wavelength=wavelength)
geometry.setFit2D(distance, x, y)
calibrant = get_calibrant("CeO2", wavelength=wavelength)
single = SingleGeometry("image", image, calibrant=calibrant, detector=detector, geometry=geometry)
for rings in (2, 4, 6):
    single.extract_cp(max_rings=rings, pts_per_deg=0.5)
    upright = ["rot1", "rot2"] if rings <= 4 else []
    single.geometry_refinement.refine2(fix=["wavelength", "rot3", *upright])
found = single.geometry_refinement
Path(sys.argv[7]).write_text(json.dumps({name: float(getattr(found, name)) for name in ("dist", "poni1", "poni2")}))
