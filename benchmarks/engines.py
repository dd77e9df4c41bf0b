"""Azimuthal integration: the recipe's one pass over stored frames against h5py with pyFAI, and against decompression alone.

    python benchmarks/engines.py [FRAMES]

FRAMES (default 40) EIGER 4M images (uint32, Bitshuffle and LZ4, with Poisson noise and the detector's gaps; SAXS-like, or 20
counts in every pixel) lie in the page cache; mask, solid angle and Poisson variance, 1000 bins, the map with 360 azimuths. Everything
runs in the environment `core`. Each way is run with one process and with two forked ones, one thread each, and the results are
compared; of pyFAI's methods the faster one counts. The recipe's row with a map makes the curve of each frame too.
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
import json, multiprocessing, os, sys, time
from types import SimpleNamespace
import h5py, hdf5plugin, numpy as np, pyFAI
from integration import Curves, Integrator
from pandaas.sdk import Frames, stored_frames
from pyFAI.integrator.azimuthal import AzimuthalIntegrator

count, folder = int(sys.argv[1]), sys.argv[2]
AZIMUTHS, BLOCK = 360, 9  # the recipe's blocks of images of this size
detector = pyFAI.detector_factory("Eiger4M")
row, column = np.mgrid[: detector.shape[0], : detector.shape[1]] + 0.5
radius = np.hypot(row - 1080, column - 1030)
saxs = 40 * np.exp(-radius / 120) + 0.3 * np.exp(-(((radius % 240) - 120) ** 2) / 50) + 0.02
saxs[radius < 30] = 0
random = np.random.default_rng(0)
ai = AzimuthalIntegrator(2.0, 0.081, 0.077, detector=detector, wavelength=1e-10)
mask = detector.mask.astype(bool)

def series(name, mean):
    different = [random.poisson(mean).astype(np.uint32) for _ in range(4)]
    for image in different:
        image[mask] = 2**32 - 1
    with h5py.File(f"{folder}/{name}.h5", "w") as stream:
        data = stream.create_dataset("data", (count, *detector.shape), "u4", chunks=(1, *detector.shape), **hdf5plugin.Bitshuffle(cname="lz4"))
        for n in range(count):
            data[n] = different[n % 4]
    return SimpleNamespace(is_hdf5=True, master=f"{folder}/{name}.h5", title="x", slot="sample", files=[])

def integrator(source, splitting, cake):
    made = Integrator(ai, mask, np.dtype("u4"), SimpleNamespace(npt=1000, unit="q_nm^-1", solid_angle=True, polarization=None, error_model="poisson",
        radial_min=None, radial_max=None, azimuth_min=None, azimuth_max=None, splitting=splitting, cake=cake, cake_azimuth_bins=AZIMUTHS,
        orientation="as_stored", minimum_counts=None, maximum_counts=None))
    frames = Frames(source, "data")
    before = time.process_time()
    made.check_fast(frames.frame(0), stored_frames(frames))
    assert made.fast is not None and (made._fast_map is not None or not cake)
    return made, time.process_time() - before

def usual(source, made, splitting, numbers, algorithm):
    signal = variance = norm = 0.0
    with h5py.File(source.master) as stream:
        for n in numbers:
            result = ai.integrate1d(stream["data"][n], 1000, unit="q_nm^-1", method=(splitting, algorithm, "cython"), error_model="poisson",
                mask=made.mask, dummy=made._sentinel.dummy, delta_dummy=made._sentinel.delta, safe=False)
            signal, variance, norm = signal + result.sum_signal, variance + result.sum_variance, norm + result.sum_normalization
    return signal, variance, norm

def usual_cake(source, made, splitting, numbers, algorithm):
    signal = norm = 0.0
    with h5py.File(source.master) as stream:
        for n in numbers:
            result = ai.integrate2d(stream["data"][n], 1000, AZIMUTHS, unit="q_nm^-1", method=(splitting, algorithm, "cython"), error_model="poisson",
                mask=made.mask, dummy=made._sentinel.dummy, delta_dummy=made._sentinel.delta, safe=False)
            signal, norm = signal + result.sum_signal, norm + result.sum_normalization
    return signal, norm

def recipe(source, made, splitting, numbers, algorithm):
    reader = stored_frames(Frames(source, "data"))
    curves = Curves()
    for start in range(0, len(numbers), BLOCK):
        for sums in made.sums(reader, numbers[start : start + BLOCK]):
            made.add_fast(curves, sums, 1.0)
    return curves.signal, curves.variance, curves.norm

def recipe_cake(source, made, splitting, numbers, algorithm):
    reader = stored_frames(Frames(source, "data"))
    curves, signal, norm = Curves(), 0.0, 0.0
    for start in range(0, len(numbers), BLOCK):
        block = numbers[start : start + BLOCK]
        for sums in made.sums(reader, block):
            made.add_fast(curves, sums, 1.0)
        found = made.map_of_fast([1.0] * len(block))
        signal, norm = signal + found["cake_signal"], norm + found["cake_norm"]
    return signal, norm

def decode(source, made, splitting, numbers, algorithm):
    reader = stored_frames(Frames(source, "data"))
    for n in numbers:
        reader.frame(n)
    return ()

def work(way, pipe, given):
    before = time.process_time()
    sums = way(*given)
    pipe.send((sums, time.process_time() - before))

def timed(way, source, made, splitting, processes, algorithms=("",)):
    best = None
    for algorithm in algorithms:
        for _ in range(2):
            context = multiprocessing.get_context("fork")
            start = time.perf_counter()
            pipes = []
            for part in range(processes):
                near, far = context.Pipe(False)
                given = (source, made, splitting, range(part, count, processes), algorithm)
                context.Process(target=work, args=(way, far, given)).start()
                pipes.append(near)
            found = [pipe.recv() for pipe in pipes]
            wall = time.perf_counter() - start
            line = {"frames_per_s": round(count / wall, 1), "cpu_ms_per_frame": round(1000 * sum(cpu for _, cpu in found) / count, 1)}
            if algorithm:
                line["method"] = algorithm
            if best is None or line["cpu_ms_per_frame"] < best[0]["cpu_ms_per_frame"]:
                best = line, [sum(parts) for parts in zip(*(sums for sums, _ in found))]
    return best

def difference(own, theirs):
    worst = 0.0
    for ours, wanted in zip(own, theirs):
        filled = wanted > 0
        assert not ours[~filled].any()
        worst = max(worst, float(np.abs(ours[filled] / wanted[filled] - 1).max()))
    return worst

answer = {"frames": count, "cores": os.cpu_count()}
for name, mean in (("SAXS-like", saxs), ("20 counts in every pixel", np.full(detector.shape, 20.0))):
    source = series(name.split()[0], mean)
    for splitting, cake in (("no", False), ("bbox", False), ("bbox", True)):
        if cake and name != "SAXS-like":
            continue
        made, preparation = integrator(source, splitting, cake)
        for processes in (1, 2):
            slow, wanted = timed(usual_cake if cake else usual, source, made, splitting, processes, ("csr",) if cake else ("csc", "csr"))
            quick, got = timed(recipe_cake if cake else recipe, source, made, splitting, processes)
            limit, _ = timed(decode, source, made, splitting, processes)
            answer[f"{name}, {splitting}{', map' if cake else ''}, {processes} process(es)"] = {
                "h5py + pyFAI": slow, "recipe": quick, "decompression alone": limit,
                "times_faster_by_cpu": round(slow["cpu_ms_per_frame"] / quick["cpu_ms_per_frame"], 2),
                "times_faster_by_clock": round(quick["frames_per_s"] / slow["frames_per_s"], 2),
                "share_of_limit_by_cpu": round(limit["cpu_ms_per_frame"] / quick["cpu_ms_per_frame"], 2),
                "largest_relative_difference": difference(got, wanted),
                "preparation_cpu_s": round(preparation, 2),
                "load": os.getloadavg()[0],
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
        subprocess.run([str(python), "-c", _INSIDE, frames, folder], env=variables, check=True)


if __name__ == "__main__":
    main()
