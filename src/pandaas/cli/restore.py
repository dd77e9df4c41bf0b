"""`pandaas restore`: from an archive back to database and home."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pandaas.cli.output import Json, emit


def register(app: typer.Typer) -> None:
    app.command("restore")(restore)


def restore(
    archive: Annotated[Path, typer.Argument(help="An archive made by `pandaas backup`.")],
    replace: Annotated[bool, typer.Option("--replace", help="Keep what is there aside and take its place.")] = False,
    as_json: Json = False,
) -> None:
    """Restore an archive into an empty home and database: all of it or nothing.

    The configuration file that is there stays. Stop the platform first.
    """
    import sys

    from pandaas.config import load_settings
    from pandaas.db import restore as run

    settings = load_settings()

    def say(text: str) -> None:
        if sys.stderr.isatty():
            print(f"  {text}", file=sys.stderr)

    done = run(settings, archive, replace=replace, progress=say)

    def text() -> None:
        print(f"Restored the backup of {done.created} into {settings.home}.")
        for place in done.kept_aside:
            print(f"Kept aside: {place}")
        if done.moved:
            print(f"It was made in {done.moved}: datasets whose files lay in that home are looked for there.")

    emit(done, as_json, text)
