"""`pandaas quarantine`: files that could not be registered."""

from __future__ import annotations

from typing import Annotated

import typer

from pandaas.cli.ingest import local_catalogue
from pandaas.cli.output import ExitCode, Json, emit, table

Number = Annotated[int, typer.Argument(help="Number of the entry, as `pandaas quarantine list` shows it.")]


def register(app: typer.Typer) -> None:
    group = typer.Typer(help="Files that could not be registered, and why.", no_args_is_help=True)
    group.command("list")(list_entries)
    group.command("retry")(retry)
    group.command("dismiss")(dismiss)
    app.add_typer(group, name="quarantine")


def list_entries(as_json: Json = False) -> None:
    """List the files, the reason and what to do."""
    from pandaas.access import FACILITY

    with local_catalogue() as catalogue:
        entries = catalogue.quarantined(FACILITY)
    rows = [(one.id, one.name, one.folder, one.reason, one.remedy, one.attempts, one.last_tried) for one in entries]
    columns = ("number", "file", "folder", "reason", "remedy", "tries", "last tried")
    emit(entries, as_json, lambda: table(columns, rows, empty="The quarantine is empty."))


def retry(
    number: Number,
    proposal: Annotated[str | None, typer.Option(help="Proposal the file belongs to.")] = None,
    instrument: Annotated[str | None, typer.Option(help="Instrument it was measured at.")] = None,
    as_json: Json = False,
) -> None:
    """Try to register a file again. Exit code 1 when it fails again."""
    from pandaas.access import FACILITY

    with local_catalogue() as catalogue:
        report = catalogue.retry(FACILITY, number, proposal=proposal, instrument=instrument)

    def tell() -> None:
        for dataset in report.datasets:
            print(f"{dataset.pid}  {dataset.title}")
        for entry in report.quarantined:
            print(f"{entry.name}: {entry.reason} {entry.remedy or ''}".rstrip())

    emit(report, as_json, tell)
    if report.quarantined:
        raise typer.Exit(ExitCode.FAILED)


def dismiss(number: Number) -> None:
    """Forget an entry; the file itself stays, and is tried again with the next ingest of its folder."""
    from pandaas.access import FACILITY

    with local_catalogue() as catalogue:
        catalogue.dismiss(FACILITY, number)
    print(f"Dismissed {number}.")
