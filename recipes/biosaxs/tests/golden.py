"""freesas called directly on the frames: what the recipe must give. Runs in its environment.

python golden.py sample-folder sample-prefix buffer-prefix out.json [q_max of p(r)]
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
from freesas import autorg, bift, cormap
from freesas.invariants import calc_Rambo_Tainer


def average(prefix: str) -> tuple[Any, Any, Any]:
    """q, intensity and σ of the frames that look like the first."""
    frames = np.array([np.loadtxt(name) for name in sorted(Path(sys.argv[1]).glob(f"{prefix}*.dat"))])
    keep = [frame for frame in frames if cormap.gof(frames[0, :, 1], frame[:, 1]).P >= 0.01]
    values = np.mean([frame[:, 1] for frame in keep], axis=0)
    return frames[0, :, 0], values, np.sqrt(np.sum([frame[:, 2] ** 2 for frame in keep], axis=0)) / len(keep)


q, sample, sample_sigma = average(sys.argv[2])
_, buffer, buffer_sigma = average(sys.argv[3])
curve = np.column_stack([q, sample - buffer, np.hypot(sample_sigma, buffer_sigma)])
guinier = autorg.auto_guinier(curve)
used = curve[(q <= float(sys.argv[5])) & (np.arange(len(q)) >= guinier.start_point)]
found = bift.auto_bift(used).calc_stats()
in_nm = curve * np.array([10, 1, 1])
guinier_in_nm = guinier._replace(Rg=guinier.Rg / 10, sigma_Rg=guinier.sigma_Rg / 10)
mass = calc_Rambo_Tainer(in_nm, guinier_in_nm, 2.0).mass
numbers = {"Rg": guinier.Rg, "I0": guinier.I0, "Rg_pr": found.Rg_avg, "Dmax": found.Dmax_avg, "mass": mass}
Path(sys.argv[4]).write_text(json.dumps({name: float(value) for name, value in numbers.items()}))
