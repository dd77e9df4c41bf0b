"""The simulation opened with openpmd-viewer, which takes a folder: one with a link to the file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from openpmd_viewer import OpenPMDTimeSeries
from parameters import Parameters

from pandaas.sdk import Input, RecipeError, warn

_UNITS = {"x": "um", "y": "um", "z": "um"}


@dataclass(frozen=True)
class FieldCut:
    """`values` over two axes (name, positions in µm), slowest first; `unit` as the standard gives it to this field."""

    name: str
    values: NDArray[Any]
    axes: list[tuple[str, NDArray[Any]]]


@dataclass(frozen=True)
class Particles:
    """`values[name]` of each macro-particle, `weight` how many real ones it stands for."""

    species: str
    values: dict[str, NDArray[Any]]
    weight: NDArray[Any]


def open_series(source: Input, folder: Path) -> Any:
    """openpmd-viewer's series of this one file. `RecipeError` with its own words when it can't read it."""
    folder.mkdir(parents=True, exist_ok=True)
    link = folder / "simulation.h5"
    link.unlink(missing_ok=True)
    link.symlink_to(source.master)
    try:
        series = OpenPMDTimeSeries(str(folder), backend="h5py")
    except Exception as error:  # whatever the viewer and h5py raise for files that they don't understand
        raise RecipeError(
            f"openpmd-viewer can't read '{source.title}': {str(error).replace(str(link), 'the file')}.",
            "Choose a simulation in openPMD 1 (HDF5).",
            source.slot,
        ) from error
    if len(series.iterations) == 0 or not (series.avail_fields or series.avail_species):
        raise RecipeError(f"'{source.title}' holds no iteration with data.", "Choose another file.", source.slot)
    return series


def iteration_of(series: Any, parameters: Parameters) -> int:
    if parameters.iteration is None:
        return int(series.iterations[-1])
    if parameters.iteration not in series.iterations:
        raise RecipeError(
            f"There is no iteration {parameters.iteration}; there are {', '.join(map(str, series.iterations))}.",
            "Choose one of them.",
            "iteration",
        )
    return parameters.iteration


def read_field(series: Any, iteration: int, parameters: Parameters) -> FieldCut | None:
    """The chosen field in a plane; None where the file has no fields."""
    known: list[str] = list(series.avail_fields or [])
    if not known:
        if parameters.field:
            raise RecipeError("The file holds no fields.", "Leave the field empty.", "field")
        return None
    name = parameters.field or ("E" if "E" in known else known[0])
    if name not in known:
        raise RecipeError(f"There is no field '{name}'; there are {', '.join(known)}.", "Choose one of them.", "field")
    about = series.fields_metadata[name]
    component = _component(about, parameters)
    options: dict[str, Any] = {}
    if about["geometry"] == "thetaMode":
        modes = about["avail_circ_modes"]
        if parameters.mode not in modes:
            raise RecipeError(
                f"There is no mode {parameters.mode}; there are {', '.join(modes)}.", "Choose one of them.", "mode"
            )
        mode = parameters.mode if parameters.mode == "all" else int(parameters.mode)
        options = {"m": mode, "theta": np.radians(parameters.theta)}
    elif about["geometry"] == "3dcartesian":
        options = {"slice_across": parameters.cut_across, "slice_relative_position": parameters.cut_at}
    try:
        values, info = series.get_field(name, component, iteration=iteration, **options)
    except Exception as error:  # whatever the viewer raises for a mesh of another shape than its attributes say
        raise RecipeError(
            f"openpmd-viewer can't read the field '{name}': {error}.",
            "Its array doesn't have the shape that its attributes say: choose another file.",
            "simulation",
        ) from error
    bad = int((~np.isfinite(values)).sum())
    if bad == values.size:
        raise RecipeError(f"No value of the field '{name}' is a number.", "Choose another iteration or field.", "field")
    if bad:
        warn(f"{bad} of {values.size} values of the field are no numbers.")
    axes = [(info.axes[number], np.asarray(getattr(info, info.axes[number])) * 1e6) for number in range(values.ndim)]
    return FieldCut(name if component is None else f"{name}{component}", np.asarray(values), axes)


def _component(about: dict[str, Any], parameters: Parameters) -> str | None:
    known = list(about["avail_components"])
    if not known:
        return None
    if about["geometry"] == "thetaMode":
        known += [name for name in ("x", "y") if {"r", "t"} <= set(known)]
    wanted = parameters.component or ("z" if "z" in known else known[0])
    if wanted not in known:
        raise RecipeError(
            f"The field has no component {wanted}; it has {', '.join(known)}.", "Choose one of them.", "component"
        )
    return wanted


def read_particles(series: Any, iteration: int, parameters: Parameters) -> Particles | None:
    """Positions in µm, momenta in mc, Lorentz factor; None where the file has no particles."""
    known: list[str] = list(series.avail_species or [])
    if not known:
        if parameters.species:
            raise RecipeError("The file holds no particles.", "Leave the species empty.", "species")
        return None
    species = parameters.species or known[0]
    if species not in known:
        raise RecipeError(
            f"There is no species '{species}'; there are {', '.join(known)}.", "Choose one of them.", "species"
        )
    recorded = set(series.avail_record_components[species])
    chosen = {parameters.horizontal, parameters.vertical}
    needed = sorted((chosen - {"gamma"}) | {"ux", "uy", "uz"})
    lacking = [name for name in needed if name not in recorded]
    if lacking:
        field = "horizontal" if parameters.horizontal in lacking else "vertical"
        raise RecipeError(
            f"'{species}' has no {', '.join(lacking)}; it has {', '.join(sorted(recorded))}.", "Choose others.", field
        )
    names = [*needed, *(["w"] if "w" in recorded else [])]
    found = dict(zip(names, series.get_particle(names, species=species, iteration=iteration), strict=True))
    weight = np.asarray(found.pop("w", np.ones(len(found["uz"]))), dtype=float)
    values = {name: np.asarray(part) * (1e6 if name in _UNITS else 1.0) for name, part in found.items()}
    values["gamma"] = np.sqrt(1 + values["ux"] ** 2 + values["uy"] ** 2 + values["uz"] ** 2)
    if len(weight) == 0:
        warn(f"'{species}' holds no particles at this iteration.")
        return None
    return Particles(species, values, weight)
