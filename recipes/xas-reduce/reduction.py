"""xraylarch called step by step: edge, normalisation, background, transform; each step's failure in plain words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from larch import Group
from larch.xafs import autobk, estimate_noise, find_e0, pre_edge, xftf
from parameters import Parameters
from scan import Scan
from xraydb import guess_edge

from pandaas.sdk import RecipeError, warn

_SEARCH_EV = 30.0  # an edge as found lies within this of a tabulated one


@dataclass(frozen=True)
class Reduction:
    """`group` holds xraylarch's arrays; `edge` is (element, edge) or None; `k_max` what the transform used."""

    group: Any
    edge: tuple[str, str] | None
    k_max: float


def reduce(scan: Scan, parameters: Parameters) -> Reduction:
    """Raises `RecipeError` naming the field when there is no edge or no data to fit beside it."""
    group = Group(energy=scan.energy, mu=scan.mu)
    _normalise(group, parameters)
    _background(group, parameters)
    k_max = _transform(group, parameters)
    return Reduction(group, _edge(group), k_max)


def _check_post_edge(group: Any, parameters: Parameters, last: float) -> None:
    if parameters.post_edge_from is None:
        return
    e0 = parameters.e0 if parameters.e0 is not None else float(find_e0(group.energy, group.mu))
    if e0 + parameters.post_edge_from >= last:
        raise RecipeError(
            f"The post-edge range begins {parameters.post_edge_from:.6g} eV beyond the edge; the scan ends {last - e0:.6g} eV beyond it.",
            "Let it begin nearer to the edge, or leave it empty.",
            "post_edge_from",
        )


def _normalise(group: Any, parameters: Parameters) -> None:
    first, last = float(group.energy[0]), float(group.energy[-1])
    if parameters.e0 is not None and not first < parameters.e0 < last:
        raise RecipeError(
            f"E0 = {parameters.e0:.6g} eV lies outside of the scan, which goes from {first:.6g} to {last:.6g} eV.",
            "Give an energy within it, or leave it empty.",
            "e0",
        )
    _check_post_edge(group, parameters, last)
    degree = None if parameters.post_edge_degree == "auto" else int(parameters.post_edge_degree)
    pre_edge(
        group,
        e0=parameters.e0,
        nnorm=degree,
        nvict=parameters.victoreen,
        pre1=parameters.pre_edge_from,
        pre2=parameters.pre_edge_to,
        norm1=parameters.post_edge_from,
        norm2=parameters.post_edge_to,
    )
    before, beyond = int((group.energy < group.e0 - 10).sum()), int((group.energy > group.e0 + 15).sum())
    if before < 3 or beyond < 5:
        side = "before" if before < 3 else "beyond"
        raise RecipeError(
            f"E0 = {group.e0:.6g} eV leaves too little of the scan {side} the edge ({first:.6g} to {last:.6g} eV).",
            "Choose a scan that passes over an edge (this one may have been stopped), or give E0.",
            "e0" if parameters.e0 is not None else "scan",
        )
    step = float(np.interp(group.e0, group.energy, group.post_edge - group.pre_edge))  # edge_step has lost its sign
    if not np.isfinite(step) or step <= 0:
        raise RecipeError(
            f"µ doesn't rise at E0 = {group.e0:.6g} eV: the step is {step:.3g}.",
            "Check the columns (transmission needs I0 before the sample and I1 behind it), or give E0.",
            "measured",
        )
    noise = float(np.std(np.diff(group.mu[group.energy < group.e0 - 10]))) / 2**0.5
    if noise > 0.3 * group.edge_step:
        warn(f"The noise before the edge is {noise / group.edge_step:.0%} of its step: there may be no edge here.")


def _background(group: Any, parameters: Parameters) -> None:
    autobk(
        group,
        rbkg=parameters.rbkg,
        kweight=parameters.background_kweight,
        clamp_hi=parameters.clamp_high,
        calc_uncertainties=True,
    )
    if not hasattr(group, "chi") or not np.isfinite(group.chi).all():
        raise RecipeError(
            "No background could be fitted beyond the edge.", "Choose a longer scan, or a smaller R.", "rbkg"
        )


def _transform(group: Any, parameters: Parameters) -> float:
    end = float(group.k[-1])
    if parameters.k_min > end - 1:
        raise RecipeError(
            f"The data end at k = {end:.3g} 1/Å, too near to the transform's beginning at {parameters.k_min:.3g}.",
            "Begin lower, or choose a longer scan; a near-edge scan has no fine structure to transform.",
            "k_min",
        )
    estimate_noise(group, kmin=parameters.k_min, kmax=end, kweight=parameters.k_weight)
    k_max = parameters.k_max
    if k_max is None:
        suggested = float(getattr(group, "kmax_suggest", end))
        k_max = min(end, suggested) if suggested > parameters.k_min + 1 else end
    elif k_max > end:
        warn(f"The data end at k = {end:.4g} 1/Å; the transform goes no further.")
        k_max = end
    xftf(
        group,
        kmin=parameters.k_min,
        kmax=k_max,
        kweight=parameters.k_weight,
        dk=parameters.taper,
        window=parameters.window,
    )
    return k_max


def _edge(group: Any) -> tuple[str, str] | None:
    """The tabulated edge nearest to E0, where one is near."""
    try:
        element, edge = guess_edge(float(group.e0))
    except (TypeError, ValueError, IndexError):
        return None
    from xraydb import xray_edge

    found = xray_edge(element, edge)
    if found is None or abs(found.energy - group.e0) > _SEARCH_EV:
        warn(f"No tabulated edge lies within {_SEARCH_EV:.0f} eV of E0 = {group.e0:.6g} eV: check the energy's scale.")
        return None
    return element, edge
