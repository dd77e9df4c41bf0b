"""Arrays as bytes: raw, NumPy's npy, CSV, TIFF and JSON."""

from __future__ import annotations

import io
import json
import math
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from pandaas.codecs.convert import is_numeric, to_safe
from pandaas.model import InvalidInput, TooLarge

Format = Literal["bin", "npy", "csv", "tiff", "json"]
MEDIA_TYPES: dict[str, str] = {
    "bin": "application/octet-stream",
    "npy": "application/octet-stream",
    "csv": "text/csv",
    "tiff": "image/tiff",
    "json": "application/json",
}
_MAX_TEXT_VALUES = 5_000_000
_AT_ONCE = 65_536


@dataclass(frozen=True)
class Encoded:
    """The body of an answer, with its media type and further headers."""

    body: bytes | memoryview
    media_type: str
    headers: dict[str, str] = field(default_factory=dict)


def encode(
    array: NDArray[Any], format: Format | str = "bin", dtype: str | None = "origin", *, name: str = "data"
) -> Encoded:
    """Write `array` in `format`; `dtype='safe'` converts to types that a browser holds first.

    `bin` is C order, little-endian after `safe` and otherwise in the byte order that `X-Dtype` says; a contiguous array
    is not copied. Raises `InvalidInput` for a combination that doesn't exist, `TooLarge` for text of too many values.
    """
    if format not in MEDIA_TYPES:
        raise InvalidInput(
            f"'{format[:20]}' is no format.", remedy=f"Use one of {', '.join(MEDIA_TYPES)}.", field="format"
        )
    if dtype not in ("origin", "safe", None):
        raise InvalidInput(f"'{dtype[:20]}' is no number type.", remedy="Use origin or safe.", field="dtype")
    values = to_safe(array) if dtype == "safe" else array
    headers = {"X-Shape": json.dumps(list(values.shape)), "X-Dtype": values.dtype.str}
    if format != "json" and values.dtype.hasobject:
        raise _no_format(format, "text and other values of variable length")
    body = _ENCODERS[format](values)
    if format in ("npy", "csv", "tiff"):
        headers["Content-Disposition"] = f'attachment; filename="{_file_name(name)}.{format}"'
    return Encoded(body, MEDIA_TYPES[format], headers)


def _file_name(name: str) -> str:
    kept = "".join(c if c.isascii() and (c.isalnum() or c in "-_.") else "_" for c in name)
    return kept.strip("._")[:80] or "data"


def _bin(array: NDArray[Any]) -> bytes | memoryview:
    if array.size and array.ndim and array.flags.c_contiguous and is_numeric(array.dtype):
        return memoryview(array.reshape(-1).view(np.uint8).data)
    return array.tobytes()


def _npy(array: NDArray[Any]) -> bytes:
    with io.BytesIO() as buffer:
        np.lib.format.write_array(buffer, np.asanyarray(array), allow_pickle=False)
        return buffer.getvalue()


def npz(arrays: Sequence[NDArray[Any]]) -> bytes:
    """NumPy's file of several arrays, not compressed; they are named by their numbers. Raises `InvalidInput` for text."""
    if any(array.dtype.hasobject for array in arrays):
        raise _no_format("npz", "text and other values of variable length", "Ask for each as data with format=json.")
    with io.BytesIO() as buffer:
        with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as made:
            for number, array in enumerate(arrays):
                made.writestr(f"{number}.npy", _npy(array))
        return buffer.getvalue()


def _csv(array: NDArray[Any]) -> bytes:
    if array.ndim == 0 or not is_numeric(array.dtype):
        raise _no_format("csv", "scalars, text and compound values")
    if array.ndim > 2:
        raise _no_format("csv", f"arrays of {array.ndim} axes", "Select one or two axes, or ask for npy.")
    if array.size > _MAX_TEXT_VALUES:
        raise TooLarge(
            f"{array.size} values are too many for text.", remedy="Select less, or ask for npy.", field="selection"
        )
    with io.BytesIO() as buffer:
        np.savetxt(buffer, array, delimiter=",", fmt=_csv_format(array.dtype))
        return buffer.getvalue()


def _csv_format(dtype: np.dtype[Any]) -> str:
    return "%d" if dtype.kind in "iub" else "%.18e"


def _tiff(array: NDArray[Any]) -> bytes:
    import tifffile

    if array.ndim not in (2, 3) or not is_numeric(array.dtype) or not array.size:
        raise _no_format("tiff", "anything but images and stacks of images", "Select two axes.")
    if array.dtype.kind == "c":
        raise _no_format("tiff", "complex numbers")
    pixels = array.astype(np.uint8) if array.dtype.kind == "b" else to_safe(array)
    with io.BytesIO() as buffer:
        tifffile.imwrite(buffer, pixels, photometric="minisblack")
        return buffer.getvalue()


def _json(array: NDArray[Any]) -> bytes:
    if array.size > _MAX_TEXT_VALUES:
        raise TooLarge(
            f"{array.size} values are too many for JSON.", remedy="Select less, or ask for bin.", field="selection"
        )
    return to_json(array)


def to_json(value: Any) -> bytes:
    """`value` as JSON: arrays as nested lists, complex numbers as [real, imaginary], NaN and infinity as null."""
    return json.dumps(jsonable(value), separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode(
        "utf-8", "replace"
    )


def jsonable(value: Any) -> Any:
    """`value` out of types that JSON knows. Bytes become text (UTF-8, undecodable bytes replaced)."""
    if isinstance(value, dict):
        return {str(key): jsonable(item) for key, item in value.items()}
    if isinstance(value, np.ndarray):
        return _array_jsonable(value)
    if isinstance(value, np.generic):
        return jsonable(value.item()) if value.dtype.kind not in "fc" else _number(complex_or_float(value))
    if isinstance(value, (list, tuple)):
        return [jsonable(item) for item in value]
    if isinstance(value, (float, complex)):
        return _number(value)
    if isinstance(value, bytes):
        return value.rstrip(b"\0").decode("utf-8", "replace")
    if value is None or isinstance(value, (str, int, bool)):
        return value
    return str(value)


def complex_or_float(value: np.generic) -> float | complex:
    """A NumPy number as Python's, a narrow one with the fewest digits that mean it; 128-bit ones lose what 64 can't hold."""
    if value.dtype.kind == "c":
        return complex(value)
    return float(str(value)) if value.dtype.itemsize < 8 else float(value)


def _array_jsonable(array: NDArray[Any]) -> Any:
    kind = array.dtype.kind
    if kind == "f" and array.dtype.itemsize > 8:
        array = array.astype(np.float64)
    elif kind == "f" and array.dtype.itemsize < 8:
        array = _shortest(array)
    if kind in "iub" or (kind == "f" and bool(np.isfinite(array).all())):
        return array.tolist()
    return jsonable(array.tolist())


def _shortest(array: NDArray[Any]) -> NDArray[np.float64]:
    """Narrow floats as the 64-bit numbers that are written as short: 0.1, as h5grove does, not 0.10000000149011612."""
    values = np.empty(array.size, np.float64)
    flat = array.reshape(-1)
    for start in range(0, flat.size, _AT_ONCE):  # as text a number takes 128 bytes
        values[start : start + _AT_ONCE] = flat[start : start + _AT_ONCE].astype(np.str_).astype(np.float64)
    return values.reshape(array.shape)


def _number(value: float | complex) -> Any:
    if isinstance(value, complex):
        return [_number(value.real), _number(value.imag)]
    return value if math.isfinite(value) else None


def _no_format(format: str, what: str, remedy: str = "Ask for format=json.") -> InvalidInput:
    return InvalidInput(f"There is no {format} for {what}.", remedy=remedy, field="format")


_ENCODERS = {"bin": _bin, "npy": _npy, "csv": _csv, "tiff": _tiff, "json": _json}
