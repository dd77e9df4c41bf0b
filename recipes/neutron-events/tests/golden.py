"""scipp called directly on one bank: what the recipe must give. Runs in its environment.

python golden.py file.nxs bank moderator-distance edges.json out.json
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import h5py
import numpy as np
import scipp as sc
from scippneutron.conversion.graph.tof import elastic

with h5py.File(sys.argv[1]) as file:
    events, bank = file[f"entry/{sys.argv[2]}_events"], file[f"entry/instrument/{sys.argv[2]}"]
    pixels = bank["pixel_id"][()].ravel()
    order = np.argsort(pixels)
    index = order[np.searchsorted(pixels[order], events["event_id"][()])]
    coords = {
        "tof": sc.array(dims=["event"], values=events["event_time_offset"][()].astype("f8"), unit="us"),
        "two_theta": sc.array(dims=["event"], values=bank["polar_angle"][()].ravel()[index].astype("f8"), unit="rad"),
        "Ltotal": sc.array(
            dims=["event"], values=bank["distance"][()].ravel()[index].astype("f8") + float(sys.argv[3]), unit="m"
        ),
    }
ones = sc.ones(sizes={"event": len(index)}, unit="counts", dtype="float64")
edges = sc.array(dims=["Q"], values=json.loads(Path(sys.argv[4]).read_text()), unit="1/angstrom")
found = sc.DataArray(ones, coords=coords).transform_coords(["Q"], graph=elastic("tof")).hist(Q=edges)
Path(sys.argv[5]).write_text(json.dumps(found.values.tolist()))
