"""What commands share that talk to a running service: its address, the token, the client."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pandaas.model import InvalidInput, NotSignedIn

if TYPE_CHECKING:
    from pandaas.client import Client

Url = Annotated[
    str | None,
    typer.Option("--url", envvar="PANDAAS_URL", help="Address of the service. Default: http://127.0.0.1:8000."),
]
TokenFile = Annotated[
    Path | None,
    typer.Option(
        "--token-file", help="File that holds your token. Default: PANDAAS_TOKEN, else what `pandaas login` has kept."
    ),
]

_SIGN_IN = (
    "Run `pandaas login URL`; or make a token on the page (your name, 'Access tokens') and put it into PANDAAS_TOKEN or a "
    "file that --token-file names."
)


@contextmanager
def connected(url: str | None, token_file: Path | None) -> Iterator[Client]:
    """The client; a token never stands on the command line, where other users of the machine could read it."""
    from pandaas.client import connect

    with connect(url, _token(token_file)) as client:
        try:
            yield client
        except NotSignedIn as error:
            raise NotSignedIn(error.detail, remedy=_SIGN_IN, field=error.field) from error


def _token(file: Path | None) -> str | None:
    if file is None:
        return None
    try:
        return file.read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidInput(f"The token file {file} can't be read: {error}.", field="--token-file") from error
