"""HDF5 files in memory, read without worker processes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import h5py
import pytest

from pandaas.arrays import Contents
from pandaas.arrays.links import Navigator, Permission
from pandaas.arrays.readers.describe import memory_file

Fill = Callable[[h5py.File], None]


@pytest.fixture
def opened() -> Iterator[Callable[[Fill], Navigator]]:
    """Fill an empty file and walk it."""
    made: list[Contents] = []

    def build(fill: Fill) -> Navigator:
        file = memory_file()
        del file.attrs["NX_class"]
        fill(file)
        made.append(Contents(Path("/data/scan.h5"), "hdf5", file))
        return Navigator(made[-1], Permission())

    yield build
    for contents in made:
        contents.close()
