"""Puts the platform together: every room's service, once per process."""

from __future__ import annotations

from pandaas.access import access_of
from pandaas.arrays import ArrayService
from pandaas.catalogue import Catalogue, Logbook, Quality
from pandaas.chains import ChainService
from pandaas.config import Settings
from pandaas.db import Database
from pandaas.federation import PanoscSearch, Publications
from pandaas.identity import Identity
from pandaas.jobs import JobService
from pandaas.model import Clock, utc_now
from pandaas.recipes import OwnRecipes, RecipeRegistry
from pandaas.runtime import Runtime
from pandaas.server.services import Services
from pandaas.sessions import SessionService
from pandaas.support import Support


def build_services(settings: Settings, *, clock: Clock = utc_now) -> Services:
    """All services over one database; nothing is started yet."""
    settings.home.mkdir(parents=True, exist_ok=True, mode=0o700)
    database = Database(settings.database_url, clock=clock)
    identity = Identity(database, settings)
    access = access_of(database, settings)
    arrays = ArrayService(settings)
    catalogue = Catalogue(database, settings, access, arrays)
    arrays.resolver = catalogue
    runtime = Runtime(settings, database)
    recipes = RecipeRegistry(settings, database, runtime)
    own_recipes = OwnRecipes(settings, database, recipes)
    jobs = JobService(database, settings, access, catalogue, runtime, recipes)
    chains = ChainService(database, settings, identity, access, recipes, jobs)
    logbook = Logbook(database, access)
    quality = Quality(database, access)
    panosc = PanoscSearch(database, access, catalogue.vocabulary, catalogue.narrowing)
    sessions = SessionService(
        database,
        settings,
        identity=identity,
        access=access,
        runtime=runtime,
        catalogue=catalogue,
        own_recipes=own_recipes,
    )
    return Services(
        settings,
        database,
        identity,
        access,
        arrays,
        catalogue,
        runtime,
        recipes,
        jobs,
        logbook,
        quality,
        panosc,
        sessions,
        Publications(database, settings, access, catalogue),
        chains,
        Support(database, identity, access),
        own_recipes,
    )


def close_services(services: Services) -> None:
    services.sessions.close()
    services.arrays.close()
    services.runtime.close()
    services.identity.close()
    services.database.dispose()
