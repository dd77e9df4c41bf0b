"""A run as EXtra-data's own simulator writes it, its images filled with rings. Runs in the recipe's environment.

python simulate.py FOLDER [--trains 4] [--pulses 6] [--detector AGIPD1M] [--raw] [--without 7] [--empty-train] [--blank]

Simulated, not measured: I(q) = 1000 exp(-(q/8)²) + 400 exp(-((q-9)/0.4)²) counts at 9.3 keV and 200 mm, times 1 + pulse/10 and
Poisson noise; one pixel in a hundred is marked by the mask and holds nonsense.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import extra_geom
import h5py
import numpy as np
from extra_data.tests.mockdata import write_file
from extra_data.tests.mockdata.detectors import AGIPDModule, LPDModule
from extra_data.tests.mockdata.xgm import XGM
from pyFAI.integrator.azimuthal import AzimuthalIntegrator

QUADRANTS = {
    "AGIPD1M": ((-525, 625), (-550, -10), (520, -160), (542.5, 475)),
    "LPD1M": ((11.4, 299), (-11.5, 8), (254.5, -16), (278.5, 275)),
}
DISTANCE, ENERGY = 0.2, 9.3

parser = argparse.ArgumentParser()
parser.add_argument("folder", type=Path)
parser.add_argument("--trains", type=int, default=4)
parser.add_argument("--pulses", type=int, default=6)
parser.add_argument("--detector", choices=sorted(QUADRANTS), default="AGIPD1M")
parser.add_argument("--raw", action="store_true")
parser.add_argument("--without", type=int)
parser.add_argument("--empty-train", action="store_true")
parser.add_argument("--blank", action="store_true", help="zeros that take no room on the disk: to measure memory")
chosen = parser.parse_args()
agipd = chosen.detector == "AGIPD1M"
kind = extra_geom.AGIPD_1MGeometry if agipd else extra_geom.LPD_1MGeometry
geometry = kind.from_quad_positions(list(QUADRANTS[chosen.detector]))
detector = geometry.to_pyfai_detector()
q = AzimuthalIntegrator(dist=DISTANCE, detector=detector, wavelength=1.23984198e-9 / ENERGY).qArray()
expected = 1000 * np.exp(-((q / 8) ** 2)) + 400 * np.exp(-(((q - 9) / 0.4) ** 2)) + 5
expected = expected.reshape(geometry.expected_data_shape)

counts = np.full(chosen.trains, chosen.pulses, dtype=np.uint64)
if chosen.empty_train:
    counts[1] = 0
chosen.folder.mkdir(parents=True, exist_ok=True)
prefix = "RAW" if chosen.raw else "CORR"
device = "SPB_DET_AGIPD1M-1" if agipd else "FXE_DET_LPD1M-1"
name = "AGIPD" if agipd else "LPD"
module = AGIPDModule if agipd else LPDModule
for number in range(16):
    if number == chosen.without:
        continue
    path = chosen.folder / f"{prefix}-R0238-{name}{number:02}-S00000.h5"
    source = f"{device}/DET/{number}CH0"
    write_file(
        str(path), [module(source, raw=chosen.raw, frames_per_train=counts)], ntrains=chosen.trains, chunksize=32
    )
    if chosen.blank:
        continue
    with h5py.File(path, "r+") as file:
        image = file[f"INSTRUMENT/{source}:xtdf/image"]
        random = np.random.default_rng(number)
        for frame, pulse in enumerate(np.concatenate([np.arange(int(count)) for count in counts])):
            found = random.poisson(expected[number] * (1 + pulse / 10))
            if chosen.raw:
                image["data"][frame, 0] = found
                continue
            bad = random.random(found.shape) < 0.01
            image["data"][frame] = np.where(bad, 1e9, found)
            image["mask"][frame] = bad
xgm = chosen.folder / f"{prefix}-R0238-DA01-S00000.h5"
write_file(str(xgm), [XGM("SA1_XTD2_XGM/DOOCS/MAIN")], ntrains=chosen.trains, chunksize=32)
