"""What the tree says of a node."""

from __future__ import annotations

from collections.abc import Callable

import h5py
import numpy as np

from pandaas.arrays.links import Navigator
from pandaas.arrays.structure import tree
from pandaas.arrays.values import node_from_json


def test_an_enumeration_says_what_its_values_mean(opened: Callable[[Callable[[h5py.File], None]], Navigator]) -> None:
    def fill(file: h5py.File) -> None:
        file.create_dataset("state", data=7, dtype=h5py.enum_dtype({"IDLE": 0, "FAULT": 7}, basetype="i4"))
        file["open"] = np.True_  # h5py stores it as an enumeration
        file["count"] = 3

    root = node_from_json(tree(opened(fill), "/", 1, None))
    assert {node.name: node.enum for node in root.children or ()} == {
        "state": {"IDLE": 0, "FAULT": 7},
        "open": {},
        "count": {},
    }
