"""`pandaas db`: the schema of the database."""

from __future__ import annotations

from typing import Annotated

import typer

from pandaas.cli.output import ExitCode, Json, emit


def register(app: typer.Typer) -> None:
    group = typer.Typer(help="The database's schema.", no_args_is_help=True)
    group.command("upgrade")(upgrade)
    group.command("state")(state)
    group.command("check")(check)
    group.command("revision", hidden=True)(revision)
    app.add_typer(group, name="db")


def upgrade(
    no_backup: Annotated[bool, typer.Option("--no-backup", help="Don't back the database up first.")] = False,
    as_json: Json = False,
) -> None:
    """Bring the schema up to this program, after a backup. Refuses a schema that is newer than the program."""
    from pandaas.config import load_settings
    from pandaas.db import upgrade as run

    done = run(load_settings(), backup=not no_backup)

    def text() -> None:
        if done.before == done.after:
            print(f"The schema is current ({done.after}).")
            return
        print(f"Upgraded the schema from {done.before or 'nothing'} to {done.after}.")
        if done.backup is not None:
            print(f"The database as it was before: {done.backup}")

    emit(done, as_json, text)


def state(as_json: Json = False) -> None:
    """Tell how the schema stands to this program; exit code 1 when it is not current."""
    from pandaas.config import load_settings
    from pandaas.db import schema_state

    found = schema_state(load_settings())
    words = "current" if found.is_current else "to be upgraded" if found.is_known else "newer than this program"
    emit(
        {"current": found.current, "head": found.head, "state": words},
        as_json,
        lambda: print(f"Schema {found.current or 'empty'}; program {found.head}: {words}."),
    )
    if not found.is_current:
        raise typer.Exit(ExitCode.FAILED)


def check(
    rebuild: Annotated[bool, typer.Option("--rebuild", help="Build the search index anew first.")] = False,
    as_json: Json = False,
) -> None:
    """Compare the search index with the tables; exit code 1 when they differ."""
    from pandaas.catalogue import check_index
    from pandaas.cli.facility import facility

    with facility() as local:
        found = check_index(local.database, local.settings, rebuild=rebuild)

    def text() -> None:
        for difference in found.differences:
            print(difference)
        if found.differences:
            print("Repair it with 'pandaas db check --rebuild'; a running server takes the new index over.")
        else:
            print(f"The search index agrees with the tables ({found.datasets:,} datasets).")

    emit(found, as_json, text)
    if found.differences:
        raise typer.Exit(ExitCode.FAILED)


def revision(message: Annotated[str, typer.Argument(help="What changes, in a few words.")]) -> None:
    """For developers: write the next schema revision from the difference between tables and migrations."""
    import tempfile

    from alembic import command

    from pandaas.db import alembic_config, migrate_connection, schema_connection

    with tempfile.TemporaryDirectory() as folder, schema_connection(f"sqlite:///{folder}/now.sqlite") as connection:
        migrate_connection(connection, "head")
        config = alembic_config()
        config.attributes["connection"] = connection
        command.revision(config, message, autogenerate=True)
