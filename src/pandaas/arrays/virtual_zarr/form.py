"""In what form an array is offered: its grid, its codecs, and whether chunks can go out as they are stored.

Only codecs of Zarr's own are named (`bytes`, `blosc`, `zstd`, `vlen-utf8`), so that every library opens the store. Filters
are those registered at https://github.com/HDFGroup/hdf5_plugins/blob/master/docs/RegisteredFilterPlugins.md.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal

import h5py
import numpy as np
from h5py import h5d, h5t
from numpy.typing import NDArray

from pandaas.arrays.h5types import numpy_type
from pandaas.arrays.links import Navigator, Place
from pandaas.arrays.virtual_zarr import grid
from pandaas.codecs import is_numeric, plain_dtype

Codec = dict[str, Any]
Frame = Literal["plain", "zstd", "blosc", "bitshuffle", "stream", "lz4"]
_GZIP, _SHUFFLE, _BLOSC, _LZ4, _BITSHUFFLE, _ZSTD = 1, 2, 32001, 32004, 32008, 32015
_BLOSC_NAMES = {0: "blosclz", 1: "lz4", 2: "lz4hc", 4: "zlib", 5: "zstd"}
_BLOSC_SHUFFLES = {0: "noshuffle", 1: "shuffle", 2: "bitshuffle"}
_BITSHUFFLE_NAMES = {2: "lz4", 3: "zstd"}
_TEXT_BYTES = 64  # what one text counts for the grid
_MAX_DIMENSIONS = 32
ZSTD: Codec = {"name": "zstd", "configuration": {"level": 1, "checksum": False}}


class NotOffered(Exception):
    """This object has no place in a Zarr store; the text says why."""


@dataclass(frozen=True)
class Stored:
    """How stored chunks become Zarr's: `compressor` is what Blosc calls theirs."""

    frame: Frame
    codec: Codec | None
    compressor: str = ""
    shuffled: bool = False


@dataclass(frozen=True)
class Form:
    """An array as Zarr describes it. Without `stored` every chunk is read and encoded."""

    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    chunk: tuple[int, ...]
    data_type: str
    fill: Any
    codecs: tuple[Codec, ...]
    stored: Stored | None

    @property
    def is_text(self) -> bool:
        return self.data_type == "string"

    @property
    def chunk_nbytes(self) -> int:
        return math.prod(self.chunk) * self.dtype.itemsize


def form_of(navigator: Navigator, place: Place) -> Form:
    """The form of the array at `place`; raises `NotOffered` for groups, types and values that Zarr doesn't know."""
    dataset = place.object
    if not isinstance(dataset, h5py.Dataset):
        raise NotOffered("it is a type, not an array")
    dtype = numpy_type(dataset.id.get_type())
    if dtype is None:
        raise NotOffered("its type is unknown to NumPy")
    if dataset.shape is None:
        raise NotOffered("it holds no value")
    shape = tuple(int(length) for length in dataset.shape)
    if len(shape) > _MAX_DIMENSIONS:
        raise NotOffered("it has too many axes")
    if _is_text(dtype):
        text: Codec = {"name": "vlen-utf8", "configuration": {}}
        return Form(shape, dtype, grid.virtual_grid(shape, _TEXT_BYTES), "string", "", (text, ZSTD), None)
    data_type = _data_type(dtype)
    plain = plain_dtype(dtype)
    stored, chunk = _stored(navigator, dataset, plain), _chunk(dataset, shape, plain.itemsize)
    if stored is not None and chunk == dataset.chunks:
        codecs = [_bytes_codec(plain), *([stored.codec] if stored.codec is not None else [])]
    else:
        stored, plain = None, plain.newbyteorder("<")
        codecs = [_bytes_codec(plain), *([ZSTD] if dataset.id.get_create_plist().get_nfilters() else [])]
    return Form(shape, plain, chunk, data_type, fill_of(_fill_value(dataset, plain)), tuple(codecs), stored)


def fill_of(value: NDArray[Any]) -> Any:
    """A fill value as JSON says it; numbers that are not finite by name, unusual NaNs by their bits."""
    if value.dtype.kind == "c":
        return [fill_of(value.real[()]), fill_of(value.imag[()])]
    if value.dtype.kind == "b":
        return bool(value)
    if value.dtype.kind != "f":
        return int(value)
    number = float(value)
    if math.isfinite(number):
        return number
    if math.isinf(number):
        return "Infinity" if number > 0 else "-Infinity"
    bits = np.asarray(value).astype(value.dtype.newbyteorder(">")).tobytes()
    usual = np.asarray(np.nan, value.dtype.newbyteorder(">")).tobytes()
    return "NaN" if bits == usual else "0x" + bits.hex()


def _is_text(dtype: np.dtype[Any]) -> bool:
    return dtype.kind == "S" or h5py.check_string_dtype(dtype) is not None


def _data_type(dtype: np.dtype[Any]) -> str:
    if dtype.names is not None:
        raise NotOffered("its values are records of several fields")
    if not is_numeric(dtype):
        raise NotOffered("its values are references, ragged lists or opaque")
    if dtype.itemsize > (16 if dtype.kind == "c" else 8):
        raise NotOffered("its numbers have more than 64 bits")
    return dtype.newbyteorder("=").name


def _fill_value(dataset: h5py.Dataset, dtype: np.dtype[Any]) -> NDArray[Any]:
    try:
        return np.asarray(dataset.fillvalue).astype(dtype)
    except (RuntimeError, TypeError, ValueError):  # none is defined, or none that has this type
        return np.zeros((), dtype)


def _chunk(dataset: h5py.Dataset, shape: tuple[int, ...], itemsize: int) -> tuple[int, ...]:
    stored = dataset.chunks
    if not stored:
        return grid.virtual_grid(shape, itemsize)
    chunk = tuple(int(length) for length in stored)
    limits = dataset.maxshape
    if grid.is_usable(chunk, itemsize):
        return chunk
    if math.prod(chunk) * itemsize > grid.LARGEST:
        return grid.virtual_grid(shape if None not in limits else chunk, itemsize)
    return grid.merged_grid(chunk, limits, itemsize)


def _bytes_codec(dtype: np.dtype[Any]) -> Codec:
    if dtype.itemsize == 1:
        return {"name": "bytes"}
    return {"name": "bytes", "configuration": {"endian": "big" if dtype.str.startswith(">") else "little"}}


def _stored(navigator: Navigator, dataset: h5py.Dataset, dtype: np.dtype[Any]) -> Stored | None:
    """How chunks of the file can be passed on, where values lie in memory as in the file."""
    creation = dataset.id.get_create_plist()
    if creation.get_layout() != h5d.CHUNKED or navigator.contents.lazy_for(dataset) is not None:
        return None
    if dtype.kind == "b" or dataset.id.get_type() != h5t.py_create(dtype):
        return None
    filters = [creation.get_filter(number) for number in range(creation.get_nfilters())]
    return _of_pipeline([(int(code), tuple(map(int, values))) for code, _, values, _ in filters], dtype.itemsize)


def _of_pipeline(pipeline: list[tuple[int, tuple[int, ...]]], itemsize: int) -> Stored | None:
    codes = [code for code, _ in pipeline]
    shuffled = codes[:1] == [_SHUFFLE]
    rest = pipeline[shuffled:]
    if not rest:
        return None if shuffled else Stored("plain", None)
    if len(rest) > 1:
        return None
    code, values = rest[0]
    shuffle = "shuffle" if shuffled and itemsize > 1 else "noshuffle"
    if code == _GZIP:
        return Stored("stream", _blosc("zlib", itemsize, shuffle), "zlib", shuffled)
    if code == _LZ4:
        return Stored("lz4", _blosc("lz4", itemsize, shuffle), "lz4", shuffled)
    if code == _ZSTD:
        return Stored("stream", _blosc("zstd", itemsize, shuffle), "zstd", True) if shuffled else Stored("zstd", ZSTD)
    return None if shuffled else _of_shuffling(code, values, itemsize)


def _of_shuffling(code: int, values: tuple[int, ...], itemsize: int) -> Stored | None:
    """Filters that shuffle by themselves."""
    if code == _BITSHUFFLE and len(values) > 4 and values[2] == itemsize and values[4] in _BITSHUFFLE_NAMES:
        name = _BITSHUFFLE_NAMES[values[4]]
        return Stored("bitshuffle", _blosc(name, itemsize, "bitshuffle"), name)
    if code == _BLOSC and len(values) > 6 and values[6] in _BLOSC_NAMES and values[5] in _BLOSC_SHUFFLES:
        name = _BLOSC_NAMES[values[6]]
        return Stored("blosc", _blosc(name, itemsize, _BLOSC_SHUFFLES[values[5]]), name)
    return None


def _blosc(name: str, itemsize: int, shuffle: str) -> Codec:
    configuration = {"typesize": itemsize, "cname": name, "clevel": 5, "shuffle": shuffle, "blocksize": 0}
    return {"name": "blosc", "configuration": configuration}
