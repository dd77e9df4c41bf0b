"""Propagation of a laser beam with lasy, plane by plane from where it is given."""

from __future__ import annotations

import contextlib
import copy
import importlib.metadata
import io
import math
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from beam import Beam, fluence_of, moments, read_beam
from lasy.optical_elements import ParabolicMirror
from lasy.propagators import AxipropPropagator, FresnelChirpZPropagator
from lasy.utils.grid import Grid
from lasy.utils.laser_utils import compute_laser_energy
from numpy.typing import NDArray
from parameters import Parameters
from scipy.constants import c, epsilon_0

from pandaas.sdk import Field, Inputs, Plot, RecipeError, progress, warn, write_result

_LOST = 0.02  # share of the energy that may leave the window before it is said
_FASTEST = 2.0  # focal length over diameter
_PER_CM2 = 1e-4


@dataclass
class Caustic:
    """What is kept of each plane: `radii` (planes, directions) in m, `cut` the fluence along x or r in J/m²."""

    z: NDArray[Any]
    radii: list[tuple[float, ...]] = field(default_factory=list)
    cuts: list[NDArray[Any]] = field(default_factory=list)
    kept: list[float] = field(default_factory=list)
    best: Any = None  # the grid of the smallest beam
    best_plane: int = 0

    def add(self, grid: Any, number: int, energy: float, dim: str) -> None:
        fluence = fluence_of(grid)
        radii = moments(fluence, grid.axes[:-1])
        if self.best is None or math.prod(radii) < math.prod(self.radii[self.best_plane]):
            self.best, self.best_plane = copy.deepcopy(grid), number
        self.radii.append(radii)
        self.cuts.append(fluence if fluence.ndim == 1 else fluence[:, len(grid.axes[1]) // 2])
        self.kept.append(float(compute_laser_energy(dim, grid)) / energy)


@dataclass(frozen=True)
class Waist:
    """Of w²(z) = w0² + (M²λ/πw0)²(z-z0)²: radius and place in m, M², each with its standard deviation from the fit."""

    radius: tuple[float, float]
    place: tuple[float, float]
    quality: tuple[float, float]


def run(inputs: Inputs, parameters: Parameters, output: Path) -> None:
    """Read the beam, propagate to each plane, find the waist, write."""
    source = inputs.one("beam")
    beam = read_beam(source, parameters)
    laser = beam.laser
    start = copy.deepcopy(laser.grid)
    progress(0.05, f"Beam of {beam.radius * 1e6:.4g} µm radius")
    caustic = propagate(beam, parameters)
    lost = 1 - min(caustic.kept)
    if lost > _LOST:
        warn(f"{lost:.0%} of the energy left the grid in a plane: a wider window or fewer planes would keep it.")
    waists = [waist_of(caustic.z, np.array(radii), beam.wavelength) for radii in zip(*caustic.radii, strict=True)]
    laser.grid = caustic.best
    with contextlib.redirect_stdout(io.StringIO()):
        laser.write_to_file("pulse", write_dir=str(output / "files"))
    write_result(
        str(output / "result.nxs"),
        title=f"Beam of {source.sample or source.title}",
        process={"program": "lasy", "version": importlib.metadata.version("lasy"), "parameters": parameters},
        plots=_plots(beam, start, caustic),
        default="radius",
        collections={"results": _results(beam, caustic, waists)},
        inputs=inputs.all(),
    )


def propagate(beam: Beam, parameters: Parameters) -> Caustic:
    """Each plane from the given one, so that errors don't add up."""
    laser, focal = beam.laser, parameters.focal_length
    z, side = _planes(beam, parameters)
    if focal is not None and side is not None:
        _check_sampling(beam, focal * 1e-3, z, side)
        laser.apply_optics(ParabolicMirror(focal * 1e-3))
    cartesian = laser.dim == "xyt"
    propagator = FresnelChirpZPropagator() if cartesian and focal is not None else AxipropPropagator()
    caustic = Caustic(z)
    for number, distance in enumerate(z):
        options: dict[str, Any] = {} if isinstance(propagator, FresnelChirpZPropagator) else {"verbose": False}
        if side is not None:
            options["grid_out"] = _window(laser, side)
        if distance == 0 and side is None:
            grid = laser.grid
        else:
            grid = propagator.propagate(
                copy.deepcopy(laser.grid), laser.dim, laser.profile.omega0, distance=float(distance), **options
            )
        caustic.add(grid, number, beam.energy, laser.dim)
        radii = np.array(caustic.radii)[:, 0] * 1e6
        seen = {"x": z[: number + 1] * 1e3, "y": radii, "x_label": "z", "x_unit": "mm", "y_label": "Radius, µm"}
        progress(0.05 + 0.9 * (number + 1) / len(z), f"Plane {number + 1} of {len(z)}", seen)
    return caustic


def _planes(beam: Beam, parameters: Parameters) -> tuple[NDArray[Any], float | None]:
    """Distances in m, and half the window there where it differs from the given plane's."""
    first = None if parameters.first is None else parameters.first * 1e-3
    last = None if parameters.last is None else parameters.last * 1e-3
    if parameters.focal_length is None:
        rayleigh = math.pi * beam.radius**2 / beam.wavelength
        low = 0.0 if first is None else first
        high = max(2 * rayleigh, low + rayleigh) if last is None else last
        return _even(low, high, parameters.planes), None
    focal = parameters.focal_length * 1e-3
    spot = beam.wavelength * focal / (math.pi * beam.radius)
    rayleigh = math.pi * spot**2 / beam.wavelength
    low = max(focal - 3 * rayleigh, focal / 100) if first is None else first
    high = focal + 3 * rayleigh if last is None else last
    far = max(abs(low - focal), abs(high - focal)) / rayleigh
    return _even(low, high, parameters.planes), parameters.window * spot * math.hypot(1, far)


def _even(low: float, high: float, count: int) -> NDArray[Any]:
    if high <= low:
        raise RecipeError(
            f"The first plane, {low * 1e3:g} mm, lies behind the last, {high * 1e3:g} mm.", "Give both.", "last"
        )
    return np.linspace(low, high, count)


def _window(laser: Any, side: float) -> Any:
    old = laser.grid
    if laser.dim == "rt":
        return Grid("rt", (0.0, old.lo[1]), (side, old.hi[1]), old.npoints, old.n_azimuthal_modes)
    return Grid("xyt", (-side, -side, old.lo[2]), (side, side, old.hi[2]), old.npoints)


def _check_sampling(beam: Beam, focal: float, z: NDArray[Any], side: float) -> None:
    """What is left of the wavefront's bend in each plane changes by at most half a wave from point to point, where there is
    light; and the window is no wider than the grid's spatial frequencies reach.

    By the Fresnel integral the mirror's bend and that of the way to the plane are summed before anything is sampled.
    """
    grid, light = beam.laser.grid, 1.5 * beam.radius
    if focal < _FASTEST * 2 * beam.radius:
        raise RecipeError(
            f"A focal length of {focal * 1e3:.4g} mm is too short for a beam of {beam.radius * 1e3:.3g} mm radius:"
            f" below f/{_FASTEST:g} the Fresnel integral does not hold.",
            "Give a longer one.",
            "focal_length",
        )
    bend = np.max(np.abs(1 / z - 1 / focal)) if beam.laser.dim == "xyt" else 1 / focal
    reached = beam.wavelength * float(z.min()) / (2 * side)
    if grid.dx[0] > min(beam.wavelength / (2 * light * bend) if bend else np.inf, reached):
        raise RecipeError(
            f"The grid of {grid.dx[0] * 1e6:.3g} µm steps can't follow the wavefront behind the mirror.",
            "Choose more points, a smaller window, planes nearer to the focus, or a longer focal length.",
            "points",
        )


def waist_of(z: NDArray[Any], radii: NDArray[Any], wavelength: float) -> Waist | None:
    """ISO 11146: a parabola through w²(z). None where the planes show no waist."""
    middle, scale = z.mean(), np.ptp(z) / 2
    size = float(radii.min())
    (a, b, k), cov = np.polyfit((z - middle) / scale, (radii / size) ** 2, 2, cov=True)
    square = k - b**2 / (4 * a) if a > 0 else 0.0
    if a <= 0 or square <= 0:
        return None
    place = -b / (2 * a)
    slopes = np.array([b**2 / (4 * a**2), -b / (2 * a), 1.0])
    quality_slopes = np.array([4 * k, -2 * b, 4 * a]) / (4 * math.sqrt(4 * a * k - b**2))

    def spread(gradient: NDArray[Any]) -> float:
        return math.sqrt(max(0.0, float(gradient @ cov @ gradient)))

    radius = math.sqrt(square)
    unit = math.pi * size**2 / (wavelength * scale)
    return Waist(
        (radius * size, spread(slopes) / (2 * radius) * size),
        (middle + place * scale, spread(np.array([b / (2 * a**2), -1 / (2 * a), 0.0])) * scale),
        (math.sqrt(4 * a * k - b**2) / 2 * unit, spread(quality_slopes) * unit),
    )


def _plots(beam: Beam, start: Any, caustic: Caustic) -> list[Plot]:
    z = Field("z", caustic.z * 1e3, "mm", "Distance from where the beam is given")
    radii = np.array(caustic.radii) * 1e6
    smallest = radii[caustic.best_plane].min()
    rayleigh = math.pi * (smallest * 1e-6) ** 2 / beam.wavelength
    ideal = smallest * np.hypot(1, (caustic.z - caustic.z[caustic.best_plane]) / rayleigh)
    names = ("x", "y") if radii.shape[1] == 2 else ("r",)
    others = [Field(f"radius_{name}", radii[:, n], "um", f"Radius w{name}") for n, name in enumerate(names)]
    across = Field(names[0], caustic.best.axes[0] * 1e6, "um", names[0])
    moment = int(np.argmax(_on_axis(caustic.best)))
    return [
        Plot(
            "radius",
            others[0],
            [z],
            auxiliary=[*others[1:], Field("gaussian", ideal, "um", "Gaussian beam of the same waist (M² = 1)")],
            title="Beam radius (1/e², second moments)",
            scales=("linear", "linear"),
        ),
        Plot(
            "along",
            Field("fluence", np.array(caustic.cuts) * _PER_CM2, "J/cm^2", "Fluence"),
            [z, across],
            title=f"Fluence along the way, in the plane of {names[0]}",
            interpretation="image",
        ),
        *_fluences(start, caustic),
        Plot(
            "pulse",
            Field("intensity", _on_axis(caustic.best) * _PER_CM2, "W/cm^2", "Intensity"),
            [Field("time", caustic.best.axes[-1] * 1e15, "fs", "Time")],
            title=f"Pulse where the smallest beam is brightest, {_on_axis(caustic.best)[moment] * _PER_CM2:.3g} W/cm²",
            scales=("linear", "linear"),
        ),
    ]


def _fluences(start: Any, caustic: Caustic) -> list[Plot]:
    found = []
    at = f"at z = {caustic.z[caustic.best_plane] * 1e3:.6g} mm"
    for name, grid, title in (("given", start, "Fluence of the given beam"), ("focus", caustic.best, f"Fluence {at}")):
        fluence = fluence_of(grid) * _PER_CM2
        axes = [Field(n, a * 1e6, "um", n) for n, a in zip("xy" if fluence.ndim == 2 else "r", grid.axes, strict=False)]
        is_image = fluence.ndim == 2
        found.append(
            Plot(
                name,
                Field("fluence", fluence.T if is_image else fluence, "J/cm^2", "Fluence"),
                axes[::-1],
                title=title,
                interpretation="image" if is_image else None,
                scales=() if is_image else ("linear", "linear"),
            )
        )
    return found


def _on_axis(grid: Any) -> NDArray[Any]:
    """Intensity over time where the fluence is largest, W/m². Of azimuthal modes the average over all angles."""
    intensity = epsilon_0 * c / 2 * np.abs(grid.get_temporal_field()) ** 2
    if len(grid.axes) == 2:
        intensity = intensity.sum(axis=0)
        return intensity[int(np.argmax(intensity.sum(axis=-1)))]
    flat = intensity.reshape(-1, intensity.shape[-1])
    return flat[int(np.argmax(flat.sum(axis=-1)))]


def _results(beam: Beam, caustic: Caustic, waists: list[Waist | None]) -> list[Field]:
    peak_fluence = float(fluence_of(caustic.best).max()) * _PER_CM2
    peak = float(_on_axis(caustic.best).max()) * _PER_CM2
    found = [
        Field("wavelength", beam.wavelength * 1e9, "nm"),
        Field("energy", beam.energy * 1e3, "mJ", "Of the given pulse"),
        Field("energy_kept", min(caustic.kept), "", "Least share of it on the grid"),
        Field("radius_given", beam.radius * 1e6, "um", "Radius of the given beam (larger direction)"),
        Field("peak_fluence", peak_fluence, "J/cm^2", "In the smallest beam"),
        Field("peak_intensity", peak, "W/cm^2", "In the smallest beam"),
    ]
    words = [f"peak fluence {peak_fluence:.4g} J/cm², peak intensity {peak:.4g} W/cm²"]
    names = ("x", "y") if len(waists) == 2 else ("r",)
    for name, waist in zip(names, waists, strict=True):
        if waist is None:
            warn(f"The planes show no waist along {name}: give planes before and behind it.")
            continue
        for key, (value, spread), factor, unit, label in (
            ("waist", waist.radius, 1e6, "um", "Radius of the waist"),
            ("waist_position", waist.place, 1e3, "mm", "Where it lies"),
            ("m2", waist.quality, 1.0, "", "Beam quality M²"),
        ):
            found.append(Field(f"{key}_{name}", value * factor, unit, label, {"uncertainty": spread * factor}))
        words.append(
            f"{name}: waist {waist.radius[0] * 1e6:.4g} ± {waist.radius[1] * 1e6:.2g} µm "
            f"at {waist.place[0] * 1e3:.6g} mm, M² {waist.quality[0]:.3f} ± {waist.quality[1]:.2g}"
        )
    sys.stdout.write("\n".join(words) + "\n")
    return found
