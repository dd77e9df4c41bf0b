"""`pandaas import`: take over what other catalogues describe."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pandaas.cli.facility import facility
from pandaas.cli.output import Json, emit


def register(app: typer.Typer) -> None:
    group = typer.Typer(help="Take over what other catalogues describe.", no_args_is_help=True)
    group.callback()(_group)
    group.command("panosc")(panosc)
    app.add_typer(group, name="import")


def _group() -> None:
    """Take over what other catalogues describe."""


def panosc(
    file: Annotated[Path, typer.Argument(help='Rows by model: {"Dataset": [{…}], "Instrument": [{…}], …}.')],
    as_json: Json = False,
) -> None:
    """Import a PaNOSC catalogue; its identifiers stay as aliases. What is known is left alone, a bad file changes nothing."""
    from pandaas.access import FACILITY
    from pandaas.federation import SeedImport

    with facility() as local:
        done = SeedImport(local.database, local.access).load(FACILITY, file)
    emit(
        done,
        as_json,
        lambda: print(
            f"{done.datasets} datasets, {done.documents} documents and {done.instruments} instruments are new, "
            f"{done.known} datasets were known."
        ),
    )
