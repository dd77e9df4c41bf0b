"""Events to histograms with scipp and scippneutron, in blocks of events that any engine can distribute."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipp as sc
import scippneutron
from axes import AXES, Axis, make_axis, needs_time, values_of
from banks import Bank, Instrument, find_banks, read_events
from numpy.typing import NDArray
from parameters import Parameters

from pandaas.sdk import Blocks, Field, Input, Inputs, Plot, RecipeError, warn, write_result
from pandaas.sdk.inputs import open_hdf5

_EVENTS_PER_BLOCK = 2_000_000
_FEW_BINS = 10


@dataclass
class State:
    """What is the same for all blocks. A block is one piece of one bank: `pieces[number]` = bank, first event, last."""

    parameters: Parameters
    source: Input
    instrument: Instrument
    pieces: list[tuple[Bank, int, int]]
    first: Axis
    second: Axis | None
    blocks: Blocks
    unit_of_work: str = "blocks of events"


def open(inputs: Inputs, parameters: Parameters) -> State:  # noqa: A001 - the recipe contract's name
    """Find the banks and fix the bin edges, by a pass over the events where no range was given."""
    source = inputs.one("events")
    instrument = find_banks(source, parameters)
    for name in (parameters.quantity, parameters.second):
        if name not in {"none", "tof", "time"} and not instrument.has_geometry:
            raise RecipeError(
                f"The file doesn't say where its pixels are, which '{name}' needs.",
                "Choose time of flight, or data with polar_angle, distance and the moderator's distance.",
                "quantity" if name == parameters.quantity else "second",
            )
    pieces = [
        (bank, start, min(start + _EVENTS_PER_BLOCK, bank.events))
        for bank in instrument.banks
        for start in range(0, bank.events, _EVENTS_PER_BLOCK)
    ]
    first = make_axis(parameters, instrument, source, pieces, second=False)
    second = None if parameters.second == "none" else make_axis(parameters, instrument, source, pieces, second=True)
    blocks = Blocks([(number, number + 1) for number in range(len(pieces))])
    return State(parameters, source, instrument, pieces, first, second, blocks)


def process(state: State, block: tuple[int, int]) -> dict[str, Any]:
    """Counts of the pieces start … stop-1, and how many events they had and used."""
    size = (len(state.first.edges) - 1,)
    if state.second is not None:
        size = (len(state.second.edges) - 1, *size)
    counts, read = np.zeros(size), 0
    for bank, start, stop in state.pieces[block[0] : block[1]]:
        ids, tof, time = read_events(state.source, bank, start, stop, timed=needs_time(state.parameters))
        read += len(tof)
        names = [axis.name for axis in (state.first, state.second) if axis is not None]
        events = values_of(names, bank, state.instrument, state.parameters, (ids, tof, time))
        counts += _histogram(state, events)
    return {"counts": counts, "read": read}


def merge(first: Mapping[str, Any], second: Mapping[str, Any]) -> dict[str, Any]:
    return {"counts": first["counts"] + second["counts"], "read": first["read"] + second["read"]}


def preview(state: State, partial: Mapping[str, Any]) -> dict[str, Any] | None:
    """The histogram so far, of a map its sum."""
    counts = partial["counts"] if partial["counts"].ndim == 1 else partial["counts"].sum(axis=0)
    return {
        "x": state.first.centres,
        "y": counts,
        "x_label": AXES[state.first.name].label,
        "x_unit": AXES[state.first.name].unit,
        "y_label": "Counts",
        "y_unit": "",
        "x_scale": state.parameters.scale,
    }


def finish(state: State, partial: Mapping[str, Any]) -> None:
    """Write the histogram with Poisson uncertainties."""
    counts, read = partial["counts"], int(partial["read"])
    used = int(counts.sum())
    if used == 0:
        raise RecipeError("No event lies in the chosen range.", "Widen it.", "minimum")
    _refuse_one_bin(state, counts)
    if used < 0.5 * read:
        warn(f"Only {used} of {read} events lie in the chosen ranges.")
    axes = [axis for axis in (state.second, state.first) if axis is not None]
    plots = [_plot(state, "histogram", counts, axes, read)]
    if counts.ndim == 2:
        plots.append(_plot(state, "sum", counts.sum(axis=0), [state.first], read))
    write_result(
        title=f"Events of {state.source.title} over {AXES[state.first.name].label.lower()}",
        process={
            "program": "scipp, scippneutron",
            "version": f"{sc.__version__}, {scippneutron.__version__}",
            "parameters": state.parameters,
        },
        plots=plots,
        default="histogram",
        collections={"measurement": _measurement(state, read, used)},
    )


def _refuse_one_bin(state: State, counts: NDArray[Any]) -> None:
    """A range so wide that all that was measured is one point."""
    given = [name for name in ("maximum", "minimum") if getattr(state.parameters, name) is not None]
    sums = counts if counts.ndim == 1 else counts.sum(axis=0)
    (filled,) = np.nonzero(sums)
    if given and len(sums) > _FEW_BINS and len(filled) == 1:
        low, high = state.first.edges[filled[0]], state.first.edges[filled[0] + 1]
        raise RecipeError(
            f"All events lie in one of {len(sums)} bins, from {low:.5g} to {high:.5g} {AXES[state.first.name].unit}.",
            "Choose a narrower range, or leave it empty.",
            given[0],
        )


def _histogram(state: State, events: dict[str, NDArray[Any]]) -> NDArray[Any]:
    """scipp's histogram of the events over the axes."""
    first = state.first
    coords = {name: sc.array(dims=["event"], values=values) for name, values in events.items()}
    data = sc.DataArray(sc.ones(sizes={"event": len(events[first.name])}, dtype="float64"), coords=coords)
    edges = {first.name: sc.array(dims=[first.name], values=first.edges)}
    if state.second is None:
        return np.asarray(data.hist(edges).values)
    edges = {state.second.name: sc.array(dims=[state.second.name], values=state.second.edges), **edges}
    return np.asarray(data.hist(edges).transpose([state.second.name, first.name]).values)


def _plot(state: State, name: str, counts: NDArray[Any], axes: list[Axis], read: int) -> Plot:
    fields = []
    for axis in axes:
        about = AXES[axis.name]
        if axis.name == "pixel":
            fields.append(Field("pixel", np.arange(len(axis.edges) - 1), None, "Pixel, in the order of their numbers"))
        else:
            fields.append(Field(axis.name, axis.edges, about.unit, about.label))
    used = int(counts.sum())
    scale = state.parameters.scale
    scales = ("linear",) * (len(axes) - 1) + (scale, "linear")
    return Plot(
        name,
        Field("counts", counts, "counts", "Counts"),
        fields,
        errors=np.sqrt(counts),
        title=f"{used} events" if used == read else f"{used} of {read} events",
        scales=scales,
        interpretation="image" if counts.ndim == 2 else None,
    )


def _measurement(state: State, read: int, used: int) -> list[Field]:
    fields = [
        Field("events", read),
        Field("events_used", used),
        Field("banks", len(state.instrument.banks)),
        Field("frame_period", state.instrument.frame_period, "us"),
    ]
    if state.instrument.source_distance is not None:
        fields.append(Field("moderator_to_sample", state.instrument.source_distance, "m"))
    node = open_hdf5(state.source.master).get(f"{state.source.entry_path.rstrip('/')}/proton_charge")
    if node is not None and getattr(node, "size", 0) == 1:
        fields.append(Field("proton_charge", float(np.asarray(node[()]).ravel()[0]), str(node.attrs.get("units", ""))))
    return fields
