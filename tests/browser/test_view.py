"""The page of `pandaas view`: from the folder to the picture, by address, by keyboard, and for screen readers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import h5py
import numpy as np
import pytest
from playwright.sync_api import Browser, Page, expect

from pandaas.testing.axe import assert_accessible, assert_accessible_in_light_and_dark
from pandaas.testing.view import RunningView, running_view


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    data = tmp_path_factory.mktemp("view").resolve() / "beamtime"
    (data / "run 7").mkdir(parents=True)
    rng = np.random.default_rng(3)
    for number in (1, 2, 10):
        with h5py.File(data / "run 7" / f"scan_{number}.nxs", "w") as file:
            entry = file.create_group("entry")
            entry.attrs.update({"NX_class": "NXentry", "default": "data"})
            entry["title"] = f"Scan number {number}"
            group = entry.create_group("data")
            group.attrs.update({"NX_class": "NXdata", "signal": "counts"})
            group["counts"] = rng.poisson(20 * number, (5, 60, 80))
    with h5py.File(data / "run 7" / "50% & more?#.h5", "w") as file:
        file["x"] = np.arange(30.0)
    (data / "notes.docx").write_bytes(b"\x00\x01 no data")
    (data / ".hidden").write_text("x")
    (data / "away").symlink_to("/etc")
    return data


@pytest.fixture(scope="module")
def view(folder: Path) -> Iterator[RunningView]:
    with running_view(folder) as running:
        yield running


def enter(view: RunningView, page: Page, place: str) -> None:
    """Open an address inside with the key, which spares the page of the folder."""
    page.goto(f"{view.url}/view/{place}{'&' if '?' in place else '?'}key={view.key}")


def drawn(page: Page) -> None:
    """An image is on show, with its axes."""
    page.locator("section[aria-label^='Viewer of'] canvas").first.wait_for()
    page.wait_for_function("() => document.querySelectorAll(\"section[aria-label^='Viewer'] svg text\").length > 4")


def test_from_the_folder_to_the_picture(view: RunningView, page: Page) -> None:
    page.goto(view.entrance)
    page.wait_for_url(f"{view.url}/view/")  # the key doesn't stay in the address
    expect(page.get_by_role("heading", name="beamtime")).to_be_visible()
    expect(page.get_by_text("1 hidden entry not shown.")).to_be_visible()
    expect(page.get_by_text("leads out of what is viewed")).to_be_visible()
    expect(page.get_by_role("link", name="away")).to_have_count(0)

    page.get_by_role("link", name="run 7").click()
    names = page.get_by_role("list", name="Entries").get_by_role("link")
    expect(names).to_have_count(4)
    assert [re.match(r"\S+(?: & more\S+)?", name).group() for name in names.locator("bdi").all_inner_texts()] == [  # type: ignore[union-attr]
        "50% & more?#.h5",
        "scan_1.nxs",
        "scan_2.nxs",
        "scan_10.nxs",
    ]
    page.get_by_label("Filter the files").fill("scan_10")
    expect(names).to_have_count(1)
    names.first.click()
    expect(page.get_by_role("heading", name="Scan number 10")).to_be_visible()
    drawn(page)
    expect(names).to_have_count(1)  # the filter stays beside the picture

    page.go_back()
    expect(page.get_by_role("heading", name="run 7")).to_be_visible()


def test_every_state_has_an_address_that_opens_elsewhere(view: RunningView, browser: Browser, page: Page) -> None:
    enter(view, page, "run%207/scan_2.nxs")
    drawn(page)
    page.get_by_label(re.compile("^Index of")).first.fill("3")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"slice=3"))
    address = page.url
    other = browser.new_context(viewport={"width": 1440, "height": 900})
    try:
        stranger = other.new_page()
        stranger.goto(address)
        expect(stranger.get_by_role("heading", name="The key is missing")).to_be_visible()
        stranger.goto(f"{address}&key={view.key}")
        stranger.wait_for_url(re.compile(r"slice=3[^&]*$"))
        drawn(stranger)
        assert "key=" not in stranger.url
    finally:
        other.close()


def test_a_region_goes_through_the_stack_and_volumes_are_turned(view: RunningView, page: Page) -> None:
    enter(view, page, "run%207/scan_2.nxs?follow=region&roi=10_10_30_20&map=jet")
    drawn(page)
    expect(page.get_by_text("the default was taken for the colour map")).to_be_visible()
    strip = page.get_by_role("region", name="Through the stack")
    strip.get_by_test_id("stack-curve").wait_for()
    marker = strip.get_by_role("slider")
    marker.press("End")
    expect(marker).to_have_attribute("aria-valuenow", "4")
    page.wait_for_url(re.compile("slice=4_"))
    assert_accessible(page)

    page.get_by_text("Volume", exact=True).click()
    scene = page.get_by_role("application")
    scene.press("ArrowRight")
    page.wait_for_url(re.compile("vis=volume.*cam=-66_"))
    page.get_by_text("Slices", exact=True).click()
    expect(page.get_by_role("group", name=re.compile("^(Front|Top|Side): "))).to_have_count(3)
    page.wait_for_url(re.compile("vis=slices"))
    page.go_back()
    expect(scene).to_be_visible()


def test_two_files_are_compared(view: RunningView, page: Page) -> None:
    enter(view, page, "run%207/scan_1.nxs")
    drawn(page)
    page.get_by_role("button", name="Compare with another").click()
    choices = page.get_by_role("dialog", name="Compare with")
    choices.get_by_role("button", name=re.compile("scan_2")).click()
    choices.get_by_role("button", name="/entry/data/counts").click()
    expect(page.get_by_test_id("compared").locator("canvas[data-picture=overview]")).to_have_count(2)
    page.get_by_text("Difference", exact=True).click()
    expect(page.get_by_role("group", name="Difference of /entry/data/counts")).to_be_visible()
    page.wait_for_url(re.compile(r"with=run\+7/scan_2.nxs.*rel=difference|rel=difference.*with=run"))


def test_files_one_after_the_other_by_keyboard(view: RunningView, page: Page) -> None:
    enter(view, page, "run%207/scan_1.nxs")
    drawn(page)
    page.get_by_role("link", name="scan_1.nxs").focus()
    page.keyboard.press("ArrowDown")
    expect(page.get_by_role("link", name="scan_2.nxs")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Scan number 2")).to_be_visible()
    expect(page.get_by_role("link", name="scan_2.nxs")).to_be_focused()


def test_a_name_that_addresses_must_escape(view: RunningView, page: Page) -> None:
    enter(view, page, "run%207")
    page.get_by_role("link", name="50% & more?#.h5").click()
    expect(page.get_by_role("heading", name="50% & more?#")).to_be_visible()
    page.locator("section[aria-label='Viewer of /x']").wait_for()
    page.reload()
    page.locator("section[aria-label='Viewer of /x']").wait_for()


def test_what_can_not_be_shown_says_why(view: RunningView, page: Page) -> None:
    page.goto(view.entrance)
    page.wait_for_url(f"{view.url}/view/")
    page.get_by_role("link", name="notes.docx").click()
    expect(page.get_by_role("alert")).to_contain_text("No reader knows the format of notes.docx")
    expect(page.get_by_role("link", name="notes.docx")).to_be_visible()
    page.goto(f"{view.url}/view/gone.h5")
    expect(page.get_by_role("heading", name="Not found")).to_be_visible()


def test_a_single_file_opens_at_once(folder: Path, page: Page) -> None:
    with running_view(folder / "run 7" / "scan_1.nxs") as view:
        page.goto(view.entrance)
        expect(page.get_by_role("heading", name="Scan number 1")).to_be_visible()
        drawn(page)
        assert page.url == f"{view.url}/view/scan_1.nxs"
        expect(page.get_by_label("Filter the files")).to_have_count(0)


@pytest.mark.parametrize("place", ["", "run%207", "run%207/scan_10.nxs", "notes.docx", "gone.h5"])
def test_axe_finds_nothing_serious(view: RunningView, page: Page, place: str) -> None:
    page.emulate_media(color_scheme="light", reduced_motion="reduce")
    enter(view, page, place)
    page.get_by_role("heading").first.wait_for()
    assert_accessible_in_light_and_dark(page)
