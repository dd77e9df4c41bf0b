"""What an array looks like."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from pandaas.arrays.kinds import array_kind
from pandaas.model import ArrayKind


@pytest.mark.parametrize(
    ("shape", "dtype", "options", "kind"),
    [
        ((), "f8", {}, ArrayKind.SCALAR),
        ((1, 1), "f8", {}, ArrayKind.SCALAR),
        ((100,), "f8", {}, ArrayKind.CURVE),
        ((1, 100), "f8", {}, ArrayKind.CURVE),
        ((100,), "u4", {"parent_class": "NXevent_data"}, ArrayKind.EVENTS),
        ((400, 500), "u2", {}, ArrayKind.IMAGE),
        ((470, 2), "f8", {}, ArrayKind.TABLE),
        ((470, 2), "f8", {"detector": True}, ArrayKind.IMAGE),
        ((10, 400, 500), "u2", {}, ArrayKind.IMAGE_STACK),
        ((181, 2, 640), "f4", {}, ArrayKind.IMAGE_STACK),
        ((18, 18, 512), "f8", {"interpretation": "spectrum"}, ArrayKind.SPECTRA_MAP),
        ((1, 6, 102), "i4", {"last_axis": "/raw/detector_1/time_of_flight"}, ArrayKind.SPECTRA_MAP),
        ((2, 2, 2, 4096), "f4", {"last_axis": "energy"}, ArrayKind.SPECTRA_MAP),
        ((2, 2, 2, 100, 1000), "f4", {"interpretation": "image"}, ArrayKind.IMAGE_STACK),
        ((47, 47, 47), "f8", {"volume": True}, ArrayKind.VOLUME),
        ((5,), [("a", "f4"), ("b", "i2")], {}, ArrayKind.TABLE),
        ((5,), "S8", {}, ArrayKind.OTHER),
        ((5, 64, 64), "c16", {}, ArrayKind.IMAGE_STACK),
    ],
)
def test_kinds(shape: tuple[int, ...], dtype: Any, options: dict[str, Any], kind: ArrayKind) -> None:
    assert array_kind(shape, np.dtype(dtype), **options) is kind
