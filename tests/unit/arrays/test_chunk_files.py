"""What a reader process says of files of chunks is not believed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pandaas.arrays.chunk_files import ChunkFiles, FileSource, Shards, _cells, from_json, states, to_json
from pandaas.arrays.layout import Layout

LAYOUT = Layout((0, 0, 0, 0), 0, (20, 30), np.dtype("<u2"), (5, 10), None, (), bytes(2))
FILES = ChunkFiles("scan/data", "c", "/", (1, 0), ("zarr.json",), Shards((10, 20), at_start=False, checked=True))


def test_what_is_told_comes_back() -> None:
    assert from_json(to_json(FILES), LAYOUT) == FILES


def test_names_follow_the_format() -> None:
    assert FILES.name((1, 0)) == "scan/data/c/1/0"
    assert ChunkFiles("", "", ".", (0, 1), ("zarr.json",)).name((3, 4)) == "3.4"


@pytest.mark.parametrize(
    "lie",
    [
        {"folder": "../other"},
        {"folder": "/etc"},
        {"folder": "a//b"},
        {"folder": "a/./b"},
        {"folder": "a\0"},
        {"prefix": "../c"},
        {"separator": "/../"},
        {"order": [0, 0]},
        {"order": [0]},
        {"documents": []},
        {"documents": ["../zarr.json"]},
        {"shards": [[10], False, True]},
        {"shards": [[10, 0], False, True]},
        {"shards": [[11, 20], False, True]},
        {"shards": [[5 << 20, 10 << 20], False, True]},
    ],
)
def test_lies_are_refused(lie: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"store|files"):
        from_json(to_json(FILES) | lie, LAYOUT)


def test_the_state_of_an_endless_array_is_not_asked_file_by_file(tmp_path: Path) -> None:
    endless = replace(LAYOUT, shape=(1 << 50, 30))
    source = FileSource(tmp_path, ChunkFiles("", "c", "/", (0, 1), ("zarr.json",)), endless)
    assert states(source, [slice(0, 1 << 50, 1), slice(0, 30, 1)]) is None
    assert states(source, [slice(0, 1 << 50, 1 << 49), 3]) == ["-", "-"]
    assert states(source, [slice(0, 0, 1), 3]) == []


@given(st.integers(0, 60), st.integers(1, 60), st.integers(1, 30), st.integers(1, 12))
def test_each_file_of_a_selection_is_asked_once(first: int, length: int, step: int, size: int) -> None:
    wanted = slice(first, first + length, step)
    asked = [index // size for index in _cells(wanted, size)]
    assert asked == sorted({index // size for index in range(first, first + length, step)})
