"""Accessibility of a page, judged by axe (https://github.com/dequelabs/axe-core)."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Page

_AXE = Path(__file__).parents[3] / "web" / "node_modules" / "axe-core" / "axe.min.js"


_COLOURS = ("color-contrast", "link-in-text-block")
"""The rules whose answer depends on the colours; the others look at the elements only."""
_LOADED = "typeof window.axe === 'object'"
_RUN = """async (rules) => (await axe.run(document, {
    resultTypes: ['violations'], ...(rules ? {runOnly: {type: 'rule', values: rules}} : {})
})).violations"""
_SETTLED = """async () => {
    const start = performance.now();
    let last = start;
    const seen = new MutationObserver(() => { last = performance.now(); });
    seen.observe(document, {attributes: true, characterData: true, childList: true, subtree: true});
    const busy = () => document.readyState !== 'complete' || document.querySelector('[aria-busy="true"]')
        || [...document.images].some((one) => !one.complete);
    while (performance.now() - start < 10000 && (busy() || performance.now() - Math.max(last, start) < 400))
        await new Promise((wake) => setTimeout(wake, 50));
    seen.disconnect();
}"""
_COLOUR = "getComputedStyle(document.querySelector('h1, h2')).color"
_DARK = f"""light => {_COLOUR} !== light
    && document.documentElement.dataset.mantineColorScheme === 'dark'
    && !document.getAnimations().some((one) => one instanceof CSSTransition)"""


def wait_until_settled(page: Page) -> None:
    """Wait until nothing is loading and nothing has changed for 0.4 s; not longer than 10 s."""
    page.evaluate(_SETTLED)


def assert_accessible_in_light_and_dark(page: Page) -> None:
    """`assert_accessible` once the page has settled; in the dark the colours are looked at again."""
    page.emulate_media(color_scheme="light", reduced_motion="reduce")
    wait_until_settled(page)
    assert_accessible(page)
    light = page.evaluate(_COLOUR)
    page.emulate_media(color_scheme="dark", reduced_motion="reduce")
    page.wait_for_function(_DARK, arg=light)
    assert_accessible(page, rules=_COLOURS)


def assert_accessible(page: Page, *, rules: Sequence[str] | None = None) -> None:
    """Nothing that axe calls serious or critical; `rules` names the only ones to look at (default: all).

    It is evaluated by the debugger, not by the page, so the content security policy stays as it is.
    """
    if not page.evaluate(_LOADED):
        page.evaluate(_AXE.read_text("utf-8"))
    found = page.evaluate(_RUN, list(rules) if rules else None)
    serious = [
        (violation["id"], violation["help"], [node["html"][:200] for node in violation["nodes"][:3]])
        for violation in found
        if violation["impact"] in {"serious", "critical"}
    ]
    assert not serious, json.dumps(serious, indent=1)
