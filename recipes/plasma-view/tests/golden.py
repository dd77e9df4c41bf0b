"""openpmd-viewer called directly: the numbers that the recipe must give. Runs in its environment.

python golden.py folder iteration out.json
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from openpmd_viewer import OpenPMDTimeSeries

series = OpenPMDTimeSeries(sys.argv[1], backend="h5py")
field, about = series.get_field("E", "z", iteration=int(sys.argv[2]), m="all")
(uz, weight) = series.get_particle(["uz", "w"], species="electrons", iteration=int(sys.argv[2]))
found = {"field": field.tolist(), "z": (about.z * 1e6).tolist(), "uz": float((uz * weight).sum() / weight.sum())}
Path(sys.argv[3]).write_text(json.dumps(found))
