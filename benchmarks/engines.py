"""Azimuthal integration: the recipe's one pass over stored frames against h5py with pyFAI, and against decompression alone.

    python benchmarks/engines.py [FRAMES]

FRAMES (default 40) EIGER 4M images (uint32, Bitshuffle and LZ4, SAXS-like counts with Poisson noise, a beam stop and the
detector's gaps) lie in the page cache; mask, solid angle and Poisson variance, 1000 bins. Everything runs in the
environment `core`. Each way is run with one process and with two forked ones, one thread each, and the results are compared.
Prints JSON: frames per second by the clock, and milliseconds of CPU per frame, which other work disturbs less.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from pandaas.config import load_settings, package_folder
from pandaas.runtime import Runtime

_INSIDE = r"""
import json, multiprocessing, os, resource, sys, time
from types import SimpleNamespace
import h5py, hdf5plugin, numpy as np, pyFAI
from integration import Curves, Integrator
from pandaas.sdk import Frames, stored_frames
from pyFAI.integrator.azimuthal import AzimuthalIntegrator

count, file = int(sys.argv[1]), sys.argv[2]
detector = pyFAI.detector_factory("Eiger4M")
row, column = np.mgrid[: detector.shape[0], : detector.shape[1]] + 0.5
radius = np.hypot(row - 1080, column - 1030)
mean = 40 * np.exp(-radius / 120) + 0.3 * np.exp(-(((radius % 240) - 120) ** 2) / 50) + 0.02
mean[radius < 30] = 0
random = np.random.default_rng(0)
different = [random.poisson(mean).astype(np.uint32) for _ in range(4)]
for image in different:
    image[detector.mask.astype(bool)] = 2**32 - 1
with h5py.File(file, "w") as stream:
    data = stream.create_dataset("data", (count, *detector.shape), "u4", chunks=(1, *detector.shape), **hdf5plugin.Bitshuffle(cname="lz4"))
    for n in range(count):
        data[n] = different[n % 4]
    stored = data.id.get_storage_size() / count / data[0].nbytes
source = SimpleNamespace(is_hdf5=True, master=file, title="x", slot="sample", files=[file])
ai = AzimuthalIntegrator(2.0, 0.081, 0.077, detector=detector, wavelength=1e-10)
mask = detector.mask.astype(bool)

def integrator(splitting):
    made = Integrator(ai, mask, np.dtype("u4"), SimpleNamespace(npt=1000, unit="q_nm^-1", solid_angle=True, polarization=None, error_model="poisson",
        radial_min=None, radial_max=None, azimuth_min=None, azimuth_max=None, splitting=splitting, cake=False, orientation="as_stored",
        minimum_counts=None, maximum_counts=None))
    made.check_fast(different[0])
    assert made.fast is not None
    return made

def usual(made, splitting, numbers):
    sums = 0.0
    with h5py.File(file) as stream:
        for n in numbers:
            result = ai.integrate1d(stream["data"][n], 1000, unit="q_nm^-1", method=(splitting, "csc", "cython"), error_model="poisson",
                mask=made.mask, dummy=made._sentinel.dummy, delta_dummy=made._sentinel.delta, safe=False)
            sums = sums + result.sum_signal
    return sums

def fast(made, splitting, numbers):
    reader = stored_frames(Frames(source, "data"))
    curves = Curves()
    for n in numbers:
        made.add_fast(curves, reader.frame(n), 1.0)
    return curves.signal

def decode(made, splitting, numbers):
    reader = stored_frames(Frames(source, "data"))
    for n in numbers:
        reader.frame(n)
    return None

def work(way, made, splitting, numbers, pipe):
    before = time.process_time()
    sums = way(made, splitting, numbers)
    pipe.send((sums, time.process_time() - before))

def timed(way, made, splitting, processes):
    best = None
    for _ in range(2):
        context = multiprocessing.get_context("fork")
        start = time.perf_counter()
        pipes = []
        for part in range(processes):
            near, far = context.Pipe(False)
            context.Process(target=work, args=(way, made, splitting, range(part, count, processes), far)).start()
            pipes.append(near)
        found = [pipe.recv() for pipe in pipes]
        wall = time.perf_counter() - start
        line = {"frames_per_s": round(count / wall, 1), "cpu_ms_per_frame": round(1000 * sum(cpu for _, cpu in found) / count, 1)}
        if best is None or line["cpu_ms_per_frame"] < best[0]["cpu_ms_per_frame"]:
            best = line, (None if found[0][0] is None else sum(sums for sums, _ in found))
    return best

answer = {"frames": count, "stored_share": round(stored, 3), "load": os.getloadavg()[0], "cores": os.cpu_count()}
for splitting in ("no", "bbox"):
    made = integrator(splitting)
    for processes in (1, 2):
        slow, wanted = timed(usual, made, splitting, processes)
        quick, got = timed(fast, made, splitting, processes)
        limit, _ = timed(decode, made, splitting, processes)
        filled = wanted > 0
        answer[f"{splitting}, {processes} process(es)"] = {
            "h5py + pyFAI": slow, "recipe": quick, "decompression alone": limit,
            "times_faster_by_cpu": round(slow["cpu_ms_per_frame"] / quick["cpu_ms_per_frame"], 2),
            "times_faster_by_clock": round(quick["frames_per_s"] / slow["frames_per_s"], 2),
            "share_of_limit": round(limit["cpu_ms_per_frame"] / quick["cpu_ms_per_frame"], 2),
            "largest_relative_difference": float(np.abs(got[filled] / wanted[filled] - 1).max()),
        }
print(json.dumps(answer, indent=1))
"""


def main() -> None:
    frames = sys.argv[1] if len(sys.argv) > 1 else "40"
    recipe = Path(__file__).parents[1] / "recipes/saxs-integrate"
    with tempfile.TemporaryDirectory() as folder:
        settings = load_settings(home=Path(folder) / "home")
        python = Runtime(settings).environments.ensure("core").python
        variables = {
            **os.environ,
            "PYTHONPATH": f"{package_folder().parent}{os.pathsep}{recipe}",
            "OMP_NUM_THREADS": "1",
            "HDF5_USE_FILE_LOCKING": "FALSE",
        }
        subprocess.run([str(python), "-c", _INSIDE, frames, f"{folder}/eiger.h5"], env=variables, check=True)


if __name__ == "__main__":
    main()
