"""Small-angle neutron scattering to I(Q), by esssans."""

from __future__ import annotations

import importlib.metadata
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from parameters import Parameters
from reduction import Measurement, Reduced, Transmissions, reduce
from runs import Monitor, Run, monitor_total, read_flood, read_monitor, read_run

from pandaas.sdk import Field, Input, Inputs, Plot, RecipeError, progress, warn, write_result


def run(inputs: Inputs, parameters: Parameters, output: Path) -> None:
    """Read, reduce, scale where it can be, write I(Q) with transmission, bands of wavelength and the detector."""
    sample = _measured(inputs, "sample", parameters)
    background = _measured(inputs, "background", parameters) if inputs["background"] else None
    direct = _transmissions(inputs.optional("direct"), parameters) if _is_timed(sample) else None
    pixels = sample.run.panel.rows * sample.run.panel.columns
    flood_source = inputs.optional("flood")
    flood = read_flood(flood_source, pixels, sample.run.panel.first) if flood_source else None
    progress(0.2, f"{int(sample.run.counts.sum())} neutrons in {pixels} pixels")
    reduced = reduce(sample, background, direct, flood, parameters)
    progress(0.9, "Writing I(Q)")
    factor, unit, missing = _scale(sample, flood, parameters)
    if missing:
        warn(f"I(Q) is not absolute: {', '.join(missing)} missing.")
    good = np.isfinite(reduced.intensity)
    if not good.any():
        raise RecipeError("No neutron fell into the Q range.", "Widen it.", "q_min")
    write_result(
        str(output / "result.nxs"),
        title=f"I(Q) of {sample.run.title}" + (" (not absolute)" if missing else ""),
        definition="NXcanSAS",
        process={
            "program": "esssans, scippneutron",
            "version": ", ".join(importlib.metadata.version(name) for name in ("esssans", "scippneutron")),
            "parameters": parameters,
        },
        plots=_plots(sample.run, reduced, factor, unit),
        default="I_of_Q",
        collections={"measurement": _told(sample.run, reduced, factor, bool(missing))},
        inputs=inputs.all(),
    )


def _measured(inputs: Inputs, slot: str, parameters: Parameters) -> Measurement:
    """A scattering run with monitor and transmission, as the inputs and parameters give them."""
    source = inputs.one(slot)
    found = read_run(source, parameters)
    prefix = "" if slot == "sample" else "background_"
    number = getattr(parameters, f"{prefix}transmission_value")
    if not found.timed:
        total = np.array([monitor_total(source)])
        if number is None:
            warn(f"No transmission is given for '{found.title}': its absorption is not corrected.")
        return Measurement(found, Monitor(total, None, 0.0), number)
    monitor = read_monitor(source, parameters.incident_monitor, "incident_monitor")
    behind = inputs.optional(f"{prefix}transmission")
    if behind is not None and not inputs["direct"]:
        raise RecipeError(
            "A transmission run needs the direct beam to compare with.", "Choose the run without a sample.", "direct"
        )
    if behind is not None:
        return Measurement(found, monitor, _transmissions(behind, parameters))
    if number is None:
        warn(f"No transmission is given for '{found.title}': its absorption is not corrected.")
    return Measurement(found, monitor, number)


def _is_timed(measured: Measurement) -> bool:
    return measured.run.timed


def _transmissions(source: Input | None, parameters: Parameters) -> Transmissions | None:
    if source is None:
        return None
    return Transmissions(
        read_monitor(source, parameters.incident_monitor, "incident_monitor"),
        read_monitor(source, parameters.transmission_monitor, "transmission_monitor"),
    )


def _scale(sample: Measurement, flood: NDArray[Any] | None, parameters: Parameters) -> tuple[float, str, list[str]]:
    """What I(Q) is multiplied by, its unit, and what is missing for it to be absolute."""
    thickness = parameters.thickness or sample.run.thickness
    needed = {
        "the transmission of the sample": sample.transmission,
        "a flood": flood,
        "the factor from a standard": parameters.scale,
        "the thickness": thickness,
    }
    missing = [name for name, value in needed.items() if value is None]
    factor = (parameters.scale or 1.0) / ((thickness or 10.0) / 10)
    return factor, "" if missing else "1/cm", missing


def _plots(run: Run, reduced: Reduced, factor: float, unit: str) -> list[Plot]:
    centres = (reduced.edges[1:] + reduced.edges[:-1]) / 2
    intensity, sigma = factor * reduced.intensity, factor * np.sqrt(reduced.variance)
    good = np.isfinite(intensity)
    label = "Intensity" if unit else "Intensity, not absolute"
    beside = []
    attributes: dict[str, Any] = {}
    if reduced.resolution is not None:
        beside = [Field("Qdev", reduced.resolution[good], "1/angstrom", "Resolution of Q, standard deviation")]
        attributes = {"resolutions": "Qdev"}
    axis = Field("Q", centres[good], "1/angstrom", "Scattering vector Q", attributes)
    plots = [
        Plot(
            "I_of_Q",
            Field("I", intensity[good], unit, label),
            [axis],
            errors=sigma[good],
            title=f"I(Q) of {run.title}",
            scales=("log", "log"),
            sas=True,
            beside=beside,
        )
    ]
    if reduced.bands:
        plots.append(_bands(reduced, centres, factor, unit, label))
    if reduced.transmission is not None:
        plots.append(_transmission(reduced))
    panel = run.panel
    plots.append(
        Plot(
            "detector",
            Field("counts", run.counts.sum(axis=1).reshape(panel.rows, panel.columns), "counts", "Counts"),
            [
                Field("row", np.arange(panel.rows), None, "Row"),
                Field("column", np.arange(panel.columns), None, "Column"),
            ],
            title="Counts of the detector",
            interpretation="image",
        )
    )
    return plots


def _bands(reduced: Reduced, centres: NDArray[Any], factor: float, unit: str, label: str) -> Plot:
    fields = [
        Field(f"I_{number}", factor * values, unit, f"{label}, {name}")
        for number, (name, values) in enumerate(reduced.bands.items(), start=1)
    ]
    return Plot(
        "wavelength_bands",
        fields[0],
        [Field("Q", centres, "1/angstrom", "Scattering vector Q")],
        auxiliary=fields[1:],
        title="I(Q) by wavelength",
        scales=("log", "log"),
    )


def _transmission(reduced: Reduced) -> Plot:
    assert reduced.transmission is not None  # noqa: S101 - asked before
    found = reduced.transmission
    edges = found.coords["wavelength"].values
    return Plot(
        "transmission",
        Field("T", found.values, "", "Transmission"),
        [Field("wavelength", edges, "angstrom", "Wavelength")],
        errors=np.sqrt(found.variances) if found.variances is not None else None,
        title="Transmission of the sample",
    )


def _told(run: Run, reduced: Reduced, factor: float, relative: bool) -> list[Field]:
    return [
        Field("absolute", int(not relative), label="1 = in 1/cm, 0 = not absolute"),
        Field("beam_centre", np.array(reduced.centre), None, "Column and row of the beam"),
        Field("distance", run.distance, "m", "Sample to detector"),
        Field("pixel_size", run.panel.pixel, "m"),
        Field("source_to_sample", run.source, "m"),
        Field("factor", factor, label="I(Q) was multiplied by this"),
    ]
