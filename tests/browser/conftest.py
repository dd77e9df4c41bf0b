"""One demo facility and one Chromium for all browser tests of a run."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
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
    "--disable-gpu",  # pages are drawn without SwiftShader, which took a sixth of the processor time …
    "--enable-unsafe-swiftshader",  # … and only WebGL with it
]
# Long ones first and those without a demo early, while the other process makes its data; the rest follows as it is found.
_FIRST = (
    "test_engines",
    "test_view",
    "test_h5web",
    "test_viewer_kinds",
    "test_sessions",
    "test_publications",
    "test_access",
    "test_search",
    "test_chains",
    "test_circle",
    "test_upload",
    "test_support",
    "test_sign_in",
)
# They share nothing but the demo, so that each of their tests may run in either process. Short ones, which fill the end.
_APART = {
    "test_sessions",
    "test_access",
    "test_search",
    "test_chains",
    "test_circle",
    "test_upload",
    "test_accessibility",
}


@pytest.hookimpl(tryfirst=True)  # the groups must be there before xdist reads them
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    ours = [item for item in items if Path(item.path).is_relative_to(Path(__file__).parent)]
    for item in ours:
        stem = Path(item.path).stem
        item.add_marker(pytest.mark.browser)
        item.add_marker(pytest.mark.timeout(1200))
        item.add_marker(pytest.mark.xdist_group(f"{stem}-{item.name}" if stem in _APART else stem))
    others = [item for item in items if item not in ours]
    items[:] = others + sorted(ours, key=_rank)


def _rank(item: pytest.Item) -> int:
    stem = Path(item.path).stem
    if stem in _FIRST:
        return _FIRST.index(stem)
    return len(_FIRST) + (stem == "test_accessibility")


@pytest.fixture(scope="session")
def office_feed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the user office says; nothing until a test writes it."""
    return tmp_path_factory.mktemp("office") / "feed.json"


StartDemo = Callable[..., AbstractContextManager[RunningPlatform]]


@pytest.fixture(scope="session")
def start_demo(tmp_path_factory: pytest.TempPathFactory) -> StartDemo:
    """Start a demo of its own with a copy of the data that the set-up made; without them the run's first demo makes them."""
    base = tmp_path_factory.getbasetemp()
    shared = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "demo-data"
    ready = Path(os.environ.get("PANDAAS_TEST_DEMO_DATA", shared))
    if ready.is_dir():
        shared = ready

    @contextmanager
    def start(name: str, extra: dict[str, str], *, analysed: bool = True) -> Iterator[RunningPlatform]:
        environments = os.environ.get("PANDAAS_TEST_ENVIRONMENTS", str(CACHE / "environments"))
        extra = {"PANDAAS_RUNTIME__ENVIRONMENT_FOLDER": environments} | extra
        with shared.with_name("demo-data.lock").open("a") as lock, ExitStack() as running:
            fcntl.flock(lock, fcntl.LOCK_EX)
            made = shared if shared.is_dir() else None
            if made:
                fcntl.flock(lock, fcntl.LOCK_UN)
            home = tmp_path_factory.mktemp(name)
            platform = running.enter_context(running_demo(home, extra=extra, data=made, analysed=analysed))
            if not made:
                shutil.copytree(home / "data", shared)
                fcntl.flock(lock, fcntl.LOCK_UN)
            yield platform

    return start


@pytest.fixture(scope="session")
def demo(start_demo: StartDemo, office_feed: Path) -> Iterator[RunningPlatform]:
    office = json.dumps([{"name": "userportal", "path": str(office_feed)}])
    with start_demo("facility", {"PANDAAS_OFFICE": office}) as platform:
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
def signed_in(demo: RunningPlatform) -> Callable[[BrowserContext, str], None]:
    """Sign a browser in as one of the demo's people.

    The form itself has tests of its own (`test_sign_in.py`, `test_refusal.py`); here the browser's own request spares
    every other test a page.
    """

    def as_person(context: BrowserContext, user: str) -> None:
        answer = context.request.post(
            f"{demo.url}/api/v1/session",
            data={"user": user, "password": demo.accounts[user]},
            headers={"origin": demo.url, "x-pandaas": "1"},
        )
        assert answer.ok, answer.text()

    return as_person


@pytest.fixture
def sign_in(demo: RunningPlatform, page: Page, signed_in: Callable[[BrowserContext, str], None]) -> Callable[..., Page]:
    """Sign in as one of the demo's people and open an address; without one no page is opened yet."""

    def as_person(user: str, /, address: str = "") -> Page:
        signed_in(page.context, user)
        if address:
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
