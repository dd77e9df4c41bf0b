"""Inputs as they should not be, made of copies of good ones: what every recipe must say in words.

`nan`: nothing is a number; `empty`: no frame, no row; `flat`: a dimension less, or one more than a curve has; `torn`: the
file ends in its middle. HDF5 and tables of text; other files can be `empty` and `torn`.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from pandaas.sdk.errors import RecipeError
from pandaas.sdk.inputs import Input, forget_files

KINDS = ("nan", "empty", "flat", "torn")


def damaged(given: Mapping[str, Any], kind: str, folder: Path, measured: Sequence[str] = ()) -> dict[str, Any] | None:
    """An item of job.json whose files lie damaged in `folder`; None where such a file can't be damaged so.

    `measured` are inner paths of the arrays that hold what was measured; without them it is the dataset's default array.
    """
    folder.mkdir(parents=True, exist_ok=True)
    files = [Path(shutil.copy(name, folder)) for name in given["files"]]
    made = {**given, "files": [str(file) for file in files], "master": str(files[0])}
    is_hdf5 = h5py.is_hdf5(files[0])
    if kind == "torn" or not (is_hdf5 or _is_table(files[0])):
        return made if _cut(files, kind, is_hdf5) else None
    if not is_hdf5:
        for file in files:
            lines = file.read_text("utf-8").splitlines()
            file.write_text("\n".join(changed for line in lines if (changed := _row(line, kind)) is not None), "utf-8")
        return made
    paths = measured or (_default(made),)
    shapes: dict[str, tuple[int, ...]] = {}
    for file in files:
        for path in paths:
            shapes |= _change(file, path, kind)
    arrays = [{**one, "shape": list(shapes.get(one["path"], one["shape"]))} for one in given.get("arrays", ())]
    return {**made, "arrays": arrays}


def _default(given: Mapping[str, Any]) -> str:
    try:
        return Input.from_json("damaged", given).default_path()
    except RecipeError:  # the catalogue knows no array, and the file names none
        with h5py.File(given["master"]) as stream:
            return str(_largest(stream).name)
    finally:
        forget_files()  # they are about to be changed


def _cut(files: list[Path], kind: str, is_hdf5: bool) -> bool:
    if kind not in {"torn", "empty"} or (kind == "torn" and not is_hdf5 and _is_table(files[0])):
        return False  # half a table is a short one
    for file in files:
        file.write_bytes(file.read_bytes()[: file.stat().st_size // 2] if kind == "torn" else b"")
    return True


def _change(file: Path, path: str, kind: str) -> dict[str, tuple[int, ...]]:
    """The array at `path`, in files of a series that don't have it their largest, replaced; its new shape by its path."""
    with h5py.File(file, "r+") as stream:
        node = stream[path] if path in stream else _largest(stream)
        name, attributes, values = node.name, dict(node.attrs), _spoilt(node[()], kind)
        del stream[name]
        stream.create_dataset(name, data=values).attrs.update(attributes)
    return {name: values.shape}


def _spoilt(values: np.ndarray[Any, Any], kind: str) -> np.ndarray[Any, Any]:
    if kind == "empty":
        return values[:0]
    if kind == "flat":
        return values[0] if values.ndim > 1 else values[np.newaxis]
    return np.full(values.shape, np.nan, values.dtype if values.dtype.kind in "fc" else np.float64)


def _largest(stream: h5py.File) -> h5py.Dataset:
    found: list[h5py.Dataset] = []
    stream.visititems(lambda _, node: found.append(node) if isinstance(node, h5py.Dataset) else None)
    return max((node for node in found if node.dtype.kind in "iufc"), key=lambda node: node.size)


def _is_table(file: Path) -> bool:
    try:
        return any(_numbers(line) for line in file.read_text("utf-8").splitlines())
    except UnicodeDecodeError:
        return False


def _row(line: str, kind: str) -> str | None:
    """A row of numbers changed, None for one that is gone; other lines stay as they are."""
    numbers = _numbers(line)
    if not numbers:
        return line
    if kind == "empty":
        return None
    return numbers[0] if kind == "flat" else " ".join([numbers[0], *["nan"] * (len(numbers) - 1)])


def _numbers(line: str) -> list[str]:
    words = line.replace(",", " ").split()
    try:
        [float(word) for word in words]
    except ValueError:
        return []
    return words if len(words) > 1 else []
