"""Each format as a tree of arrays with a default plot."""

from __future__ import annotations

import bz2
import gzip
import lzma
import math
from collections.abc import Callable, Iterator
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import tifffile
from fabio.cbfimage import CbfImage
from fabio.edfimage import EdfImage

from pandaas.arrays import ENTRY_POINTS, Contents, Reader, ReaderRegistry
from pandaas.arrays import reader as reader_module
from pandaas.arrays.entries import scan_contents
from pandaas.arrays.geometry import geometry_of
from pandaas.arrays.links import Navigator, Permission
from pandaas.arrays.readers import tiff
from pandaas.arrays.slicing import plan, read
from pandaas.model import BY_IRI, PlotSpec, ScannedDataset, UnreadableFile

REGISTRY = ReaderRegistry()
_opened: list[Contents] = []


@pytest.fixture(autouse=True)
def _close() -> Iterator[None]:
    yield
    while _opened:
        _opened.pop().close()


def _open(path: Path) -> tuple[Navigator, ScannedDataset]:
    contents = REGISTRY.open(path)
    _opened.append(contents)
    (dataset,) = scan_contents(contents)
    return Navigator(contents, Permission()), dataset


def _values(navigator: Navigator, path: str, selection: str | None = None) -> Any:
    return read(navigator, plan(navigator, path, selection, 10**9))


def _shorts(dataset: ScannedDataset) -> list[str]:
    return [BY_IRI[iri].short for iri in dataset.techniques]


def _plot(dataset: ScannedDataset) -> PlotSpec:
    assert dataset.plot is not None
    return dataset.plot


def test_built_in_readers_come_through_the_entry_points() -> None:
    assert REGISTRY.broken == {}
    assert {reader.name for reader in REGISTRY.readers} == {
        "cansas-xml", "cbf", "dials", "edf", "hdf5", "text", "tiff", "zarr"
    }  # fmt: skip
    assert all(isinstance(reader, Reader) for reader in REGISTRY.readers)


def test_a_broken_reader_disables_itself_visibly(monkeypatch: pytest.MonkeyPatch) -> None:
    points = [
        EntryPoint("gone", "not_a_module:Reader", ENTRY_POINTS),
        EntryPoint("wrong", "pathlib:PurePath", ENTRY_POINTS),
        EntryPoint("tiff", "pandaas.arrays.readers.tiff:TiffReader", ENTRY_POINTS),
    ]
    monkeypatch.setattr(reader_module, "entry_points", lambda group: points)
    registry = ReaderRegistry()
    assert [reader.name for reader in registry.readers] == ["tiff"]
    assert set(registry.broken) == {"gone", "wrong"}


def test_an_unknown_format_says_so(tmp_path: Path) -> None:
    path = tmp_path / "a.xyz"
    path.write_bytes(b"\x01\x02")
    with pytest.raises(UnreadableFile, match="No reader") as caught:
        REGISTRY.open(path)
    assert "list of formats in the reference" in (caught.value.remedy or "")  # which the page makes a link


# --- text -----------------------------------------------------------------------------------------------------------


def _text(tmp_path: Path, name: str, text: str) -> tuple[Navigator, ScannedDataset]:
    path = tmp_path / name
    path.write_text(text)
    return _open(path)


def test_three_columns_with_names(tmp_path: Path) -> None:
    navigator, dataset = _text(
        tmp_path, "a.dat", "# made by us\n# Q [1/A]   I(Q)   Error\n" + "0.1 2 0.3\n0.2 1 0.2\n0.4 .5 0.1\n"
    )
    plot = _plot(dataset)
    assert (plot.signal, plot.axes, plot.errors) == ("/entry/data/I(Q)", ("/entry/data/Q",), "/entry/data/Error")
    assert navigator.find("/entry/data/Q").object.attrs["units"] == "1/A"
    assert _values(navigator, plot.signal).tolist() == [2, 1, 0.5]
    assert _shorts(dataset) == ["SAS"]


@pytest.mark.parametrize("separator", [" ", "\t", ",", " ; ", "   "])
def test_columns_without_names(tmp_path: Path, separator: str) -> None:
    lines = "\n".join(separator.join(map(str, row)) for row in [(1, 5.5, 0.1), (2, 6.5, 0.2)])
    navigator, dataset = _text(tmp_path, "a.dat", lines)
    assert _plot(dataset).errors == "/entry/data/error"
    assert _values(navigator, "/entry/data/y").tolist() == [5.5, 6.5]
    assert dataset.techniques == ()


def test_fortran_exponents_and_missing_values(tmp_path: Path) -> None:
    navigator, _ = _text(tmp_path, "a.xy", "1.0D+02 nan\n2.0d-1 3\n")
    assert _values(navigator, "/entry/data/x").tolist() == [100, 0.2]


def test_a_powder_pattern(tmp_path: Path) -> None:
    navigator, dataset = _text(tmp_path, "a.xye", "#  2theta intensity   su\n10.00 167 12.6\n10.05 157 12.5\n")
    assert _shorts(dataset) == ["powder"]
    assert navigator.find("/entry/data/2theta").object.attrs["units"] == "degree"


def test_bioxtas_raw_tells_its_geometry(tmp_path: Path) -> None:
    header = '\n### HEADER:\n#\n#{\n# "calibration_params": {"Wavelength (A)": 1.245, "Sample-to-detector distance (mm)": 1502.7},'
    header += '\n# "counters": {"date": "Sat Nov 14 15:03:25 2015"}\n#}\n'
    _, dataset = _text(tmp_path, "a.dat", "### DATA:\n#\n# 2\n#   Q    I(Q)    Error\n1 2 3\n2 3 4\n" + header)
    found = {parameter.name: parameter.si_value for parameter in dataset.parameters}
    assert found["wavelength"] == pytest.approx(1.245e-10)
    assert found["detector_distance"] == pytest.approx(1.5027)
    assert _shorts(dataset) == ["SAXS"]
    assert dataset.start_time is not None


def test_a_table_of_many_quantities_is_one_curve(tmp_path: Path) -> None:
    names = ["energy", "i0", "itrans", *(f"ocr_{i}" for i in range(30))]
    head = "".join(f"# Column.{i + 1}: {name}\n" for i, name in enumerate(names))
    rows = "".join(f" {7000 + row} " + " ".join(["0"] * 32) + "\n" for row in range(3))
    _, dataset = _text(tmp_path, "many.xdi", f"# XDI/1.0 GSE/1.0\n{head}#----\n# {' '.join(names)}\n{rows}")
    assert (_plot(dataset).signal, _plot(dataset).auxiliary) == ("/entry/data/itrans", ())


def test_xdi(tmp_path: Path) -> None:
    text = "# XDI/1.0 GSE/1.0\n# Column.1: energy eV\n# Column.2: i0\n# Column.3: itrans || pv\n# Mono.d_spacing: 3.13555\n"
    text += "# Beamline.name: 13-BM-D\n# Facility.name: APS\n# Sample.name: iron oxide\n# Scan.start_time: 2015-03-04 12:00:01\n"
    _, dataset = _text(tmp_path, "a.xdi", text + "#----\n# energy i0 itrans\n 7000 1 2\n 7001 1 3\n")
    assert (dataset.format, dataset.instrument, dataset.facility) == ("xdi", "13-BM-D", "APS")
    assert (dataset.title, dataset.sample, _shorts(dataset)) == ("iron oxide", "iron oxide", ["XAS"])
    assert _plot(dataset).signal == "/entry/data/mu_transmission"


def _xas(tmp_path: Path, names: str, rows: str, head: str = "") -> tuple[Navigator, ScannedDataset]:
    columns = "".join(f"# Column.{i + 1}: {name}\n" for i, name in enumerate(names.split()))
    return _text(tmp_path, "a.xdi", f"# XDI/1.0\n{columns}{head}#----\n{rows}")


def test_the_plot_of_an_absorption_scan_is_computed_and_says_so(tmp_path: Path) -> None:
    navigator, dataset = _xas(tmp_path, "energy I0 IT", "7000 10 5\n7001 10 1\n7002 10 0\n")
    plot = _plot(dataset)
    assert (plot.signal, plot.axes, plot.auxiliary) == ("/entry/data/mu_transmission", ("/entry/data/energy",), ())
    assert _values(navigator, plot.signal).tolist() == pytest.approx([math.log(2), math.log(10), math.nan], nan_ok=True)
    attributes = navigator.find(plot.signal).object.attrs
    assert attributes["long_name"] == "µ(E) = ln(I0/IT), computed"
    assert "not in the file" in attributes["derived"]


def test_a_column_that_holds_the_absorption_goes_before_a_computed_one(tmp_path: Path) -> None:
    navigator, dataset = _xas(tmp_path, "energy mutrans i0 itrans mufluor", "7000 1 10 5 2\n7001 2 10 1 3\n")
    assert (_plot(dataset).signal, _plot(dataset).auxiliary) == ("/entry/data/mutrans", ("/entry/data/mufluor",))
    assert navigator.find("/entry/data/mutrans").object.attrs["long_name"] == "µ(E), column mutrans"
    assert "/entry/data/mu_transmission" not in {array.path for array in dataset.arrays}


def test_the_line_of_the_scanned_element_in_several_detectors_goes_before_transmission(tmp_path: Path) -> None:
    rows = "7000 10 5 1 2 9 9\n7001 10 5 3 4 9 9\n"
    navigator, dataset = _xas(
        tmp_path, "energy I0 IT Fe_Ka_mca1 Fe_Ka_mca2 Mn_Ka_mca1 Mn_Ka_mca2", rows, "# Element.symbol: Fe\n"
    )
    assert _plot(dataset).signal == "/entry/data/mu_fluorescence"
    assert _values(navigator, "/entry/data/mu_fluorescence").tolist() == pytest.approx([0.3, 0.7])
    label = navigator.find("/entry/data/mu_fluorescence").object.attrs["long_name"]
    assert label == "µ(E) ∝ sum of 2 Fe_Ka/I0, computed"
    assert _values(navigator, "/entry/data/mu_transmission").tolist() == pytest.approx([math.log(2)] * 2)


def test_spec(tmp_path: Path) -> None:
    text = "#F run\n#D Sat Nov 14 15:03:24 2015\n\n#S 1  ascan th 0 1 2 1\n#N 3\n#L Theta  Epoch  Detector\n0 1 5\n1 2 6\n\n"
    text += "#S 2  ct\n#N 1\n#L a\n\n#S 3  ascan\n#L Theta  Detector\n1 2\n2 3\n"
    navigator, dataset = _text(tmp_path, "run", text)
    assert dataset.format == "spec"
    assert (_plot(dataset).signal, _plot(dataset).axes) == ("/entry/scan_1/Detector", ("/entry/scan_1/Theta",))
    assert _values(navigator, "/entry/scan_3/Detector").tolist() == [2, 3]


def test_spe_with_calibration(tmp_path: Path) -> None:
    text = "$SPEC_ID:\nsteel\n$MEAS_TIM:\n90 100\n$DATA:\n0 4\n1 2\n3 4 5\n$ENER_FIT:\n0.5 0.25\n"
    navigator, dataset = _text(tmp_path, "a.spe", text)
    assert _values(navigator, "/entry/data/counts").tolist() == [1, 2, 3, 4, 5]
    assert _values(navigator, "/entry/data/energy", "-1") == 1.5
    assert _plot(dataset).axes == ("/entry/data/energy",)


def test_a_spe_that_ends_early(tmp_path: Path) -> None:
    with pytest.raises(UnreadableFile, match="ends after"):
        _text(tmp_path, "a.spe", "$DATA:\n0 100\n1 2 3\n")


def test_a_spectrum_of_several_elements(tmp_path: Path) -> None:
    text = "VERSION:    3.1\nELEMENTS:   2\nDATE:       Jan 30, 2013 15:25:17.766\nCHANNELS:   3\nCAL_OFFSET: 0.1 0.2\n"
    text += "CAL_SLOPE: 0.01 0.01\nCAL_QUAD: 0 0\nROI_0_LABEL: Fe Ka & Fe Ka &\nDATA:\n 1 2\n 3 4\n 5 6\n"
    navigator, dataset = _text(tmp_path, "a.mca", text)
    assert _values(navigator, "/entry/data/counts").tolist() == [[1, 3, 5], [2, 4, 6]]
    assert _shorts(dataset) == ["XRF"]
    assert _plot(dataset).axes == (None, "/entry/data/energy")


def test_amptek(tmp_path: Path) -> None:
    navigator, _ = _text(tmp_path, "a.mca", "<<PMCA SPECTRUM>>\nREAL_TIME - 12.5\n<<DATA>>\n1\n2\n3\n<<END>>\n")
    assert _values(navigator, "/entry/data/counts").tolist() == [1, 2, 3]


# --- CanSAS ---------------------------------------------------------------------------------------------------------


def test_cansas_xml(tmp_path: Path) -> None:
    path = tmp_path / "a.xml"
    path.write_text(
        '<?xml version="1.0"?><SASroot version="1.1" xmlns="urn:cansas1d:1.1"><SASentry><Title>Latex</Title><Run>7</Run>'
        '<SASdata><Idata><Q unit="1/A">0.1</Q><I unit="1/cm">5</I><Idev unit="1/cm">1</Idev></Idata>'
        '<Idata><Q unit="1/A">0.2</Q><I unit="1/cm">4</I></Idata></SASdata><SASsample><ID>S1</ID></SASsample>'
        "<SASinstrument><name>D22</name><SASsource><radiation>neutron</radiation>"
        '<wavelength unit="A">6.0</wavelength></SASsource></SASinstrument></SASentry></SASroot>'
    )
    navigator, dataset = _open(path)
    assert (dataset.title, dataset.instrument, dataset.sample) == ("Latex", "D22", "S1")
    assert _shorts(dataset) == ["SANS"]
    plot = _plot(dataset)
    assert (plot.signal, plot.errors, plot.x_scale) == ("/entry/data/I", "/entry/data/Idev", "log")
    np.testing.assert_array_equal(_values(navigator, "/entry/data/Idev"), [1, np.nan])


# --- images ---------------------------------------------------------------------------------------------------------

IMAGE = np.arange(20 * 30, dtype="i4").reshape(20, 30)


@pytest.mark.parametrize("pack", [None, gzip.compress, bz2.compress, lzma.compress])
def test_cbf(tmp_path: Path, pack: Callable[[bytes], bytes] | None) -> None:
    plain = tmp_path / "a.cbf"
    CbfImage(data=IMAGE).write(str(plain))
    ending = {None: "", gzip.compress: ".gz", bz2.compress: ".bz2", lzma.compress: ".xz"}[pack]
    path = tmp_path / f"b.cbf{ending}"
    path.write_bytes(pack(plain.read_bytes()) if pack else plain.read_bytes())
    navigator, dataset = _open(path)
    assert dataset.title == "b"
    np.testing.assert_array_equal(_values(navigator, "/entry/data/data", "::-1,3:5"), IMAGE[::-1, 3:5])


def test_a_pilatus_header_tells_the_geometry(tmp_path: Path) -> None:
    text = "# Pixel_size 172e-6 m x 172e-6 m\n# Silicon sensor, thickness 0.000320 m\n# Exposure_time 1.5 s\n"
    text += "# Wavelength 1.0 A\n# Detector_distance 0.25 m\n# Beam_xy (12.5, 7.5) pixels\n"
    tifffile.imwrite(tmp_path / "a.tif", IMAGE, description=text, metadata=None)
    navigator, dataset = _open(tmp_path / "a.tif")
    geometry = geometry_of(navigator, "/entry/data/data")
    assert geometry is not None
    assert (geometry.distance, geometry.beam_center_x, geometry.beam_center_y) == (0.25, 12.5, 7.5)
    assert geometry.wavelength == pytest.approx(1e-10)
    assert {p.name: p.value for p in dataset.parameters}["exposure_time"] == 1.5


def test_a_beam_position_nobody_set_is_no_geometry(tmp_path: Path) -> None:
    text = "# Pixel_size 172e-6 m x 172e-6 m\n# Silicon\n# Wavelength 1.0 A\n# Detector_distance 1.0 m\n# Beam_xy (0.00, 0.00) pixels\n"
    tifffile.imwrite(tmp_path / "a.tif", IMAGE, description=text, metadata=None)
    navigator, _ = _open(tmp_path / "a.tif")
    assert geometry_of(navigator, "/entry/data/data") is None


@pytest.mark.parametrize("frames", [1, 3])
def test_edf(tmp_path: Path, frames: int) -> None:
    stack = np.stack([IMAGE + index for index in range(frames)])
    image = EdfImage(data=stack[0], header={"SampleDistance": "0.5", "title": "ring"})
    for frame in stack[1:]:
        image.append_frame(data=frame)
    image.write(str(tmp_path / "a.edf"))
    navigator, dataset = _open(tmp_path / "a.edf")
    expected = stack[0] if frames == 1 else stack
    np.testing.assert_array_equal(_values(navigator, "/entry/data/data"), expected)
    np.testing.assert_array_equal(_values(navigator, "/entry/data/data", "-1,...,::4"), expected[-1, ..., ::4])
    assert dataset.title == "ring"


def test_an_edf_never_opens_its_neighbours(tmp_path: Path) -> None:
    for number in (0, 1):
        EdfImage(data=IMAGE + number).write(str(tmp_path / f"scan_{number:04d}.edf"))
    navigator, _ = _open(tmp_path / "scan_0001.edf")
    assert _values(navigator, "/entry/data/data", "0,0") == 1


@pytest.mark.parametrize("shape", [(20, 30), (4, 20, 30), (2, 3, 20, 30)])
def test_tiff_stacks_are_read_page_by_page(tmp_path: Path, shape: tuple[int, ...]) -> None:
    values = np.arange(int(np.prod(shape)), dtype="u2").reshape(shape)
    tifffile.imwrite(tmp_path / "a.tif", values, photometric="minisblack", metadata={"axes": "TZYX"[-len(shape) :]})
    navigator, _ = _open(tmp_path / "a.tif")
    np.testing.assert_array_equal(_values(navigator, "/entry/data/data"), values)
    np.testing.assert_array_equal(_values(navigator, "/entry/data/data", "-1,...,2:5"), values[-1, ..., 2:5])
    np.testing.assert_array_equal(_values(navigator, "/entry/data/data", "::-1"), values[::-1])


def test_a_stack_of_one_page_that_is_too_large_to_decode_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    values = np.arange(5 * 30 * 40, dtype=">u2").reshape(5, 30, 40)
    tifffile.imwrite(tmp_path / "a.tif", values, imagej=True)
    with tifffile.TiffFile(tmp_path / "a.tif") as image:
        first = image.pages.first
        place = first.offset + 2 + 12 * len(first.tags)
    with (tmp_path / "a.tif").open(
        "r+b"
    ) as stream:  # as ImageJ itself writes large stacks: one page described, the rest follows
        stream.seek(place)
        stream.write(bytes(4))
    monkeypatch.setattr(tiff, "_MAX_PAGE", values[0].nbytes)
    navigator, _ = _open(tmp_path / "a.tif")
    np.testing.assert_array_equal(_values(navigator, "/entry/data/data", "3,::-1,5"), values[3, ::-1, 5])


def test_a_big_endian_tiff(tmp_path: Path) -> None:
    tifffile.imwrite(tmp_path / "a.tif", IMAGE, byteorder=">", photometric="minisblack")
    navigator, _ = _open(tmp_path / "a.tif")
    np.testing.assert_array_equal(_values(navigator, "/entry/data/data"), IMAGE)


def test_a_colour_tiff(tmp_path: Path) -> None:
    values = np.arange(20 * 30 * 3, dtype="u1").reshape(20, 30, 3)
    tifffile.imwrite(tmp_path / "a.tif", values, photometric="rgb")
    navigator, _ = _open(tmp_path / "a.tif")
    np.testing.assert_array_equal(_values(navigator, "/entry/data/data", "3,:,1"), values[3, :, 1])


# --- HDF5 and Zarr --------------------------------------------------------------------------------------------------


def test_hdf5_behind_a_user_block_and_compressed(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "a.h5", "w", userblock_size=512) as file:
        file["a"] = np.arange(4)
    (tmp_path / "b.h5.xz").write_bytes(lzma.compress((tmp_path / "a.h5").read_bytes()))
    for name in ("a.h5", "b.h5.xz"):
        navigator, dataset = _open(tmp_path / name)
        assert dataset.format == "hdf5"
        assert _values(navigator, "/a").tolist() == [0, 1, 2, 3]


@pytest.mark.parametrize("version", [2, 3])
def test_zarr(tmp_path: Path, version: Any) -> None:
    import zarr

    root = zarr.open_group(tmp_path / "a.zarr", mode="w", zarr_format=version)
    root.attrs["title"] = "a store"
    array = root.create_array("scan/frames", shape=(5, 40, 50), chunks=(1, 20, 25), dtype="u2")
    values = np.arange(10_000, dtype="u2").reshape(5, 40, 50)
    array[:] = values
    array.attrs["units"] = "counts"
    navigator, dataset = _open(tmp_path / "a.zarr")
    (found,) = dataset.arrays
    assert (found.path, found.shape, found.chunks, found.unit) == ("/scan/frames", (5, 40, 50), (1, 20, 25), "counts")
    np.testing.assert_array_equal(_values(navigator, "/scan/frames", "::-2,3,::7"), values[::-2, 3, ::7])


def test_dials_files_say_what_they_need(tmp_path: Path) -> None:
    (tmp_path / "a.expt").write_text('{"__id__": "ExperimentList", "beam": [{"wavelength": 0.6889}], "detector": []}')
    contents: Contents = REGISTRY.open(tmp_path / "a.expt")
    (dataset,) = scan_contents(contents)
    assert "needs DIALS" in dataset.unread[0]
    assert dataset.arrays == ()
