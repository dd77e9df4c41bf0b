"""The datasets that a job was given: what the catalogue knows of them, and lazy access to their arrays.

HDF5 (NeXus) is read with h5py, with hdf5plugin's filters where that is installed; images in other formats (CBF, EDF,
TIFF, MarCCD …) with fabio, if the recipe's environment has it. Files are opened once per process and never shared by
forked ones.
"""

from __future__ import annotations

import contextlib
import math
import os
from dataclasses import dataclass, field
from typing import Any, Iterator, Mapping, Optional

import h5py
import numpy as np
import numpy.typing as npt

from pandaas.sdk.errors import RecipeError

with contextlib.suppress(ImportError):
    import hdf5plugin  # noqa: F401 - registers the compressions that detectors use

NDArray = npt.NDArray[Any]


@dataclass(frozen=True)
class Quantity:
    """A measured or set value as the catalogue has it; in SI base units too where it could be converted."""

    value: Any
    unit: Optional[str] = None
    si_value: Optional[float] = None
    si_unit: Optional[str] = None


@dataclass(frozen=True)
class ArrayInfo:
    """An array as the catalogue knows it, without opening the file."""

    path: str
    shape: tuple[int, ...]
    dtype: str
    kind: str = "other"
    unit: Optional[str] = None
    is_default: bool = False


@dataclass(frozen=True)
class Input:
    """One dataset. `master` is the file to open, `files` all that hold its data, `slot` the recipe's input it was given for.

    `attachments` lie beside them: a PONI file, a read-me text, a configuration.
    """

    slot: str
    pid: str
    version: int
    title: str
    files: tuple[str, ...]
    master: str
    format: str
    sample: Optional[str] = None
    entry_path: str = "/"
    kind: str = "raw"
    techniques: tuple[str, ...] = ()
    parameters: Mapping[str, Quantity] = field(default_factory=dict)
    arrays: tuple[ArrayInfo, ...] = ()
    plot: Optional[Mapping[str, Any]] = None
    attachments: tuple[str, ...] = ()

    @classmethod
    def from_json(cls, slot: str, item: Mapping[str, Any]) -> Input:
        """Read one item of `inputs` in job.json."""
        files = tuple(str(name) for name in item["files"])
        known = ("value", "unit", "si_value", "si_unit")
        return cls(
            slot=slot,
            pid=str(item["pid"]),
            version=int(item.get("version") or 1),
            title=str(item.get("title") or item["pid"]),
            sample=item.get("sample"),
            files=files,
            master=str(item.get("master") or files[0]),
            format=str(item.get("format") or ""),
            entry_path=str(item.get("entry_path") or "/"),
            kind=str(item.get("kind") or "raw"),
            techniques=tuple(item.get("techniques") or ()),
            parameters={
                name: Quantity(**{key: value[key] for key in known if key in value})
                for name, value in (item.get("parameters") or {}).items()
            },
            arrays=tuple(_array_info(array) for array in item.get("arrays") or ()),
            plot=item.get("plot"),
            attachments=tuple(str(name) for name in item.get("attachments") or ()),
        )

    @property
    def is_hdf5(self) -> bool:
        return os.path.isfile(self.master) and bool(h5py.is_hdf5(self.master))

    def open(self) -> Any:
        """The master file: an `h5py.File` for HDF5, else a fabio image. Don't close it: it is shared in this process."""
        return open_hdf5(self.master) if self.is_hdf5 else open_image(self.master)

    def default_path(self) -> str:
        """Inner path of the array that the dataset is about: its default plot's signal, else its largest array.

        Where the catalogue says nothing, the file's own NeXus attributes do (`@default`, `@signal`).
        """
        for array in self.arrays:
            if array.is_default:
                return array.path
        if self.plot and self.plot.get("signal"):
            return str(self.plot["signal"])
        numeric = [array for array in self.arrays if np.dtype(array.dtype).kind in "iufb"]
        if numeric:
            return max(numeric, key=lambda array: math.prod(array.shape)).path
        if not self.is_hdf5:
            return "/"
        signal = _nexus_signal(open_hdf5(self.master))
        if signal:
            return signal
        raise RecipeError(
            f"'{self.title}' holds no array that could be analysed.", "Choose another dataset.", self.slot
        )

    def __getitem__(self, path: str) -> Array:
        """The array at `path`, as the client's datasets give it; `KeyError` for a path that doesn't exist."""
        try:
            return self.array(path)
        except RecipeError as error:
            raise KeyError(path) from error

    def array(self, path: Optional[str] = None) -> Array:
        """The array at `path` (default: `default_path()`), read when it is sliced."""
        return Array(self, path or self.default_path())


class Inputs(Mapping[str, "tuple[Input, ...]"]):
    """The inputs by slot. A slot that was left empty gives `()`."""

    def __init__(self, slots: Mapping[str, tuple[Input, ...]]) -> None:
        self._slots = dict(slots)

    def __getitem__(self, slot: str) -> tuple[Input, ...]:
        return self._slots.get(slot, ())

    def __iter__(self) -> Iterator[str]:
        return iter(self._slots)

    def __len__(self) -> int:
        return len(self._slots)

    def one(self, slot: str) -> Input:
        """The only dataset of `slot`; `RecipeError` when there is none or more than one."""
        found = self[slot]
        if len(found) != 1:
            count = "no dataset was" if not found else f"{len(found)} datasets were"
            raise RecipeError(f"The input '{slot}' takes one dataset, but {count} given.", field=slot)
        return found[0]

    def optional(self, slot: str) -> Optional[Input]:
        """The dataset of `slot`, or None when the slot was left empty."""
        return self.one(slot) if self[slot] else None

    def all(self) -> tuple[Input, ...]:
        return tuple(item for slot in self._slots for item in self._slots[slot])


class Array:
    """A lazy array of an input: `array[3]` or `array[0:10, :, 5]` reads only that. Shape in file order."""

    def __init__(self, source: Input, path: str) -> None:
        self.source = source
        self.path = path
        node = self._node()
        self.shape: tuple[int, ...] = tuple(node.shape)
        self.dtype: np.dtype[Any] = np.dtype(node.dtype)
        units = node.attrs.get("units") if hasattr(node, "attrs") else None
        self.unit: Optional[str] = text(units) if units is not None else None

    @property
    def ndim(self) -> int:
        return len(self.shape)

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, selection: Any) -> Any:
        return self._node()[selection]

    def __array__(self, dtype: Any = None, copy: Optional[bool] = None) -> NDArray:
        values = np.asarray(self._node()[()])
        return values if dtype is None else values.astype(dtype)

    def _node(self) -> Any:
        if not self.source.is_hdf5:
            return open_image(self.source.master).data
        node = open_hdf5(self.source.master).get(self.path)
        if not isinstance(node, h5py.Dataset):
            raise RecipeError(
                f"'{self.source.title}' has no array '{self.path}'.", "Choose another array.", self.source.slot
            )
        return node


def read_block(source: Input, array_path: Optional[str], start: int, stop: int) -> NDArray:
    """The elements start … stop-1 along the first axis of an array (default array when `array_path` is None)."""
    return np.asarray(source.array(array_path)[start:stop])


_open_files: dict[tuple[int, str], Any] = {}
_last_image: Optional[tuple[str, Any]] = None


def open_hdf5(path: str) -> h5py.File:
    """The HDF5 file at `path`, opened once in this process (an inherited handle is never used after a fork)."""
    key = (os.getpid(), path)
    if key not in _open_files:
        try:
            _open_files[key] = h5py.File(path, "r")
        except OSError as error:
            raise RecipeError(
                f"The file {os.path.basename(path)} can't be opened as HDF5: {error}.",
                "It is damaged or incomplete: choose another dataset, or have the file copied once more.",
                _slot_of(path),
            ) from error
    return _open_files[key]


def _slot_of(path: str) -> Optional[str]:
    """The input of the running job that the file belongs to."""
    from pandaas.sdk.job import current_job

    job = current_job()
    items = job.inputs.all() if job is not None else ()
    return next((item.slot for item in items if path in (item.master, *item.files, *item.attachments)), None)


def open_image(path: str) -> Any:
    """The image file at `path` as fabio reads it (`.data` is the array, `.header` its header); the last one is kept."""
    try:
        import fabio
    except ImportError as error:
        raise RecipeError(
            f"{os.path.basename(path)} is not HDF5, and this recipe's environment reads no other format.",
            "Ask the recipe's author to add fabio to its environment.",
        ) from error
    global _last_image  # noqa: PLW0603 - one image is kept: a series would fill the memory
    if _last_image is None or _last_image[0] != path:
        try:
            _last_image = (path, fabio.open(path))
        except Exception as error:  # fabio's readers raise whatever their parsers meet
            raise RecipeError(
                f"{os.path.basename(path)} can't be read as an image: {error}.", "Is the file complete?", _slot_of(path)
            ) from error
    return _last_image[1]


def forget_files() -> None:
    """Close the files of this process (at its end, or before a long computation)."""
    for key in [key for key in _open_files if key[0] == os.getpid()]:
        _open_files.pop(key).close()


def text(value: Any) -> str:
    """An HDF5 string, given as str, bytes, array of one or NumPy scalar, as str."""
    if isinstance(value, np.ndarray):
        value = value.ravel()[0] if value.size else ""
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def _nexus_signal(file: h5py.File) -> Optional[str]:
    """Follow `@default` down to a group with `@signal`."""
    group: Any = file
    for _ in range(8):
        signal = group.attrs.get("signal")
        if signal is not None and isinstance(group.get(text(signal)), h5py.Dataset):
            return f"{group.name.rstrip('/')}/{text(signal)}"
        group = group.get(text(group.attrs.get("default", ""))) if "default" in group.attrs else None
        if not isinstance(group, h5py.Group):
            return None
    return None


def _array_info(item: Mapping[str, Any]) -> ArrayInfo:
    return ArrayInfo(
        path=str(item["path"]),
        shape=tuple(int(length) for length in item["shape"]),
        dtype=str(item["dtype"]),
        kind=str(item.get("kind") or "other"),
        unit=item.get("unit"),
        is_default=bool(item.get("is_default")),
    )
