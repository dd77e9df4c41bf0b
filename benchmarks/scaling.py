"""Slopes: what one more slice, event or spectrum costs by the bare code, by the recipe on one core and on two.

    python benchmarks/scaling.py [--rounds 3] [--case NAME …]

Each runs on a small and on a large amount of the same data; the difference over the amount is the slope, which what is paid once
(start, compiling, looking for the centre, fitting the sum) doesn't touch. All are plain processes in the recipe's environment, in
turns. Recipe beside bare code by processor time, two cores beside one by the clock: only the first is true on a busy machine.
Memory is the peak of the largest process. Results of one core and of two are compared bit by bit. Prints a table.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from _measured import Taken, run_measured

from pandaas.recipes import parse_manifest
from pandaas.testing.recipes import _runtime, write_job
from recipes import RECIPES, neutron_events, tests_of

_ONE = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"), "1")

_BARE_TOMOGRAPHY = """
import os, sys
os.environ["NUMBA_NUM_THREADS"] = "1"
import algotom.prep.removal as removal
import algotom.rec.reconstruction as reconstruction
import h5py, numpy as np

with h5py.File(sys.argv[1]) as file, h5py.File(sys.argv[2], "w") as out:
    data, angles = file["exchange/data"], np.deg2rad(file["exchange/theta"][()])
    flat, dark = (file[f"exchange/data_{name}"][()].mean(axis=0).astype("f4") for name in ("white", "dark"))
    volume = out.create_dataset("slices", (data.shape[1], data.shape[2], data.shape[2]), "f4")
    for start in range(0, data.shape[1], 8):
        part = slice(start, start + 8)
        sinograms = -np.log(np.clip((data[:, part].astype("f4") - dark[part]) / (flat - dark)[part], 1e-4, None))
        for row in range(sinograms.shape[1]):
            clean = removal.remove_stripe_based_sorting(sinograms[:, row], 21)
            volume[start + row] = reconstruction.dfi_reconstruction(
                clean, float(sys.argv[3]), angles=angles, apply_log=False, filter_name="hann", ncore=1)
"""


@dataclass(frozen=True)
class Work:
    """One amount of data for both. `amount` in the case's units."""

    amount: float
    inputs: dict[str, list[Any]]
    parameters: dict[str, Any]
    bare: list[str]


@dataclass(frozen=True)
class Case:
    """`result` names the array whose bits are compared."""

    unit: str
    result: str
    made: Callable[[Path, int], Work]
    amounts: tuple[int, int]


def tomography(folder: Path, rows: int) -> Work:
    """Slices of 1024 × 1024 from 901 projections."""
    m = tests_of("tomo-reconstruct")
    m.WIDTH, m.CENTRE, m.ANGLES = 1024, 520.0, 901
    path, bare = folder / "scan.h5", folder / "bare.py"
    m.dxchange(path, **m.arrays(rows=rows))
    bare.write_text(_BARE_TOMOGRAPHY)
    parameters = {"method": "dfi", "preview_steps": 0, "centre": 520.0}
    return Work(rows, {"projections": [path]}, parameters, [str(bare), str(path), str(folder / "out.h5"), "520"])


def events(folder: Path, number: int) -> Work:
    """Millions of events to Q."""
    work = neutron_events(folder, number * 1_000_000)
    golden = RECIPES / "neutron-events/tests/golden.py"
    return Work(number, work.inputs, work.parameters, [str(golden), *work.arguments])


def fluorescence(folder: Path, rows: int) -> Work:
    """Thousands of spectra of 600 channels with calcium and iron, each decomposed without negative amounts."""
    m = tests_of("xrf-map")
    case, path, out = m.TestXrfMap(), folder / "map.nxs", folder / "golden.json"
    simulated = m.simulated()
    m.write(path, counts=np.tile(simulated, (rows, 1000 // (m.ROWS * m.COLUMNS), 1))[: 4 * rows, :250])
    with h5py.File(path, "r+") as file:
        del file["entry/data/x"], file["entry/data/y"]
        shape = file["entry/data/counts"].shape
    given = m.given(path, shape=shape)
    golden = RECIPES / "xrf-map/tests/golden.py"
    return Work(
        shape[0] * shape[1] / 1000,
        {"map": [given]},
        dict(case.parameters),
        [str(golden), str(path), "11", str(out), "Ca", "Fe"],
    )


CASES = {
    "tomo-reconstruct": Case("slice", "entry/volume/attenuation", tomography, (16, 64)),
    "neutron-events": Case("million events", "entry/histogram/counts", events, (4, 24)),
    "xrf-map": Case("thousand spectra", "entry/map_Fe/counts", fluorescence, (8, 80)),
}


def measure(argv: Sequence[str], folder: Path) -> Taken:
    """One run of a process with its children; its words when it fails."""
    variables = {**os.environ, **_ONE, "PYTHONPATH": str(_runtime().sdk.bind().source), "PYTHONDONTWRITEBYTECODE": "1"}
    return run_measured(argv, folder, variables)


def commands(name: str, work: Work, folder: Path) -> dict[str, list[str]]:
    """What is run: the bare code, the recipe on one core and on two, which write where they say."""
    python = str(_runtime().environments.ensure(parse_manifest(RECIPES / name).environment).python)
    found = {"bare": [python, *work.bare]}
    for cores in (1, 2):
        place = folder / f"cores-{cores}"
        job = write_job(RECIPES / name, place, work.inputs, work.parameters)
        job.write_text(json.dumps({**json.loads(job.read_text()), "cores": cores}))
        found[f"cores-{cores}"] = [python, "-m", "pandaas.sdk", "run", str(job)]
    return found


def compare(name: str, rounds: int, place: Path) -> dict[str, Any]:
    case = CASES[name]
    folders = [place / f"{name}-{amount}" for amount in case.amounts]
    taken: dict[tuple[str, Path], list[Taken]] = {}
    works, argv = [], {}
    for folder, amount in zip(folders, case.amounts, strict=True):
        folder.mkdir()
        works.append(case.made(folder, amount))
        argv |= {(way, folder): words for way, words in commands(name, works[-1], folder).items()}
    for turn in range(rounds):
        for key in argv if turn % 2 == 0 else reversed(list(argv)):
            taken.setdefault(key, []).append(measure(argv[key], key[1]))
    more = works[1].amount - works[0].amount

    def slope(way: str, of: Callable[[Taken], float]) -> float:
        small, large = (statistics.median(of(one) for one in taken[way, folder]) for folder in folders)
        return (large - small) / more

    bare, recipe = (slope(way, lambda one: one.cpu_s) for way in ("bare", "cores-1"))
    clock = [slope(f"cores-{cores}", lambda one: one.clock_s) for cores in (1, 2)]
    equal = same(folders[1] / "cores-1/output/result.nxs", folders[1] / "cores-2/output/result.nxs", case.result)
    return {
        "recipe": name,
        "unit": case.unit,
        "bare_cpu_ms": round(1000 * bare, 1),
        "recipe_cpu_ms": round(1000 * recipe, 1),
        "ratio": round(recipe / bare, 2),
        "one_core_per_s": round(1 / clock[0], 2),
        "two_cores_per_s": round(1 / clock[1], 2),
        "two_over_one": round(clock[0] / clock[1], 2),
        "memory_kb_per_unit": round(1024 * slope("cores-1", lambda one: one.memory_mb)),
        "same_bits": equal,
        "load": round(os.getloadavg()[0], 1),
    }


def same(first: Path, second: Path, path: str) -> bool:
    with h5py.File(first) as one, h5py.File(second) as two:
        return bool(np.array_equal(one[path][()], two[path][()]))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--case", nargs="*", choices=sorted(CASES), default=list(CASES))
    options = parser.parse_args()
    heading = False
    with tempfile.TemporaryDirectory(prefix="scaling-") as name:
        for case in options.case:
            row = compare(case, options.rounds, Path(name))
            if not heading:
                sys.stdout.write(f"| {' | '.join(row)} |\n|{'---|' * len(row)}\n")
                heading = True
            sys.stdout.write(f"| {' | '.join(map(str, row.values()))} |\n")
            sys.stdout.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main())
