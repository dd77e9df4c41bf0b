"""`pandaas view`: the viewer on plain files and folders of this computer."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pandaas.cli.browser import open_page

if TYPE_CHECKING:
    from pandaas.server import view as viewer


def register(app: typer.Typer) -> None:
    app.command("view")(view)


def view(
    paths: Annotated[list[Path], typer.Argument(metavar="PATH…", help="Files and folders to look at.")],
    port: Annotated[
        int | None,
        typer.Option("--port", min=0, max=65535, help="Port to listen on; default is 8000 or the next free one."),
    ] = None,
    host: Annotated[
        str, typer.Option("--host", help="Address to listen on; other than loopback, other computers can connect.")
    ] = "127.0.0.1",
    no_key: Annotated[
        bool, typer.Option("--no-key", help="Let in everybody on this computer, without the key.")
    ] = False,
    no_browser: Annotated[bool, typer.Option("--no-browser", help="Don't open a browser.")] = False,
) -> None:
    """Look at files and folders in the browser, without a platform: nothing is registered, copied or changed.

    Nothing outside the given paths is served. The printed address holds a key; whoever has it can look until Ctrl-C.
    Programs use the h5grove API at /h5grove/ with `file=` a path below the folder.
    """
    from pandaas.server import view as viewer

    def on_listen(start: viewer.Start) -> None:
        _say(start, paths)
        if not no_browser and not open_page(start.visit):
            print("  Open this address in your browser.", flush=True)

    viewer.run(paths, host=host, port=port, with_key=not no_key, on_listen=on_listen)


def _say(start: viewer.Start, paths: list[Path]) -> None:
    shown = str(paths[0]) if len(paths) == 1 else f"{len(paths)} files and folders"
    print(f"PaN-DAaS shows {shown} at\n\n  {start.address}\n\n  Ctrl-C stops it.", flush=True)
    if start.port_taken is not None:
        print(f"  Port {start.port_taken} is taken by another program; this one is free.", flush=True)
    if not start.with_key:
        print("  Warning: without a key everybody on this computer can look at these files.", flush=True)
    if start.beyond_loopback:
        print(
            "  Warning: other computers can connect, and the key travels unencrypted. "
            "Over ssh it is safer: ssh -L 8000:localhost:8000 …",
            flush=True,
        )
