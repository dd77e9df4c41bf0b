"""A tablet: fingers read, zoom and draw on the picture; nothing of the dataset page is out of reach."""

from __future__ import annotations

import re
from collections.abc import Iterator

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from pandaas.testing.platform import RunningPlatform

Point = tuple[float, float]


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    found = browser.new_context(viewport={"width": 1024, "height": 768}, has_touch=True)
    found.set_default_timeout(30_000)
    yield found
    found.close()


@pytest.fixture
def calibration(demo: RunningPlatform) -> str:
    """The pid of one detector image with known geometry."""
    found = httpx.get(f"{demo.url}/api/v1/search", params={"q": "silver behenate", "kind": "calibration"}).json()
    return str(found["results"][0]["pid"])


def _touch(page: Page, *paths: tuple[Point, Point], steps: int = 8) -> None:
    """Move one finger along each path, all at the same time."""
    session = page.context.new_cdp_session(page)
    for step in range(steps + 1):
        points = [
            {"x": x0 + (x1 - x0) * step / steps, "y": y0 + (y1 - y0) * step / steps, "id": finger}
            for finger, ((x0, y0), (x1, y1)) in enumerate(paths)
        ]
        kind = "touchMove" if step else "touchStart"
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
        page.wait_for_timeout(40)
    session.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})


def _middle(page: Page) -> Point:
    box = page.locator("canvas").first.bounding_box()
    assert box is not None
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def test_fingers_do_what_a_mouse_does(demo: RunningPlatform, page: Page, calibration: str) -> None:
    page.goto(f"{demo.url}/datasets/{calibration}")
    page.locator("[data-testid=plot][data-ready] canvas").first.wait_for()
    page.get_by_role("button", name="Rings of known spacings").wait_for()
    page.wait_for_timeout(1500)  # the canvas listens once its first picture is drawn
    x, y = _middle(page)
    page.touchscreen.tap(x - 60, y - 40)
    expect(page.get_by_text("2θ", exact=True)).to_be_visible()

    _touch(page, ((x - 30, y), (x - 90, y)), ((x + 30, y), (x + 90, y)))
    reset = page.get_by_role("button", name="Reset zoom (R)")
    expect(reset).to_be_visible()
    assert page.evaluate("window.visualViewport.scale") == 1  # the picture was zoomed, not the page
    reset.tap()

    page.get_by_role("button", name="Region of interest (G)").tap()
    page.wait_for_timeout(500)
    x, y = _middle(page)
    _touch(page, ((x - 50, y - 40), (x + 50, y + 40)))
    expect(page.get_by_text(re.compile(r"Columns \d+–\d+, rows \d+–\d+"))).to_be_visible()


def test_nothing_is_out_of_reach(demo: RunningPlatform, page: Page) -> None:
    found = httpx.get(f"{demo.url}/api/v1/search", params={"q": "Growing silica", "kind": "raw"}).json()["results"]
    page.goto(f"{demo.url}/datasets/{found[0]['pid']}")
    slider = page.get_by_role("slider", name="frame_number")
    slider.wait_for()
    track = page.locator("div:has(> [role=slider])").bounding_box()
    assert track is not None
    assert track["width"] > 150
    page.get_by_role("button", name=re.compile("^Details")).tap()
    expect(page.get_by_role("tab", name="History")).to_be_visible()
    page.get_by_role("button", name="Close the details").tap()
    expect(page.get_by_role("tab", name="History")).to_have_count(0)
