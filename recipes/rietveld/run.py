"""Rietveld refinement of one phase: easydiffraction, with cryspy as its engine."""

from __future__ import annotations

import importlib.metadata
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from parameters import Parameters
from pattern import Pattern, read_pattern

from pandaas.sdk import Field, Inputs, Plot, progress, write_result

if TYPE_CHECKING:
    from refinement import Outcome

_ANGLE = "Scattering angle 2θ"


def run(inputs: Inputs, parameters: Parameters, output: Path) -> None:
    """Read, refine, write observed, calculated and difference, and the refined numbers."""
    source = inputs.one("pattern")
    pattern = read_pattern(source, parameters)
    preview = {"x": pattern.two_theta, "y": pattern.intensity, "x_label": "2θ", "x_unit": "°", "y_label": "I"}
    progress(0.05, f"{len(pattern.two_theta)} points", preview)
    from refinement import refine  # easydiffraction takes ten seconds to load: what is wrong before it is said at once

    outcome = refine(pattern, parameters, output)
    _say(outcome)
    progress(0.95, "Writing the result", {**preview, "y": outcome.calculated})
    versions = [importlib.metadata.version(name) for name in ("easydiffraction", "cryspy")]
    write_result(
        str(output / "result.nxs"),
        title=f"Refinement of {source.sample or source.title}",
        process={
            "program": "easydiffraction, cryspy",
            "version": ", ".join(versions),
            "parameters": parameters,
        },
        plots=_plots(pattern, outcome),
        default="refinement",
        collections={"parameters": _table(outcome), "quality": _quality(pattern, outcome)},
        inputs=inputs.all(),
    )


def _plots(pattern: Pattern, outcome: Outcome) -> list[Plot]:
    axis = Field("two_theta", pattern.two_theta, "deg", _ANGLE)
    difference = pattern.intensity - outcome.calculated
    lowest = min(float(pattern.intensity.min()), float(outcome.background.min()))
    shifted = difference + lowest - float(difference.max())
    return [
        Plot(
            "refinement",
            Field("observed", pattern.intensity, "counts", "Observed"),
            [axis],
            errors=pattern.sigma,
            auxiliary=[
                Field("calculated", outcome.calculated, "counts", "Calculated"),
                Field("background", outcome.background, "counts", "Background"),
                Field("difference_shifted", shifted, "counts", "Observed - calculated, shifted"),
            ],
            title=f"Refinement, reduced χ² = {outcome.reduced_chi2:.3g}, Rwp = {outcome.weighted_r:.2%}",
        ),
        Plot(
            "residuals",
            Field("residual", difference / pattern.sigma, "", "(observed - calculated) / uncertainty"),
            [axis],
            title="Normalised residuals",
        ),
    ]


def _table(outcome: Outcome) -> list[Field]:
    items = outcome.refined
    columns = [
        Field("name", np.array([item.name for item in items])),
        Field("value", np.array([item.value for item in items])),
        Field("uncertainty", np.array([item.sigma for item in items])),
        Field("unit", np.array([item.unit for item in items])),
    ]
    singles = [
        Field("refined_" + item.name.replace(".", "_"), item.value, item.unit, attributes={"uncertainty": item.sigma})
        for item in items
    ]
    return [*columns, *singles]


def _quality(pattern: Pattern, outcome: Outcome) -> list[Field]:
    return [
        Field("reduced_chi2", outcome.reduced_chi2, label="χ² per degree of freedom"),
        Field("Rwp", outcome.weighted_r, label="Weighted profile R factor"),
        Field("points", len(pattern.two_theta)),
        Field("refined", len(outcome.refined)),
    ]


def _say(outcome: Outcome) -> None:
    lines = [f"{item.name} = {item.value:.6g} ± {item.sigma:.2g} {item.unit}".rstrip() for item in outcome.refined]
    lines.append(f"reduced χ² = {outcome.reduced_chi2:.4g}, Rwp = {outcome.weighted_r:.2%}")
    sys.stdout.write("\n".join(lines) + "\n")
