"""What commands need that work on the facility's own people and rights, without the web service."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from pandaas.model import InvalidInput

if TYPE_CHECKING:
    from pandaas.access import Access
    from pandaas.config import Settings
    from pandaas.db import Database
    from pandaas.identity import Identity


PersonName = Annotated[str, typer.Argument(metavar="USER", help="User name of the person.")]
ProposalName = Annotated[str, typer.Argument(metavar="PROPOSAL", help="Name of the proposal.")]
InstrumentName = Annotated[str, typer.Argument(metavar="INSTRUMENT", help="Name of the instrument.")]
DatasetPid = Annotated[str, typer.Argument(metavar="PID", help="Identifier of the dataset.")]


@dataclass(frozen=True)
class Local:
    settings: Settings
    database: Database
    identity: Identity
    access: Access


@contextmanager
def facility() -> Iterator[Local]:
    """The home's people and rights. Who may read the home is its operator; the schema has to be current."""
    from pandaas.access import access_of
    from pandaas.config import load_settings
    from pandaas.db import Database, require_current_schema
    from pandaas.identity import Identity

    settings = load_settings()
    require_current_schema(settings)
    database = Database(settings.database_url)
    try:
        yield Local(settings, database, Identity(database, settings), access_of(database, settings))
    finally:
        database.dispose()


def new_password(from_stdin: bool) -> str:
    """A password from standard input or typed twice; never from the command line, where others can read it."""
    if from_stdin:
        return sys.stdin.readline().rstrip("\n")
    if not sys.stdin.isatty():
        raise InvalidInput(
            "There is nobody to type a password.", remedy="Pipe it in and use --password-stdin.", field="password"
        )
    typed: str = typer.prompt("Password", hide_input=True, confirmation_prompt=True)
    return typed


def parse_time(text: str, field: str) -> datetime:
    """A date or a time (ISO 8601); without a zone it is UTC."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        raise InvalidInput(
            f"'{text[:40]}' is no date.", remedy="Write 2027-05-01 or 2027-05-01T12:00:00+02:00.", field=field
        ) from error
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found
