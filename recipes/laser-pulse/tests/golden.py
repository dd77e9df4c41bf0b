"""pypret called directly on a trace: what the recipe must give. Runs in its environment.

python golden.py trace.nxs starts iterations out.json
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import h5py
import numpy as np
import pypret

with h5py.File(sys.argv[1]) as file:
    trace = file["entry/data/intensity"][()]
    delay = file["entry/data/delay"][()] * 1e-15
    frequency = 2 * np.pi * file["entry/data/frequency"][()] * 1e12
trace = trace - np.median(np.concatenate([trace[:2], trace[-2:]]), axis=0)
count = trace.shape[1]
transform = pypret.FourierTransform(count, dw=np.ptp(frequency) * count / (count - 1) / count)
pulse = pypret.Pulse(transform, 2 * np.pi * 299_792_458.0 * 2 / frequency[count // 2])
pnps = pypret.PNPS(pulse, "frog", "shg")
measured = pypret.MeshData(trace / trace.max(), delay, frequency)
measured.axes[1] = pnps.process_w  # the same numbers but for rounding
measured.normalize()
weights = np.clip(measured.data.sum(axis=1), 0, None)
centre = np.average(delay, weights=weights)
width = 2.3548 * np.sqrt(np.average((delay - centre) ** 2, weights=weights)) / 2**0.5
np.random.seed(1)
best = None
for _ in range(int(sys.argv[2])):
    pypret.random_gaussian(pulse, width)
    retriever = pypret.Retriever(pnps, "copra", verbose=False, maxiter=int(sys.argv[3]))
    retriever.retrieve(measured, pulse.spectrum.copy())
    found = retriever.result()
    best = found if best is None or found.trace_error < best.trace_error else best
pulse.spectrum = best.pulse_retrieved
numbers = {"trace_error": float(best.trace_error), "duration": float(pulse.fwhm(dt=pulse.dt / 100)) * 1e15}
Path(sys.argv[4]).write_text(json.dumps(numbers))
