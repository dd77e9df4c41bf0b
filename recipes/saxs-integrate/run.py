"""Azimuthal integration of detector images with pyFAI, frame by frame, in blocks that any engine can distribute."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from geometry import Geometry, resolve
from masking import static_mask, turned
from numpy.typing import NDArray
from orientation import check_orientation
from output import write
from parameters import Parameters

from integration import Curves, Integrator
from pandaas.sdk import Blocks, Frames, Inputs, RecipeError, StoredFrames, stored_frames
from pandaas.sdk.inputs import open_hdf5

_PIXELS_PER_BLOCK = 40_000_000  # about nine frames of an EIGER 4M: seconds of work, megabytes of memory
_LEAST_BLOCKS = 16  # so that short series use several cores too


@dataclass
class Series:
    """The chosen frames of one dataset, and what each one's counts are divided by."""

    frames: Frames
    numbers: range
    weights: NDArray[Any]

    def __post_init__(self) -> None:
        self.reader = stored_frames(self.frames) or self.frames


@dataclass
class State:
    """Everything that is the same for all blocks. Items are the background's frames, then the sample's."""

    parameters: Parameters
    inputs: Inputs
    sample: Series
    background: Series | None
    geometry: Geometry
    integrator: Integrator
    blocks: Blocks
    unit_of_work: str = "frames"

    @property
    def background_count(self) -> int:
        return len(self.background.numbers) if self.background else 0


def open(inputs: Inputs, parameters: Parameters) -> State:  # noqa: A001 - the recipe contract's name
    """Find geometry and mask, check them on the first frame, and build pyFAI's look-up table once."""
    sample_input = inputs.one("sample")
    frames = Frames(sample_input, parameters.array)
    sample = Series(frames, _chosen(frames, parameters), np.ones(0))
    sample.weights = _weights(sample, parameters)
    background = _background(inputs, frames, parameters)
    geometry = resolve(sample_input, frames, inputs.optional("calibration"), parameters)
    mask = static_mask(
        frames,
        sample.numbers[0],
        inputs.optional("mask"),
        geometry.integrator.detector.mask,
        use_file_mask=parameters.use_file_mask,
        orientation=parameters.orientation,
    )
    stored_mask = turned(mask, parameters.orientation)  # turning twice gives the stored orientation again
    check_orientation(frames.frame(sample.numbers[0]), stored_mask, geometry.integrator, parameters.orientation)
    background_count = len(background.numbers) if background else 0
    total = background_count + len(sample.numbers)
    integrator = Integrator(geometry.integrator, mask, frames.dtype, parameters, total)
    if background is not None and background.frames.dtype != frames.dtype:
        integrator.fast = None
    reader = sample.reader if isinstance(sample.reader, StoredFrames) else None
    integrator.check_fast(frames.frame(sample.numbers[0]), reader, sample.numbers[0])
    blocks = _blocks(background_count, len(sample.numbers), frames.shape)
    return State(parameters, inputs, sample, background, geometry, integrator, blocks)


def process(state: State, block: tuple[int, int]) -> dict[str, Any]:
    """Curves and sums of the frames start … stop-1 (all of the sample, or all of the background)."""
    start, stop = block
    is_background = start < state.background_count
    series = state.background if is_background and state.background else state.sample
    offset = 0 if is_background else state.background_count
    curves = Curves()
    images, weights = [], []
    items = range(start - offset, stop - offset)
    device = state.integrator.device(series.reader.frame(series.numbers[items[0]]))
    if not device and state.integrator.fast is not None:
        weights = [float(series.weights[item]) for item in items]
        found = state.integrator.sums(series.reader, [series.numbers[item] for item in items])
        for sums, weight in zip(found, weights, strict=True):
            state.integrator.add_fast(curves, sums, weight)
        items = range(0)
    for item in items:
        weight = float(series.weights[item])
        image = state.integrator.add(curves, series.frames.frame(series.numbers[item]), weight)
        if state.parameters.cake:
            images.append(image)
            weights.append(weight)
    partial: dict[str, Any] = {"signal": curves.signal, "norm": curves.norm}
    if curves.sigma:
        partial["variance"] = curves.variance
    if not is_background:
        partial["intensity"] = np.stack(curves.intensity)
        if curves.sigma:
            partial["sigma"] = np.stack(curves.sigma)
    if images:
        partial.update(state.integrator.map_of_sum(images, weights))
    elif state.parameters.cake:
        partial.update(state.integrator.map_of_fast(weights))
    named = {f"background_{name}": values for name, values in partial.items()} if is_background else partial
    return named | {"device": device} if device else named


_STACKED = ("intensity", "sigma")
_EQUAL = ("device", "cake_azimuthal", "cake_radial", "background_cake_azimuthal", "background_cake_radial")


def merge(first: Mapping[str, Any], second: Mapping[str, Any]) -> dict[str, Any]:
    """Curves one after the other, sums added."""
    merged = dict(first)
    for name, values in second.items():
        if name not in merged or name in _EQUAL:
            merged[name] = values
        elif name in _STACKED:
            merged[name] = np.concatenate([merged[name], values])
        else:
            merged[name] = merged[name] + values
    return merged


def preview(state: State, partial: Mapping[str, Any]) -> dict[str, Any] | None:
    """The average so far."""
    if "signal" not in partial:
        return None
    with np.errstate(divide="ignore", invalid="ignore"):
        curve = partial["signal"] / partial["norm"]
        if "background_signal" in partial:
            curve = (
                curve - state.parameters.background_scale * partial["background_signal"] / partial["background_norm"]
            )
    is_q = state.parameters.unit.startswith("q_")
    scale = "log" if is_q else "linear"
    shown = (curve > 0) & (state.integrator.radial > 0) if is_q else np.isfinite(curve)
    label, unit = {"q_nm^-1": ("q", "1/nm"), "q_A^-1": ("q", "1/Å"), "2th_deg": ("2θ", "°"), "r_mm": ("r", "mm")}[
        state.parameters.unit
    ]
    return {
        "x": state.integrator.radial[shown],
        "y": curve[shown],
        "x_label": label,
        "x_unit": unit,
        "y_label": "I",
        "y_unit": "counts",
        "x_scale": scale,
        "y_scale": scale,
    }


def finish(state: State, partial: Mapping[str, Any]) -> None:
    """Subtract the background, average, and write the result."""
    write(state, partial)


def _chosen(frames: Frames, parameters: Parameters) -> range:
    last = len(frames) - 1 if parameters.last_frame is None else min(parameters.last_frame, len(frames) - 1)
    numbers = range(parameters.first_frame, last + 1, parameters.every)
    if len(numbers) == 0:
        raise RecipeError(
            f"The dataset has {len(frames)} frames; from frame {parameters.first_frame} on there is none.",
            "Choose a smaller first frame.",
            "first_frame",
        )
    return numbers


def _weights(series: Series, parameters: Parameters) -> NDArray[Any]:
    """What each frame's counts are divided by: the monitor (mean 1) times the fixed factor."""
    factor = np.full(len(series.numbers), parameters.normalization * parameters.transmission)
    if not parameters.monitor:
        return factor
    source = series.frames.source
    node = open_hdf5(source.master).get(parameters.monitor) if source.is_hdf5 else None
    readings = np.asarray(node[()], dtype=float).ravel() if hasattr(node, "shape") else np.zeros(0)
    if readings.size < series.numbers[-1] + 1:
        raise RecipeError(
            f"'{parameters.monitor}' has {readings.size} readings for {len(series.frames)} frames.",
            "Choose an array with one reading per frame.",
            "monitor",
        )
    readings = readings[list(series.numbers)]
    if not (np.isfinite(readings).all() and (readings > 0).all()):
        bad = np.flatnonzero(~(np.isfinite(readings) & (readings > 0)))
        raise RecipeError(
            f"{len(bad)} of {len(readings)} readings of '{parameters.monitor}' are not positive, the first that of frame"
            f" {series.numbers[bad[0]]}.",
            "Choose another monitor, leave it empty, or leave these frames out.",
            "monitor",
        )
    return factor * readings / readings.mean()


def _background(inputs: Inputs, frames: Frames, parameters: Parameters) -> Series | None:
    source = inputs.optional("background")
    if source is None:
        return None
    found = Frames(source)
    if found.shape != frames.shape:
        raise RecipeError(
            f"The background has images of {found.shape[0]} × {found.shape[1]} pixels, the sample {frames.shape[0]} ×"
            f" {frames.shape[1]}.",
            "Choose a background of the same detector.",
            "background",
        )
    return Series(found, range(len(found)), np.full(len(found), parameters.background_transmission))


def _blocks(background: int, sample: int, shape: tuple[int, int]) -> Blocks:
    """Background and sample in blocks of their own; sizes depend on the data only."""
    ranges: list[tuple[int, int]] = []
    for first, count in ((0, background), (background, sample)):
        size = max(1, min(_PIXELS_PER_BLOCK // (shape[0] * shape[1]), -(-count // _LEAST_BLOCKS)))
        ranges += [(first + start, first + stop) for start, stop in Blocks.of(count, size)] if count else []
    return Blocks(ranges)
