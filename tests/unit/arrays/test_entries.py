"""What is said of an entry: title, times, instrument, techniques, parameters, arrays."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import h5py
import numpy as np
import pytest

from pandaas.arrays.entries import parse_moment, scan_contents
from pandaas.arrays.links import Navigator
from pandaas.arrays.values import scanned_from_json, scanned_to_json
from pandaas.model import BY_IRI, ArrayKind, DatasetKind, ScannedDataset, UnreadableFile

Opened = Callable[[Callable[[h5py.File], None]], Navigator]


def _scan(opened: Opened, fill: Callable[[h5py.File], None]) -> list[ScannedDataset]:
    return scan_contents(opened(fill).contents)


def _entry(file: h5py.File, name: str = "entry") -> h5py.Group:
    entry = file.require_group(name)
    entry.attrs["NX_class"] = "NXentry"
    return entry


def _group(parent: h5py.Group, name: str, nx_class: str) -> h5py.Group:
    made = parent.require_group(name)
    made.attrs["NX_class"] = nx_class
    return made


def _number(group: h5py.Group, name: str, value: object, unit: str | None = None) -> None:
    group[name] = value
    if unit:
        group[name].attrs["units"] = unit


def _saxs(file: h5py.File) -> None:
    entry = _entry(file)
    entry["title"] = np.array([b"Silver behenate"])
    entry["definition"] = "NXsas"
    entry["start_time"] = "2024-05-03T09:30:00+02:00"
    entry["experiment_identifier"] = "SC-1234"
    instrument = _group(entry, "instrument", "NXinstrument")
    instrument["name"] = "ID02"
    source = _group(instrument, "source", "NXsource")
    source["name"] = "ESRF"
    source["probe"] = "x-ray"
    _number(_group(instrument, "monochromator", "NXmonochromator"), "wavelength", 1.0, "angstrom")
    detector = _group(instrument, "detector", "NXdetector")
    _number(detector, "distance", 2.5, "m")
    _number(detector, "count_time", np.full(7, 0.5), "s")
    detector.create_dataset("data", data=np.zeros((7, 20, 30), "u4"), chunks=(1, 20, 30), compression="gzip")
    sample = _group(entry, "sample", "NXsample")
    sample["name"] = "AgBh"
    _number(sample, "temperature", 25.0, "degC")
    _number(sample, "humidity", 40.0, "%")
    data = _group(entry, "data", "NXdata")
    data.attrs["signal"] = "data"
    data["data"] = detector["data"]


def test_a_saxs_entry(opened: Opened) -> None:
    (dataset,) = _scan(opened, _saxs)
    assert (dataset.title, dataset.instrument, dataset.facility) == ("Silver behenate", "ID02", "ESRF")
    assert (dataset.sample, dataset.proposal, dataset.entry_path) == ("AgBh", "SC-1234", "/entry")
    assert dataset.start_time == datetime(2024, 5, 3, 7, 30, tzinfo=UTC)
    assert [BY_IRI[iri].short for iri in dataset.techniques] == ["SAXS"]
    assert dataset.metadata["instrument"]["detector"]["distance"] == {"value": 2.5, "unit": "m"}


@pytest.mark.parametrize("placeholder", ["NONE", "-1", "n/a", "unknown"])
def test_a_placeholder_is_no_name(opened: Opened, placeholder: str) -> None:
    """SNS writes NONE for a sample nobody named, ISIS -1 for a run without a proposal."""

    def fill(file: h5py.File) -> None:
        _saxs(file)
        for path in ("entry/sample/name", "entry/experiment_identifier"):
            del file[path]
            file[path] = placeholder

    [found] = _scan(opened, fill)
    assert (found.sample, found.proposal) == (None, None)


def test_parameters_with_units_and_in_si(opened: Opened) -> None:
    (dataset,) = _scan(opened, _saxs)
    found = {parameter.name: parameter for parameter in dataset.parameters}
    assert (found["wavelength"].si_value, found["wavelength"].si_unit) == (pytest.approx(1e-10), "m")
    assert (found["temperature"].value, found["temperature"].si_value) == (25.0, pytest.approx(298.15))
    assert found["exposure_time"].value == 0.5
    assert found["photon_energy"].value == pytest.approx(12.398, rel=1e-4)
    assert found["sample_humidity"].unit == "%"


def test_the_plotted_array_is_listed_once_under_the_path_of_the_plot(opened: Opened) -> None:
    (dataset,) = _scan(opened, _saxs)
    (image,) = [array for array in dataset.arrays if array.shape == (7, 20, 30)]
    assert (image.path, image.is_default, image.kind) == ("/entry/data/data", True, ArrayKind.IMAGE_STACK)
    assert (image.dtype, image.nbytes, image.chunks, image.compression) == ("<u4", 16800, (1, 20, 30), "deflate")


def test_several_entries_are_several_datasets(opened: Opened) -> None:
    def fill(file: h5py.File) -> None:
        for name in ("up", "down"):
            entry = _entry(file, name)
            entry["title"] = "Fe film"
            _group(entry, "data", "NXdata")["counts"] = np.arange(5)

    datasets = _scan(opened, fill)
    assert [(d.title, d.entry_path) for d in datasets] == [("Fe film (down)", "/down"), ("Fe film (up)", "/up")]


def test_subentries_add_their_techniques(opened: Opened) -> None:
    def fill(file: h5py.File) -> None:
        entry = _entry(file)
        for name in ("NXfluo", "NXstxm"):
            sub = _group(entry, name.lower(), "NXsubentry")
            sub["definition"] = name
            sub["values"] = np.arange(4)

    (dataset,) = _scan(opened, fill)
    assert [BY_IRI[iri].short for iri in dataset.techniques] == ["XRF", "STXM"]
    assert dataset.definitions == ("NXfluo", "NXstxm")


def test_a_known_instrument_tells_more_than_a_general_definition(opened: Opened) -> None:
    def fill(file: h5py.File) -> None:
        entry = _entry(file, "raw_data_1")
        entry["definition"] = "NXtofraw"
        _group(entry, "instrument", "NXinstrument")["name"] = "LOQ"
        entry["counts"] = np.arange(6)

    (dataset,) = _scan(opened, fill)
    assert [BY_IRI[iri].short for iri in dataset.techniques] == ["TOF-SANS"]


def test_a_result_is_derived(opened: Opened) -> None:
    def fill(file: h5py.File) -> None:
        entry = _entry(file)
        _group(entry, "process", "NXprocess")["program"] = "pyFAI"
        entry["values"] = np.arange(3)

    assert _scan(opened, fill)[0].kind is DatasetKind.DERIVED


def test_plain_hdf5_has_the_name_of_the_file(opened: Opened) -> None:
    def fill(file: h5py.File) -> None:
        file["a"] = np.arange(3)

    (dataset,) = _scan(opened, fill)
    assert (dataset.title, dataset.format, dataset.entry_path) == ("scan", "hdf5", "/")


def test_a_file_without_arrays_is_not_registered(opened: Opened) -> None:
    with pytest.raises(UnreadableFile, match="no array"):
        _scan(opened, lambda file: _entry(file) and None)


def test_very_many_arrays_are_cut_but_the_plot_stays(opened: Opened) -> None:
    def fill(file: h5py.File) -> None:
        entry = _entry(file)
        for index in range(600):
            entry[f"motors/m{index}"] = np.arange(50)
        data = _group(entry, "data", "NXdata")
        data.attrs["signal"] = "s"
        data["s"] = np.arange(2)

    (dataset,) = _scan(opened, fill)
    assert len(dataset.arrays) <= 501
    assert any(array.is_default for array in dataset.arrays)
    assert any("600" in note or "601" in note for note in dataset.unread)


def test_scan_results_travel_as_json(opened: Opened) -> None:
    import json

    (dataset,) = _scan(opened, _saxs)
    assert scanned_from_json(json.loads(json.dumps(scanned_to_json(dataset)))) == dataset


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2016-06-23T12:02:31-06:00", datetime(2016, 6, 23, 18, 2, 31, tzinfo=UTC)),
        ("2016-06-23 12:02:31", datetime(2016, 6, 23, 12, 2, 31, tzinfo=UTC)),
        ("2010-12-05T12:44:10.93-0500", datetime(2010, 12, 5, 17, 44, 10, 930000, tzinfo=UTC)),
        ("2020-10-09T15:25:32.224068123Z", datetime(2020, 10, 9, 15, 25, 32, 224068, tzinfo=UTC)),
        ("2024-02-30T00:00:00", None),
        ("09:50:04", None),
        ("", None),
        (None, None),
    ],
)
def test_times(text: str | None, expected: datetime | None) -> None:
    assert parse_moment(text) == expected
