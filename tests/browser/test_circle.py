"""The circle in the browser: sign in, find, look, analyse, watch, open the result, see its history, run it again."""

from __future__ import annotations

import re
from collections.abc import Callable

import httpx
import pytest
from playwright.sync_api import Page, expect

from pandaas.testing.platform import RunningPlatform

SignIn = Callable[..., Page]
SERIES = "Growing silica spheres"
JOB_MS = 180_000


@pytest.fixture(scope="module")
def series(demo: RunningPlatform) -> str:
    """The pid of the simulated series; it is released, so anyone finds it."""
    found = httpx.get(f"{demo.url}/api/v1/search", params={"q": SERIES, "kind": "raw"}).json()["results"]
    return str(found[0]["pid"])


def test_the_circle(demo: RunningPlatform, sign_in: SignIn) -> None:
    page = sign_in("alice", "/")
    expect(page.get_by_role("heading", name="What to try")).to_be_visible()

    page.keyboard.press("/")
    page.keyboard.type("silica kind:raw")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Search", exact=True)).to_be_visible()  # the home page links the series too
    page.get_by_role("link", name=re.compile(f"^{SERIES}")).first.click()
    expect(page.get_by_role("heading", name=re.compile(SERIES))).to_be_visible()

    page.get_by_role("link", name="Analyse").first.click()
    use = page.get_by_role("button", name="Use Azimuthal integration")
    run = page.get_by_role("button", name="Run", exact=True)
    expect(use.or_(run)).to_be_visible()
    if use.is_visible():  # where notebooks are installed too, another recipe fits; alone it opens at once
        use.click()
    expect(page.get_by_role("heading", name="Azimuthal integration")).to_be_visible()
    expect(page.get_by_role("group", name="Input Sample").or_(page.get_by_label("Input Sample"))).to_contain_text(
        SERIES
    )
    run.click()

    page.wait_for_url(re.compile(r"/jobs/job-"))
    expect(page.get_by_role("heading", name=re.compile("Your result is ready"))).to_be_visible(timeout=JOB_MS)
    job_address = page.url

    page.get_by_role("link", name=re.compile("Azimuthal integration: ")).first.click()
    page.wait_for_url(re.compile(r"/datasets/res-"))
    page.get_by_role("tab", name="History").click()
    provenance = page.get_by_role("region", name="Provenance")
    expect(provenance).to_contain_text("Azimuthal integration")
    expect(provenance.get_by_role("list", name="Provenance in words")).to_contain_text(SERIES)

    page.goto(job_address)
    page.get_by_role("button", name="Run again").click()
    page.get_by_role("menuitem", name=re.compile("same", re.IGNORECASE)).click()
    page.wait_for_url(lambda address: address != job_address)


def test_keys_step_through_the_frames(demo: RunningPlatform, sign_in: SignIn, series: str) -> None:
    page = sign_in("alice")
    page.goto(f"{demo.url}/datasets/{series}")
    plot = page.get_by_test_id("plot")
    expect(plot).to_have_attribute("data-ready", re.compile("true|^$"), timeout=60_000)
    before = page.url
    plot.locator("canvas").first.hover()
    page.keyboard.press("ArrowRight")
    page.wait_for_url(lambda address: address != before)
    expect(page.get_by_role("slider").first).to_have_attribute("aria-valuenow", "1")


def test_an_open_measurement_is_seen_without_signing_in(demo: RunningPlatform, page: Page, series: str) -> None:
    page.goto(f"{demo.url}/datasets/{series}")
    expect(page.get_by_role("heading", name=re.compile(SERIES))).to_be_visible()
    expect(page.get_by_role("link", name="Sign in").first).to_be_visible()


def test_a_wrong_password_is_said_and_nothing_else(demo: RunningPlatform, page: Page) -> None:
    page.goto(f"{demo.url}/sign-in")
    page.get_by_label("User name").fill("alice")
    page.get_by_label("Password", exact=True).fill("wrong")
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page.get_by_text("The user name or the password is wrong.")).to_be_visible()
    expect(page).to_have_url(re.compile("/sign-in"))


def test_on_a_tablet_run_follows_the_parameters_and_stays_in_sight(
    demo: RunningPlatform, sign_in: SignIn, series: str
) -> None:
    page = sign_in("alice")
    page.set_viewport_size({"width": 768, "height": 1024})
    page.goto(f"{demo.url}/analyse?dataset={series}&recipe=saxs-integrate")
    run = page.get_by_role("button", name="Run", exact=True)
    expect(run).to_be_in_viewport(ratio=1)
    page.get_by_text("What this recipe does").scroll_into_view_if_needed()
    page.mouse.wheel(0, 10_000)
    expect(run).to_be_in_viewport(ratio=1)
    places = (
        page.get_by_label("Input Sample"),
        page.get_by_label("Bins", exact=True),
        page.get_by_text("What this recipe does"),
        run,
    )
    tops = [place.evaluate("element => element.getBoundingClientRect().top") for place in places]
    assert tops == sorted(tops)
