"""Reads a SANS run: counts of the pixels with their places, and the monitors. Two layouts are known:

time-of-flight histograms as ISIS writes them (`detector_1/counts` by spectrum and time, `monitor_N/data`), and one image at one
wavelength (`detector/counts`, a velocity selector or monochromator with the wavelength, monitor counts).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray
from parameters import Parameters

from pandaas.sdk import Input, RecipeError, warn
from pandaas.sdk.inputs import open_hdf5, text

_METRES = {"m": 1.0, "metre": 1.0, "meter": 1.0, "cm": 1e-2, "mm": 1e-3, "": 1.0}
_ANGSTROM = {"angstrom": 1.0, "a": 1.0, "å": 1.0, "nm": 10.0, "": 1.0}
_MICROSECONDS = {"us": 1.0, "microsecond": 1.0, "microseconds": 1.0, "ns": 1e-3, "ms": 1e3, "s": 1e6, "": 1.0}


@dataclass(frozen=True)
class Panel:
    """A flat detector across the beam: pixels in metres, `first` = spectrum number of its first pixel (row by row)."""

    rows: int
    columns: int
    pixel: float
    distance: float | None
    first: int = 1


# Files of ISIS hold spectra, not places. LOQ: 64 cm × 64 cm in 128 × 128 pixels of 5 mm; its files' own radii have this step.
_KNOWN = {"LOQ": Panel(128, 128, 0.005, 4.155, first=3)}


@dataclass(frozen=True)
class Monitor:
    """Counts by time of flight (`edges` in µs) at `length` metres from the moderator; without edges one number."""

    counts: NDArray[Any]
    edges: NDArray[Any] | None
    length: float


@dataclass(frozen=True)
class Run:
    """`counts[pixel, time]` with `edges` (µs), or `counts[pixel, 0]` and `wavelength` (Å); `source` metres from the sample."""

    title: str
    panel: Panel
    counts: NDArray[Any]
    edges: NDArray[Any] | None
    wavelength: float | None
    source: float
    thickness: float | None
    collimation: float | None
    centre: tuple[float, float] | None
    entry: h5py.Group

    @property
    def timed(self) -> bool:
        return self.edges is not None

    @property
    def distance(self) -> float:
        return self.panel.distance or 0.0


def read_run(source: Input, parameters: Parameters) -> Run:
    """The run of a scattering measurement; `RecipeError` naming the input or parameter for what is missing."""
    entry = _entry(source)
    detector = _detector(entry)
    if detector is None:
        raise RecipeError(
            f"'{source.title}' holds no counts of a detector.", "Choose the run with the scattering.", source.slot
        )
    timed = "time_of_flight" in detector
    run = _timed(source, entry, detector, parameters) if timed else _single(source, entry, detector, parameters)
    if not np.isfinite(run.counts).all() or (run.counts < 0).any():
        raise RecipeError(
            f"'{source.title}' holds counts that are negative or no numbers.", "Choose raw counts.", source.slot
        )
    if not run.counts.any():
        raise RecipeError(f"The detector of '{source.title}' counted nothing.", "Choose another run.", source.slot)
    return run


def read_monitor(source: Input, number: int, field: str) -> Monitor:
    """The monitor that is spectrum `number`, with its place; `field` is the parameter that named it."""
    entry = _entry(source)
    found = _spectrum(entry, number)
    if found is None:
        raise RecipeError(f"'{source.title}' holds no spectrum {number}.", "Choose another monitor.", field)
    counts, edges = found
    if not counts.sum() > 0:
        raise RecipeError(
            f"Monitor {number} of '{source.title}' counted nothing.", "Choose the monitor that was in the beam.", field
        )
    length = _monitor_length(entry, number)
    if length is None:
        raise RecipeError(f"'{source.title}' doesn't say where monitor {number} stands.", "Choose another.", field)
    return Monitor(counts, edges, length)


def monitor_total(source: Input) -> float:
    """At one wavelength: the counts of the incident monitor."""
    entry = _entry(source)
    for name in ("detector/monitor_counts", "monitor1/counts", "monitor/counts", "control/integral", "monitor/data"):
        for node in _all_named(entry, name):
            total = float(np.sum(node[()]))
            if total > 0:
                return total
    raise RecipeError(
        f"The monitor of '{source.title}' counted nothing, or the file has none.", "Choose another run.", source.slot
    )


def read_flood(source: Input, pixels: int, first: int) -> NDArray[Any]:
    """Relative efficiencies, mean 1, NaN where the flood has none. Sums over all but the pixels."""
    entry = _entry(source)
    detector = _detector(entry)
    node = detector["counts"] if detector is not None and "counts" in detector else None
    values = np.asarray(node[()] if node is not None else source.array()[()], dtype=float)
    if detector is not None and "time_of_flight" in detector and node is not None:
        values = values.reshape(-1, *values.shape[-2:]).sum(axis=(0, 2))
        numbers = np.asarray(detector["spectrum_index"][()])
        values = values[(numbers >= first) & (numbers < first + pixels)]
    if values.size != pixels:
        raise RecipeError(
            f"The flood has {values.size} pixels, the sample {pixels}.", "Choose a flood of the same detector.", "flood"
        )
    flat = values.ravel()
    good = np.isfinite(flat) & (flat > 0)
    if not good.any():
        raise RecipeError("The flood holds no counts.", "Choose another.", "flood")
    return np.where(good, flat / flat[good].mean(), np.nan)


def _timed(source: Input, entry: h5py.Group, detector: h5py.Group, parameters: Parameters) -> Run:
    panel = _KNOWN.get(_instrument(entry), Panel(0, 0, 0.0, None))
    counts = np.asarray(detector["counts"][()])
    counts = counts.reshape(-1, *counts.shape[-2:]).sum(axis=0)  # periods
    numbers = np.asarray(detector["spectrum_index"][()]) if "spectrum_index" in detector else np.arange(len(counts)) + 1
    if not panel.rows:
        panel = _square(source, counts.shape[0], int(numbers.min()))
    pixels = panel.rows * panel.columns
    chosen = (numbers >= panel.first) & (numbers < panel.first + pixels)
    if chosen.sum() != pixels:
        raise RecipeError(
            f"'{source.title}' holds {int(chosen.sum())} of the detector's {pixels} pixels: is it a transmission run?",
            "Choose the run with the scattering.",
            source.slot,
        )
    moderator = _number(entry, "instrument/moderator/distance", _METRES)
    if not moderator:
        raise RecipeError(f"'{source.title}' doesn't say where the moderator is.", "Choose another run.", source.slot)
    distance = _number(entry, "instrument/detector_1/source_detector_distance", _METRES)
    panel = _placed(source, panel, parameters, distance if distance and distance < abs(moderator) else None)
    edges = _times(detector["time_of_flight"])
    if edges.size != counts.shape[1] + 1:
        raise RecipeError(
            f"'{source.title}' has {edges.size} edges for {counts.shape[1]} times.", "Is it damaged?", source.slot
        )
    return Run(
        source.title,
        panel,
        counts[chosen],
        edges,
        None,
        abs(moderator),
        _thickness(entry),
        None,
        None,
        entry,
    )


def _single(source: Input, entry: h5py.Group, detector: h5py.Group, parameters: Parameters) -> Run:
    name = "counts" if "counts" in detector else "data"
    counts = np.asarray(detector[name][()])
    if counts.ndim == 3 and counts.shape[0] == 1:
        counts = counts[0]
    if counts.ndim != 2:
        raise RecipeError(
            f"The counts of '{source.title}' have {counts.ndim} dimensions; one image was expected.",
            "Choose a run with one image.",
            source.slot,
        )
    wavelength = parameters.wavelength or _wavelength(entry)
    if wavelength is None:
        raise RecipeError(f"'{source.title}' doesn't say the wavelength.", "Enter it.", "wavelength")
    pixel = _pixel_size(detector)
    panel = Panel(counts.shape[0], counts.shape[1], pixel or 0.0, None)
    distance = _number(detector, "distance", _METRES) or _number(detector, "x_position", _METRES)
    panel = _placed(source, panel, parameters, distance)
    x, y = (_number(detector, key, {"": 1.0}) for key in ("beam_center_x", "beam_center_y"))
    centre = (x, y) if x and y else None
    collimation = next((float(node[()].ravel()[0]) for node in _all_named(entry, "collimator/length")), None)
    return Run(
        source.title,
        panel,
        counts.reshape(-1, 1),
        None,
        wavelength,
        collimation or 10.0,
        _thickness(entry),
        collimation,
        centre,
        entry,
    )


def _placed(source: Input, panel: Panel, parameters: Parameters, told: float | None) -> Panel:
    distance = parameters.distance or told or panel.distance
    pixel = parameters.pixel_size / 1000 if parameters.pixel_size else panel.pixel
    if not distance or distance <= 0:
        raise RecipeError(f"'{source.title}' doesn't say how far the detector is.", "Enter it.", "distance")
    if not pixel:
        raise RecipeError(f"'{source.title}' doesn't say how large its pixels are.", "Enter it.", "pixel_size")
    return Panel(panel.rows, panel.columns, pixel, float(distance), panel.first)


def _square(source: Input, spectra: int, first: int) -> Panel:
    side = round(spectra**0.5)
    if side * side != spectra or side < 16:
        raise RecipeError(
            f"'{source.title}' holds {spectra} spectra without places, of an instrument that isn't known here.",
            "Choose a scattering run of LOQ, or of a square detector.",
            source.slot,
        )
    warn(f"The file doesn't say where its {spectra} pixels are; a square panel of {side} × {side} is assumed.")
    return Panel(side, side, 0.0, None, first)


def _entry(source: Input) -> h5py.Group:
    file = open_hdf5(source.master)
    place = file.get(source.entry_path)
    if isinstance(place, h5py.Group) and place.name != "/":
        return place
    return next((node for node in file.values() if isinstance(node, h5py.Group)), file)


def _detector(entry: h5py.Group) -> h5py.Group | None:
    direct = entry.get("detector_1")
    if isinstance(direct, h5py.Group) and "counts" in direct:
        return direct
    found: list[h5py.Group] = []

    def visit(_: str, node: Any) -> None:
        if isinstance(node, h5py.Group) and text(node.attrs.get("NX_class", "")) == "NXdetector":
            found.append(node)

    entry.visititems(visit)
    return next((group for group in found if "counts" in group or "data" in group), None)


def _spectrum(entry: h5py.Group, number: int) -> tuple[NDArray[Any], NDArray[Any]] | None:
    for group in sorted(entry.values(), key=lambda node: not str(node.name).rsplit("/", 1)[-1].startswith("monitor")):
        if not isinstance(group, h5py.Group) or "spectrum_index" not in group or "time_of_flight" not in group:
            continue
        numbers = np.asarray(group["spectrum_index"][()]).ravel()
        data = group.get("counts", group.get("data"))
        if number in numbers and isinstance(data, h5py.Dataset):
            row = int(np.flatnonzero(numbers == number)[0])
            values = np.asarray(data[..., row, :], dtype=float)
            return values.reshape(-1, values.shape[-1]).sum(axis=0), _times(group["time_of_flight"])
    return None


def _monitor_length(entry: h5py.Group, number: int) -> float | None:
    """Metres from the moderator: ISIS' table of flight paths counts monitors from there."""
    table = entry.get("isis_vms_compat")
    if isinstance(table, h5py.Group) and "LEN2" in table and "SPEC" in table:
        places = np.flatnonzero(np.asarray(table["SPEC"][()]) == number)
        if places.size:
            length = float(np.asarray(table["LEN2"][()])[places[0]])
            return length if length > 0 else None
    return None


def _instrument(entry: h5py.Group) -> str:
    for name in ("instrument/name", "name", "beamline"):
        node = entry.get(name)
        if isinstance(node, h5py.Dataset):
            return text(node[()]).strip().upper()
    return ""


def _wavelength(entry: h5py.Group) -> float | None:
    for name in ("wavelength", "lambda"):
        for node in _all_named(entry, name):
            if node.size == 1:
                value = float(node[()].ravel()[0]) * _factor(node, _ANGSTROM)
                if 0 < value < 100:
                    return value
    return None


def _pixel_size(detector: h5py.Group) -> float | None:
    size = _number(detector, "x_pixel_size", _METRES)
    if size:
        return size
    places = detector.get("detector_x", detector.get("x_pixel_offset"))
    if isinstance(places, h5py.Dataset) and places.size > 1 and "units" in places.attrs:
        return abs(float(np.median(np.diff(places[()].ravel())))) * _factor(places, _METRES)
    return None


def _thickness(entry: h5py.Group) -> float | None:
    """Millimetres, as ISIS writes them; a unit that is named is heeded."""
    node = entry.get("sample/thickness")
    if not isinstance(node, h5py.Dataset) or node.size != 1:
        return None
    unit = text(node.attrs.get("units", "mm")).lower()
    value = float(node[()].ravel()[0]) * _METRES.get(unit, 1e-3) * 1000
    return value if value > 0 else None


def _number(group: h5py.Group, path: str, units: dict[str, float]) -> float | None:
    node = group.get(path)
    if not isinstance(node, h5py.Dataset) or node.size != 1 or node.dtype.kind not in "iuf":
        return None
    return float(node[()].ravel()[0]) * _factor(node, units)


def _times(node: h5py.Dataset) -> NDArray[Any]:
    return np.asarray(node[()], dtype=float).ravel() * _factor(node, _MICROSECONDS)


def _factor(node: h5py.Dataset, units: dict[str, float]) -> float:
    unit = text(node.attrs.get("units", "")).strip().lower()
    if unit not in units:
        raise RecipeError(f"The unit '{unit}' of {node.name} is unknown.", "Tell the recipe's author.", "sample")
    return units[unit]


def _all_named(entry: h5py.Group, tail: str) -> list[h5py.Dataset]:
    found: list[h5py.Dataset] = []

    def visit(name: str, node: Any) -> None:
        if isinstance(node, h5py.Dataset) and node.dtype.kind in "iuf" and f"/{name}".endswith(f"/{tail}"):
            found.append(node)

    entry.visititems(visit)
    return found
