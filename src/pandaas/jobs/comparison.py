"""Compares two result files: `python comparison.py FIRST SECOND TOLERANCE` prints JSON. NumPy and h5py only.

It is run in the sandbox, in the environment of the recipe, because it opens files that user code wrote. Everything below
the root is compared, except when and by which library it was written. Numbers must be equal bit for bit (NaN equals
NaN), or differ relatively by no more than the tolerance. The relative difference of two numbers is |a - b| divided by the
larger magnitude, or by a millionth of the largest magnitude in the array where both are smaller than that.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from typing import Any

import h5py
import numpy as np

Found = dict[str, Any]
Block = np.ndarray[Any, Any]

_NOT_COMPARED = {"date", "file_time", "HDF5_Version", "h5py_version", "creator_version", "NeXus_version"}
_FLOOR = 1e-6
_BLOCK = 4_000_000
_MOST = 20


def compare(first: str, second: str, tolerance: float) -> Found:
    """A dictionary: bit_equal, equal (within the tolerance), largest_relative_difference, differences (texts)."""
    found: Found = {"bit_equal": True, "equal": True, "largest_relative_difference": 0.0, "differences": []}
    with h5py.File(first, "r") as a, h5py.File(second, "r") as b:
        _attributes("/", a, b, found)
        names_a, names_b = _names(a), _names(b)
        for name in sorted(names_a ^ names_b):
            _differ(found, name + (" is missing" if name in names_a else " is new"))
        for name in sorted(names_a & names_b):
            _node(name, a[name], b[name], tolerance, found)
    return found


def _names(file: Any) -> set[str]:
    names: list[str] = []
    file.visit(names.append)  # soft and external links are not followed
    return {name for name in names if name.rsplit("/", 1)[-1] not in _NOT_COMPARED}


def _node(name: str, a: Any, b: Any, tolerance: float, found: Found) -> None:
    _attributes(name, a, b, found)
    if isinstance(a, h5py.Group) != isinstance(b, h5py.Group):
        _differ(found, name + " is of another kind")
    elif isinstance(a, h5py.Dataset):
        if a.shape != b.shape or a.dtype != b.dtype:
            _differ(found, f"{name}: {a.shape} {a.dtype} against {b.shape} {b.dtype}")
        elif a.dtype.kind in "iufcb":
            _numbers(name, a, b, tolerance, found)
        elif a.dtype.names:
            _columns(name, np.asarray(a[()]), np.asarray(b[()]), tolerance, found)
        elif not np.array_equal(np.asarray(a[()]), np.asarray(b[()])):
            _differ(found, f"{name}: the text differs")


def _columns(name: str, a: Block, b: Block, tolerance: float, found: Found) -> None:
    """A table: each of its columns by itself."""
    for column in a.dtype.names or ():
        x, y, place = a[column], b[column], f"{name}.{column}"
        if x.dtype.names:
            _columns(place, x, y, tolerance, found)
        elif x.dtype.kind in "iufcb":
            _numbers(place, x, y, tolerance, found)
        elif not np.array_equal(x, y):
            _differ(found, f"{place}: the text differs")


def _numbers(name: str, a: Any, b: Any, tolerance: float, found: Found) -> None:
    scale = max((_largest(block) for block in _blocks(a)), default=0.0)
    largest = 0.0
    for x, y in zip(_blocks(a), _blocks(b), strict=True):
        if x.tobytes() != y.tobytes():
            largest = max(largest, _difference(x, y, scale))
            if not _same(x, y):
                found["bit_equal"] = False
    found["largest_relative_difference"] = max(found["largest_relative_difference"], largest)
    if largest > tolerance:
        _differ(found, f"{name}: relative difference {largest:.3g}")


def _blocks(array: Any) -> Iterator[Block]:
    if array.ndim == 0:
        yield np.asarray(array[()]).reshape(1)
        return
    row = max(1, int(np.prod(array.shape[1:], dtype=np.int64)))
    step = max(1, _BLOCK // row)
    for start in range(0, array.shape[0], step):
        yield array[start : start + step]


def _largest(block: Block) -> float:
    finite = np.abs(block[np.isfinite(block)]) if block.dtype.kind in "fc" else np.abs(block.astype(float))
    return float(finite.max()) if finite.size else 0.0


def _same(x: Block, y: Block) -> bool:
    both_nan = np.isnan(x) & np.isnan(y) if x.dtype.kind in "fc" else False
    return bool(np.all((x == y) | both_nan))


def _difference(x: Block, y: Block, scale: float) -> float:
    if x.dtype.kind == "b":
        return 0.0 if np.array_equal(x, y) else float("inf")
    kind: Any = complex if x.dtype.kind == "c" else np.longdouble
    x, y = x.astype(kind), y.astype(kind)
    finite = np.isfinite(x) & np.isfinite(y)
    odd = ~finite & ~((x == y) | (np.isnan(x) & np.isnan(y)))
    if odd.any():
        return float("inf")
    x, y = x[finite], y[finite]
    if not x.size:
        return 0.0
    floor = max(_FLOOR * scale, float(np.finfo(float).tiny))
    return float((np.abs(x - y) / np.maximum(np.maximum(np.abs(x), np.abs(y)), floor)).max())


def _attributes(name: str, a: Any, b: Any, found: Found) -> None:
    names = (set(a.attrs) | set(b.attrs)) - _NOT_COMPARED
    for key in sorted(names):
        if key not in a.attrs or key not in b.attrs or not np.array_equal(a.attrs[key], b.attrs[key]):
            _differ(found, f"{name}@{key} differs")


def _differ(found: Found, text: str) -> None:
    found["equal"] = found["bit_equal"] = False
    if len(found["differences"]) < _MOST:
        found["differences"].append(text)


if __name__ == "__main__":
    result = compare(sys.argv[1], sys.argv[2], float(sys.argv[3]))
    if not np.isfinite(result["largest_relative_difference"]):
        result["largest_relative_difference"] = None
    json.dump(result, sys.stdout)
