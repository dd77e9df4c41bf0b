"""xraylarch called step by step: a model of elements and scatter fitted to the sum, every pixel decomposed by it."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass
from typing import Any

import numpy as np
from larch import Group
from larch.xrf import xrf_background, xrf_model
from numpy.typing import NDArray
from parameters import Parameters
from scipy.optimize import nnls
from spectra import Spectra, blocks
from xraydb import xray_edges, xray_lines

from pandaas.sdk import RecipeError, progress, warn

_COMPTON = 1 / 511.0  # keV⁻¹, at 90°
_USUAL = (
    1e-4  # xraylarch's own tolerance: ends before the minimum, up to 0.4 % off, at a place that depends on the start
)
_CLOSE = 1e-7


@dataclass(frozen=True)
class Fitted:
    """`result` is xraylarch's; `background` of the sum; `counts[name]` and `sigma[name]` have the shape of the map."""

    result: Any
    background: NDArray[Any]
    elements: list[str]
    counts: dict[str, NDArray[Any]]
    sigma: dict[str, NDArray[Any]]


def fit(spectra: Spectra, parameters: Parameters) -> Fitted:
    """Fit the sum, decompose all pixels. `RecipeError` names the field at fault."""
    beam = _beam(spectra, parameters)
    last = min(parameters.energy_to or 1.05 * beam, float(spectra.energy[-1]))
    if last - parameters.energy_from < 0.5:
        raise RecipeError(
            f"The spectra end at {spectra.energy[-1]:.4g} keV, so nothing lies between {parameters.energy_from:.4g} keV and there.",
            "Begin the fit lower.",
            "energy_from",
        )
    elements = _excited(parameters, beam, last)
    background = _background(spectra, parameters)
    model = _model(spectra, parameters, elements, (beam, last))
    if parameters.background:
        model.add_background(background, vary=False)
    _start(model, spectra, background)
    progress(0.15, f"Fitting the sum of {int(np.prod(spectra.shape))} spectra: {', '.join(elements)}")
    summed = Group(energy=spectra.energy, counts=spectra.total, filename="", label="")
    start = deepcopy(model.params)
    result = model.fit_spectrum(summed, fit_toler=_CLOSE, fit_step=_CLOSE)
    if not result.success:
        progress(0.2, "The fit does not come to rest at its minimum: xraylarch's own tolerance is taken")
        model.params = start
        result = model.fit_spectrum(summed, fit_toler=_USUAL, fit_step=_USUAL)
    if not result.success or not np.all(np.isfinite(result.best_fit)):
        raise RecipeError("The fit of the summed spectrum found no minimum.", "Choose fewer elements.", "elements")
    counts, sigma = _pixels(spectra, result, parameters.method)
    return Fitted(result, background, elements, counts, sigma)


def _beam(spectra: Spectra, parameters: Parameters) -> float:
    if parameters.photon_energy < parameters.energy_from + 0.5:
        raise RecipeError(
            f"The beam has {parameters.photon_energy:.4g} keV, hardly more than where the fit begins.",
            "Begin the fit lower, or correct the energy of the beam.",
            "photon_energy",
        )
    return parameters.photon_energy


def _excited(parameters: Parameters, beam: float, last: float) -> list[str]:
    """The elements with a line in the range that this beam excites."""
    found, silent = [], []
    for name in parameters.elements:
        edges = {edge for edge, about in xray_edges(name).items() if about.energy < 1000 * beam}
        lines = [line for line in xray_lines(name).values() if line.initial_level in edges]
        visible = any(parameters.energy_from < line.energy / 1000 < last and line.intensity > 0.05 for line in lines)
        (found if visible else silent).append(name)
    if silent:
        warn(f"No line in the range: {', '.join(silent)} left out.")
    if not found:
        raise RecipeError("None of the elements has a line in the range.", "Choose other elements.", "elements")
    return found


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
    if parameters.scatter != "none" and beam < spectra.energy[-1]:
        model.add_scatter_peak(name="elastic", center=beam, amplitude=peak, vary_center=False)
        if parameters.scatter == "both":
            model.add_scatter_peak(name="compton", center=beam / (1 + beam * _COMPTON), amplitude=peak, sigmax=1.5)
    for name in elements:
        model.add_element(name, amplitude=peak)
    return model


def _start(model: Any, spectra: Spectra, background: NDArray[Any]) -> None:
    """Amplitudes to begin with by non-negative least squares: the fit is not linear and ends astray from a poor start."""
    model.fit_in_progress, model.escape_scale = False, None
    model.calc_spectrum(spectra.energy)
    names = [name for name in model.comps if name != "background"]
    inside = (spectra.energy >= model.energy_min) & (spectra.energy <= model.energy_max)
    shapes = np.array([model.comps[name] / model.eigenvalues[name] for name in names]).T
    weight = 1 / np.sqrt(np.maximum(spectra.total[inside], 1))
    found, _ = nnls(shapes[inside] * weight[:, None], (spectra.total - background)[inside] * weight)
    for name, amplitude in zip(names, found, strict=True):
        key = f"{name}_amp" if name in {"elastic", "compton"} else f"amp_{name.lower()}"
        model.params[key].value = max(float(amplitude), 1e-3 * float(found.max()))


def _pixels(spectra: Spectra, result: Any, method: str) -> tuple[dict[str, NDArray[Any]], dict[str, NDArray[Any]]]:
    """Counts in the lines of each component, with the uncertainty that Poisson noise gives them."""
    names = list(result.eigenvalues)
    inside = np.asarray(result.fit_window) > 0
    columns = np.asarray(result.transfer_matrix)
    area = (columns * inside[:, None]).sum(axis=0)
    inverse = np.linalg.pinv(columns * inside[:, None])
    shape = spectra.shape
    counts = {name: np.zeros(shape) for name in names}
    sigma = {name: np.zeros(shape) for name in names}
    for part, read in blocks(spectra.node):
        block = np.nan_to_num(read, nan=0.0, posinf=0.0, neginf=0.0)
        found = result.decompose_map(block[None, :, :], method=method)
        variance = (inverse**2) @ np.maximum(block, 0).T
        for index, name in enumerate(names):
            piece = counts[name][part].shape
            counts[name][part] = (np.asarray(found[name])[0] * area[index]).reshape(piece)
            sigma[name][part] = (np.sqrt(variance[index]) * area[index]).reshape(piece)
        progress(0.3 + 0.65 * part.stop / shape[0], f"Row {part.stop} of {shape[0]}")
    return counts, sigma
