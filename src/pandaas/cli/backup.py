"""`pandaas backup`: database and home in one archive."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pandaas.cli.output import Json, emit, size_text


def register(app: typer.Typer) -> None:
    app.command("backup")(backup)


def backup(
    target: Annotated[Path, typer.Argument(help="The archive to write; .tar.gz compresses.")],
    database_only: Annotated[bool, typer.Option("--database-only", help="Leave the home's files out.")] = False,
    as_json: Json = False,
) -> None:
    """Write database and home into one archive that fits together; the platform may run meanwhile.

    Environments, logs and earlier backups are left out. Measured data in storage roots are not part of the home.
    """
    import sys

    from pandaas.config import load_settings
    from pandaas.db import backup as run

    def say(text: str) -> None:
        if sys.stderr.isatty():
            print(f"  {text}", file=sys.stderr)

    done = run(load_settings(), target, files=not database_only, progress=say)

    def text() -> None:
        print(f"Wrote {done.archive} ({size_text(done.size)}): the database and {done.files} files.")
        if done.skipped:
            print(f"Left out {done.skipped} links and special files.")

    emit(done, as_json, text)
