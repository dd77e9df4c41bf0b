"""What `pandaas people import` and `pandaas proposal import` share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pandaas.cli.facility import facility
from pandaas.cli.output import emit, table
from pandaas.model import Conflict

if TYPE_CHECKING:
    from pandaas.access import Change, OfficeRunView

FeedName = Annotated[str, typer.Argument(metavar="FEED", help="Name of the user office in the configuration.")]
Source = Annotated[
    Path | None,
    typer.Option("--from", help="Read this JSON file or folder of CSV files instead of the configured source."),
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Show what would change; change nothing.")]
Removals = Annotated[
    int | None,
    typer.Option("--removals", min=0, help="How many removals you have seen and want, where there are many."),
]


def run_import(
    feed: str,
    source: Path | None,
    *,
    dry_run: bool,
    removals: int | None,
    as_json: bool,
    only: Callable[[Change], bool] | None = None,
) -> None:
    """Import and print what changed; `Conflict` when too much would be taken away."""
    from pandaas.access import FACILITY, FileSource, Office

    with facility() as local:
        office = Office(local.database, local.settings, local.identity, local.access)
        view = office.run(
            FACILITY,
            feed,
            source=FileSource(source) if source is not None else None,
            dry_run=dry_run,
            removals=removals,
            only=only,
        )
    emit(view, as_json, lambda: _print(view))
    if view.state == "waiting":
        raise Conflict(view.message, remedy=f"Say --removals {view.removals} if that is right.", field="removals")


def _print(view: OfficeRunView) -> None:
    table(("what", "about", "change"), [tuple(change.values()) for change in view.changes], empty="Nothing changes.")
    total = sum(view.counts.values())
    if total > len(view.changes):
        print(f"… and {total - len(view.changes)} more.")
    for warning in view.warnings:
        print(f"Look at this: {warning}")
    said = {
        "shown": f"{total} changes, {view.removals} of them removals. Nothing was changed.",
        "applied": f"Applied {total} changes, {view.removals} of them removals.",
        "unchanged": "Everything is in step.",
    }
    print(said.get(view.state, "Nothing was changed."))
