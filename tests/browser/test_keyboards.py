"""What people type on their own keyboards arrives at a desktop as they typed it, whichever layout and computer they have."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import CDPSession, Page

from pandaas.testing.platform import RunningPlatform

SignIn = Callable[..., Page]
SCREEN = "[data-link='connected'] canvas"
_START_MS = 240_000  # the software may have to be built first

pytestmark = pytest.mark.full

Stroke = tuple[str, str]  # as browsers say it: KeyboardEvent.code and KeyboardEvent.key
SHIFT, ALTGR, OPTION = ("ShiftLeft", "Shift"), ("AltRight", "AltGraph"), ("AltLeft", "Alt")


@dataclass(frozen=True)
class Typed:
    """Keys pressed one after the other while `held` are down."""

    strokes: tuple[Stroke, ...]
    held: tuple[Stroke, ...] = ()


@dataclass(frozen=True)
class Keyboard:
    name: str
    platform: str  # what the browser says of its computer
    typed: tuple[Typed, ...]
    text: str


def keys(text: str, codes: str) -> tuple[Stroke, ...]:
    return tuple(zip(codes.split(), text, strict=True))


WINDOWS_ALTGR = (("ControlLeft", "Control"), ALTGR)  # what Windows makes of the one key

KEYBOARDS = (
    Keyboard(
        "German",
        "Linux x86_64",
        (
            Typed(keys("zyüöäß", "KeyY KeyZ BracketLeft Semicolon Quote Minus")),
            Typed(keys("ÜÖÄ?Z", "BracketLeft Semicolon Quote Minus KeyY"), (SHIFT,)),
            Typed(
                keys("@€|{[]}\\~µ", "KeyQ KeyE IntlBackslash Digit7 Digit8 Digit9 Digit0 Minus BracketRight KeyM"),
                (ALTGR,),
            ),
            Typed(keys("<#", "IntlBackslash Backslash")),
            Typed(keys(">", "IntlBackslash"), (SHIFT,)),
            Typed((("Backquote", "Dead"), ("KeyE", "ê"), ("Equal", "Dead"), ("KeyA", "á"))),
        ),
        "zyüöäßÜÖÄ?Z@€|{[]}\\~µ<#>êá",
    ),
    Keyboard(
        "French",
        "Linux x86_64",
        (
            Typed(keys("aqzwm", "KeyQ KeyA KeyW KeyZ Semicolon")),
            Typed(keys('&é"(-è_çàù', "Digit1 Digit2 Digit3 Digit5 Digit6 Digit7 Digit8 Digit9 Digit0 Quote")),
            Typed(keys("12390%", "Digit1 Digit2 Digit3 Digit9 Digit0 Quote"), (SHIFT,)),
            Typed(keys("#{[|`\\@€", "Digit3 Digit4 Digit5 Digit6 Digit7 Digit8 Digit0 KeyE"), (ALTGR,)),
            Typed((("BracketLeft", "Dead"), ("KeyE", "ê"))),
            Typed((("BracketLeft", "Dead"),), (SHIFT,)),
            Typed((("KeyE", "ë"),)),
        ),
        'aqzwm&é"(-è_çàù12390%#{[|`\\@€êë',
    ),
    Keyboard(
        "German under Windows",
        "Win32",
        (
            Typed(keys("zü", "KeyY BracketLeft")),
            Typed(keys("@€|{\\", "KeyQ KeyE IntlBackslash Digit7 Minus"), WINDOWS_ALTGR),
            Typed(keys("q", "KeyQ")),
        ),
        "zü@€|{\\q",
    ),
    Keyboard(
        "German on a Mac",
        "MacIntel",
        (
            Typed(keys("zü", "KeyY BracketLeft")),
            Typed(keys("@€[]|{}", "KeyL KeyE Digit5 Digit6 Digit7 Digit8 Digit9"), (OPTION,)),
            Typed((("KeyN", "Dead"),), (OPTION,)),
            Typed((("Space", "~"), ("KeyQ", "q"))),
        ),
        "zü@€[]|{}~q",
    ),
)


def test_every_keyboard_types_what_is_on_its_keys(sign_in: SignIn, demo: RunningPlatform) -> None:
    page = sign_in("alice")
    session = ask(page, demo, "/api/v1/sessions", {"program": "terminal", "datasets": []})["id"]
    results = demo.home / "sessions" / session / "results"
    for number, keyboard in enumerate(KEYBOARDS):
        with at_screen(page, demo, session, keyboard.platform) as browser:
            file = f"typed-{number}.txt"
            page.keyboard.type(f"cat > {file}\n")
            for one in keyboard.typed:
                strike(browser, one)
            page.keyboard.press("Enter")
            page.keyboard.press("Control+d")
            page.keyboard.type(f"touch {file}.end\n")
            until(results / f"{file}.end")
        assert (results / file).read_text("utf-8") == keyboard.text + "\n", keyboard.name
    ask(page, demo, f"/api/v1/sessions/{session}/end")


def ask(page: Page, demo: RunningPlatform, path: str, told: dict[str, Any] | None = None) -> Any:
    headers = {"X-PaNDAaS": "1", "Origin": demo.url}
    answer = page.context.request.post(demo.url + path, data=told, headers=headers)
    assert answer.ok, answer.text()
    return answer.json() if answer.status != 204 else None


@contextmanager
def at_screen(page: Page, demo: RunningPlatform, session: str, platform: str) -> Iterator[CDPSession]:
    """The session's screen in a browser on such a computer, with the keyboard at it."""
    browser = page.context.new_cdp_session(page)
    said = f"Object.defineProperty(navigator, 'platform', {{ get: () => {platform!r} }})"
    browser.send("Page.enable")
    script = browser.send("Page.addScriptToEvaluateOnNewDocument", {"source": said})["identifier"]
    page.goto(f"{demo.url}/sessions/{session}")
    page.locator(SCREEN).wait_for(timeout=_START_MS)
    page.locator(SCREEN).click(position={"x": 300, "y": 300})
    page.wait_for_timeout(1500)  # the terminal's shell
    yield browser
    browser.send("Page.removeScriptToEvaluateOnNewDocument", {"identifier": script})
    browser.detach()


def strike(browser: CDPSession, typed: Typed) -> None:
    for code, key in typed.held:
        press(browser, "rawKeyDown", code, key)
    for code, key in typed.strokes:
        press(browser, "rawKeyDown", code, key)
        press(browser, "keyUp", code, key)
    for code, key in reversed(typed.held):
        press(browser, "keyUp", code, key)


def press(browser: CDPSession, kind: str, code: str, key: str) -> None:
    location = {"Left": 1, "Right": 2}.get(code.removeprefix("Shift").removeprefix("Alt").removeprefix("Control"), 0)
    browser.send("Input.dispatchKeyEvent", {"type": kind, "code": code, "key": key, "location": location})


def until(file: Path) -> None:
    end = time.monotonic() + 30
    while not file.exists():
        assert time.monotonic() < end, f"{file.name} did not come"
        time.sleep(0.1)
