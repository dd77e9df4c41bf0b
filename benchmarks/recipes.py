"""Recipes beside the bare code: each recipe's golden script does the same with the original code called directly.

    python benchmarks/recipes.py [--rounds 3] [--case NAME …] [--no-memory | --only-memory]

Both run as plain processes in the recipe's environment on one core, in turns; processor time is taken, which other programs on the
machine change little. What it costs to start (Python and every module that the run loads, early or late) is measured by
processes that do only that, and taken off. Results are compared. Then peak memory at 1, 4 and 16 times the data. Prints a table.
"""

from __future__ import annotations

import argparse
import importlib.util
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
from _measured import run_measured

from pandaas.config import bundled
from pandaas.recipes import parse_manifest
from pandaas.testing.recipes import _runtime, write_job

RECIPES = bundled("recipes")
SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"
_ONE = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"), "1")


@dataclass(frozen=True)
class Work:
    """One piece of work for both: the recipe's inputs and parameters, the golden script's arguments, how results compare."""

    inputs: dict[str, list[Any]]
    parameters: dict[str, Any]
    arguments: list[str]
    difference: Callable[[h5py.File], float]


def tests_of(recipe: str) -> Any:
    path = next((RECIPES / recipe / "tests").glob("test_*.py"))
    spec = importlib.util.spec_from_file_location(f"tests_{recipe.replace('-', '_')}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def relative(found: Any, expected: Any) -> float:
    """Largest difference over the largest value."""
    found, expected = np.asarray(found, dtype=float), np.asarray(expected, dtype=float)
    return float(np.nanmax(np.abs(found - expected)) / np.nanmax(np.abs(expected)))


def saxs_integrate(folder: Path) -> Work:
    """20 frames of 1000 × 1000."""
    m = tests_of("saxs-integrate")
    m.SHAPE, m.CENTRE = (1000, 1000), (450.5, 520.25)
    path, out = folder / "series.h5", folder / "golden.npz"
    m.write(path, m.rings())
    parameters = {"unit": "q_nm^-1", "npt": 1000, "splitting": "bbox", "cake": False}
    return Work(
        {"sample": [m.given(path)]},
        parameters,
        [str(path), str(out), "q_nm^-1", "1000", "bbox"],
        lambda file: relative(file["entry/frames/I"][()], np.load(out)["intensity"]),
    )


def tomo_reconstruct(folder: Path) -> Work:
    """One slice of 1024 × 1024 from 901 projections."""
    m = tests_of("tomo-reconstruct")
    m.WIDTH, m.CENTRE, m.ANGLES = 1024, 520.0, 901
    path, out = folder / "scan.h5", folder / "golden.npz"
    m.dxchange(path, **m.arrays(rows=1))
    inputs = m.TestTomoReconstruct.make_inputs(m.TestTomoReconstruct(), folder / "as-tested")
    slot, (first, *_) = next(iter(inputs.items()))
    given = first if isinstance(first, Path) else {**first, "files": [str(path)], "master": str(path)}
    return Work(
        {slot: [path if isinstance(given, Path) else given]},
        {"method": "dfi", "last_row": 0, "preview_steps": 0},
        [str(path), str(out), "dfi"],
        lambda file: relative(file["entry/volume/attenuation"][0], np.load(out)["slice"]),
    )


def neutron_events(folder: Path, events: int = 8_000_000) -> Work:
    """8 million events of one bank to Q."""
    m = tests_of("neutron-events")
    path, edges, out = folder / "events.nxs", folder / "edges.json", folder / "golden.json"
    m.write(path, events=events)
    with h5py.File(path, "r+") as file:
        del file["entry/bank1_events"]
    edges.write_text(json.dumps(np.linspace(0.01, 0.4, 201).tolist()))
    return Work(
        {"events": [path]},
        {"quantity": "Q", "bins": 200, "minimum": 0.01, "maximum": 0.4},
        [str(path), "bank0", str(m.L1), str(edges), str(out)],
        lambda file: relative(file["entry/histogram/counts"][()], json.loads(out.read_text())),
    )


def sas_fit(folder: Path) -> Work:
    m = tests_of("sas-fit")
    curve, out = m.text(folder / "curve.txt"), folder / "golden.json"
    start = [
        {"name": "scale", "value": 0.02, "minimum": 0.001, "maximum": 1.0},
        {"name": "background", "value": 0.005, "minimum": 0.0, "maximum": 0.1},
        {"name": "radius", "value": 110.0, "minimum": 20.0, "maximum": 500.0},
        *m.KNOWN,
    ]
    return Work(
        {"curve": [m.given(curve)]},
        {"model": "sphere", "fit": start, "method": "lm", "polydispersity": 0.1},
        [str(curve), str(out)],
        lambda file: max(
            relative(file[f"entry/parameters/fitted_{name}"][()], value)
            for name, (value, _) in json.loads(out.read_text()).items()
        ),
    )


def sans_reduce(folder: Path) -> Work:
    """20,736 pixels, 123 times."""
    m = tests_of("sans-reduce")
    m.SIDE, m.PIXEL = 144, 0.004
    middle, out = (m.SIDE - 1) / 2, folder / "golden.json"
    inputs = m.TestSansReduce.make_inputs(m.TestSansReduce(), folder)
    names = [inputs[slot][0]["files"][0] for slot in ("sample", "transmission", "direct")]
    geometry = {"pixel_size": 4.0, "distance": m.DISTANCE, "centre_x": middle, "centre_y": middle, "bands": 1}

    def difference(file: h5py.File) -> float:
        expected = np.array(json.loads(out.read_text())["I"])
        return relative(file["entry/I_of_Q/I"][()], expected[np.isfinite(expected)])

    numbers = [str(number) for number in (m.PIXEL, m.DISTANCE, 0.01, 0.15)]
    return Work(inputs, {**geometry, "q_min": 0.01, "q_max": 0.15}, [*names, str(out), *numbers], difference)


def xas_reduce(folder: Path) -> Work:
    m = tests_of("xas-reduce")
    out = folder / "golden.json"
    return Work(
        {"scan": [m.given(m.FEO)]},
        {"k_max": 10.0},
        [str(m.FEO), str(out)],
        lambda file: relative(file["entry/chi_k/chi"][()], json.loads(out.read_text())["chi"]),
    )


def biosaxs(folder: Path) -> Work:
    m = tests_of("biosaxs")
    out, data = folder / "golden.json", SHARED / "biosaxs"
    inputs = {
        "sample": [m.given(folder / "gi", sorted(data.glob("GI2_A9_19_001_*.dat")))],
        "buffer": [m.given(folder / "buffer", sorted(data.glob("GIbuf2_A9_18_001_*.dat")))],
    }

    def difference(file: h5py.File) -> float:
        expected = json.loads(out.read_text())
        return max(relative(file[f"entry/results/{name}"][()], value) for name, value in expected.items())

    arguments = [str(data), "GI2_A9_19_001_", "GIbuf2_A9_18_001_", str(out), "0.183"]
    return Work(inputs, {"pr_q_max": 0.183}, arguments, difference)


def reflectivity(folder: Path) -> Work:
    m = tests_of("reflectivity")
    case, out = m.TestReflectivity(), folder / "golden.json"
    return Work(
        case.make_inputs(folder),
        dict(case.parameters),
        [str(folder / "film.txt"), str(out)],
        lambda file: max(
            relative(file[f"entry/parameters/fitted_{name}"][()], value)
            for name, (value, _) in json.loads(out.read_text()).items()
        ),
    )


def rietveld(folder: Path) -> Work:
    m = tests_of("rietveld")
    case, out = m.TestRietveld(), folder / "golden.json"
    return Work(
        case.make_inputs(folder),
        dict(case.parameters),
        [str(folder / "iron.xye"), str(out)],
        lambda file: relative(file["entry/parameters/refined_cell_length_a"][()], json.loads(out.read_text())["a"]),
    )


def xrf_map(folder: Path) -> Work:
    m = tests_of("xrf-map")
    case, out = m.TestXrfMap(), folder / "golden.json"
    return Work(
        case.make_inputs(folder),
        dict(case.parameters),
        [str(folder / "map.nxs"), "11", str(out), "Ca", "Fe"],
        lambda file: relative(file["entry/map_Fe/counts"][()], json.loads(out.read_text())["Fe"]),
    )


def laser_pulse(folder: Path) -> Work:
    m = tests_of("laser-pulse")
    case, out = m.TestLaserPulse(), folder / "golden.json"
    return Work(
        case.make_inputs(folder),
        dict(case.parameters),
        [str(folder / "frog.nxs"), "2", "60", str(out)],
        lambda file: max(
            relative(file[f"entry/results/{name}"][()], value) for name, value in json.loads(out.read_text()).items()
        ),
    )


def fel_pulses(folder: Path, *options: str) -> Work:
    """48 pulses of AGIPD-1M in 8 trains, with mask; simulated."""
    m = tests_of("fel-pulses")
    run, out = folder / "r0238", folder / "golden.npz"
    m.python("simulate.py", str(run), *(options or ("--trains", "8", "--pulses", "6")))
    return Work(
        m.given(run),
        dict(m.KNOWN),
        [str(run), str(out)],
        lambda file: relative(file["entry/average/I"][()], np.load(out)["average"]),
    )


CASES: dict[str, Callable[[Path], Work]] = {
    "saxs-integrate": saxs_integrate,
    "tomo-reconstruct": tomo_reconstruct,
    "neutron-events": neutron_events,
    "sans-reduce": sans_reduce,
    "sas-fit": sas_fit,
    "reflectivity": reflectivity,
    "biosaxs": biosaxs,
    "xas-reduce": xas_reduce,
    "xrf-map": xrf_map,
    "laser-pulse": laser_pulse,
    "rietveld": rietveld,
    "fel-pulses": fel_pulses,
}


def measure(argv: Sequence[str], folder: Path) -> tuple[float, float]:
    """Processor seconds and peak memory (MB) of a process on one core; its words when it fails."""
    taken = run_measured(argv, folder, _variables())
    return taken.cpu_s, taken.memory_mb


def _variables() -> dict[str, str]:
    return {**os.environ, **_ONE, "PYTHONPATH": str(_runtime().sdk.bind().source), "PYTHONDONTWRITEBYTECODE": "1"}


def loaded(argv: Sequence[str], folder: Path) -> list[str]:
    """The modules that a run of this command loads, wherever in it, in their order (from Python's own import times)."""
    measure([argv[0], "-X", "importtime", *argv[1:]], folder)
    names = []
    for line in (folder / "said").read_text("utf-8", "replace").splitlines():
        told = line.removeprefix("import time:").split("|")
        if line.startswith("import time:") and len(told) == 3 and told[2].startswith(" ") and told[2][1] != " ":
            names.append(told[2].strip())
    return names


def starting(names: Sequence[str], recipe: Path) -> str:
    """A program that loads these modules and does nothing."""
    return (
        f"import importlib, sys\nsys.path[:0] = [{str(recipe)!r}, {str(recipe / 'tests')!r}]\n"
        f"for name in {list(names)!r}:\n"
        "    try:\n        importlib.import_module(name)\n    except BaseException:\n        pass\n"
    )


def compare(name: str, rounds: int, place: Path) -> dict[str, Any]:
    recipe, folder = RECIPES / name, place / name
    folder.mkdir()
    work, manifest = CASES[name](folder), parse_manifest(recipe)
    python = str(_runtime().environments.ensure(manifest.environment).python)
    job = write_job(recipe, folder, work.inputs, work.parameters)
    tree = json.loads(job.read_text())
    job.write_text(json.dumps({**tree, "cores": 1}))
    golden = recipe / "tests/golden.py"
    commands = {
        "bare": [python, str(golden), *work.arguments],
        "recipe": [python, "-m", "pandaas.sdk", "run", str(job)],
    }
    for key, argv in list(commands.items()):
        commands[f"{key} start"] = [python, "-c", starting(loaded(argv, folder), recipe)]
    taken: dict[str, list[float]] = {key: [] for key in commands}
    for turn in range(rounds):
        for key in commands if turn % 2 == 0 else reversed(commands):
            taken[key].append(measure(commands[key], folder)[0])
    least = {key: statistics.median(values) for key, values in taken.items()}
    bare, done = least["bare"] - least["bare start"], least["recipe"] - least["recipe start"]
    with h5py.File(folder / "output/result.nxs") as file:
        difference = work.difference(file)
    return {
        "recipe": name,
        "bare_s": round(bare, 2),
        "recipe_s": round(done, 2),
        "ratio": round(done / bare, 2),
        "more_s": round(done - bare, 2),
        "bare_start_s": round(least["bare start"], 2),
        "recipe_start_s": round(least["recipe start"], 2),
        "difference": float(f"{difference:.1g}"),
    }


def memory(place: Path) -> dict[str, list[int]]:
    """Peak MB of one process at 1, 4 and 16 times the data."""
    found: dict[str, list[int]] = {"neutron-events": [], "tomo-reconstruct": [], "fel-pulses": []}
    for times in (1, 4, 16):
        folder = place / f"pulses-{times}"
        folder.mkdir()
        work = fel_pulses(folder, "--trains", str(4 * times), "--pulses", "8", "--blank")
        found["fel-pulses"].append(peak("fel-pulses", work, folder))
        folder = place / f"events-{times}"
        folder.mkdir()
        found["neutron-events"].append(peak("neutron-events", neutron_events(folder, 2_000_000 * times), folder))
        (folder / "events.nxs").unlink()
        folder = place / f"tomo-{times}"
        folder.mkdir()
        m = tests_of("tomo-reconstruct")
        m.WIDTH, m.CENTRE, m.ANGLES = 512, 260.0, 361
        work = tomo_reconstruct(folder)
        m = sys.modules["tests_tomo_reconstruct"]
        m.WIDTH, m.CENTRE, m.ANGLES = 512, 260.0, 361
        m.dxchange(folder / "larger.h5", **m.arrays(rows=8 * times))
        slot, (given,) = next(iter(work.inputs.items()))
        path = folder / "larger.h5"
        given = path if isinstance(given, Path) else {**given, "files": [str(path)], "master": str(path)}
        parameters = {"method": "dfi", "preview_steps": 0, "centre": 260.0}
        found["tomo-reconstruct"].append(peak("tomo-reconstruct", Work({slot: [given]}, parameters, [], len), folder))
    return found


def peak(name: str, work: Work, folder: Path) -> int:
    python = str(_runtime().environments.ensure(parse_manifest(RECIPES / name).environment).python)
    job = write_job(RECIPES / name, folder, work.inputs, work.parameters)
    job.write_text(json.dumps({**json.loads(job.read_text()), "cores": 1}))
    return round(measure([python, "-m", "pandaas.sdk", "run", str(job)], folder)[1])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--case", "--only", dest="only", nargs="*", choices=sorted(CASES), default=list(CASES))
    parser.add_argument("--no-memory", action="store_true")
    parser.add_argument("--only-memory", action="store_true")
    options = parser.parse_args()
    columns = ("recipe", "bare_s", "recipe_s", "ratio", "more_s", "bare_start_s", "recipe_start_s", "difference")
    sys.stdout.write(f"load {os.getloadavg()[0]:.1f}\n| {' | '.join(columns)} |\n|{'---|' * len(columns)}\n")
    with tempfile.TemporaryDirectory(prefix="recipes-") as name:
        place = Path(name)
        for case in () if options.only_memory else options.only:
            try:
                row = compare(case, options.rounds, place)
                sys.stdout.write(f"| {' | '.join(str(row[column]) for column in columns)} |\n")
            except Exception as error:  # noqa: BLE001 - one that can't be measured must not hide the others
                sys.stdout.write(f"| {case} | not measured: {str(error)[-300:]!r} |\n")
            sys.stdout.flush()
        if not options.no_memory:
            sys.stdout.write(f"peak MB at 1, 4, 16 times the data: {json.dumps(memory(place))}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
