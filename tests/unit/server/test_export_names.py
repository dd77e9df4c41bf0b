"""What exported numbers are called."""

from __future__ import annotations

import pytest

from pandaas.server.routers.arrays import _file_name


@pytest.mark.parametrize(
    ("path", "selection", "name"),
    [
        ("/entry/data/data", "17,:,:", "ds-1_data_17"),
        ("/entry/data/data", "3,10:20", "ds-1_data_3_10_20"),
        ("/entry/data/I", None, "ds-1_I"),
    ],
)
def test_dataset_array_and_indices(path: str, selection: str | None, name: str) -> None:
    assert _file_name("ds-1", path, selection) == name
