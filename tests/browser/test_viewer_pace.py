"""The viewer keeps up: pictures come while a key is held and while a stack plays, in memory that is used again."""

from __future__ import annotations

import contextlib
import os
import re
import time
from collections.abc import Iterator
from pathlib import Path

import h5py
import hdf5plugin
import numpy as np
import pytest
from playwright.sync_api import Page

from pandaas.testing.view import RunningView, running_view

pytestmark = pytest.mark.alone

FRAMES = 200
DRAWN = "window.pandaasViewer.drawn"
COST = "window.pandaasViewer.cost"
# Whether a pixel of the picture (a fraction of its width and height) is grey, as gaps of the detector are shown.
GREY = """([x, y]) => {
  const canvas = document.querySelector('canvas[data-picture=overview]');
  const [r, g, b] = canvas.getContext('2d').getImageData(x * canvas.width, y * canvas.height, 1, 1).data;
  return Math.max(r, g, b) - Math.min(r, g, b) < 12;
}"""


@pytest.fixture(scope="module")
def view(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningView]:
    path = tmp_path_factory.mktemp("pace").resolve() / "eiger.nxs"
    random = np.random.default_rng(5)
    with h5py.File(path, "w", libver="latest") as file:
        entry = file.create_group("entry")
        entry.attrs.update({"NX_class": "NXentry", "default": "data"})
        group = entry.create_group("data")
        group.attrs.update({"NX_class": "NXdata", "signal": "data"})
        options = hdf5plugin.Bitshuffle(cname="lz4")
        data = group.create_dataset("data", (FRAMES, 1065, 1030), "u4", chunks=(1, 1065, 1030), **options)
        some = random.poisson(2, (4, 1065, 1030)).astype("u4")
        some[:, 514:551] = 0xFFFFFFFF
        data[:4] = some
        chunks = [data.id.read_direct_chunk((number, 0, 0))[1] for number in range(4)]
        for number in range(4, FRAMES):
            data.id.write_direct_chunk((number, 0, 0), chunks[number % 4])
    with running_view(path, options=("--port", "0", "--no-key")) as running:
        yield running


@pytest.fixture
def stack(view: RunningView, page: Page) -> Page:
    page.goto(f"{view.url}/view/eiger.nxs")
    page.wait_for_function(f"() => window.pandaasViewer && {DRAWN} > 0")
    page.locator("[data-testid=plot][data-ready]").wait_for()
    return page


def test_the_first_picture_shows_gaps_as_gaps(stack: Page) -> None:
    assert stack.evaluate(GREY, [0.5, 0.5])
    assert not stack.evaluate(GREY, [0.5, 0.25])
    assert stack.evaluate(COST)["stored"]


def test_pictures_come_while_a_key_is_held_and_while_it_plays_in_memory_that_goes_round(stack: Page) -> None:
    before = stack.evaluate(DRAWN)
    end = time.monotonic() + 3
    while time.monotonic() < end:  # faster than keys repeat, and never let go
        stack.keyboard.down("ArrowRight")
        stack.wait_for_timeout(25)
    assert stack.evaluate(DRAWN) - before >= 6
    stack.keyboard.up("ArrowRight")

    stack.get_by_role("button", name="Play").click()
    stack.wait_for_function(f"(before) => {DRAWN} > before + 20", arg=stack.evaluate(DRAWN))
    stack.get_by_role("button", name="Pause").click()
    cost = stack.evaluate(COST)
    assert cost["decoded"] >= 20
    assert cost["slots"] <= 6
    assert cost["buffers"] <= 8


def test_two_hundred_slices_stay_within_bounded_memory(stack: Page) -> None:
    """What keeps every slice, as H5Web does, would grow by 160 frames of 4.4 MB: 700 MB."""

    def walk_to(frame: int) -> None:
        stack.get_by_label(re.compile("^Index of")).first.click()
        while int(stack.get_by_label(re.compile("^Index of")).first.input_value()) < frame:
            drawn = stack.evaluate(DRAWN)
            stack.keyboard.press("ArrowUp")
            stack.wait_for_function(f"(before) => {DRAWN} > before", arg=drawn)

    walk_to(40)
    before = _largest_renderer()
    walk_to(FRAMES - 1)
    assert _largest_renderer() - before < 300 << 20
    cost = stack.evaluate(COST)
    assert cost["slots"] <= 6
    assert cost["buffers"] <= 8


def _largest_renderer() -> int:
    """Resident bytes of the largest process that shows a page."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if b"--type=renderer" in (folder / "cmdline").read_bytes():
                found.append(int((folder / "statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE"))
    return max(found)


def test_the_wheel_zooms_into_finer_pixels(stack: Page) -> None:
    picture = stack.locator("canvas[data-picture=overview]")
    width = picture.first.bounding_box()
    plot = stack.locator("section[aria-label^='Viewer of'] canvas").first.bounding_box()
    assert width
    assert plot
    stack.mouse.move(plot["x"] + plot["width"] / 2, plot["y"] + plot["height"] / 2)
    for _ in range(12):
        stack.mouse.wheel(0, -300)
        stack.wait_for_timeout(40)
    stack.wait_for_function(
        "(before) => document.querySelector('canvas[data-picture=overview]').getBoundingClientRect().width > 1.5 * before",
        arg=width["width"],
    )
    stack.wait_for_url(lambda url: "zoom=" in url)
    grown = picture.first.bounding_box()
    assert grown
    # What was under the pointer stays there.
    assert abs((grown["x"] + grown["width"] / 2) - (width["x"] + width["width"] / 2)) < 0.1 * grown["width"]
