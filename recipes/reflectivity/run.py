"""Fit of layers to a reflectivity curve with refnx."""

from __future__ import annotations

import importlib.metadata
import sys
from pathlib import Path

import numpy as np
from model import Outcome, fit
from parameters import Parameters

from pandaas.sdk import Field, Inputs, Plot, RecipeError, progress, warn, write_result
from pandaas.sdk.curves import Curve, read_curve

_RELATIVE_ERROR = 0.05
_Q = "Momentum transfer Q"


def run(inputs: Inputs, parameters: Parameters, output: Path) -> None:
    """Read, fit, write R(Q) with the model, the profile, residuals and the fitted numbers."""
    source = inputs.one("curve")
    if parameters.layers == Parameters().layers:
        warn(
            "The layers are the form's example, one film, and not said to be this sample's. List those that you expect, from"
            " the beam's side on, with what lies before and behind them."
        )
    curve = _chosen(read_curve(source, parameters.q_unit, _RELATIVE_ERROR), parameters)
    preview = {"x": curve.q, "y": curve.intensity, "x_label": "Q", "x_unit": "1/Å", "y_label": "R", "y_scale": "log"}
    progress(0.02, f"{len(curve.q)} points", preview)
    outcome = fit(curve, parameters)
    _say(outcome)
    progress(0.97, "Writing the result", {**preview, "y": outcome.theory})
    write_result(
        str(output / "result.nxs"),
        title=f"Layers of {source.sample or source.title}",
        process={"program": "refnx", "version": importlib.metadata.version("refnx"), "parameters": parameters},
        plots=_plots(curve, outcome),
        default="reflectivity",
        collections={"parameters": _table(outcome), "quality": _quality(curve, outcome)},
        inputs=inputs.all(),
    )


def _chosen(curve: Curve, parameters: Parameters) -> Curve:
    low = 0.0 if parameters.q_min is None else parameters.q_min
    high = np.inf if parameters.q_max is None else parameters.q_max
    used = (curve.q >= low) & (curve.q <= high)
    if parameters.weighting == "log":
        negative = used & (curve.intensity <= 0)
        if negative.any():
            warn(f"{int(negative.sum())} points that are not positive are left out; compare R itself to keep them.")
        used &= ~negative
    if used.sum() < 5:
        raise RecipeError(
            f"Only {int(used.sum())} points lie in the range of Q; the data go from {curve.q[0]:.4g} to {curve.q[-1]:.4g}"
            " 1/Å.",
            "Widen the range.",
            "q_min",
        )
    dq = None if curve.dq is None else curve.dq[used]
    return Curve(curve.q[used], curve.intensity[used], curve.sigma[used], dq, curve.unit, curve.sigma_assumed)


def _plots(curve: Curve, outcome: Outcome) -> list[Plot]:
    axis = Field("Q", curve.q, "1/angstrom", _Q)
    fourth = curve.q**4
    names = ", ".join(f"{number} {item.name}" for number, item in enumerate(outcome.fitted))
    numbers = np.arange(len(outcome.fitted))
    return [
        Plot(
            "reflectivity",
            Field("R", curve.intensity, "", "Reflectivity"),
            [axis],
            errors=curve.sigma,
            auxiliary=[Field("model", outcome.theory, "", "Model")],
            title=f"Data and model, reduced χ² = {outcome.reduced_chi2:.4g}",
            scales=("linear", "log"),
        ),
        Plot(
            "profile",
            Field("SLD", outcome.profile, "1e-6/angstrom^2", "Scattering length density"),
            [Field("depth", outcome.depth, "angstrom", "Distance from the first interface")],
            title="Scattering length density along the depth",
        ),
        Plot(
            "RQ4",
            Field("RQ4", curve.intensity * fourth, "1/angstrom^4", "R·Q⁴"),
            [axis],
            errors=curve.sigma * fourth,
            auxiliary=[Field("model", outcome.theory * fourth, "1/angstrom^4", "Model")],
            title="Reflectivity times Q⁴, which shows the fringes",
            scales=("linear", "log"),
        ),
        Plot(
            "residuals",
            Field("residual", outcome.residuals, "", "(data - model) / uncertainty"),
            [axis],
            title="Normalised residuals",
        ),
        Plot(
            "correlation",
            Field("correlation", outcome.correlation, "", "Correlation"),
            [Field("row", numbers, None, names), Field("column", numbers, None, names)],
            title="Correlation of the fitted numbers",
            interpretation="image",
        ),
    ]


def _table(outcome: Outcome) -> list[Field]:
    items = outcome.fitted
    columns = [
        Field("name", np.array([item.name for item in items])),
        Field("value", np.array([item.value for item in items])),
        Field("uncertainty", np.array([item.sigma for item in items])),
        Field("unit", np.array([item.unit for item in items])),
        Field("minimum", np.array([item.low for item in items])),
        Field("maximum", np.array([item.high for item in items])),
    ]
    return [
        *columns,
        *(Field(f"fitted_{i.name}", i.value, i.unit, attributes={"uncertainty": i.sigma}) for i in items),
    ]


def _quality(curve: Curve, outcome: Outcome) -> list[Field]:
    return [
        Field("reduced_chi2", outcome.reduced_chi2, label="χ² per degree of freedom"),
        Field("degrees_of_freedom", outcome.degrees_of_freedom),
        Field("points", len(curve.q)),
        Field("uncertainties_assumed", int(curve.sigma_assumed)),
    ]


def _say(outcome: Outcome) -> None:
    lines = [f"{item.name} = {item.value:.6g} ± {item.sigma:.2g} {item.unit}".rstrip() for item in outcome.fitted]
    lines.append(f"reduced χ² = {outcome.reduced_chi2:.4g} with {outcome.degrees_of_freedom} degrees of freedom")
    sys.stdout.write("\n".join(lines) + "\n")
