"""HDF5 types in words, in the form that the h5grove API uses (class codes as in H5Tpublic.h)."""

from __future__ import annotations

from typing import Any

import numpy as np
from h5py import h5t

from pandaas.codecs import describe_dtype, plain_dtype

_CLASS_NAMES = {
    h5t.INTEGER: "integer",
    h5t.FLOAT: "float",
    h5t.TIME: "time",
    h5t.STRING: "string",
    h5t.BITFIELD: "bitfield",
    h5t.OPAQUE: "opaque",
    h5t.COMPOUND: "compound",
    h5t.REFERENCE: "reference",
    h5t.ENUM: "enum",
    h5t.VLEN: "vlen",
    h5t.ARRAY: "array",
}
_MAX_MEMBERS = 10_000


def type_class(kind: h5t.TypeID) -> str:
    """The class in a word; booleans and complex numbers, which h5py stores as enumerations and compounds, by their name."""
    dtype = numpy_type(kind)
    if dtype is not None and dtype.kind in "bc":
        return "boolean" if dtype.kind == "b" else "complex"
    return _CLASS_NAMES.get(kind.get_class(), "unknown")


def enum_names(kind: h5t.TypeID) -> dict[str, int]:
    """Names and values of an enumeration; empty for every other type, and for the one that stores booleans."""
    if type_class(kind) != "enum" or not isinstance(kind, h5t.TypeEnumID):
        return {}
    return {_text(kind.get_member_name(i)): int(kind.get_member_value(i)) for i in _members(kind)}


def numpy_type(kind: h5t.TypeID) -> np.dtype[Any] | None:
    """NumPy's type for it, or None where NumPy has none."""
    try:
        found: np.dtype[Any] = kind.dtype
    except (TypeError, ValueError):
        return None
    return found


def dtype_as_text(dtype: np.dtype[Any]) -> str:
    """NumPy's short text (`<f4`); compound types as a list of names and types: `[('x', '<f4'), …]`."""
    plain = plain_dtype(dtype)
    described = describe_dtype(plain)
    return described if isinstance(described, str) else _list_of_fields(plain)


def _list_of_fields(dtype: np.dtype[Any]) -> str:
    if dtype.names is not None and dtype.fields is not None:
        return "[" + ", ".join(f"({name!r}, {_list_of_fields(dtype.fields[name][0])})" for name in dtype.names) + "]"
    if dtype.subdtype is not None:
        return f"({_list_of_fields(dtype.subdtype[0])}, {dtype.subdtype[1]})"
    return repr(dtype.str)


def type_metadata(kind: h5t.TypeID) -> dict[str, Any]:
    """`class`, `dtype`, `size` and what each class adds, recursively."""
    dtype = numpy_type(kind)
    described: dict[str, Any] = {
        "class": int(kind.get_class()),
        "dtype": _dtype_text(dtype) if dtype is not None else None,
        "size": int(kind.get_size()),
    }
    described.update(_details(kind))
    return described


def _details(kind: h5t.TypeID) -> dict[str, Any]:
    match kind:
        case h5t.TypeIntegerID():
            return {"order": int(kind.get_order()), "sign": int(kind.get_sign())}
        case h5t.TypeFloatID() | h5t.TypeBitfieldID():
            return {"order": int(kind.get_order())}
        case h5t.TypeStringID():
            return {
                "cset": int(kind.get_cset()),
                "strpad": int(kind.get_strpad()),
                "vlen": bool(kind.is_variable_str()),
            }
        case h5t.TypeOpaqueID():
            return {"tag": _text(kind.get_tag())}
        case h5t.TypeCompoundID():
            return {"members": [_member(kind, index) for index in _members(kind)]}
        case h5t.TypeEnumID():
            values = {_text(kind.get_member_name(i)): int(kind.get_member_value(i)) for i in _members(kind)}
            return {"members": values, "base": type_metadata(kind.get_super())}
        case h5t.TypeVlenID():
            return {"base": type_metadata(kind.get_super())}
        case h5t.TypeArrayID():
            return {"dims": [int(n) for n in kind.get_array_dims()], "base": type_metadata(kind.get_super())}
        case _:
            return {}


def _members(kind: h5t.TypeID) -> range:
    return range(min(kind.get_nmembers(), _MAX_MEMBERS))


def _member(kind: h5t.TypeID, index: int) -> dict[str, Any]:
    return {"name": _text(kind.get_member_name(index)), **type_metadata(kind.get_member_type(index))}


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "replace")


def _dtype_text(dtype: np.dtype[Any]) -> Any:
    if dtype.fields is None:
        return dtype.str
    return {name: _dtype_text(dtype.fields[name][0]) for name in dtype.names or ()}
