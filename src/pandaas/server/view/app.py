"""The application of `pandaas view`: the array routes, the h5grove API and the viewer's page on plain files, read-only."""

from __future__ import annotations

from fastapi import FastAPI

from pandaas import __version__
from pandaas.server import page, problems
from pandaas.server.routers import arrays, h5grove, tiles, view
from pandaas.server.shortcut import Shortcut
from pandaas.server.view.gate import KeyGate
from pandaas.server.view.keys import Keys
from pandaas.server.view.services import ViewServices
from pandaas.server.view.zarr import router as zarr


def create_view(services: ViewServices, keys: Keys, *, host: str = "127.0.0.1") -> FastAPI:
    """Build the application; `services` are closed by the caller. `host` is the address that it will listen on."""
    app = FastAPI(title="PaN-DAaS view", version=__version__, openapi_url=None, docs_url=None, redoc_url=None)
    app.state.services = services
    problems.install(app, database=False)
    for module in (arrays, tiles, h5grove, view):
        app.include_router(module.router)
    app.include_router(zarr)
    page.install(app, index="view.html")
    app.add_middleware(Shortcut)
    app.add_middleware(KeyGate, keys=keys, host=host)
    return app
