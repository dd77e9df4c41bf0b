"""`pandaas doctor`: what this computer offers and what that enables."""

from __future__ import annotations

import dataclasses

import typer

from pandaas.cli.output import ExitCode, Json, emit, table


def register(app: typer.Typer) -> None:
    app.command("doctor")(doctor)


def doctor(json: Json = False) -> None:
    """Say what is available (isolation, database, disk, GPU, browser …) and what each of it enables.

    Ends with 1 when something fails that the platform needs; what is only missing is optional.
    """
    from pandaas.config import load_settings
    from pandaas.server import examine

    findings = examine(load_settings())
    rows = [(finding.name, finding.state, finding.detail, finding.enables) for finding in findings]
    columns = ("", "State", "Found", "Enables")
    emit([dataclasses.asdict(finding) for finding in findings], json, lambda: table(columns, rows))
    if any(finding.state == "failed" for finding in findings):
        raise typer.Exit(ExitCode.FAILED)
