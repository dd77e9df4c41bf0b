"""`pandaas login`: sign this program in to a service, through the browser."""

from __future__ import annotations

import getpass
import platform
from typing import TYPE_CHECKING, Annotated

import typer

from pandaas.cli.output import Json, emit

if TYPE_CHECKING:
    from pandaas.client import Code

Address = Annotated[
    str | None,
    typer.Argument(metavar="URL", envvar="PANDAAS_URL", help="Address of the service. Default: http://127.0.0.1:8000."),
]


def register(app: typer.Typer) -> None:
    app.command("login")(login)


def login(
    url: Address = None,
    scope: Annotated[list[str] | None, typer.Option(help="read, write, run or admin; may be repeated.")] = None,
    no_browser: Annotated[bool, typer.Option("--no-browser", help="Only print the address of the page.")] = False,
    as_json: Json = False,
) -> None:
    """Sign in to a service: confirm a code in the browser; the token is kept for `pandaas` and `pandaas.connect(URL)`."""
    from pandaas.client import log_in

    def show(code: Code) -> None:
        typer.echo(
            f"Open  {code.page}\nand compare the code  {code.code}  (it lasts {code.minutes} minutes).", err=True
        )
        if not no_browser:
            typer.launch(code.page)

    name = f"pandaas, {getpass.getuser()} on {platform.node() or 'a computer'}"
    user, place = log_in(url, name, show, scopes=tuple(scope or ("read", "write", "run")))
    emit({"user": user, "kept": place}, as_json, lambda: print(f"Signed in as '{user}'. The token is kept in {place}."))
