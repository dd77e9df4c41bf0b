"""The model of the summed spectrum as xraylarch builds it: elements, scatter, background, and where its fit begins."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from larch import Group
from larch.xrf import xrf_background, xrf_model
from numpy.typing import NDArray
from parameters import Parameters
from scipy.optimize import nnls
from spectra import Spectra
from xraydb import xray_edges, xray_lines

from pandaas.sdk import RecipeError, warn

_COMPTON = 1 / 511.0  # keV⁻¹, at 90°
_MARGIN = (
    2.0  # keV beside the range: xraylarch gives nothing in the last 1.74 keV of what it gets, the escape of silicon
)


@dataclass(frozen=True)
class Prepared:
    """The model with amplitudes to begin with, the channels it is for, and how far off it is there: χ² per channel."""

    model: Any
    spectra: Spectra
    distance: float


def prepare(given: Spectra, parameters: Parameters, beam: float) -> Prepared:
    """`RecipeError` names the field at fault."""
    last = min(parameters.energy_to or 1.05 * beam, float(given.energy[-1]))
    if last - parameters.energy_from < 0.5:
        raise RecipeError(
            f"The spectra end at {given.energy[-1]:.4g} keV, so nothing lies between {parameters.energy_from:.4g} keV and there.",
            "Begin the fit lower.",
            "energy_from",
        )
    elements = _excited(parameters, beam, last)
    spectra = given.window(parameters.energy_from - _MARGIN, last + _MARGIN)
    background = _background(spectra, parameters)
    model = _model(spectra, parameters, elements, (beam, last))
    if parameters.background:
        model.add_background(background, vary=False)
    return Prepared(model, spectra, _start(model, spectra, background))


def _excited(parameters: Parameters, beam: float, last: float) -> list[str]:
    """The elements with a line in the range that this beam excites."""
    found = []
    for name in parameters.elements:
        edges = {edge for edge, about in xray_edges(name).items() if about.energy < 1000 * beam}
        lines = [line for line in xray_lines(name).values() if line.initial_level in edges]
        visible = any(parameters.energy_from < line.energy / 1000 < last and line.intensity > 0.05 for line in lines)
        if visible:
            found.append(name)
    if not found:
        raise RecipeError("None of the elements has a line in the range.", "Choose other elements.", "elements")
    return found


def say_silent(parameters: Parameters, model: Any) -> None:
    """Warn of elements that were asked for and aren't in the model."""
    silent = [name for name in parameters.elements if name not in {element.symbol for element in model.elements}]
    if silent:
        warn(f"No line in the range: {', '.join(silent)} left out.")


def _background(spectra: Spectra, parameters: Parameters) -> NDArray[Any]:
    if not parameters.background:
        return np.zeros(len(spectra.energy))
    group = Group(energy=spectra.energy, counts=spectra.total)
    xrf_background(energy=spectra.energy, counts=spectra.total, group=group, width=4, compress=2, exponent=2.5)
    return np.clip(np.asarray(group.bgr, dtype=float), 0, None)


def _model(spectra: Spectra, parameters: Parameters, elements: list[str], span: tuple[float, float]) -> Any:
    """`span`: energy of the beam and end of the fit, in keV."""
    beam, last = span
    slope = float(np.mean(np.diff(spectra.energy)))
    model = xrf_model(xray_energy=beam, energy_min=parameters.energy_from, energy_max=last, count_time=1)
    model.set_detector(
        thickness=parameters.thickness,
        noise=parameters.noise,
        cal_offset=float(spectra.energy[0]),
        cal_slope=slope,
        vary_cal_offset=parameters.fit_calibration,
        vary_cal_slope=parameters.fit_calibration,
    )
    model.add_escape(scale=1.0, vary=True)
    peak = float(spectra.total.max()) * 0.1
    if parameters.scatter != "none" and beam < last:
        model.add_scatter_peak(name="elastic", center=beam, amplitude=peak, vary_center=False)
        if parameters.scatter == "both":
            model.add_scatter_peak(name="compton", center=beam / (1 + beam * _COMPTON), amplitude=peak, sigmax=1.5)
    for name in elements:
        model.add_element(name, amplitude=peak)
    return model


def _start(model: Any, spectra: Spectra, background: NDArray[Any]) -> float:
    """Amplitudes by non-negative least squares: the fit is not linear and ends astray from a poor start. χ² per channel."""
    model.fit_in_progress, model.escape_scale = False, None
    model.calc_spectrum(spectra.energy)
    names = [name for name in model.comps if name != "background"]
    inside = (spectra.energy >= model.energy_min) & (spectra.energy <= model.energy_max)
    shapes = np.array([model.comps[name] / model.eigenvalues[name] for name in names]).T
    weight = 1 / np.sqrt(np.maximum(spectra.total[inside], 1))
    found, rest = nnls(shapes[inside] * weight[:, None], (spectra.total - background)[inside] * weight)
    for name, amplitude in zip(names, found, strict=True):
        key = f"{name}_amp" if name in {"elastic", "compton"} else f"amp_{name.lower()}"
        model.params[key].value = max(float(amplitude), 1e-3 * float(found.max()))
    return float(rest) ** 2 / max(1, int(inside.sum()))
