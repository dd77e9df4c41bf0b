"""xraylarch called directly on measured FeO: what the recipe must give. Runs in its environment.

python golden.py feo_exafs_pnccat2001.dat out.json
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
from larch import Group
from larch.xafs import autobk, pre_edge, xftf

table = np.loadtxt(sys.argv[1])
group = Group(energy=table[:, 0], mu=np.log(table[:, 2] / table[:, 3]))
pre_edge(group)
autobk(group, rbkg=1.0, kweight=2)
xftf(group, kmin=2.5, kmax=10, dk=1, kweight=2, window="hanning")
found = {
    "E0": group.e0,
    "edge_step": group.edge_step,
    "normalised": group.flat.tolist(),
    "chi": (group.k**2 * group.chi).tolist(),
    "magnitude": group.chir_mag.tolist(),
}
Path(sys.argv[2]).write_text(json.dumps(found))
