"""Measured and set quantities of an entry, under the field's own names, with units and in SI."""

from __future__ import annotations

import math
from dataclasses import dataclass

import h5py
import numpy as np

from pandaas.arrays.survey import Single, Survey
from pandaas.codecs import to_si
from pandaas.model import Parameter

_HC_KEV_ANGSTROM = 12.398419843320026  # h·c, CODATA 2018
_MAX_PARAMETERS = 200
_MAX_CONSTANT = 100_000


@dataclass(frozen=True)
class _Rule:
    """`name` is read from the first of `fields` in a group of one of `classes`; `unit` where the file says none."""

    name: str
    classes: tuple[str, ...]
    fields: tuple[str, ...]
    unit: str | None = None


_BEAM = ("NXmonochromator", "NXbeam", "NXcrystal", "NXvelocity_selector", "NXchopper", "NXinstrument", "NXsource")
_RULES = (
    _Rule("wavelength", _BEAM, ("wavelength", "incident_wavelength", "lambda")),
    _Rule("photon_energy", ("NXmonochromator", "NXbeam"), ("energy", "incident_energy")),
    _Rule("detector_distance", ("NXdetector",), ("distance", "detector_distance", "SDD")),
    _Rule("pixel_size_x", ("NXdetector",), ("x_pixel_size",)),
    _Rule("pixel_size_y", ("NXdetector",), ("y_pixel_size",)),
    _Rule("beam_center_x", ("NXdetector",), ("beam_center_x",)),
    _Rule("beam_center_y", ("NXdetector",), ("beam_center_y",)),
    _Rule("exposure_time", ("NXdetector",), ("count_time", "exposure_time", "counting_time"), "s"),
    _Rule("threshold_energy", ("NXdetector",), ("threshold_energy",)),
    _Rule("temperature", ("NXsample", "NXenvironment"), ("temperature", "sample_temperature", "temperature_mean")),
    _Rule("pressure", ("NXsample", "NXenvironment"), ("pressure",)),
    _Rule("magnetic_field", ("NXsample", "NXenvironment"), ("magnetic_field", "field")),
    _Rule("electric_field", ("NXsample",), ("electric_field",)),
    _Rule("sample_thickness", ("NXsample",), ("thickness", "sample_thickness")),
    _Rule("concentration", ("NXsample",), ("concentration",)),
    _Rule("chemical_formula", ("NXsample",), ("chemical_formula",)),
    _Rule("rotation_angle", ("NXsample",), ("rotation_angle",)),
    _Rule("ring_energy", ("NXsource",), ("energy",)),
    _Rule("ring_current", ("NXsource",), ("current",)),
    _Rule("proton_charge", ("NXentry",), ("proton_charge",)),
    _Rule("duration", ("NXentry",), ("duration", "collection_time"), "s"),
    _Rule("run_number", ("NXentry",), ("run_number",)),
    _Rule("d_spacing", ("NXcrystal",), ("d_spacing",)),
    _Rule("monitor_preset", ("NXmonitor",), ("preset",)),
)
_TAKEN_FROM_SAMPLE = frozenset(name for rule in _RULES for name in rule.fields) | {
    "name",
    "title",
    "description",
    "type",
}


def make_parameter(name: str, value: float | str, unit: str | None, source: str | None = None) -> Parameter:
    """A parameter with its SI value where it has one."""
    converted = to_si(value, unit, name) if isinstance(value, float) else None
    si_value, si_unit = converted or (None, None)
    return Parameter(name, value, unit or None, si_value, si_unit, source)


def entry_parameters(found: Survey, probe: str | None) -> tuple[Parameter, ...]:
    """The known quantities of an entry, then every further number that stands in its NXsample."""
    result: dict[str, Parameter] = {}
    for rule in _RULES:
        single = _first(found, rule)
        if single is not None and _says_something(single.value):
            name = rule.name if rule.name != "photon_energy" or probe != "neutron" else "incident_energy"
            result[name] = make_parameter(name, single.value, single.unit or rule.unit, single.path)
    for group in found.of_class("NXsample"):
        for single in _directly_in(found, group.path):
            if len(result) < _MAX_PARAMETERS and single.name not in _TAKEN_FROM_SAMPLE and _is_number(single.value):
                name = f"sample_{single.name.removeprefix('sample_')}"
                result.setdefault(name, make_parameter(name, single.value, single.unit, single.path))
    if probe == "x-ray":
        _complete_beam(result)
    return tuple(result.values())


def _complete_beam(result: dict[str, Parameter]) -> None:
    """Photon energy and wavelength each from the other, where a file gives only one."""
    energy, wavelength = result.get("photon_energy"), result.get("wavelength")
    if energy is None and wavelength is not None and wavelength.si_value and wavelength.si_unit == "m":
        value = _HC_KEV_ANGSTROM / (wavelength.si_value * 1e10)
        result["photon_energy"] = make_parameter("photon_energy", value, "keV", f"from {wavelength.source}")
    elif wavelength is None and energy is not None and energy.si_value and energy.si_unit == "kg·m²/s²":
        joule_per_kev = 1.602176634e-16
        value = _HC_KEV_ANGSTROM / (energy.si_value / joule_per_kev)
        result["wavelength"] = make_parameter("wavelength", value, "angstrom", f"from {energy.source}")


def _first(found: Survey, rule: _Rule) -> Single | None:
    for wanted in rule.classes:
        for group in found.of_class(wanted):
            single = found.single(group.path, *rule.fields) or _constant(found, group.path, rule.fields)
            if single is not None:
                return single
    return None


def _constant(found: Survey, group: str, names: tuple[str, ...]) -> Single | None:
    """A quantity given once per frame that never changes; also the mean of an NXlog."""
    for name in names:
        log = found.single(f"{group.rstrip('/')}/{name}", "average_value", "value", "value_log")
        if log is not None:
            return log
        array = found.array(f"{group.rstrip('/')}/{name}")
        dataset = array.place.object if array is not None else None
        if not isinstance(dataset, h5py.Dataset) or dataset.ndim != 1 or dataset.size > _MAX_CONSTANT:
            continue
        if dataset.dtype.kind not in "iuf" or dataset.external or dataset.is_virtual:
            continue
        try:
            values = np.asarray(dataset[()])
        except (OSError, RuntimeError, ValueError):
            continue
        if values.size and bool((values == values[0]).all()):
            unit = dataset.attrs.get("units")
            text = unit.decode("utf-8", "replace") if isinstance(unit, bytes) else unit
            return Single(f"{group}/{name}", float(values[0]), text if isinstance(text, str) else None)
    return None


def _directly_in(found: Survey, group: str) -> list[Single]:
    base = group.rstrip("/") + "/"
    return [s for path, s in found.singles.items() if path.startswith(base) and "/" not in path[len(base) :]]


def _is_number(value: float | str) -> bool:
    return isinstance(value, float) and math.isfinite(value)


def _says_something(value: float | str) -> bool:
    return math.isfinite(value) if isinstance(value, float) else bool(value.strip())
