"""The quantities that events are sorted by: their values, computed by scippneutron, and the bin edges."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipp as sc
from banks import Bank, Instrument, read_events
from numpy.typing import NDArray
from parameters import Parameters
from scippneutron.conversion.graph.tof import elastic

from pandaas.sdk import Input, RecipeError

Events = tuple[NDArray[Any], NDArray[Any], NDArray[Any]]
Pieces = Sequence[tuple[Bank, int, int]]


@dataclass(frozen=True)
class About:
    unit: str
    label: str


AXES = {
    "tof": About("us", "Time of flight"),
    "wavelength": About("angstrom", "Wavelength"),
    "Q": About("1/angstrom", "Momentum transfer Q"),
    "dspacing": About("angstrom", "d-spacing"),
    "energy": About("meV", "Neutron energy"),
    "two_theta": About("deg", "Scattering angle 2θ"),
    "time": About("s", "Time since the start"),
    "pixel": About("", "Pixel"),
}
_COMPUTED = ("wavelength", "Q", "dspacing", "energy")


@dataclass(frozen=True)
class Axis:
    """A quantity and its bin edges, in its unit."""

    name: str
    edges: NDArray[Any]

    @property
    def centres(self) -> NDArray[Any]:
        return np.asarray((self.edges[1:] + self.edges[:-1]) / 2)


def make_axis(parameters: Parameters, instrument: Instrument, source: Input, pieces: Pieces, *, second: bool) -> Axis:
    """Edges as chosen; what is left open is found by a pass over all events, piece by piece."""
    name = parameters.second if second else parameters.quantity
    if name == "pixel":
        return Axis(name, np.arange(len(instrument.pixels) + 1) - 0.5)
    low = None if second else parameters.minimum
    high = None if second else parameters.maximum
    log = not second and parameters.scale == "log"
    if low is None or high is None:
        found = _extent(name, parameters, instrument, source, pieces, positive=log)
        low, high = found[0] if low is None else low, found[1] if high is None else high
    if not low < high:
        field = "minimum" if parameters.minimum is not None else "quantity"
        raise RecipeError(
            f"No events spread over {AXES[name].label.lower()}: they would go from {low:.5g} to {high:.5g}.",
            "Choose another range or quantity.",
            "second" if second else field,
        )
    count = parameters.second_bins if second else parameters.bins
    return Axis(name, np.geomspace(low, high, count + 1) if log else np.linspace(low, high, count + 1))


def needs_time(parameters: Parameters) -> bool:
    """Must each event's pulse be looked up?"""
    chosen = "time" in {parameters.quantity, parameters.second}
    return chosen or parameters.time_from is not None or parameters.time_to is not None


def values_of(
    names: Sequence[str], bank: Bank, instrument: Instrument, parameters: Parameters, events: Events
) -> dict[str, NDArray[Any]]:
    """The named quantities of each event that has a known pixel and lies in the chosen time."""
    ids, tof, time = events
    kept = np.ones(len(tof), dtype=bool)
    if parameters.time_from is not None:
        kept &= time >= parameters.time_from
    if parameters.time_to is not None:
        kept &= time < parameters.time_to
    index = np.zeros(len(tof), dtype=np.int64)
    if bank.pixels is not None:
        index, known = _places(bank.pixels, ids)
        kept &= known
    if not kept.all():
        ids, tof, index = ids[kept], tof[kept], index[kept]
        time = time[kept] if needs_time(parameters) else time
    tof = _in_frame(tof, parameters.frame_start, instrument.frame_period)
    found: dict[str, NDArray[Any]] = {"tof": tof, "time": time}
    if "pixel" in names:
        found["pixel"] = np.searchsorted(instrument.pixels, ids).astype(float)
    if bank.two_theta is not None:
        found["two_theta"] = np.degrees(bank.two_theta[index])
    computed = [name for name in names if name in _COMPUTED]
    if computed:
        found.update(_converted(computed, tof, bank, index, instrument))
    return {name: found[name] for name in names}


def _places(pixels: NDArray[Any], ids: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
    """Where each event's pixel stands among the sorted `pixels`, and whether it is one of them."""
    first, last = int(pixels[0]), int(pixels[-1])
    if last - first + 1 == len(pixels):  # without gaps, as nearly always
        index = ids.astype(np.int64) - first
        known = (index >= 0) & (index < len(pixels))
        return np.clip(index, 0, len(pixels) - 1), known
    index = np.clip(np.searchsorted(pixels, ids), 0, len(pixels) - 1)
    return index, pixels[index] == ids


def _converted(
    names: Sequence[str], tof: NDArray[Any], bank: Bank, index: NDArray[Any], instrument: Instrument
) -> dict[str, NDArray[Any]]:
    """scippneutron's conversion of elastic scattering."""
    two_theta, distance = bank.two_theta, bank.distance
    if two_theta is None or distance is None or instrument.source_distance is None:
        raise RecipeError("The file doesn't say where its pixels are.", "Choose time of flight.", "quantity")
    data = sc.DataArray(
        sc.zeros(sizes={"event": len(tof)}),
        coords={
            "tof": sc.array(dims=["event"], values=tof, unit="us"),
            "two_theta": sc.array(dims=["event"], values=two_theta[index], unit="rad"),
            "Ltotal": sc.array(dims=["event"], values=distance[index] + instrument.source_distance, unit="m"),
        },
    )
    with np.errstate(divide="ignore", invalid="ignore"):
        converted = data.transform_coords(list(names), graph=elastic("tof"))
    return {name: np.asarray(converted.coords[name].to(unit=AXES[name].unit).values) for name in names}


def _in_frame(tof: NDArray[Any], start: float, period: float) -> NDArray[Any]:
    """Times of flight in start … start + period."""
    return tof if start == 0 else np.asarray(tof + period * np.ceil(np.maximum(start - tof, 0) / period))


def _extent(
    name: str, parameters: Parameters, instrument: Instrument, source: Input, pieces: Pieces, *, positive: bool
) -> tuple[float, float]:
    low, high = np.inf, -np.inf
    for bank, start, stop in pieces:
        events = read_events(source, bank, start, stop, timed=needs_time(parameters))
        values = values_of([name], bank, instrument, parameters, events)[name]
        values = values[np.isfinite(values) & ((values > 0) | (not positive))]
        if len(values):
            low, high = min(low, float(values.min())), max(high, float(values.max()))
    if not np.isfinite(low):
        raise RecipeError(
            f"No event has a {AXES[name].label.lower()}.",
            "Widen the time, or choose another quantity.",
            "time_from" if parameters.time_from or parameters.time_to else "quantity",
        )
    return low, float(np.nextafter(high, np.inf))
