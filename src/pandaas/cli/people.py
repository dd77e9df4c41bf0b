"""`pandaas people`: who belongs where."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from pandaas.cli.facility import facility
from pandaas.cli.output import Json, emit, table

_COLUMNS = ("user", "name", "affiliation", "role", "proposals", "instruments")


def register(app: typer.Typer) -> None:
    app.command("people")(people)


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
