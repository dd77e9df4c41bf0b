"""`pandaas audit`: who read, changed and shared what, and whether that telling is whole."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any

import typer

from pandaas.cli.facility import facility, parse_time
from pandaas.cli.output import Json, emit, table
from pandaas.model import InvalidInput

_COLUMNS = ("time", "kind", "subject", "actor", "proposal", "payload")


def register(app: typer.Typer) -> None:
    group = typer.Typer(help="Who read, changed and shared what; whether the audit is whole.", no_args_is_help=True)
    group.command("show")(show)
    group.command("verify")(verify)
    group.command("events")(events)
    app.add_typer(group, name="audit")


def show(
    kind: Annotated[str | None, typer.Option(help="Only this kind, or all that begin so: `data.`, `share.`.")] = None,
    subject: Annotated[str | None, typer.Option(help="Only about this dataset, job or proposal.")] = None,
    user: Annotated[str | None, typer.Option(help="Only what this person did, or what was done to her.")] = None,
    since: Annotated[str | None, typer.Option(help="From this date or time on.")] = None,
    until: Annotated[str | None, typer.Option(help="Before this date or time.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=1_000_000, help="At most so many, the latest.")] = 100,
    as_json: Json = False,
) -> None:
    """Search the audit, the latest last: changes, and reads of data by minute."""
    from pandaas.access import FACILITY

    with facility() as local:
        while local.access.take_over():
            pass
        lines = local.access.audit(
            FACILITY, kind=kind, subject=subject, user=user, limit=limit,
            since=parse_time(since, "since") if since else None, until=parse_time(until, "until") if until else None,
        )  # fmt: skip
    found = [asdict(line) for line in reversed(lines)]

    def text() -> None:
        rows = [
            (*list(one.values())[:-1], ", ".join(f"{key}={value}" for key, value in one["detail"].items()))
            for one in found
        ]
        table(("number", "time", "kind", "subject", "who", "whom", "detail"), rows, empty="Nothing of the kind.")

    emit(found, as_json, text)


def verify(
    noted: Annotated[
        str | None, typer.Option("--noted", help="A line's number and hash as printed earlier, NUMBER:HASH.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Compute the chain of hashes again and name the first line that doesn't fit; note what it prints elsewhere."""
    anchor = None
    if noted is not None:
        number, _, seal = noted.partition(":")
        if not number.isdigit() or not seal:
            raise InvalidInput(f"'{noted[:80]}' is no NUMBER:HASH.", field="noted")
        anchor = (int(number), seal)
    with facility() as local:
        while local.access.take_over():
            pass
        found = local.access.verify_audit(anchor)
    end = f"{found.lines}:{found.last_hash}"
    emit(
        {
            "whole": found.broken is None,
            "lines": found.lines,
            "broken": found.broken,
            "reason": found.reason,
            "end": end,
        },
        as_json,
        lambda: print(
            f"{found.lines} lines, all in place. The end: {end}"
            if found.broken is None
            else f"Broken at line {found.broken}: {found.reason}. {found.lines} lines before it are in place."
        ),
    )
    if found.broken is not None:
        raise typer.Exit(1)


def events(
    kind: Annotated[str | None, typer.Option(help="Only this kind, or all that begin so: `person.`.")] = None,
    subject: Annotated[str | None, typer.Option(help="Only about this dataset, job, person or proposal.")] = None,
    actor: Annotated[str | None, typer.Option(help="Only what this person did.")] = None,
    proposal: Annotated[str | None, typer.Option(help="Only what concerns this proposal.")] = None,
    since: Annotated[str | None, typer.Option(help="From this date or time on.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=1_000_000, help="At most so many, the latest.")] = 100,
    as_json: Json = False,
) -> None:
    """The platform's own event log, from which the audit is made, the latest last."""
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
