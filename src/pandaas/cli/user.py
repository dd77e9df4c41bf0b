"""`pandaas user`: accounts of this facility."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from pandaas.cli.facility import PersonName, facility, new_password
from pandaas.cli.output import Json, emit, table
from pandaas.model import InvalidInput, NotFound

PasswordStdin = Annotated[bool, typer.Option("--password-stdin", help="Read the password from standard input.")]
_COLUMNS = ("user", "name", "role", "affiliation", "disabled")


def register(app: typer.Typer) -> None:
    group = typer.Typer(help="Accounts: make, change, disable.", no_args_is_help=True)
    group.command("create")(create)
    group.command("list")(list_accounts)
    group.command("set")(set_details)
    group.command("password")(password)
    group.command("role")(role)
    group.command("posix")(posix)
    group.command("disable")(disable)
    group.command("enable")(enable)
    group.command("link")(link)
    group.command("unlink")(unlink)
    group.command("unlock")(unlock)
    group.command("erase")(erase)
    app.add_typer(group, name="user")


def create(
    user: Annotated[str, typer.Argument(help="Name to sign in with.")],
    name: Annotated[str, typer.Option(help="Full name.")],
    role: Annotated[str, typer.Option(help="visitor, instrument_staff or operator.")] = "visitor",
    email: Annotated[str | None, typer.Option(help="Where notices go.")] = None,
    orcid: Annotated[str | None, typer.Option(help="ORCID iD.")] = None,
    affiliation: Annotated[str | None, typer.Option(help="Home institute.")] = None,
    no_password: Annotated[bool, typer.Option("--no-password", help="Nobody can sign in with a password.")] = False,
    password_stdin: PasswordStdin = False,
    as_json: Json = False,
) -> None:
    """Make an account."""
    secret = None if no_password else new_password(password_stdin)
    with facility() as local:
        number = local.identity.create_person(
            user, name, role, secret, email=email, orcid=orcid, affiliation=affiliation
        )
    emit({"id": number, "user": user}, as_json, lambda: print(f"Made the account '{user}'."))


def list_accounts(
    query: Annotated[str, typer.Argument(help="Part of a name.")] = "",
    as_json: Json = False,
) -> None:
    """List accounts, disabled ones too."""
    with facility() as local:
        rows = local.identity.find_people(query, limit=100_000, disabled=True)
    found: list[dict[str, Any]] = [{column: getattr(row, column) for column in _COLUMNS} for row in rows]
    emit(found, as_json, lambda: table(_COLUMNS, [tuple(one.values()) for one in found], empty="No accounts."))


def set_details(
    user: PersonName,
    name: Annotated[str | None, typer.Option(help="Full name.")] = None,
    email: Annotated[str | None, typer.Option(help="Where notices go; '' for nowhere.")] = None,
    orcid: Annotated[str | None, typer.Option(help="ORCID iD; '' for none.")] = None,
    affiliation: Annotated[str | None, typer.Option(help="Home institute; '' for none.")] = None,
) -> None:
    """Change name, e-mail address, ORCID iD or home institute; what is not given stays."""
    with facility() as local:
        number = local.identity.person_named(user).id
        local.identity.set_details(number, name=name, email=email, orcid=orcid, affiliation=affiliation)
    print(f"Changed the account '{user}'.")


def password(user: PersonName, password_stdin: PasswordStdin = False) -> None:
    """Set a new password; all sign-ins of the person end."""
    with facility() as local:
        person = local.identity.person_named(user)
        local.identity.set_password(person.id, new_password(password_stdin))
    print(f"Set a new password for '{user}'.")


def role(user: PersonName, role: Annotated[str, typer.Argument(help="visitor, instrument_staff or operator.")]) -> None:
    """Change what a person is to the facility."""
    with facility() as local:
        local.identity.set_role(local.identity.person_named(user).id, role)
    print(f"'{user}' is {role} now.")


def posix(
    user: PersonName,
    account: Annotated[
        str | None, typer.Argument(help="Account as `getent passwd` shows it; none takes it away.")
    ] = None,
) -> None:
    """Say which Unix account a person's code runs under, and Slurm jobs are submitted as."""
    with facility() as local:
        local.identity.set_posix_account(local.identity.person_named(user).id, account)
    print(f"Code of '{user}' runs as {account}." if account else f"Code of '{user}' runs under a number of its own.")


def disable(user: PersonName) -> None:
    """Shut a person out: her sign-ins end and her tokens stop working at once."""
    with facility() as local:
        local.identity.disable(local.identity.person_named(user).id)
    print(f"'{user}' is disabled.")


def enable(user: PersonName) -> None:
    """Let a disabled person in again."""
    with facility() as local:
        local.identity.disable(local.identity.person_named(user).id, disabled=False)
    print(f"'{user}' is enabled.")


def link(
    user: PersonName,
    issuer: Annotated[str, typer.Option(help="Who issued the identity, for example https://proxy.example.org.")],
    subject: Annotated[str, typer.Option(help="Its subject there; never an e-mail address.")],
) -> None:
    """Tie a foreign identity to an account."""
    with facility() as local:
        local.identity.link_identity(local.identity.person_named(user).id, issuer, subject)
    print(f"Linked '{subject}' to '{user}'.")


def unlink(
    user: PersonName,
    issuer: Annotated[str, typer.Option(help="Who issued the identity.")],
    subject: Annotated[str, typer.Option(help="Its subject there.")],
) -> None:
    """Take a foreign identity off an account; sign-ins that came through it end."""
    with facility() as local:
        number = local.identity.person_named(user).id
        for one in local.identity.identities(number):
            if (one.issuer, one.subject) == (issuer, subject):
                local.identity.unlink(number, one.id, force=True)
                print(f"Unlinked '{subject}' from '{user}'.")
                return
    raise NotFound(f"'{user}' has no such identity.", field="subject")


def unlock(user: PersonName) -> None:
    """Let a person sign in again at once after too many wrong passwords."""
    with facility() as local:
        failures = local.identity.unlock(user)
    print(f"'{user}' may sign in again; {failures} wrong passwords were tried.")


def erase(
    user: PersonName,
    confirm: Annotated[str, typer.Option("--confirm", help="The user name again: this can't be undone.")],
) -> None:
    """Take away everything that tells who a person is; her data stay with their proposals, the audit keeps a number."""
    if confirm != user:
        raise InvalidInput("--confirm repeats the user name.", field="confirm")
    with facility() as local:
        left = local.identity.erase(local.identity.person_named(user).id)
    print(f"'{user}' is erased; what is left is called '{left}'.")
