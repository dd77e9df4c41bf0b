"""The powder pattern as it goes into the refinement."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray
from parameters import Parameters

from pandaas.sdk import Input, RecipeError, warn
from pandaas.sdk.curves import read_columns
from pandaas.sdk.inputs import open_hdf5, text


@dataclass(frozen=True)
class Pattern:
    """`two_theta` ascending, in degrees; `sigma` is one standard deviation of `intensity`."""

    two_theta: NDArray[Any]
    intensity: NDArray[Any]
    sigma: NDArray[Any]


def read_pattern(source: Input, parameters: Parameters) -> Pattern:
    """The pattern within the chosen range. `RecipeError` names the input or the range at fault."""
    table = _of_nexus(source) if source.is_hdf5 else read_columns(source)
    if table.shape[1] < 2:
        raise RecipeError("The pattern has no intensities.", "Choose a file with 2θ and intensity.", source.slot)
    x, y = table[:, 0], table[:, 1]
    if table.shape[1] > 2 and np.any(table[:, 2] > 0):
        sigma = table[:, 2]
    else:
        sigma = np.sqrt(np.maximum(y, 1))
        warn("The pattern carries no uncertainties; √intensity is taken, which is right for counts only.")
    good = np.isfinite(x) & np.isfinite(y) & np.isfinite(sigma) & (sigma > 0)
    if x[good].size and (x[good].min() < -10 or x[good].max() > 180):
        raise RecipeError(
            f"The first column goes from {x[good].min():.4g} to {x[good].max():.4g}, which is no 2θ in degrees.",
            "Choose a constant-wavelength pattern over 2θ; time-of-flight patterns can't be refined here.",
            source.slot,
        )
    low, high = parameters.two_theta_min, parameters.two_theta_max
    good &= (x >= (0 if low is None else low)) & (x <= (180 if high is None else high))
    if good.sum() < 50:
        raise RecipeError(
            f"Only {int(good.sum())} points lie in the range of 2θ; the data go from {x.min():.4g}° to {x.max():.4g}°.",
            "Widen the range, or choose another pattern.",
            "two_theta_min" if low is not None or high is not None else source.slot,
        )
    order = np.argsort(x[good], kind="stable")
    return Pattern(x[good][order], y[good][order], sigma[good][order])


def _of_nexus(source: Input) -> NDArray[Any]:
    signal = open_hdf5(source.master).get(source.default_path())
    group = signal.parent if isinstance(signal, h5py.Dataset) else None
    names = [text(name) for name in np.atleast_1d(group.attrs.get("axes", []))] if group is not None else []
    axis = group.get(names[-1]) if group is not None and names else None
    if axis is None or signal.ndim != 1 or axis.shape != signal.shape:
        raise RecipeError("The dataset's plot is no curve over 2θ.", "Choose a powder pattern.", source.slot)
    errors = group.get(f"{signal.name.rsplit('/', 1)[-1]}_errors")
    columns = [axis[()], signal[()], *([errors[()]] if errors is not None else [])]
    return np.column_stack([np.asarray(column, dtype=float) for column in columns])
