"""Element maps from X-ray fluorescence with xraylarch."""

from __future__ import annotations

import importlib.metadata
import sys
from pathlib import Path

import numpy as np
from fitting import Fitted, fit
from parameters import Parameters
from spectra import Spectra, positions, read_spectra

from pandaas.sdk import Field, Inputs, Plot, progress, write_result

_EXTRA = ("elastic", "compton", "background")


def run(inputs: Inputs, parameters: Parameters, output: Path) -> None:
    """Add up, fit, decompose, write a map for each element and the fitted spectrum."""
    source = inputs.one("map")
    spectra = read_spectra(source)
    preview = {
        "x": spectra.energy,
        "y": np.maximum(spectra.total, 0.1),
        "x_label": "Energy",
        "x_unit": "keV",
        "y_label": "Counts",
    }
    progress(
        0.1, f"{int(np.prod(spectra.shape))} spectra of {len(spectra.energy)} channels", {**preview, "y_scale": "log"}
    )
    fitted = fit(spectra, parameters)
    totals = {name: float(fitted.counts[name].sum()) for name in fitted.elements}
    errors = {name: float(np.sqrt((fitted.sigma[name] ** 2).sum())) for name in fitted.elements}
    for name in fitted.elements:
        sys.stdout.write(f"{name}: {totals[name]:.6g} ± {errors[name]:.2g} counts\n")
    write_result(
        str(output / "result.nxs"),
        title=f"Elements of {source.sample or source.title}",
        process={
            "program": "xraylarch",
            "version": importlib.metadata.version("xraylarch"),
            "parameters": parameters,
        },
        plots=[*_maps(spectra, fitted), _spectrum(fitted)],
        default=f"map_{_strongest(totals)}",
        collections={"elements": _table(fitted, totals, errors)},
        inputs=inputs.all(),
    )


def _strongest(totals: dict[str, float]) -> str:
    """What is looked at first; argon is the air's, where there is anything else."""
    sample = {name: counts for name, counts in totals.items() if name != "Ar"} or totals
    return max(sample, key=lambda name: sample[name])


def _maps(spectra: Spectra, fitted: Fitted) -> list[Plot]:
    axes = positions(spectra.node)
    shown = [*fitted.elements, *(name for name in _EXTRA[:2] if name in fitted.counts)]
    return [
        Plot(
            f"map_{name}",
            Field("counts", fitted.counts[name], "counts", f"Counts of {name}"),
            axes,
            errors=fitted.sigma[name],
            title=f"{name}: counts in its lines",
            interpretation="image" if len(axes) > 1 else None,
        )
        for name in shown
    ]


def _spectrum(fitted: Fitted) -> Plot:
    result, spectra = fitted.result, fitted.spectra
    inside = np.asarray(result.fit_window) > 0
    parts = [
        Field(f"of_{name}", np.asarray(result.comps[name])[inside], "counts", name)
        for name in [*fitted.elements, *_EXTRA]
        if name in result.comps
    ]
    return Plot(
        "spectrum",
        Field("counts", spectra.total[inside], "counts", "Sum of all pixels"),
        [Field("energy", np.asarray(result.best_en)[inside], "keV", "Energy, refined")],
        errors=np.sqrt(np.maximum(spectra.total[inside], 1)),
        auxiliary=[Field("fit", np.asarray(result.best_fit)[inside], "counts", "Fit"), *parts],
        title="Spectrum of the whole map with its fit",
        scales=("linear", "log"),
    )


def _table(fitted: Fitted, totals: dict[str, float], errors: dict[str, float]) -> list[Field]:
    params = fitted.result.params
    return [
        Field("name", np.array(fitted.elements)),
        Field("counts", np.array([totals[name] for name in fitted.elements]), "counts"),
        Field("uncertainty", np.array([errors[name] for name in fitted.elements]), "counts"),
        Field("energy_offset", float(params["cal_offset"].value), "keV"),
        Field("energy_slope", float(params["cal_slope"].value), "keV"),
        Field("detector_noise", float(params["det_noise"].value), "keV"),
    ]
