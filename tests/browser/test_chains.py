"""A chain in the page: offered beside the recipes that fit, run step by step, its results opened."""

from __future__ import annotations

import re
from collections.abc import Callable

from playwright.sync_api import Page, expect

import pandaas
from pandaas.testing.axe import assert_accessible
from pandaas.testing.platform import RunningPlatform

SignIn = Callable[[str], Page]
SERIES = "Growing silica spheres"
JOB_MS = 240_000


def test_a_chain_is_offered_runs_its_steps_and_shows_its_results(
    demo: RunningPlatform, sign_in: SignIn, screenshot: Callable[[Page, str], None]
) -> None:
    with pandaas.connect(demo.url, token=demo.token("alice")) as client:
        [series] = [one for one in client.search("silica kind:raw") if one.title.startswith(SERIES)]
    page = sign_in("alice")
    page.goto(f"{demo.url}/analyse?dataset={series.pid}")
    page.get_by_role("button", name="Run SAXS: integrate and fit").click()
    page.wait_for_url(re.compile("/chains/runs/"))
    steps = page.get_by_role("region", name="Steps")
    expect(steps.get_by_role("row").nth(1)).to_contain_text("Azimuthal integration")
    expect(steps.get_by_role("link", name="Open")).to_have_count(2, timeout=JOB_MS)
    assert_accessible(page)
    screenshot(page, "chain-run")
    steps.get_by_role("link", name="Open").last.click()
    page.wait_for_url(re.compile("/datasets/res-"))
    page.goto(f"{demo.url}/chains")
    expect(
        page.get_by_role("region", name="Latest runs").get_by_role("link", name=re.compile(SERIES)).first
    ).to_be_visible()
    assert_accessible(page)
    screenshot(page, "chains")
