"""The web application: `create_app(settings)` gives the whole of it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from anyio import to_thread
from fastapi import FastAPI

from pandaas import __version__
from pandaas.access import ReadCounter
from pandaas.config import Settings
from pandaas.server import page, problems
from pandaas.server.background import Background
from pandaas.server.build import build_services, close_services
from pandaas.server.health import HealthBoard
from pandaas.server.routers import (
    account,
    arrays,
    chains,
    datasets,
    h5grove,
    hub,
    invitations,
    jobs,
    logbook,
    office,
    panosc,
    policy,
    portal,
    proposals,
    provenance,
    providers,
    publications,
    recipes,
    saved,
    search,
    session,
    session_operation,
    session_sharing,
    sessions,
    sharing,
    software,
    support,
    tiles,
    uploads,
    zarr,
)
from pandaas.server.security import Gate
from pandaas.server.services import Services
from pandaas.server.sessions import beside, screens
from pandaas.server.sessions.company import Company
from pandaas.server.sessions.door import SessionDoor
from pandaas.server.sessions.neighbours import Neighbours
from pandaas.server.shortcut import Shortcut
from pandaas.server.stream import EventHub

# Asked one after the other, so the ways of data, which should be quick, come first.
ROUTERS = (
    arrays,
    tiles,
    h5grove,
    zarr,
    session,
    providers,
    account,
    sharing,
    policy,
    portal,
    search,
    saved,
    proposals,
    datasets,
    logbook,
    uploads,
    recipes,
    software,
    jobs,
    chains,
    sessions,
    session_sharing,
    session_operation,
    invitations,
    hub,
    office,
    panosc,
    provenance,
    publications,
    support,
)
_THREADS = 128  # most of them may wait for their turn to read, see `arrays.turns`


def create_app(
    settings: Settings,
    *,
    services: Services | None = None,
    background: bool = True,
    board: HealthBoard | None = None,
    on_start: Callable[[Services, HealthBoard], None] | None = None,
    before_close: Callable[[], None] | None = None,
) -> FastAPI:
    """Build the application.

    `services` may be given by tests; `background=False` leaves out the reconciler and housekeeping; `on_start` is called
    once everything runs (the demo builds its facility there, in a thread of its own), `before_close` before anything stops.
    """
    health = board or HealthBoard()
    health.watch_disk(settings.home)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        to_thread.current_default_thread_limiter().total_tokens = _THREADS
        health.set("database", "starting")
        built = services if services is not None else await to_thread.run_sync(build_services, settings)
        hub = EventHub(built.database)
        hub.start()
        await to_thread.run_sync(built.arrays.start)
        workers = Background(built, health)
        if background:
            workers.start()
        reads = ReadCounter(built.database)
        reads.start()
        app.state.reads = reads
        app.state.services = built
        app.state.hub = hub
        health.set("database", "ok", built.database.url.get_backend_name())
        neighbours = asyncio.create_task(Neighbours(app.state.company, built.sessions.presence).run())
        if on_start is not None:
            on_start(built, health)
        try:
            yield
        finally:
            neighbours.cancel()
            await asyncio.wait({neighbours})
            if before_close is not None:
                await to_thread.run_sync(before_close)
            await to_thread.run_sync(workers.stop)
            await to_thread.run_sync(hub.close)
            await to_thread.run_sync(reads.close)
            if services is None:
                await to_thread.run_sync(close_services, built)

    app = FastAPI(
        title="PaN-DAaS",
        version=__version__,
        summary="Photon and neutron data analysis as a service.",
        lifespan=lifespan,
        openapi_url="/api/openapi.json",
        docs_url=None,
        redoc_url=None,
        responses=problems.PROBLEM_RESPONSES,
    )
    app.state.health = health
    app.state.company = Company()
    problems.install(app)
    for module in (*ROUTERS, screens, beside):
        app.include_router(module.router)
    page.install(app)
    app.add_middleware(Shortcut, search=True)
    app.add_middleware(Gate, settings=settings)
    app.add_middleware(SessionDoor, settings=settings)
    return app
