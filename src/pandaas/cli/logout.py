"""`pandaas logout`: take this program's token back."""

from __future__ import annotations

import typer

from pandaas.cli.login import Address


def register(app: typer.Typer) -> None:
    app.command("logout")(logout)


def logout(url: Address = None) -> None:
    """Take back the token that `pandaas login` has fetched, at the service and here."""
    from pandaas.client import log_out

    print("Signed out; the token no longer works." if log_out(url) else "You were not signed in there.")
