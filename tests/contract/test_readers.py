"""The built-in readers pass the suite that third parties' readers pass."""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np
import tifffile
from fabio.cbfimage import CbfImage
from fabio.edfimage import EdfImage

from pandaas.arrays.readers.cansas import CansasXmlReader
from pandaas.arrays.readers.cbf import CbfReader
from pandaas.arrays.readers.dials import DialsReader
from pandaas.arrays.readers.edf import EdfReader
from pandaas.arrays.readers.hdf5 import Hdf5Reader
from pandaas.arrays.readers.text import TextReader
from pandaas.arrays.readers.tiff import TiffReader
from pandaas.arrays.readers.zarr import ZarrReader
from pandaas.testing.readers import ReaderConformance

IMAGE = np.arange(24 * 36, dtype="i4").reshape(24, 36)


class TestHdf5(ReaderConformance):
    reader = Hdf5Reader()

    def make_example(self, folder: Path) -> Path:
        with h5py.File(folder / "a.h5", "w") as file:
            file["data"] = IMAGE
        return folder / "a.h5"


class TestText(ReaderConformance):
    reader = TextReader()

    def make_example(self, folder: Path) -> Path:
        (folder / "a.dat").write_text("# Q I(Q) Error\n" + "".join(f"{i} {i * i} 0.5\n" for i in range(1, 40)))
        return folder / "a.dat"


class TestCansasXml(ReaderConformance):
    reader = CansasXmlReader()

    def make_example(self, folder: Path) -> Path:
        rows = "".join(f'<Idata><Q unit="1/A">{i}</Q><I unit="1/cm">{i}</I></Idata>' for i in range(1, 5))
        (folder / "a.xml").write_text(
            f"<SASroot><SASentry><Title>t</Title><SASdata>{rows}</SASdata></SASentry></SASroot>"
        )
        return folder / "a.xml"


class TestCbf(ReaderConformance):
    reader = CbfReader()

    def make_example(self, folder: Path) -> Path:
        CbfImage(data=IMAGE).write(str(folder / "a.cbf"))
        return folder / "a.cbf"


class TestEdf(ReaderConformance):
    reader = EdfReader()

    def make_example(self, folder: Path) -> Path:
        EdfImage(data=IMAGE).write(str(folder / "a.edf"))
        return folder / "a.edf"


class TestTiff(ReaderConformance):
    reader = TiffReader()

    def make_example(self, folder: Path) -> Path:
        tifffile.imwrite(folder / "a.tif", np.stack([IMAGE] * 3).astype("u2"), photometric="minisblack")
        return folder / "a.tif"


class TestZarr(ReaderConformance):
    reader = ZarrReader()
    can_be_cut = False

    def make_example(self, folder: Path) -> Path:
        import zarr

        root = zarr.open_group(folder / "a.zarr", mode="w")
        root.create_array("data", shape=IMAGE.shape, chunks=(10, 10), dtype="i4")[:] = IMAGE
        return folder / "a.zarr"


class TestDials(ReaderConformance):
    reader = DialsReader()
    has_arrays = False

    def make_example(self, folder: Path) -> Path:
        (folder / "a.expt").write_text('{"__id__": "ExperimentList", "beam": [{"wavelength": 1.0}]}')
        return folder / "a.expt"
