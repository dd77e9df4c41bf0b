"""`pandaas schema`: what datasets of a technique or instrument ought to say of themselves."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pandaas.cli.facility import DatasetPid, facility
from pandaas.cli.output import Json, emit, table
from pandaas.model import InvalidInput, NotFound

if TYPE_CHECKING:
    from pandaas.catalogue import Quality

SchemaName = Annotated[str, typer.Argument(help="Name of the schema.")]


def register(app: typer.Typer) -> None:
    group = typer.Typer(help="Metadata schemas and the scores of datasets.", no_args_is_help=True)
    group.command("list")(list_)
    group.command("show")(show)
    group.command("add")(add)
    group.command("remove")(remove)
    group.command("check")(check)
    group.command("recheck")(recheck)
    app.add_typer(group, name="schema")


def list_(as_json: Json = False) -> None:
    """The schemas in force and what they apply to."""
    with _quality() as quality:
        found: list[dict[str, object]] = [
            {
                "name": one.name,
                "version": one.version,
                "title": one.title,
                "techniques": list(one.techniques),
                "instruments": list(one.instruments),
                "kinds": list(one.kinds),
            }
            for one in quality.schemas()
        ]
    columns = ("name", "version", "title", "instruments")
    emit(found, as_json, lambda: table(columns, [[_cell(one[column]) for column in columns] for one in found]))


def show(name: SchemaName) -> None:
    """Print a schema, to be edited and added again."""
    with _quality() as quality:
        print(json.dumps(quality.schema(name).body, indent=2, ensure_ascii=False))


def add(
    file: Annotated[Path, typer.Argument(help="JSON Schema with 'x-pandaas'; see 'pandaas schema show general'.")],
) -> None:
    """Put a schema in force, in place of the one of its name, and assess all datasets again."""
    from pandaas.access import FACILITY

    try:
        text = file.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidInput(f"'{file}' can't be read: {error}.", field="file") from error
    with _quality() as quality:
        made = quality.add(FACILITY, text)
        count = quality.recheck(FACILITY)
    print(f"Schema {made.label} is in force; {count:,} datasets were assessed.")


def remove(name: SchemaName) -> None:
    """Take a schema out of force; also one that comes with the platform."""
    from pandaas.access import FACILITY

    with _quality() as quality:
        quality.remove(FACILITY, name)
        count = quality.recheck(FACILITY)
    print(f"Schema '{name}' is no longer in force; {count:,} datasets were assessed.")


def check(pid: DatasetPid, as_json: Json = False) -> None:
    """The score of one dataset and what to mend."""
    from pandaas.access import FACILITY

    with _quality() as quality:
        found = quality.of(FACILITY, pid)
    if found is None:
        raise NotFound(f"No schema applies to '{pid}'.", remedy="'pandaas schema list' shows them.")
    told = {"score": found.score, "schemas": list(found.schemas), "findings": [vars(one) for one in found.findings]}
    rows = [(one.field, one.severity, one.message) for one in found.findings]

    def text() -> None:
        print(f"{found.score} %")
        table(("field", "severity", "message"), rows, empty="Nothing to mend.")

    emit(told, as_json, text)


def recheck() -> None:
    """Assess all datasets again."""
    from pandaas.access import FACILITY

    with _quality() as quality:
        print(f"{quality.recheck(FACILITY):,} datasets were assessed.")


@contextmanager
def _quality() -> Iterator[Quality]:
    from pandaas.catalogue import Quality

    with facility() as local:
        yield Quality(local.database, local.access)


def _cell(value: object) -> str:
    return ", ".join(map(str, value)) or "all" if isinstance(value, list) else str(value)
