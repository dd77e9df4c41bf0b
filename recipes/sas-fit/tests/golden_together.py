"""Several curves with common parameters, sasmodels and bumps called directly: what the recipe must give.

python golden_together.py out.json first.txt second.txt
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

models, experiments = [], []
for name, solvent in zip(sys.argv[2:], (1.0, 2.0), strict=True):
    q, intensity, sigma = np.loadtxt(name).T
    model = Model(load_model("sphere"), scale=0.02, background=0.005, radius=110.0, sld=4.0, sld_solvent=solvent)
    model.scale.range(0.001, 1.0)
    model.background.range(0.0, 0.1)
    models.append(model)
    experiments.append(Experiment(data=Data1D(q, intensity, dy=sigma), model=model))
models[0].radius.range(20.0, 500.0)
models[1].radius = models[0].radius
problem = FitProblem(experiments)
fit(problem, method="lm")
Path(sys.argv[1]).write_text(
    json.dumps(
        {
            "radius": models[0].radius.value,
            "scale_1": models[0].scale.value,
            "scale_2": models[1].scale.value,
            "background_1": models[0].background.value,
            "background_2": models[1].background.value,
            "reduced_chi2": float(problem.chisq()),
        }
    )
)
