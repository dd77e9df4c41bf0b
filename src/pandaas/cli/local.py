"""What commands need that work on this machine's own platform, without a running service."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pandaas.recipes import RecipeRegistry
    from pandaas.runtime import Runtime


def local_runtime() -> Runtime:
    from pandaas.config import load_settings
    from pandaas.runtime import Runtime

    return Runtime(load_settings())


def local_recipes() -> RecipeRegistry:
    """The registry over this home's database; `Unavailable` when that has not been made yet."""
    from sqlalchemy import inspect

    from pandaas.config import load_settings
    from pandaas.db import Database
    from pandaas.model import Unavailable
    from pandaas.recipes import RecipeRegistry
    from pandaas.runtime import Runtime

    settings = load_settings()
    settings.home.mkdir(parents=True, exist_ok=True, mode=0o700)
    database = Database(settings.database_url)
    if not inspect(database.engine).has_table("recipe"):
        raise Unavailable(f"The database of {settings.home} is not set up.", remedy="Run `pandaas db upgrade`.")
    return RecipeRegistry(settings, database, Runtime(settings, database))
