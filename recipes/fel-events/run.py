"""Delay-line events to images with scipp, in blocks of trains that any engine can distribute."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipp as sc
from hits import HitFile, Hits, find_hits
from numpy.typing import NDArray
from parameters import Parameters

from pandaas.sdk import Blocks, Field, Inputs, Plot, RecipeError, warn, write_result

_HITS_PER_BLOCK = 2_000_000
_LABELS = {"x": "Position x", "y": "Position y", "t": "Arrival time"}
_TREND = 2000  # points of the trend at the most
_EVENTS_PER_PIXEL, _EVENTS_PER_TIME = 4, 10  # on average at the least, where the bins aren't asked for


@dataclass
class State:
    """What is the same for all blocks: `edges` of x, y, t for the image, `times` for the spectrum, `trend` over rows."""

    parameters: Parameters
    file: HitFile
    axes: tuple[str, str]
    edges: dict[str, NDArray[Any]]
    times: NDArray[Any]
    trend: NDArray[Any]
    blocks: Blocks
    unit_of_work: str = "trains"


def open(inputs: Inputs, parameters: Parameters) -> State:  # noqa: A001 - the recipe contract's name
    """Find the hits and fix the edges, by a pass over the events."""
    file = find_hits(inputs.one("events"))
    last = file.rows if parameters.last is None else min(parameters.last, file.rows)
    if parameters.first >= last:
        raise RecipeError(
            f"The file has {file.rows} {'events' if file.layout == 'list' else 'trains'}, none of them chosen.",
            "Begin earlier.",
            "first",
        )
    step = max(1, _HITS_PER_BLOCK // file.width)
    ranges = [(start, min(start + step, last)) for start in range(parameters.first, last, step)]
    lows, highs, events = _extent(file, ranges, parameters)
    bins = parameters.bins or _sensible((events / _EVENTS_PER_PIXEL) ** 0.5, 256)
    edges = {name: _edges(lows[name], highs[name], bins) for name in "xyt"}
    horizontal, vertical = parameters.plane.split("-")
    count = min(_TREND, last - parameters.first)
    trend = np.linspace(parameters.first, last, count + 1)
    times = _edges(lows["t"], highs["t"], parameters.time_bins or _sensible(events / _EVENTS_PER_TIME, 1000))
    unit = "events" if file.layout == "list" else "trains"
    return State(parameters, file, (vertical, horizontal), edges, times, trend, Blocks(ranges), unit)


def process(state: State, block: tuple[int, int]) -> dict[str, Any]:
    """Image, spectrum and trend of the rows start … stop-1, and how many hits they held."""
    hits = state.file.read(*block)
    used = _chosen(hits, state.parameters)
    vertical, horizontal = state.axes
    image = _histogram(used, {vertical: state.edges[vertical], horizontal: state.edges[horizontal]})
    return {
        "image": image,
        "times": _histogram(used, {"t": state.times}),
        "trend": _histogram({"row": used["row"].astype(float)}, {"row": state.trend}),
        "hits": len(hits["x"]),
    }


def merge(first: Mapping[str, Any], second: Mapping[str, Any]) -> dict[str, Any]:
    return {name: first[name] + second[name] for name in ("image", "times", "trend", "hits")}


def preview(state: State, partial: Mapping[str, Any]) -> dict[str, Any] | None:
    """The spectrum of arrival times so far."""
    centres = (state.times[1:] + state.times[:-1]) / 2
    return {"x": centres, "y": partial["times"], "x_label": "Arrival time", "x_unit": "steps", "y_label": "Counts"}


def finish(state: State, partial: Mapping[str, Any]) -> None:
    """Write image, spectrum and trend with Poisson uncertainties."""
    image, hits, used = partial["image"], int(partial["hits"]), int(partial["image"].sum())
    if used == 0:
        raise RecipeError("No event lies in the chosen ranges.", "Widen them.", "t_from")
    if used < 0.5 * hits:
        warn(f"Only {used} of {hits} events lie in the chosen ranges.")
    title = f"{used} events"
    axes = [Field(name, state.edges[name], "", f"{_LABELS[name]} (steps)") for name in state.axes]
    counts = "counts"
    plots = [
        Plot("image", Field(counts, image, counts, "Counts"), axes, np.sqrt(image), title, interpretation="image"),
        Plot(
            "arrival_times",
            Field(counts, partial["times"], counts, "Counts"),
            [Field("t", state.times, "", "Arrival time (steps)")],
            np.sqrt(partial["times"]),
            "Spectrum of the arrival times",
            scales=("linear", "linear"),
        ),
        Plot(
            "trend",
            Field(counts, partial["trend"], counts, "Counts"),
            [Field("row", state.trend, "", "Train" if state.file.layout != "list" else "Event")],
            np.sqrt(partial["trend"]),
            "Events along the measurement",
            scales=("linear", "linear"),
        ),
    ]
    write_result(
        title=f"Events of {state.file.source.title}",
        process={"program": "scipp", "version": sc.__version__, "parameters": state.parameters},
        plots=plots,
        default="image",
        collections={
            "measurement": [Field("events", hits), Field("events_used", used), Field("rows", state.blocks.total)]
        },
    )


def _chosen(hits: Hits, parameters: Parameters) -> Hits:
    kept = np.ones(len(hits["x"]), dtype=bool)
    for name in "xyt":
        low, high = getattr(parameters, f"{name}_from"), getattr(parameters, f"{name}_to")
        if low is not None:
            kept &= hits[name] >= low
        if high is not None:
            kept &= hits[name] < high
    return {name: values[kept] for name, values in hits.items()}


def _histogram(hits: Hits, edges: Mapping[str, NDArray[Any]]) -> NDArray[Any]:
    """scipp's histogram of the hits, in the order of `edges`."""
    coords = {name: sc.array(dims=["event"], values=hits[name]) for name in edges}
    data = sc.DataArray(sc.ones(sizes={"event": len(next(iter(coords.values())))}, dtype="float64"), coords=coords)
    found = data.hist({name: sc.array(dims=[name], values=values) for name, values in edges.items()})
    return np.asarray(found.transpose(list(edges)).values)


def _extent(
    file: HitFile, ranges: list[tuple[int, int]], parameters: Parameters
) -> tuple[dict[str, float], dict[str, float], int]:
    """Smallest and largest of x, y and t, and the number of events."""
    low, high, events = dict.fromkeys("xyt", np.inf), dict.fromkeys("xyt", -np.inf), 0
    for start, stop in ranges:
        hits = _chosen(file.read(start, stop), parameters)
        events += len(hits["x"])
        for name in "xyt":
            if len(hits[name]):
                low[name] = min(low[name], float(hits[name].min()))
                high[name] = max(high[name], float(hits[name].max()))
    if not np.isfinite(low["x"]):
        chosen = parameters.model_dump(exclude_defaults=True)
        field = next(
            (name for name in ("t_from", "t_to", "x_from", "x_to", "y_from", "y_to") if name in chosen), "events"
        )
        raise RecipeError("No event lies in the chosen ranges.", "Widen them, or choose another file.", field)
    return low, high, events


def _sensible(bins: float, most: int) -> int:
    return int(np.clip(bins, 16, most))


def _edges(low: float, high: float, most: int) -> NDArray[Any]:
    """Edges a whole number of steps apart, between the steps, so that every bin holds the same number of them."""
    first, last = np.floor(low), np.floor(high)
    width = max(1.0, np.ceil((last - first + 1) / most))
    count = int(np.ceil((last - first + 1) / width))
    return first - 0.5 + width * np.arange(count + 1)
