"""A simulated SAXS experiment on an EIGER 4M: silica particles that grow, their buffer, a calibrant and a mask.

Physics: spheres of 5 to 9 nm radius (10 % polydisperse, sasmodels) on top of the scattering of water, windows and slits,
at a wavelength of 1 Å. Counting noise is Poisson; gaps and dead pixels of the detector hold
its sentinel; a beam stop on a thin arm shadows the centre, which no mask of the file knows: that is what the mask
dataset is for. Everything follows from fixed seeds, so a frame never depends on who computed it.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import hdf5plugin
import numpy as np
from numpy.typing import NDArray

SHAPE = (2167, 2070)
PIXEL = 75e-6  # m
DISTANCE = 3.017  # m
WAVELENGTH = 1.0e-10  # m
CENTRE = (1037.4, 1121.8)  # column, row of the direct beam, in pixels from the first pixel's corner
SENTINEL = 2**32 - 1
EXPOSURE = 0.5  # s
STOP_RADIUS = 26  # pixels
ARM_WIDTH = 14  # pixels

_TABLE = 16384
_SEED = 20260316


@dataclass(frozen=True)
class Detector:
    """What is the same for every frame: the bin of each pixel's q, which pixels work, which are in shadow."""

    bins: NDArray[np.uint16]
    q: NDArray[np.float64]  # of the table's bins, 1/Å
    invalid: NDArray[np.bool_]
    dead: NDArray[np.bool_]
    shadow: NDArray[np.bool_]


def detector() -> Detector:
    """The geometry by pyFAI: an EIGER 4M with its gaps, straight in the beam."""
    import pyFAI.detectors
    from pyFAI.integrator.azimuthal import AzimuthalIntegrator

    eiger = pyFAI.detectors.detector_factory("eiger_4m")
    integrator = AzimuthalIntegrator(
        dist=DISTANCE, poni1=CENTRE[1] * PIXEL, poni2=CENTRE[0] * PIXEL, detector=eiger, wavelength=WAVELENGTH
    )
    q = integrator.array_from_unit(SHAPE, "center", "q_A^-1")
    top = float(q.max()) * 1.0001
    bins = (q / top * _TABLE).astype(np.uint16)
    random = np.random.default_rng(_SEED)
    dead = np.zeros(SHAPE, bool)
    dead.flat[random.integers(0, dead.size, 300)] = True
    row, column = np.ogrid[: SHAPE[0], : SHAPE[1]]
    circle = (row - CENTRE[1]) ** 2 + (column - CENTRE[0]) ** 2 < STOP_RADIUS**2
    arm = (abs(column - CENTRE[0]) < ARM_WIDTH / 2) & (row > CENTRE[1])
    gaps = eiger.mask.astype(bool)
    return Detector(bins, (np.arange(_TABLE) + 0.5) * top / _TABLE, gaps | dead, dead, circle | arm)


def buffer_counts(q: NDArray[Any]) -> NDArray[Any]:
    """Mean counts per pixel and frame of water, windows and slits."""
    return np.asarray(0.16 + 2.2e-7 / np.maximum(q, 3e-3) ** 3.2 + 0.05 * np.exp(-(((q - 0.9) / 0.4) ** 2)))


def particle_counts(q: NDArray[Any], radius: float) -> NDArray[Any]:
    """Mean counts per pixel and frame of the particles; `radius` in Å."""
    from sasmodels.core import load_model
    from sasmodels.direct_model import call_kernel

    coarse = np.geomspace(q[0], q[-1], 600)
    kernel = load_model("sphere", dtype="double", platform="dll").make_kernel([coarse])
    values = call_kernel(
        kernel,
        {
            "scale": 1.2e-3,
            "background": 0.0,
            "radius": radius,
            "radius_pd": 0.1,
            "radius_pd_n": 35,
            "radius_pd_type": "schulz",
            "sld": 18.8,
            "sld_solvent": 9.4,
        },
    )
    return np.exp(np.interp(np.log(q), np.log(coarse), np.log(values)))


def radius_of(number: int, count: int) -> float:
    """The particles grow from 5 to 9 nm, quickly at first (diffusion-limited: with the cube root of time). In Å."""
    return float(50 + 40 * ((number + 0.5) / count) ** (1 / 3))


def temperature_of(number: int, count: int) -> float:
    return round(20 + 40 * number / max(1, count - 1), 2)


def monitor_of(seed: int, count: int) -> NDArray[np.float64]:
    """Photons in each exposure relative to the mean: the ring is filled every 80 frames, and the beam trembles."""
    random = np.random.default_rng(seed)
    return np.asarray(1 + 0.015 * np.cos(np.arange(count) / 80 * 2 * np.pi) + random.normal(0, 0.004, count))


class Frames:
    """Makes frames as the compressed chunks of the file: `Frames(…)(number)`."""

    def __init__(
        self, instrument: Detector, seed: int, means: Callable[[int], NDArray[Any]], monitor: NDArray[Any]
    ) -> None:
        self._instrument = instrument
        self._seed = seed
        self._means = means
        self._monitor = monitor
        self._one_at_a_time = threading.Lock()  # a form factor's compiled code is no business of two threads

    def image(self, number: int) -> NDArray[np.uint32]:
        """Frame `number`: Poisson counts, sentinels where the detector doesn't measure."""
        random = np.random.default_rng([self._seed, number])
        with self._one_at_a_time:
            expected = self._means(number)
        table = (expected * self._monitor[number]).astype(np.float32)
        mean = table[self._instrument.bins]
        mean[self._instrument.shadow] *= 2e-3
        image = random.poisson(mean).astype(np.uint32)
        image[self._instrument.invalid] = SENTINEL
        return image

    def __call__(self, number: int) -> bytes:
        return compressed(self.image(number))


def compressed(image: NDArray[Any]) -> bytes:
    """One frame as a bitshuffle-LZ4 chunk, made by the HDF5 filter itself in a file that exists in memory only."""
    name = f"chunk-{threading.get_ident()}.h5"  # files in memory of one name are one file
    with h5py.File(name, "w", driver="core", backing_store=False) as file:
        dataset = file.create_dataset(
            "data", data=image[np.newaxis], chunks=(1, *image.shape), **hdf5plugin.Bitshuffle(cname="lz4")
        )
        _, chunk = dataset.id.read_direct_chunk((0, 0, 0))
    return bytes(chunk)


def chunks(frames: Frames, count: int, processes: int) -> Iterator[bytes]:
    """The chunks of all frames in order, made by as many threads: most of it is NumPy, which lets go of the interpreter.

    No forked processes: a fork beside the threads of the libraries can wait for a lock for ever.
    """
    with ThreadPoolExecutor(processes) as pool:
        yield from pool.map(frames, range(count))


@dataclass(frozen=True)
class Series:
    """A series of frames as one NeXus file."""

    title: str
    sample: str
    count: int
    seed: int
    proposal: str
    start: str
    end: str
    temperature: NDArray[Any] | None = None


def write_series(
    path: Path,
    series: Series,
    instrument: Detector,
    *,
    means: Callable[[int], NDArray[Any]],
    progress: Callable[[int], None],
) -> None:
    """Write the frames of `series`; `means(number)` gives the mean counts over the detector's q table."""
    monitor = monitor_of(series.seed, series.count)
    draft = path.with_suffix(".part")
    frames = Frames(instrument, series.seed, means, monitor)
    with h5py.File(draft, "w", libver=("earliest", "v110")) as file:
        entry = _header(file, series)
        data = _group(entry, "data", "NXdata")
        data.attrs.update({"signal": "data", "axes": ["frame_number", ".", "."]})
        data["frame_number"] = np.arange(series.count)
        images = data.create_dataset(
            "data",
            (series.count, *SHAPE),
            np.uint32,
            chunks=(1, *SHAPE),
            **hdf5plugin.Bitshuffle(cname="lz4"),
        )
        images.attrs.update({"units": "counts", "interpretation": "image", "long_name": "EIGER 4M"})
        _write_instrument(entry, instrument, images)
        control = _group(entry, "control", "NXmonitor")
        control["mode"] = "timer"
        control["preset"] = EXPOSURE
        control["preset"].attrs["units"] = "s"
        control["integral"] = np.round(monitor * 1e11)
        control["integral"].attrs["long_name"] = "Photons on the sample"
        for number, chunk in enumerate(chunks(frames, series.count, os.cpu_count() or 1)):
            images.id.write_direct_chunk((number, 0, 0), chunk)
            progress(number + 1)
    draft.replace(path)


def _header(file: h5py.File, series: Series) -> h5py.Group:
    file.attrs.update({"NX_class": "NXroot", "default": "entry", "creator": "PaN-DAaS demo simulation"})
    entry = _group(file, "entry", "NXentry")
    entry.attrs["default"] = "data"
    entry["definition"] = "NXsas"
    entry["title"] = series.title
    entry["experiment_identifier"] = series.proposal
    entry["start_time"] = series.start
    entry["end_time"] = series.end
    entry["notes"] = "Simulated: form factor by sasmodels, geometry by pyFAI, Poisson noise."
    sample = _group(entry, "sample", "NXsample")
    sample["name"] = series.sample
    if series.temperature is not None:
        sample["temperature"] = series.temperature
        sample["temperature"].attrs["units"] = "degC"
    return entry


def _write_instrument(entry: h5py.Group, instrument: Detector, images: h5py.Dataset | None) -> None:
    node = _group(entry, "instrument", "NXinstrument")
    node["name"] = "BL-SAXS"
    node["name"].attrs["short_name"] = "BL-SAXS"
    source = _group(node, "source", "NXsource")
    source["name"] = "Demo Light Source"
    source["type"] = "Synchrotron X-ray Source"
    source["probe"] = "x-ray"
    mono = _group(node, "monochromator", "NXmonochromator")
    _quantity(mono, "wavelength", WAVELENGTH * 1e10, "angstrom")
    _quantity(mono, "energy", 12.398419843320026 / (WAVELENGTH * 1e10), "keV")
    camera = _group(node, "detector", "NXdetector")
    camera["description"] = "EIGER 4M"
    camera["type"] = "pixel"
    camera["sensor_material"] = "Si"
    for name, value, unit in (
        ("distance", DISTANCE, "m"),
        ("beam_center_x", CENTRE[0], "pixel"),
        ("beam_center_y", CENTRE[1], "pixel"),
        ("x_pixel_size", PIXEL, "m"),
        ("y_pixel_size", PIXEL, "m"),
        ("sensor_thickness", 450e-6, "m"),
        ("count_time", EXPOSURE, "s"),
    ):
        _quantity(camera, name, value, unit)
    if images is not None:
        camera["data"] = images
    mask = np.where(instrument.dead, 2, np.where(instrument.invalid, 1, 0)).astype(np.uint32)
    node = camera.create_dataset("pixel_mask", data=mask, chunks=SHAPE, **hdf5plugin.Bitshuffle(cname="lz4"))
    node.attrs["long_name"] = "bit 0: gap, bit 1: dead"


def write_mask(path: Path, instrument: Detector, proposal: str) -> None:
    """The mask that instrument staff drew: gaps, dead pixels, beam stop and its arm."""
    draft = path.with_suffix(".part")
    with h5py.File(draft, "w", libver=("earliest", "v110")) as file:
        entry = _plain_entry(file, "Mask of the EIGER 4M with beam stop", proposal)
        data = _group(entry, "data", "NXdata")
        data.attrs["signal"] = "mask"
        row, column = np.ogrid[: SHAPE[0], : SHAPE[1]]
        halo = (row - CENTRE[1]) ** 2 + (column - CENTRE[0]) ** 2 < (STOP_RADIUS + 4) ** 2
        arm = (abs(column - CENTRE[0]) < ARM_WIDTH / 2 + 3) & (row > CENTRE[1])
        mask = (instrument.invalid | halo | arm).astype(np.uint8)
        node = data.create_dataset("mask", data=mask, chunks=SHAPE, compression="gzip", compression_opts=4)
        node.attrs.update({"interpretation": "image", "long_name": "Pixels that are left out"})
        _write_instrument(entry, instrument, None)
    draft.replace(path)


def write_calibration(path: Path, instrument: Detector, proposal: str) -> None:
    """The calibrant's image (silver behenate) and the geometry that was found from it."""
    draft = path.with_suffix(".part")
    q = instrument.q
    rings = sum(
        (18 / order) * np.exp(-0.5 * ((q - order * 2 * np.pi / 58.380) / 0.0012) ** 2) for order in range(1, 14)
    )
    frames = Frames(instrument, _SEED + 3, lambda _: 0.3 + 1e-6 / np.maximum(q, 5e-3) ** 3 + rings, np.ones(1))
    with h5py.File(draft, "w", libver=("earliest", "v110")) as file:
        entry = _plain_entry(file, "Geometry from silver behenate", proposal)
        sample = _group(entry, "sample", "NXsample")
        sample["name"] = "Silver behenate"
        data = _group(entry, "data", "NXdata")
        data.attrs["signal"] = "data"
        images = data.create_dataset("data", SHAPE, np.uint32, chunks=SHAPE, **hdf5plugin.Bitshuffle(cname="lz4"))
        images[...] = frames.image(0)
        images.attrs.update({"units": "counts", "interpretation": "image"})
        _write_instrument(entry, instrument, images)
    draft.replace(path)


def write_poni(path: Path) -> None:
    """The same geometry as pyFAI's PONI file."""
    draft = path.with_suffix(".part")
    draft.write_text(
        "# Geometry of the simulated EIGER 4M, as the calibration of the demo facility\n"
        "poni_version: 2\n"
        "Detector: Eiger4M\n"
        "Detector_config: {}\n"
        f"Distance: {DISTANCE}\n"
        f"Poni1: {CENTRE[1] * PIXEL}\n"
        f"Poni2: {CENTRE[0] * PIXEL}\n"
        "Rot1: 0\nRot2: 0\nRot3: 0\n"
        f"Wavelength: {WAVELENGTH}\n",
        "utf-8",
    )
    draft.replace(path)


def _plain_entry(file: h5py.File, title: str, proposal: str) -> h5py.Group:
    file.attrs.update({"NX_class": "NXroot", "default": "entry", "creator": "PaN-DAaS demo simulation"})
    entry = _group(file, "entry", "NXentry")
    entry.attrs["default"] = "data"
    entry["title"] = title
    entry["experiment_identifier"] = proposal
    entry["start_time"] = "2026-03-16T07:30:00+01:00"
    return entry


def _quantity(group: h5py.Group, name: str, value: float, unit: str) -> None:
    group[name] = value
    group[name].attrs["units"] = unit


def _group(parent: h5py.Group, name: str, nx_class: str) -> h5py.Group:
    group = parent.create_group(name)
    group.attrs["NX_class"] = nx_class
    return group
