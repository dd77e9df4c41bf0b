"""Stills indexed one by one with DIALS, with the settings that fit single images of a detector with many panels."""

from __future__ import annotations

import json
import re
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from parameters import Parameters

from pandaas.sdk import (
    Field,
    Inputs,
    Plot,
    Program,
    ProgramFailed,
    RecipeError,
    current_job,
    installed_program,
    progress,
    warn,
    write_result,
)

_SAVED = re.compile(r"Saved (\d+) reflections")
_INDEXED = re.compile(r"^model 1 \((\d+) reflections\)")
_CELL = re.compile(r"^\s*Unit cell:\s*(.+)$")
_VALUE = re.compile(r"([-+]?\d+(?:\.(\d+))?)(?:\((\d+)\))?")
_LENGTHS = ("a", "b", "c")


@dataclass(frozen=True)
class Still:
    """Of one image: spots, how many of them were indexed (0: not), cell and its standard deviations, in Å and degrees."""

    name: str
    spots: int
    indexed: int = 0
    cell: tuple[float, ...] = (float("nan"),) * 6
    spread: tuple[float, ...] = (float("nan"),) * 6
    reason: str = ""


def run(inputs: Inputs, parameters: Parameters, output: Path) -> None:
    """Each still by itself, as many at a time as there are cores."""
    files = [name for source in inputs["stills"] for name in source.files]
    dials, job = installed_program(), current_job()
    done: list[Still] = []
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(job.cores if job else 1) as pool:
        for still in pool.map(lambda place: index(dials, files[place], place, parameters, folder), range(len(files))):
            done.append(still)
            sys.stdout.write(f"{still.name}: {still.spots} spots, {still.indexed} indexed {still.reason}\n")
            progress(len(done) / len(files) * 0.98, f"Still {len(done)} of {len(files)}")
    if all(still.reason == "unreadable" for still in done):
        raise RecipeError(
            "DIALS can read none of the stills.", "See the log. They must be full CBF (imgCIF).", "stills"
        )
    indexed = [still for still in done if still.indexed]
    hits = [still for still in done if still.spots >= parameters.fewest_spots]
    if not indexed:
        warn("No still could be indexed: check cell, space group, threshold and the detector's distance.")
    write_result(
        str(output / "result.nxs"),
        title=f"{len(indexed)} of {len(done)} stills indexed",
        process={"program": "DIALS", "version": dials.version, "parameters": parameters},
        plots=_plots(done),
        default="spots",
        collections={"results": _results(done, hits, indexed), "stills": _table(done)},
        inputs=inputs.all(),
    )


def index(dials: Program, file: str, place: int, parameters: Parameters, folder: str) -> Still:
    """Import, find spots, index. What can't be indexed is a result, no error."""
    own = Path(folder, f"still-{place:06d}")
    own.mkdir()
    link = own / f"still{Path(file).suffix}"
    link.symlink_to(file)
    name = Path(file).name
    if not Path(file).stat().st_size:  # of nothing DIALS finds no spots, and says no more
        return Still(name, 0, reason="unreadable")
    said: list[str] = []
    try:
        dials.run("dials.import", [link.name, "output.experiments=still.expt"], str(own))
        words = [
            "still.expt",
            "spotfinder.mp.nproc=1",
            f"spotfinder.filter.min_spot_size={parameters.min_spot_size}",
            f"spotfinder.threshold.dispersion.gain={parameters.gain}",
            f"spotfinder.threshold.dispersion.global_threshold={parameters.threshold}",
            "output.reflections=strong.refl",
        ]
        dials.run("dials.find_spots", words, str(own), said.append)
    except ProgramFailed as error:
        return Still(name, 0, reason="unreadable" if error.name == "dials.import" else error.reason)
    spots = next((int(found.group(1)) for line in reversed(said) if (found := _SAVED.search(line))), 0)
    if spots < parameters.fewest_spots:
        return Still(name, spots, reason="no hit")
    said.clear()
    words = [
        "still.expt",
        "strong.refl",
        "indexing.method=real_space_grid_search",
        "stills.indexer=sequences",
        f"unit_cell={parameters.unit_cell}",
        f"space_group={parameters.space_group}",
        "detector.fix=all",
        "beam.fix=all",
        "n_macro_cycles=1",
        "indexing.nproc=1",
    ]
    try:
        dials.run("dials.index", words, str(own), said.append)
    except ProgramFailed as error:
        return Still(name, spots, reason=error.reason)
    return _indexed(name, spots, said)


def _indexed(name: str, spots: int, said: list[str]) -> Still:
    """From what dials.index says last: the refined model, with standard deviations in brackets."""
    count = next((int(found.group(1)) for line in reversed(said) if (found := _INDEXED.match(line))), 0)
    text = next((found.group(1) for line in reversed(said) if (found := _CELL.match(line))), "")
    values = _VALUE.findall(text)
    if not count or len(values) != 6:
        return Still(name, spots, reason="no model")
    cell = tuple(float(value) for value, _, _ in values)
    spread = tuple(int(last) * 10.0 ** -len(digits) if last else float("nan") for _, digits, last in values)
    return Still(name, spots, count, cell, spread)


def _plots(done: list[Still]) -> list[Plot]:
    axis = [Field("still", np.arange(1, len(done) + 1), "", "Still")]
    spots = np.array([still.spots for still in done], dtype=float)
    found = [
        Plot(
            "spots",
            Field("spots", spots, "", "Spots"),
            axis,
            errors=np.sqrt(spots),
            auxiliary=[Field("indexed", np.array([still.indexed for still in done], dtype=float), "", "Indexed spots")],
            title=f"Spots of each still; {sum(still.indexed > 0 for still in done)} of {len(done)} indexed",
            scales=("linear", "linear"),
        )
    ]
    for number, name in enumerate(_LENGTHS):
        values, spreads = (np.array([getattr(still, kind)[number] for still in done]) for kind in ("cell", "spread"))
        found.append(
            Plot(
                f"cell_{name}",
                Field(name, values, "angstrom", f"Cell length {name}"),
                axis,
                errors=spreads,
                title=f"Cell length {name} of each indexed still",
                scales=("linear", "linear"),
            )
        )
    return found


def _results(done: list[Still], hits: list[Still], indexed: list[Still]) -> list[Field]:
    found = [
        Field("stills", len(done)),
        Field("hits", len(hits), "", "Stills with enough spots"),
        Field("indexed", len(indexed), "", "Stills indexed"),
        Field("indexed_share", len(indexed) / max(1, len(hits)), "", "Of the hits"),
    ]
    cells = np.array([still.cell for still in indexed])
    for number, name in enumerate((*_LENGTHS, "alpha", "beta", "gamma")):
        if len(cells):
            spread = float(cells[:, number].std(ddof=1)) if len(cells) > 1 else indexed[0].spread[number]
            unit = "angstrom" if number < 3 else "deg"
            more = {"uncertainty": spread} if np.isfinite(spread) else {}
            found.append(Field(f"mean_{name}", float(cells[:, number].mean()), unit, f"Mean of {name}", more))
    return found


def _table(done: list[Still]) -> list[Field]:
    cells: NDArray[Any] = np.array([still.cell for still in done])
    return [
        Field("name", np.array([still.name for still in done])),
        Field("spots", np.array([still.spots for still in done])),
        Field("indexed", np.array([still.indexed for still in done])),
        Field("cell", cells, "", "a, b, c in Å, α, β, γ in degrees"),
        Field("reason", np.array([json.dumps(still.reason)[1:-1] for still in done]), "", "Why a still wasn't indexed"),
    ]
