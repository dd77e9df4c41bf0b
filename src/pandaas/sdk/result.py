"""Writes a result as NeXus, so that PaN-DAaS and every NeXus viewer show it the same way.

    /                       @default=entry
      entry                 NXentry: title, definition, @default=<a plot>
        process             NXprocess: program, version, date
          parameters        NXnote: all parameters as JSON
          settings          NXparameters: the same, one dataset each
        inputs              NXcollection: one group per input (slot, pid, version, title)
        <plot>              NXdata: signal, axes, errors, scales        (NXcanSAS: SASdata)
        <collection>        NXcollection: further arrays

Written twice from the same numbers the file has the same bytes, but for `process/date` (taken from SOURCE_DATE_EPOCH if
that is set). The inputs are named by their pid, not by their path: a result stays true when files move.
"""

from __future__ import annotations

import datetime as dt
import json
import math
import os
from dataclasses import dataclass
from dataclasses import field as dataclass_field
from typing import Any, Mapping, Optional, Sequence, Union

import h5py
import numpy as np

from pandaas.sdk.errors import RecipeError
from pandaas.sdk.inputs import Input, NDArray
from pandaas.sdk.job import current_job

_COMPRESS_ABOVE = 65536  # bytes; smaller arrays are stored plainly
_CHUNK = 1 << 20


@dataclass(frozen=True)
class Field:
    """A named array with its unit (`nm^-1`, `deg`, empty = dimensionless), its label and further attributes.

    `values` may be an `h5py.Dataset` of another file: it is copied as it is stored, piece by piece, so that a volume
    larger than the memory can be a result.
    """

    name: str
    values: Any
    unit: Optional[str] = None
    label: Optional[str] = None
    attributes: Mapping[str, Any] = dataclass_field(default_factory=dict)


@dataclass(frozen=True)
class Plot:
    """An NXdata group: `signal` over `axes` (one Field, or None, per axis of the signal, slowest first).

    `errors` is one standard deviation per value, of the signal's shape. `auxiliary` are further signals drawn with it.
    `scales` are 'linear' or 'log': one for each axis, then one for the signal. `sas=True` marks I(Q) for NXcanSAS.
    `beside` are arrays that belong to it and aren't drawn, such as the resolution of an axis.
    """

    name: str
    signal: Field
    axes: Sequence[Optional[Field]] = ()
    errors: Any = None
    title: Optional[str] = None
    auxiliary: Sequence[Field] = ()
    scales: Sequence[str] = ()
    interpretation: Optional[str] = None
    sas: bool = False
    beside: Sequence[Field] = ()


def write_result(
    path: Optional[str] = None,
    *,
    title: str,
    process: Mapping[str, Any],
    plots: Sequence[Plot],
    default: Optional[str] = None,
    definition: Optional[str] = None,
    collections: Optional[Mapping[str, Sequence[Field]]] = None,
    inputs: Optional[Sequence[Input]] = None,
) -> str:
    """Write the result file and return its path (default: the running job's `result.nxs`).

    `process` = {program, version, parameters} and `device`, the GPU that was used; `parameters` is a mapping or a pydantic
    model. `default` names the plot shown first (default: the first). `inputs` default to the job's. Nothing is left behind when
    writing fails. `RecipeError` where the plot that is shown first holds no number at all.
    """
    job = current_job()
    target = path or (job.result_path if job else "result.nxs")
    if not plots:
        raise RecipeError("A result needs at least one plot.", "This is a mistake in the recipe: tell its author.")
    draft = f"{target}.part"
    used = tuple(inputs) if inputs is not None else (job.inputs.all() if job else ())
    _refuse_nothing(next((plot for plot in plots if plot.name == default), plots[0]).signal, used)
    try:
        with h5py.File(draft, "w", libver=("earliest", "v110")) as file:
            file.attrs["NX_class"] = "NXroot"
            file.attrs["default"] = "entry"
            file.attrs["creator"] = "pandaas.sdk"
            entry = _group(file, "entry", "NXentry")
            entry.attrs["default"] = default or plots[0].name
            entry["title"] = title
            if definition:
                _define(entry, definition, title, used)
            _write_process(_group(entry, "process", "NXprocess"), process)
            _write_inputs(_group(entry, "inputs", "NXcollection"), used)
            for plot in plots:
                _write_plot(_group(entry, plot.name, "NXdata"), plot)
            for name, fields in (collections or {}).items():
                collection = _group(entry, name, "NXcollection")
                for item in fields:
                    _write_field(collection, item)
        os.replace(draft, target)
    finally:
        if os.path.exists(draft):
            os.unlink(draft)
    return target


def _refuse_nothing(signal: Field, used: Sequence[Input]) -> None:
    """A figure without a single number is no result. Arrays that lie in another file are not read for it."""
    if isinstance(signal.values, h5py.Dataset):
        return
    values = np.asarray(signal.values)
    if values.size and (values.dtype.kind not in "fc" or np.isfinite(values).any()):
        return
    raise RecipeError(
        f"The result holds no number: '{signal.label or signal.name}' is {'undefined everywhere' if values.size else 'empty'}.",
        "Look at the input in the viewer: it may hold nothing that counts.",
        used[0].slot if used else None,
    )


def _define(entry: h5py.Group, definition: str, title: str, inputs: Sequence[Input]) -> None:
    entry["definition"] = definition
    if definition == "NXcanSAS":
        entry.attrs["canSAS_class"] = "SASentry"
        entry.attrs["version"] = "1.1"
        entry["definition"].attrs["version"] = "1.1"
        entry["run"] = inputs[0].pid if inputs else title


def _write_process(group: h5py.Group, process: Mapping[str, Any]) -> None:
    group["program"] = str(process["program"])
    group["version"] = str(process["version"])
    group["date"] = _now()
    if process.get("device"):
        group["device"] = str(process["device"])
    parameters = plain(process.get("parameters") or {})
    note = _group(group, "parameters", "NXnote")
    note["type"] = "application/json"
    note["description"] = "Parameters of this run"
    note["data"] = json.dumps(parameters, indent=1, sort_keys=True, allow_nan=False)
    settings = _group(group, "settings", "NXparameters")
    for name in sorted(parameters):
        value = parameters[name]
        if isinstance(value, (dict, list)):
            settings[name] = json.dumps(value, sort_keys=True, allow_nan=False)
        elif value is not None:
            settings[name] = value


def _write_inputs(group: h5py.Group, inputs: Sequence[Input]) -> None:
    for index, item in enumerate(inputs):
        node = _group(group, f"{item.slot}_{index}", "NXcollection")
        node["slot"] = item.slot
        node["pid"] = item.pid
        node["version"] = item.version
        node["title"] = item.title
        if item.sample:
            node["sample"] = item.sample


def _write_plot(group: h5py.Group, plot: Plot) -> None:
    values = plot.signal.values
    signal = values if isinstance(values, h5py.Dataset) else np.asarray(values)
    _check_plot(plot, signal)
    group.attrs["signal"] = plot.signal.name
    group.attrs["axes"] = [axis.name if axis else "." for axis in plot.axes] or ["."] * signal.ndim
    if plot.title:
        group["title"] = plot.title
    if plot.auxiliary:
        group.attrs["auxiliary_signals"] = [item.name for item in plot.auxiliary]
    if plot.scales:
        style = {"axes_scale_types": list(plot.scales[:-1]), "signal_scale_type": plot.scales[-1]}
        group.attrs["SILX_style"] = json.dumps(style)
    node = _write_field(group, plot.signal)
    if plot.interpretation:
        node.attrs["interpretation"] = plot.interpretation
    for index, axis in enumerate(plot.axes):
        if axis is not None:
            _write_field(group, axis)
            group.attrs[f"{axis.name}_indices"] = index
    for item in (*plot.auxiliary, *plot.beside):
        _write_field(group, item)
    if plot.errors is not None:
        _write_errors(group, plot, node)
    if plot.sas:
        group.attrs["canSAS_class"] = "SASdata"
        group.attrs["I_axes"] = ",".join(str(name) for name in group.attrs["axes"])
        group.attrs["Q_indices"] = len(plot.axes) - 1


def _write_errors(group: h5py.Group, plot: Plot, signal: h5py.Dataset) -> None:
    """NeXus calls them `<signal>_errors`, NXcanSAS points to them by name: one dataset serves both."""
    name = f"{plot.signal.name}dev" if plot.sas else f"{plot.signal.name}_errors"
    label = f"Standard deviation of {plot.signal.label or plot.signal.name}"
    group_node = _write_field(group, Field(name, plot.errors, plot.signal.unit, label))
    if plot.sas:
        group[f"{plot.signal.name}_errors"] = group_node
    signal.attrs["uncertainties"] = name


def _check_plot(plot: Plot, signal: Union[NDArray, h5py.Dataset]) -> None:
    wrong = None
    if plot.axes and len(plot.axes) != signal.ndim:
        wrong = f"{len(plot.axes)} axes for {signal.ndim} dimensions"
    if plot.errors is not None and np.shape(plot.errors) != signal.shape:
        wrong = f"errors of shape {np.shape(plot.errors)} for {signal.shape}"
    for index, axis in enumerate(plot.axes):
        length = np.shape(axis.values)[0] if axis is not None else signal.shape[index]
        if length not in (signal.shape[index], signal.shape[index] + 1):
            wrong = f"axis '{axis.name if axis else index}' of length {length} for {signal.shape[index]} values"
    if wrong:
        raise RecipeError(f"The plot '{plot.name}' doesn't fit together: {wrong}.", "Tell the recipe's author.")


def _write_field(group: h5py.Group, item: Field) -> h5py.Dataset:
    values = item.values if isinstance(item.values, (str, h5py.Dataset)) else np.asarray(item.values)
    if isinstance(values, h5py.Dataset):
        group.copy(values, item.name)
        node = group[item.name]
    elif isinstance(values, np.ndarray) and values.dtype.kind in "UO":
        node = group.create_dataset(item.name, data=values.astype(object), dtype=h5py.string_dtype())
    elif isinstance(values, np.ndarray) and values.ndim and values.nbytes > _COMPRESS_ABOVE:
        node = group.create_dataset(
            item.name, data=values, chunks=_chunks(values), compression="gzip", compression_opts=1, shuffle=True
        )
    else:
        node = group.create_dataset(item.name, data=values)
    if item.unit is not None:
        node.attrs["units"] = item.unit
    if item.label:
        node.attrs["long_name"] = item.label
    for name, value in item.attributes.items():
        node.attrs[name] = value
    return node


def _chunks(values: NDArray) -> tuple[int, ...]:
    """About 1 MB of whole rows: a curve of a series and a whole small image are each read at once."""
    row = values.nbytes // values.shape[0]
    return (max(1, min(values.shape[0], _CHUNK // max(1, row))), *values.shape[1:])


def _group(parent: h5py.Group, name: str, nx_class: str) -> h5py.Group:
    group = parent.create_group(name)
    group.attrs["NX_class"] = nx_class
    return group


def _now() -> str:
    fixed = os.environ.get("SOURCE_DATE_EPOCH")
    moment = dt.datetime.fromtimestamp(int(fixed), dt.timezone.utc) if fixed else dt.datetime.now(dt.timezone.utc)
    return moment.isoformat(timespec="seconds")


def plain(value: Any) -> Any:
    """Parameters as JSON: pydantic models, NumPy numbers and enumerations become what they mean; NaN becomes None."""
    if hasattr(value, "model_dump"):
        return plain(value.model_dump(mode="json"))
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, np.ndarray)):
        return [plain(item) for item in value]
    if isinstance(value, np.generic):
        return plain(value.item())
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value if value is None or isinstance(value, (bool, int, float, str)) else str(value)
