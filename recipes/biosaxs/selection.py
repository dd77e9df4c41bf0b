"""Which frames are averaged: similar ones (CorMap), and in an elution those of the peak and those before it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from frames import Series
from freesas import cormap
from numpy.typing import NDArray
from parameters import Parameters

from pandaas.sdk import RecipeError, warn

_ELUTION_FRAMES = 20
_PEAK_SHARE = 0.7  # frames above this share of the peak's height are averaged
_BASE_SHARE = 0.02  # frames below this share of it are buffer
_MATRIX_FRAMES = 100


@dataclass(frozen=True)
class Average:
    """`intensity` and its `sigma` over q; `numbers` are the averaged frames, `left_out` the dissimilar ones."""

    intensity: NDArray[Any]
    sigma: NDArray[Any]
    numbers: NDArray[Any]
    left_out: NDArray[Any]


@dataclass(frozen=True)
class Elution:
    """Frames of the peak and of the buffer before it, and the trace: mean intensity of each frame."""

    sample: range
    buffer: range
    trace: NDArray[Any]


def is_elution(parameters: Parameters, sample: Series, *, has_buffer: bool) -> bool:
    if parameters.measurement == "auto":
        return not has_buffer and len(sample) >= _ELUTION_FRAMES
    if parameters.measurement == "elution" and len(sample) < 3:
        raise RecipeError(
            f"An elution needs a series of frames; there {'is' if len(sample) == 1 else 'are'} {len(sample)}.",
            "Choose batch, or a dataset with the whole series.",
            "measurement",
        )
    return parameters.measurement == "elution"


def averaged(
    series: Series, numbers: range, similarity: float, what: str, compared: NDArray[Any] | None = None
) -> Average:
    """Mean of the frames that are similar to a reference; those left out are said.

    The reference is the first of `numbers`; where curves to compare by are given (frame of `numbers`, q), their strongest.
    """
    curves = series.intensity[numbers.start : numbers.stop] if compared is None else compared
    reference = 0 if compared is None else int(np.argmax(series.intensity[numbers.start : numbers.stop].sum(axis=1)))
    similar = [similarity <= cormap.gof(curves[reference], curve).P for curve in curves]
    similar[reference] = True
    kept = [number for number, is_similar in zip(numbers, similar, strict=True) if is_similar]
    left = [number for number, is_similar in zip(numbers, similar, strict=True) if not is_similar]
    if left:
        names = ", ".join(map(str, left[:10])) + (" …" if len(left) > 10 else "")
        frame = numbers[reference]
        warn(f"{len(left)} of {len(numbers)} frames of the {what} differ from frame {frame} and are left out: {names}.")
    if len(left) > len(numbers) / 2:
        warn(f"Most frames of the {what} differ from each other; look at their similarity before trusting the result.")
    return Average(
        series.intensity[kept].mean(axis=0),
        np.sqrt((series.sigma[kept] ** 2).sum(axis=0)) / len(kept),
        np.array(kept),
        np.array(left, dtype=int),
    )


def scaled(series: Series, numbers: range, level: NDArray[Any]) -> NDArray[Any]:
    """The frames less the buffer's `level`, each scaled to the strongest by least squares: shape alone differs then."""
    curves = series.intensity[numbers.start : numbers.stop] - level
    strongest = curves[int(np.argmax(curves.sum(axis=1)))]
    weights = 1 / series.sigma[numbers.start] ** 2
    factors = (curves * strongest * weights).sum(axis=1) / (curves**2 * weights).sum(axis=1)
    return np.asarray(curves * factors[:, None])


def similarity_matrix(curves: NDArray[Any]) -> NDArray[Any] | None:
    """CorMap probability of each pair of curves (frame, q); None for a series too short or too long to show."""
    if not 2 <= len(curves) <= _MATRIX_FRAMES:
        return None
    matrix = np.ones((len(curves), len(curves)))
    for row in range(len(curves)):
        for column in range(row):
            matrix[row, column] = matrix[column, row] = cormap.gof(curves[row], curves[column]).P
    return matrix


def elution(series: Series, parameters: Parameters) -> Elution:
    """The peak's frames and buffer frames, as chosen or found. `RecipeError` when there is no peak."""
    trace = series.intensity.mean(axis=1)
    base = float(np.median(np.sort(trace)[: max(3, len(trace) // 3)]))
    top = int(np.argmax(trace))
    height = float(trace[top]) - base
    above = trace - base
    sample_first, sample_last = top, top
    while sample_first > 0 and above[sample_first - 1] >= _PEAK_SHARE * height:
        sample_first -= 1
    while sample_last + 1 < len(trace) and above[sample_last + 1] >= _PEAK_SHARE * height:
        sample_last += 1
    first_risen = int(np.argmax(above > _BASE_SHARE * height))
    sample = _chosen(parameters, "sample", (sample_first, sample_last), len(series))
    buffer = _chosen(parameters, "buffer", (first_risen // 4, first_risen - 1), len(series))
    if set(sample) & set(buffer):
        raise RecipeError("Sample and buffer frames overlap.", "Choose frames outside of the peak.", "buffer_last")
    return Elution(sample, buffer, trace)


def _chosen(parameters: Parameters, what: str, found: tuple[int, int], count: int) -> range:
    first, last = (getattr(parameters, f"{what}_{end}") for end in ("first", "last"))
    numbers = range(found[0] if first is None else first, (found[1] if last is None else last) + 1)
    if len(numbers) == 0 or numbers[-1] >= count:
        raise RecipeError(
            f"The series has {count} frames; none of them could be taken as {what}.",
            f"Choose the first and last {what} frame.",
            f"{what}_first",
        )
    return numbers
