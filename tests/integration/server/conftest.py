"""The whole application on loopback with one small proposal: otto is an operator, alice leads P-1."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import h5py
import numpy as np
import pytest
import uvicorn

from pandaas.access import FACILITY
from pandaas.config import Settings, load_settings
from pandaas.db import upgrade
from pandaas.model import Role, TeamRole
from pandaas.server import build_services, close_services, create_app
from pandaas.server.run import listen


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    home = tmp_path_factory.mktemp("home")
    data = home / "data"
    data.mkdir()
    with h5py.File(data / "scan.h5", "w") as file:
        file["entry/data/data"] = np.arange(24.0).reshape(2, 3, 4)
    found = load_settings(
        home=home, storage=[{"name": "data", "path": str(data)}], facility={"id": "test", "name": "Test facility"}
    )
    upgrade(found)
    return found


@pytest.fixture(scope="module")
def address(settings: Settings) -> Iterator[str]:
    """The whole application on loopback, in a thread of its own."""
    services = build_services(settings)
    services.identity.create_person("otto", "Otto", Role.OPERATOR, "otto-test-1234")
    services.access.create_proposal(FACILITY, "P-1", "A proposal")
    alice = services.identity.create_person("alice", "Alice", Role.VISITOR, "alice-test-1234")
    services.access.set_member(FACILITY, "P-1", alice, TeamRole.PRINCIPAL_INVESTIGATOR)
    services.catalogue.ingest(FACILITY, [settings.home / "data"], proposal="P-1")
    listener = listen("127.0.0.1", 0)
    server = uvicorn.Server(uvicorn.Config(create_app(settings, services=services), log_config=None, lifespan="on"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.02)
    yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    server.should_exit = True
    thread.join(20)
    listener.close()
    close_services(services)
