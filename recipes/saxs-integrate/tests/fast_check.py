"""Run in the recipe's environment: prints the largest relative difference between the fast sums and pyFAI itself."""

from __future__ import annotations

import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import h5py
import hdf5plugin
import numpy as np
import pyFAI.detectors

sys.path.insert(0, str(Path(__file__).parents[1]))
from masking import Limits, Sentinel
from pyFAI.integrator.azimuthal import AzimuthalIntegrator

from integration import Curves, Integrator  # the recipe's
from pandaas.sdk import Frames, stored_frames

SHAPE = (301, 257)


def main(splitting: str, dtype: str, file: str) -> None:
    random = np.random.default_rng(1)
    images = random.poisson(0.4, (3, *SHAPE)).astype(dtype)
    images[1, 40:60, 90:99] = np.iinfo(dtype).max
    images[1, 70, 70:80] = np.iinfo(dtype).max - 1
    images[2, 10:20] = 900
    images[0, -1, -1] = 7
    with h5py.File(file, "w") as stream:
        stream.create_dataset("data", data=images, chunks=(1, *SHAPE), **hdf5plugin.Bitshuffle(cname="lz4"))
    source: Any = SimpleNamespace(is_hdf5=True, master=file, title="x", slot="sample", files=[file])
    frames = Frames(source, "data")
    reader = stored_frames(frames)
    assert reader is not None, "the frames are not read from their chunks"
    assert all(np.array_equal(reader.frame(n), images[n]) for n in range(3))
    print(max(difference(splitting, images, lowest) for lowest in (None, 1.0)))


def difference(splitting: str, images: Any, lowest: float | None) -> float:
    parameters: Any = SimpleNamespace(
        npt=80, unit="q_nm^-1", solid_angle=True, polarization=0.95, error_model="poisson", radial_min=None,
        radial_max=None, azimuth_min=None, azimuth_max=None, splitting=splitting, cake=False, orientation="as_stored",
        minimum_counts=lowest, maximum_counts=500.0,
    )  # fmt: skip
    detector = pyFAI.detectors.Detector(172e-6, 172e-6, max_shape=SHAPE)
    ai = AzimuthalIntegrator(0.9, 0.02, 0.03, detector=detector, wavelength=1e-10)
    mask = np.zeros(SHAPE, bool)
    mask[:, 100:104] = True
    integrator = Integrator(ai, mask, images.dtype, parameters)
    integrator.check_fast(images[0])
    assert integrator.fast is not None, "pyFAI is used instead"
    assert integrator._limits == Limits(lowest, 500.0)
    assert integrator._sentinel == Sentinel.of(images.dtype)
    own, theirs = Curves(), Curves()
    for number, image in enumerate(images):
        weight = 1.0 + 0.1 * number
        integrator.add_fast(own, integrator.fast(image), weight)
        integrator.add(theirs, image, weight)
    worst = 0.0
    for name in ("intensity", "sigma", "signal", "variance", "norm"):
        ours, wanted = (np.asarray(getattr(curves, name), float) for curves in (own, theirs))
        assert np.array_equal(np.isnan(ours), np.isnan(wanted)), name
        filled = np.nan_to_num(wanted) != 0
        worst = max(worst, float(np.abs(ours[filled] / wanted[filled] - 1).max()))
        assert not np.nan_to_num(ours)[~filled].any(), name
    return worst


main(*sys.argv[1:])
