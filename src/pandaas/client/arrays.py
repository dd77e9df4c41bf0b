"""Arrays that stay where they are: only what is indexed travels."""

from __future__ import annotations

import io
import json
import math
from collections.abc import Iterator
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pandaas.client.indexing import Items, Plan, block_shape, cut, plan, selection_text
from pandaas.client.transport import Transport
from pandaas.codecs import STORED_MEDIA_TYPES, blocks_available, decode_chunk

_LARGEST_REQUEST = 64 * 2**20
_STORED = {media_type: compressor for compressor, media_type in STORED_MEDIA_TYPES.items()}
_ACCEPT = ", ".join([*_STORED, "*/*"])  # a chunk as it is stored is a tenth of its values; it is decoded here
_TEXT_LIKE = ("string", "vlen", "reference", "opaque")


class Array:
    """One array of a dataset, read as it is indexed, with NumPy's rules.

    `shape`, `dtype`, `ndim`, `size`, `nbytes` and `chunks` are known without reading (C order, slowest axis first);
    `unit` and `attrs` are what the file says. Values come as stored: detector sentinels are not replaced. Text is an
    array of Python strings (`dtype` object). It serves `numpy.asarray` and `dask.array.from_array` alike.
    """

    def __init__(self, transport: Transport, pid: str, node: dict[str, Any]) -> None:
        self._transport = transport
        self.pid = pid
        self.path: str = node["path"]
        self.shape: tuple[int, ...] = tuple(node.get("shape") or ())
        self._node = node
        self.chunks: tuple[int, ...] | None = tuple(node["chunks"]) if node.get("chunks") else None
        self.unit: str | None = node.get("unit")
        self.attrs: dict[str, Any] = dict(node.get("attributes") or {})

    @cached_property
    def dtype(self) -> np.dtype[Any]:
        """NumPy's type; object for text of variable length and references."""
        name, type_class = self._node.get("dtype"), self._node.get("type_class")
        if type_class == "compound" and self.size:
            return self._read(",".join(["0"] * self.ndim)).dtype  # only a value tells all of a compound type
        return _dtype(name, type_class)

    @property
    def name(self) -> str:
        return self.path.rpartition("/")[2]

    @property
    def ndim(self) -> int:
        return len(self.shape)

    @property
    def size(self) -> int:
        return math.prod(self.shape)

    @property
    def nbytes(self) -> int:
        return self.size * self.dtype.itemsize

    def __len__(self) -> int:
        if not self.shape:
            raise TypeError("len() of a 0-d array")
        return self.shape[0]

    def __iter__(self) -> Iterator[Any]:
        return (self[i] for i in range(len(self)))

    def __getitem__(self, key: Any) -> Any:
        if isinstance(key, str) or (isinstance(key, list) and key and all(isinstance(part, str) for part in key)):
            return self[...][key]  # the fields of a compound array
        wanted = plan(key, self.shape)
        return wanted.finish(self._gather(wanted))

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        if copy is False:
            raise ValueError("The values lie on the server; an array without copying them can't be made.")
        values = self[...]
        return np.asarray(values, dtype=dtype)

    def __repr__(self) -> str:
        unit = f" [{self.unit}]" if self.unit else ""
        return f"<Array {self.path} {self.dtype} {self.shape}{unit} of {self.pid}>"

    def _gather(self, wanted: Plan) -> NDArray[Any]:
        blocks = [self._fetch(items) for items in wanted.blocks]
        return blocks[0] if len(blocks) == 1 else np.concatenate(blocks, axis=wanted.axis)

    def _fetch(self, items: Items) -> NDArray[Any]:
        """One block; in parts where it is larger than one answer should be."""
        shape = block_shape(items, self.shape)
        if 0 in shape:
            return np.empty(shape, self.dtype)
        nbytes = math.prod(shape) * self.dtype.itemsize
        if nbytes > _LARGEST_REQUEST:
            parts, axis = cut(items, self.shape, -(-nbytes // _LARGEST_REQUEST))
            if len(parts) > 1:
                return self._fetch_parts(parts, axis, shape)
        return self._read(selection_text(items))

    def _fetch_parts(self, parts: list[Items], axis: int, shape: tuple[int, ...]) -> NDArray[Any]:
        block = np.empty(shape, self.dtype)
        at = 0
        for items in parts:
            values = self._fetch(items)
            block[(slice(None),) * axis + (slice(at, at + values.shape[axis]),)] = values
            at += values.shape[axis]
        return block

    def _read(self, selection: str) -> NDArray[Any]:
        text = self._node.get("type_class") != "compound" and self.dtype.hasobject
        answer = self._transport.request(
            "GET",
            f"/datasets/{self.pid}/data",
            params={"path": self.path, "selection": selection, "format": "json" if text else "npy"},
            headers={"Accept": _ACCEPT} if not text and blocks_available() else None,
        )
        if text:
            return _of_json(answer.json(), answer.headers.get("X-Shape"))
        compressor = _STORED.get(answer.headers.get("Content-Type", ""))
        if compressor:
            shape = tuple(json.loads(answer.headers["X-Shape"]))
            return decode_chunk(answer.content, shape, np.dtype(answer.headers["X-Dtype"]), compressor)
        values: NDArray[Any] = np.load(io.BytesIO(answer.content), allow_pickle=False)
        return values


def _dtype(name: str | None, type_class: str | None) -> np.dtype[Any]:
    """NumPy's type from its description; text of variable length, references and the like are objects."""
    if not name or (type_class in _TEXT_LIKE and not name.startswith(("|S", "<U", "|V"))):
        return np.dtype(object)
    try:
        return np.dtype(name)
    except TypeError:
        return np.dtype(object)


def _of_json(value: Any, shape: str | None) -> NDArray[Any]:
    target = tuple(json.loads(shape)) if shape else _shape_of(value)
    flat = np.empty(math.prod(target), dtype=object)
    flat[:] = list(_flat(value, len(target)))
    return flat.reshape(target)


def _shape_of(value: Any) -> tuple[int, ...]:
    return (len(value), *(_shape_of(value[0]) if value else ())) if isinstance(value, list) else ()


def _flat(value: Any, depth: int) -> Iterator[Any]:
    if depth == 0:
        yield value
    else:
        for item in value:
            yield from _flat(item, depth - 1)
