"""What the result file holds: the subtracted curve, Guinier, Kratky and p(r) plots, and the numbers of a paper's table."""

from __future__ import annotations

from typing import Any

import numpy as np
from frames import Series
from selection import Average
from structure import Structure

from pandaas.sdk import Field, Plot

_Q_LABEL = "Scattering vector q"


def plots(sample: Series, structure: Structure, solution: Average, solvent: Average | None) -> list[Plot]:
    found = [_scattering(sample, structure), _distances(structure), _guinier(structure), _kratky(structure)]
    axis = Field("Q", sample.q, "1/angstrom", _Q_LABEL)
    for name, title, average in (
        ("solution", "Average of the sample", solution),
        ("buffer", "Average of the buffer", solvent),
    ):
        if average is not None:
            found.append(
                Plot(
                    name,
                    Field("I", average.intensity, sample.unit, "Intensity"),
                    [axis],
                    errors=average.sigma,
                    title=f"{title}, {len(average.numbers)} frames",
                    scales=("log", "log"),
                )
            )
    return found


def collections(structure: Structure, solution: Average, solvent: Average | None) -> dict[str, list[Field]]:
    guinier, found, mass = structure.guinier, structure.statistics, structure.invariants
    q = structure.curve[:, 0]
    results = [
        _number("Rg", guinier.Rg, guinier.sigma_Rg, "angstrom", "Radius of gyration, Guinier"),
        _number("I0", guinier.I0, guinier.sigma_I0, "", "Intensity at zero angle, Guinier"),
        Field("guinier_q_min", float(q[guinier.start_point]), "1/angstrom"),
        Field("guinier_q_max", float(q[guinier.end_point - 1]), "1/angstrom"),
        Field("guinier_quality", float(guinier.quality), label="freesas' mark of the fit, 0 to 1"),
        _number("Rg_pr", found.Rg_avg, found.Rg_std, "angstrom", "Radius of gyration, p(r)"),
        _number("I0_pr", found.I0_avg, found.I0_std, "", "Intensity at zero angle, p(r)"),
        _number("Dmax", found.Dmax_avg, found.Dmax_std, "angstrom", "Largest distance"),
        Field("pr_chi2", float(found.chi2r_avg), label="Reduced χ² of p(r)"),
        Field("pr_q_max", float(q[structure.pr_points[1] - 1]), "1/angstrom"),
    ]
    if mass is not None:
        results += [
            _number("mass", mass.mass, mass.sigma_mass, "kDa", "Mass of a protein, from the volume of correlation"),
            _number("Vc", mass.Vc * 100, mass.sigma_Vc * 100, "angstrom^2", "Volume of correlation"),
        ]
    frames = [Field("sample", solution.numbers), Field("sample_left_out", solution.left_out)]
    if solvent is not None:
        frames += [Field("buffer", solvent.numbers), Field("buffer_left_out", solvent.left_out)]
    return {"results": results, "frames": frames}


def _number(name: str, value: float, sigma: float, unit: str, label: str) -> Field:
    return Field(name, float(value), unit, label, {"uncertainty": float(sigma)})


def _scattering(sample: Series, structure: Structure) -> Plot:
    curve = structure.curve
    model = np.full(len(curve), np.nan)
    model[slice(*structure.pr_points)] = structure.transformed
    return Plot(
        "scattering",
        Field("I", curve[:, 1], sample.unit, "Intensity"),
        [Field("Q", curve[:, 0], "1/angstrom", _Q_LABEL)],
        errors=curve[:, 2],
        auxiliary=[Field("from_pr", model, sample.unit, "Transform of p(r)")],
        title="Scattering of the particles, and the curve that p(r) gives",
        scales=("linear", "log"),
        sas=True,
    )


def _distances(structure: Structure) -> Plot:
    found = structure.statistics
    return Plot(
        "p_r",
        Field("p", structure.density, "arbitrary", "p(r)"),
        [Field("r", structure.radius, "angstrom", "Distance r")],
        errors=structure.density_sigma,
        title=f"Pair distances: Rg = {found.Rg_avg:.1f} Å, Dmax = {found.Dmax_avg:.0f} ± {found.Dmax_std:.0f} Å",
    )


def _guinier(structure: Structure) -> Plot:
    """ln I over q² up to twice the fitted range."""
    curve, guinier = structure.curve, structure.guinier
    stop = min(len(curve), 2 * int(guinier.end_point) + 5)
    positive = curve[:stop, 1] > 0
    part, line = curve[:stop][positive], structure.guinier_line[:stop][positive]
    return Plot(
        "guinier",
        Field("ln_I", np.log(part[:, 1]), "", "ln I"),
        [Field("Q2", part[:, 0] ** 2, "1/angstrom^2", "q²")],
        errors=part[:, 2] / part[:, 1],
        auxiliary=[Field("fit", np.log(line), "", f"Guinier law, Rg = {guinier.Rg:.1f} ± {guinier.sigma_Rg:.1f} Å")],
        title=(
            f"Guinier plot: Rg = {guinier.Rg:.1f} ± {guinier.sigma_Rg:.1f} Å from points {guinier.start_point} to"
            f" {guinier.end_point}"
        ),
    )


def _kratky(structure: Structure) -> Plot:
    """Dimensionless: a compact particle peaks at q·Rg = √3 with the height 3/e = 1.104."""
    curve, guinier = structure.curve, structure.guinier
    x: Any = curve[:, 0] * guinier.Rg
    factor = x**2 / guinier.I0
    shown = x <= 10
    return Plot(
        "kratky",
        Field("reduced", (factor * curve[:, 1])[shown], "", "(q·Rg)² I/I₀"),
        [Field("qRg", x[shown], "", "q·Rg")],
        errors=(factor * curve[:, 2])[shown],
        title="Dimensionless Kratky plot: compact particles peak at q·Rg = 1.73 with 1.10",
    )
