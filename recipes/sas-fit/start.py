"""The model with start values and bounds: given ones, sasmodels' defaults, and sizes and scale estimated from the data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from catalogue import PARTICLES
from numpy.typing import NDArray
from parameters import FitParameter, Parameters
from sasmodels.core import load_model
from sasmodels.direct_model import call_kernel

from pandaas.sdk import RecipeError
from pandaas.sdk.curves import Curve

_LENGTH_UNITS = {"Ang", "Å"}
_SEARCH = np.geomspace(0.05, 20, 61)  # common factor on all sizes that the person left open
_WIDE = 50.0  # automatic bounds: start divided and multiplied by this
_WIDE_SCALE = 1e4  # the start is estimated at other sizes than the fit ends at
_PD_POINTS = 35
_AMPLITUDES = frozenset({"i_zero", "coefficent_1", "lorentz_scale", "peak_scale"})  # one of these and scale is too much
_WITHOUT_BACKGROUND = frozenset({"guinier"})  # valid at small Q only, where a background can't be told apart


@dataclass(frozen=True)
class Variable:
    """A parameter as it goes into the fit; `minimum` and `maximum` are None for kept ones."""

    name: str
    value: float
    minimum: float | None
    maximum: float | None
    unit: str

    @property
    def varies(self) -> bool:
        return self.minimum is not None


@dataclass(frozen=True)
class Start:
    """A loaded sasmodels model, its variables in sasmodels' order, and options that are no numbers (…_pd_type)."""

    model: Any
    name: str
    variables: tuple[Variable, ...]
    options: dict[str, str]


def prepare_all(parameters: Parameters, curves: Sequence[Curve]) -> list[Start]:
    """A start for each curve. What they have in common begins in all of them with the value found for the first."""
    for item in parameters.fit:
        if item.curve is not None and item.curve > len(curves):
            raise RecipeError(
                f"'{item.name}' is listed for curve {item.curve}, but {len(curves)} {_are(curves)} fitted.",
                "Choose further curves, or another number.",
                "fit",
            )
    own = own_names(parameters)
    first = prepare(_of_curve(parameters, 1), curves[0])
    unknown = sorted(set(parameters.own) - {item.name for item in first.variables} - {"scale", "background"})
    if unknown:
        raise RecipeError(f"The model {first.name} has no parameter '{unknown[0]}'.", "Correct its name.", "own")
    settled = {item.name: item for item in first.variables if item.varies and item.name not in own}
    others = [
        prepare(_of_curve(parameters, number), curve, settled) for number, curve in enumerate(curves[1:], start=2)
    ]
    return [first, *others]


def own_names(parameters: Parameters) -> frozenset[str]:
    """The parameters that each curve has for itself."""
    return frozenset(parameters.own) | {item.name for item in parameters.fit if item.curve is not None}


def _are(curves: Sequence[Curve]) -> str:
    return "curve is" if len(curves) == 1 else "curves are"


def _of_curve(parameters: Parameters, number: int) -> Parameters:
    """The parameters as they hold for one curve: entries for it replace those for all."""
    particular = {item.name: item for item in parameters.fit if item.curve == number}
    common = [item for item in parameters.fit if item.curve is None and item.name not in particular]
    return parameters.model_copy(update={"fit": [*common, *particular.values()]})


def prepare(parameters: Parameters, curve: Curve, settled: Mapping[str, Variable] | None = None) -> Start:
    """Load the model and choose what the person left open. `RecipeError` for names that the model doesn't know.

    `settled` are variables of another curve that this one has in common with it: taken as they are.
    """
    name = _full_name(parameters)
    model = load_model(name, dtype="double", platform="dll")
    values, limits, units = _defaults(model)
    options = _polydispersity(model, parameters, values)
    given = {item.name: item for item in parameters.fit}
    unknown = sorted(set(given) - set(values))
    if unknown:
        known = ", ".join(key for key in values if not key.endswith(("_pd_n", "_pd_nsigma", "_pd")))
        raise RecipeError(
            f"The model {name} has no parameter '{unknown[0]}'.", f"It has {known}, and sizes with _pd added.", "fit"
        )
    settled = settled or {}
    varied = [item.name for item in parameters.fit if item.vary] or _automatic(model, values, given)
    varied += [key for key in settled if key not in varied]
    known_values = {key: float(item.value) for key, item in given.items() if item.value is not None}
    known_values.update({key: item.value for key, item in settled.items()})
    if parameters.model in _WITHOUT_BACKGROUND and "background" not in varied:
        known_values.setdefault("background", 0.0)
    values.update(known_values)
    if "radius_effective" in given and "radius_effective_mode" in values:
        values["radius_effective_mode"] = 0.0  # taken as given, not computed from the particle
    open_sizes = [key for key in varied if units[key] in _LENGTH_UNITS and key not in known_values]
    if "peak_pos" in varied and "peak_pos" not in known_values:
        values["peak_pos"] = float(curve.q[np.argmax(curve.intensity * curve.q**2)])
    values = _estimated(_Trial(model, curve, options), values, open_sizes, known_values)
    variables = []
    for key, value in values.items():
        if key in settled:
            variables.append(settled[key])
            continue
        if key not in varied:
            variables.append(Variable(key, value, None, None, units[key]))
            continue
        low, high = _checked(key, _wide(key, value, curve), limits[key], given.get(key))
        variables.append(Variable(key, float(np.clip(value, low, high)), low, high, units[key]))
    return Start(model, name, tuple(variables), options)


def _full_name(parameters: Parameters) -> str:
    if parameters.structure_factor == "none":
        return parameters.model
    if parameters.model not in PARTICLES:
        raise RecipeError(
            f"The model {parameters.model} describes no particles, so a structure factor has no meaning for it.",
            "Choose no structure factor, or a particle such as sphere.",
            "structure_factor",
        )
    return f"{parameters.model}@{parameters.structure_factor}"


def _defaults(model: Any) -> tuple[dict[str, float], dict[str, tuple[float, float]], dict[str, str]]:
    """Values, hard limits and units of all parameters of a curve (no orientation, no magnetism)."""
    values: dict[str, float] = {}
    limits: dict[str, tuple[float, float]] = {}
    units: dict[str, str] = {}
    for item in model.info.parameters.call_parameters:
        if item.type in ("orientation", "magnetic") or item.name.startswith("up_"):
            continue
        values[item.name] = float(item.default)
        limits[item.name] = (float(item.limits[0]), float(item.limits[1]))
        units[item.name] = "" if item.units in ("None", None) else str(item.units)
        if item.polydisperse:
            values[f"{item.name}_pd"] = 0.0
            limits[f"{item.name}_pd"] = (0.0, 1.0)
            units[f"{item.name}_pd"] = ""
    return values, limits, units


def _polydispersity(model: Any, parameters: Parameters, values: dict[str, float]) -> dict[str, str]:
    """Set the width of the chosen size; returns the kinds of distribution of all sizes."""
    sizes = [key.removesuffix("_pd") for key in values if key.endswith("_pd")]
    chosen = parameters.polydispersity_of or (sizes[0] if sizes else None)
    if parameters.polydispersity > 0 or parameters.polydispersity_of:
        if chosen not in sizes:
            has = f"It has {', '.join(sizes)}." if sizes else "It has no size that could be distributed."
            raise RecipeError(
                f"'{chosen or 'size'}' of {model.info.id} can't be polydisperse. {has}",
                "Choose another, or none.",
                "polydispersity_of",
            )
        values[f"{chosen}_pd"] = parameters.polydispersity
    return {f"{size}_pd_type": parameters.distribution for size in sizes}


def _automatic(model: Any, values: dict[str, float], given: dict[str, Any]) -> list[str]:
    """Scale, background and everything that describes structure; contrasts and widths are kept."""
    fixed = {item.name for item in model.info.parameters.call_parameters if item.type == "sld"}
    fixed |= {"radius_effective_mode", "structure_factor_mode"}
    fixed |= {key for key, item in given.items() if not item.vary}
    if model.info.id in _WITHOUT_BACKGROUND:
        fixed.add("background")
    if "@" not in model.info.id:  # without interaction a concentration is but another scale
        fixed |= {"volfraction", "volfraction_a"}
    fixed |= _AMPLITUDES | {"radius_effective"}  # the latter follows from the particle's size
    return [key for key in values if key not in fixed and not key.endswith("_pd")]


class _Trial:
    """The model's shape at trial values."""

    def __init__(self, model: Any, curve: Curve, options: dict[str, str]) -> None:
        self.curve = curve
        self._kernel = model.make_kernel([curve.q])
        self._options = options

    def shape(self, values: Mapping[str, float]) -> NDArray[Any] | None:
        """The intensity for scale 1 and background 0; None where the model can't be computed."""
        found = np.asarray(call_kernel(self._kernel, _call({**values, "scale": 1.0, "background": 0.0}, self._options)))
        return found if np.all(np.isfinite(found)) and np.any(found > 0) else None


def _estimated(
    trial: _Trial, values: dict[str, float], open_sizes: Sequence[str], known: Mapping[str, float]
) -> dict[str, float]:
    """Scale and background by linear least squares, at the best common factor on the open sizes."""
    curve = trial.curve
    best_misfit, best = np.inf, values
    for factor in _SEARCH if open_sizes else (1.0,):
        tried = {**values, **{key: values[key] * float(factor) for key in open_sizes}}
        shape = trial.shape(tried)
        if shape is None:
            continue
        scale, background = _linear(shape, curve, 1 / curve.sigma)
        tried["scale"] = known.get("scale", scale)
        tried["background"] = known.get("background", background)
        misfit = float(np.sum(((curve.intensity - tried["scale"] * shape - tried["background"]) / curve.sigma) ** 2))
        if misfit < best_misfit:
            best_misfit, best = misfit, tried
    return best


def _linear(shape: NDArray[Any], curve: Curve, weights: NDArray[Any]) -> tuple[float, float]:
    """Best positive scale and its background."""
    matrix = np.column_stack([shape, np.ones_like(shape)]) * weights[:, None]
    (scale, background), *_ = np.linalg.lstsq(matrix, curve.intensity * weights, rcond=None)
    if scale <= 0:
        scale, background = float(np.median(np.abs(curve.intensity)) / max(float(np.median(shape)), 1e-300)), 0.0
    return float(scale), float(background)


def _wide(key: str, value: float, curve: Curve) -> tuple[float, float]:
    """Bounds where none are given."""
    if key == "background":
        spread = float(np.ptp(curve.intensity)) or 1.0
        return min(0.0, value) - 0.01 * spread, max(value, 0.0) + 0.5 * spread
    if key.endswith("_pd"):
        return 0.0, 0.8
    if value == 0:
        return -1.0, 1.0
    width = _WIDE_SCALE if key == "scale" else _WIDE
    low, high = sorted((value / width, value * width))
    return low, high


def _checked(
    key: str, wide: tuple[float, float], limits: tuple[float, float], given: FitParameter | None
) -> tuple[float, float]:
    """The given bounds, else the wide ones, within the model's own limits."""
    low, high = max(wide[0], limits[0]), min(wide[1], limits[1])
    if given is not None:
        low = low if given.minimum is None else given.minimum
        high = high if given.maximum is None else given.maximum
    if not limits[0] <= low < high <= limits[1]:
        raise RecipeError(
            f"The bounds of '{key}', {low:g} to {high:g}, don't fit what the model allows ({limits[0]:g} to {limits[1]:g}).",
            "Change them.",
            "fit",
        )
    return low, high


def _call(values: Mapping[str, float], options: dict[str, str]) -> dict[str, Any]:
    """Values as sasmodels' kernels take them, with the number of points of each distribution."""
    call: dict[str, Any] = dict(values)
    for key, value in values.items():
        if key.endswith("_pd") and value > 0:
            call[f"{key}_n"] = _PD_POINTS
            call[f"{key}_type"] = options[f"{key}_type"]
    return call
