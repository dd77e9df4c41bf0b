"""The programs that people use open a dataset by an address with a key: zarr-python, xarray, dask, and OME-NGFF's model."""

from __future__ import annotations

from pathlib import Path

import dask.array
import h5py
import hdf5plugin
import httpx
import numpy as np
import ome_zarr_models
import pytest
import xarray
import zarr

from pandaas.access import FACILITY
from pandaas.config import Settings
from pandaas.server import build_services, close_services

pytestmark = [pytest.mark.integration, pytest.mark.timeout(180)]
FRAMES = np.random.default_rng(6).poisson(0.5, (5, 1100, 1028)).astype("<u4")
ENERGY = np.linspace(8, 9, 5)


@pytest.fixture(scope="module")
def pid(address: str, settings: Settings) -> str:
    """A detector series as an EIGER writes it, with axes and units."""
    file = Path(settings.storage[0].path) / "programs.nxs"
    with h5py.File(file, "w") as made:
        made.create_group("entry").attrs["NX_class"] = "NXentry"
        data = made.create_group("entry/data")
        data.attrs.update(NX_class="NXdata", signal="counts", axes=["energy", "y", "x"])
        data.create_dataset("counts", data=FRAMES, chunks=(1, 1100, 1028), **hdf5plugin.Bitshuffle(cname="lz4"))
        data["energy"] = ENERGY
        data["energy"].attrs["units"] = "keV"
        data["y"] = np.arange(1100) * 0.075
        data["label"] = "a series"
    services = build_services(settings)
    report = services.catalogue.ingest(FACILITY, [file], proposal="P-1")
    close_services(services)
    return str(report.datasets[0].pid)


@pytest.fixture(scope="module")
def store(address: str, pid: str) -> str:
    """The address of the dataset, with its key."""
    with httpx.Client(base_url=address, headers={"X-PaNDAaS": "1", "Origin": address}) as browser:
        browser.post("/api/v1/session", json={"user": "alice", "password": "alice-test-1234"})
        made = browser.post(f"/api/v1/datasets/{pid}/capabilities").json()
    return str(address + made["path"])


def test_zarr_python(store: str) -> None:
    group = zarr.open_group(store, mode="r")
    array = group["entry/data/counts"]
    assert (array.shape, array.chunks, array.dtype) == (FRAMES.shape, (1, 1100, 1028), FRAMES.dtype)
    assert np.array_equal(array[3, 100:200], FRAMES[3, 100:200])
    assert group["entry/data/label"][()] == "a series"
    assert group["entry/data"].attrs["signal"] == "counts"


def test_zarr_python_with_a_token_in_the_header(address: str, settings: Settings, pid: str) -> None:
    services = build_services(settings)
    _, token = services.identity.create_token(services.identity.person_named("alice").id, "test", ["read"], 1)
    close_services(services)
    options = {"headers": {"Authorization": f"Bearer {token}"}}
    array = zarr.open_array(f"{address}/zarr/{pid}/entry/data/counts", mode="r", storage_options=options)
    assert np.array_equal(array[4], FRAMES[4])


def test_xarray_finds_axes_and_units(store: str) -> None:
    dataset = xarray.open_zarr(f"{store}/entry/data", chunks={}, decode_times=False)
    counts = dataset["counts"]
    assert counts.dims == ("energy", "y", "x")
    assert np.array_equal(dataset["energy"], ENERGY)
    assert dataset["energy"].attrs["units"] == "keV"
    assert np.array_equal(counts.sel(energy=8.5, method="nearest"), FRAMES[2])
    assert np.array_equal(counts.sel(y=slice(7.5, 15)).isel(energy=0), FRAMES[0, 100:201])


def test_dask(store: str) -> None:
    counts = dask.array.from_zarr(f"{store}/entry/data/counts")
    assert counts.chunksize == (1, 1100, 1028)
    assert np.array_equal(counts.sum(axis=0).compute(scheduler="threads"), FRAMES.sum(axis=0))


def test_the_pyramid_is_what_ome_ngff_says(store: str) -> None:
    group = zarr.open_group(f"{store}/entry/data/counts.ome.zarr", mode="r")
    image = ome_zarr_models.open_ome_zarr(group)
    assert image.ome_zarr_version == "0.5"
    levels = [group[level.path] for level in image.ome_attributes.multiscales[0].datasets]
    assert [level.shape for level in levels] == [(5, 1100, 1028), (5, 550, 514), (5, 275, 257)]
    assert np.array_equal(levels[0][2], FRAMES[2])
    assert np.array_equal(levels[1][2, 7, 9], np.rint(FRAMES[2, 14:16, 18:20].mean()))


def test_a_program_whose_address_ended_gets_an_error_not_zeros(address: str, store: str, pid: str) -> None:
    wrong = store.replace("/c/", "/c/A")[:-1] + pid[-1]
    with pytest.raises(Exception, match="403"):
        zarr.open_array(f"{wrong}/entry/data/counts", mode="r")
