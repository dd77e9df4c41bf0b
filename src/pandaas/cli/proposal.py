"""`pandaas proposal`: proposals, their teams, instruments and their staff."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from pandaas.cli.facility import InstrumentName, PersonName, ProposalName, facility, parse_time
from pandaas.cli.office import DryRun, FeedName, Removals, Source, run_import
from pandaas.cli.output import Json, emit, table

if TYPE_CHECKING:
    from pandaas.access import ProposalView

_COLUMNS = ("name", "title", "type", "instrument", "release", "open", "members")


def register(app: typer.Typer) -> None:
    group = typer.Typer(help="Proposals and their teams; instruments and their staff.", no_args_is_help=True)
    group.command("create")(create)
    group.command("list")(list_proposals)
    group.command("show")(show)
    group.command("member")(member)
    group.command("remove-member")(remove_member)
    group.command("instrument")(instrument)
    group.command("staff")(staff)
    group.command("import")(import_proposals)
    app.add_typer(group, name="proposal")


def create(
    name: Annotated[str, typer.Argument(help="The facility's own number, for example SC-5412.")],
    title: Annotated[str, typer.Option(help="What it is about.")],
    type: Annotated[str, typer.Option(help="public_access, proprietary, training or in_house.")] = "public_access",
    instrument: Annotated[str | None, typer.Option(help="Where it is measured.")] = None,
    summary: Annotated[str | None, typer.Option(help="A few sentences.")] = None,
    start: Annotated[str | None, typer.Option(help="First day.")] = None,
    end: Annotated[str | None, typer.Option(help="Last day.")] = None,
    release: Annotated[str | None, typer.Option(help="When its data become open.")] = None,
    pi: Annotated[str | None, typer.Option(help="User name of the principal investigator.")] = None,
    as_json: Json = False,
) -> None:
    """Make a proposal."""
    from pandaas.access import FACILITY

    with facility() as local:
        leader = local.identity.person_named(pi) if pi else None
        local.access.create_proposal(
            FACILITY,
            name,
            title,
            type=type,
            instrument=instrument,
            summary=summary,
            start_time=parse_time(start, "start") if start else None,
            end_time=parse_time(end, "end") if end else None,
            release_time=parse_time(release, "release") if release else None,
        )
        if leader is not None:
            local.access.set_member(FACILITY, name, leader.id, "principal_investigator")
        made = local.access.proposal(FACILITY, name)
    emit(_plain(made), as_json, lambda: print(f"Made the proposal '{name}'."))


def list_proposals(
    user: Annotated[str | None, typer.Option(help="Only those that this person may know of.")] = None,
    as_json: Json = False,
) -> None:
    """List proposals."""
    from pandaas.access import FACILITY

    with facility() as local:
        who = local.identity.principal_of_person(local.identity.person_named(user).id) if user else FACILITY
        found = [_plain(view) for view in local.access.proposals(who)]

    def text() -> None:
        table(
            _COLUMNS,
            [(*(one[column] for column in _COLUMNS[:-1]), list(one["members"])) for one in found],
            empty="No proposals.",
        )

    emit(found, as_json, text)


def show(name: ProposalName, as_json: Json = False) -> None:
    """Show a proposal and its team."""
    from pandaas.access import FACILITY

    with facility() as local:
        found = _plain(local.access.proposal(FACILITY, name))

    def text() -> None:
        for key in ("name", "title", "type", "instrument", "release", "open", "summary"):
            print(f"{key:12}{found[key] if found[key] is not None else '-'}")
        table(("user", "role"), found["members"].items(), empty="No members.")

    emit(found, as_json, text)


def member(
    name: ProposalName,
    user: PersonName,
    role: Annotated[str, typer.Argument(help="principal_investigator, member, reader or local_contact.")] = "member",
) -> None:
    """Put a person into the team, or change her role there."""
    from pandaas.access import FACILITY

    with facility() as local:
        local.access.set_member(FACILITY, name, local.identity.person_named(user).id, role)
    print(f"'{user}' is {role} of '{name}'.")


def remove_member(name: ProposalName, user: PersonName) -> None:
    """Take a person out of the team; she has no access from the next request on."""
    from pandaas.access import FACILITY

    with facility() as local:
        local.access.remove_member(FACILITY, name, local.identity.person_named(user).id)
    print(f"'{user}' is no longer in the team of '{name}'.")


def instrument(
    name: InstrumentName,
    title: Annotated[str, typer.Option(help="Name shown to people.")] = "",
    technique: Annotated[
        str | None, typer.Option(help="PaNET IRI or short label, such as SAXS, given to data that name none.")
    ] = None,
) -> None:
    """Make an instrument."""
    from pandaas.access import FACILITY

    with facility() as local:
        local.access.create_instrument(FACILITY, name, title, technique=technique)
    print(f"Made the instrument '{name}'.")


def staff(
    name: Annotated[str, typer.Argument(help="The instrument.")],
    user: PersonName,
    remove: Annotated[bool, typer.Option("--remove", help="Take the person off.")] = False,
) -> None:
    """Put a person on an instrument's staff, or take her off."""
    from pandaas.access import FACILITY

    with facility() as local:
        local.access.set_staff(FACILITY, name, local.identity.person_named(user).id, member=not remove)
    print(f"'{user}' is {'no longer ' if remove else ''}on the staff of '{name}'.")


def import_proposals(
    feed: FeedName,
    source: Source = None,
    dry_run: DryRun = False,
    removals: Removals = None,
    as_json: Json = False,
) -> None:
    """Import all that the user office says: people, instruments and their staff, proposals, teams, beam times."""
    run_import(feed, source, dry_run=dry_run, removals=removals, as_json=as_json)


def _plain(view: ProposalView) -> dict[str, Any]:
    row = view.proposal
    return {
        "name": row.name,
        "title": row.title,
        "summary": row.summary,
        "type": row.type,
        "instrument": view.instrument,
        "release": row.release_time,
        "open": view.is_open,
        "members": {one.person.user: one.role.value for one in view.members},
    }
