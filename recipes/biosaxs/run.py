"""Solution scattering of macromolecules with freesas: select, average, subtract, and what the curve says of the particle."""

from __future__ import annotations

import importlib.metadata
import sys
from pathlib import Path
from typing import Any

import numpy as np
from frames import Series, read_series
from output import collections, plots
from parameters import Parameters
from selection import Average, Elution, averaged, elution, is_elution, scaled, similarity_matrix
from structure import Structure, analyse, guinier_of

from pandaas.sdk import Field, Inputs, Plot, RecipeError, progress, warn, write_result


def run(inputs: Inputs, parameters: Parameters, output: Path) -> None:
    """Read frames, average similar ones, subtract the buffer, analyse, write."""
    sample = _read(inputs, "sample", parameters)
    progress(0.1, f"{len(sample)} frame{'s' if len(sample) > 1 else ''} of the sample")
    buffer = _read(inputs, "buffer", parameters) if inputs["buffer"] else None
    _check_grids(sample, buffer)
    peak = elution(sample, parameters) if is_elution(parameters, sample, has_buffer=buffer is not None) else None
    solvent = _solvent(sample, buffer, peak, parameters)
    numbers = peak.sample if peak else range(len(sample))
    compared = None
    if peak and solvent:
        compared = scaled(sample, numbers, parameters.buffer_scale * solvent.intensity)
    solution = averaged(sample, numbers, parameters.similarity, "sample", compared)
    curve = _subtracted(sample, solution, solvent, parameters.buffer_scale)
    progress(0.3, "Guinier fit and p(r)", _preview(curve))
    structure = analyse(curve, parameters)
    _say(structure)
    further = _elution_plots(sample, peak, solvent, parameters) if peak else []
    matrix = similarity_matrix(sample.intensity if compared is None else compared)
    if matrix is not None:
        further.append(_similarity_plot(matrix, numbers))
    progress(0.95, "Writing the result", _preview(curve))
    write_result(
        str(output / "result.nxs"),
        title=f"Size and shape of {inputs['sample'][0].sample or inputs['sample'][0].title}",
        definition="NXcanSAS",
        process={
            "program": "freesas",
            "version": importlib.metadata.version("freesas"),
            "parameters": parameters,
        },
        plots=[*plots(sample, structure, solution, solvent), *further],
        default="scattering",
        collections=collections(structure, solution, solvent),
        inputs=inputs.all(),
    )


def _read(inputs: Inputs, slot: str, parameters: Parameters) -> Series:
    return read_series(inputs[slot], parameters.q_unit, parameters.q_min, parameters.q_max)


def _check_grids(sample: Series, buffer: Series | None) -> None:
    if buffer is None:
        return
    if buffer.q.shape != sample.q.shape or not np.allclose(buffer.q, sample.q, rtol=1e-4):
        raise RecipeError(
            "Sample and buffer are not measured at the same q values.",
            "Choose a buffer of the same detector and integration.",
            "buffer",
        )


def _solvent(sample: Series, buffer: Series | None, peak: Elution | None, parameters: Parameters) -> Average | None:
    if buffer is not None:
        return averaged(buffer, range(len(buffer)), parameters.similarity, "buffer")
    if peak is not None:
        return averaged(sample, peak.buffer, parameters.similarity, "buffer")
    warn("No buffer was given: the curve is taken as subtracted already.")
    return None


def _subtracted(sample: Series, solution: Average, solvent: Average | None, scale: float) -> Any:
    if solvent is None:
        return np.column_stack([sample.q, solution.intensity, solution.sigma])
    difference = solution.intensity - scale * solvent.intensity
    if np.median(difference[: max(5, len(difference) // 10)]) <= 0:
        raise RecipeError(
            "The buffer scatters more than the sample at small angles.",
            "Check that sample and buffer are not exchanged, or change the buffer factor.",
            "buffer",
        )
    return np.column_stack([sample.q, difference, np.hypot(solution.sigma, scale * solvent.sigma)])


def _elution_plots(sample: Series, peak: Elution, solvent: Average | None, parameters: Parameters) -> list[Plot]:
    """The trace of the peak, and Rg of each of its frames: constant across a peak of one species."""
    numbers = np.arange(len(sample))
    radius, sigma = np.full(len(sample), np.nan), np.full(len(sample), np.nan)
    level = 0 if solvent is None else parameters.buffer_scale * solvent.intensity
    spread = 0 if solvent is None else parameters.buffer_scale * solvent.sigma
    for number in peak.sample:
        curve = np.column_stack([sample.q, sample.intensity[number] - level, np.hypot(sample.sigma[number], spread)])
        found = guinier_of(curve)
        if found is not None:
            radius[number], sigma[number] = found.Rg, found.sigma_Rg
        progress(0.6 + 0.3 * (number - peak.sample[0]) / len(peak.sample), f"Rg of frame {number}")
    frame = Field("frame", numbers, None, "Frame")
    return [
        Plot(
            "elution",
            Field("mean_intensity", peak.trace, sample.unit, "Mean intensity"),
            [frame],
            title=(
                f"Elution: sample frames {peak.sample[0]} to {peak.sample[-1]},"
                f" buffer frames {peak.buffer[0]} to {peak.buffer[-1]}"
            ),
        ),
        Plot(
            "rg_of_frames",
            Field("Rg", radius, "angstrom", "Radius of gyration"),
            [frame],
            errors=sigma,
            title="Rg of each frame of the peak",
        ),
    ]


def _similarity_plot(matrix: Any, numbers: range) -> Plot:
    axis = np.asarray(numbers)
    return Plot(
        "similarity",
        Field("probability", matrix, "", "Probability that two frames are the same"),
        [Field("frame", axis, None, "Frame"), Field("other_frame", axis, None, "Frame")],
        title="Similarity of the sample's frames (CorMap)",
        interpretation="image",
    )


def _say(structure: Structure) -> None:
    guinier, found = structure.guinier, structure.statistics
    reach = structure.curve[guinier.end_point - 1, 0] * guinier.Rg
    lines = [
        f"Rg = {guinier.Rg:.2f} ± {guinier.sigma_Rg:.2f} Å (Guinier, q·Rg up to {reach:.2f})",
        f"I0 = {guinier.I0:.4g} ± {guinier.sigma_I0:.2g}",
        f"Rg = {found.Rg_avg:.2f} ± {found.Rg_std:.2f} Å (p(r))",
        f"Dmax = {found.Dmax_avg:.1f} ± {found.Dmax_std:.1f} Å",
    ]
    if structure.invariants is not None:
        lines.append(f"mass = {structure.invariants.mass:.0f} ± {structure.invariants.sigma_mass:.0f} kDa (protein)")
    sys.stdout.write("\n".join(lines) + "\n")


def _preview(curve: Any) -> dict[str, Any]:
    return {
        "x": curve[:, 0],
        "y": np.where(curve[:, 1] > 0, curve[:, 1], np.nan),
        "x_label": "q",
        "x_unit": "1/Å",
        "y_label": "I",
        "y_unit": "",
        "x_scale": "log",
        "y_scale": "log",
    }
