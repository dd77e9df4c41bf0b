"""Help asked for on a job's page: what is sent is shown first, the staff of the instrument answer, the person sees it."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable

import httpx
from playwright.sync_api import Page, expect

from pandaas.testing.axe import assert_accessible
from pandaas.testing.platform import RunningPlatform

SUBJECT = "The curve has a step"
PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAHgAAABQCAIAAABd+SbeAAAArUlEQVR4nO3QAQnAQAzAwJdYOZP4suaig+wgAsKdea4WOp8f/CTQ"
    "oFuBBt0KNOhWoEG3Ag26FWjQrUCDbgUadCvQoFuBBt0KNOhWoEG3Ag26FWjQrUCDbgUadCvQoFuBBt0KNOhWoLeg74wWAg26FWjQ"
    "rUCDbgUadCvQoFuBBt0KNOhWoEG3Ag26FWjQrUCDbgUadCvQoFuBBt0KNOhWoEG3Ag26FWjQrUCDbvUC5pK/+uYxf3EAAAAASUVO"
    "RK5CYII="
)


def test_help_is_asked_for_on_a_job_and_answered(
    demo: RunningPlatform, sign_in: Callable[..., Page], screenshot: Callable[[Page, str], None]
) -> None:
    headers = {"authorization": f"Bearer {demo.token('alice', 'read')}"}
    with httpx.Client(base_url=f"{demo.url}/api/v1", headers=headers) as client:
        job = client.get("/jobs").json()["jobs"][0]["id"]
        page = sign_in("alice", f"/jobs/{job}")
        page.get_by_role("button", name="Get help").click()
        dialog = page.get_by_role("dialog", name="Get help")
        dialog.get_by_label("Subject").fill(SUBJECT)
        dialog.get_by_label("What did you do").fill("At **0.3 nm⁻¹** the curve has a step.\n\n<b>Why?</b>")
        dialog.get_by_label(re.compile("^Engine: ")).uncheck()
        dialog.locator("input[type=file]").set_input_files({"name": "step.png", "mimeType": "image/png", "buffer": PNG})
        expect(dialog.get_by_role("img", name="step.png")).to_be_visible()
        expect(dialog.get_by_text("The staff of BL-SAXS and the operators read it.")).to_be_visible()
        screenshot(page, "support-form")
        assert_accessible(page)
        assert client.get("/support/requests").json()["total"] == 0  # nothing is sent before Send
        dialog.get_by_role("button", name="Send").click()
        expect(page.get_by_role("heading", level=1, name=SUBJECT)).to_be_visible()
        [request] = client.get("/support/requests").json()["requests"]
        names = [one["name"] for one in client.get(f"/support/requests/{request['id']}").json()["facts"]]
        assert "Recipe" in names
        assert "Engine" not in names
    page = sign_in("iris", "/")
    page.get_by_role("link", name="Help requests, 1 with something new").click()
    screenshot(page, "support-inbox")
    page.get_by_role("link", name=SUBJECT).click()
    expect(page.get_by_text("<b>Why?</b>")).to_be_visible()
    expect(page.get_by_role("img", name="step.png")).to_be_visible()
    page.get_by_label("Your answer").fill("Use another **mask**.")
    page.get_by_role("button", name="Answer", exact=True).click()
    expect(page.locator("strong", has_text="mask")).to_be_visible()
    expect(page.get_by_role("link", name="Help requests, 1 with something new")).to_be_hidden()
    screenshot(page, "support-answer")
    page = sign_in("alice", "/")
    page.get_by_role("link", name="Help requests, 1 with something new").click()
    page.get_by_role("link", name=SUBJECT).click()
    expect(page.get_by_text("Answered")).to_be_visible()
    assert_accessible(page)
    screenshot(page, "support-thread")
    page.get_by_role("button", name="Close").click()
    expect(page.get_by_role("button", name="Reopen")).to_be_visible()
    page = sign_in("bob", f"/support/{request['id']}")
    expect(page.get_by_text("Not found")).to_be_visible()
