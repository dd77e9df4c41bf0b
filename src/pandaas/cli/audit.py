"""`pandaas audit`: what happened, from the event log."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from pandaas.cli.facility import facility, parse_time
from pandaas.cli.output import Json, emit, table

_COLUMNS = ("time", "kind", "subject", "actor", "proposal", "payload")


def register(app: typer.Typer) -> None:
    app.command("audit")(audit)


def audit(
    kind: Annotated[str | None, typer.Option(help="Only this kind, or all that begin so: `person.`.")] = None,
    subject: Annotated[str | None, typer.Option(help="Only about this dataset, job, person or proposal.")] = None,
    actor: Annotated[str | None, typer.Option(help="Only what this person did.")] = None,
    proposal: Annotated[str | None, typer.Option(help="Only what concerns this proposal.")] = None,
    since: Annotated[str | None, typer.Option(help="From this date or time on.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=1_000_000, help="At most so many, the latest.")] = 100,
    as_json: Json = False,
) -> None:
    """Tell who changed what and when, the latest last."""
    from sqlalchemy import select

    from pandaas.db.tables import Event, Person, Proposal

    query = (
        select(Event, Person.user, Proposal.name)
        .outerjoin(Person, Person.id == Event.actor_id)
        .outerjoin(Proposal, Proposal.id == Event.proposal_id)
        .order_by(Event.id.desc())
        .limit(limit)
    )
    if kind:
        query = query.where(Event.kind.startswith(kind, autoescape=True))
    if subject:
        query = query.where(Event.subject == subject)
    if actor:
        query = query.where(Person.user == actor)
    if proposal:
        query = query.where(Proposal.name == proposal)
    if since:
        query = query.where(Event.time >= parse_time(since, "since"))
    with facility() as local, local.database.read() as session:
        found: list[dict[str, Any]] = [
            {
                "time": event.time,
                "kind": event.kind,
                "subject": event.subject,
                "actor": user,
                "proposal": name,
                "payload": event.payload,
            }
            for event, user, name in session.execute(query)
        ]
    found.reverse()

    def text() -> None:
        rows = [
            (*list(one.values())[:-1], ", ".join(f"{key}={value}" for key, value in one["payload"].items()))
            for one in found
        ]
        table(_COLUMNS, rows, empty="Nothing of the kind.")

    emit(found, as_json, text)
