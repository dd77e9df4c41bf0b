"""Retrieval of an ultrashort pulse from its trace with pypret."""

from __future__ import annotations

import importlib.metadata
import sys
from pathlib import Path
from typing import Any

import numpy as np
from measurement import read_trace
from parameters import Parameters
from retrieval import Retrieval, retrieve

from pandaas.sdk import Field, Inputs, Plot, progress, write_result

_LIGHT = 299_792_458.0
_SHOWN = 0.01  # the phase means nothing where there is less light
_LEAST_ERROR = 1e-4  # smaller ones aren't told apart


def run(inputs: Inputs, parameters: Parameters, output: Path) -> None:
    """Read, retrieve, write the pulse over time and frequency, and both traces."""
    source = inputs.one("trace")
    trace = read_trace(source, parameters)
    progress(0.05, f"{trace.values.shape[0]} delays, {trace.values.shape[1]} frequencies")
    found = retrieve(trace, parameters)
    duration, spread = found.durations[0], float(np.ptp(found.durations)) / 2
    sys.stdout.write(
        f"duration (FWHM) = {duration * 1e15:.2f} ± {spread * 1e15:.2g} fs\n"
        f"time-bandwidth product (rms) = {found.pulse.time_bandwidth_product:.3f} (0.5 is the limit)\n"
        f"trace error R = {found.error:.2g}; all starts: {', '.join(f'{error:.2g}' for error in found.errors)}\n"
    )
    write_result(
        str(output / "result.nxs"),
        title=f"Laser pulse of {source.sample or source.title}",
        process={
            "program": "pypret",
            "version": importlib.metadata.version("pypret-pymodaq"),
            "parameters": parameters,
        },
        plots=_plots(found, duration),
        default="pulse",
        collections={"results": _results(found, duration, spread), "field": _field(found.pulse)},
        inputs=inputs.all(),
    )


def _plots(found: Retrieval, duration: float) -> list[Plot]:
    pulse, measured = found.pulse, found.measured
    intensity, spectrum = _normalised(pulse.intensity), _normalised(pulse.spectral_intensity)
    absolute = pulse.w + pulse.w0
    lit = absolute > 0
    wavelength = 2e9 * np.pi * _LIGHT / absolute[lit]
    per_wavelength = _normalised(spectrum[lit] * absolute[lit] ** 2)
    order = np.argsort(wavelength)
    name = measured.labels[0]
    factor, unit = (1e3, "mm") if name == "insertion" else (1e15, "fs")
    first = Field(name, measured.axes[0] * factor, unit, name.capitalize())
    axes = [first, Field("frequency", measured.axes[1] / 2e12 / np.pi, "THz", "Frequency")]
    return [
        Plot(
            "pulse",
            Field("intensity", intensity, "", "Intensity"),
            [Field("time", pulse.t * 1e15, "fs", "Time")],
            auxiliary=[Field("phase", _phase(pulse.phase, intensity), "rad", "Phase")],
            title=f"Pulse of {duration * 1e15:.2f} fs (FWHM), trace error {_told(found.error)}",
            scales=("linear", "linear"),
        ),
        Plot(
            "spectrum",
            Field("spectral_intensity", per_wavelength[order], "", "Spectral intensity"),
            [Field("wavelength", wavelength[order], "nm", "Wavelength")],
            auxiliary=[Field("phase", _phase(pulse.spectral_phase, spectrum)[lit][order], "rad", "Spectral phase")],
            title="Spectrum of the pulse with its phase",
            scales=("linear", "linear"),
        ),
        *(
            Plot(name, Field(signal, values, "", label), axes, title=label, interpretation="image")
            for name, signal, values, label in (
                ("trace_measured", "measured", measured.data, "Measured trace"),
                ("trace_retrieved", "retrieved", found.found, "Trace of the retrieved pulse"),
                ("trace_difference", "difference", measured.data - found.found, "Measured - retrieved"),
            )
        ),
    ]


def _told(error: float) -> str:
    """For the title, where nobody reads powers of ten."""
    return f"{error:.4f}" if error >= _LEAST_ERROR else f"< {_LEAST_ERROR:.4f}"


def _phase(phase: Any, intensity: Any) -> Any:
    """Unwrapped from the brightest point, zero there; NaN where there is hardly light."""
    peak = int(np.argmax(intensity))
    unwrapped = np.unwrap(np.asarray(phase))
    return np.where(intensity > _SHOWN, unwrapped - unwrapped[peak], np.nan)


def _normalised(values: Any) -> Any:
    return np.asarray(values) / np.max(values)


def _results(found: Retrieval, duration: float, spread: float) -> list[Field]:
    return [
        Field("duration", duration * 1e15, "fs", "Full width at half maximum", {"uncertainty": spread * 1e15}),
        Field("trace_error", found.error, "", "Trace error R (FROG error), 0 is perfect"),
        Field("trace_errors", np.array(found.errors), "", "Of all starts"),
        Field("time_bandwidth_product", float(found.pulse.time_bandwidth_product), "", "rms; 0.5 is the limit"),
        Field("central_wavelength", 2e9 * np.pi * _LIGHT / found.pulse.w0, "nm", "Of the grid"),
    ]


def _field(pulse: Any) -> list[Field]:
    return [
        Field("time", pulse.t, "s"),
        Field("field_real", np.real(pulse.field), "", "Envelope of the field, real part"),
        Field("field_imaginary", np.imag(pulse.field), "", "Envelope of the field, imaginary part"),
        Field("carrier", float(pulse.w0), "rad/s", "Angular frequency that the envelope is relative to"),
    ]
