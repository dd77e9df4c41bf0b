"""Files for H5Web to open: every kind of thing that an HDF5 file holds, and the formats that we show as HDF5."""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np
import tifffile
import zarr
from fabio.cbfimage import CbfImage
from fabio.edfimage import EdfImage

IMAGE = np.hypot(*np.mgrid[-24:24, -32:32]).round().astype(np.int32)


def write_all(folder: Path) -> dict[str, Path]:
    """Write one file of each kind into `folder`, named `h5web-<kind>`; the HDF5 file links to another beside it."""
    folder.mkdir()
    files = {name: folder / f"h5web-{name}.{ending}" for name, ending in _ENDINGS.items()}
    _hdf5(files["hdf5"], folder / "h5web-linked.h5")
    tifffile.imwrite(files["tiff"], IMAGE, photometric="minisblack")
    EdfImage(data=IMAGE, header={"Dim_unit": "px"}).write(str(files["edf"]))
    CbfImage(data=IMAGE).write(str(files["cbf"]))
    zarr.open_group(files["zarr"], mode="w").create_array("scan/frames", data=np.stack([IMAGE, IMAGE + 7]))
    q = np.linspace(0.01, 0.5, 61)
    np.savetxt(files["text"], np.column_stack([q, 100 * np.exp(-q * 9), 0.1 + q]), header="q(1/A) I(1/cm) sigma(1/cm)")
    return files


_ENDINGS = {"hdf5": "h5", "tiff": "tif", "edf": "edf", "cbf": "cbf", "zarr": "zarr", "text": "dat"}


def _hdf5(path: Path, linked: Path) -> None:
    with h5py.File(linked, "w") as other:
        other["profile"] = np.arange(12.0) ** 2
    with h5py.File(path, "w") as file:
        file.attrs.update({"NX_class": "NXroot", "default": "entry"})
        entry = file.create_group("entry")
        entry.attrs.update({"NX_class": "NXentry", "default": "plot"})
        _nxdata(entry.create_group("plot"))
        _values(entry.create_group("values"))
        _links(entry.create_group("links"), linked)


def _nxdata(group: h5py.Group) -> None:
    group.attrs.update({"NX_class": "NXdata", "signal": "counts", "axes": ["y", "x"], "title": "Rings"})
    group.create_dataset("counts", data=IMAGE, chunks=(16, 16), compression="gzip").attrs["units"] = "counts"
    for name, size in (("y", 48), ("x", 64)):
        group[name] = np.arange(size) * 0.172
        group[name].attrs["units"] = "mm"


def _values(group: h5py.Group) -> None:
    group["energy"] = 12.658
    group["count"] = np.arange(5, dtype=np.uint64) + 2**60
    group["sample"] = "lysozyme, größe 2"
    group["names"] = np.array(["eins", "zwei", "drei"], h5py.string_dtype())
    group["ready"] = np.array([True, False, True, True])
    group.create_dataset("state", data=[0, 2, 1], dtype=h5py.enum_dtype({"OFF": 0, "ON": 1, "BROKEN": 2}))
    group["wave"] = np.exp(1j * np.linspace(0, 6, 40)) * np.linspace(1, 2, 40)
    group["field"] = (IMAGE * np.exp(1j * IMAGE / 8)).astype("c8")
    group["half"] = np.linspace(0, 1, 8, dtype="f2")
    peaks = np.zeros(3, [("h", "<i4"), ("intensity", "<f8"), ("name", h5py.string_dtype())])
    peaks["h"], peaks["intensity"], peaks["name"] = [1, 2, 3], [10.5, 20.5, 30.5], ["a", "b", "c"]
    group["peaks"] = peaks
    group["stack"] = np.stack([IMAGE + index for index in range(4)]).astype(">f4")
    group["nothing"] = h5py.Empty("f4")
    group["pointer"] = np.array([group.ref], h5py.ref_dtype)


def _links(group: h5py.Group, linked: Path) -> None:
    group["soft"] = h5py.SoftLink("/entry/values/wave")
    group["broken"] = h5py.SoftLink("/entry/nowhere")
    group["external"] = h5py.ExternalLink(linked.name, "/profile")
    group["external_broken"] = h5py.ExternalLink("h5web-missing.h5", "/profile")
