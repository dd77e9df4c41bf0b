"""`pandaas policy`: when data become open, and single datasets shared with single persons."""

from __future__ import annotations

from typing import Annotated

import typer

from pandaas.cli.facility import DatasetPid, PersonName, ProposalName, facility, parse_time
from pandaas.cli.output import Json, emit, table
from pandaas.model import InvalidInput


def register(app: typer.Typer) -> None:
    group = typer.Typer(help="Release of proposals; shares of datasets; the access rule.", no_args_is_help=True)
    group.command("release")(release)
    group.command("share")(share)
    group.command("unshare")(unshare)
    group.command("shares")(shares)
    group.command("rule")(rule)
    app.add_typer(group, name="policy")


def release(
    proposal: ProposalName,
    at: Annotated[str | None, typer.Option(help="Date or time of release.")] = None,
    now: Annotated[bool, typer.Option("--now", help="Release at once.")] = False,
    never: Annotated[bool, typer.Option("--never", help="Not by time.")] = False,
) -> None:
    """Set when the data of a proposal become open, for all its datasets."""
    from pandaas.access import FACILITY

    if sum((at is not None, now, never)) != 1:
        raise InvalidInput("Give one of --at, --now and --never.", field="at")
    with facility() as local:
        moment = local.database.clock() if now else (parse_time(at, "at") if at else None)
        local.access.set_release(FACILITY, proposal, moment)
    print(f"'{proposal}' is released {moment.isoformat() if moment else 'never'}.")


def share(
    pid: DatasetPid,
    user: Annotated[str, typer.Argument(help="With whom.")],
    by: Annotated[str, typer.Option("--by", help="Who shares: a person who manages the dataset.")],
    until: Annotated[str | None, typer.Option(help="When the share ends.")] = None,
) -> None:
    """Open one dataset to one person."""
    with facility() as local:
        who = local.identity.principal_of_person(local.identity.person_named(by).id)
        person = local.identity.person_named(user)
        local.access.share(who, pid, person.id, parse_time(until, "until") if until else None)
    print(f"'{pid}' is shared with '{user}'.")


def unshare(pid: DatasetPid, user: PersonName) -> None:
    """Take a share back; felt by the next request."""
    from pandaas.access import FACILITY

    with facility() as local:
        local.access.unshare(FACILITY, pid, local.identity.person_named(user).id)
    print(f"'{pid}' is no longer shared with '{user}'.")


def shares(pid: DatasetPid, as_json: Json = False) -> None:
    """With whom a dataset is shared."""
    from pandaas.access import FACILITY

    with facility() as local:
        found = [
            {
                "user": local.identity.person(row.person_id).user if row.person_id is not None else None,
                "by": local.identity.person(row.granted_by).user,
                "since": row.created,
                "until": row.expires,
            }
            for row in local.access.shares(FACILITY, pid)
        ]
    emit(found, as_json, lambda: table(("user", "by", "since", "until"), [tuple(one.values()) for one in found]))


def rule(as_json: Json = False) -> None:
    """Print the access rule: who may do what to data in use and withdrawn, in which types of proposal."""
    from pandaas.access import RULE

    found = [
        {
            "who": str(grant.tie),
            "may": sorted(grant.actions),
            "withdrawn": sorted(grant.if_withdrawn),
            "proposals": sorted(grant.types),
        }
        for grant in RULE
    ]
    emit(
        found, as_json, lambda: table(("who", "may", "withdrawn", "proposals"), [tuple(one.values()) for one in found])
    )
