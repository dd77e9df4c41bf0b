"""Search in the browser: completion, the tree of techniques, a saved search, a collection."""

from __future__ import annotations

import re
from collections.abc import Callable

from playwright.sync_api import Browser, Page, expect

from pandaas.testing.axe import assert_accessible
from pandaas.testing.platform import RunningPlatform

SignIn = Callable[[str], Page]


def test_a_query_is_completed_narrowed_and_kept(demo: RunningPlatform, sign_in: SignIn) -> None:
    page = sign_in("alice")
    page.goto(f"{demo.url}/search")
    box = page.get_by_role("combobox", name="Search data")
    box.click()
    box.press_sequentially("pho", delay=30)
    expect(page.get_by_role("option", name=re.compile("photon_energy"))).to_be_visible()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(box).to_have_value("photon_energy:")
    page.keyboard.type("7..13keV")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("photon_energy"))
    expect(page.get_by_role("list", name="Understood as")).to_contain_text("photon_energy 7–13 keV")
    expect(page.get_by_text(re.compile(r"photon_energy: \d+")).first).to_be_visible()  # why it matched
    page.get_by_role("button", name=re.compile(r"\(2026-03\): ")).click()
    page.wait_for_url(re.compile("date:2026-03"))

    page.get_by_role("button", name="Save search").click()
    page.get_by_label("Name").fill("Hard X-rays")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_label("Name")).to_have_count(0)  # kept: leaving earlier would cut the request off
    page.goto(f"{demo.url}/saved")
    page.get_by_role("button", name="Rename Hard X-rays").click()
    page.get_by_role("textbox", name="Name").fill("Hard X-rays of March")
    page.get_by_role("button", name="Rename", exact=True).click()
    page.get_by_role("link", name="Hard X-rays of March").click()
    page.wait_for_url(re.compile("photon_energy"))
    expect(page.get_by_role("list", name="Understood as")).to_contain_text("measured: 2026-03")


def test_a_branch_of_techniques_and_a_typo(demo: RunningPlatform, page: Page) -> None:
    page.goto(f"{demo.url}/search?q=silicca")
    expect(page.get_by_role("status").filter(has_text="silica")).to_be_visible()
    page.goto(f"{demo.url}/search")
    expect(page.get_by_role("slider", name=re.compile(" from$")).first).to_be_visible()  # numbers that differ
    tree = page.get_by_role("group", name="Technique")
    expect(tree).to_be_visible()
    branch = tree.get_by_role("checkbox", name=re.compile(r"^small angle scattering")).first
    branch.check()
    page.wait_for_url(re.compile("technique="))
    narrower = tree.get_by_role("checkbox", name=re.compile(r"^small angle x-ray scattering")).first
    if not narrower.is_visible():
        tree.get_by_role("button", name=re.compile("Open small angle scattering")).first.click()
    expect(narrower).to_be_checked()
    expect(page.locator('main [aria-busy="false"]')).to_have_css("opacity", "1")  # while it is asked anew it is dimmed
    assert_accessible(page)


def test_a_collection_is_gathered_and_shared(demo: RunningPlatform, sign_in: SignIn, browser: Browser) -> None:
    page = sign_in("alice")
    page.goto(f"{demo.url}/search?q=title:silica+kind:raw")
    page.get_by_role("checkbox", name=re.compile("^Choose ")).first.check()
    page.get_by_role("button", name="Add to collection").click()
    page.get_by_role("menuitem", name="New collection").click()
    page.get_by_label("Name").fill("For the paper")
    page.get_by_role("button", name="Create").click()
    page.goto(f"{demo.url}/collections")
    page.get_by_role("link", name="For the paper").click()
    expect(page.get_by_role("link", name="Download all")).to_be_visible()
    page.get_by_role("button", name="Share", exact=True).click()
    page.get_by_placeholder("Name or user name").fill("bob")
    page.get_by_role("option", name=re.compile("Bob")).click()
    expect(page.get_by_text("shared with bob")).to_be_visible()
    assert_accessible(page)
    page.get_by_role("button", name="Stop sharing with bob").click()
    expect(page.get_by_text("shared with bob")).to_have_count(0)
    page.get_by_label("For whom").fill("Referee 2")
    page.get_by_role("button", name="Make a link").click()
    address = page.get_by_label("Address for the reviewer").input_value()
    reviewer = browser.new_page()
    reviewer.goto(address)
    expect(reviewer.get_by_role("heading", level=1, name="Data for review")).to_be_visible()
    with reviewer.expect_download() as download:
        reviewer.get_by_role("link", name="Download all").click()
    assert download.value.suggested_filename == "For Referee 2.zip"
    reviewer.close()
    page.get_by_role("button", name="Take back the link for Referee 2").click()
    expect(page.get_by_role("button", name="Take back the link for Referee 2")).to_have_count(0)
