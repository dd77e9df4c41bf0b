"""Types in words."""

from __future__ import annotations

import numpy as np
import pytest

from pandaas.arrays.h5types import dtype_as_text


@pytest.mark.parametrize(
    ("dtype", "text"),
    [
        (np.dtype(">f8"), ">f8"),
        (np.dtype("S4"), "|S4"),
        (
            np.dtype([("t", "<f8"), ("pos", [("x", "<f4"), ("y", "<f4")]), ("ok", "?")]),
            "[('t', '<f8'), ('pos', [('x', '<f4'), ('y', '<f4')]), ('ok', '|b1')]",
        ),
        (np.dtype([("c", "<i4", (3,))]), "[('c', ('<i4', (3,)))]"),
        (np.dtype({"names": ["b"], "formats": ["<i2"], "offsets": [6], "itemsize": 16}), "[('b', '<i2')]"),
    ],
)
def test_dtype_as_text(dtype: np.dtype[np.void], text: str) -> None:
    assert dtype_as_text(dtype) == text
