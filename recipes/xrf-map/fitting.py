"""xraylarch called step by step: a model of elements and scatter fitted to the sum, every pixel decomposed by it.

The pixels are shared by processes, one for each core of the job.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from larch import Group
from model import prepare, say_silent
from numpy.typing import NDArray
from parameters import Parameters
from scale import scaled
from spectra import Spectra, parts

from pandaas.sdk import RecipeError, current_job, progress
from pandaas.sdk.pool import run_in_order

_USUAL = (
    1e-4  # xraylarch's own tolerance: ends before the minimum, up to 0.4 % off, at a place that depends on the start
)
_CLOSE = 1e-7
_STEPS = {_USUAL: 3000, _CLOSE: 600}  # evaluations of the model; what hasn't come to rest by then doesn't


@dataclass(frozen=True)
class Fitted:
    """`result` is xraylarch's; `counts[name]` and `sigma[name]` have the shape of the map. `spectra`: as they were fitted."""

    result: Any
    spectra: Spectra
    elements: list[str]
    counts: dict[str, NDArray[Any]]
    sigma: dict[str, NDArray[Any]]


class _TooLongError(Exception):
    """The fit has had its steps."""


def fit(given: Spectra, parameters: Parameters) -> Fitted:
    """Fit the sum, decompose all pixels. `RecipeError` names the field at fault."""
    beam = parameters.photon_energy
    if beam < parameters.energy_from + 0.5:
        raise RecipeError(
            f"The beam has {beam:.4g} keV, hardly more than where the fit begins.",
            "Begin the fit lower, or correct the energy of the beam.",
            "photon_energy",
        )
    prepared = prepare(scaled(given, parameters), parameters, beam)
    model, spectra = prepared.model, prepared.spectra
    say_silent(parameters, model)
    elements = [element.symbol for element in model.elements]
    progress(0.15, f"Fitting the sum of {int(np.prod(spectra.shape))} spectra: {', '.join(elements)}")
    result = _minimum(model, Group(energy=spectra.energy, counts=spectra.total, filename="", label=""))
    counts, sigma = _pixels(spectra, result, parameters.method)
    return Fitted(result, spectra, elements, counts, sigma)


def _minimum(model: Any, summed: Group) -> Any:
    """The fit by xraylarch's own tolerance, then, where that comes to rest, to the minimum."""
    result = _bounded(model, summed, _USUAL, 0.15)
    if result is None or not np.all(np.isfinite(result.best_fit)):
        raise RecipeError(
            "The fit of the summed spectrum found no minimum.",
            "Choose the elements whose lines the spectrum shows, fewer of them, and make sure that its energies are right.",
            "elements",
        )
    model.params = result.params
    closer = _bounded(model, summed, _CLOSE, 0.25)
    if closer is None:
        progress(0.3, "The fit does not come to rest at its minimum: xraylarch's own tolerance is taken")
    return _refined(model, closer or result)


def _bounded(model: Any, summed: Group, tolerance: float, fraction: float) -> Any:
    """None where the fit has not ended after its steps. xraylarch's own bound is none: lmfit ignores its `maxfev`."""
    most = _STEPS[tolerance]

    def count(iter: int, pars: Any) -> None:  # noqa: A002 - xraylarch's names
        if iter > most:
            raise _TooLongError
        if iter % 100 == 0:
            progress(fraction, f"Fitting the sum: step {iter}, {most} at the most")

    model.iter_callback = count
    try:
        result = model.fit_spectrum(summed, fit_toler=tolerance, fit_step=tolerance)
    except _TooLongError:
        return None
    return result if result.success else None


def _refined(model: Any, result: Any) -> Any:
    """xraylarch gives fit and components over the energies it was given; here over those it has found."""
    model.fit_in_progress, model.escape_scale = False, None
    result.best_fit = model.calc_spectrum(result.best_en, params=result.params)
    result.comps = dict(model.comps)
    result.transfer_matrix = np.array([model.comps[name] / value for name, value in result.eigenvalues.items()]).T
    return result


def _pixels(spectra: Spectra, result: Any, method: str) -> tuple[dict[str, NDArray[Any]], dict[str, NDArray[Any]]]:
    """Counts in the lines of each component, with the uncertainty that Poisson noise gives them."""
    names = list(result.eigenvalues)
    columns = np.asarray(result.transfer_matrix)
    area = columns[np.asarray(result.fit_window) > 0].sum(axis=0)
    # xraylarch multiplies the pixels by its window. Weights in it keep the scatter's small misfit out of the weak elements.
    result.fit_window = np.asarray(result.fit_window) / np.sqrt(np.maximum(spectra.total, 1))
    window = result.fit_window[:, None].copy()
    result.transfer_matrix = columns * window
    inverse = np.linalg.pinv(result.transfer_matrix)

    def work(number: int) -> tuple[NDArray[Any], NDArray[Any]]:
        block = np.nan_to_num(spectra.block(pieces[number]), nan=0.0, posinf=0.0, neginf=0.0)
        found = result.decompose_map(block[None, :, :], method=method)
        variance = (inverse**2) @ (window**2 * np.maximum(block, 0).T)
        amounts = np.stack([np.asarray(found[name])[0] for name in names])
        return amounts * area[:, None], np.sqrt(variance) * area[:, None]

    pieces, shape, job = parts(spectra.node), spectra.shape, current_job()
    counts = {name: np.zeros(shape) for name in names}
    sigma = {name: np.zeros(shape) for name in names}
    for number, (amounts, errors) in run_in_order(work, range(len(pieces)), min(job.cores if job else 1, len(pieces))):
        part = pieces[number]
        for index, name in enumerate(names):
            piece = counts[name][part].shape
            counts[name][part], sigma[name][part] = amounts[index].reshape(piece), errors[index].reshape(piece)
        progress(0.35 + 0.6 * part.stop / shape[0], f"Row {part.stop} of {shape[0]}")
    return counts, sigma
