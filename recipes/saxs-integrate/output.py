"""What the result file holds: the average I(q) with uncertainties, a curve per frame, their trend, and the q-χ map."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pyFAI
from geometry import describe
from numpy.typing import NDArray
from orientation import check_calibrant

from integration import quotient
from pandaas.sdk import Field, Plot, RecipeError, warn, write_result

if TYPE_CHECKING:
    from parameters import Parameters
    from run import State

_AXES = {
    "q_nm^-1": ("Q", "1/nm", "Scattering vector q"),
    "q_A^-1": ("Q", "1/angstrom", "Scattering vector q"),
    "2th_deg": ("two_theta", "deg", "Scattering angle 2θ"),
    "r_mm": ("radius", "mm", "Radius"),
}


_FEWEST = 3


def write(state: State, partial: Mapping[str, Any]) -> None:
    """Compute the curves from the merged sums and write them."""
    parameters = state.parameters
    average, sigma = _scaled(state, partial["signal"], partial.get("variance"), partial["norm"])
    _refuse_emptiness(parameters, average)
    _warn_of_empty_frames(state, partial["intensity"])
    factor = absolute_factor(state.parameters)
    frames, frame_sigma = partial["intensity"] * factor, partial.get("sigma")
    if frame_sigma is not None:
        frame_sigma = frame_sigma * factor
    plots: list[Plot] = []
    background: tuple[NDArray[Any], NDArray[Any] | None] | None = None
    if "background_signal" in partial:
        level, level_sigma = _scaled(
            state, partial["background_signal"], partial.get("background_variance"), partial["background_norm"]
        )
        background = (level, level_sigma)
        unsubtracted, unsubtracted_sigma = average, sigma
        average, sigma = subtracted(average, sigma, background, parameters.background_scale)
        frames, frame_sigma = subtracted(frames, frame_sigma, background, parameters.background_scale)
    if parameters.calibrant:
        _check_rings(state, average)

    plots.append(_curve(state, "average", average, sigma, f"Average of {len(state.sample.numbers)} frames"))
    plots.append(_series(state, frames, frame_sigma))
    if len(state.sample.numbers) > 1:
        plots.append(_trend(state, frames))
    if background is not None:
        plots.append(_curve(state, "background", *background, "Average of the background"))
        plots.append(_curve(state, "unsubtracted", unsubtracted, unsubtracted_sigma, "Before subtraction"))
    if "cake_signal" in partial:
        plots.append(_cake(state, partial))
    title = state.sample.frames.source.title
    write_result(
        title=f"I({_symbol(state)}) of {title}",
        definition="NXcanSAS" if parameters.unit.startswith("q_") else None,
        process={
            "program": "pyFAI",
            "version": pyFAI.version,
            "parameters": parameters,
            "device": partial.get("device"),
        },
        plots=plots,
        default="average",
        collections={
            "geometry": [Field(name, value, unit) for name, value, unit in describe(state.geometry)],
            "statistics": [
                Field("pixels_per_bin", state.integrator.pixels, label="Pixels per bin"),
                Field("masked_pixels", int(np.count_nonzero(state.integrator.mask))),
            ],
        },
    )


def _refuse_emptiness(parameters: Parameters, average: NDArray[Any]) -> None:
    """A curve of two points is none: a threshold or a range that nothing was measured in."""
    if np.isfinite(average).sum() >= _FEWEST:
        return
    limits = ("minimum_counts", "maximum_counts", "radial_min", "radial_max", "azimuth_min")
    field = next((name for name in limits if getattr(parameters, name) is not None), "mask")
    raise RecipeError(
        f"The curve would have fewer than {_FEWEST} points: no other bin holds a valid pixel.",
        "Widen the range, change the limits of counts, or check mask and geometry.",
        field,
    )


def _warn_of_empty_frames(state: State, intensity: NDArray[Any]) -> None:
    (empty,) = np.nonzero(~np.isfinite(intensity).any(axis=1))
    if len(empty):
        first = state.sample.numbers[int(empty[0])]
        warn(
            f"{len(empty)} of {len(intensity)} frames hold no valid pixel and count for nothing; the first is {first}."
        )


def absolute_factor(parameters: Parameters) -> float:
    """What intensities are multiplied by: 1, or the absolute scale over the thickness in cm."""
    if parameters.calibration_factor is None or parameters.sample_thickness is None:
        return 1.0
    return parameters.calibration_factor / (parameters.sample_thickness / 10)


def _scaled(
    state: State, signal: NDArray[Any], variance: NDArray[Any] | None, norm: NDArray[Any]
) -> tuple[NDArray[Any], NDArray[Any] | None]:
    values, sigma = quotient(signal, variance, norm)
    factor = absolute_factor(state.parameters)
    return values * factor, None if sigma is None else sigma * factor


def _unit(state: State) -> str:
    if state.parameters.calibration_factor is not None:
        return "1/cm"
    return "arbitrary" if state.parameters.unit.startswith("q_") else "counts"


def _frame_unit(state: State) -> str:
    return "counts" if state.parameters.calibration_factor is None else "1/cm"


def subtracted(
    values: NDArray[Any],
    sigma: NDArray[Any] | None,
    background: tuple[NDArray[Any], NDArray[Any] | None],
    scale: float,
) -> tuple[NDArray[Any], NDArray[Any] | None]:
    """values - scale × background; independent uncertainties add in quadrature."""
    level, level_sigma = background
    difference = values - scale * level
    if sigma is None or level_sigma is None:
        return difference, None
    return difference, np.hypot(sigma, scale * level_sigma)


def _axis(state: State) -> Field:
    name, unit, label = _AXES[state.parameters.unit]
    return Field(name, state.integrator.radial, unit, label)


def _symbol(state: State) -> str:
    return {"Q": "q", "two_theta": "2θ", "radius": "r"}[_AXES[state.parameters.unit][0]]


def _curve(state: State, name: str, values: NDArray[Any], sigma: NDArray[Any] | None, title: str) -> Plot:
    is_q = state.parameters.unit.startswith("q_")
    return Plot(
        name,
        Field("I", values, _unit(state), "Intensity"),
        [_axis(state)],
        errors=sigma,
        title=title,
        scales=("log", "log") if is_q else ("linear", "linear"),
        sas=is_q,
    )


def _series(state: State, values: NDArray[Any], sigma: NDArray[Any] | None) -> Plot:
    numbers = Field("frame", np.asarray(state.sample.numbers), None, "Frame")
    return Plot(
        "frames",
        Field("I", values.astype(np.float32), _frame_unit(state), "Intensity"),
        [numbers, _axis(state)],
        errors=None if sigma is None else sigma.astype(np.float32),
        title="Curve of each frame",
        scales=("linear", "log" if state.parameters.unit.startswith("q_") else "linear", "log"),
        interpretation="spectrum",
    )


def _trend(state: State, values: NDArray[Any]) -> Plot:
    """The mean intensity of each frame: shows radiation damage, beam loss and moving samples at a glance."""
    counted = np.isfinite(values) & (state.integrator.pixels > 0)
    weights = np.where(counted, state.integrator.pixels, 0.0)
    mean = np.sum(np.where(counted, values, 0.0) * weights, axis=1) / np.maximum(weights.sum(axis=1), 1)
    return Plot(
        "trend",
        Field("mean_intensity", mean, _frame_unit(state), "Mean intensity per pixel"),
        [Field("frame", np.asarray(state.sample.numbers), None, "Frame")],
        title="Mean intensity of each frame",
    )


def _cake(state: State, partial: Mapping[str, Any]) -> Plot:
    values, sigma = _scaled(state, partial["cake_signal"], partial.get("cake_variance"), partial["cake_norm"])
    if "background_cake_signal" in partial:
        level = _scaled(
            state,
            partial["background_cake_signal"],
            partial.get("background_cake_variance"),
            partial["background_cake_norm"],
        )
        values, sigma = subtracted(values, sigma, level, state.parameters.background_scale)
    name, unit, label = _AXES[state.parameters.unit]
    return Plot(
        "cake",
        Field("I", values, _frame_unit(state), "Intensity"),
        [
            Field("chi", partial["cake_azimuthal"], "deg", "Azimuth χ"),
            Field(name, partial["cake_radial"], unit, label),
        ],
        errors=sigma,
        title="Map of all frames together",
        scales=("linear", "linear", "log"),
        interpretation="image",
    )


def _check_rings(state: State, average: NDArray[Any]) -> None:
    wavelength = state.geometry.integrator.wavelength
    if not state.parameters.calibrant:
        return
    if wavelength is None:
        warn(f"The rings of {state.parameters.calibrant} could not be checked: enter the wavelength.")
        return
    radial = state.integrator.radial
    unit = state.parameters.unit
    if unit == "2th_deg":
        two_theta = radial
    elif unit.startswith("q_"):
        per_metre = radial * (1e9 if unit == "q_nm^-1" else 1e10)
        two_theta = 2 * np.degrees(np.arcsin(np.clip(per_metre * wavelength / (4 * np.pi), 0, 1)))
    else:
        return
    check_calibrant(state.parameters.calibrant, two_theta, average, wavelength)
