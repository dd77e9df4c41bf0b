"""`pandaas verify`: make a result again and compare."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Annotated

import typer

from pandaas.cli.output import ExitCode, Json, emit, report
from pandaas.cli.remote import TokenFile, Url, connected
from pandaas.model import PandaasError

if TYPE_CHECKING:
    from pandaas.client import Verification


def register(app: typer.Typer) -> None:
    app.command("verify")(verify)


def verify(
    pid: Annotated[str, typer.Argument(help="Identifier of the result.")],
    timeout: Annotated[float | None, typer.Option(help="Give up waiting after so many seconds.")] = None,
    url: Url = None,
    token_file: TokenFile = None,
    json: Json = False,
) -> None:
    """Run the job that made a result again and compare: bit by bit, or within the recipe's tolerance.

    Ends with 0 when the result is the same, with 1 when it differs or could not be made again.
    """
    with connected(url, token_file) as client:
        try:
            found = client.dataset(pid).verify(timeout=timeout)
        except TimeoutError as error:
            report(PandaasError(str(error)))
            raise typer.Exit(ExitCode.FAILED) from error
    emit(dataclasses.asdict(found), json, lambda: _print(pid, found))
    if not found.equal:
        raise typer.Exit(ExitCode.FAILED)


def _print(pid: str, found: Verification) -> None:
    if found.equal is None:
        print(f"{pid} could not be made again: job {found.job} {found.state}. {found.reason or ''}".rstrip())
    elif found.bit_equal:
        print(f"{pid} is the same, bit by bit (job {found.job}).")
    elif found.equal:
        print(
            f"{pid} is the same within {found.tolerance:g} (largest relative difference "
            f"{found.largest_relative_difference:g}; {found.reason})."
        )
    else:
        print(f"{pid} differs (job {found.job}):")
        print(*(f"  {line}" for line in found.differences), sep="\n")
