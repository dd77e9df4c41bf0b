"""A series of detector images, however it is stored: one HDF5 array, EIGER's numbered arrays, or many image files."""

from __future__ import annotations

import math
import re
from typing import Any, Optional

import h5py
import numpy as np

from pandaas.sdk.errors import RecipeError
from pandaas.sdk.inputs import Input, NDArray, open_hdf5, open_image

_EIGER_PART = re.compile(r"data_\d{6}$")


class Frames:
    """Images of equal shape, numbered from 0. `shape` is one image's (rows, columns); reading is per process.

    An array with more than three axes counts its leading axes in C order (`scan_shape`).
    """

    def __init__(self, source: Input, path: Optional[str] = None) -> None:
        self.source = source
        self._hdf5 = source.is_hdf5
        if self._hdf5:
            self.path = path or source.default_path()
            self._parts = _eiger_parts(source, self.path)
        else:
            self.path = "/"
            self._parts = tuple(name for name in source.files if not name.lower().endswith((".poni", ".txt", ".json")))
        first = self._first()
        if len(first.shape) < 2:
            raise RecipeError(
                f"'{source.title}' holds no images: {self.path} has the shape {tuple(first.shape)}.",
                "Choose a dataset with detector images.",
                source.slot,
            )
        self.shape: tuple[int, int] = (int(first.shape[-2]), int(first.shape[-1]))
        self.dtype: np.dtype[Any] = np.dtype(first.dtype)
        self._counts = self._part_lengths()
        self.scan_shape: tuple[int, ...] = (
            tuple(first.shape[:-2]) if len(self._parts) == 1 and self._hdf5 else (sum(self._counts),)
        )

    def __len__(self) -> int:
        return sum(self._counts)

    def frame(self, index: int) -> NDArray:
        """One image, shape `self.shape`."""
        if not 0 <= index < len(self):
            raise IndexError(f"frame {index} of {len(self)}")
        for part, count in enumerate(self._counts):
            if index < count:
                return self._read(part, index)
            index -= count
        raise AssertionError("unreachable: counts add up to the length")

    def datasets(self) -> list[h5py.Dataset]:
        """The HDF5 datasets that make up the series, in order; none for image files."""
        return [self._dataset(part) for part in range(len(self._parts))] if self._hdf5 else []

    def place(self, index: int) -> tuple[h5py.Dataset, tuple[int, ...]]:
        """Where frame `index` of an HDF5 series is: its dataset, and the indices of the dataset's leading axes."""
        for part, count in enumerate(self._counts):
            if 0 <= index < count:
                dataset = self._dataset(part)
                leading = np.unravel_index(index, dataset.shape[:-2]) if dataset.ndim > 2 else ()
                return dataset, tuple(int(number) for number in leading)
            index -= count
        raise IndexError(f"no such frame in {len(self)}")

    def _first(self) -> Any:
        if self._hdf5:
            return self._dataset(0)
        return open_image(self._parts[0]).data

    def _dataset(self, part: int) -> h5py.Dataset:
        node = open_hdf5(self.source.master).get(self._parts[part])
        if not isinstance(node, h5py.Dataset):
            raise RecipeError(
                f"'{self.source.title}' has no array '{self._parts[part]}', or the file it links to is missing.",
                "Check the dataset's files, or choose another array.",
                self.source.slot,
            )
        return node

    def _part_lengths(self) -> list[int]:
        if self._hdf5:
            return [math.prod(self._dataset(part).shape[:-2]) for part in range(len(self._parts))]
        # Many files of many images don't occur; opening each of a long series to count would.
        return [1] * len(self._parts) if len(self._parts) > 1 else [int(open_image(self._parts[0]).nframes)]

    def _read(self, part: int, index: int) -> NDArray:
        if not self._hdf5:
            image = open_image(self._parts[part])
            return self._checked(np.asarray(image.data if image.nframes == 1 else image.getframe(index).data))
        dataset = self._dataset(part)
        leading = np.unravel_index(index, dataset.shape[:-2]) if dataset.ndim > 2 else ()
        return self._checked(np.asarray(dataset[tuple(int(i) for i in leading)]))

    def _checked(self, image: NDArray) -> NDArray:
        if image.shape != self.shape:
            raise RecipeError(
                f"The images of '{self.source.title}' differ in shape: {image.shape} and {self.shape}.",
                "Analyse them as separate datasets.",
                self.source.slot,
            )
        return image


def _eiger_parts(source: Input, path: str) -> tuple[str, ...]:
    """DECTRIS masters link to data_000001, data_000002 …, which together are the series."""
    if not _EIGER_PART.search(path):
        return (path,)
    folder = path.rsplit("/", 1)[0] or "/"
    group = open_hdf5(source.master).get(folder)
    names = sorted(name for name in group if _EIGER_PART.search(name)) if isinstance(group, h5py.Group) else []
    return tuple(f"{folder.rstrip('/')}/{name}" for name in names) or (path,)
