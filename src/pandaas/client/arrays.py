"""Arrays that stay where they are: only what is indexed travels."""

from __future__ import annotations

import io
import json
import math
from collections.abc import Iterator, Sequence
from functools import cached_property, partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pandaas.client import lazily
from pandaas.client.indexing import Items, Plan, block_shape, plan
from pandaas.client.parts import SMALLEST_CHUNK, Part, chunk_parts, is_mostly_whole, sized_parts
from pandaas.client.transport import Transport
from pandaas.codecs import STORED_MEDIA_TYPES, decodable_forms, decode_stored, selection_text

_LARGEST_REQUEST = 16 * 2**20
_SMALL = 2**20  # bytes in all: fewer come in one answer
_MOST_TOGETHER = 256
_STORED = {media_type: form for form, media_type in STORED_MEDIA_TYPES.items()}
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

    def dask(self, chunks: Any = None) -> Any:
        """A `dask.array.Array` that reads when it is computed. Needs the extra `dask`.

        Its chunks are whole stored ones, about 16 MiB together; `chunks` asks for others, as dask writes them.
        """
        return lazily.as_dask(self, chunks)

    def xarray(self, chunks: Any = None) -> Any:
        """An `xarray.DataArray` over `dask`, with the axes and units of the NXdata group it is in. Needs the extra `xarray`.

        Axes without a name are `dim_0`, …; of bin edges the coordinates are the centres. Errors and further signals of the
        group come with `Dataset.xarray`.
        """
        return lazily.as_data_array(self, self._node_of(self.path.rpartition("/")[0] or "/"), self._sibling, chunks)

    def __dask_tokenize__(self) -> tuple[Any, ...]:
        return (self._transport.url, self.pid, self.path, self.shape, self.dtype.str)

    def _node_of(self, path: str) -> dict[str, Any]:
        """The node of a group, with its children."""
        node: dict[str, Any] = self._transport.json("GET", f"/datasets/{self.pid}/tree", path=path, depth=1)
        return node

    def _sibling(self, path: str) -> Array:
        return Array(
            self._transport,
            self.pid,
            self._transport.json("GET", f"/datasets/{self.pid}/tree", path=path, depth=0),
        )

    def __repr__(self) -> str:
        unit = f" [{self.unit}]" if self.unit else ""
        return f"<Array {self.path} {self.dtype} {self.shape}{unit} of {self.pid}>"

    def _gather(self, wanted: Plan) -> NDArray[Any]:
        """The blocks of a plan; parts of large ones travel at the same time."""
        shapes = [block_shape(items, self.shape) for items in wanted.blocks]
        parts = [self._parts(items, shape) for items, shape in zip(wanted.blocks, shapes, strict=True)]
        if [len(some) for some in parts] == [1]:
            return self._read(selection_text(wanted.blocks[0]))
        blocks = [np.empty(shape, self.dtype) for shape in shapes]

        def fill(block: NDArray[Any], part: Part) -> None:
            place: tuple[Any, ...] = (*part.outside, ...)
            target = block[place]
            values = self._read(selection_text(part.items), target)
            if values is not target:
                target[...] = values

        todo = [(block, part) for block, some in zip(blocks, parts, strict=True) for part in some]
        small = sum(block.nbytes for block in blocks) < _SMALL and not self.dtype.hasobject
        if small and 1 < len(todo) <= _MOST_TOGETHER:
            self._fill_together(todo)
        else:
            self._transport.at_once([partial(fill, block, part) for block, part in todo])
        return blocks[0] if len(blocks) == 1 else np.concatenate(blocks, axis=wanted.axis)

    def _fill_together(self, todo: Sequence[tuple[NDArray[Any], Part]]) -> None:
        """Small parts come in one answer: far away each request takes longer than its values."""
        query = {"path": self.path, "selection": [selection_text(part.items) for _, part in todo]}
        answer = self._transport.request("GET", f"/datasets/{self.pid}/batch", params=query)
        with np.load(io.BytesIO(answer.content), allow_pickle=False) as values:
            for number, (block, part) in enumerate(todo):
                place: tuple[Any, ...] = (*part.outside, ...)
                block[place] = values[str(number)]

    def _parts(self, items: Items, shape: tuple[int, ...]) -> list[Part]:
        """What is asked for at once: stored chunks where they are decoded here, else parts of bounded size."""
        if 0 in shape:
            return []
        itemsize = self.dtype.itemsize
        if self.chunks and self._travels_as_stored and is_mostly_whole(items, self.shape, self.chunks):
            return chunk_parts(items, self.shape, self.chunks)
        if math.prod(shape) * itemsize <= _LARGEST_REQUEST:
            return [Part(items, tuple(slice(length) for length in shape))]
        return sized_parts(items, self.shape, itemsize, _LARGEST_REQUEST, self.chunks)

    @property
    def _travels_as_stored(self) -> bool:
        """Whether whole chunks are worth a request each, since they come as they are in the file."""
        names = [str(name).lower() for name in self._node.get("filters") or ()]
        nbytes = math.prod(self.chunks or (0,)) * self.dtype.itemsize
        if any("bitshuffle" in name for name in names):
            return nbytes >= SMALLEST_CHUNK and "bitshuffle-lz4" in decodable_forms()
        return names[-1:] == ["deflate"] and nbytes >= _SMALL

    def _read(self, selection: str, into: NDArray[Any] | None = None) -> NDArray[Any]:
        """The selected values; `into` may be used for them."""
        text = self._node.get("type_class") != "compound" and self.dtype.hasobject
        answer = self._transport.request(
            "GET",
            f"/datasets/{self.pid}/data",
            params={"path": self.path, "selection": selection, "format": "json" if text else "npy"},
            headers={"Accept": _accept()} if not text else None,
        )
        if text:
            return _of_json(answer.json(), answer.headers.get("X-Shape"))
        form = _STORED.get(answer.headers.get("Content-Type", ""))
        if form:
            shape = tuple(json.loads(answer.headers["X-Shape"]))
            return decode_stored(answer.content, shape, np.dtype(answer.headers["X-Dtype"]), form, into=into)
        values: NDArray[Any] = np.load(io.BytesIO(answer.content), allow_pickle=False)
        return values


def _accept() -> str:
    """A chunk as it is stored has fewer bytes than its values, mostly a tenth; it is decoded here."""
    return ", ".join([*(STORED_MEDIA_TYPES[form] for form in decodable_forms()), "*/*"])


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
