"""Rooms of this machine's own platform, for commands that need no web service."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pandaas.recipes import RecipeRegistry
    from pandaas.runtime import Runtime


def local_runtime() -> Runtime:
    """Sandbox, environments and engines as the configuration says."""
    from pandaas.config import load_settings
    from pandaas.runtime import Runtime

    settings = load_settings()
    settings.home.mkdir(parents=True, exist_ok=True, mode=0o700)
    return Runtime(settings)


def local_recipes() -> RecipeRegistry:
    """The recipes of this home; its database is brought up to the program first."""
    from pandaas.config import load_settings
    from pandaas.db import Database, upgrade
    from pandaas.recipes import RecipeRegistry
    from pandaas.runtime import Runtime

    settings = load_settings()
    upgrade(settings)
    database = Database(settings.database_url)
    return RecipeRegistry(settings, database, Runtime(settings, database))
