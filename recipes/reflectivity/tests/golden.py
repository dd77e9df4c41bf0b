"""refnx called directly, as in its tutorial: what the recipe must give. Runs in its environment.

python golden.py curve.txt out.json
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
from refnx.analysis import CurveFitter, Objective, Transform
from refnx.dataset import ReflectDataset
from refnx.reflect import SLD, ReflectModel

film = SLD(4.0, "film")(180, 4)
backing = SLD(2.07, "backing")(0, 3)
film.thick.setp(vary=True, bounds=(90, 360))
film.sld.real.setp(vary=True, bounds=(2, 6))
film.rough.setp(vary=True, bounds=(0, 16))
backing.rough.setp(vary=True, bounds=(0, 15))
model = ReflectModel(SLD(0.0, "air")(0, 0) | film | backing, bkg=1e-6, dq=5.0)
model.scale.setp(vary=True, bounds=(0.6, 1.4))
columns = np.loadtxt(sys.argv[1]).T
model.bkg.setp(vary=True, bounds=(0, 3 * columns[1].min()))
fitter = CurveFitter(Objective(model, ReflectDataset(tuple(columns)), transform=Transform("logY")))
fitter.fit("least_squares", verbose=False)
found = {"film_thickness": film.thick, "film_sld": film.sld.real, "backing_roughness": backing.rough}
Path(sys.argv[2]).write_text(json.dumps({name: [float(p.value), float(p.stderr)] for name, p in found.items()}))
