"""From a collection to a page that everybody can cite, which opens no data."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Browser, Page, expect

import pandaas
from pandaas.testing.axe import assert_accessible
from pandaas.testing.platform import RunningPlatform

SignIn = Callable[[str], Page]
EMBARGOED = "SC-2026-0203"  # carol leads it


def test_a_collection_becomes_a_publication_that_strangers_read(
    demo: RunningPlatform, sign_in: SignIn, browser: Browser, screenshot: Callable[[Page, str], None]
) -> None:
    with pandaas.connect(demo.url, token=demo.token("carol")) as client:
        datasets = list(client.search(f"proposal:{EMBARGOED} kind:raw"))
    page = sign_in("carol")
    page.goto(f"{demo.url}/search?q=proposal:{EMBARGOED}+kind:raw")
    boxes = page.get_by_role("checkbox", name=re.compile("^Choose "))
    expect(boxes).to_have_count(len(datasets))
    for box in boxes.all():
        box.check()
    page.get_by_role("button", name="Add to collection").click()
    page.get_by_role("menuitem", name="New collection").click()
    page.get_by_label("Name").fill("To be published")
    page.get_by_role("button", name="Create").click()
    page.goto(f"{demo.url}/collections")
    page.get_by_role("link", name="To be published").click()
    page.get_by_role("button", name="Publish…").click()
    expect(page.get_by_text("A draft: only you see it")).to_be_visible()
    page.get_by_role("button", name="Edit").click()
    page.get_by_label("Title").fill("Grains and their order")
    page.get_by_label("Abstract").fill("What was measured, and why.")
    page.get_by_label("ORCID iD of creator 1").fill("0000-0002-1825-0098")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("is no ORCID iD")).to_be_visible()
    page.get_by_label("ORCID iD of creator 1").fill("0000-0002-1825-0097")
    assert_accessible(page)
    page.get_by_role("button", name="Save").click()
    page.get_by_role("button", name="Publish", exact=True).click()
    page.get_by_role("dialog").get_by_role("button", name="Publish").click()
    expect(page.get_by_text("A draft: only you see it")).to_have_count(0)
    assert_accessible(page)
    screenshot(page, "publication-owner")

    stranger = browser.new_page()
    stranger.goto(page.url)
    expect(stranger.get_by_role("heading", level=1, name="Grains and their order")).to_be_visible()
    expect(stranger.get_by_role("region", name="How to cite")).to_contain_text("Grains and their order. ")
    expect(stranger.get_by_text("You can’t see 5 of them yet")).to_be_visible()
    for one in datasets:
        expect(stranger.get_by_role("link", name=one.title)).to_have_count(0)
    expect(stranger.get_by_role("button", name="Edit")).to_have_count(0)
    screenshot(stranger, "publication-stranger")
    with stranger.expect_download() as download:
        stranger.get_by_role("link", name="BibTeX").click()
    assert "Grains and their order" in Path(download.value.path()).read_text("utf-8")
    stranger.goto(f"{demo.url}/publications")
    expect(stranger.get_by_role("link", name="Grains and their order")).to_be_visible()
    stranger.close()
