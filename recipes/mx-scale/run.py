"""Scaling and merging by DIALS, its statistics as curves over resolution."""

from __future__ import annotations

import json
import re
import shutil
import sys
import tempfile
from collections.abc import Mapping, Sequence
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
    installed_program,
    progress,
    warn,
    write_result,
)

_STEPS = (
    "Performing a round of scaling",
    "Performing intra-dataset outlier",
    "Merging statistics",
    "Saving the scaled",
)
_NUMBER = re.compile(r"[-+]?\d+(?:\.\d+)?")
# DIALS' columns → name, unit and label here.
_COLUMNS = {
    "CC<sub>½</sub>": ("cc_half", "", "CC½"),
    "CC<sub>ano</sub>": ("cc_anomalous", "", "CC of the anomalous differences"),
    "R<sub>merge</sub>": ("r_merge", "", "Rmerge"),
    "R<sub>meas</sub>": ("r_meas", "", "Rmeas"),
    "R<sub>pim</sub>": ("r_pim", "", "Rpim"),
    "Mean I/σ(I)": ("i_over_sigma", "", "I/σ(I)"),
    "Completeness": ("completeness", "%", "Completeness"),
    "Multiplicity": ("multiplicity", "", "Multiplicity"),
    "N(obs)": ("observations", "", "Observations"),
    "N(unique)": ("unique", "", "Unique reflections"),
}
_SUMMARY = {
    "CC-half": ("cc_half", "", "CC½"),
    "Rmerge(I)": ("r_merge", "", "Rmerge"),
    "I/sigma": ("i_over_sigma", "", "I/σ(I)"),
    "Completeness (%)": ("completeness", "%", "Completeness"),
    "Multiplicity": ("multiplicity", "", "Multiplicity"),
    "Anomalous completeness (%)": ("anomalous_completeness", "%", "Anomalous completeness"),
}


def run(inputs: Inputs, parameters: Parameters, output: Path) -> None:
    """Scale, read the statistics, merge, write."""
    experiments, reflections = (files_of(inputs, name) for name in ("experiments", "reflections"))
    if len(experiments) != len(reflections):
        raise RecipeError(
            f"There are {len(experiments)} files of experiments and {len(reflections)} of reflections.",
            "Choose for each .expt the .refl that belongs to it.",
            "reflections",
        )
    for slot, names in (("experiments", experiments), ("reflections", reflections)):
        for name in names:
            if not Path(name).stat().st_size:
                raise RecipeError(f"'{Path(name).name}' is empty.", "Choose another file.", slot)
    dials = installed_program()
    kept = output / "files"
    kept.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        tables = scale(dials, [*experiments, *reflections], parameters, folder)
        names = ["scaled.expt", "scaled.refl", "dials.scale.log"]
        if parameters.merge:
            names += merge(dials, parameters, folder)
        for name in names:
            if Path(folder, name).is_file():
                shutil.copyfile(Path(folder, name), kept / name)
    columns, shells = by_resolution(tables["resolution_binned"])
    overall = summary(tables["overall_summary_data"])
    words = [f"{label} {value:.4g}" for _, value, _, label in overall]
    sys.stdout.write("\n".join(words) + "\n")
    write_result(
        str(output / "result.nxs"),
        title=f"{len(experiments)} sweep{'s' if len(experiments) > 1 else ''} scaled, {words[0]}",
        process={"program": "DIALS", "version": dials.version, "parameters": parameters},
        plots=_plots(columns, shells),
        default="cc_half",
        collections={
            "results": [Field(name, value, unit, label) for name, value, unit, label in overall],
            "shells": [
                Field("d_max", shells[:, 0], "angstrom"),
                Field("d_min", shells[:, 1], "angstrom"),
                *(Field(name, columns[key], unit, label) for key, (name, unit, label) in _COLUMNS.items()),
            ],
        },
        inputs=inputs.all(),
    )


def files_of(inputs: Inputs, slot: str) -> list[str]:
    """By name, so that .expt and .refl of one name meet."""
    return sorted((name for source in inputs[slot] for name in source.files), key=lambda name: Path(name).stem)


def scale(dials: Program, files: Sequence[str], parameters: Parameters, folder: str) -> dict[str, Any]:
    """DIALS' tables: overall and by resolution."""
    words = [
        f"cut_data.d_min={parameters.d_min}",
        f"cut_data.d_max={parameters.d_max}",
        f"anomalous={parameters.anomalous}",
        f"merging.nbins={parameters.bins}",
        "output.html=None",
        "output.json=scale.json",
        "output.experiments=scaled.expt",
        "output.reflections=scaled.refl",
    ]
    if parameters.model != "auto":
        words.append(f"model={parameters.model}")
    if parameters.absorption != "auto":
        words.append(f"physical.absorption_level={parameters.absorption}")
    rounds = 0

    def tell(line: str) -> None:
        nonlocal rounds
        if line.strip().startswith(_STEPS):
            rounds += 1
            progress(0.05 + 0.75 * (1 - 0.8**rounds), line.strip()[:100])

    progress(0.05, "Scaling")
    _run(dials, "dials.scale", [*files, *words], folder, tell)
    tree = json.loads(Path(folder, "scale.json").read_text("utf-8"))
    tables: dict[str, Any] = tree.get("scaling_tables") or {}
    if not tables.get("resolution_binned") or not tables.get("overall_summary_data"):
        raise RecipeError(
            "DIALS made no statistics of these reflections.", "See the log for what it said.", "reflections"
        )
    return tables


def merge(dials: Program, parameters: Parameters, folder: str) -> list[str]:
    progress(0.85, "Merging")
    words = ["scaled.expt", "scaled.refl", "output.mtz=merged.mtz", "output.html=None"]
    try:
        _run(dials, "dials.merge", [*words, f"merging.n_bins={parameters.bins}"], folder, None)
    except RecipeError as error:
        warn(f"No merged file was written: {error.what}")
        return []
    return ["merged.mtz"]


def _run(dials: Program, name: str, words: Sequence[str], folder: str, tell: Any) -> None:
    try:
        dials.run(name, list(words), folder, tell)
    except ProgramFailed as error:
        raise RecipeError(
            f"{name} failed: {error.reason}",
            "See the log. Files must be whole, reflections integrated, and of the same crystal form and setting.",
            "reflections",
        ) from error


def by_resolution(rows: Sequence[Sequence[Any]]) -> tuple[dict[str, NDArray[Any]], NDArray[Any]]:
    """Columns by DIALS' own names, and d_max, d_min of each shell in Å. What is no number is NaN."""
    header, body = list(rows[0]), [row for row in rows[1:] if "-" in str(row[0])]
    shells = np.array([[float(part) for part in str(row[0]).split(" - ")] for row in body])
    columns = {}
    for name in _COLUMNS:
        place = header.index(name) if name in header else None
        found = [_number(row[place]) if place is not None else np.nan for row in body]
        columns[name] = np.array(found)
    return columns, shells


def summary(table: Mapping[str, str]) -> list[tuple[str, float, str, str]]:
    """Name, value, unit and label of the overall statistics; the highest shell stands in brackets behind each."""
    return [
        (name, _number(table[key].split("(")[0]), unit, label)
        for key, (name, unit, label) in _SUMMARY.items()
        if key in table
    ]


def _number(value: Any) -> float:
    found = _NUMBER.search(str(value))
    return float(found.group(0)) if found else float("nan")


def _plots(columns: Mapping[str, NDArray[Any]], shells: NDArray[Any]) -> list[Plot]:
    axis = Field("inverse_d", 1 / shells[:, 1], "1/angstrom", "1/d, to the shell's high end")

    def field(key: str) -> Field:
        name, unit, label = _COLUMNS[key]
        return Field(name, columns[key], unit, label)

    def plot(name: str, title: str, key: str, *others: str) -> Plot:
        return Plot(
            name, field(key), [axis], auxiliary=[field(o) for o in others], title=title, scales=("linear", "linear")
        )

    return [
        plot("cc_half", "CC½ by resolution", "CC<sub>½</sub>"),
        plot("r_values", "Rmerge, Rmeas and Rpim", "R<sub>merge</sub>", "R<sub>meas</sub>", "R<sub>pim</sub>"),
        plot("i_over_sigma", "Signal over noise", "Mean I/σ(I)"),
        plot("completeness", "Completeness", "Completeness"),
        plot("multiplicity", "Multiplicity", "Multiplicity"),
        # By itself: without anomalous scatterers it goes from -1 to 1, and CC½ beside it would be a flat line.
        plot("cc_anomalous", "Correlation of the anomalous differences", "CC<sub>ano</sub>"),
    ]
