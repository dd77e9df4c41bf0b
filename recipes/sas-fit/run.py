"""Fit of small-angle scattering curves: sasmodels for the model, bumps for the fit."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from kernels import use_bundled_compiler
from numpy.typing import NDArray

from pandaas.sdk import Field, Input, Inputs, Plot, RecipeError, progress, write_result
from pandaas.sdk.curves import Curve, read_curve

if TYPE_CHECKING:
    from fitting import Outcome
    from parameters import Parameters
    from start import Start


def run(inputs: Inputs, parameters: Parameters, output: Path) -> None:
    """Read the curves, fit, write data, models, residuals, parameters and correlations."""
    sources = [inputs.one("curve"), *inputs["together"]]
    curves = [_range(read_curve(one, parameters.q_unit, parameters.relative_error), parameters) for one in sources]
    count = sum(len(curve.q) for curve in curves)
    progress(0.02, f"{count} points", _preview(curves[0], curves[0].intensity))
    use_bundled_compiler()
    import bumps
    import sasmodels
    from fitting import fit
    from start import prepare_all

    starts = prepare_all(parameters, curves)
    outcome = fit(starts, curves, parameters)
    _say(outcome)
    progress(0.97, "Writing the result", _preview(curves[0], outcome.theories[0]))
    whom = sources[0].title if len(sources) == 1 else f"{len(sources)} curves"
    write_result(
        str(output / "result.nxs"),
        title=f"Fit of {starts[0].name} to {whom}",
        process={
            "program": "sasmodels, bumps",
            "version": f"{sasmodels.__version__}, {bumps.__version__}",
            "parameters": parameters,
        },
        plots=[*_plots(sources, curves, outcome), _correlation_plot(outcome)],
        default="fit",
        collections={"parameters": _table(starts, outcome), "quality": _quality(curves, outcome)},
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


def _plots(sources: Sequence[Input], curves: Sequence[Curve], outcome: Outcome) -> list[Plot]:
    """Data with model, and residuals; of several curves all in one figure first, then each by itself."""
    if len(curves) == 1:
        return [
            _fit_plot("fit", curves[0], outcome.theories[0], f"Data and model, {_chi2(outcome)}"),
            _residual_plot("residuals", curves[0], outcome.residuals[0], ""),
        ]
    plots = [_together(sources, curves, outcome)]
    for number, (source, curve) in enumerate(zip(sources, curves, strict=True), start=1):
        theory, residuals = outcome.theories[number - 1], outcome.residuals[number - 1]
        plots.append(_fit_plot(f"fit_{number}", curve, theory, f"{source.title}: data and model"))
        plots.append(_residual_plot(f"residuals_{number}", curve, residuals, f" of {source.title}"))
    return plots


def _chi2(outcome: Outcome) -> str:
    chi2 = outcome.reduced_chi2
    return f"reduced χ² = {chi2:.4g}" if chi2 < 1e4 else f"reduced χ² = {chi2:.0f}"


def _together(sources: Sequence[Input], curves: Sequence[Curve], outcome: Outcome) -> Plot:
    """All curves over all their Q; NaN where a curve has no point."""
    q = np.unique(np.concatenate([curve.q for curve in curves]))

    def spread(curve: Curve, values: NDArray[Any]) -> NDArray[Any]:
        row = np.full(len(q), np.nan)
        row[np.searchsorted(q, curve.q)] = values
        return row

    fields = []
    for number, (source, curve) in enumerate(zip(sources, curves, strict=True), start=1):
        theory = outcome.theories[number - 1]
        fields.append(Field(f"I_{number}", spread(curve, curve.intensity), curve.unit, source.title))
        fields.append(Field(f"model_{number}", spread(curve, theory), curve.unit, f"Model of {source.title}"))
    return Plot(
        "fit",
        fields[0],
        [Field("Q", q, "1/angstrom", "Scattering vector Q")],
        errors=spread(curves[0], curves[0].sigma),
        auxiliary=fields[1:],
        title=f"{len(curves)} curves and models, {_chi2(outcome)}",
        scales=("log", "log"),
    )


def _fit_plot(name: str, curve: Curve, theory: NDArray[Any], title: str) -> Plot:
    return Plot(
        name,
        Field("I", curve.intensity, curve.unit, "Intensity"),
        [Field("Q", curve.q, "1/angstrom", "Scattering vector Q")],
        errors=curve.sigma,
        auxiliary=[Field("model", theory, curve.unit, "Model")],
        title=title,
        scales=("log", "log"),
    )


def _residual_plot(name: str, curve: Curve, residuals: NDArray[Any], whose: str) -> Plot:
    return Plot(
        name,
        Field("residual", residuals, "", "(data - model) / uncertainty"),
        [Field("Q", curve.q, "1/angstrom", "Scattering vector Q")],
        title=f"Normalised residuals{whose}",
        scales=("log", "linear"),
    )


def _correlation_plot(outcome: Outcome) -> Plot:
    numbers = np.arange(len(outcome.fitted))
    names = ", ".join(f"{number} {item.label}" for number, item in enumerate(outcome.fitted))
    return Plot(
        "correlation",
        Field("correlation", outcome.correlation, "", "Correlation"),
        [Field("row", numbers, None, names), Field("column", numbers, None, names)],
        title="Correlation of the fitted parameters",
        interpretation="image",
    )


def _table(starts: Sequence[Start], outcome: Outcome) -> list[Field]:
    """One row per parameter, fitted ones with uncertainty: as a table, by column, and each fitted one by its name.

    Of several curves the column `curve` says whose it is; 0 = of all.
    """
    rows = list(_rows(starts, outcome))
    columns = [
        Field("name", np.array([row.name for row in rows])),
        Field("curve", np.array([row.curve for row in rows], dtype=np.int16)),
        Field("value", np.array([row.value for row in rows])),
        Field("uncertainty", np.array([row.sigma for row in rows])),
        Field("unit", np.array([row.unit for row in rows])),
        Field("minimum", np.array([row.minimum for row in rows])),
        Field("maximum", np.array([row.maximum for row in rows])),
        Field("fitted", np.array([int(row.fitted) for row in rows], dtype=np.int8)),
    ]
    if len(starts) == 1:
        del columns[1]
    fields = [Field("table", _compound(columns), label="All parameters"), *columns, Field("model", starts[0].name)]
    for item in outcome.fitted:
        name = f"fitted_{item.name}" + (f"_{item.curve}" if item.curve else "")
        fields.append(Field(name, item.value, _nexus_unit(item.unit), attributes={"uncertainty": item.sigma}))
    return fields


@dataclass(frozen=True)
class _Row:
    name: str
    curve: int
    value: float
    sigma: float
    unit: str
    minimum: float
    maximum: float
    fitted: bool


def _rows(starts: Sequence[Start], outcome: Outcome) -> Iterator[_Row]:
    """The parameters in sasmodels' order, curve by curve; what all curves have in common once."""
    nan = float("nan")
    found = {(item.name, item.curve): item for item in outcome.fitted}
    for number, start in enumerate(starts, start=1):
        for variable in start.variables:
            item = found.get((variable.name, number if len(starts) > 1 else 0))
            common = found.get((variable.name, 0))
            if item is None and common is not None and number > 1:
                continue
            item = item or common
            if item is not None:
                yield _Row(item.name, item.curve, item.value, item.sigma, item.unit, item.minimum, item.maximum, True)
                continue
            differs = any(_kept(start, variable.name) != variable.value for start in starts)
            if number == 1 or differs:
                yield _Row(variable.name, number if differs else 0, variable.value, nan, variable.unit, nan, nan, False)


def _kept(start: Start, name: str) -> float:
    return next(item.value for item in start.variables if item.name == name)


def _compound(columns: list[Field]) -> Any:
    """The columns as one table, which viewers show in one piece; texts as bytes, since NumPy's own are not for files."""
    arrays = [
        np.char.encode(item.values, "utf-8") if item.values.dtype.kind == "U" else item.values for item in columns
    ]
    table = np.zeros(len(arrays[0]), [(item.name, array.dtype) for item, array in zip(columns, arrays, strict=True)])
    for item, array in zip(columns, arrays, strict=True):
        table[item.name] = array
    return table


def _say(outcome: Outcome) -> None:
    """The parameters in the job's log."""
    lines = [
        f"{item.label} = {item.value:.6g} ± {item.sigma:.2g} {item.unit.replace('Ang', 'Å')}".rstrip()
        for item in outcome.fitted
    ]
    lines.append(f"{_chi2(outcome)} with {outcome.degrees_of_freedom} degrees of freedom")
    sys.stdout.write("\n".join(lines) + "\n")


def _quality(curves: Sequence[Curve], outcome: Outcome) -> list[Field]:
    fields = [
        Field("reduced_chi2", outcome.reduced_chi2, label="χ² per degree of freedom"),
        Field("degrees_of_freedom", outcome.degrees_of_freedom),
        Field("points", sum(len(curve.q) for curve in curves)),
        Field("uncertainties_assumed", int(any(curve.sigma_assumed for curve in curves))),
        Field("covariance", outcome.covariance),
        Field("convergence", outcome.convergence, label="Best reduced χ² after each step"),
    ]
    if len(curves) > 1:
        each = np.array([float(np.mean(residuals**2)) for residuals in outcome.residuals])
        fields.append(Field("chi2_per_point", each, label="χ² per point of each curve"))
    return fields


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
