"""Number types: what a browser can hold, and how a type is told over the wire."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from pandaas.model import InvalidInput


def is_numeric(dtype: np.dtype[Any]) -> bool:
    """Integers, floating point, complex and boolean numbers (enumerations count as their integers)."""
    return dtype.kind in "iufcb" and dtype.names is None and dtype.subdtype is None


def safe_dtype(dtype: np.dtype[Any]) -> np.dtype[Any]:
    """The little-endian type with a JavaScript typed array: f2 → f4, f16 → f8, others keep their size.

    64-bit integers stay: BigInt64Array holds them. Complex numbers of 32 bytes become 16.
    """
    if dtype.kind == "f" and dtype.itemsize < 4:
        return np.dtype("<f4")
    if dtype.kind == "f" and dtype.itemsize > 8:
        return np.dtype("<f8")
    if dtype.kind == "c" and dtype.itemsize > 16:
        return np.dtype("<c16")
    return dtype.newbyteorder("<")


def to_safe(array: NDArray[Any]) -> NDArray[Any]:
    """`array` with a type that a browser can hold, C order; unchanged (no copy) where it already is."""
    if not is_numeric(array.dtype):
        raise InvalidInput(
            f"Values of type {array.dtype} can't be converted to numbers a browser holds.",
            remedy="Ask for format=json.",
            field="dtype",
        )
    return np.asarray(array.astype(safe_dtype(array.dtype), order="C", copy=False))


def plain_dtype(dtype: np.dtype[Any]) -> np.dtype[Any]:
    """`dtype` without the metadata that h5py hangs on enumerations, strings and references."""
    if dtype.names is not None:
        fields: Any = dtype.fields
        return np.dtype(
            {
                "names": list(dtype.names),
                "formats": [plain_dtype(fields[name][0]) for name in dtype.names],
                "offsets": [fields[name][1] for name in dtype.names],
                "itemsize": dtype.itemsize,
            }
        )
    if dtype.subdtype is not None:
        base, shape = dtype.subdtype
        return np.dtype((plain_dtype(base), shape))
    return np.dtype(dtype.str)


def describe_dtype(dtype: np.dtype[Any]) -> Any:
    """`dtype` as JSON: `dtype.str`, or for compound types names, formats, offsets and size."""
    if dtype.names is not None:
        fields: Any = dtype.fields
        return {
            "names": list(dtype.names),
            "formats": [describe_dtype(fields[name][0]) for name in dtype.names],
            "offsets": [fields[name][1] for name in dtype.names],
            "itemsize": dtype.itemsize,
        }
    if dtype.subdtype is not None:
        base, shape = dtype.subdtype
        return {"base": describe_dtype(base), "shape": list(shape)}
    return dtype.str


def dtype_from(description: Any) -> np.dtype[Any]:
    """The inverse of `describe_dtype`. `InvalidInput` for anything else, and for types that hold Python objects."""
    try:
        if isinstance(description, dict) and "names" in description:
            return np.dtype(
                {
                    "names": list(description["names"]),
                    "formats": [dtype_from(part) for part in description["formats"]],
                    "offsets": list(description["offsets"]),
                    "itemsize": int(description["itemsize"]),
                }
            )
        if isinstance(description, dict):
            return np.dtype((dtype_from(description["base"]), tuple(description["shape"])))
        found = np.dtype(str(description))
    except (TypeError, ValueError, KeyError) as error:
        raise InvalidInput(f"'{str(description)[:80]}' is no number type.", field="dtype") from error
    if found.hasobject:
        raise InvalidInput("Values that are Python objects don't travel as bytes.", field="dtype")
    return found
