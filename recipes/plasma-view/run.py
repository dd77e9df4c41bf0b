"""Fields and phase space of a plasma simulation with openpmd-viewer."""

from __future__ import annotations

import importlib.metadata
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from parameters import Parameters
from series import FieldCut, Particles, iteration_of, open_series, read_field, read_particles

from pandaas.sdk import Field, Inputs, Plot, RecipeError, progress, write_result

_FIELD_UNITS = {"E": "V/m", "B": "T", "J": "A/m^2", "rho": "C/m^3"}
_LABELS = {"gamma": "Lorentz factor"}
_REST_ENERGY = {"electron": 0.51099895, "positron": 0.51099895, "proton": 938.27209}  # MeV


def run(inputs: Inputs, parameters: Parameters, output: Path) -> None:
    """Open, cut, histogram, write."""
    source = inputs.one("simulation")
    with tempfile.TemporaryDirectory() as folder:
        series = open_series(source, Path(folder))
        iteration = iteration_of(series, parameters)
        progress(0.2, f"Iteration {iteration} of {len(series.iterations)}")
        cut = read_field(series, iteration, parameters)
        progress(0.5, "Particles")
        particles = read_particles(series, iteration, parameters)
        time = None if series.t is None else float(np.asarray(series.t)[list(series.iterations).index(iteration)])
    plots = [*(_field_plots(cut) if cut else []), *(_particle_plots(particles, parameters) if particles else [])]
    if not plots:
        raise RecipeError("The iteration holds neither fields nor particles.", "Choose another.", "iteration")
    write_result(
        str(output / "result.nxs"),
        title=f"{source.title}, iteration {iteration}",
        process={
            "program": "openpmd-viewer",
            "version": importlib.metadata.version("openpmd-viewer"),
            "parameters": parameters,
        },
        plots=plots,
        default=plots[0].name,
        collections={"results": _results(cut, particles, iteration, time)},
        inputs=inputs.all(),
    )


def _field_plots(cut: FieldCut) -> list[Plot]:
    unit = _FIELD_UNITS.get(cut.name, _FIELD_UNITS.get(cut.name[:1], ""))
    axes = [Field(name, positions, "um", name) for name, positions in cut.axes]
    signal = Field(cut.name, cut.values, unit, cut.name)
    if cut.values.ndim == 1:
        return [Plot("field", signal, axes, title=cut.name)]
    middle = int(np.argmin(np.abs(cut.axes[0][1])))
    return [
        Plot("field", signal, axes, title=f"{cut.name} in the plane", interpretation="image"),
        Plot(
            "on_axis",
            Field(cut.name, cut.values[middle], unit, cut.name),
            [axes[1]],
            title=f"{cut.name} along {cut.axes[1][0]} at {cut.axes[0][0]} = {cut.axes[0][1][middle]:.3g} µm",
            scales=("linear", "linear"),
        ),
    ]


def _particle_plots(particles: Particles, parameters: Parameters) -> list[Plot]:
    names = (parameters.vertical, parameters.horizontal)
    values = [particles.values[name] for name in names]
    density, *edges = np.histogram2d(*values, bins=parameters.bins, weights=particles.weight)
    squares, *_ = np.histogram2d(*values, bins=edges, weights=particles.weight**2)
    axes = [Field(n, e, _unit(n), _LABELS.get(n, n)) for n, e in zip(names, edges, strict=True)]
    gamma = particles.values["gamma"]
    rest = next((mass for name, mass in _REST_ENERGY.items() if name in particles.species.lower()), None)
    energy = (gamma - 1) * (rest or 1.0)
    spectrum, energies = np.histogram(energy, bins=parameters.bins, weights=particles.weight)
    spread, _ = np.histogram(energy, bins=energies, weights=particles.weight**2)
    label = "Kinetic energy" if rest else "Lorentz factor - 1"
    return [
        Plot(
            "phase_space",
            Field("particles", density, "", f"{particles.species} per bin"),
            axes,
            errors=np.sqrt(squares),
            title=f"Phase space of {particles.species}: {particles.weight.sum():.4g} from {len(gamma)} macro-particles",
            interpretation="image",
        ),
        Plot(
            "energy_spectrum",
            Field("particles", spectrum, "", f"{particles.species} per bin"),
            [Field("energy", energies, "MeV" if rest else "", label)],
            errors=np.sqrt(spread),
            title="Energy spectrum",
            scales=("linear", "log"),
        ),
    ]


def _unit(name: str) -> str:
    return "um" if name in {"x", "y", "z"} else ""


def _results(cut: FieldCut | None, particles: Particles | None, iteration: int, time: float | None) -> list[Field]:
    found: list[Field] = [Field("iteration", iteration)]
    words: list[str] = []
    if time is not None:
        found.append(Field("time", time * 1e15, "fs"))
    if cut is not None:
        peak: Any = np.nanmax(np.abs(cut.values))
        found += [Field("field", cut.name), Field("largest", float(peak), "", f"Largest |{cut.name}|, SI")]
        words.append(f"largest |{cut.name}| = {peak:.4g} (SI)")
    if particles is not None:
        mean = float(np.average(particles.values["gamma"], weights=particles.weight))
        found += [
            Field("species", particles.species),
            Field("macro_particles", len(particles.weight)),
            Field("particles", float(particles.weight.sum())),
            Field("mean_gamma", mean, "", "Mean Lorentz factor"),
        ]
        words.append(f"{particles.species}: {len(particles.weight)} macro-particles, mean Lorentz factor {mean:.4g}")
    sys.stdout.write("\n".join(words) + "\n")
    return found
