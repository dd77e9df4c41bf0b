"""What becomes of a session, as people meet it: warned, extended, asleep, back; staff by consent; rights that end; lines and programs
that break."""

from __future__ import annotations

import os
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import psutil
import pytest
from playwright.sync_api import APIResponse, Browser, BrowserContext, Error, Page, expect

from pandaas.testing.platform import RunningPlatform

SignIn = Callable[..., Page]
SignedIn = Callable[[BrowserContext, str], None]
Screenshot = Callable[[Page, str], None]
_START_MS = 240_000  # the software may have to be built first
_SLOW_MS = 180_000  # beside other work
_FILMS = "SC-2026-0203"  # under embargo: carol's, alice reads
SCREEN = "[data-link='connected'] canvas"

pytestmark = pytest.mark.full


class Asker:
    """The requests of the page's person, beside her page."""

    def __init__(self, page: Page, url: str) -> None:
        self._request, self._url = page.context.request, url

    def get(self, path: str) -> Any:
        return self._request.get(self._url + path).json()

    def send(self, method: str, path: str, told: Any = None) -> APIResponse:
        headers = {"X-PaNDAaS": "1", "Origin": self._url}
        answer = self._request.fetch(self._url + path, method=method, data=told, headers=headers)
        assert answer.ok, answer.text()
        return answer

    def start(self, program: str, query: str = "silica spheres", **wanted: Any) -> str:
        pid = self.get(f"/api/v1/search?q={quote(query)}&kind=raw")["results"][0]["pid"]
        made = self.send("POST", "/api/v1/sessions", {"program": program, "datasets": [pid], **wanted}).json()
        return str(made["id"])

    def end(self, session_id: str) -> None:
        self.send("POST", f"/api/v1/sessions/{session_id}/end")


def test_a_notebook_is_warned_extended_put_to_sleep_and_comes_back(
    sign_in: SignIn, demo: RunningPlatform, screenshot: Screenshot
) -> None:
    page = sign_in("alice", "/sessions")
    alice = Asker(page, demo.url)
    one = alice.start("jupyterlab", hours=0.4)  # less than the half hour in which people are warned
    opened(page, demo, one)
    lab = page.frame_locator("iframe")
    lab.get_by_text("Python 3 (ipykernel) | Idle").wait_for(timeout=_SLOW_MS)
    warning = page.get_by_role("alert").filter(has_text="hibernates soon")
    warning.wait_for(timeout=30_000)
    screenshot(page, "session-warned")
    page.get_by_role("button", name="Extend").click()
    expect(warning).to_be_hidden(timeout=30_000)
    page.get_by_role("link", name="Share, chat, extend, end").click()
    page.get_by_role("button", name="More actions").click()
    page.get_by_role("menuitem", name="Hibernate").click()
    page.get_by_role("heading", name="This session is asleep").wait_for(timeout=_SLOW_MS)
    page.get_by_text("its kernel was stopped; its variables are gone").wait_for()
    screenshot(page, "session-asleep")
    page.get_by_role("button", name="Resume").click()
    opened(page, demo, one)
    lab.get_by_text("Python 3 (ipykernel) | Idle").wait_for(timeout=_SLOW_MS)
    lab.get_by_role("tab", name="Growing silica spheres").first.wait_for()
    screenshot(page, "session-resumed")
    alice.end(one)


def test_staff_watch_and_work_along_by_consent_until_they_are_sent_out(
    sign_in: SignIn, signed_in: SignedIn, demo: RunningPlatform, browser: Browser, screenshot: Screenshot
) -> None:
    page = sign_in("alice", "/sessions")
    one = Asker(page, demo.url).start("terminal")
    page.goto(f"{demo.url}/sessions/{one}")
    page.locator(SCREEN).wait_for(timeout=_START_MS)
    with another(browser, signed_in, "iris") as iris:
        iris.goto(f"{demo.url}/sessions/{one}")
        assert iris.locator("canvas").count() == 0
        iris.get_by_label("Why do you want to join?").fill("You wrote that the picture is empty.")
        iris.get_by_role("button", name="Ask to watch").click()
        banner = page.get_by_role("status").filter(has_text="Iris Tanaka")
        banner.get_by_text("You wrote that the picture is empty.").wait_for()
        screenshot(page, "staff-asks")
        banner.get_by_role("button", name="Let in").click()
        screen = iris.locator(SCREEN)
        screen.wait_for()
        iris.get_by_text("You only watch").first.wait_for()
        before = picture(page)
        typed(iris, "echo forged")
        page.wait_for_timeout(1500)
        assert picture(page) == before
        banner.get_by_role("button", name="Hand over control").click()
        iris.get_by_text("You only watch").first.wait_for(state="hidden")
        screen.wait_for()
        typed(iris, "echo helped")
        page.wait_for_timeout(1500)
        assert picture(page) != before
        screenshot(page, "staff-works-along")
        banner.get_by_role("button", name="Send out").click()
        screen.wait_for(state="detached", timeout=10_000)
        screenshot(iris, "staff-out")
    Asker(page, demo.url).end(one)


def test_a_session_closes_when_the_right_to_its_data_ends(
    sign_in: SignIn, signed_in: SignedIn, demo: RunningPlatform, browser: Browser, screenshot: Screenshot
) -> None:
    carol = Asker(sign_in("carol", "/sessions"), demo.url)
    member = f"/api/v1/proposals/{_FILMS}/members/alice"
    carol.send("PUT", member, {"role": "member"})
    try:
        with another(browser, signed_in, "alice") as alice:
            alice.goto(f"{demo.url}/sessions")
            one = Asker(alice, demo.url).start("terminal", f"proposal:{_FILMS}")
            alice.goto(f"{demo.url}/sessions/{one}")
            alice.locator(SCREEN).wait_for(timeout=_START_MS)
            carol.send("PUT", member, {"role": "reader"})
            alice.get_by_text("The right to use its data has ended.").wait_for(timeout=10_000)
            assert alice.locator("canvas").count() == 0
            screenshot(alice, "right-ended")
    finally:
        carol.send("PUT", member, {"role": "reader"})


def test_a_file_dropped_on_a_desktop_is_there_and_its_speed_is_shown(
    sign_in: SignIn, demo: RunningPlatform, screenshot: Screenshot
) -> None:
    page = sign_in("alice", "/sessions")
    alice = Asker(page, demo.url)
    one = alice.start("terminal")
    page.goto(f"{demo.url}/sessions/{one}")
    page.locator(SCREEN).wait_for(timeout=_START_MS)
    page.get_by_text("pictures/s").wait_for()
    page.evaluate(
        """(place) => {
          const given = new DataTransfer();
          given.items.add(new File(['1 2 3\\n'], 'curve.txt'));
          const target = document.querySelector(place);
          for (const kind of ['dragover', 'drop']) {
            target.dispatchEvent(new DragEvent(kind, { dataTransfer: given, bubbles: true, cancelable: true }));
          }
        }""",
        SCREEN,
    )
    page.get_by_text("In the results folder now: curve.txt").wait_for()
    assert [file["name"] for file in alice.get(f"/api/v1/sessions/{one}/results")["files"]] == ["curve.txt"]
    page.get_by_role("button", name="Picture quality").click()
    page.get_by_role("menuitem", name="For a slow line").wait_for()
    screenshot(page, "desktop-tools")
    alice.end(one)


def test_a_line_cut_for_half_a_minute_and_a_killed_screen_are_survived_and_said(
    sign_in: SignIn, signed_in: SignedIn, demo: RunningPlatform, browser: Browser, screenshot: Screenshot
) -> None:
    one = Asker(sign_in("alice", "/sessions"), demo.url).start("terminal")
    with Line(demo.url) as line, another(browser, signed_in, "alice") as page:
        page.goto(f"{line.url}/sessions/{one}")
        page.locator(SCREEN).wait_for(timeout=_START_MS)
        page.evaluate("window.stillHere = true")
        line.cut()
        page.get_by_text("Connection lost; trying again").wait_for(timeout=30_000)
        screenshot(page, "line-cut")
        page.wait_for_timeout(30_000)
        line.mend()
        page.locator(SCREEN).wait_for(timeout=30_000)
        assert page.evaluate("window.stillHere") is True, "without reloading"
        kill_inside("Xvnc")
        page.get_by_role("button", name="Start it again").wait_for(timeout=30_000)
        screenshot(page, "screen-killed")
        page.get_by_role("button", name="Start it again").click()
        page.locator(SCREEN).wait_for(timeout=_SLOW_MS)
    Asker(sign_in("alice", "/sessions"), demo.url).end(one)


def test_a_killed_kernel_comes_back_in_its_notebook(
    sign_in: SignIn, demo: RunningPlatform, screenshot: Screenshot
) -> None:
    page = sign_in("alice", "/sessions")
    alice = Asker(page, demo.url)
    one = alice.start("jupyterlab")
    opened(page, demo, one)
    lab = page.frame_locator("iframe")
    idle = lab.get_by_text("Python 3 (ipykernel) | Idle")
    idle.wait_for(timeout=_SLOW_MS)
    kill_inside("ipykernel_launcher")
    lab.get_by_text("Kernel Restarting").wait_for(timeout=30_000)
    screenshot(page, "kernel-killed")
    lab.get_by_role("button", name="Ok").click()
    idle.wait_for(timeout=_SLOW_MS)
    alice.end(one)


class Line:
    """What lies between a browser and the platform, which can be cut."""

    def __init__(self, url: str) -> None:
        target = urlsplit(url)
        self._target = (str(target.hostname), int(target.port or 80))
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._open: set[socket.socket] = set()
        self._whole = threading.Event()
        self._whole.set()
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    def __enter__(self) -> Line:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.close()
        self.cut()

    def cut(self) -> None:
        self._whole.clear()
        for one in list(self._open):
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)

    def mend(self) -> None:
        self._whole.set()

    def _accept(self) -> None:
        while True:
            try:
                browser, _ = self._listener.accept()
            except OSError:
                return
            if not self._whole.is_set():
                browser.close()
                continue
            platform = socket.create_connection(self._target)
            self._open |= {browser, platform}
            for source, sink in ((browser, platform), (platform, browser)):
                threading.Thread(target=self._carry, args=(source, sink), daemon=True).start()

    def _carry(self, source: socket.socket, sink: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(65_536):
                sink.sendall(data)
        for one in (source, sink):
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
        self._open.discard(source)
        source.close()  # the other direction closes the other one


def kill_inside(named: str) -> None:
    """The process of the one session that runs which has this in its command line, as a crash would."""
    found = [
        one.info["pid"]
        for one in psutil.process_iter(["pid", "cmdline"])
        if any(named in word for word in one.info["cmdline"] or ())
        and b"PANDAAS_RESULTS" in _environment(one.info["pid"])
    ]
    assert found, named
    for pid in found:
        os.kill(pid, signal.SIGKILL)


def _environment(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/environ").read_bytes()
    except OSError:
        return b""


def opened(page: Page, demo: RunningPlatform, session_id: str) -> None:
    """Into a notebook, which opens by itself where its page waited for it, and else by its button."""
    page.goto(f"{demo.url}/sessions/{session_id}")
    button = page.get_by_role("button", name="Open JupyterLab")
    button.or_(page.locator("iframe")).first.wait_for(timeout=_START_MS)
    with suppress(Error):
        button.click(timeout=5000)
    page.wait_for_url("http://s-*/.pandaas/", timeout=_START_MS)


def typed(page: Page, text: str) -> None:
    page.locator(SCREEN).click(position={"x": 200, "y": 200})
    page.keyboard.type(f"{text}\n")


def picture(page: Page) -> str:
    return str(page.evaluate(f'() => document.querySelector("{SCREEN}").toDataURL()'))


@contextmanager
def another(browser: Browser, signed_in: SignedIn, user: str) -> Iterator[Page]:
    """Somebody else's browser, or another one of the same person."""
    context = browser.new_context(viewport={"width": 1200, "height": 800})
    context.set_default_timeout(30_000)
    signed_in(context, user)
    try:
        yield context.new_page()
    finally:
        context.close()
