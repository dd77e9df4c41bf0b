"""The files of `arrays.py`: EIGER 4M frames, camera frames in one piece, a tomography volume, many groups; 1.9 GB."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import h5py
import hdf5plugin
import numpy as np

FRAMES = 100


def make_files(folder: Path) -> None:
    folder.mkdir(parents=True)
    random = np.random.default_rng(42)
    with _nexus(folder / "eiger.nxs") as data:
        yy, xx = np.mgrid[0:2167, 0:2070].astype("f4")
        r2 = (yy - 1083) ** 2 + (xx - 1035) ** 2
        mean = 0.15 + 6 * np.exp(-r2 / 245_000) + 1.5 * np.exp(-((np.sqrt(r2) - 700) ** 2) / 7200)
        made = data.create_dataset(
            "data", (FRAMES, *mean.shape), "u4", chunks=(1, *mean.shape), **hdf5plugin.Bitshuffle()
        )
        some = [random.poisson(mean).astype("u4") for _ in range(10)]
        for number in range(FRAMES):
            frame = some[number % 10]
            frame[514:551] = frame[1065:1102] = frame[:, 1030:1040] = 0xFFFFFFFF
            made[number] = frame
    with _nexus(folder / "camera.nxs") as data:
        made = data.create_dataset("data", (FRAMES, 2048, 2048), "u2")
        some = [random.normal(2000, 25, (2048, 2048)).astype("u2") for _ in range(4)]
        for number in range(FRAMES):
            made[number] = some[number % 4]
    with _nexus(folder / "volume.nxs") as data:
        made = data.create_dataset("data", (512, 1024, 1024), "u1", chunks=(64, 64, 64), **hdf5plugin.Bitshuffle())
        z, y, x = np.mgrid[0:64, 0:1024, 0:1024].astype("f4")
        for first in range(0, 512, 64):
            values = 90 + 50 * np.sin((z + first) / 37) * np.sin(y / 51) * np.sin(x / 43)
            made[first : first + 64] = values + random.normal(0, 4, values.shape).astype("f4")
    with h5py.File(folder / "groups.nxs", "w") as file:
        file.attrs["NX_class"] = "NXroot"
        for number in range(2000):
            group = file.create_group(f"scan_{number:04}")
            group.attrs["NX_class"] = "NXcollection"
        file["values"] = np.arange(10.0)


@contextmanager
def _nexus(path: Path) -> Iterator[h5py.Group]:
    with h5py.File(path, "w", libver="latest") as file:
        entry = file.create_group("entry")
        entry.attrs["NX_class"] = "NXentry"
        data = entry.create_group("data")
        data.attrs.update(NX_class="NXdata", signal="data")
        yield data
        data["data"].attrs["units"] = "counts"
