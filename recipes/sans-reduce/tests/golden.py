"""esssans called directly on one LOQ-like run: what the recipe must give. Runs in its environment.

python golden.py sample.nxs transmission.nxs direct.nxs out.json pixel_m distance_m q_min q_max
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import h5py
import numpy as np
import sciline
import scipp as sc
import scippneutron as scn
import scippnexus as snx
from ess.reduce.nexus.types import GravityVector, Position
from ess.reduce.uncertainty import UncertaintyBroadcastMode
from ess.reduce.unwrap.types import WavelengthDetector, WavelengthMonitor
from ess.sans import types as t
from ess.sans.workflow import providers

sample, trans, direct, out = sys.argv[1:5]
pixel, distance, q_min, q_max = map(float, sys.argv[5:9])
to_wavelength = scn.conversion.graph.tof.elastic("tof")
bins = sc.linspace("wavelength", 2.2, 10.0, 101, unit="angstrom")


def monitor(name: str, number: int) -> sc.DataArray:
    with h5py.File(name) as file:
        entry = file["raw_data_1"]
        length = float(entry["isis_vms_compat/LEN2"][number - 1])
        place = f"monitor_{number}/data" if number < 3 else "detector_1/counts"
        counts = entry[place][0, 0].astype(float)
        edges = entry["detector_1/time_of_flight"][()].astype(float)
    data = sc.DataArray(
        sc.array(dims=["tof"], values=counts, variances=counts, unit="counts"),
        coords={"tof": sc.array(dims=["tof"], values=edges, unit="us"), "Ltotal": sc.scalar(length, unit="m")},
    )
    return data.transform_coords("wavelength", graph=to_wavelength, keep_inputs=False, keep_intermediate=False)


with h5py.File(sample) as file:
    entry = file["raw_data_1"]
    counts = entry["detector_1/counts"][0].astype(float)
    edges = entry["detector_1/time_of_flight"][()].astype(float)
    source = abs(float(entry["instrument/moderator/distance"][0]))
side = int(len(counts) ** 0.5)
row, column = np.indices((side, side))
middle = (side - 1) / 2
x, y = (column.ravel() - middle) * pixel, (row.ravel() - middle) * pixel
position = sc.vectors(dims=["pixel"], values=np.column_stack([x, y, np.full(x.size, distance)]), unit="m")
L2 = sc.norm(position)
dense = sc.DataArray(
    sc.array(dims=["pixel", "tof"], values=counts, variances=counts, unit="counts"),
    coords={"tof": sc.array(dims=["tof"], values=edges, unit="us"), "Ltotal": L2 + sc.scalar(source, unit="m")},
)
dense = dense.transform_coords("wavelength", graph=to_wavelength, keep_inputs=False, keep_intermediate=False)
grouped = dense.rebin(wavelength=bins)
grouped.coords["wavelength"] = sc.midpoints(bins)
grouped.coords["position"] = position
grouped.coords["detector_number"] = sc.arange("pixel", x.size, unit=None)
area = sc.scalar(pixel**2, unit="m^2")
omega = sc.DataArray(
    (area * position.fields.z / L2**3).to(unit="one"),
    coords={name: grouped.coords[name] for name in ("position", "detector_number")},
)

runs = [t.SampleRun, t.BackgroundRun, t.EmptyBeamRun, t.TransmissionRun[t.SampleRun]]
pipeline = sciline.Pipeline(providers, constraints={t.RunType: runs})
mask = (np.hypot(x, y) < 0.045) | (row < 2).ravel() | (row > side - 3).ravel()
mask |= (column < 2).ravel() | (column > side - 3).ravel()
for key, value in {
    UncertaintyBroadcastMode: UncertaintyBroadcastMode.upper_bound,
    t.DetectorMasks: {"m": sc.array(dims=["pixel"], values=mask)},
    t.WavelengthBins: bins,
    t.WavelengthBands: None,
    t.WavelengthMask: None,
    t.NonBackgroundWavelengthRange: None,
    t.DirectBeam: None,
    t.ReturnEvents: False,
    t.DimsToKeep: (),
    t.CorrectForGravity: False,
    GravityVector: sc.vector([0, -9.81, 0], unit="m/s^2"),
    t.QBins: sc.geomspace("Q", q_min, q_max, 81, unit="1/angstrom"),
    Position[snx.NXsample, t.SampleRun]: sc.vector([0, 0, 0], unit="m"),
    Position[snx.NXsource, t.SampleRun]: sc.vector([0, 0, -source], unit="m"),
    WavelengthDetector[t.SampleRun]: grouped,
    t.SolidAngle[t.SampleRun]: omega,
    WavelengthMonitor[t.SampleRun, t.Incident]: monitor(sample, 2),
    WavelengthMonitor[t.TransmissionRun[t.SampleRun], t.Incident]: monitor(trans, 2),
    WavelengthMonitor[t.TransmissionRun[t.SampleRun], t.Transmission]: monitor(trans, 3),
    WavelengthMonitor[t.EmptyBeamRun, t.Incident]: monitor(direct, 2),
    WavelengthMonitor[t.EmptyBeamRun, t.Transmission]: monitor(direct, 3),
}.items():
    pipeline[key] = value
found = pipeline.compute(t.IntensityQ[t.SampleRun])
Path(out).write_text(
    json.dumps(
        {"I": found.values.tolist(), "variance": found.variances.tolist(), "Q": found.coords["Q"].values.tolist()}
    )
)
