"""Uploads in the page: dropped files, a wrong one, and a large one that is gone on with after the page was left."""

from __future__ import annotations

import base64
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
from playwright.sync_api import Dialog, Page, Request, Route, expect

import pandaas
from pandaas.testing.platform import RunningPlatform

PIECE = 8 << 20


def test_dropped_files_become_datasets_and_a_wrong_one_says_why(
    demo: RunningPlatform, sign_in: Callable[[str], Page]
) -> None:
    page = sign_in("alice")
    page.goto(f"{demo.url}/upload")
    curve = "\n".join(f"{x} {x * x}" for x in range(1, 60)).encode()
    files = [
        ["dropped.dat", base64.b64encode(curve).decode()],
        ["broken.h5", base64.b64encode(b"\x89HDF\r\n").decode()],
    ]
    dropped = page.evaluate_handle(
        """files => {
            const transfer = new DataTransfer();
            for (const [name, content] of files)
                transfer.items.add(new File([Uint8Array.from(atob(content), c => c.charCodeAt(0))], name));
            return transfer;
        }""",
        files,
    )
    page.get_by_label("Files added together belong together").uncheck()
    page.get_by_role("group", name="Add files").dispatch_event("drop", {"dataTransfer": dropped})
    rows = page.get_by_role("listitem")
    expect(rows.filter(has_text="broken.h5")).to_contain_text("See why in the quarantine", timeout=60_000)
    rows.filter(has_text="dropped.dat").get_by_role("link", name="Open the dataset").click(timeout=60_000)
    expect(page.get_by_role("heading", level=1)).to_contain_text("dropped")


def test_a_large_file_is_gone_on_with_after_the_page_was_left(
    demo: RunningPlatform, sign_in: Callable[[str], Page], tmp_path: Path
) -> None:
    page = sign_in("alice")
    file = tmp_path / "large.h5"
    values = np.random.default_rng(1).integers(0, 1 << 16, (24, 512, 1024), "u2")
    with h5py.File(file, "w") as stream:
        stream["entry/data/data"] = values
    page.goto(f"{demo.url}/upload")
    held: list[Route] = []

    def one_piece_only(route: Route) -> None:
        if int(route.request.headers["upload-offset"]) < PIECE:
            route.continue_()
        else:
            held.append(route)  # the network is gone

    page.route(
        "**/api/v1/uploads/*",
        lambda route: one_piece_only(route) if route.request.method == "PATCH" else route.continue_(),
    )
    page.locator("input[type=file]").set_input_files(file)
    expect(page.get_by_text("8.4 MB of")).to_be_visible(timeout=60_000)
    page.on("dialog", _leave)
    page.reload()
    page.unroute_all(behavior="ignoreErrors")

    sent: list[tuple[str, str | None]] = []
    page.on("request", lambda request: _note(request, sent))
    page.locator("input[type=file]").set_input_files(file)
    link = page.get_by_role("listitem").filter(has_text="large.h5").get_by_role("link", name="Open the dataset")
    link.click(timeout=90_000)
    expect(page.get_by_role("heading", level=1)).to_contain_text("large")
    assert next(offset for method, offset in sent if method == "PATCH") == str(PIECE)
    assert not [method for method, offset in sent if method == "POST" and offset == "start"]
    with pandaas.connect(demo.url, token=demo.token("alice")) as client:
        pid = page.url.rpartition("/datasets/")[2].partition("?")[0].strip("/")
        np.testing.assert_array_equal(client.dataset(pid)["/entry/data/data"][...], values)


def _leave(dialog: Dialog) -> None:
    dialog.accept()


def _note(request: Request, into: list[tuple[str, str | None]]) -> None:
    if request.method == "PATCH":
        into.append(("PATCH", request.headers.get("upload-offset")))
    elif request.method == "POST" and request.url.endswith("/api/v1/uploads"):
        into.append(("POST", "start"))
