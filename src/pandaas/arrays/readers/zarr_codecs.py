"""How the chunks of a Zarr array are coded and called, where that is known well enough to read them without its library.

Sources: https://zarr-specs.readthedocs.io/en/latest/v2/v2.0.html and /v3/core/index.html, the codecs `bytes`, `transpose`,
`blosc`, `gzip`, `zstd`, `crc32c` and `sharding_indexed` beside it, and numcodecs for those of format 2. Everything else
(object codecs, `delta`, `pcodec` …) is left to the reader process.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from pandaas.arrays.chunk_files import DOCUMENTS, ChunkFiles, Shards
from pandaas.arrays.own_layout import OwnLayout, in_files, state
from pandaas.codecs import BLOSC, CHECKSUM, GZIP, GZIP_MEMBER, SHUFFLE, SIZED_LZ4, ZSTD, Filter

_COMPRESSORS = {"blosc": BLOSC, "zstd": ZSTD, "gzip": GZIP_MEMBER, "zlib": GZIP, "lz4": SIZED_LZ4}
_ERRORS = (LookupError, TypeError, ValueError, AttributeError, OSError)


class _Unknown(ValueError):
    """Coded in a way that is not known here."""


@dataclass(frozen=True)
class _Coding:
    """How a chunk becomes bytes: the order in which its axes lie, in which order the bytes of a number, then filters."""

    order: tuple[int, ...]
    big: bool
    filters: tuple[Filter, ...]


def where_stored(store: Path, node: Any) -> OwnLayout | None:
    """Where the chunks of `node` (a `zarr.Array`) in the folder `store` lie; None where only the library can read them."""
    try:
        return _where(store, node)
    except _ERRORS:
        return None


def _where(store: Path, node: Any) -> OwnLayout | None:
    described = node.metadata.to_dict()
    shape = tuple(int(length) for length in node.shape)
    dtype = np.dtype(node.dtype)
    if dtype.kind not in "iuf" or not shape:
        return None
    if described["zarr_format"] == 2:
        chunk, shards, coding = tuple(node.chunks), None, _second(described, len(shape), dtype)
        prefix, separator = "", str(described.get("dimension_separator") or ".")
    else:
        chunk, shards, coding = _third(described, tuple(node.chunks), dtype)
        prefix, separator = _key_encoding(described["chunk_key_encoding"])
    if any(step.code == SHUFFLE for step in coding.filters[1:]):
        return None
    stored = dtype.newbyteorder(">" if coding.big else "<")
    here = str(node.path).strip("/")
    own = [f"{here}/{name}" for name in DOCUMENTS] if here else []
    documents = (*DOCUMENTS, *own)
    fill = np.zeros((), stored) if node.fill_value is None else np.asarray(node.fill_value).astype(stored)
    found = next((store / name for name in reversed(documents) if (store / name).is_file()), None)
    if found is None:
        return None
    files = ChunkFiles(here, prefix, separator, coding.order, documents, shards)
    return in_files(state(found), shape, stored, chunk, files, filters=coding.filters, fill=fill.tobytes())


def _second(described: dict[str, Any], ndim: int, dtype: np.dtype[Any]) -> _Coding:
    """Format 2: `order`, then filters, then a compressor."""
    steps = [*(described.get("filters") or ()), *([described["compressor"]] if described.get("compressor") else ())]
    named = [_named(step) for step in steps]
    filters = tuple(_filter(name, values, dtype) for name, values in named)
    axes = tuple(range(ndim))
    return _Coding(axes[::-1] if described.get("order") == "F" else axes, dtype.str.startswith(">"), filters)


def _third(
    described: dict[str, Any], chunk: tuple[int, ...], dtype: np.dtype[Any]
) -> tuple[tuple[int, ...], Shards | None, _Coding]:
    """Format 3: the smallest chunk, the file around it, and a chain of codecs."""
    codecs = [_named(codec) for codec in described["codecs"]]
    if [name for name, _ in codecs] != ["sharding_indexed"]:
        return chunk, None, _chain(codecs, len(chunk), dtype)
    ((_, values),) = codecs
    table = [_named(codec) for codec in values["index_codecs"]]
    if [name for name, _ in table] not in (["bytes"], ["bytes", "crc32c"]) or table[0][1].get("endian") != "little":
        raise _Unknown
    outer = tuple(int(n) for n in described["chunk_grid"]["configuration"]["chunk_shape"])
    inner = tuple(int(n) for n in values["chunk_shape"])
    shards = Shards(outer, values.get("index_location", "end") == "start", len(table) == 2)
    return inner, shards, _chain([_named(codec) for codec in values["codecs"]], len(inner), dtype)


def _chain(codecs: Sequence[tuple[str, dict[str, Any]]], ndim: int, dtype: np.dtype[Any]) -> _Coding:
    names = [name for name, _ in codecs]
    order = tuple(range(ndim))
    if names[:1] == ["transpose"]:
        order = tuple(int(axis) for axis in codecs[0][1]["order"])
        codecs, names = codecs[1:], names[1:]
    if names[:1] != ["bytes"]:
        raise _Unknown
    big = codecs[0][1].get("endian") == "big" and dtype.itemsize > 1
    return _Coding(order, big, tuple(_filter(name, values, dtype) for name, values in codecs[1:]))


def _filter(name: str, values: dict[str, Any], dtype: np.dtype[Any]) -> Filter:
    plain = name.removeprefix("numcodecs.")
    if plain == "shuffle":
        if int(values.get("elementsize", 4)) != dtype.itemsize:
            raise _Unknown
        return Filter(SHUFFLE, (dtype.itemsize,))
    if plain == "crc32c" and name == plain:
        return Filter(CHECKSUM)
    return Filter(_COMPRESSORS[plain])


def _named(codec: Any) -> tuple[str, dict[str, Any]]:
    """Name and configuration of a codec, as either format writes them."""
    described = codec if isinstance(codec, dict) else codec.get_config() if hasattr(codec, "get_config") else {}
    if "id" in described:
        return str(described["id"]), {key: value for key, value in described.items() if key != "id"}
    return str(described["name"]), dict(described.get("configuration") or {})


def _key_encoding(described: dict[str, Any]) -> tuple[str, str]:
    """Prefix and separator of the names of chunks."""
    default = {"default": ("c", "/"), "v2": ("", ".")}[described["name"]]
    return default[0], str((described.get("configuration") or {}).get("separator", default[1]))
