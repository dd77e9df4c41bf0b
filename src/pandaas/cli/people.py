"""`pandaas people`: who belongs where."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from pandaas.cli.facility import facility
from pandaas.cli.office import DryRun, FeedName, Removals, Source, run_import
from pandaas.cli.output import Json, emit, table

if TYPE_CHECKING:
    from pandaas.access import Change

_COLUMNS = ("user", "name", "affiliation", "role", "proposals", "instruments")


class _ListByDefault(TyperGroup):
    """`pandaas people NAME` lists, as `pandaas people list NAME` does."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if args[:1] not in (["-h"], ["--help"]) and (not args or args[0] not in self.commands):
            args = ["list", *args]
        return super().parse_args(ctx, args)


def register(app: typer.Typer) -> None:
    group = typer.Typer(help="Who belongs where; people from the user office.", cls=_ListByDefault)
    group.command("list")(people)
    group.command("import")(import_people)
    app.add_typer(group, name="people")


def import_people(
    feed: FeedName,
    source: Source = None,
    dry_run: DryRun = False,
    removals: Removals = None,
    as_json: Json = False,
) -> None:
    """Import people and their identities from the user office; teams and instruments stay as they are."""

    def only(change: Change) -> bool:
        return change.kind.startswith(("person.", "identity."))

    run_import(feed, source, dry_run=dry_run, removals=removals, as_json=as_json, only=only)


def people(
    query: Annotated[str, typer.Argument(help="Part of a name, user name or affiliation.")] = "",
    limit: Annotated[int, typer.Option(min=1, help="At most so many.")] = 50,
    as_json: Json = False,
) -> None:
    """Find people, with their proposals and instruments."""
    from pandaas.access import FACILITY

    with facility() as local:
        found = local.identity.find_people(query, limit=limit)
        proposals = {view.proposal.id: view.proposal.name for view in local.access.proposals(FACILITY)}
        instruments = {one.id: one.name for one in local.access.instruments()}
        rows: list[dict[str, Any]] = []
        for person in found:
            if local.identity.is_shut_out(person):
                continue
            who = local.identity.principal_of_person(person.id)
            rows.append(
                {
                    "user": person.user,
                    "name": person.name,
                    "affiliation": person.affiliation,
                    "role": person.role,
                    "proposals": {proposals[one]: role.value for one, role in who.teams.items()},
                    "instruments": sorted(instruments[one] for one in who.instruments),
                }
            )

    def show() -> None:
        table(_COLUMNS, [(*list(row.values())[:4], list(row["proposals"]), row["instruments"]) for row in rows])

    emit(rows, as_json, show)
