"""A tomographic scan as its file has it: projections, their angles, and what corrects them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray
from parameters import Parameters

from pandaas.sdk import Array, Input, Inputs, RecipeError, warn
from pandaas.sdk.inputs import open_hdf5, text

_KEY_FLAT, _KEY_DARK = 1, 2
_DEAD_SHARE = 0.5
_UNEVEN = 0.05


@dataclass(frozen=True)
class Scan:
    """`keep` numbers the projections of `array`; `angles` (radian) belong to them; flat and dark: (rows, columns)."""

    array: Array
    keep: NDArray[Any]
    angles: NDArray[Any]
    flat: NDArray[Any]
    dark: NDArray[Any]

    @property
    def rows(self) -> int:
        return self.array.shape[1]

    @property
    def width(self) -> int:
        return self.array.shape[2]

    def transmission(self, first: int, stop: int) -> NDArray[Any]:
        """Corrected sinograms of some rows: (projections, rows, columns), float32, always above zero."""
        raw = np.asarray(self.array[:, first:stop, :], dtype=np.float32)
        if len(self.keep) != len(raw):
            raw = raw[self.keep]
        dark = self.dark[first:stop].astype(np.float32)
        beam = self.flat[first:stop].astype(np.float32) - dark
        with np.errstate(divide="ignore", invalid="ignore"):
            found = (raw - dark) / beam
        found[:, beam <= 0] = 1.0
        lost = ~np.isfinite(found)
        if lost.all():
            raise RecipeError(
                f"No pixel of rows {first} to {stop - 1} is a number in any projection.",
                "Choose other rows, or another scan.",
                "projections",
            )
        if lost.any():
            warn(f"{int(lost.sum())} pixels of rows {first} to {stop - 1} are no numbers; they count as empty.")
            found[lost] = 1.0
        return np.clip(found, 1e-4, None, out=found)


def read_scan(inputs: Inputs, parameters: Parameters) -> Scan:
    """Find everything in the file and the further inputs. `RecipeError` names what is missing."""
    source = inputs.one("projections")
    if not source.is_hdf5:
        raise RecipeError("The projections must be in one HDF5 file.", "Convert them to NXtomo.", "projections")
    file = open_hdf5(source.master)
    dxchange = isinstance(file.get("exchange/data"), h5py.Dataset)
    array = source.array("/exchange/data" if dxchange else None)
    if array.ndim != 3 or min(array.shape) < 1:
        raise RecipeError(
            f"Projections must be a stack of images; {array.path} has the shape {array.shape}.",
            "Choose a tomographic scan.",
            "projections",
        )
    key = None if dxchange else _image_key(file, source, array)
    keep = np.arange(array.shape[0]) if key is None else np.flatnonzero(key == 0)
    if len(keep) < 8:
        raise RecipeError(f"Only {len(keep)} projections: too few.", "Choose a whole scan.", "projections")
    angles = _angles(file, parameters, array.shape[0], dxchange)[keep]
    flat = _fields(file.get("exchange/data_white"), array, key, _KEY_FLAT, inputs.optional("flats"))
    dark = _fields(file.get("exchange/data_dark"), array, key, _KEY_DARK, inputs.optional("darks"))
    if flat is None:
        raise RecipeError("There is no flat field.", "Add images of the open beam as the input 'Flat fields'.", "flats")
    if dark is None:
        warn("There is no dark field; zero is taken.")
        dark = np.zeros_like(flat)
    for name, image in (("flats", flat), ("darks", dark)):
        if image.shape != array.shape[1:]:
            raise RecipeError(
                f"Images of '{name}' have {image.shape[0]} × {image.shape[1]} pixels, the projections"
                f" {array.shape[1]} × {array.shape[2]}.",
                "Choose those of this scan.",
                name,
            )
    _check_beam(flat - dark)
    return Scan(array, keep, angles, flat, dark)


def check_angles(angles: NDArray[Any], parameters: Parameters) -> None:
    """Direct Fourier inversion needs even steps over half a turn or a whole one."""
    steps = np.diff(angles)
    span = abs(float(angles[-1] - angles[0]))
    if span < np.deg2rad(150):
        warn(f"The scan covers only {np.rad2deg(span):.0f}°: slices are distorted along the missing directions.")
    if parameters.method != "dfi":
        return
    uneven = float(np.max(np.abs(steps - steps.mean()))) > _UNEVEN * abs(float(steps.mean())) + 1e-4
    turns = abs(span - np.pi) < np.deg2rad(10) or abs(span - 2 * np.pi) < np.deg2rad(10)
    if uneven or not turns:
        raise RecipeError(
            "Direct Fourier inversion needs evenly spaced angles over 180° or 360°"
            f" (these cover {np.rad2deg(span):.1f}°{', unevenly' if uneven else ''}).",
            "Choose the method 'fbp'.",
            "method",
        )


def _check_beam(beam: NDArray[Any]) -> None:
    dead = float(np.mean(~(beam > 0)))
    if dead > _DEAD_SHARE:
        raise RecipeError(
            f"In {dead:.0%} of the pixels the flat field is not brighter than the dark field.",
            "Are flat and dark fields exchanged?",
            "flats",
        )
    if dead:
        warn(f"{dead:.2%} of the pixels see no beam in the flat field; they count as empty.")


def _fields(
    stored: Any, array: Array, key: NDArray[Any] | None, wanted: int, given: Input | None
) -> NDArray[Any] | None:
    """The average of the images: those given, else those of DXchange, else those that the image key marks."""
    if given is not None:
        images = np.asarray(given.array()[()], dtype=np.float64)
    elif isinstance(stored, h5py.Dataset):
        images = np.asarray(stored[()], dtype=np.float64)
    elif key is not None and np.any(key == wanted):
        numbers = np.flatnonzero(key == wanted)
        return np.asarray(np.mean([array[int(number)] for number in numbers], axis=0, dtype=np.float64))
    else:
        return None
    return np.asarray(images.mean(axis=0) if images.ndim == 3 else images)


def _image_key(file: h5py.File, source: Input, array: Array) -> NDArray[Any] | None:
    """NXtomo's key of each image: 0 projection, 1 flat, 2 dark, 3 invalid; None where the file has none."""
    for path in (f"{array.path.rsplit('/', 1)[0]}/image_key", f"{source.entry_path}/instrument/detector/image_key"):
        node = file.get(path)
        if isinstance(node, h5py.Dataset):
            key = np.asarray(node[()]).ravel()
            if len(key) == array.shape[0]:
                return key
    found = _named(file, "image_key", array.shape[0])
    return None if found is None else np.asarray(found[()]).ravel()


def _angles(file: h5py.File, parameters: Parameters, count: int, dxchange: bool) -> NDArray[Any]:
    """The angle of each image in radian."""
    if parameters.angle_range is not None:
        return np.linspace(0, np.deg2rad(parameters.angle_range), count)
    node = file.get("exchange/theta") if dxchange else _named(file, "rotation_angle", count)
    if not isinstance(node, h5py.Dataset) or node.size != count:
        raise RecipeError(
            "The file doesn't say at which angles the projections were taken.",
            "Enter the angular range, for example 180°.",
            "angle_range",
        )
    angles = np.asarray(node[()], dtype=np.float64).ravel()
    unit = text(node.attrs["units"]) if "units" in node.attrs else "degrees"
    if not np.all(np.isfinite(angles)):
        raise RecipeError("Some angles of the file are no numbers.", "Enter the angular range.", "angle_range")
    return angles if unit.startswith("rad") else np.deg2rad(angles)


def _named(file: h5py.File, name: str, count: int) -> Any:
    """The dataset of this name with one value for each image, wherever it is."""
    found: list[Any] = []

    def look(path: str, node: Any) -> None:
        if path.rsplit("/", 1)[-1] == name and isinstance(node, h5py.Dataset) and node.size == count:
            found.append(node)

    file.visititems(look)
    return found[0] if found else None
