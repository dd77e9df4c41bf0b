"""Chains that run by themselves, as the staff of a beamline sees them: new data arrive, a trend and a waterfall grow.

Slow, so `make test-full` only; the mechanics are held by `tests/integration/chains`. With PANDAAS_SCREENSHOTS the pages are kept.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from pandaas.server.demo import insitu
from pandaas.testing.platform import RunningPlatform

pytestmark = [pytest.mark.full, pytest.mark.timeout(1200)]
PROPOSAL, INSTRUMENT = "SC-2026-0117", "BL-SAXS"
FIRST = 3
RUN_MS = 240_000


@pytest.fixture(scope="module")
def beamline(start_demo: Callable[..., AbstractContextManager[RunningPlatform]]) -> Iterator[RunningPlatform]:
    """A demo with a short in-situ series, on which a chain runs by itself."""
    with start_demo("beamline", {"PANDAAS_DEMO__SERIES": str(FIRST)}, analysed=False) as platform:
        yield platform


@pytest.fixture
def staff(beamline: RunningPlatform, page: Page) -> Page:
    body = {"user": "iris", "password": beamline.accounts["iris"]}
    headers = {"origin": beamline.url, "x-pandaas": "1"}
    assert page.context.request.post(f"{beamline.url}/api/v1/session", data=body, headers=headers).ok
    return page


def test_what_arrives_is_analysed_and_shown_as_a_trend_and_a_waterfall(
    beamline: RunningPlatform, staff: Page, screenshot: Callable[[Page, str], None]
) -> None:
    staff.goto(f"{beamline.url}/instruments/{INSTRUMENT}")
    runs = staff.get_by_role("region", name="Runs by itself").get_by_role("row")
    expect(runs).to_have_count(FIRST, timeout=RUN_MS)
    expect(done(runs)).to_have_count(FIRST, timeout=RUN_MS)
    measure(beamline, FIRST + 2)
    expect(done(runs)).to_have_count(FIRST + 2, timeout=RUN_MS)  # nobody asked for it, and the page follows
    screenshot(staff, "automatic-chains")
    staff.get_by_role("region", name="Runs by itself").get_by_role("link", name="Trend").click()
    staff.wait_for_url(re.compile("/chains/series"))
    trend, waterfall = (staff.get_by_role("region", name=name) for name in ("Trend", "Waterfall"))
    expect(
        trend.get_by_role("img", name=re.compile(f"over order of measuring: .* {FIRST + 2} points$"))
    ).to_be_visible()
    expect(waterfall.get_by_role("img", name=re.compile(f"^{FIRST + 2} curves: "))).to_be_visible()
    expect(waterfall).to_contain_text("the first measurement is the lowest")
    rows = staff.get_by_role("region", name="Measurements").get_by_role("row")
    expect(rows).to_have_count(1 + FIRST + 2)
    staff.wait_for_timeout(1500)  # the canvases draw after they have their numbers
    screenshot(staff, "series")


def test_of_many_chains_twenty_are_shown_and_the_others_asked_for(
    beamline: RunningPlatform, staff: Page, screenshot: Callable[[Page, str], None]
) -> None:
    headers = {"origin": beamline.url, "x-pandaas": "1"}
    for number in range(23):
        steps = [{"name": "one", "recipe": "saxs-integrate", "inputs": {"sample": ["sample"]}}]
        chain = {"title": f"Chain {number:02d}", "inputs": [{"name": "sample"}], "steps": steps}
        address = f"{beamline.url}/api/v1/chains"
        assert staff.request.post(address, data={"definition": chain}, headers=headers).ok
    staff.goto(f"{beamline.url}/chains")
    own = staff.get_by_role("heading", name=re.compile(r"^Chain \d\d$"))
    more = staff.get_by_role("button", name=re.compile(r"^Show more of \d+ chains$"))
    expect(more).to_be_visible()
    before = own.count()
    assert before < 23
    screenshot(staff, "chains-many")
    more.click()
    expect(own).to_have_count(23)
    expect(more).to_have_count(0)
    screenshot(staff, "chains-all")


def done(runs: Locator) -> Locator:
    return runs.filter(has_text="Done")


def measure(beamline: RunningPlatform, count: int) -> None:
    """Further files as the beamline writes them, registered."""
    folder = beamline.home / "data" / PROPOSAL
    source: Path = folder / "silica_growth.nxs"
    there = set((folder / "in_situ").iterdir())
    files = [file for file in insitu.write_measurements(source, folder / "in_situ", count) if file not in there]
    assert len(files) == count - len(there)
    words = ("--proposal", PROPOSAL, "--instrument", INSTRUMENT, "--simulated")
    beamline.command("ingest", *map(str, files), *words)
