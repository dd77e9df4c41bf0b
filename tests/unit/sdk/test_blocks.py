"""Blocks cover everything once; partials survive the journey to another machine."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pandaas.sdk import Blocks, RecipeError
from pandaas.sdk.blocks import load_partials, normalised, save_partials


@given(st.integers(0, 5000), st.integers(1, 300), st.integers(1, 64))
def test_blocks_cover_every_item_once_in_order(total: int, size: int, most: int) -> None:
    blocks = Blocks.of(total, size, most)
    assert [item for start, stop in blocks for item in range(start, stop)] == list(range(total))
    assert len(blocks) <= most
    assert blocks.total == total


def test_a_partial_is_the_same_after_the_journey(tmp_path: Path) -> None:
    partial = {
        "curve": np.array([0.1, np.nan, np.inf]),
        "count": 3,
        "share": 0.1 + 0.2,
        "names": ["a", "b"],
        "n": np.int64(7),
    }
    save_partials(str(tmp_path / "p"), {4: partial, 5: {"curve": np.zeros(0)}}, ["mind the gap"])
    found, warnings = load_partials(str(tmp_path / "p"))
    here = normalised(partial)
    assert warnings == ["mind the gap"]
    assert sorted(found) == [4, 5]
    assert found[4]["share"] == here["share"] == 0.1 + 0.2
    assert found[4]["names"] == ["a", "b"]
    np.testing.assert_array_equal(found[4]["curve"], here["curve"])
    assert found[4]["n"].dtype == here["n"].dtype


@given(
    st.dictionaries(st.text("abcdef", min_size=1), st.floats(allow_nan=False) | st.text() | st.integers(), max_size=5)
)
def test_json_values_keep_their_bits(partial: dict[str, object]) -> None:
    assert normalised(partial) == partial


@pytest.mark.parametrize("value", [object(), {1, 2}, np.array([object()]), lambda: 0])
def test_what_would_need_pickle_is_refused(value: object) -> None:
    with pytest.raises(RecipeError, match="thing"):
        normalised({"thing": value})


def test_partials_are_never_unpickled(tmp_path: Path) -> None:
    header = np.frombuffer(json.dumps({"format": 1, "blocks": {"0": {}}, "warnings": []}).encode(), dtype=np.uint8)
    np.savez(tmp_path / "evil.npz", json=header, **{"array/0/x": np.array([{"a": 1}], dtype=object)})
    with pytest.raises(RecipeError, match=r"evil\.npz"):
        load_partials(str(tmp_path / "evil.npz"))


def test_a_truncated_partial_is_named(tmp_path: Path) -> None:
    save_partials(str(tmp_path / "half"), {0: {"x": np.arange(1000)}})
    (tmp_path / "half").write_bytes((tmp_path / "half").read_bytes()[:300])
    with pytest.raises(RecipeError, match="half"):
        load_partials(str(tmp_path / "half"))
