"""`pandaas upload`: send files from here to the service."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pandaas.cli.output import Json, emit, table
from pandaas.cli.remote import TokenFile, Url, connected


def register(app: typer.Typer) -> None:
    app.command("upload")(upload)


def upload(
    paths: Annotated[list[Path], typer.Argument(help="Files or folders; they stay together as one batch.")],
    proposal: Annotated[str | None, typer.Option(help="Proposal to put them into. Default: your own space.")] = None,
    url: Url = None,
    token_file: TokenFile = None,
    json: Json = False,
) -> None:
    """Upload files and register them as datasets. Call it again after an interruption: it goes on where it stopped."""
    from pandaas.client import byte_bar

    with connected(url, token_file) as client, byte_bar("upload", shown=not json) as progress:
        datasets = client.upload(paths, proposal, progress=progress)
    rows = [(dataset.pid, dataset.title, "/".join(dataset.techniques)) for dataset in datasets]
    emit([d.card for d in datasets], json, lambda: table(("Dataset", "Title", "Technique"), rows, empty="Received."))
