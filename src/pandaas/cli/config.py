"""`pandaas config`: the configuration in force and the schema of all settings."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pandaas.cli.output import Json, emit, table


def register(app: typer.Typer) -> None:
    group = typer.Typer(help="Show the configuration and its schema.", no_args_is_help=True)
    group.command("show")(show)
    group.command("schema")(schema)
    app.add_typer(group, name="config")


File = Annotated[Path | None, typer.Option("--file", help="Configuration file instead of the one in force.")]


def show(file: File = None, json: Json = False) -> None:
    """Show every setting in force; secrets are masked."""
    from pandaas.config import load_settings

    settings = load_settings(file)
    tree = settings.model_dump(mode="json")
    tree["database"]["url"] = _masked(settings.database_url)
    emit(tree, json, lambda: table(("Setting", "Value"), _flat(tree)))


def schema(json: Json = False) -> None:
    """Describe every setting: its type, default and meaning."""
    from pandaas.config import Settings

    if json:
        emit(Settings.model_json_schema(), True, lambda: None)
        return
    from pandaas.cli.reference import settings_reference

    rows = [(entry.name, entry.type, entry.default, entry.description) for entry in settings_reference()]
    table(("Setting", "Type", "Default", "Meaning"), rows)


def _masked(url: str) -> str:
    from sqlalchemy import make_url

    return make_url(url).render_as_string(hide_password=True)


def _flat(tree: object, prefix: str = "") -> list[tuple[str, object]]:
    if isinstance(tree, dict) and tree:
        return [row for key, value in tree.items() for row in _flat(value, f"{prefix}{key}.")]
    if isinstance(tree, list) and tree and isinstance(tree[0], dict):
        return [row for i, value in enumerate(tree) for row in _flat(value, f"{prefix}{i}.")]
    return [(prefix.rstrip("."), "" if tree in ([], {}) else tree)]
