"""Layers as refnx's model, and the fit."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from parameters import Layer, Parameters
from refnx.analysis import CurveFitter, Objective, Transform
from refnx.dataset import ReflectDataset
from refnx.reflect import SLD, ReflectModel

from pandaas.sdk import RecipeError, progress, warn
from pandaas.sdk.curves import Curve

_FWHM = 2 * math.sqrt(2 * math.log(2))


@dataclass(frozen=True)
class Fitted:
    """One fitted number."""

    name: str
    value: float
    sigma: float
    low: float
    high: float
    unit: str


@dataclass(frozen=True)
class Outcome:
    """R(Q) of the best model at the points, the SLD profile (depth in Å, SLD), fitted numbers and their correlation."""

    theory: NDArray[Any]
    residuals: NDArray[Any]
    depth: NDArray[Any]
    profile: NDArray[Any]
    fitted: tuple[Fitted, ...]
    correlation: NDArray[Any]
    reduced_chi2: float
    degrees_of_freedom: int


def fit(curve: Curve, parameters: Parameters) -> Outcome:
    """Fit and judge. `RecipeError` when the points can't determine the numbers."""
    has_dq = curve.dq is not None
    width = None if curve.dq is None else curve.dq * (_FWHM if parameters.dq_is == "sigma" else 1.0)
    columns = [curve.q, curve.intensity, curve.sigma, *([width] if width is not None else [])]
    data = ReflectDataset(tuple(columns))
    model, units = _model(parameters, curve, has_dq=has_dq)
    transform = Transform("logY") if parameters.weighting == "log" else None
    objective = Objective(model, data, transform=transform)
    varied = objective.varying_parameters()
    freedom = len(curve.q) - len(varied)
    if not len(varied) or freedom <= 0:
        raise RecipeError(
            f"{len(curve.q)} points can't determine {len(varied)} numbers."
            if len(varied)
            else "Nothing is fitted: every number is kept.",
            "Fit fewer numbers, or widen the range of Q." if len(varied) else "Set what to fit of a layer.",
            "layers",
        )
    fitter = CurveFitter(objective)
    if parameters.method == "de":
        step = _Steps(parameters.steps)
        fitter.fit(
            "differential_evolution", seed=parameters.seed, maxiter=parameters.steps, verbose=False, callback=step
        )
    progress(0.9, "Levenberg-Marquardt")
    fitter.fit("least_squares", verbose=False)
    theory = np.asarray(model(curve.q, x_err=width), dtype=float)
    residuals = (curve.intensity - theory) / curve.sigma
    depth, profile = model.structure.sld_profile()
    outcome = Outcome(
        theory,
        residuals,
        np.asarray(depth),
        np.asarray(profile),
        tuple(_fitted(item, units) for item in varied),
        _correlation(objective),
        float(objective.chisqr()) / freedom,
        freedom,
    )
    _judge(outcome)
    return outcome


def _model(parameters: Parameters, curve: Curve, *, has_dq: bool) -> tuple[ReflectModel, dict[str, str]]:
    """refnx's model, and the unit of each named number."""
    units: dict[str, str] = {"scale": "", "background": "", "resolution": "percent"}
    structure = SLD(parameters.fronting_sld, "fronting")(0, 0)
    for layer in parameters.layers:
        structure |= _slab(layer, units)
    backing = SLD(parameters.backing_sld, "backing")(0, parameters.backing_roughness)
    _name(backing, "backing", units)
    if parameters.fit_backing_sld:
        _vary(backing.sld.real, parameters.backing_sld - 2, parameters.backing_sld + 2)
    if parameters.fit_backing_roughness:
        _vary(backing.rough, 0, max(15.0, 4 * parameters.backing_roughness))
    structure |= backing
    model = ReflectModel(structure, scale=parameters.scale, bkg=parameters.background, dq=parameters.resolution)
    model.scale.name, model.bkg.name, model.dq.name = "scale", "background", "resolution"
    if parameters.fit_scale:
        _vary(model.scale, 0.6 * parameters.scale, 1.4 * parameters.scale)
    if parameters.fit_background:
        _vary(model.bkg, 0.0, max(3 * float(np.min(np.abs(curve.intensity))), 2 * parameters.background, 1e-12))
    if parameters.fit_resolution and not has_dq:
        _vary(model.dq, 0.0, max(20.0, 2 * parameters.resolution))
    return model, units


def _slab(layer: Layer, units: dict[str, str]) -> Any:
    slab = SLD(layer.sld, layer.name)(layer.thickness, layer.roughness)
    _name(slab, layer.name, units)
    if layer.fit_thickness:
        low = layer.thickness / 2 if layer.thickness_min is None else layer.thickness_min
        _vary(slab.thick, low, layer.thickness * 2 if layer.thickness_max is None else layer.thickness_max)
    if layer.fit_sld:
        low = layer.sld - 4 if layer.sld_min is None else layer.sld_min
        _vary(slab.sld.real, low, layer.sld + 4 if layer.sld_max is None else layer.sld_max)
    if layer.fit_roughness:
        _vary(slab.rough, 0, layer.roughness_max or max(15.0, 4 * layer.roughness))
    return slab


def _name(slab: Any, name: str, units: dict[str, str]) -> None:
    for item, what, unit in (
        (slab.thick, "thickness", "angstrom"),
        (slab.sld.real, "sld", "1e-6/angstrom^2"),
        (slab.rough, "roughness", "angstrom"),
    ):
        item.name = f"{name}_{what}"
        units[item.name] = unit


def _vary(item: Any, low: float, high: float) -> None:
    item.setp(vary=True, bounds=(low, high))


def _fitted(item: Any, units: dict[str, str]) -> Fitted:
    sigma = float(item.stderr) if item.stderr is not None else math.nan
    bounds = item.bounds
    return Fitted(item.name, float(item.value), sigma, float(bounds.lb), float(bounds.ub), units[item.name])


def _correlation(objective: Objective) -> NDArray[Any]:
    covariance = np.atleast_2d(objective.covar())
    width = np.sqrt(np.abs(np.diag(covariance)))
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(covariance / np.outer(width, width))


def _judge(outcome: Outcome) -> None:
    for item in outcome.fitted:
        if min(item.value - item.low, item.high - item.value) < 1e-3 * (item.high - item.low):
            warn(f"{item.name} ended at its bound ({item.value:.4g}); widen the bounds or keep it.")
        elif math.isfinite(item.sigma) and item.sigma > item.high - item.low:
            warn(f"The data don't determine {item.name}: its uncertainty is wider than its bounds.")
    if outcome.reduced_chi2 > 5:
        warn(
            f"The layers don't describe the data within their errors (reduced χ² = {outcome.reduced_chi2:.3g}), so the"
            " uncertainties are too small."
        )


class _Steps:
    """Tells the platform how far differential evolution is."""

    def __init__(self, steps: int) -> None:
        self._steps = steps
        self._step = 0

    def __call__(self, *_: Any, **__: Any) -> None:
        self._step += 1
        progress(0.05 + 0.85 * min(1.0, self._step / self._steps), f"Generation {self._step}")
