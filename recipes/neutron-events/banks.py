"""The banks of events in a NeXus file, with each pixel's place, and their events read piece by piece."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray
from parameters import Parameters

from pandaas.sdk import Input, RecipeError, warn
from pandaas.sdk.inputs import open_hdf5, text

_ID_NAMES = ("event_id", "event_pixel_id")
_TOF_NAMES = ("event_time_offset", "event_time_of_flight")
_TO_MICROSECONDS = {
    "us": 1.0, "microsecond": 1.0, "microseconds": 1.0, "µs": 1.0,
    "ns": 1e-3, "nanosecond": 1e-3, "nanoseconds": 1e-3,
    "ms": 1e3, "millisecond": 1e3, "s": 1e6, "second": 1e6, "seconds": 1e6,
}  # fmt: skip
_TO_SECONDS = {name: factor * 1e-6 for name, factor in _TO_MICROSECONDS.items()}
_TO_METRES = {"m": 1.0, "metre": 1.0, "meter": 1.0, "metres": 1.0, "mm": 1e-3, "millimetre": 1e-3, "cm": 1e-2}
_DISTANCE_LOGS = ("detectorZ", "detectorz", "DetectorZ", "sampleDetectorDistance")


@dataclass(frozen=True)
class Bank:
    """One NXevent_data. `pixels` (sorted), `two_theta` (rad) and `distance` (m) are None without geometry."""

    path: str
    id_path: str
    tof_path: str
    events: int
    tof_factor: float
    pixels: NDArray[Any] | None
    two_theta: NDArray[Any] | None
    distance: NDArray[Any] | None


@dataclass(frozen=True)
class Instrument:
    """All banks that hold events; `source_distance` in m or None; `pixels` of all banks, sorted."""

    banks: tuple[Bank, ...]
    source_distance: float | None
    frame_period: float
    pixels: NDArray[Any]

    @property
    def has_geometry(self) -> bool:
        return self.source_distance is not None and all(bank.pixels is not None for bank in self.banks)


def find_banks(source: Input, parameters: Parameters) -> Instrument:
    """Every bank with events. `RecipeError` when the file holds none."""
    if not source.is_hdf5:
        raise RecipeError(f"'{source.title}' is not a NeXus file.", "Choose event-mode data in NeXus.", source.slot)
    file = open_hdf5(source.master)
    entry = _entry(file, source)
    detectors = _of_class(entry, "NXdetector")
    groups = _unique(_of_class(entry, "NXevent_data")) or [group for group in detectors if _has_events(group)]
    banks = tuple(bank for group in groups if (bank := _bank(group, detectors)) is not None)
    if not banks:
        raise RecipeError(f"'{source.title}' holds no events.", "Choose a dataset measured in event mode.", source.slot)
    banks = _moved(banks, parameters.detector_distance)
    if parameters.detector_distance is None:
        _check_log(entry, banks)
    known = [bank.pixels for bank in banks if bank.pixels is not None]
    pixels = np.unique(np.concatenate(known)) if known else np.zeros(0, dtype=int)
    return Instrument(banks, parameters.source_distance or _source_distance(entry), _period(entry, parameters), pixels)


def read_events(
    source: Input, bank: Bank, start: int, stop: int, *, timed: bool
) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
    """Pixel number, time of flight (µs) and, if `timed`, seconds since the start of the events start … stop-1 of a bank."""
    file = open_hdf5(source.master)
    ids = np.asarray(file[bank.id_path][start:stop])
    tof = np.asarray(file[bank.tof_path][start:stop], dtype=float) * bank.tof_factor
    return ids, tof, _pulse_times(file[bank.path], start, stop) if timed else np.zeros(0)


def _pulse_times(group: h5py.Group, start: int, stop: int) -> NDArray[Any]:
    """Of each event the start of its pulse, from the index of each pulse's first event."""
    if "event_index" not in group or "event_time_zero" not in group:
        return np.full(stop - start, np.nan)
    first = np.asarray(group["event_index"][()]).astype(np.int64)
    zero = np.asarray(group["event_time_zero"][()], dtype=float) * _factor(group["event_time_zero"], _TO_SECONDS)
    pulse = np.searchsorted(first, np.arange(start, stop), side="right") - 1
    return np.asarray(zero[np.clip(pulse, 0, len(zero) - 1)] - zero[0])


def _bank(group: h5py.Group, detectors: list[h5py.Group]) -> Bank | None:
    id_name = next((name for name in _ID_NAMES if name in group), None)
    tof_name = next((name for name in _TOF_NAMES if name in group), None)
    if id_name is None or tof_name is None or group[id_name].size == 0:
        return None
    if group[id_name].shape != group[tof_name].shape:
        warn(f"{group.name} names {group[id_name].size} pixels for {group[tof_name].size} times; it is left out.")
        return None
    place = _detector_of(group, detectors)
    pixels, two_theta, distance = _geometry(place) if place is not None else (None, None, None)
    return Bank(
        group.name,
        f"{group.name}/{id_name}",
        f"{group.name}/{tof_name}",
        int(group[id_name].size),
        _factor(group[tof_name], _TO_MICROSECONDS),
        pixels,
        two_theta,
        distance,
    )


def _detector_of(group: h5py.Group, detectors: list[h5py.Group]) -> h5py.Group | None:
    """The detector that a bank's events belong to: itself, the one around it, or the one with its name."""
    name = group.name.rsplit("/", 1)[-1].removesuffix("_events")
    for detector in detectors:
        if detector.name in {group.name, group.parent.name} or detector.name.rsplit("/", 1)[-1] == name:
            return detector
    return None


def _geometry(detector: h5py.Group) -> tuple[NDArray[Any] | None, NDArray[Any] | None, NDArray[Any] | None]:
    """Pixel numbers in ascending order with their 2θ and distance; None where the file doesn't say them."""
    numbers = next((detector[name] for name in ("pixel_id", "detector_number") if name in detector), None)
    if numbers is None or "polar_angle" not in detector or "distance" not in detector:
        return None, None, None
    shape = numbers.shape
    pixels = np.asarray(numbers[()]).astype(np.int64).ravel()
    order = np.argsort(pixels, kind="stable")
    degrees = text(detector["polar_angle"].attrs.get("units", "")).lower().startswith("deg")
    angle = np.broadcast_to(np.asarray(detector["polar_angle"][()], dtype=float), shape).ravel()
    away = np.broadcast_to(np.asarray(detector["distance"][()], dtype=float), shape).ravel()
    away = away * _factor(detector["distance"], _TO_METRES)
    angle = np.radians(angle) if degrees else angle
    return pixels[order], np.abs(angle[order]), np.abs(away[order])


def _moved(banks: tuple[Bank, ...], wanted: float | None) -> tuple[Bank, ...]:
    """The banks shifted along the beam so that their mean distance along it is `wanted`."""
    if wanted is None or any(bank.two_theta is None for bank in banks):
        return banks
    along = [bank.distance * np.cos(bank.two_theta) for bank in banks]
    shift = wanted - float(np.mean(np.concatenate(along)))
    moved = []
    for bank, z in zip(banks, along, strict=True):
        side = bank.distance * np.sin(bank.two_theta)
        angle, distance = np.arctan2(side, z + shift), np.hypot(side, z + shift)
        moved.append(
            Bank(bank.path, bank.id_path, bank.tof_path, bank.events, bank.tof_factor, bank.pixels, angle, distance)
        )
    return tuple(moved)


def _check_log(entry: h5py.Group, banks: tuple[Bank, ...]) -> None:
    """Pixel positions that a file carries are often those of the drawing, the logs say where the detector stood."""
    logs = entry.get("DASlogs")
    node = next((logs[name] for name in _DISTANCE_LOGS if name in logs), None) if isinstance(logs, h5py.Group) else None
    value = node.get("value") if isinstance(node, h5py.Group) else None
    if value is None or value.size == 0 or any(bank.distance is None for bank in banks):
        return
    logged = float(np.median(value[()])) * _factor(value, _TO_METRES)
    placed = float(np.mean(np.concatenate([bank.distance * np.cos(bank.two_theta) for bank in banks])))
    if logged > 0.1 and abs(logged - placed) > 0.02 * placed:
        warn(
            f"The log of the measurement has the detector at {logged:.4g} m, the pixels of the file are at {placed:.4g} m."
            f" If the log is right, enter {logged:.4g} m as the distance from sample to detector and run again."
        )


def _source_distance(entry: h5py.Group) -> float | None:
    for wanted in ("NXmoderator", "NXsource"):
        for group in _of_class(entry, wanted):
            node = group.get("distance")
            if isinstance(node, h5py.Dataset) and node.size:
                value = abs(float(np.asarray(node[()]).ravel()[0])) * _factor(node, _TO_METRES)
                if value > 0:
                    return value
    return None


def _period(entry: h5py.Group, parameters: Parameters) -> float:
    """Microseconds between pulses."""
    if parameters.frame_period is not None:
        return parameters.frame_period
    for group in _of_class(entry, "NXsource"):
        node = group.get("frequency")
        if isinstance(node, h5py.Dataset) and node.size and float(np.asarray(node[()]).ravel()[0]) > 0:
            return 1e6 / float(np.asarray(node[()]).ravel()[0])
    return 1e6 / 60


def _entry(file: h5py.File, source: Input) -> h5py.Group:
    place = file.get(source.entry_path)
    if isinstance(place, h5py.Group) and place.name != "/":
        return place
    return next((node for node in file.values() if isinstance(node, h5py.Group)), file)


def _of_class(entry: h5py.Group, wanted: str) -> list[h5py.Group]:
    found: list[h5py.Group] = []

    def visit(_: str, node: Any) -> None:
        if isinstance(node, h5py.Group) and text(node.attrs.get("NX_class", "")) == wanted:
            found.append(node)

    entry.visititems(visit)
    return found


def _unique(groups: list[h5py.Group]) -> list[h5py.Group]:
    return list({group.name: group for group in groups}.values())


def _has_events(group: h5py.Group) -> bool:
    return any(name in group for name in _TOF_NAMES)


def _factor(node: h5py.Dataset, units: dict[str, float]) -> float:
    unit = text(node.attrs.get("units", "")).strip().lower()
    if not unit:
        return 1.0
    if unit not in units:
        raise RecipeError(f"The unit '{unit}' of {node.name} is unknown.", "Tell the recipe's author.", "events")
    return units[unit]
