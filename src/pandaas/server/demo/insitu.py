"""The demo's in-situ series: frames of its simulated growth, one file for each, as a beamline writes single exposures.

Nothing is computed anew: a frame is its chunk in the long series, with the temperature and monitor that belong to it.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import h5py
import hdf5plugin
import numpy as np

TITLE = "Silica growth in situ"


def write_measurements(source: Path, folder: Path, count: int) -> list[Path]:
    """At most `count` files in `folder`, evenly spread over the frames of `source`; those that are there are kept."""
    folder.mkdir(parents=True, exist_ok=True)
    with h5py.File(source) as series:
        frames = series["entry/data/data"].shape[0]
        numbers = np.unique(np.linspace(0, frames - 1, min(count, frames)).round().astype(int))
        files = []
        for index, number in enumerate(numbers.tolist(), 1):
            file = folder / f"growth_{index:02d}.nxs"
            if not file.is_file():
                _write(series, file, number)
            files.append(file)
    return files


def _write(series: h5py.File, file: Path, number: int) -> None:
    draft = file.with_suffix(".part")
    entry, images = series["entry"], series["entry/data/data"]
    temperature = float(entry["sample/temperature"][number])
    with h5py.File(draft, "w", libver=("earliest", "v110")) as made:
        made.attrs.update(series.attrs)
        target = made.create_group("entry")
        target.attrs.update(entry.attrs)
        for name in ("definition", "experiment_identifier", "notes"):
            entry.copy(name, target)
        target["title"] = f"{TITLE}, {temperature:.1f} °C"
        start, end = (datetime.fromisoformat(entry[name].asstr()[()]) for name in ("start_time", "end_time"))
        each = (end - start) / images.shape[0]
        target["start_time"] = (start + number * each).isoformat()
        target["end_time"] = (start + (number + 1) * each).isoformat()
        entry.copy("sample", target, shallow=True)
        del target["sample/temperature"]
        target["sample"]["temperature"] = temperature
        target["sample/temperature"].attrs.update(entry["sample/temperature"].attrs)
        _write_frame(images, target, number)
        _copy_instrument(entry, target)
        entry.copy("control", target)
        del target["control/integral"]
        target["control"]["integral"] = entry["control/integral"][number : number + 1]
        target["control/integral"].attrs.update(entry["control/integral"].attrs)
    draft.replace(file)


def _write_frame(images: h5py.Dataset, target: h5py.Group, number: int) -> None:
    """The chunk as it is stored, without a decompression."""
    data = target.create_group("data")
    data.attrs.update(images.parent.attrs)
    data["frame_number"] = np.array([number])
    # Made anew, as the copied properties of a filter would be filled in a second time.
    frame = data.create_dataset(
        "data",
        (1, *images.shape[1:]),
        images.dtype,
        chunks=(1, *images.shape[1:]),
        **hdf5plugin.Bitshuffle(cname="lz4"),
    )
    frame.attrs.update(images.attrs)
    mask, chunk = images.id.read_direct_chunk((number, 0, 0))
    frame.id.write_direct_chunk((0, 0, 0), chunk, mask)


def _copy_instrument(entry: h5py.Group, target: h5py.Group) -> None:
    """All but the images, which are a second name of the data there."""
    place = target.create_group("instrument")
    place.attrs.update(entry["instrument"].attrs)
    for name in entry["instrument"]:
        if name != "detector":
            entry["instrument"].copy(name, place)
    camera = place.create_group("detector")
    camera.attrs.update(entry["instrument/detector"].attrs)
    for name in entry["instrument/detector"]:
        if name != "data":
            entry["instrument/detector"].copy(name, camera)
    camera["data"] = target["data/data"]
