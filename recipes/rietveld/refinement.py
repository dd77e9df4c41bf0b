"""The refinement itself, by easydiffraction with cryspy as its engine."""

from __future__ import annotations

import contextlib
import io
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import easydiffraction
import numpy as np
from numpy.typing import NDArray
from parameters import Parameters
from pattern import Pattern

from pandaas.sdk import RecipeError, progress, warn

_PHASE = "phase"
_EXPERIMENT = "pattern"


@dataclass(frozen=True)
class Refined:
    """One refined number with its uncertainty (NaN where the data don't determine it)."""

    name: str
    value: float
    sigma: float
    unit: str


@dataclass(frozen=True)
class Outcome:
    """Calculated curve and background at the points of the pattern, and everything that was refined."""

    calculated: NDArray[Any]
    background: NDArray[Any]
    refined: tuple[Refined, ...]
    reduced_chi2: float
    weighted_r: float


def refine(pattern: Pattern, parameters: Parameters, folder: Path) -> Outcome:
    """Refine scale and background first, then everything chosen. `folder` takes a working file, removed afterwards."""
    project = easydiffraction.Project(name="refinement")
    project.verbosity = "silent"
    structure = _structure(project, parameters)
    experiment = _experiment(project, pattern, parameters, folder)
    progress(0.1, "Scale and background")
    _free(experiment.linked_phases[_PHASE].scale, *(point.y for point in experiment.background.values()))
    _fit(project)
    _free_chosen(structure, experiment, parameters)
    _tie(project, structure, parameters)
    progress(0.25, "Refining")
    _fit(project)
    found = project.analysis.fit_results
    data = experiment.data
    calculated = np.asarray(data.intensity_calc, dtype=float)
    residual = (pattern.intensity - calculated) / pattern.sigma
    outcome = Outcome(
        calculated,
        np.asarray(data.intensity_bkg, dtype=float),
        tuple(_refined(item) for item in found.parameters),
        float(found.reduced_chi_square),
        math.sqrt(float(np.sum(residual**2) / np.sum((pattern.intensity / pattern.sigma) ** 2))),
    )
    _judge(outcome)
    return outcome


def _structure(project: Any, parameters: Parameters) -> Any:
    project.structures.create(name=_PHASE)
    structure = project.structures[_PHASE]
    try:
        structure.space_group.name_h_m = parameters.space_group
        structure.space_group.it_coordinate_system_code = parameters.space_group_setting
    except Exception as error:
        raise RecipeError(
            f"'{parameters.space_group}' is no known space group.", "Write it as 'P m -3 m'.", "space_group"
        ) from error
    if structure.space_group.name_h_m.value != parameters.space_group:
        raise RecipeError(
            f"'{parameters.space_group}' is no known space group.", "Write it as 'P m -3 m'.", "space_group"
        )
    cell = structure.cell
    cell.length_a = parameters.a
    cell.length_b = parameters.b or parameters.a
    cell.length_c = parameters.c or parameters.a
    cell.angle_alpha, cell.angle_beta, cell.angle_gamma = parameters.alpha, parameters.beta, parameters.gamma
    for atom in parameters.atoms:
        structure.atom_sites.create(
            label=atom.label,
            type_symbol=atom.element,
            fract_x=atom.x,
            fract_y=atom.y,
            fract_z=atom.z,
            wyckoff_letter=atom.wyckoff,
            b_iso=atom.b_iso,
            occupancy=atom.occupancy,
        )
    return structure


def _experiment(project: Any, pattern: Pattern, parameters: Parameters, folder: Path) -> Any:
    working = folder / "pattern.xye"
    np.savetxt(working, np.column_stack([pattern.two_theta, pattern.intensity, pattern.sigma]), fmt="%.10g")
    project.experiments.add_from_data_path(
        name=_EXPERIMENT,
        data_path=str(working),
        sample_form="powder",
        beam_mode="constant wavelength",
        radiation_probe=parameters.radiation,
    )
    working.unlink()
    experiment = project.experiments[_EXPERIMENT]
    experiment.instrument.setup_wavelength = parameters.wavelength
    experiment.instrument.calib_twotheta_offset = parameters.zero
    peak = experiment.peak
    peak.broad_gauss_u, peak.broad_gauss_v, peak.broad_gauss_w = parameters.u, parameters.v, parameters.w
    peak.broad_lorentz_y = parameters.lorentz_y
    for number, place in enumerate(
        np.linspace(pattern.two_theta[0], pattern.two_theta[-1], parameters.background_points)
    ):
        near = np.abs(pattern.two_theta - place) <= max(
            1.0, np.ptp(pattern.two_theta) / parameters.background_points / 2
        )
        level = float(np.percentile(pattern.intensity[near], 15)) if near.any() else float(pattern.intensity.min())
        experiment.background.create(id=str(number + 1), x=float(place), y=level)
    experiment.linked_phases.create(id=_PHASE, scale=1.0)
    return experiment


def _free_chosen(structure: Any, experiment: Any, parameters: Parameters) -> None:
    if parameters.refine_cell:
        _free(*_independent_lengths(structure, parameters))
    if parameters.refine_zero:
        _free(experiment.instrument.calib_twotheta_offset)
    if parameters.refine_profile:
        peak = experiment.peak
        _free(peak.broad_gauss_u, peak.broad_gauss_v, peak.broad_gauss_w, peak.broad_lorentz_y)
    if parameters.refine_displacement:
        sites = [structure.atom_sites[atom.label].b_iso for atom in _first_of_each_site(parameters)]
        for displacement in sites:
            displacement.fit_min = 0.0
        _free(*sites)


def _independent_lengths(structure: Any, parameters: Parameters) -> list[Any]:
    """Lengths that the form sets apart; angles other than 90° and 120° are left as they are."""
    cell = structure.cell
    lengths = [cell.length_a]
    if parameters.b is not None and parameters.b != parameters.a:
        lengths.append(cell.length_b)
    if parameters.c is not None and parameters.c != parameters.a:
        lengths.append(cell.length_c)
    return lengths


def _first_of_each_site(parameters: Parameters) -> list[Any]:
    found: dict[tuple[float, float, float], Any] = {}
    for atom in parameters.atoms:
        found.setdefault((atom.x, atom.y, atom.z), atom)
    return list(found.values())


def _tie(project: Any, structure: Any, parameters: Parameters) -> None:
    """Atoms that share a place share a displacement: the data can't tell them apart."""
    if not parameters.refine_displacement:
        return
    first = {(atom.x, atom.y, atom.z): atom for atom in reversed(parameters.atoms)}
    analysis, tied = project.analysis, False
    for atom in parameters.atoms:
        owner = first[atom.x, atom.y, atom.z]
        if owner.label == atom.label:
            continue
        for one in (owner, atom):
            analysis.aliases.create(label=f"b_{one.label}", param_uid=structure.atom_sites[one.label].b_iso.uid)
        analysis.constraints.create(expression=f"b_{atom.label} = b_{owner.label}")
        tied = True
    if tied:
        analysis.apply_constraints()


def _free(*items: Any) -> None:
    for item in items:
        item.free = True


def _fit(project: Any) -> None:
    try:
        with contextlib.redirect_stdout(io.StringIO()):  # its tables are for notebooks
            project.analysis.fit()
    except Exception as error:  # the engine raises whatever its parts meet
        raise RecipeError(
            f"The refinement stopped: {str(error).splitlines()[0][:200] if str(error) else type(error).__name__}.",
            "Check space group, Wyckoff letters and elements.",
            "atoms",
        ) from error
    if not math.isfinite(float(project.analysis.fit_results.reduced_chi_square)):
        raise RecipeError(
            "The refinement has no finite χ².", "Begin nearer to the truth: lattice, zero and profile.", "a"
        )


def _refined(item: Any) -> Refined:
    sigma = float(item.uncertainty) if item.uncertainty is not None else math.nan
    name = str(item.unique_name).removeprefix(f"{_PHASE}.").removeprefix(f"{_EXPERIMENT}.")
    return Refined(name, float(item.value), sigma, str(item.units or "").replace("Å", "angstrom").replace("²", "^2"))


def _judge(outcome: Outcome) -> None:
    if outcome.reduced_chi2 > 5:
        warn(
            f"The structure doesn't describe the pattern within its errors (reduced χ² = {outcome.reduced_chi2:.3g}):"
            " the lattice to begin with, a second phase, or the profile. The uncertainties are too small then."
        )
    for item in outcome.refined:
        if not math.isfinite(item.sigma) or item.sigma > 10 * max(abs(item.value), 0.1):
            warn(f"The data don't determine {item.name}.")
        if item.name.endswith("b_iso") and item.value < 1e-3:
            warn(f"{item.name} ended at zero: absorption, or a wrong background or occupancy.")
