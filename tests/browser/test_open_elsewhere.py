"""From the dataset's page into another program: an address with a key, which ends when it is taken back."""

from __future__ import annotations

import re
from collections.abc import Callable

import httpx
import pytest
import zarr
from playwright.sync_api import Page, expect

from pandaas.testing.platform import RunningPlatform


@pytest.fixture(scope="module")
def team_only(demo: RunningPlatform) -> dict[str, str]:
    """A dataset that only bob's team may read, and the path of its plotted array."""
    with httpx.Client(base_url=demo.url, headers={"authorization": f"Bearer {demo.token('bob')}"}) as client:
        found = client.get("/api/v1/search", params={"proposal": "IN-2026-0042", "q": "iron"}).json()["results"][0]
        return {"pid": found["pid"], "path": client.get(f"/api/v1/datasets/{found['pid']}").json()["plot"]["signal"]}


def test_a_key_is_made_used_and_taken_back(
    demo: RunningPlatform, sign_in: Callable[[str], Page], team_only: dict[str, str]
) -> None:
    page = sign_in("bob")
    page.goto(f"{demo.url}/datasets/{team_only['pid']}")
    page.get_by_label("More actions").click()
    page.get_by_role("menuitem", name="Open in another program…").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_text("1 hour").click()
    dialog.get_by_role("button", name="Make an address").click()
    expect(dialog.get_by_text("This address ends in")).to_be_visible()
    expect(dialog.get_by_text("napari --plugin napari-ome-zarr")).to_be_visible()
    dialog.get_by_text("dask", exact=True).click()
    call = dialog.get_by_text("dask.array.from_zarr").inner_text()
    address = re.search(r'"(http.+)"', call)[1]  # type: ignore[index]
    assert address.endswith(f"/zarr/{team_only['pid']}{team_only['path']}")
    assert zarr.open_array(address, mode="r").ndim == 2
    dialog.get_by_label("Take back the address").click()
    expect(dialog.get_by_role("button", name="Make an address")).to_be_visible()
    assert httpx.get(f"{address}/zarr.json").status_code == 403


def test_open_data_need_no_key(demo: RunningPlatform, sign_in: Callable[[str], Page]) -> None:
    page = sign_in("alice")
    with httpx.Client(base_url=demo.url) as nobody:
        pid = nobody.get("/api/v1/search", params={"q": "Growing silica", "kind": "raw"}).json()["results"][0]["pid"]
    page.goto(f"{demo.url}/datasets/{pid}")
    page.get_by_label("More actions").click()
    page.get_by_role("menuitem", name="Open in another program…").click()
    expect(page.get_by_role("dialog").get_by_text(f"{demo.url}/zarr/{pid}", exact=True)).to_be_visible()
    assert zarr.open_group(f"{demo.url}/zarr/{pid}", mode="r")["entry/data/data"].shape[1:] == (2167, 2070)
