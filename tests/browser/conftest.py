"""One demo facility and one Chromium for all browser tests of a run."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from pandaas.testing.platform import RunningPlatform, chromium, running_demo

CACHE = Path(os.environ.get("PANDAAS_TEST_CACHE", Path(__file__).parents[2] / ".cache"))
_FLAGS = [
    "--no-sandbox",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--use-gl=angle",
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
]


@pytest.hookimpl(tryfirst=True)  # the groups must be there before xdist reads them
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(item.path).is_relative_to(Path(__file__).parent):
            item.add_marker(pytest.mark.browser)
            item.add_marker(pytest.mark.timeout(1200))
            item.add_marker(pytest.mark.xdist_group(Path(item.path).stem))


@pytest.fixture(scope="session")
def office_feed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the user office says; nothing until a test writes it."""
    return tmp_path_factory.mktemp("office") / "feed.json"


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory, office_feed: Path) -> Iterator[RunningPlatform]:
    extra = {
        "PANDAAS_RUNTIME__ENVIRONMENT_FOLDER": str(CACHE / "environments"),
        "PANDAAS_OFFICE": json.dumps([{"name": "userportal", "path": str(office_feed)}]),
    }
    with running_demo(tmp_path_factory.mktemp("facility"), extra=extra) as platform:
        yield platform


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    program = chromium()
    if program is None:
        pytest.skip("Debian's chromium is not installed")
    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=program, args=_FLAGS)
        yield found
        found.close()


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    found = browser.new_context(viewport={"width": 1440, "height": 900})
    found.set_default_timeout(30_000)
    yield found
    found.close()


@pytest.fixture
def page(context: BrowserContext) -> Iterator[Page]:
    """A page that fails the test on any script error or violation of the Content-Security-Policy."""
    found = context.new_page()
    troubles: list[str] = []
    found.on("pageerror", lambda error: troubles.append(f"script error: {error}"))
    found.on(
        "console",
        lambda message: troubles.append(message.text) if "Content Security Policy" in message.text else None,
    )
    yield found
    assert troubles == []


@pytest.fixture
def sign_in(demo: RunningPlatform, page: Page) -> Callable[..., Page]:
    """Sign in as one of the demo's people and open an address.

    The form itself has tests of its own (`test_sign_in.py`, `test_refusal.py`); here the browser's own request spares
    every other test a page.
    """

    def as_person(user: str, /, address: str = "/") -> Page:
        answer = page.context.request.post(
            f"{demo.url}/api/v1/session",
            data={"user": user, "password": demo.accounts[user]},
            headers={"origin": demo.url, "x-pandaas": "1"},
        )
        assert answer.ok, answer.text()
        page.goto(demo.url + address)
        return page

    return as_person


@pytest.fixture
def screenshot() -> Callable[[Page, str], None]:
    """Keeps a picture of a page in the folder `PANDAAS_SCREENSHOTS`, to be looked at; nothing without it."""
    folder = os.environ.get("PANDAAS_SCREENSHOTS")

    def keep(page: Page, name: str) -> None:
        if folder:
            page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)

    return keep
