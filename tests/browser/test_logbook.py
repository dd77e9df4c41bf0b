"""The team's logbook in the page: written, changed, read beside the dataset; metadata mended by hand."""

from __future__ import annotations

import re
from collections.abc import Callable

from playwright.sync_api import Page, expect

import pandaas
from pandaas.testing.platform import RunningPlatform

PROPOSAL = "SC-2026-0117"


def test_a_note_on_a_dataset_stands_in_the_logbook(demo: RunningPlatform, sign_in: Callable[[str], Page]) -> None:
    with pandaas.connect(demo.url, token=demo.token("alice")) as client:
        dataset = next(iter(client.search(f"proposal:{PROPOSAL} kind:raw")))
    page = sign_in("alice")
    page.goto(f"{demo.url}/datasets/{dataset.pid}?tab=notes")
    page.get_by_label("New note").fill("Radiation damage from **frame 120** on?")
    page.get_by_role("button", name="Add note").click()
    expect(page.locator("strong", has_text="frame 120")).to_be_visible()
    page.get_by_role("link", name=re.compile("logbook of")).click()
    expect(page.get_by_role("heading", level=1, name="Logbook")).to_be_visible()
    page.get_by_role("button", name="Edit").first.click()
    page.get_by_label("Change the entry").fill("Radiation damage from **frame 130** on.")
    page.get_by_role("button", name="Save").click()
    page.get_by_role("button", name="changed once").click()
    expect(page.get_by_role("dialog").get_by_text("+ Radiation damage from **frame 130** on.")).to_be_visible()


def test_a_missing_parameter_is_entered_and_put_back(demo: RunningPlatform, sign_in: Callable[[str], Page]) -> None:
    with pandaas.connect(demo.url, token=demo.token("alice")) as client:
        dataset = next(iter(client.search(f"proposal:{PROPOSAL} technique:SAXS kind:raw")))
    page = sign_in("alice")
    page.goto(f"{demo.url}/datasets/{dataset.pid}")
    score = page.get_by_role("region", name="Metadata quality").get_by_role("button")
    expect(score).to_contain_text(re.compile(r"Metadata \d+ % complete"))
    page.goto(f"{demo.url}/datasets/{dataset.pid}?tab=metadata")
    page.get_by_role("button", name="Add a parameter").click()
    page.get_by_label("Name").fill("cell temperature")
    page.get_by_label("Value").fill("20,5")
    page.get_by_label("Unit").fill("degC")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("= 293.65")).to_be_visible()
    page.get_by_role("tab", name="History").click()
    page.get_by_role("button", name=re.compile("Put back: Cell temperature set to 20.5 degC")).click()
    expect(page.get_by_text("Cell temperature removed; it was 20.5 degC.")).to_be_visible()
