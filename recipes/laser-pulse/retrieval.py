"""pypret called step by step: grid, process, several retrievals, the best of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pypret
from measurement import Trace
from numpy.typing import NDArray
from parameters import Parameters

from pandaas.sdk import progress, warn

_LIGHT = 299_792_458.0
_GOOD = 1.2  # a retrieval whose error is within this of the best found the same pulse


@dataclass(frozen=True)
class Retrieval:
    """`pulse` is pypret's, retrieved; `measured` and `found` are traces on its grid; `durations` of all good starts, s."""

    pulse: Any
    measured: Any
    found: NDArray[Any]
    error: float
    errors: list[float]
    durations: list[float]
    harmonic: int


def retrieve(trace: Trace, parameters: Parameters) -> Retrieval:
    """The pulse whose trace is nearest to the measured one."""
    harmonic = 2 if parameters.method.startswith("shg") else 1
    pulse, pnps = _process(trace, parameters, harmonic)
    measured = pypret.MeshData(
        trace.values, trace.delay, trace.frequency, labels=[_first_axis(parameters), "frequency", ""]
    )
    if len(pnps.process_w) == len(trace.frequency) and np.allclose(pnps.process_w, trace.frequency, rtol=1e-9):
        measured.axes[1] = pnps.process_w  # interpolation would lose the outermost columns to rounding
    else:
        measured.interpolate(axis1=trace.delay, axis2=pnps.process_w)
    measured.normalize()
    duration = _first_guess(measured, parameters)
    np.random.seed(parameters.seed)
    runs = []
    for number in range(parameters.starts):
        pypret.random_gaussian(pulse, duration)
        guess = pulse.spectrum.copy()
        retriever = pypret.Retriever(pnps, parameters.algorithm, verbose=False, maxiter=parameters.iterations)
        retriever.retrieve(measured, guess)
        runs.append(retriever.result())
        progress(
            0.05 + 0.9 * (number + 1) / parameters.starts,
            f"Start {number + 1}: trace error {runs[-1].trace_error:.2g}",
        )
    runs.sort(key=lambda run: run.trace_error)
    best = runs[0]
    durations = [_duration(pulse, run) for run in runs if run.trace_error <= _GOOD * best.trace_error]
    pulse.spectrum = best.pulse_retrieved
    if best.trace_error > 0.03:
        warn(f"The trace error is {best.trace_error:.3f}: the pulse doesn't explain the trace. Check axes and method.")
    errors = [float(run.trace_error) for run in runs]
    return Retrieval(pulse, measured, best.trace_retrieved, errors[0], errors, durations, harmonic)


def _first_axis(parameters: Parameters) -> str:
    return "insertion" if parameters.method.endswith("dscan") else "delay"


def _process(trace: Trace, parameters: Parameters, harmonic: int) -> tuple[Any, Any]:
    """A grid as wide in frequency as the trace, and the process on it, centred where the trace is."""
    count = parameters.grid or int(2 ** np.ceil(np.log2(max(trace.values.shape))))
    width = np.ptp(trace.frequency) * len(trace.frequency) / (len(trace.frequency) - 1)
    transform = pypret.FourierTransform(count, dw=width / count)
    middle = trace.frequency[len(trace.frequency) // 2]
    pulse = pypret.Pulse(transform, 2 * np.pi * _LIGHT * harmonic / middle)
    process, method = parameters.method.split("-")
    more = {"material": getattr(pypret.material, parameters.material)} if method == "dscan" else {}
    return pulse, pypret.PNPS(pulse, method, process, **more)


def _first_guess(measured: Any, parameters: Parameters) -> float:
    """Duration to begin with: of a FROG from the width over the delay, of a d-scan from the spectrum's width."""
    if parameters.method.endswith("dscan"):
        spectral = measured.data.sum(axis=0)
        return 4 * np.log(2) / max(_width(measured.axes[1], spectral) / 2**0.5, 1e-300)
    return max(_width(measured.axes[0], measured.data.sum(axis=1)) / 2**0.5, 1e-18)


def _width(axis: NDArray[Any], values: NDArray[Any]) -> float:
    """Full width at half maximum of a Gaussian of the same second moment."""
    weights = np.clip(values, 0, None)
    centre = np.average(axis, weights=weights)
    return float(2.3548 * np.sqrt(np.average((axis - centre) ** 2, weights=weights)))


def _duration(pulse: Any, run: Any) -> float:
    pulse.spectrum = run.pulse_retrieved
    return float(pulse.fwhm(dt=pulse.dt / 100))
