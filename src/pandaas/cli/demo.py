"""`pandaas demo`: a whole facility with data on this computer, for trying and teaching."""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING, Any

import typer

from pandaas.cli.browser import open_page
from pandaas.cli.output import Json, emit

if TYPE_CHECKING:
    from pandaas.config import Settings


def register(app: typer.Typer) -> None:
    app.command("demo")(demo)


def demo(
    port: int | None = typer.Option(None, "--port", min=0, max=65535, help="Port to listen on; 0 takes a free one."),
    no_browser: bool = typer.Option(False, "--no-browser", help="Don't open a browser window."),
    info: bool = typer.Option(False, "--info", help="Print address and sign-ins of the demo, then leave."),
    as_json: Json = False,
) -> None:
    """Create the demo facility on first use and run it on loopback until Ctrl-C, which stops everything."""
    from pandaas.server import demo as facility

    settings = facility.prepare_home(port)
    if info:
        found = facility.describe(settings)
        emit(found, as_json, lambda: _print_sign_ins(found, runs=facility.is_running(settings)))
        return
    _run(settings, open_browser=not no_browser)


def _run(settings: Settings, *, open_browser: bool) -> None:
    from pandaas.db import upgrade
    from pandaas.server import HealthBoard, Services, serve
    from pandaas.server import demo as facility

    os.umask(0o022)  # the home is 0700; what lies in it is shown to other accounts only by the sandbox
    with facility.only_one(settings):
        _say("Preparing the database")
        upgrade(settings)
        board = HealthBoard()
        board.set("demo data", "starting", "waiting for the platform")
        address: list[str] = []
        builders: list[facility.DemoBuilder] = []

        def on_listen(url: str) -> None:
            address.append(url)
            facility.announce(settings, url)
            _say(f"Listening on {url}")

        def on_start(services: Services, health: HealthBoard) -> None:
            builder = facility.DemoBuilder(services, health, say=_say)
            builders.append(builder)
            threading.Thread(target=_build, args=(builder, address[0], open_browser), name="demo", daemon=True).start()

        def _build(builder: facility.DemoBuilder, url: str, browser: bool) -> None:
            if builder.run():
                _print_sign_ins(facility.describe(settings) | {"url": url})
                if browser:
                    open_page(url)
                builder.follow()

        try:
            serve(settings, on_start=on_start, on_listen=on_listen, board=board, before_close=lambda: _end(builders))
        finally:
            _say("Stopped")


def _end(builders: list[Any]) -> None:
    """Ctrl-C ends the demo's jobs too (`serve` would leave them running)."""
    for builder in builders:
        builder.stop()


def _say(text: str) -> None:
    print(f"[demo] {text}", flush=True)


def _print_sign_ins(found: dict[str, Any], *, runs: bool = True) -> None:
    print(f"\nPaN-DAaS runs at {found['url']}   (Ctrl-C stops it)\n" if runs else "\nThe demo does not run now.\n")
    print(f"  {'user':<8}{'password':<14}{'role':<18}proposals")
    for account in found["accounts"]:
        proposals = ", ".join(account["proposals"]) or "-"
        print(f"  {account['user']:<8}{account['password']:<14}{account['role']:<18}{proposals}")
    print(flush=True)
