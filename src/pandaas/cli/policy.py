"""`pandaas policy`: what holds for proposals of each type, when data become open, who sees what and why, shares."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from pandaas.cli.facility import DatasetPid, PersonName, ProposalName, facility, parse_time
from pandaas.cli.output import Json, emit, table
from pandaas.model import InvalidInput

if TYPE_CHECKING:
    from pandaas.access import ReleaseChange

DryRun = Annotated[bool, typer.Option("--dry-run", help="Show what would change and change nothing.")]


def register(app: typer.Typer) -> None:
    group = typer.Typer(help="The data policy: embargo and release; who sees what; shares.", no_args_is_help=True)
    group.command("show")(show)
    group.command("set")(set_policy)
    group.command("apply")(apply)
    group.command("release")(release)
    group.command("share")(share)
    group.command("unshare")(unshare)
    group.command("shares")(shares)
    group.command("why")(why)
    group.command("who")(who)
    group.command("rule")(rule)
    app.add_typer(group, name="policy")


def show(as_json: Json = False) -> None:
    """What holds for proposals of each type."""
    with facility() as local:
        found = [
            {
                "type": str(one.type),
                "embargo_years": one.embargo_years,
                "released": one.releases,
                "licence": one.licence,
                "announced": one.announced,
                "invoiced": one.invoiced,
                "remind_days": one.remind_days,
                "from": "configuration" if one.is_default else "policy",
            }
            for one in local.access.policies().values()
        ]
    emit(found, as_json, lambda: table(tuple(found[0]), [tuple(one.values()) for one in found]))


def set_policy(
    type_: Annotated[str, typer.Argument(metavar="TYPE", help="public_access, proprietary, training or in_house.")],
    embargo_years: Annotated[float | None, typer.Option(help="Years after the end of the experiment.")] = None,
    no_release: Annotated[bool, typer.Option("--no-release", help="Not released by time.")] = False,
    licence: Annotated[str | None, typer.Option(help="Licence of the data (SPDX).")] = None,
    announced: Annotated[
        bool | None, typer.Option("--announced/--not-announced", help="Anyone may know of embargoed proposals.")
    ] = None,
    invoiced: Annotated[bool | None, typer.Option("--invoiced/--not-invoiced", help="Use is paid for.")] = None,
    remind_days: Annotated[int | None, typer.Option(help="Days before a release that the team is reminded.")] = None,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Change what holds for a type of proposal; all its release times are computed anew at once."""
    from pandaas.access import FACILITY

    if no_release and embargo_years is not None:
        raise InvalidInput("Give one of --embargo-years and --no-release.", field="embargo_years")
    given = {"embargo_years": embargo_years, "licence": licence, "announced": announced, "invoiced": invoiced}
    changes: dict[str, object] = {
        name: value for name, value in (given | {"remind_days": remind_days}).items() if value is not None
    }
    if no_release:
        changes["embargo_years"] = None
    if not changes:
        raise InvalidInput("Nothing to change was given.", remedy="See --help.", field="type")
    with facility() as local:
        _print_changes(local.access.set_policy(FACILITY, type_, changes, dry_run=dry_run), dry_run, as_json)


def apply(dry_run: DryRun = False, as_json: Json = False) -> None:
    """Compute all release times anew, for example after an upgrade; exceptions stay."""
    from pandaas.access import FACILITY

    with facility() as local:
        _print_changes(local.access.apply_policy(FACILITY, dry_run=dry_run), dry_run, as_json)


def release(
    proposal: ProposalName,
    at: Annotated[str | None, typer.Option(help="Date or time of release.")] = None,
    now: Annotated[bool, typer.Option("--now", help="Release at once.")] = False,
    never: Annotated[bool, typer.Option("--never", help="Not by time.")] = False,
    by_policy: Annotated[bool, typer.Option("--by-policy", help="Let the policy hold again.")] = False,
    reason: Annotated[str | None, typer.Option(help="Why; kept in the audit.")] = None,
) -> None:
    """Set when the data of a proposal become open, for all its datasets."""
    from pandaas.access import FACILITY

    if sum((at is not None, now, never, by_policy)) != 1:
        raise InvalidInput("Give one of --at, --now, --never and --by-policy.", field="at")
    with facility() as local:
        if by_policy:
            moment = local.access.clear_release(FACILITY, proposal).release_time
        else:
            moment = local.database.clock() if now else (parse_time(at, "at") if at else None)
            local.access.set_release(FACILITY, proposal, moment, reason=reason)
    print(f"'{proposal}' is released {moment.isoformat() if moment else 'never'}.")


def why(
    pid: DatasetPid,
    user: Annotated[str, typer.Option(help="Whose rights.")],
    at: Annotated[str | None, typer.Option(help="On which date, with the rights of today.")] = None,
    as_json: Json = False,
) -> None:
    """Why a person may, or may not, read a dataset."""
    from pandaas.access import FACILITY

    with facility() as local:
        found = local.access.why_not(FACILITY, pid, user, parse_time(at, "at") if at else None)
    shown = {"may": found.may, "reasons": list(found.reasons), "at": found.at}

    def text() -> None:
        print("Yes:" if found.may else "No:", *found.reasons)

    emit(shown, as_json, text)


def who(
    pid: DatasetPid,
    at: Annotated[str | None, typer.Option(help="On which date, with the rights of today.")] = None,
    as_json: Json = False,
) -> None:
    """Everybody who may read a dataset, and why."""
    from pandaas.access import FACILITY

    with facility() as local:
        seers = local.access.who_sees(FACILITY, pid, parse_time(at, "at") if at else None)
    found = [
        {"who": one.who, "why": one.why, "may": ", ".join(map(str, one.actions)), "until": one.until} for one in seers
    ]
    emit(found, as_json, lambda: table(("who", "why", "may", "until"), [tuple(one.values()) for one in found]))


def _print_changes(changes: list[ReleaseChange], dry_run: bool, as_json: bool) -> None:
    found = [{"proposal": one.proposal, "old": one.old, "new": one.new, "datasets": one.datasets} for one in changes]

    def text() -> None:
        empty = "No release time changes."
        table(("proposal", "old", "new", "datasets"), [tuple(one.values()) for one in found], empty=empty)
        if dry_run:
            print("Nothing was changed (--dry-run).")

    emit(found, as_json, text)


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
