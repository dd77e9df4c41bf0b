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


def test_a_chain_is_composed_checked_and_saved_in_the_page(
    demo: RunningPlatform, sign_in: SignIn, screenshot: Callable[[Page, str], None]
) -> None:
    page = sign_in("alice")
    page.goto(f"{demo.url}/chains/edit")
    page.get_by_role("textbox", name="Name").first.fill("Mine")
    check = page.get_by_role("region", name="Check")
    parts = page.get_by_role("region", name="Inputs and steps")
    _add_step(page, "Sample", "Azimuthal integration")
    _add_step(page, "Azimuthal integration", "Fit of small-angle scattering curves")
    expect(check).to_contain_text("This chain can run.")
    page.get_by_role("textbox", name="Set a parameter").fill("Steps")
    page.get_by_role("option", name="Steps", exact=True).click()
    page.get_by_label("Steps", exact=True).fill("-1")
    expect(check).to_contain_text("Step 'sas_fit'")
    expect(page.get_by_role("button", name="Save", exact=True)).to_be_disabled()
    assert_accessible(page)
    screenshot(page, "chain-editor")
    parts.get_by_role("button", name="Leave Steps to the file").click()
    page.get_by_role("button", name="Azimuthal integration, saxs_integrate").press("Enter")
    expect(parts.get_by_role("textbox", name="Background")).to_be_visible()
    expect(check).to_contain_text("This chain can run.")
    page.get_by_role("button", name="Save", exact=True).click()
    page.wait_for_url(re.compile(r"chain=chn-"))
    expect(page.get_by_role("region", name="Who may use it")).to_be_visible()


def test_a_failed_step_is_run_again_with_another_value(demo: RunningPlatform, sign_in: SignIn) -> None:
    steps = [
        {"name": "integrate", "recipe": "saxs-integrate", "inputs": {"sample": ["sample"]}},
        {
            "name": "fit",
            "recipe": "sas-fit",
            "inputs": {"curve": ["integrate"]},
            "parameters": {"q_max": 1e-4, "steps": 2},
            "ask": ["q_max"],
        },
    ]
    chain = {"title": "Too narrow", "inputs": [{"name": "sample"}], "steps": steps}
    page = sign_in("alice")
    headers = {"origin": demo.url, "x-pandaas": "1"}
    made = page.request.post(f"{demo.url}/api/v1/chains", data={"definition": chain}, headers=headers).json()
    with pandaas.connect(demo.url, token=demo.token("alice")) as client:
        [series] = [one for one in client.search("silica kind:raw") if one.title.startswith(SERIES)]
    asked = {"chain": made["id"], "inputs": {"sample": [series.pid]}, "parameters": {}, "fill": True}
    [run] = page.request.post(f"{demo.url}/api/v1/chain-runs", data=asked, headers=headers).json()
    page.goto(f"{demo.url}/chains/runs/{run['id']}")
    again = page.get_by_role("region", name="Go on")
    value = again.get_by_label("Q to", exact=True)
    expect(value).to_have_value("0.0001", timeout=JOB_MS)
    assert_accessible(page)
    value.fill("0.2")
    again.get_by_role("button", name="Restart from the failed step").click()
    results = page.get_by_role("region", name="Steps").get_by_role("link", name="Open")
    expect(results).to_have_count(2, timeout=JOB_MS)


def _add_step(page: Page, after: str, recipe: str) -> None:
    box = page.get_by_role("textbox", name=f"Add a step after “{after}”")
    box.click()  # when the part has unfolded
    box.evaluate("box => box.scrollIntoView({block: 'center'})")  # the list closes when its box leaves the window
    box.fill(recipe)
    page.get_by_role("option", name=recipe, exact=True).click()
