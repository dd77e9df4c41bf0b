"""What freesas finds in a subtracted curve: Guinier fit, p(r), invariants and mass."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from freesas import autorg, bift
from freesas.invariants import calc_Rambo_Tainer
from numpy.typing import NDArray
from parameters import Parameters

from pandaas.sdk import RecipeError, warn

_PR_RANGE = 6.0  # p(r) takes q up to this over Rg
_MASS_Q_MAX = 2.0  # 1/nm, as Rambo and Tainer (2013) recommend at most 3
_GUINIER_LIMIT = 1.35
_NO_FIT = (autorg.InsufficientDataError, autorg.NoGuinierRegionError, ValueError, ArithmeticError, IndexError)


@dataclass(frozen=True)
class Structure:
    """Lengths in Å, `mass` in kDa; `curve` (q, I, σ); `radius`, `density` and `density_sigma` are p(r)."""

    curve: NDArray[Any]
    guinier: Any
    radius: NDArray[Any]
    density: NDArray[Any]
    density_sigma: NDArray[Any]
    statistics: Any
    pr_points: tuple[int, int]
    invariants: Any

    @property
    def guinier_line(self) -> NDArray[Any]:
        """I(q) of the Guinier law for all q."""
        return np.asarray(self.guinier.I0 * np.exp(-((self.curve[:, 0] * self.guinier.Rg) ** 2) / 3))

    @property
    def transformed(self) -> NDArray[Any]:
        """I(q) that p(r) gives back, at the points it was found from."""
        q = self.curve[slice(*self.pr_points), 0]
        kernel = np.sinc(np.outer(q, self.radius) / np.pi)
        return np.asarray(4 * np.pi * np.trapezoid(kernel * self.density, self.radius, axis=1))


def guinier_of(curve: NDArray[Any]) -> Any:
    """freesas' Guinier fit of (q, I, σ), or None where there is no linear region."""
    for method in (autorg.auto_guinier, autorg.autoRg):
        try:
            found = method(curve)
        except _NO_FIT:
            continue
        if math.isfinite(found.Rg) and found.Rg > 0 and found.end_point - found.start_point >= 3:
            return found
    return None


def analyse(curve: NDArray[Any], parameters: Parameters) -> Structure:
    """All of it for one subtracted curve. `RecipeError` when it shows no particle."""
    guinier = guinier_of(curve)
    if guinier is None:
        raise RecipeError(
            "The curve has no Guinier region: it doesn't fall from a plateau at small q.",
            "Check that sample and buffer are not exchanged, and leave out the beam stop with 'q from'.",
            "q_min",
        )
    _judge(curve, guinier)
    start = int(guinier.start_point)
    last_q = parameters.pr_q_max or _PR_RANGE / guinier.Rg
    stop = int(np.searchsorted(curve[:, 0], last_q, side="right"))
    if stop - start < 20:
        raise RecipeError(
            f"Only {max(0, stop - start)} points lie between the Guinier region and q = {last_q:.3g} 1/Å.",
            "Choose a larger q for p(r).",
            "pr_q_max",
        )
    used = np.ascontiguousarray(curve[start:stop])
    try:
        with np.errstate(invalid="ignore"):  # freesas compares improbable solutions, whose evidence is -inf
            found = bift.auto_bift(used, Dmax=parameters.dmax, npt=parameters.distances).calc_stats()
    except Exception as error:  # freesas' search ends in whatever SciPy raises
        raise RecipeError(
            f"No p(r) describes the curve ({error}).", "Choose another range of q, or another Dmax.", "pr_q_max"
        ) from error
    if abs(found.Rg_avg - guinier.Rg) > 0.1 * guinier.Rg:
        warn(
            f"Rg of the Guinier fit ({guinier.Rg:.3g} Å) and of p(r) ({found.Rg_avg:.3g} Å) differ by more than 10 %:"
            " aggregates, repulsion or a wrong subtraction."
        )
    return Structure(
        curve,
        guinier,
        np.asarray(found.radius),
        np.asarray(found.density_avg),
        np.asarray(found.density_std),
        found,
        (start, stop),
        _invariants(curve, guinier),
    )


def _judge(curve: NDArray[Any], guinier: Any) -> None:
    last = float(curve[guinier.end_point - 1, 0]) * guinier.Rg
    first = float(curve[guinier.start_point, 0]) * guinier.Rg
    if last > _GUINIER_LIMIT:
        warn(f"The Guinier fit reaches q·Rg = {last:.2f}; beyond 1.3 its Rg is biased.")
    if first > 0.7:
        warn(f"The smallest q·Rg of the Guinier fit is {first:.2f}; particles this large need smaller angles.")
    if guinier.start_point > 10:
        warn(
            f"The first {guinier.start_point} points are off the Guinier line: aggregates, repulsion or the beam stop."
        )


def _invariants(curve: NDArray[Any], guinier: Any) -> Any:
    """Rambo and Tainer's with q in 1/nm, in which freesas' constants are; None where the curve ends too early."""
    in_nm = curve.copy()
    in_nm[:, 0] *= 10
    if in_nm[-1, 0] < _MASS_Q_MAX:
        warn("The curve ends below q = 0.2 1/Å, too early for a mass.")
        return None
    scaled = guinier._replace(Rg=guinier.Rg / 10, sigma_Rg=guinier.sigma_Rg / 10)
    found = calc_Rambo_Tainer(in_nm, scaled, _MASS_Q_MAX)
    return found if found is not None and math.isfinite(found.mass) else None
