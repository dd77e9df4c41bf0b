"""The user office on the operator's page: what an import would change is shown, then applied, then felt."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, expect

from pandaas.testing.axe import assert_accessible
from pandaas.testing.platform import RunningPlatform

SignIn = Callable[[str], Page]
PROPOSAL: dict[str, Any] = {
    "name": "SC-2026-0301",
    "title": "Gels under shear",
    "type": "public_access",
    "instrument": "BL-SAXS",
    "start": "2026-11-02",
    "end": "2026-11-04",
    "members": [{"person": "77", "role": "principal_investigator"}],
    "beam_times": [
        {"id": "bt-1", "instrument": "BL-SAXS", "start": "2026-11-02T08:00:00Z", "end": "2026-11-04T08:00:00Z"}
    ],
}
FEED: dict[str, Any] = {
    "people": [{"key": "77", "name": "Nora Blum", "user": "nora"}],
    "instruments": [],
    "proposals": [PROPOSAL],
}


def test_an_import_is_looked_at_applied_and_felt(demo: RunningPlatform, sign_in: SignIn, office_feed: Path) -> None:
    office_feed.write_text(json.dumps(FEED), "utf-8")
    page = sign_in("otto")
    page.goto(f"{demo.url}/operator")
    office = page.get_by_role("region", name="User office")
    office.get_by_role("button", name="What would change?").click()
    changes = office.get_by_role("table", name="Changes")
    expect(changes).to_contain_text("Nora Blum")
    expect(changes).to_contain_text("SC-2026-0301")
    assert_accessible(page)
    office.get_by_role("button", name=re.compile(r"^Apply \d+ changes")).click()
    expect(office.get_by_text("applied", exact=True)).to_be_visible()
    page.goto(f"{demo.url}/proposals/SC-2026-0301")
    expect(page.get_by_role("heading", level=1)).to_contain_text("Gels under shear")
    expect(page.get_by_text("Nora Blum")).to_be_visible()
    expect(page.get_by_text(re.compile("2 Nov 2026")).first).to_be_visible()  # the beam time
    assert_accessible(page)

    office_feed.write_text("{", "utf-8")
    page.goto(f"{demo.url}/operator")
    office.get_by_role("button", name="What would change?").click()
    expect(office.get_by_role("alert")).to_contain_text("Nothing was changed")
