"""`pandaas app`: the interactive programs of this facility."""

from __future__ import annotations

from typing import Annotated

import typer

from pandaas.cli.output import Json, emit, table
from pandaas.cli.remote import TokenFile, Url, connected


def register(app: typer.Typer) -> None:
    group = typer.Typer(help="The interactive programs of the facility.", no_args_is_help=True)
    group.command("list")(list_programs)
    app.add_typer(group, name="app")


def list_programs(
    dataset: Annotated[list[str] | None, typer.Argument(help="Only what opens these datasets (pids).")] = None,
    url: Url = None,
    token_file: TokenFile = None,
    json: Json = False,
) -> None:
    """List the programs that can be opened, and why some can't."""
    with connected(url, token_file) as client:
        found = client.programs(dataset or [])
        rows = [(one["id"], one["title"], one["kind"], one["problem"] or "can be started") for one in found["programs"]]
        emit(found, json, lambda: table(("Program", "Title", "Kind", "State"), rows, empty="No programs."))
