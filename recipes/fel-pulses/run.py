"""Pulse-resolved integration of a European XFEL run, in blocks of trains that any engine can distribute."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import extra_data
import extra_geom
import numpy as np
import pyFAI
from geometry import Geometry, resolve
from numpy.typing import NDArray
from parameters import Parameters
from run_folder import MODULES, Run, open_run

from pandaas.sdk import Blocks, Field, Inputs, Plot, RecipeError, warn, write_result

_FRAMES_PER_BLOCK = 128
_MOST_SHOWN = 0.5  # share of frames without any number above which the result is doubtful


@dataclass
class State:
    """What is the same for all blocks."""

    parameters: Parameters
    run: Run
    geometry: Geometry
    method: tuple[str, str, str]
    radial: NDArray[Any]
    blocks: Blocks
    unit_of_work: str = "trains"

    def integrate(self, frame: NDArray[Any]) -> Any:
        """pyFAI's curve of one frame (module, slow, fast); pixels without a number are left out."""
        parameters = self.parameters
        low, high = parameters.q_min, parameters.q_max
        return self.geometry.integrator.integrate1d(
            frame.reshape(-1, frame.shape[-1]),
            parameters.npt,
            unit="q_nm^-1",
            radial_range=None if low is None and high is None else (low or 0.0, high if high is not None else np.inf),
            correctSolidAngle=parameters.solid_angle,
            polarization_factor=parameters.polarization,
            method=self.method,
        )


def open(inputs: Inputs, parameters: Parameters) -> State:  # noqa: A001 - the recipe contract's name
    """Find detector, trains and geometry, check them, and build pyFAI's table once."""
    source = inputs.one("run")
    run = open_run(source, parameters)
    last = len(run.train_ids) if parameters.last_train is None else min(parameters.last_train, len(run.train_ids))
    if parameters.first_train >= last:
        raise RecipeError(
            f"The run has {len(run.train_ids)} trains with data, none of them chosen.", "Begin earlier.", "first_train"
        )
    geometry = resolve(source, run.kind, parameters)
    method = (parameters.splitting, "csr", "cython")
    state = State(parameters, run, geometry, method, np.zeros(0), Blocks([]))
    if parameters.q_max is None and parameters.q_min is not None:
        state.parameters = parameters.model_copy(update={"q_max": float(geometry.integrator.qArray().max())})
    shape = geometry.modules.expected_data_shape
    state.radial = state.integrate(np.ones(shape, dtype=np.float32)).radial
    largest = float(geometry.integrator.qArray().max())
    if state.radial[0] > largest:
        raise RecipeError(f"The detector ends at q = {largest:.3g} 1/nm.", "Choose a smaller q.", "q_min")
    width = run.window[1] - run.window[0]
    step = max(1, _FRAMES_PER_BLOCK // width)
    state.blocks = Blocks([(n, min(n + step, last)) for n in range(parameters.first_train, last, step)])
    return state


def process(state: State, block: tuple[int, int]) -> dict[str, Any]:
    """Sums over the trains start … stop-1: curves by pulse, intensities by pulse and train, the image."""
    start, stop = block
    pulses, npt = state.run.pulses, state.parameters.npt
    sums = {name: np.zeros((len(pulses), npt)) for name in ("curve", "square", "counted")}
    level = {name: np.zeros(len(pulses)) for name in ("level", "level_square", "frames")}
    trains = {name: np.zeros(stop - start) for name in ("train_level", "train_frames")}
    shape = state.geometry.modules.expected_data_shape
    image, seen = np.zeros(shape), np.zeros(shape, dtype=np.int64)
    empty = 0
    for part in state.run.parts(start, stop):
        valid = np.isfinite(part.frames)
        image += np.where(valid, part.frames, 0).sum(axis=1, dtype=float)
        seen += valid.sum(axis=1)
        pixels = valid.sum(axis=(0, 2, 3))
        total = np.where(valid, part.frames, 0).sum(axis=(0, 2, 3), dtype=float)
        for number, pulse in enumerate(np.searchsorted(pulses, part.pulse)):
            if not pixels[number]:
                empty += 1
                continue
            curve = state.integrate(part.frames[:, number]).intensity.astype(float)
            real = np.isfinite(curve)
            curve[~real] = 0
            sums["curve"][pulse] += curve
            sums["square"][pulse] += curve**2
            sums["counted"][pulse] += real
            mean = total[number] / pixels[number]
            level["level"][pulse] += mean
            level["level_square"][pulse] += mean**2
            level["frames"][pulse] += 1
            train = part.train[number] - start
            trains["train_level"][train] += mean
            trains["train_frames"][train] += 1
    return {**sums, **level, **trains, "image": image, "seen": seen, "empty": empty}


def merge(first: Mapping[str, Any], second: Mapping[str, Any]) -> dict[str, Any]:
    """Trains one after the other, everything else added."""
    return {
        name: np.concatenate([first[name], second[name]]) if name.startswith("train_") else first[name] + second[name]
        for name in first
    }


def preview(state: State, partial: Mapping[str, Any]) -> dict[str, Any] | None:
    """The average so far."""
    mean, _ = _mean(partial["curve"].sum(axis=0), partial["square"].sum(axis=0), partial["counted"].sum(axis=0))
    shown = np.isfinite(mean) & (mean > 0)
    return {
        "x": state.radial[shown],
        "y": mean[shown],
        "x_label": "q",
        "x_unit": "1/nm",
        "y_label": "I",
        "y_scale": "log",
    }


def finish(state: State, partial: Mapping[str, Any]) -> None:
    """Averages and their standard errors, the assembled image, and the result."""
    frames = int(partial["frames"].sum())
    if not frames:
        raise RecipeError("No chosen frame holds a pixel that isn't masked.", "Try without the run's mask.", "use_mask")
    if partial["empty"]:
        warn(f"{partial['empty']} frames hold no pixel that isn't masked, and were left out.")
    run, pulses = state.run, state.run.pulses
    average, error = _mean(*(partial[name].sum(axis=0) for name in ("curve", "square", "counted")))
    by_pulse, by_pulse_error = _mean(partial["curve"], partial["square"], partial["counted"])
    level, level_error = _mean(partial["level"], partial["level_square"], partial["frames"])
    with np.errstate(invalid="ignore", divide="ignore"):
        spread = level_error * np.sqrt(partial["frames"])
        trains = partial["train_level"] / partial["train_frames"]
    unit = "raw" if run.is_raw else "arbitrary"
    q = Field("Q", state.radial, "1/nm", "Scattering vector q")
    first = state.blocks[0][0]
    used = run.train_ids[first : first + len(trains)]
    pulse_axis = Field("pulse", pulses, "", "Pulse number")
    plots = [
        Plot("average", Field("I", average, unit, "Intensity"), [q], error, f"Average of {frames} pulses",
             scales=("linear", "log"), sas=True),
        Plot("pulses", Field("intensity", level, unit, "Mean intensity of a pixel"), [pulse_axis], level_error,
             "Intensity of each pulse, averaged over the trains", scales=("linear", "linear"),
             beside=[Field("spread", spread, unit, "Standard deviation over the trains"),
                     Field("frames", partial["frames"].astype(int), "", "Frames")]),
        Plot("trains", Field("intensity", trains, unit, "Mean intensity of a pixel"),
             [Field("train", used - used[0], "", f"Train after {used[0]}")], None,
             "Intensity along the run", scales=("linear", "linear")),
        Plot("pulse_curves", Field("I", by_pulse, unit, "Intensity"), [pulse_axis, q], by_pulse_error,
             "I(q) of each pulse", scales=("linear", "linear", "log")),
        _image(state, partial, unit),
    ]  # fmt: skip
    write_result(
        title=f"Pulses of {run.source.title}",
        definition="NXcanSAS",
        process={
            "program": "EXtra-data, EXtra-geom, pyFAI",
            "version": f"{extra_data.__version__}, {extra_geom.__version__}, {pyFAI.version}",
            "parameters": state.parameters,
        },
        plots=plots,
        default="average",
        collections={
            "measurement": [
                Field("detector", run.kind),
                Field("modules", len(run.present)),
                Field("missing_modules", ", ".join(str(n) for n in range(MODULES) if n not in run.present) or "none"),
                Field("geometry", state.geometry.source),
                Field("frames", frames),
                Field("empty_frames", int(partial["empty"])),
            ],
            "trains_used": [Field("train_id", used)],
        },
    )


def _mean(total: NDArray[Any], square: NDArray[Any], count: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
    """Mean and its standard error from the scatter of the frames; no-number where there is nothing (or but one)."""
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.where(count > 0, total / count, np.nan)
        variance = np.maximum(square / count - mean**2, 0)
        error = np.where(count > 1, np.sqrt(variance / (count - 1)), np.nan)
    return mean, error


def _image(state: State, partial: Mapping[str, Any], unit: str) -> Plot:
    """The mean image as the detector stands, seen along the beam; y upwards, the beam at 0, 0."""
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = (partial["image"] / partial["seen"]).astype(np.float32)
    assembled, (row, column) = state.geometry.modules.position_modules(mean)
    y = Field("y", np.arange(assembled.shape[0]) - row, "pixel", "Upwards from the beam (pixel)")
    x = Field("x", np.arange(assembled.shape[1]) - column, "pixel", "From the beam (pixel)")
    return Plot(
        "detector",
        Field("intensity", assembled, unit, "Mean intensity"),
        [y, x],
        None,
        "Mean image, assembled",
        scales=("linear", "linear", "log"),
        interpretation="image",
    )
