"""The detector's geometry as pyFAI's azimuthal integrator, and where each value came from.

Precedence with `geometry_source = auto`, from strong to weak: values that the person changed in the form; the calibration
input; a PONI file among the dataset's files; the file's own metadata. A form value that only repeats what the catalogue
reads from the file is no change, so it gives way to a calibration. Beam centres are counted in pixels from the corner of
the image's first pixel, as pyFAI and Fit2D do.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyFAI
from metadata import Found, Values, from_catalogue, from_file, from_nexus
from parameters import Parameters
from pyFAI.detectors import ALL_DETECTORS, Detector
from pyFAI.integrator.azimuthal import AzimuthalIntegrator

from pandaas.sdk import Frames, Input, RecipeError, warn

_FORM_FACTORS = {
    "distance": 1e-3,
    "beam_center_x": 1.0,
    "beam_center_y": 1.0,
    "wavelength": 1e-10,
    "pixel_size_x": 1e-6,
    "pixel_size_y": 1e-6,
    "tilt": 1.0,
    "tilt_rotation": 1.0,
}
_NEEDED = {
    "distance": "the sample-detector distance",
    "pixel_size_x": "the pixel size",
    "beam_center_x": "the beam centre (column)",
    "beam_center_y": "the beam centre (row)",
}


@dataclass(frozen=True)
class Geometry:
    """`integrator` knows the geometry; `sources` says for each quantity where it is from; `text` is the PONI file."""

    integrator: AzimuthalIntegrator
    sources: dict[str, str] = field(default_factory=dict)

    @property
    def text(self) -> str:
        return "\n".join(f"{key}: {value}" for key, value in self.integrator.get_config().items())


def resolve(sample: Input, frames: Frames, calibration: Input | None, parameters: Parameters) -> Geometry:
    """Find the geometry; `RecipeError` names what is missing."""
    edited = _edited(sample, parameters)
    wants = parameters.geometry_source
    poni = None
    if wants in ("auto", "calibration"):
        if calibration is not None:
            poni = _poni_file(calibration)
        elif wants == "calibration":
            raise RecipeError("No calibration was given.", "Choose one, or another source.", "geometry_source")
        else:
            beside = _from_poni_beside(sample, frames, edited, parameters.unit)
            if beside is not None:
                return beside
    if poni is not None:
        return _from_poni(poni, frames, edited, parameters.unit)
    values: Values = {}
    if wants in ("auto", "calibration") and calibration is not None:
        values = from_nexus(calibration, None)
        values.update({} if values else from_catalogue(calibration))
    if wants in ("auto", "file"):
        values = {**from_file(sample, frames.path), **values}
    values = {**values, **edited}
    return _from_values(values, frames, parameters)


def _from_poni_beside(sample: Input, frames: Frames, edited: Values, unit: str) -> Geometry | None:
    """By the PONI file that came with the data; nobody chose it, so one that doesn't fit is only warned of."""
    poni = _poni_file(sample)
    if poni is None:
        return None
    try:
        return _from_poni(poni, frames, edited, unit)
    except RecipeError as error:
        if error.field != "calibration":
            raise
        warn(f"{Path(poni).name}, which lies beside the data, was not used. {error.what}")
        return None


def _edited(sample: Input, parameters: Parameters) -> Values:
    """The form's values, without those that merely repeat the dataset's metadata."""
    known = from_catalogue(sample) if parameters.geometry_source != "form" else {}
    edited: Values = {}
    for name, factor in _FORM_FACTORS.items():
        given = getattr(parameters, name)
        if given is None:
            continue
        value = given * factor
        if name in known and math.isclose(value, known[name].value, rel_tol=1e-6):
            continue
        edited[name] = Found(value, "form")
    return edited


def _poni_file(source: Input) -> str | None:
    """The dataset's PONI file: the one named like the data, else the only one there is."""
    found = [name for name in (*source.files, *source.attachments) if name.lower().endswith(".poni")]
    alike = [name for name in found if Path(name).stem == Path(source.master).stem]
    if len(found) > 1 and not alike:
        warn(f"{len(found)} PONI files lie beside '{source.title}'; none was used. Choose one as the calibration.")
        return None
    return (alike or found or [None])[0]


def _from_poni(path: str, frames: Frames, edited: Values, unit: str) -> Geometry:
    try:
        integrator = pyFAI.load(path)
    except Exception as error:  # pyFAI raises whatever its parser meets
        raise RecipeError(f"The PONI file can't be read: {error}.", "Is it a PONI file?", "calibration") from error
    sources = dict.fromkeys(("distance", "beam_center", "pixel_size", "wavelength", "tilt"), "PONI file")
    detector = integrator.detector
    if detector.max_shape is None or type(detector) is Detector:
        integrator.detector = _detector(detector.pixel1, detector.pixel2, frames.shape)
    elif tuple(detector.max_shape) != frames.shape and not detector.guess_binning(frames.shape):
        raise RecipeError(
            f"The calibration is for images of {detector.max_shape[0]} × {detector.max_shape[1]} pixels,"
            f" these have {frames.shape[0]} × {frames.shape[1]}.",
            "Choose the calibration of this detector.",
            "calibration",
        )
    if edited:
        fit2d = integrator.getFit2D()
        changed = {
            "directDist": _pick(edited, "distance", fit2d["directDist"], 1e3),
            "centerX": _pick(edited, "beam_center_x", fit2d["centerX"]),
            "centerY": _pick(edited, "beam_center_y", fit2d["centerY"]),
            "tilt": _pick(edited, "tilt", fit2d["tilt"]),
            "tiltPlanRotation": _pick(edited, "tilt_rotation", fit2d["tiltPlanRotation"]),
        }
        integrator.setFit2D(**changed, wavelength=_wavelength_angstrom(edited, integrator.wavelength))
        sources.update(dict.fromkeys(edited, "form"))
    if integrator.wavelength is None and unit.startswith("q_"):
        raise RecipeError("The PONI file holds no wavelength.", "Enter it.", "wavelength")
    return Geometry(integrator, sources)


def _from_values(values: Values, frames: Frames, parameters: Parameters) -> Geometry:
    for this, other in (("pixel_size_x", "pixel_size_y"), ("pixel_size_y", "pixel_size_x")):
        if this not in values and other in values:
            values[this] = values[other]
    missing = [name for name in _NEEDED if name not in values]
    if "wavelength" not in values and parameters.unit.startswith("q_"):
        missing.append("wavelength")
    if missing:
        words = [_NEEDED.get(name, "the wavelength") for name in missing]
        raise RecipeError(
            f"The geometry is incomplete: {', '.join(words)} {'is' if len(words) == 1 else 'are'} not known.",
            "Choose a calibration (a PONI file), or enter the missing values.",
            missing[0],
        )
    integrator = AzimuthalIntegrator(
        detector=_detector(values["pixel_size_y"].value, values["pixel_size_x"].value, frames.shape)
    )
    integrator.setFit2D(
        directDist=values["distance"].value * 1e3,
        centerX=values["beam_center_x"].value,
        centerY=values["beam_center_y"].value,
        tilt=values["tilt"].value if "tilt" in values else 0.0,
        tiltPlanRotation=values["tilt_rotation"].value if "tilt_rotation" in values else 0.0,
        wavelength=values["wavelength"].value * 1e10 if "wavelength" in values else None,
    )
    _check_plausible(values, frames)
    return Geometry(integrator, {name: found.source for name, found in values.items()})


def _check_plausible(values: Values, frames: Frames) -> None:
    """Values that no instrument has are most often a wrong unit."""
    for name, low, high, unit in (
        ("distance", 5e-3, 50.0, "m"),
        ("pixel_size_x", 1e-6, 20e-3, "m"),
        ("wavelength", 1e-12, 30e-10, "m"),
    ):
        if name in values and not low <= values[name].value <= high:
            warn(
                f"The geometry can hardly be right: {name} = {values[name].value:.4g} {unit} ({values[name].source})."
                " Check its unit."
            )
    rows, columns = frames.shape
    x, y = values["beam_center_x"].value, values["beam_center_y"].value
    if not (-columns <= x <= 2 * columns and -rows <= y <= 2 * rows):
        warn(
            f"The beam centre (column {x:.1f}, row {y:.1f}) lies far outside the image of {columns} × {rows} pixels;"
            " check that it is given in pixels and in the right order."
        )


def _detector(pixel1: float, pixel2: float, shape: tuple[int, int]) -> Detector:
    """A detector pyFAI knows by its number and size of pixels (then its gaps are known), else a plain one."""
    if pixel1 is None or pixel2 is None:
        raise RecipeError("The pixel size is not known.", "Enter it.", "pixel_size_x")
    for name in sorted(ALL_DETECTORS):
        known = ALL_DETECTORS[name]
        if known is Detector or tuple(getattr(known, "MAX_SHAPE", None) or ()) != shape:
            continue
        if name.startswith(("pilatus", "eiger", "jungfrau", "lambda", "maxipix")):
            candidate = known()
            sizes = (candidate.pixel1, candidate.pixel2)
            if (
                None not in sizes
                and math.isclose(sizes[0], pixel1, rel_tol=1e-3)
                and math.isclose(sizes[1], pixel2, rel_tol=1e-3)
            ):
                return candidate
    return Detector(pixel1, pixel2, max_shape=shape)


def _pick(values: Values, name: str, otherwise: float, factor: float = 1.0) -> float:
    return values[name].value * factor if name in values else otherwise


def _wavelength_angstrom(edited: Values, otherwise: float | None) -> float | None:
    if "wavelength" in edited:
        return edited["wavelength"].value * 1e10
    return otherwise * 1e10 if otherwise else None


def describe(geometry: Geometry) -> list[tuple[str, Any, str | None]]:
    """The geometry as (name, value, unit), for the result file."""
    integrator = geometry.integrator
    rows: list[tuple[str, Any, str | None]] = [
        ("distance", integrator.dist, "m"),
        ("poni1", integrator.poni1, "m"),
        ("poni2", integrator.poni2, "m"),
        ("rot1", integrator.rot1, "rad"),
        ("rot2", integrator.rot2, "rad"),
        ("rot3", integrator.rot3, "rad"),
        ("pixel1", integrator.pixel1, "m"),
        ("pixel2", integrator.pixel2, "m"),
        ("detector", integrator.detector.name, None),
    ]
    if integrator.wavelength is not None:
        rows.append(("wavelength", integrator.wavelength, "m"))
    rows.extend((f"{name}_source", source, None) for name, source in sorted(geometry.sources.items()))
    return rows
