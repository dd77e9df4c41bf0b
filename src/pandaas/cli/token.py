"""`pandaas token`: API tokens of this facility's people."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from pandaas.cli.facility import facility
from pandaas.cli.output import Json, emit, table

User = Annotated[str, typer.Option("--user", help="Whose token.")]
_COLUMNS = ("id", "name", "scopes", "created", "expires", "last_used")


def register(app: typer.Typer) -> None:
    group = typer.Typer(help="API tokens for programs and the client.", no_args_is_help=True)
    group.command("create")(create)
    group.command("list")(list_tokens)
    group.command("delete")(delete)
    app.add_typer(group, name="token")


def create(
    user: User,
    name: Annotated[str, typer.Option(help="What it is for.")] = "command line",
    scope: Annotated[
        list[str] | None, typer.Option(help="read, write, run, admin or sessions; may be repeated.")
    ] = None,
    days: Annotated[int, typer.Option(min=0, max=3650, help="How long it lives; 0: until it is deleted.")] = 90,
    as_json: Json = False,
) -> None:
    """Make a token and print it; it is shown this once. Without --scope it may read, write and run."""
    with facility() as local:
        person = local.identity.person_named(user)
        number, text = local.identity.create_token(person.id, name, scope or ("read", "write", "run"), days or None)
    emit({"id": number, "token": text}, as_json, lambda: print(text))


def list_tokens(user: User, as_json: Json = False) -> None:
    """List a person's tokens, newest first."""
    with facility() as local:
        rows = local.identity.tokens(local.identity.person_named(user).id)
    found: list[dict[str, Any]] = [{column: getattr(row, column) for column in _COLUMNS} for row in rows]
    emit(found, as_json, lambda: table(_COLUMNS, [tuple(one.values()) for one in found], empty="No tokens."))


def delete(user: User, number: Annotated[int, typer.Argument(help="Its id, from `pandaas token list`.")]) -> None:
    """Take a token back at once."""
    with facility() as local:
        local.identity.delete_token(local.identity.person_named(user).id, number)
    print(f"Deleted token {number} of '{user}'.")
