"""Fit of a small-angle scattering curve: sasmodels for the model, bumps for the fit."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from kernels import use_bundled_compiler

from pandaas.sdk import Field, Inputs, Plot, RecipeError, progress, write_result
from pandaas.sdk.curves import Curve, read_curve

if TYPE_CHECKING:
    from fitting import Outcome
    from parameters import Parameters
    from start import Start


def run(inputs: Inputs, parameters: Parameters, output: Path) -> None:
    """Read the curve, fit, write data, model, residuals, parameters and correlations."""
    source = inputs.one("curve")
    whole = read_curve(source, parameters.q_unit, parameters.relative_error)
    curve = _range(whole, parameters)
    progress(0.02, f"{len(curve.q)} points", _preview(curve, curve.intensity))
    use_bundled_compiler()
    import bumps
    import sasmodels
    from fitting import fit
    from start import prepare

    start = prepare(parameters, curve)
    outcome = fit(start, curve, parameters)
    _say(start, outcome)
    progress(0.97, "Writing the result", _preview(curve, outcome.theory))
    write_result(
        str(output / "result.nxs"),
        title=f"Fit of {start.name} to {source.title}",
        process={
            "program": "sasmodels, bumps",
            "version": f"{sasmodels.__version__}, {bumps.__version__}",
            "parameters": parameters,
        },
        plots=[_fit_plot(curve, outcome), _residual_plot(curve, outcome), _correlation_plot(outcome)],
        default="fit",
        collections={"parameters": _table(start, outcome), "quality": _quality(curve, outcome)},
        inputs=inputs.all(),
    )


def _range(curve: Curve, parameters: Parameters) -> Curve:
    low = -np.inf if parameters.q_min is None else parameters.q_min
    high = np.inf if parameters.q_max is None else parameters.q_max
    chosen = (curve.q >= low) & (curve.q <= high)
    if chosen.sum() < 3:
        raise RecipeError(
            f"Fewer than three points lie in the Q range; the data go from {curve.q[0]:.4g} to {curve.q[-1]:.4g} 1/Å.",
            "Widen the range.",
            "q_min",
        )
    return Curve(
        curve.q[chosen],
        curve.intensity[chosen],
        curve.sigma[chosen],
        None if curve.dq is None else curve.dq[chosen],
        curve.unit,
        curve.sigma_assumed,
    )


def _fit_plot(curve: Curve, outcome: Outcome) -> Plot:
    return Plot(
        "fit",
        Field("I", curve.intensity, curve.unit, "Intensity"),
        [Field("Q", curve.q, "1/angstrom", "Scattering vector Q")],
        errors=curve.sigma,
        auxiliary=[Field("model", outcome.theory, curve.unit, "Model")],
        title=f"Data and model, reduced χ² = {outcome.reduced_chi2:.4g}",
        scales=("log", "log"),
    )


def _residual_plot(curve: Curve, outcome: Outcome) -> Plot:
    return Plot(
        "residuals",
        Field("residual", outcome.residuals, "", "(data - model) / uncertainty"),
        [Field("Q", curve.q, "1/angstrom", "Scattering vector Q")],
        title="Normalised residuals",
        scales=("log", "linear"),
    )


def _correlation_plot(outcome: Outcome) -> Plot:
    numbers = np.arange(len(outcome.names))
    names = ", ".join(f"{number} {name}" for number, name in enumerate(outcome.names))
    return Plot(
        "correlation",
        Field("correlation", outcome.correlation, "", "Correlation"),
        [Field("row", numbers, None, names), Field("column", numbers, None, names)],
        title="Correlation of the fitted parameters",
        interpretation="image",
    )


def _table(start: Start, outcome: Outcome) -> list[Field]:
    """One row per parameter, fitted ones with uncertainty: as a table, by column, and each fitted one by its name."""
    best = dict(zip(outcome.names, outcome.values, strict=True))
    sigma = dict(zip(outcome.names, outcome.sigma, strict=True))
    nan = float("nan")
    rows = start.variables
    columns = [
        Field("name", np.array([item.name for item in rows])),
        Field("value", np.array([best.get(item.name, item.value) for item in rows])),
        Field("uncertainty", np.array([sigma.get(item.name, nan) for item in rows])),
        Field("unit", np.array([item.unit for item in rows])),
        Field("minimum", np.array([nan if item.minimum is None else item.minimum for item in rows])),
        Field("maximum", np.array([nan if item.maximum is None else item.maximum for item in rows])),
        Field("fitted", np.array([int(item.varies) for item in rows], dtype=np.int8)),
    ]
    fields = [Field("table", _compound(columns), label="All parameters"), *columns, Field("model", start.name)]
    units = {item.name: _nexus_unit(item.unit) for item in rows}
    for name in outcome.names:
        attributes: dict[str, Any] = {"uncertainty": float(sigma[name])}
        fields.append(Field(f"fitted_{name}", float(best[name]), units[name], attributes=attributes))
    return fields


def _compound(columns: list[Field]) -> Any:
    """The columns as one table, which viewers show in one piece; texts as bytes, since NumPy's own are not for files."""
    arrays = [
        np.char.encode(item.values, "utf-8") if item.values.dtype.kind == "U" else item.values for item in columns
    ]
    table = np.zeros(len(arrays[0]), [(item.name, array.dtype) for item, array in zip(columns, arrays, strict=True)])
    for item, array in zip(columns, arrays, strict=True):
        table[item.name] = array
    return table


def _say(start: Start, outcome: Outcome) -> None:
    """The parameters in the job's log."""
    units = {item.name: item.unit.replace("Ang", "Å") for item in start.variables}
    rows = zip(outcome.names, outcome.values, outcome.sigma, strict=True)
    lines = [f"{name} = {value:.6g} ± {sigma:.2g} {units[name]}".rstrip() for name, value, sigma in rows]
    lines.append(f"reduced χ² = {outcome.reduced_chi2:.4g} with {outcome.degrees_of_freedom} degrees of freedom")
    sys.stdout.write("\n".join(lines) + "\n")


def _quality(curve: Curve, outcome: Outcome) -> list[Field]:
    return [
        Field("reduced_chi2", outcome.reduced_chi2, label="χ² per degree of freedom"),
        Field("degrees_of_freedom", outcome.degrees_of_freedom),
        Field("points", len(curve.q)),
        Field("uncertainties_assumed", int(curve.sigma_assumed)),
        Field("covariance", outcome.covariance),
        Field("convergence", outcome.convergence, label="Best reduced χ² after each step"),
    ]


def _nexus_unit(unit: str) -> str:
    return {"Ang": "angstrom", "1e-6/Ang^2": "1e-6/angstrom^2", "1/Ang": "1/angstrom"}.get(unit, unit)


def _preview(curve: Curve, values: Any) -> dict[str, Any]:
    return {
        "x": curve.q,
        "y": np.where(np.asarray(values) > 0, values, np.nan),
        "x_label": "Q",
        "x_unit": "1/Å",
        "y_label": "I",
        "y_unit": curve.unit,
        "x_scale": "log",
        "y_scale": "log",
    }
