"""dask arrays and xarray objects over the service: axes, units, errors, and no library before it is asked for."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
import pytest

import pandaas
from pandaas.client import Dataset
from pandaas.client.lazily import dask_chunks
from pandaas.testing.service import FakeService

COUNTS = np.arange(24.0).reshape(2, 3, 4)


@pytest.fixture
def service() -> FakeService:
    made = FakeService()
    for name, values in {
        "counts": COUNTS,
        "counts_errors": np.sqrt(COUNTS),
        "second": COUNTS + 1,
        "run": np.array([7, 8]),
        "tof": np.array([0.0, 1.0, 3.0, 4.0, 6.0]),
        "other": np.arange(5),
    }.items():
        made.add_array("ds-1", f"/entry/data/{name}", values)
    made.describe(
        "ds-1",
        "/entry/data",
        NX_class="NXdata",
        signal="counts",
        axes=["run", ".", "tof"],
        auxiliary_signals=["second"],
    )
    made.describe("ds-1", "/entry/data/counts", units="counts", long_name="Neutrons")
    made.describe("ds-1", "/entry/data/tof", units="µs")
    made.describe("ds-1", "/entry/data/run")
    return made


@pytest.fixture
def dataset(service: FakeService) -> Dataset:
    return pandaas.connect(transport=service.transport).dataset("ds-1")


def test_a_dask_array_reads_only_what_is_computed(dataset: Dataset, service: FakeService) -> None:
    counts = dataset["/entry/data/counts"].dask(chunks=(1, 3, 4))
    service.requests.clear()
    assert counts.shape == (2, 3, 4)
    assert not service.requests
    np.testing.assert_array_equal(counts[1].sum(axis=0).compute(scheduler="sync"), COUNTS[1].sum(axis=0))
    assert [request.url.params["selection"] for request in service.requests] == ["1,0:3,0:4"]


@pytest.mark.parametrize(
    ("shape", "itemsize", "stored", "expected"),
    [
        ((200, 2167, 2070), 4, (1, 2167, 2070), (1, 2167, 2070)),
        ((200, 128, 128), 2, None, (200, 128, 128)),
        ((9000, 128, 128), 2, None, (512, 128, 128)),
        ((4000, 4000), 8, (100, 100), (500, 4000)),
        ((10,), 8, (1000,), (10,)),
        ((0, 5), 8, None, (1, 5)),
        ((), 8, None, ()),
    ],
)
def test_dask_chunks_are_made_of_stored_ones(
    shape: tuple[int, ...], itemsize: int, stored: tuple[int, ...] | None, expected: tuple[int, ...]
) -> None:
    chunks = dask_chunks(shape, itemsize, stored)
    assert chunks == expected
    assert all(size % whole == 0 or size == n for size, whole, n in zip(chunks, stored or chunks, shape, strict=True))


def test_one_array_with_its_axes_and_units(dataset: Dataset) -> None:
    counts = dataset["/entry/data/counts"].xarray()
    assert counts.dims == ("run", "dim_1", "tof")
    assert counts.attrs == {"units": "counts", "long_name": "Neutrons"}
    assert counts.run.values.tolist() == [7, 8]
    assert counts.tof.values.tolist() == [0.5, 2.0, 3.5, 5.0]  # the centres of the bins
    assert counts.tof.attrs["units"] == "µs"
    np.testing.assert_array_equal(counts.sel(run=8).values, COUNTS[1])


def test_a_group_with_errors_and_further_signals(dataset: Dataset) -> None:
    data = dataset.xarray("/entry/data")
    assert sorted(data.data_vars) == ["counts", "counts_errors", "second"]
    assert data.attrs["signal"] == "counts"
    np.testing.assert_allclose(data.counts_errors.values, np.sqrt(COUNTS))
    assert dataset.xarray().equals(data)


def test_errors_under_their_plain_name(service: FakeService, dataset: Dataset) -> None:
    service.arrays["ds-1"]["/entry/data/errors"] = service.arrays["ds-1"].pop("/entry/data/counts_errors")
    assert "counts_errors" in dataset.xarray("/entry/data").data_vars


def test_axes_and_errors_as_nxcansas_names_them(service: FakeService, dataset: Dataset) -> None:
    for name in ("I", "Idev", "Q"):
        service.add_array("ds-1", f"/sas/{name}", np.arange(5.0))
    service.describe("ds-1", "/sas", NX_class="NXdata", canSAS_class="SASdata", signal="I", I_axes="Q")
    service.describe("ds-1", "/sas/I", uncertainties="Idev", units="1/cm")
    data = dataset.xarray("/sas")
    assert (sorted(data.data_vars), list(data.coords), data.I.dims) == (["I", "Idev"], ["Q"], ("Q",))
    service.add_array("ds-1", "/sas/I", np.zeros((5, 4)))
    service.describe("ds-1", "/sas", NX_class="NXdata", canSAS_class="SASdata", signal="I", I_axes="Q,Q")
    assert dataset["/sas/I"].xarray().dims == ("dim_0", "dim_1")


def test_arrays_outside_nxdata_have_plain_dimensions(dataset: Dataset, service: FakeService) -> None:
    service.add_array("ds-1", "/entry/x", COUNTS)
    found = dataset["/entry/x"].xarray()
    assert found.dims == ("dim_0", "dim_1", "dim_2")
    assert not found.coords
    with pytest.raises(KeyError, match="NXdata"):
        dataset.xarray("/entry")
    with pytest.raises(KeyError):
        dataset.xarray("/nothing")


@pytest.mark.parametrize(("module", "extra", "how"), [("dask", "dask", "dask"), ("xarray", "xarray", "xarray")])
def test_a_missing_library_is_named_with_its_extra(
    dataset: Dataset, monkeypatch: pytest.MonkeyPatch, module: str, extra: str, how: str
) -> None:
    for name in [name for name in sys.modules if name.partition(".")[0] == module]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, module, None)  # type: ignore[arg-type]
    make: Any = getattr(dataset["/entry/data/counts"], how)
    with pytest.raises(ImportError, match=rf"pandaas\[{extra}\]"):
        make()
