"""Routes over HTTP, with the real rooms behind the gate and no server."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from pandaas.identity import Identity
from pandaas.server import problems
from pandaas.server.security import Gate
from pandaas.server.shortcut import Shortcut
from pandaas.testing.facility import Facility

Browser = Callable[..., TestClient]
Serve = Callable[..., Browser]


@pytest.fixture
def serve(facility: Facility) -> Serve:
    """Put routers of some modules to use, with further services by name; what comes back makes a client with a token."""

    def start(*modules: ModuleType, **further: Any) -> Browser:
        app = FastAPI()
        problems.install(app)
        for module in modules:
            app.include_router(module.router)
        app.add_middleware(Shortcut, search=True)
        app.add_middleware(Gate, settings=facility.settings)
        identity = Identity(facility.database, facility.settings)
        app.state.services = SimpleNamespace(
            settings=facility.settings,
            database=facility.database,
            identity=identity,
            access=facility.access,
            catalogue=facility.catalogue,
            **further,
        )

        def new(user: str | None = None, scopes: tuple[str, ...] = ("read", "write", "run")) -> TestClient:
            headers = {"X-PaNDAaS": "1"}
            if user is not None:
                _, token = identity.create_token(facility.people[user], "test", list(scopes), 1)
                headers["Authorization"] = f"Bearer {token}"
            return TestClient(app, base_url="http://127.0.0.1:8000", headers=headers)

        return new

    return start
