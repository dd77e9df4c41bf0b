"""Reduction of an X-ray absorption scan with xraylarch."""

from __future__ import annotations

import importlib.metadata
import sys
from pathlib import Path
from typing import Any

import numpy as np
from parameters import Parameters
from reduction import Reduction, reduce
from scan import Scan, read_scan

from pandaas.sdk import Field, Inputs, Plot, progress, write_result


def run(inputs: Inputs, parameters: Parameters, output: Path) -> None:
    """Read, reduce, write µ(E) normalised, the fitted lines, χ(k) and χ(R)."""
    source = inputs.one("scan")
    scan = read_scan(source, parameters)
    preview = {"x": scan.energy, "y": scan.mu, "x_label": "Energy", "x_unit": "eV", "y_label": "µ"}
    progress(0.1, f"{len(scan.energy)} energies, µ = {scan.formula}", preview)
    found = reduce(scan, parameters)
    _say(found)
    progress(0.95, "Writing the result", {**preview, "y": found.group.flat, "y_label": "Normalised µ"})
    write_result(
        str(output / "result.nxs"),
        title=f"Absorption of {source.sample or source.title}",
        process={
            "program": "xraylarch",
            "version": importlib.metadata.version("xraylarch"),
            "parameters": parameters,
        },
        plots=_plots(scan, found, parameters),
        default="normalised",
        collections={"results": _results(found, scan)},
        inputs=inputs.all(),
    )


def _plots(scan: Scan, found: Reduction, parameters: Parameters) -> list[Plot]:
    group = found.group
    energy = Field("energy", group.energy, "eV", "Energy")
    name = f"{found.edge[0]} {found.edge[1]} edge, " if found.edge else ""
    return [
        Plot(
            "normalised",
            Field("normalised_mu", group.flat, "", "Normalised µ, flattened"),
            [energy],
            title=f"{name}E0 = {group.e0:.2f} eV, step {group.edge_step:.4g}",
            scales=("linear", "linear"),
        ),
        Plot(
            "absorption",
            Field("mu", group.mu, "", f"µ = {scan.formula}"),
            [energy],
            auxiliary=[
                Field("pre_edge", group.pre_edge, "", "Pre-edge line"),
                Field("post_edge", group.post_edge, "", "Post-edge curve"),
                Field("background", group.bkg, "", "Background spline"),
            ],
            title="Absorption with the lines fitted before and beyond the edge, and the background",
            scales=("linear", "linear"),
        ),
        _chi_of_k(found, parameters),
        _chi_of_r(found, parameters),
    ]


def _chi_of_k(found: Reduction, parameters: Parameters) -> Plot:
    group, weight = found.group, parameters.k_weight
    factor = group.k**weight
    sigma = np.asarray(getattr(group, "delta_chi", np.zeros(len(group.k))))
    return Plot(
        "chi_k",
        Field("chi", factor * group.chi, f"angstrom^-{weight}" if weight else "", _weighted("χ(k)", weight)),
        [Field("k", group.k, "1/angstrom", "Photo-electron wavenumber k")],
        errors=factor * np.hypot(sigma, group.epsilon_k),
        auxiliary=[Field("window", np.interp(group.k, _window_axis(group), group.kwin), "", "Window of the transform")],
        title=f"Fine structure; noise of χ about {group.epsilon_k:.2g}",
        scales=("linear", "linear"),
    )


def _chi_of_r(found: Reduction, parameters: Parameters) -> Plot:
    group, weight = found.group, parameters.k_weight
    unit = f"angstrom^-{weight + 1}"
    return Plot(
        "chi_R",
        Field("chi_magnitude", group.chir_mag, unit, "|χ(R)|"),
        [Field("R", group.r, "angstrom", "Distance R, without phase correction")],
        errors=np.full(len(group.r), float(group.epsilon_r)),
        auxiliary=[
            Field("chi_real", group.chir_re, unit, "Real part"),
            Field("chi_imaginary", group.chir_im, unit, "Imaginary part"),
        ],
        title=f"Fourier transform from k = {parameters.k_min:.3g} to {found.k_max:.3g} 1/Å",
        scales=("linear", "linear"),
    )


def _window_axis(group: Any) -> Any:
    return 0.05 * np.arange(len(group.kwin))


def _weighted(name: str, weight: int) -> str:
    return name if not weight else f"k{ {1: '', 2: '²', 3: '³'}[weight] } {name}"


def _results(found: Reduction, scan: Scan) -> list[Field]:
    group = found.group
    details = group.pre_edge_details
    peak = group.r[np.argmax(np.where(group.r > 1, group.chir_mag, 0))]
    return [
        Field("E0", float(group.e0), "eV", "Edge energy"),
        Field("edge_step", float(group.edge_step), "", "Edge step"),
        Field("element", found.edge[0] if found.edge else ""),
        Field("edge", found.edge[1] if found.edge else ""),
        Field("mu_is", scan.formula),
        Field("pre_edge_from", float(details.pre1), "eV", "Relative to E0"),
        Field("pre_edge_to", float(details.pre2), "eV", "Relative to E0"),
        Field("post_edge_from", float(details.norm1), "eV", "Relative to E0"),
        Field("post_edge_to", float(details.norm2), "eV", "Relative to E0"),
        Field("k_max", found.k_max, "1/angstrom", "End of the transform"),
        Field("epsilon_k", float(group.epsilon_k), "", "Noise of χ(k)"),
        Field("epsilon_R", float(group.epsilon_r), "", "Noise of χ(R)"),
        Field("highest_peak", float(peak), "angstrom", "Highest peak of |χ(R)| beyond 1 Å, without phase correction"),
    ]


def _say(found: Reduction) -> None:
    group = found.group
    lines = [f"E0 = {group.e0:.2f} eV, edge step = {group.edge_step:.4g}"]
    if found.edge:
        lines.append(f"nearest tabulated edge: {found.edge[0]} {found.edge[1]}")
    lines.append(
        f"χ(k) up to {group.k[-1]:.2f} 1/Å, noise {group.epsilon_k:.2g}; transformed up to {found.k_max:.2f} 1/Å"
    )
    sys.stdout.write("\n".join(lines) + "\n")
