"""Notebooks and desktops as people meet them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Page

from pandaas.testing.platform import RunningPlatform

SignIn = Callable[[str], Page]
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
