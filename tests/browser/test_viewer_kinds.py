"""What is not a detector image is seen at once too: maps of spectra, spectra, neutron events."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from pathlib import Path

import h5py
import hdf5plugin
import numpy as np
import pytest
import zarr
from PIL import Image
from playwright.sync_api import Page

from pandaas.testing.view import RunningView, running_view

PLOT = "[data-testid=plot][data-ready]"
PICTURES = Path(__file__).parents[2] / ".cache" / "pictures"


def _map(path: Path) -> None:
    """A fluorescence map: two lines, of which the second is strong in one corner only."""
    energy = np.linspace(0, 20, 256)
    lines = np.exp(-(((energy - np.array([[6.4], [8.0]])) / 0.15) ** 2))
    rows, columns = np.mgrid[:24, :30]
    amounts = np.stack([100 + 0 * rows, 400.0 * ((rows > 15) & (columns > 20))], axis=-1)
    with h5py.File(path, "w") as file:
        entry = file.create_group("entry")
        entry.attrs.update({"NX_class": "NXentry", "default": "data"})
        entry["definition"] = "NXfluo"
        data = entry.create_group("data")
        data.attrs.update({"NX_class": "NXdata", "signal": "counts", "axes": ["y", "x", "energy"]})
        data["counts"] = amounts @ lines + 1
        data["counts"].attrs["interpretation"] = "spectrum"
        data["y"], data["x"], data["energy"] = np.arange(24) * 0.01, np.arange(30) * 0.01, energy
        data["energy"].attrs["units"] = "keV"


def _spectrum(path: Path) -> None:
    counts = np.random.default_rng(1).poisson(5 + 900 * np.exp(-(((np.arange(2048) - 700) / 9) ** 2)))
    path.write_text("".join(f"{count}\n" for count in counts))


def _events(path: Path) -> None:
    """Neutron events of one bank, and its histogram as the beamline wrote it beside."""
    rng = np.random.default_rng(2)
    x, y = rng.normal(20, 4, 20_000).astype(int) % 48, rng.normal(40, 3, 20_000).astype(int) % 64
    with h5py.File(path, "w") as file:
        entry = file.create_group("entry")
        entry.attrs["NX_class"] = "NXentry"
        entry["definition"] = "NXsnsevent"
        events = entry.create_group("bank1_events")
        events.attrs["NX_class"] = "NXevent_data"
        events["event_id"] = (x * 64 + y).astype("u4")
        events["event_time_offset"] = rng.uniform(9000, 25_000, 20_000).astype("f4")
        events["event_time_offset"].attrs["units"] = "microsecond"
        events["event_index"], events["event_time_zero"] = np.arange(0, 20_000, 100), np.arange(200) / 60
        bank = entry.create_group("bank1")
        bank.attrs.update({"NX_class": "NXdata", "signal": "data_x_y"})
        bank["data_x_y"] = np.histogram2d(x, y, (np.arange(49), np.arange(65)))[0].astype("u4")


def _frames(path: Path) -> None:
    """Detector frames as newer detectors store them, and as h5py does."""
    frames = np.random.default_rng(4).poisson(0.4, (3, 300, 310)).astype("u4")
    frames[:, 100:110] = 0xFFFFFFFF
    with h5py.File(path, "w") as file:
        how = hdf5plugin.Bitshuffle(cname="zstd")
        file.create_dataset("entry/zstandard/data", data=frames, chunks=(1, 300, 310), **how)
        file.create_dataset("entry/gzip/data", data=frames, chunks=(1, 300, 310), compression="gzip", shuffle=True)


def _scattering(path: Path) -> None:
    """The same curve of a few points twice, once with the resolution of Q."""
    q = np.geomspace(0.01, 0.5, 12)
    with h5py.File(path, "w") as file:
        for name, resolutions in (("with", {"resolutions": "Qdev"}), ("without", {})):
            entry = file.create_group(name)
            entry.attrs.update({"NX_class": "NXentry", "canSAS_class": "SASentry", "default": "sasdata"})
            entry["definition"] = "NXcanSAS"
            data = entry.create_group("sasdata")
            data.attrs.update({"NX_class": "NXdata", "canSAS_class": "SASdata", "signal": "I", "I_axes": "Q"})
            data["Q"], data["I"], data["Qdev"] = q, 100 / (1 + (q / 0.05) ** 4) + 0.1, 0.15 * q
            data["Q"].attrs.update({"units": "1/angstrom"} | resolutions)
            data["I"].attrs["units"] = "1/cm"
            if not resolutions:
                del data["Qdev"]


def _zarr(path: Path) -> None:
    """Frames of a store, chunks of which are smaller than the image."""
    store = zarr.open_group(path, mode="w")
    frames = np.random.default_rng(5).poisson(2, (3, 200, 210)).astype("u2")
    frames[:, 60:90, 120:160] += 20
    store.create_array("frames", data=frames, chunks=(1, 64, 64))


@pytest.fixture(scope="module")
def view(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningView]:
    folder = tmp_path_factory.mktemp("kinds").resolve()
    _map(folder / "map.nxs")
    _spectrum(folder / "spectrum.mca")
    _events(folder / "events.nxs")
    _frames(folder / "frames.h5")
    _scattering(folder / "scattering.h5")
    _zarr(folder / "scan.zarr")
    with running_view(folder, options=("--port", "0", "--no-key")) as running:
        yield running


def shown(view: RunningView, page: Page, address: str) -> None:
    page.goto(f"{view.url}/view/{address}")
    page.locator(PLOT).wait_for()


def picture(page: Page, name: str) -> np.ndarray:
    """The plot as it is seen, which is kept for people to look at."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    taken = page.locator(PLOT).screenshot(path=str(PICTURES / f"{name}.png"))
    return np.asarray(Image.open(io.BytesIO(taken)).convert("RGB")).astype(int)


def share_of_colour(pixels: np.ndarray) -> float:
    """How much of a picture is neither grey nor white."""
    return float((np.ptp(pixels, axis=-1) > 40).mean())


def test_a_map_shows_the_spectrum_of_a_place_and_is_a_picture_at_an_energy(view: RunningView, page: Page) -> None:
    shown(view, page, "map.nxs")
    page.get_by_text("energy (keV)").first.wait_for()
    assert 0.0005 < share_of_colour(picture(page, "map-spectrum")) < 0.2  # a curve
    shown(view, page, "map.nxs?vis=heatmap&x=1&y=0&slice=0_0_102")
    assert share_of_colour(picture(page, "map-image")) > 0.3


def test_a_spectrum_is_a_curve_whose_axis_turns_logarithmic(view: RunningView, page: Page) -> None:
    shown(view, page, "spectrum.mca")
    log = page.get_by_text("log y", exact=True)
    before = picture(page, "spectrum")
    assert 0.0005 < share_of_colour(before) < 0.2
    log.click()
    page.wait_for_url(re.compile("ys="))
    page.wait_for_timeout(300)
    assert (picture(page, "spectrum-other-scale") != before).mean() > 0.001


def test_events_are_seen_as_the_banks_picture_and_their_times_as_numbers(view: RunningView, page: Page) -> None:
    shown(view, page, "events.nxs")
    page.get_by_role("region", name=re.compile("data_x_y")).wait_for()
    assert share_of_colour(picture(page, "events-bank")) > 0.3
    shown(view, page, "events.nxs?path=/entry/bank1_events/event_time_offset")
    assert share_of_colour(picture(page, "events-times")) > 0.0005


@pytest.mark.parametrize("codec", ["zstandard", "gzip"])
def test_frames_travel_as_they_are_stored(view: RunningView, page: Page, codec: str) -> None:
    shown(view, page, f"frames.h5?path=/entry/{codec}/data")
    page.wait_for_function("() => window.pandaasViewer.cost?.decoded > 0")
    cost = page.evaluate("window.pandaasViewer.cost")
    assert cost["stored"]
    assert cost["bytes"] < 300 * 310  # of 4 bytes each
    assert share_of_colour(picture(page, codec)) > 0.3


def test_the_resolution_of_q_lies_across_each_point(view: RunningView, page: Page) -> None:
    drawn = {}
    for name in ("with", "without"):
        shown(view, page, f"scattering.h5?path=/{name}/sasdata")
        page.get_by_text(re.compile("Q")).first.wait_for()
        drawn[name] = share_of_colour(picture(page, f"scattering-{name}"))
    assert drawn["with"] > 1.1 * drawn["without"] > 0


def test_frames_of_a_zarr_folder_are_seen(view: RunningView, page: Page) -> None:
    shown(view, page, "scan.zarr?path=/frames&slice=1")
    page.wait_for_function("() => window.pandaasViewer.cost?.decoded > 0")
    assert share_of_colour(picture(page, "zarr")) > 0.3
