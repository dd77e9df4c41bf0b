"""sasmodels and bumps called directly, as in their own tutorial: what the recipe must give. Runs in its environment.

python golden.py curve.txt out.json
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))
from kernels import use_bundled_compiler

use_bundled_compiler()
from bumps.fitters import fit  # noqa: E402 - the compiler must be chosen first
from bumps.names import FitProblem  # noqa: E402
from sasmodels.bumps_model import Experiment, Model  # noqa: E402
from sasmodels.core import load_model  # noqa: E402
from sasmodels.data import Data1D  # noqa: E402

q, intensity, sigma = np.loadtxt(sys.argv[1]).T
model = Model(
    load_model("sphere"),
    scale=0.02,
    background=0.005,
    radius=110.0,
    sld=4.0,
    sld_solvent=1.0,
    radius_pd=0.1,
    radius_pd_type="schulz",
)
model.scale.range(0.001, 1.0)
model.background.range(0.0, 0.1)
model.radius.range(20.0, 500.0)
result = fit(FitProblem(Experiment(data=Data1D(q, intensity, dy=sigma), model=model)), method="lm")
Path(sys.argv[2]).write_text(
    json.dumps({name: [x, dx] for name, x, dx in zip(result.labels, result.x, result.dx, strict=True)})
)
