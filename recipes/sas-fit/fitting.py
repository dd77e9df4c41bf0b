"""The fit itself: sasmodels' model as a bumps problem, one of bumps' methods, and what came out."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from bumps import fitters
from bumps.monitor import Monitor
from bumps.names import FitProblem
from numpy.typing import NDArray
from parameters import Parameters
from sasmodels.bumps_model import Experiment, Model
from sasmodels.data import Data1D
from start import Start, Variable, own_names

from pandaas.sdk import RecipeError, progress, warn
from pandaas.sdk.curves import Curve

_DEFAULT_STEPS = {"lm": 200, "amoeba": 1000, "de": 500, "dream": 500}
_DREAM_BURN = 200


@dataclass(frozen=True)
class Fitted:
    """A fitted parameter: its value, 1σ uncertainty, bounds and unit; `curve` is 0 where all curves have it in common.

    With one curve it is 0 for all.
    """

    name: str
    curve: int
    value: float
    sigma: float
    minimum: float
    maximum: float
    unit: str

    @property
    def label(self) -> str:
        return f"{self.name} of curve {self.curve}" if self.curve else self.name


@dataclass(frozen=True)
class Outcome:
    """What was fitted, its covariance in the same order, and of each curve the best model and the normalised residuals."""

    fitted: tuple[Fitted, ...]
    covariance: NDArray[Any]
    theories: tuple[NDArray[Any], ...]
    residuals: tuple[NDArray[Any], ...]
    reduced_chi2: float
    degrees_of_freedom: int
    convergence: NDArray[Any]

    @property
    def correlation(self) -> NDArray[Any]:
        """Correlation matrix; NaN where a variance is not positive."""
        with np.errstate(divide="ignore", invalid="ignore"):
            width = np.sqrt(np.diag(self.covariance))
            matrix = self.covariance / np.outer(width, width)
        return np.asarray(np.where(np.isfinite(matrix), matrix, np.nan))


@dataclass(frozen=True)
class Problem:
    """bumps' problem of all curves, and which of its parameters is which: (curve or 0, variable) → bumps' own."""

    bumps: FitProblem
    experiments: tuple[Experiment, ...]
    varied: tuple[tuple[int, Variable, Any], ...]


def make_problem(starts: Sequence[Start], curves: Sequence[Curve], parameters: Parameters) -> Problem:
    """Data with resolution, models, ranges of what is varied; what is in common is one parameter of bumps."""
    own = own_names(parameters)
    models = [_model(start) for start in starts]
    varied: list[tuple[int, Variable, Any]] = []
    for number, (start, model) in enumerate(zip(starts, models, strict=True), start=1):
        for item in start.variables:
            if item.minimum is None or item.maximum is None:
                continue
            if number > 1 and item.name not in own:
                setattr(model, item.name, getattr(models[0], item.name))
                continue
            parameter = getattr(model, item.name)
            parameter.range(item.minimum, item.maximum)
            varied.append((number if item.name in own and len(starts) > 1 else 0, item, parameter))
    experiments = tuple(
        Experiment(data=_data(curve, parameters), model=model) for curve, model in zip(curves, models, strict=True)
    )
    return Problem(
        FitProblem(experiments[0] if len(experiments) == 1 else list(experiments)), experiments, tuple(varied)
    )


def _model(start: Start) -> Model:
    return Model(start.model, **{item.name: item.value for item in start.variables}, **start.options)


def _data(curve: Curve, parameters: Parameters) -> Data1D:
    data = Data1D(curve.q, curve.intensity, dx=curve.dq if parameters.use_resolution else None, dy=curve.sigma)
    data.xaxis("Q", "1/Å")
    data.yaxis("I", curve.unit)
    return data


def fit(starts: Sequence[Start], curves: Sequence[Curve], parameters: Parameters) -> Outcome:
    """Run the fit; the same seed gives the same numbers."""
    made = make_problem(starts, curves, parameters)
    problem = made.bumps
    if problem.dof <= 0:
        raise RecipeError(
            f"{sum(len(curve.q) for curve in curves)} points can't determine {len(problem.labels())} parameters.",
            "Fit fewer parameters, or widen the Q range.",
            "fit",
        )
    np.random.seed(parameters.seed)
    method = next(item for item in fitters.FITTERS if item.id == parameters.method)
    monitor = _Progress(problem, _steps(parameters))
    driver = fitters.FitDriver(method, problem=problem, monitors=[monitor], **_options(parameters))
    driver.clip()
    best, _ = driver.fit()
    if best is None:
        raise RecipeError("The fit found no solution.", "Try other start values or another method.", "method")
    problem.setp(best)
    covariance = np.atleast_2d(driver.cov())
    sigma = np.asarray(driver.stderr(), dtype=float)
    places = {id(parameter): place for place, parameter in enumerate(problem._parameters)}
    index = [places[id(parameter)] for _, _, parameter in made.varied]
    theories = tuple(np.asarray(experiment.theory(), dtype=float) for experiment in made.experiments)
    outcome = Outcome(
        tuple(
            Fitted(item.name, curve, float(best[place]), float(sigma[place]), *_bounds(item), item.unit)
            for place, (curve, item, _) in zip(index, made.varied, strict=True)
        ),
        covariance[np.ix_(index, index)],
        theories,
        tuple((curve.intensity - theory) / curve.sigma for curve, theory in zip(curves, theories, strict=True)),
        float(problem.chisq()),
        int(problem.dof),
        np.array(monitor.history),
    )
    _judge(outcome)
    return outcome


def _bounds(item: Variable) -> tuple[float, float]:
    low, high = item.minimum, item.maximum
    return (-math.inf if low is None else low, math.inf if high is None else high)


def _judge(outcome: Outcome) -> None:
    """Say what a careful person would notice in the numbers."""
    for item in outcome.fitted:
        if min(item.value - item.minimum, item.maximum - item.value) < 1e-6 * (item.maximum - item.minimum):
            warn(f"{item.label} ended at its bound ({item.value:.4g}); widen the bounds or fix it.")
        if not math.isfinite(item.sigma):
            warn(f"The data don't determine {item.label}: its uncertainty is not finite.")
    correlation = np.abs(np.triu(outcome.correlation, 1))
    for row, column in np.argwhere(correlation > 0.98):
        first, second = outcome.fitted[row].label, outcome.fitted[column].label
        warn(f"{first} and {second} can hardly be told apart; consider fixing one.")
    if outcome.reduced_chi2 > 5:
        warn(
            f"The model doesn't describe the data within their errors (reduced χ² = {outcome.reduced_chi2:.3g}), so the"
            " uncertainties are too small. Try a polydispersity, a structure factor, another model or other start values."
        )


def _steps(parameters: Parameters) -> int:
    return parameters.steps or _DEFAULT_STEPS[parameters.method]


def _options(parameters: Parameters) -> dict[str, Any]:
    if parameters.method == "dream":
        return {"burn": _DREAM_BURN, "steps": _steps(parameters), "samples": 0, "pop": 10}
    return {"steps": _steps(parameters)}


class _Progress(Monitor):  # type: ignore[misc]  # bumps carries no types
    """Tells the platform how far the fit is."""

    def __init__(self, problem: FitProblem, steps: int) -> None:
        self._problem = problem
        self._steps = steps
        self._best = math.inf
        self.history: list[float] = []

    def config_history(self, history: Any) -> None:
        history.requires(value=1, point=1, step=1)

    def __call__(self, history: Any) -> None:
        chi2 = float(self._problem.chisq(nllf=history.value[0]))
        self._best = min(self._best, chi2)
        self.history.append(self._best)
        step = int(history.step[0])
        progress(0.05 + 0.9 * min(1.0, step / self._steps), f"Step {step}, reduced χ² {self._best:.4g}")
