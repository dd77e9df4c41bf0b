"""Blocks of work and the partial results they give.

A partial is a dictionary of NumPy arrays and JSON values, never of pickled objects: it may cross from one machine to
another. Whatever way it takes, it is normalised the same way, so that every engine merges exactly the same bits.
"""

from __future__ import annotations

import io
import json
import os
import zipfile
from typing import Any, Iterator, Mapping, Sequence, Union, overload

import numpy as np

from pandaas.sdk.errors import RecipeError

_JSON_MEMBER = "json"
_ARRAY_PREFIX = "array/"


class Blocks(Sequence["tuple[int, int]"]):
    """Consecutive ranges (start, stop) that cover 0 … total. They depend on the data only, never on the cores."""

    def __init__(self, ranges: Sequence[tuple[int, int]]) -> None:
        self._ranges = tuple((int(start), int(stop)) for start, stop in ranges)

    @classmethod
    def of(cls, total: int, size: int, most: int = 256) -> Blocks:
        """Blocks of `size` items, or larger ones where that would give more than `most` blocks."""
        size = max(1, size, -(-total // most))
        return cls([(start, min(start + size, total)) for start in range(0, total, size)])

    @overload
    def __getitem__(self, index: int) -> tuple[int, int]: ...

    @overload
    def __getitem__(self, index: slice) -> Blocks: ...

    def __getitem__(self, index: Union[int, slice]) -> Union[tuple[int, int], Blocks]:
        return Blocks(self._ranges[index]) if isinstance(index, slice) else self._ranges[index]

    def __len__(self) -> int:
        return len(self._ranges)

    def __iter__(self) -> Iterator[tuple[int, int]]:
        return iter(self._ranges)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Blocks) and self._ranges == other._ranges

    def __hash__(self) -> int:
        return hash(self._ranges)

    @property
    def total(self) -> int:
        """Number of items in all blocks."""
        return sum(stop - start for start, stop in self._ranges)


def normalised(partial: Mapping[str, Any]) -> dict[str, Any]:
    """The same partial as it looks after crossing to another machine. Raises `RecipeError` for anything else in it."""
    arrays, values = _split(partial)
    return {**arrays, **json.loads(json.dumps(values))}


def save_partials(path: str, partials: Mapping[int, Mapping[str, Any]], warnings: Sequence[str] = ()) -> None:
    """Write the partials of several blocks, each on its own (merging happens once, in order, at the end)."""
    arrays: dict[str, Any] = {}
    values: dict[str, Any] = {}
    for block, partial in partials.items():
        block_arrays, values[str(block)] = _split(partial)
        for key, array in block_arrays.items():
            arrays[f"{_ARRAY_PREFIX}{block}/{key}"] = array
    header = json.dumps({"format": 1, "blocks": values, "warnings": list(warnings)})
    arrays[_JSON_MEMBER] = np.frombuffer(header.encode("utf-8"), dtype=np.uint8)
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)
    draft = f"{path}.{os.getpid()}.part"
    with open(draft, "wb") as stream:
        stream.write(buffer.getbuffer())
    os.replace(draft, path)


def load_partials(path: str) -> tuple[dict[int, dict[str, Any]], list[str]]:
    """Read what `save_partials` wrote: the partial of each block, and the warnings."""
    try:
        with open(path, "rb") as stream, np.load(stream, allow_pickle=False) as archive:
            header = json.loads(archive[_JSON_MEMBER].tobytes().decode("utf-8"))
            partials: dict[int, dict[str, Any]] = {
                int(block): dict(values) for block, values in header["blocks"].items()
            }
            for member in archive.files:
                if member.startswith(_ARRAY_PREFIX):
                    block, key = member[len(_ARRAY_PREFIX) :].split("/", 1)
                    partials[int(block)][key] = archive[member]
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise RecipeError(
            f"The partial result {os.path.basename(path)} can't be read: {error}.", "Run the job again."
        ) from error
    return partials, list(header["warnings"])


def _split(partial: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    if not isinstance(partial, Mapping):
        raise RecipeError(f"process() must return a dictionary, not {type(partial).__name__}.")
    arrays: dict[str, Any] = {}
    values: dict[str, Any] = {}
    for key, value in partial.items():
        if isinstance(value, (np.ndarray, np.generic)):
            array = np.asarray(value)
            if array.dtype.hasobject:
                raise RecipeError(f"The partial's array '{key}' holds Python objects; only plain numbers can travel.")
            arrays[str(key)] = np.ascontiguousarray(array).reshape(array.shape)
        else:
            values[str(key)] = _checked_json(str(key), value)
    return arrays, values


def _checked_json(key: str, value: Any) -> Any:
    try:
        json.dumps(value)
    except (TypeError, ValueError) as error:
        raise RecipeError(f"The partial's value '{key}' is neither an array nor JSON: {error}.") from error
    return value
