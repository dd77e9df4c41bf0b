"""The default plot: NXdata as the NeXus manual describes it, in its current and its older forms, else a sensible choice.

Source: https://manual.nexusformat.org/datarules.html (associating plottable data by attributes of the group, by
`signal=1`, by `axes` and `axis` of the fields) and NXcanSAS (`I_axes`, `uncertainties`, `Q_indices`).
"""

from __future__ import annotations

import json
import re
from typing import Any, cast

import h5py
import numpy as np

from pandaas.arrays.h5types import numpy_type
from pandaas.arrays.links import Navigator, NeedsFile, Place, Unresolved
from pandaas.arrays.openpmd_plot import openpmd_plot
from pandaas.arrays.structure import attribute_text
from pandaas.arrays.survey import Found, Survey
from pandaas.codecs import is_numeric
from pandaas.model import NotFound, PlotSpec, UnreadableFile

_SPLIT = re.compile(r"[:,\s]+")
_INTERPRETATIONS = ("scalar", "spectrum", "image", "rgb-image", "vertex")
# Where formats without NXdata keep what they are about: (signal, axis of its first dimension).
_CONVENTIONS = (
    ("/exchange/data", "/exchange/theta"),
    ("/intensities/total_intensities", "/frame_numbers"),
)
_NOT_THE_POINT = re.compile(
    r"mask|flat|dark|white|index|time$|time_of_flight|offset|status|weight|timestamp|error|trainid|pulseid|_id$|counter$|cue",
    re.IGNORECASE,
)
_THE_POINT = re.compile(r"counts?$|intensity|detector|roi$|data$", re.IGNORECASE)
_CLASS_RANK = {"NXdata": 4, "NXdetector": 4, "NXmonitor": 3, "NXevent_data": 2, "NXlog": 0, "NXcollection": 0}
_MAX_CHAIN = 8


def default_plot(navigator: Navigator, found: Survey) -> PlotSpec | None:
    """The plot of an entry: along `@default`, else the best NXdata, else a known convention, else the largest array."""
    along = _along_default(navigator, found.root)
    if along is not None:
        return along
    groups = sorted(found.of_class("NXdata", "NXdetector"), key=_group_rank)
    for group in groups:
        spec = nxdata_plot(navigator, group.path)
        if spec is not None:
            return spec
    return _by_convention(found) or openpmd_plot(found) or _largest(navigator, found)


def _group_rank(group: Found) -> tuple[bool, bool, int, str]:
    aside = "monitor" in group.path.lower()
    return (aside, group.nx_class != "NXdata", group.path.count("/"), group.path)


def _along_default(navigator: Navigator, path: str) -> PlotSpec | None:
    here = path
    if here != "/":
        return _follow_default(navigator, here)
    return _follow_default(navigator, "/")


def _follow_default(navigator: Navigator, path: str) -> PlotSpec | None:
    for _ in range(_MAX_CHAIN):
        place = _find(navigator, path)
        if place is None or not isinstance(place.object, h5py.Group):
            return None
        if attribute_text(place.object, "NX_class") == "NXdata":
            return nxdata_plot(navigator, path)
        following = attribute_text(place.object, "default")
        if not following or following in (".", ".."):
            return None
        path = following if following.startswith("/") else f"{path.rstrip('/')}/{following}"
    return None


def nxdata_plot(navigator: Navigator, path: str) -> PlotSpec | None:
    """The plot that the group at `path` describes, or None when it names no numeric signal."""
    place = _find(navigator, path)
    if place is None or not isinstance(place.object, h5py.Group):
        return None
    group = place.object
    name = attribute_text(group, "signal") or _marked_signal(navigator, place)
    signal = _numeric(navigator, path, name) if name else None
    if name is None or signal is None or signal.size < 2:
        return None
    axes = _axes(navigator, path, place, signal)
    style = _style(group)
    x_scale, y_scale = _scales(style, path, axes, signal)
    interpretation = attribute_text(signal, "interpretation")
    return PlotSpec(
        signal=f"{path}/{name}",
        axes=axes,
        errors=_errors(navigator, path, name, signal),
        x_errors=_resolution(navigator, path, axes, signal),
        auxiliary=tuple(
            f"{path}/{other}"
            for other in _texts(group.attrs.get("auxiliary_signals"))
            if _numeric(navigator, path, other) is not None
        ),
        title=attribute_text(group, "title") or _title(navigator, path),
        interpretation=cast("Any", interpretation) if interpretation in _INTERPRETATIONS else None,
        x_scale=x_scale,
        y_scale=y_scale,
    )


def _marked_signal(navigator: Navigator, place: Place) -> str | None:
    """The child with `signal=1`, in files from before the attribute of the group."""
    names: list[bytes] = []
    place.object.id.links.iterate(names.append)
    for name in names[:1000]:
        child = _child(navigator, place, name)
        if isinstance(child, h5py.Dataset) and "signal" in child.attrs:
            mark = np.asarray(child.attrs["signal"]).reshape(-1)
            if mark.size == 1 and _text(mark[0]).strip() == "1":
                return name.decode("utf-8", "replace")
    return None


def _axes(navigator: Navigator, path: str, place: Place, signal: h5py.Dataset) -> tuple[str | None, ...]:
    group = place.object
    axes: list[str | None] = [None] * signal.ndim
    named = _texts(group.attrs.get("axes")) or _texts(group.attrs.get(f"{attribute_text(group, 'signal')}_axes"))
    if not named:
        listed = attribute_text(signal, "axes")
        named = [part for part in _SPLIT.split(listed.strip("[] ")) if part] if listed else []
    if signal.ndim == 1 and len(named) == 2:
        points = [_axis(navigator, path, name, signal.shape[0]) for name in named]
        if all(points):  # points in a plane: both axes belong to the one dimension
            return tuple(points)
    if named:
        for position, name in enumerate(named[: signal.ndim]):
            dimension = _dimension(group, name, position, signal.ndim)
            if name != "." and axes[dimension] is None:
                axes[dimension] = _axis(navigator, path, name, signal.shape[dimension])
        return tuple(axes)
    for dimension, name in _marked_axes(navigator, place):
        if dimension < signal.ndim and axes[dimension] is None:
            axes[dimension] = _axis(navigator, path, name, signal.shape[dimension])
    return tuple(axes)


def _dimension(group: h5py.Group, name: str, position: int, ndim: int) -> int:
    """The dimension an axis belongs to: `NAME_indices` where it says one, else its place in the list."""
    indices = np.asarray(group.attrs.get(f"{name}_indices", [])).reshape(-1)
    if indices.size == 1:
        try:
            index = int(_text(indices[0]))
        except ValueError:
            return position
        if 0 <= index < ndim:
            return index
    return position


def _marked_axes(navigator: Navigator, place: Place) -> list[tuple[int, str]]:
    """(dimension, name) of children with `axis=n` (counted from 1), those with `primary=1` first."""
    marked: list[tuple[bool, int, str]] = []
    names: list[bytes] = []
    place.object.id.links.iterate(names.append)
    for name in names[:1000]:
        child = _child(navigator, place, name)
        if not isinstance(child, h5py.Dataset) or "axis" not in child.attrs:
            continue
        number = _text(np.asarray(child.attrs["axis"]).reshape(-1)[0])
        primary = attribute_text(child, "primary") == "1" or child.attrs.get("primary") == 1
        if number.isdecimal() and int(number) >= 1:
            marked.append((not primary, int(number) - 1, name.decode("utf-8", "replace")))
    return [(dimension, name) for _, dimension, name in sorted(marked)]


def _axis(navigator: Navigator, path: str, name: str, length: int) -> str | None:
    """The path of an axis if it holds one number per element, or one more (edges of bins)."""
    axis = _numeric(navigator, path, name)
    if axis is None or axis.ndim != 1 or axis.shape[0] not in (length, length + 1):
        return None
    return f"{path}/{name}"


def _errors(navigator: Navigator, path: str, name: str, signal: h5py.Dataset) -> str | None:
    place = _find(navigator, path)
    group = place.object if place is not None else signal
    names = [
        attribute_text(signal, "uncertainties"),
        *(attribute_text(group, f"{name}_{word}") for word in ("uncertainties", "uncertainty")),
        *(f"{name}_errors", f"{name}_error", "errors"),
    ]
    for candidate in names:
        found = _numeric(navigator, path, candidate) if candidate else None
        if found is not None and found.shape == signal.shape:
            return f"{path}/{candidate}"
    return None


def _resolution(navigator: Navigator, path: str, axes: tuple[str | None, ...], signal: h5py.Dataset) -> str | None:
    """One standard deviation per point along x of a curve: what NXcanSAS calls the resolution of Q."""
    if signal.ndim != 1 or len(axes) != 1 or axes[0] is None:
        return None
    name = axes[0].rpartition("/")[2]
    axis = _numeric(navigator, path, name)
    named = [] if axis is None else [*_texts(axis.attrs.get("resolutions")), attribute_text(axis, "uncertainties")]
    for candidate in (*named, f"{name}dev", f"{name}_errors", f"{name}_uncertainties"):
        found = _numeric(navigator, path, candidate) if candidate else None
        if found is not None and found.shape == signal.shape:
            return f"{path}/{candidate}"
    return None


def _style(group: h5py.Group) -> dict[str, Any]:
    text = attribute_text(group, "SILX_style")
    try:
        style = json.loads(text) if text else {}
    except ValueError:
        return {}
    return style if isinstance(style, dict) else {}


def _scales(style: dict[str, Any], path: str, axes: tuple[str | None, ...], signal: h5py.Dataset) -> tuple[Any, Any]:
    """(x, y): as the file's style says; else logarithmic for intensities over q, as the field plots them; else None."""
    listed = style.get("axes_scale_type") or style.get("axes_scale_types") or style.get("axis_scale_type")
    last = listed[-1] if isinstance(listed, list) and listed else listed
    x, y = (scale if scale in ("linear", "log") else None for scale in (last, style.get("signal_scale_type")))
    over_q = signal.ndim == 1 and axes[:1] != (None,) and str(axes[0]).rpartition("/")[2].lower() == "q"
    if over_q and not style:
        return "log", "log"
    return x, y


def _by_convention(found: Survey) -> PlotSpec | None:
    for signal, axis in _CONVENTIONS:
        array = found.array(signal)
        if array is not None:
            first = found.array(axis)
            fits = first is not None and first.place.object.shape == array.place.object.shape[:1]
            rest = (None,) * (array.place.object.ndim - 1)
            return PlotSpec(signal=signal, axes=(axis if fits else None, *rest))
    return None


def _largest(navigator: Navigator, found: Survey) -> PlotSpec | None:
    """The largest numeric array that is not evidently something beside the measurement, with the axes that it names."""
    best: tuple[tuple[bool, bool, int, bool, int], Found] | None = None
    for item in found.arrays:
        dataset = item.place.object
        dtype = numpy_type(dataset.id.get_type())
        if dtype is None or not is_numeric(dtype):
            continue
        marked = "signal" in dataset.attrs
        rank = (
            not _NOT_THE_POINT.search(item.name),
            marked,
            _CLASS_RANK.get(found.classes.get(item.parent) or "", 1),
            marked and bool(_THE_POINT.search(item.name)),
            int(dataset.size),
        )
        if best is None or rank > best[0]:
            best = (rank, item)
    if best is None:
        return None
    signal = best[1].place.object
    parent = _find(navigator, best[1].parent or "/")
    axes = _axes(navigator, best[1].parent.rstrip("/"), parent, signal) if parent and "axes" in signal.attrs else ()
    return PlotSpec(signal=best[1].path, axes=axes or (None,) * signal.ndim)


def _numeric(navigator: Navigator, path: str, name: str | None) -> h5py.Dataset | None:
    if not name or "/" in name.strip("/"):
        return None
    place = _find(navigator, f"{path}/{name}")
    if place is None or not isinstance(place.object, h5py.Dataset) or place.object.shape is None:
        return None
    dtype = numpy_type(place.object.id.get_type())
    return place.object if dtype is not None and is_numeric(dtype) else None


def _title(navigator: Navigator, path: str) -> str | None:
    from pandaas.arrays.survey import single_value

    place = _find(navigator, f"{path}/title")
    if place is None or not isinstance(place.object, h5py.Dataset) or place.object.size != 1:
        return None
    dtype = numpy_type(place.object.id.get_type())
    value = single_value(place.object, dtype) if dtype is not None else None
    return value if isinstance(value, str) and value else None


def _find(navigator: Navigator, path: str) -> Place | None:
    try:
        return navigator.find(path)
    except (NotFound, Unresolved, NeedsFile, UnreadableFile):
        return None


def _child(navigator: Navigator, place: Place, name: bytes) -> Any:
    try:
        return navigator.child(place, name).object
    except (NotFound, Unresolved, NeedsFile, UnreadableFile):
        return None


def _texts(value: Any) -> list[str]:
    """A text or array of texts as a list; older files write several names into one text."""
    if value is None or isinstance(value, h5py.Empty):
        return []
    if isinstance(value, (str, bytes)):
        return [part for part in _SPLIT.split(_text(value).strip("[] ")) if part]
    return [_text(item) for item in np.asarray(value).reshape(-1)]


def _text(value: Any) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
