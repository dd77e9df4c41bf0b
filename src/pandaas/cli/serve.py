"""`pandaas serve`: the web service of a facility."""

from __future__ import annotations

import os

import typer


def register(app: typer.Typer) -> None:
    app.command("serve")(serve)


def serve(
    port: int | None = typer.Option(None, "--port", min=0, max=65535, help="Port to listen on; 0 takes a free one."),
    host: str | None = typer.Option(None, "--host", help="Address to listen on."),
    no_browser: bool = typer.Option(False, "--no-browser", help="Don't open a browser (serve never does)."),
) -> None:
    """Run the platform until it is stopped; running jobs go on and are found again at the next start."""
    from pandaas.config import load_settings
    from pandaas.db import require_current_schema
    from pandaas.model import Unavailable
    from pandaas.runtime import Runtime
    from pandaas.server import LOOPBACK
    from pandaas.server import serve as run

    settings = load_settings(server={"port": port, "host": host})
    settings.home.mkdir(parents=True, exist_ok=True, mode=0o700)
    os.umask(0o022)  # the home is 0700; what lies in it is shown to other accounts only by the sandbox
    require_current_schema(settings)
    if settings.demo.enabled and settings.server.host not in LOOPBACK:
        raise Unavailable(
            f"Demo accounts are refused on {settings.server.host}.",
            remedy="Listen on 127.0.0.1, or use a home without demo accounts.",
            field="server.host",
        )
    sandbox = Runtime.probe(settings)
    if not sandbox.works and not settings.demo.enabled:
        raise Unavailable(
            f"User code can't be isolated here: {sandbox.warning}",
            remedy="Install bubblewrap and allow user namespaces; `pandaas doctor` shows what is missing.",
            field="runtime.sandbox",
        )
    run(settings, on_listen=lambda url: print(f"PaN-DAaS listens on {url}", flush=True))
