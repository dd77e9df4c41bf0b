"""Every page passes axe without serious findings, in light and dark."""

from __future__ import annotations

from collections.abc import Callable

import httpx
import pytest
from playwright.sync_api import Page

from pandaas.testing.axe import assert_accessible_in_light_and_dark
from pandaas.testing.platform import RunningPlatform

PAGES = {
    "home": ("alice", "/"),
    "search": ("alice", "/search?q=silica"),
    "dataset": ("alice", "/datasets/{series}"),
    "result": ("alice", "/datasets/{result}"),
    "analyse": ("alice", "/analyse?dataset={series}&recipe=saxs-integrate"),
    "job": ("alice", "/jobs/{job}"),
    "jobs": ("alice", "/jobs"),
    "results": ("alice", "/results"),
    "proposals": ("alice", "/proposals"),
    "proposal": ("alice", "/proposals/SC-2026-0117"),
    "publications": ("alice", "/publications"),
    "recipes": ("alice", "/recipes"),
    "sessions": ("alice", "/sessions"),
    "help requests": ("iris", "/support?box=inbox"),
    "tokens": ("alice", "/tokens"),
    "upload": ("alice", "/upload"),
    "instrument": ("iris", "/instruments/BL-SAXS"),
    "quarantine": ("iris", "/quarantine"),
    "operator": ("otto", "/operator"),
    "running sessions": ("otto", "/operator/sessions"),
    "help": ("alice", "/help"),
    "tutorial": ("alice", "/help/tutorials/first-analysis"),
    "sign-in": (None, "/sign-in"),
    "not found": (None, "/nothing-here"),
}


@pytest.fixture(scope="module")
def names(demo: RunningPlatform) -> dict[str, str]:
    headers = {"authorization": f"Bearer {demo.token('alice', 'read')}"}
    with httpx.Client(base_url=f"{demo.url}/api/v1", headers=headers) as client:
        series = client.get("/search", params={"q": "Growing silica", "kind": "raw"}).json()["results"][0]["pid"]
        result = client.get("/search", params={"q": "Azimuthal", "kind": "derived"}).json()["results"][0]["pid"]
        job = client.get("/jobs").json()["jobs"][0]["id"]
    return {"series": series, "result": result, "job": job}


@pytest.mark.parametrize("name", PAGES)
def test_axe_finds_nothing_serious(
    demo: RunningPlatform, page: Page, sign_in: Callable[[str, str], Page], names: dict[str, str], name: str
) -> None:
    user, address = PAGES[name]
    page.emulate_media(color_scheme="light", reduced_motion="reduce")
    if user is None:
        page.goto(demo.url + address.format(**names))
    else:
        sign_in(user, address.format(**names))
    page.get_by_role("heading").first.wait_for()
    assert_accessible_in_light_and_dark(page)
