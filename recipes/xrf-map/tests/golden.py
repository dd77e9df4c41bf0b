"""xraylarch called directly on a map: the counts that the recipe must give. Runs in its environment.

python golden.py map.nxs beam-keV out.json Element …
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import h5py
import numpy as np
from larch import Group
from larch.xrf import xrf_model

with h5py.File(sys.argv[1]) as file:
    spectra, energy = file["entry/data/counts"][()], file["entry/data/energy"][()]
total, beam = spectra.sum(axis=(0, 1)), float(sys.argv[2])
model = xrf_model(xray_energy=beam, energy_min=1.5, energy_max=1.05 * beam, count_time=1)
model.set_detector(noise=0.04, cal_offset=energy[0], cal_slope=np.mean(np.diff(energy)))
model.add_escape(scale=1.0, vary=True)
for name in sys.argv[4:]:
    model.add_element(name, amplitude=1e4)
summed = Group(energy=energy, counts=total, filename="", label="")
result = model.fit_spectrum(summed, fit_toler=1e-7, fit_step=1e-7)  # to the minimum, from wherever it starts
# Its lines where it has found them, not where the file's energies had put them; cut and weighted as the pixels are.
inside = (np.asarray(result.fit_window) > 0)[:, None]
result.fit_window = np.asarray(result.fit_window) / np.sqrt(np.maximum(total, 1))
model.calc_spectrum(result.best_en, params=result.params)
columns = np.array([model.comps[name] / value for name, value in result.eigenvalues.items()]).T
result.transfer_matrix = columns * result.fit_window[:, None]
maps = result.decompose_map(spectra, method="nnls")
area = dict(zip(result.eigenvalues, (columns * inside).sum(axis=0), strict=True))
found = {name: (maps[name] * area[name]).tolist() for name in sys.argv[4:]}
Path(sys.argv[3]).write_text(json.dumps(found))
