"""Arrays of the service as dask arrays and xarray objects: described at once, read when they are computed.

Axes, units and errors are those of NXdata (https://manual.nexusformat.org/classes/base_classes/NXdata.html). Neither library
is imported before it is asked for.
"""

from __future__ import annotations

import importlib
import math
import re
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from pandaas.client.arrays import Array

Node = dict[str, Any]
Read = Callable[[str], "Array"]
_GOOD_SIZE = 16 << 20  # bytes of a dask chunk: a frame of a large detector, many of a small one
_LARGEST_AXIS = 1_000_000  # values of an axis that is read at once
_UNTOLD = "."


def needed(module: str, extra: str) -> Any:
    """Import a library of an extra; the error names the extra where it is missing."""
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise ImportError(
            f"This needs {extra}, which is not installed. Install it with: pip install 'pandaas[{extra}]'"
        ) from error


def dask_chunks(shape: Sequence[int], itemsize: int, stored: Sequence[int] | None) -> tuple[int, ...]:
    """Chunks of about 16 MiB, made of whole stored ones where there are such; whole images first, then several."""
    chunk = [min(size, length) or 1 for size, length in zip(stored or [1] * len(shape), shape, strict=True)]
    for axis in range(len(shape) - 1, -1, -1):
        room = max(1, _GOOD_SIZE // max(1, math.prod(chunk) * itemsize))
        chunk[axis] = max(1, min(shape[axis], chunk[axis] * room))
    return tuple(chunk)


def as_dask(array: Array, chunks: Any = None) -> Any:
    dask = needed("dask.array", "dask")
    chosen = chunks if chunks is not None else dask_chunks(array.shape, array.dtype.itemsize, array.chunks)
    return dask.from_array(array, chunks=chosen, name=None, meta=np.empty((0,) * array.ndim, array.dtype), fancy=True)


def as_data_array(array: Array, group: Node, read: Read, chunks: Any = None) -> Any:
    """An `xarray.DataArray`; `group` is the node of the group that the array is in, `read` gives arrays by path."""
    xarray = needed("xarray", "xarray")
    names, coordinates = _axes(array, group, read)
    return xarray.DataArray(
        as_dask(array, chunks), dims=names, coords=coordinates, name=array.name, attrs=_attributes(array)
    )


def as_dataset(group: Node, read: Read, chunks: Any = None) -> Any:
    """An `xarray.Dataset` of an NXdata group: signal, auxiliary signals and errors on common axes."""
    xarray = needed("xarray", "xarray")
    said = group.get("attributes") or {}
    signal = read(f"{group['path'].rstrip('/')}/{_one(said['signal'])}")
    names, coordinates = _axes(signal, group, read)
    wanted = [signal.name, f"{signal.name}_errors", "errors", *_texts(said.get("auxiliary_signals"))]
    wanted += _texts(signal.attrs.get("uncertainties") or signal.attrs.get("uncertainty"))  # NXcanSAS
    variables = {}
    for name in dict.fromkeys(wanted):
        shape = _shape(group, name)
        if shape == signal.shape:
            array = signal if name == signal.name else read(f"{group['path'].rstrip('/')}/{name}")
            label = f"{signal.name}_errors" if name == "errors" else name
            variables[label] = (names, as_dask(array, chunks), _attributes(array))
    return xarray.Dataset(variables, coords=coordinates, attrs=dict(said))


def _axes(array: Array, group: Node, read: Read) -> tuple[list[str], dict[str, Any]]:
    """Names of the array's dimensions, and coordinates: `name: (dimensions, values, attributes)`."""
    said = group.get("attributes") or {}
    axes = _texts(said.get("axes") or said.get(f"{array.name}_axes")) if said.get("NX_class") == "NXdata" else []
    if len(axes) != array.ndim:
        axes = [_UNTOLD] * array.ndim
    axes = [axis if axes.count(axis) == 1 else _UNTOLD for axis in axes]  # "Q,Q": one array for all dimensions
    names: list[str] = []
    coordinates: dict[str, Any] = {}
    for number, (axis, length) in enumerate(zip(axes, array.shape, strict=True)):
        name = axis if axis not in (_UNTOLD, "", array.name, *names) else f"dim_{number}"
        names.append(name)
        if name != axis or _shape(group, axis) not in ((length,), (length + 1,)) or length > _LARGEST_AXIS:
            continue
        found = read(f"{group['path'].rstrip('/')}/{axis}")
        coordinates[name] = ((name,), *_coordinate(found, length))
    return names, coordinates


def _coordinate(axis: Array, length: int) -> tuple[Any, dict[str, Any]]:
    """Values along an axis: of bin edges, which are one more than the bins, the centres."""
    values, attributes = np.asarray(axis[...]), _attributes(axis)
    if len(values) == length + 1 and values.dtype.kind in "iuf":
        return (values[1:] + values[:-1]) / 2, attributes | {"bin_edges": f"{axis.path} holds the edges of the bins"}
    return values[:length], attributes


def _attributes(array: Array) -> dict[str, Any]:
    """Attributes of the file, `units` among them where a unit is known."""
    units = {"units": array.unit} if array.unit else {}
    return {name: value for name, value in array.attrs.items() if value is not None} | units


def _shape(group: Node, name: str) -> tuple[int, ...] | None:
    for child in group.get("children") or ():
        if child["name"] == name and child["kind"] == "dataset" and child.get("shape") is not None:
            return tuple(child["shape"])
    return None


def _texts(value: Any) -> list[str]:
    """An attribute of one text or several; older files separate names by colons or commas."""
    if isinstance(value, str):
        return [part for part in re.split(r"[:,\s]+", value.strip("[] ")) if part]
    return [str(part) for part in value] if isinstance(value, list) else []


def _one(value: Any) -> str:
    return str(value[0] if isinstance(value, list) and value else value)
