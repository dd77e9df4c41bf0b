"""Notebooks and desktops as people meet them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from pandaas.testing.platform import RunningPlatform

SignIn = Callable[..., Page]
SignedIn = Callable[[BrowserContext, str], None]
_START_MS = 240_000  # the software may have to be built first


def open_in(page: Page, demo: RunningPlatform, program: str) -> None:
    page.goto(f"{demo.url}/search?q=silica+spheres&kind=raw")
    page.get_by_role("link", name="Growing silica spheres").first.click()
    page.get_by_role("button", name="Open in …").click()
    page.get_by_role("menuitem", name=program).click()


def test_a_notebook_opens_on_the_dataset_and_plots_it(sign_in: SignIn, demo: RunningPlatform, tmp_path: Path) -> None:
    page = sign_in("alice")
    open_in(page, demo, "JupyterLab")
    page.wait_for_url("http://s-*/.pandaas/", timeout=_START_MS)
    lab = page.frame_locator("iframe")
    lab.locator(".jp-Notebook .jp-CodeCell").first.wait_for(timeout=60_000)
    lab.get_by_text("Python 3 (ipykernel) | Idle").wait_for(timeout=60_000)
    lab.locator('[data-jp-item-name="restart-and-run"]').first.click()
    lab.locator(".jp-Dialog-button.jp-mod-accept").first.click()
    lab.locator(".jp-OutputArea-output img").first.wait_for(timeout=60_000)
    page.screenshot(path=tmp_path / "notebook.png")


def test_silx_view_shows_the_dataset_in_the_page(sign_in: SignIn, demo: RunningPlatform, tmp_path: Path) -> None:
    page = sign_in("alice")
    open_in(page, demo, "silx view")
    page.locator("[data-link='connected'] canvas").wait_for(timeout=_START_MS)
    page.wait_for_timeout(3000)
    page.screenshot(path=tmp_path / "silx.png")
    seen = page.evaluate(
        """() => {
          const canvas = document.querySelector("[data-link='connected'] canvas");
          const data = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;
          return new Set(new Uint32Array(data.buffer)).size;
        }"""
    )
    assert seen > 50  # a window with a picture, not an empty screen


@pytest.mark.full
def test_two_browsers_share_a_desktop_and_one_only_watches(
    sign_in: SignIn, signed_in: SignedIn, demo: RunningPlatform, browser: Browser, tmp_path: Path
) -> None:
    page = sign_in("alice")
    open_in(page, demo, "Terminal")
    page.locator("[data-link='connected'] canvas").wait_for(timeout=_START_MS)
    page.get_by_role("button", name="Share").click()
    page.get_by_role("textbox", name="Person").fill("bob")
    page.get_by_role("option", name="Bob").click()
    page.get_by_role("button", name="Take Bob Lindqvist out").wait_for()
    with other_person(browser, signed_in, "bob") as bob:
        bob.goto(page.url)
        screen = bob.locator("[data-link='connected'] canvas")
        screen.wait_for()
        page.get_by_text("2 here").or_(page.get_by_text("1 here")).first.wait_for()
        before = picture(page)
        screen.click(position={"x": 200, "y": 200})
        bob.keyboard.type("xeyes & echo forged\n")
        bob.get_by_role("button", name="People").click()
        bob.get_by_label("Message").fill("<b>I see it</b>")
        bob.keyboard.press("Enter")
        page.get_by_text("<b>I see it</b>").wait_for()
        page.wait_for_timeout(1000)
        assert picture(page) == before
        bob.screenshot(path=tmp_path / "watching.png")
    page.screenshot(path=tmp_path / "sharing.png")


@contextmanager
def other_person(browser: Browser, signed_in: SignedIn, user: str) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1200, "height": 800})
    signed_in(context, user)
    yield context.new_page()
    context.close()


def picture(page: Page) -> str:
    """What the desktop shows, without the cursors."""
    return str(page.evaluate("() => document.querySelector(\"[data-link='connected'] canvas\").toDataURL()"))
