"""A cluster in the browser: choose it, see one's place in its queue and why, cancel, run, see what was used."""

from __future__ import annotations

import json
import os
import re
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager

import httpx
import pytest
from playwright.sync_api import Page, expect

from pandaas.testing.platform import RunningPlatform
from pandaas.testing.slurm import SlurmServer

JOB_MS = 180_000


@pytest.fixture(scope="module")
def slurm() -> Iterator[SlurmServer]:
    reason = SlurmServer.missing()
    if reason:
        pytest.skip(reason)
    server = SlurmServer()
    try:
        server.start()
        yield server
    finally:
        server.stop()


@pytest.fixture(scope="module")
def demo(
    start_demo: Callable[..., AbstractContextManager[RunningPlatform]], slurm: SlurmServer
) -> Iterator[RunningPlatform]:
    """A demo of its own, which knows the cluster."""
    settings = json.dumps({"enabled": True, "conf": str(slurm.conf), "poll_s": 0.5})
    with start_demo(
        "cluster", {"PANDAAS_RUNTIME__SLURM": settings, "PANDAAS_SESSIONS__SLURM": "true"}, analysed=False
    ) as platform:
        yield platform


@pytest.fixture
def choose(demo: RunningPlatform, sign_in: Callable[[str], Page]) -> Callable[[], Page]:
    """Start the azimuthal integration of the series on the cluster, through the page."""
    found = httpx.get(f"{demo.url}/api/v1/search", params={"q": "Growing silica spheres", "kind": "raw"})
    series = found.json()["results"][0]["pid"]
    page = sign_in("alice")

    def run() -> Page:
        page.goto(f"{demo.url}/analyse?dataset={series}&recipe=saxs-integrate")
        first_check_ms = 90_000  # a new platform checks its recipes
        page.get_by_role("textbox", name="Where to run").click(timeout=first_check_ms)
        page.get_by_role("option", name=re.compile("Slurm|cluster", re.IGNORECASE)).click()
        expect(page.get_by_text("On the cluster (Slurm)")).to_be_visible()
        page.get_by_role("button", name="Run", exact=True).click()
        page.wait_for_url(re.compile(r"/jobs/job-"))
        return page

    return run


def test_place_and_reason_are_seen_and_the_job_is_cancelled(slurm: SlurmServer, choose: Callable[[], Page]) -> None:
    taken = slurm.said("sbatch", "--parsable", "-o", "/dev/null", f"-c{slurm.cores}", "-t5", "--wrap=sleep 250").strip()
    try:
        page = choose()
        expect(page.get_by_text("Waiting in Slurm: 1st of 1 in main, waits for free nodes").first).to_be_visible()
        expect(page.get_by_text("expected to start").first).to_be_visible()
        _picture(page, "waiting")
        page.get_by_role("button", name="Cancel", exact=True).click()
        page.get_by_role("button", name="Cancel the job").click()
        expect(page.get_by_text("ancelled").first).to_be_visible()
        _picture(page, "cancelled")
    finally:
        slurm.ok("scancel", taken)


def test_a_job_on_the_cluster_ends_with_what_it_used(choose: Callable[[], Page]) -> None:
    page = choose()
    expect(page.get_by_role("heading", name=re.compile("Your result is ready"))).to_be_visible(timeout=JOB_MS)
    for fact in ("Wall time", "CPU time", "Memory peak"):
        expect(page.get_by_text(fact, exact=True)).to_be_visible()
    _picture(page, "used")


def _picture(page: Page, name: str) -> None:
    """For people who look, where PANDAAS_TEST_PICTURES names a folder."""
    folder = os.environ.get("PANDAAS_TEST_PICTURES")
    if folder:
        page.screenshot(path=f"{folder}/{name}.png", full_page=True)


@pytest.mark.full
@pytest.mark.parametrize(("program", "ready"), [("JupyterLab", "notebook"), ("silx view", "desktop")])
def test_a_session_runs_on_the_cluster(
    demo: RunningPlatform, slurm: SlurmServer, sign_in: Callable[[str], Page], program: str, ready: str
) -> None:
    page = sign_in("alice")
    page.goto(f"{demo.url}/search?q=silica+spheres&kind=raw")
    page.get_by_role("link", name="Growing silica spheres").first.click()
    page.get_by_role("button", name="Open in …").click()
    page.get_by_role("menuitem", name=program).wait_for()
    _picture(page, f"{ready}-before")
    page.get_by_text("Cluster (Slurm)").click()
    _picture(page, f"{ready}-menu")
    page.get_by_role("menuitem", name=program).click()
    if ready == "notebook":
        page.wait_for_url("http://s-*/.pandaas/", timeout=240_000)
        lab = page.frame_locator("iframe")
        lab.get_by_text("Python 3 (ipykernel) | Idle").wait_for(timeout=90_000)
    else:
        page.locator("[data-link='connected'] canvas").wait_for(timeout=90_000)
        page.wait_for_timeout(5000)
    _picture(page, f"{ready}-on-the-cluster")
    running = slurm.said("squeue", "-h", "-t", "R", "-o", "%j %u %C")
    assert len(running.splitlines()) == 1, running
    page.goto(f"{demo.url}/sessions")
    page.get_by_text(program).first.wait_for()
    _picture(page, f"{ready}-sessions")
    one = page.context.request.get(f"{demo.url}/api/v1/sessions").json()[0]
    headers = {"X-PaNDAaS": "1", "Origin": demo.url}
    page.context.request.post(f"{demo.url}/api/v1/sessions/{one['id']}/end", headers=headers)
    end = time.monotonic() + 60
    while slurm.said("squeue", "-h", "-t", "R,CG").strip():
        assert time.monotonic() < end
        time.sleep(0.2)
