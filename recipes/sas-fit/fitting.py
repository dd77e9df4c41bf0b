"""The fit itself: sasmodels' model as a bumps problem, one of bumps' methods, and what came out."""

from __future__ import annotations

import math
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
from start import Start

from pandaas.sdk import RecipeError, progress, warn
from pandaas.sdk.curves import Curve

_DEFAULT_STEPS = {"lm": 200, "amoeba": 1000, "de": 500, "dream": 500}
_DREAM_BURN = 200


@dataclass(frozen=True)
class Outcome:
    """Best values in the order of `names`, 1σ uncertainties, covariance, and the curve of the best model."""

    names: tuple[str, ...]
    values: NDArray[Any]
    sigma: NDArray[Any]
    covariance: NDArray[Any]
    theory: NDArray[Any]
    residuals: NDArray[Any]
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


def make_problem(start: Start, curve: Curve, parameters: Parameters) -> tuple[FitProblem, Experiment]:
    """The bumps problem: data with resolution, model, ranges of the varied parameters."""
    data = Data1D(curve.q, curve.intensity, dx=curve.dq if parameters.use_resolution else None, dy=curve.sigma)
    data.xaxis("Q", "1/Å")
    data.yaxis("I", curve.unit)
    model = Model(start.model, **{item.name: item.value for item in start.variables}, **start.options)
    for item in start.variables:
        if item.minimum is not None and item.maximum is not None:
            getattr(model, item.name).range(item.minimum, item.maximum)
    experiment = Experiment(data=data, model=model)
    return FitProblem(experiment), experiment


def fit(start: Start, curve: Curve, parameters: Parameters) -> Outcome:
    """Run the fit; the same seed gives the same numbers."""
    problem, experiment = make_problem(start, curve, parameters)
    if problem.dof <= 0:
        raise RecipeError(
            f"{len(curve.q)} points can't determine {len(problem.labels())} parameters.",
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
    names = tuple(problem.labels())
    theory = np.asarray(experiment.theory(), dtype=float)
    order = [item.name for item in start.variables if item.varies]
    index = [names.index(name) for name in order]
    outcome = Outcome(
        tuple(order),
        np.asarray(best, dtype=float)[index],
        sigma[index],
        covariance[np.ix_(index, index)],
        theory,
        (curve.intensity - theory) / curve.sigma,
        float(problem.chisq()),
        int(problem.dof),
        np.array(monitor.history),
    )
    _judge(outcome, start)
    return outcome


def _judge(outcome: Outcome, start: Start) -> None:
    """Say what a careful person would notice in the numbers."""
    bounds = {item.name: (item.minimum, item.maximum) for item in start.variables}
    for name, value, sigma in zip(outcome.names, outcome.values, outcome.sigma, strict=True):
        low, high = bounds[name]
        if low is None or high is None:
            continue
        if min(value - low, high - value) < 1e-6 * (high - low):
            warn(f"{name} ended at its bound ({value:.4g}); widen the bounds or fix it.")
        if not math.isfinite(sigma):
            warn(f"The data don't determine {name}: its uncertainty is not finite.")
    correlation = np.abs(np.triu(outcome.correlation, 1))
    for row, column in np.argwhere(correlation > 0.98):
        warn(f"{outcome.names[row]} and {outcome.names[column]} can hardly be told apart; consider fixing one.")
    if outcome.reduced_chi2 > 5:
        warn(
            f"The model doesn't describe the data within their errors (reduced χ² = {outcome.reduced_chi2:.3g}), so the"
            " uncertainties are too small."
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
