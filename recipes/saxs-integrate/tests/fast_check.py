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
from pandaas.sdk import Frames, StoredFrames, stored_frames

SHAPE = (301, 257)


def main(splitting: str, dtype: str, file: str) -> None:
    random, largest = np.random.default_rng(1), int(np.iinfo(dtype).max)
    images = random.poisson(0.4, (3, *SHAPE)).astype(dtype)
    images[1, 40:60, 90:99] = largest
    images[1, 70, 70:80] = largest - 1
    images[2, 10:20] = min(900, largest // 2)
    images[2, 30:200] = random.poisson(20, (170, SHAPE[1]))  # as many counts as pixels: decoded in another way
    images[2, 220, :9] = largest // 3
    images[0, -1, -1] = 7
    with h5py.File(file, "w") as stream:
        stream.create_dataset("data", data=images, chunks=(1, *SHAPE), **hdf5plugin.Bitshuffle(cname="lz4"))
    source: Any = SimpleNamespace(is_hdf5=True, master=file, title="x", slot="sample", files=[file])
    frames = Frames(source, "data")
    reader = stored_frames(frames)
    assert reader is not None, "the frames are not read from their chunks"
    assert all(np.array_equal(reader.frame(n), images[n]) for n in range(3))
    worst = 0.0
    for limits, orientation, cake, npt in (
        (Limits(None, 500.0), "as_stored", False, 400),  # bins finer than pixels
        (Limits(1.0, 500.0), "flip_vertical", False, 80),
        (Limits(None, None), "rotate_180", True, 80),
    ):
        worst = max(worst, difference(splitting, images, reader, limits, orientation, cake, npt))
    print(worst)


def difference(
    splitting: str, images: Any, reader: StoredFrames, limits: Limits, orientation: str, cake: bool, npt: int
) -> float:
    parameters: Any = SimpleNamespace(
        npt=npt, unit="q_nm^-1", solid_angle=True, polarization=0.95, error_model="poisson", radial_min=None,
        radial_max=None, azimuth_min=None, azimuth_max=None, splitting=splitting, cake=cake, cake_azimuth_bins=36,
        orientation=orientation, minimum_counts=limits.minimum, maximum_counts=limits.maximum,
    )  # fmt: skip
    detector = pyFAI.detectors.Detector(172e-6, 172e-6, max_shape=SHAPE)
    ai = AzimuthalIntegrator(0.9, 0.02, 0.03, detector=detector, wavelength=1e-10)
    mask = np.zeros(SHAPE, bool)
    mask[:, 100:104] = True
    integrator = Integrator(ai, mask, images.dtype, parameters)
    integrator.check_fast(images[0], reader, 0)
    assert integrator.fast is not None, "pyFAI is used instead"
    assert integrator._limits == limits
    assert integrator._sentinel == Sentinel.of(images.dtype)
    own, theirs = Curves(), Curves()
    turned: list[Any] = []
    weights = []
    for number, (image, sums) in enumerate(zip(images, integrator.sums(reader, range(3)), strict=True)):
        weight = 1.0 + 0.1 * number
        if not cake:
            decoded = integrator.fast(image)
            assert all(np.array_equal(getattr(decoded, part), getattr(sums, part)) for part in vars(sums)), "other bits"
        integrator.add_fast(own, sums, weight)
        turned.append(integrator.add(theirs, image, weight))
        weights.append(weight)
    worst = 0.0
    if cake:
        assert integrator._fast_map is not None, "pyFAI is used for the map"
        maps = integrator.map_of_fast(weights), integrator.map_of_sum(turned, weights)
        for name in maps[1]:
            filled = maps[1][name] != 0
            assert not maps[0][name][~filled].any(), name
            worst = max(worst, float(np.abs(maps[0][name][filled] / maps[1][name][filled] - 1).max()))
    for name in ("intensity", "sigma", "signal", "variance", "norm"):
        ours, wanted = (np.asarray(getattr(curves, name), float) for curves in (own, theirs))
        assert np.array_equal(np.isnan(ours), np.isnan(wanted)), name
        filled = np.nan_to_num(wanted) != 0
        worst = max(worst, float(np.abs(ours[filled] / wanted[filled] - 1).max()))
        assert not np.nan_to_num(ours)[~filled].any(), name
    return worst


main(*sys.argv[1:])
